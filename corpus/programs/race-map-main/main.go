// A race on a map against the main goroutine, which ranges over it, and a
// second one of a delete against an assignment.
package main

import (
	"fmt"
	"time"
)

type set map[int]bool

func (s set) add(n int) {
	s[n] = true // race: A write
}

func (s set) drop(n int) {
	delete(s, n) // race: C delete
}

func main() {
	s := set{1: true, 2: true}
	go s.add(3)
	time.Sleep(10 * time.Millisecond)
	sum := 0
	for n := range s { // race: B iterate
		sum += n
	}
	go s.drop(1)
	time.Sleep(10 * time.Millisecond)
	fmt.Println(sum)
}
