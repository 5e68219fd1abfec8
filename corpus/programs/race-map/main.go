// The race detector sees two goroutines on one map: one stores, one looks up.
package main

import (
	"sync"
	"time"
)

type dns struct{ cache map[string]string }

func (d *dns) store(name, addr string) {
	d.cache[name] = addr // race: A write
}

func (d *dns) lookup(name string) string {
	return d.cache[name] // race: B read
}

func main() {
	d := &dns{cache: map[string]string{"localhost": "127.0.0.1"}}
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		d.store("db", "10.0.0.7")
	}()
	go func() {
		defer wg.Done()
		time.Sleep(10 * time.Millisecond)
		d.lookup("localhost")
	}()
	wg.Wait()
}
