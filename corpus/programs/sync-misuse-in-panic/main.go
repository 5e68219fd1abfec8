// A deferred Unlock of a mutex that is not locked, run while a panic unwinds:
// from Go 1.26 on the panic chain stands before the fatal line.
package main

import "sync"

var mu sync.Mutex

func transfer(amount int) {
	defer mu.Unlock() // panic: never locked
	if amount < 0 {
		panic("negative amount") // panic: while this one unwinds
	}
}

func main() {
	transfer(-1)
}
