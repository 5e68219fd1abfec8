package main

import (
	"net/http"
	"strconv"
	"sync"
)

// stock is guarded by an embedded lock, partly through helpers.
type stock struct {
	sync.RWMutex
	items map[string]int
}

func newStock() *stock {
	s := &stock{items: make(map[string]int)}
	s.fill()
	return s
}

// fill runs before anybody else can know s.
func (s *stock) fill() {
	for i := 0; i < 4; i++ {
		s.items[strconv.Itoa(i)] = i
	}
}

func (s *stock) serve(w http.ResponseWriter, r *http.Request) {
	s.add(r.FormValue("name"), 1)
	w.Write([]byte(strconv.Itoa(s.get(r.FormValue("name")))))
}

func (s *stock) get(name string) int {
	s.RLock()
	defer s.RUnlock()
	if n, ok := s.items[name]; ok {
		return n
	}
	return 0
}

func (s *stock) add(name string, n int) {
	s.Lock()
	if n == 0 {
		s.Unlock()
		return
	}
	s.change(name, n)
	s.Unlock()
}

func (s *stock) change(name string, n int) {
	s.items[name] += n
	if s.items[name] == 0 {
		delete(s.items, name)
	}
}

// prices takes its lock, which has another name, in methods of its own.
type prices struct {
	gate  *sync.Mutex
	table map[string]float64
}

func newPrices() *prices {
	return &prices{gate: new(sync.Mutex), table: map[string]float64{}}
}

func (p *prices) enter() { p.gate.Lock() }
func (p *prices) leave() { p.gate.Unlock() }

func (p *prices) serve(w http.ResponseWriter, r *http.Request) {
	p.enter()
	defer p.leave()
	p.table[r.FormValue("name")]++
	p.with(func() {
		delete(p.table, r.FormValue("old"))
	})
}

func (p *prices) with(do func()) { do() }

// A generic cache, locked.
type cache[K comparable, V any] struct {
	mu      sync.Mutex
	entries map[K]V
}

func (c *cache[K, V]) put(key K, value V) {
	if !c.mu.TryLock() {
		return
	}
	defer c.mu.Unlock()
	if c.entries == nil {
		c.entries = make(map[K]V)
	}
	c.entries[key] = value
}

func (c *cache[K, V]) serve(key K, value V) {
	go c.put(key, value)
	go c.put(key, value)
}
