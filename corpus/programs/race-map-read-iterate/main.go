// Several race reports in one run: lookups, a range and len against one
// writer, each reported by itself.
package main

import (
	"sync"
	"time"
)

type roster map[int64]string

func (r roster) hire(id int64, name string) {
	r[id] = name // race: A write
}

func (r roster) name(id int64) (string, bool) {
	n, ok := r[id] // race: B read
	return n, ok
}

func (r roster) size() int {
	return len(r) // race: C read
}

func (r roster) all() (names []string) {
	for _, n := range r { // race: D iterate
		names = append(names, n)
	}
	return names
}

func main() {
	r := roster{1: "ann"}
	var wg sync.WaitGroup
	for _, read := range []func(){
		func() { r.name(1) },
		func() { r.size() },
		func() { r.all() },
	} {
		wg.Add(1)
		go func(read func()) {
			defer wg.Done()
			time.Sleep(20 * time.Millisecond)
			read()
		}(read)
	}
	go r.hire(2, "ben")
	wg.Wait()
}
