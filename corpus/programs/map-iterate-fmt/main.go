// A debug line prints a whole map with %v while a worker adds to it.
package main

import (
	"fmt"
	"io"
)

type inventory map[int]string

func (inv inventory) restock() {
	for i := 0; ; i++ {
		inv[i%1000] = "box" // race: A write
	}
}

func (inv inventory) dump(w io.Writer) {
	fmt.Fprintf(w, "inventory: %v\n", map[int]string(inv)) // race: B iterate
}

func main() {
	inv := inventory{}
	go inv.restock()
	for {
		inv.dump(io.Discard)
	}
}
