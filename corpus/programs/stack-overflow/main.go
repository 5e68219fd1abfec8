// A String method that formats its own receiver and so never ends.
package main

import "fmt"

type node struct {
	name string
	next *node
}

func (n node) String() string {
	return fmt.Sprintf("node %v", n) // panic: %v calls String again
}

func main() {
	done := make(chan string)
	go func() { done <- node{name: "root"}.String() }()
	fmt.Println(<-done)
}
