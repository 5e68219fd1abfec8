// A struct that holds a map is overwritten with stray bytes: the next write
// faults inside the runtime's map code, without any fatal message.
package main

import "unsafe"

type cache struct {
	id    uint64
	bytes map[string]int
}

func (c *cache) put(key string, n int) {
	c.bytes[key] = n // panic: the map header is not a map header
}

// receive copies a packet over the cache, one word too far.
//
//go:noinline
func receive(c *cache, packet [2]uintptr) {
	*(*[2]uintptr)(unsafe.Pointer(c)) = packet
}

func main() {
	c := &cache{bytes: make(map[string]int)}
	c.put("before", 1)
	receive(c, [2]uintptr{7, 64})
	c.put("after", 2)
}
