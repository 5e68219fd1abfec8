// A routing table that is cloned for readers while routes are added.
package main

import (
	"maps"
	"strconv"
	"time"
)

// Router maps a path to its handler number.
type Router struct {
	routes map[string]int
}

// Add registers a route.
func (r *Router) Add(path string, handler int) {
	r.routes[path] = handler // race: A write
}

// Routes returns a copy that the caller may keep.
func (r *Router) Routes() map[string]int {
	return maps.Clone(r.routes) // race: B clone
}

func announce(r *Router) {
	for i := 0; ; i++ {
		r.Add("/v1/items/"+strconv.Itoa(i%300), i)
	}
}

func snapshot(r *Router) {
	for {
		_ = r.Routes()
	}
}

func main() {
	r := &Router{routes: make(map[string]int)}
	go announce(r)
	go snapshot(r)
	time.Sleep(time.Hour)
}
