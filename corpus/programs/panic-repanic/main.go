// A panic that is recovered, wrapped and raised again, with another panic in
// a deferred call on the way; with the argument "same" the value itself is
// raised again.
package main

import (
	"fmt"
	"os"
)

func load() {
	panic("disk full") // panic: the first
}

func save(same bool) {
	defer func() {
		r := recover()
		if same {
			panic(r) // panic: the same value again
		}
		panic(fmt.Sprint("save: ", r)) // panic: the second
	}()
	load()
}

func request(same bool) {
	defer func() {
		if !same {
			panic("cleanup failed") // panic: the third, while the second unwinds
		}
	}()
	save(same)
}

func main() {
	request(len(os.Args) > 1)
}
