// A cache without a bound, in a process whose address space is limited.
package main

import "strconv"

type store struct{ pages map[string][]byte }

func (s *store) keep(n int) {
	s.pages[strconv.Itoa(n)] = make([]byte, 64<<20) // panic: the memory runs out
}

func main() {
	s := &store{pages: make(map[string][]byte)}
	for n := 0; ; n++ {
		s.keep(n)
	}
}
