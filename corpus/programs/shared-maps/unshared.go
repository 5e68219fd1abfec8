package main

import (
	"sync"
	"sync/atomic"
)

// Built before main, then only read.
var codecs = map[string]int{}

func init() {
	codecs["plain"] = 1
}

// register runs before the first goroutine.
func register() {
	codecs["gzip"] = 2
}

func load() map[string]string {
	countries := make(map[string]string)
	countries["ch"] = "Switzerland"
	return countries
}

// sum collects under a lock, and reads when all are done.
func sum(names []string) int {
	var mu sync.Mutex
	var wg sync.WaitGroup
	lengths := make(map[string]int)
	for _, name := range names {
		wg.Add(1)
		go func(name string) {
			defer wg.Done()
			mu.Lock()
			lengths[name] = len(name)
			mu.Unlock()
		}(name)
	}
	wg.Wait()
	total := 0
	for _, n := range lengths {
		total += n
	}
	return total
}

// tally gives each goroutine a map of its own.
func tally(names []string) int {
	results := make(chan map[string]int)
	for _, name := range names {
		go func(name string) {
			own := make(map[string]int)
			own[name]++
			results <- own
		}(name)
	}
	total := 0
	for range names {
		total += len(<-results)
	}
	return total
}

// net is what one connection brings.
type net struct{ names []string }

// conn belongs to the goroutine that serves it.
type conn struct {
	headers map[string]string
}

func accept(from chan net) {
	for n := range from {
		c := &conn{headers: make(map[string]string)}
		go c.serve(n)
	}
}

func (c *conn) serve(n net) {
	for _, name := range n.names {
		c.headers[name] = name
	}
}

// A sync.Map needs no lock, and a map that is exchanged as a whole neither.
var (
	seen    sync.Map
	current atomic.Pointer[map[string]int]
)

func exchange(name string) {
	next := make(map[string]int)
	if old := current.Load(); old != nil {
		for key, value := range *old {
			next[key] = value
		}
	}
	next[name]++
	current.Store(&next)
	seen.Store(name, true)
}

// A table that is made once, whoever comes first.
type table struct {
	once  sync.Once
	names map[string]int
}

func (t *table) lookup(name string) int {
	t.once.Do(func() {
		t.names = make(map[string]int)
		t.names["a"] = 1
	})
	return t.names[name]
}

func (t *table) start() {
	go t.lookup("a")
	go t.lookup("b")
}
