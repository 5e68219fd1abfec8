// A generic cache: type arguments print as [...] in frames.
package main

import "time"

// Cache is a generic map with a hit counter.
type Cache[K comparable, V any] struct {
	entries map[K]V
	hits    int
}

// Get returns an entry.
func (c *Cache[K, V]) Get(k K) (V, bool) {
	v, ok := c.entries[k] // race: B read
	return v, ok
}

// Put stores an entry.
func (c *Cache[K, V]) Put(k K, v V) {
	c.entries[k] = v // race: A write
}

func fill[K comparable, V any](c *Cache[K, V], keys []K, v V) {
	for i := 0; ; i++ {
		c.Put(keys[i%len(keys)], v)
	}
}

func query[K comparable, V any](c *Cache[K, V], keys []K) (found int) {
	for i := 0; ; i++ {
		if _, ok := c.Get(keys[i%len(keys)]); ok {
			found++
		}
	}
}

func main() {
	c := &Cache[string, float64]{entries: make(map[string]float64)}
	keys := []string{"eur", "usd", "gbp", "jpy", "chf", "sek", "nok", "dkk", "pln", "czk", "huf"}
	go fill(c, keys, 1.25)
	go query(c, keys)
	time.Sleep(time.Hour)
}
