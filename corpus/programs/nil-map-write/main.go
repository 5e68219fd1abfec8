// A write to a map that was declared and never made.
package main

import "fmt"

type registry struct{ handlers map[string]func() }

func (r *registry) handle(name string, h func()) {
	r.handlers[name] = h // panic: the map is nil
}

func main() {
	var r registry
	r.handle("ping", func() { fmt.Println("pong") })
}
