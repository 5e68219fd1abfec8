// A reader keeps an RWMutex while it waits for a channel, one writer waits
// for the reader, and all later readers wait for the writer.
package main

import (
	"fmt"
	"os"
	"runtime/pprof"
	"sync"
	"time"
)

// Catalog is guarded by mu.
type Catalog struct {
	mu    sync.RWMutex
	items []string
}

// Export reads slowly: its sink is stuck.
func (c *Catalog) Export(sink chan<- string) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, item := range c.items {
		sink <- item // hold: nobody receives
	}
}

// Add waits for the exporter.
func (c *Catalog) Add(item string) {
	c.mu.Lock() // wait: the writer
	defer c.mu.Unlock()
	c.items = append(c.items, item)
}

// Len waits for the writer.
func (c *Catalog) Len() int {
	c.mu.RLock() // wait: later readers
	defer c.mu.RUnlock()
	return len(c.items)
}

func main() {
	c := &Catalog{items: []string{"lamp"}}
	go c.Export(make(chan string))
	time.Sleep(50 * time.Millisecond)
	go c.Add("desk")
	time.Sleep(50 * time.Millisecond)
	for i := 0; i < 15; i++ {
		go c.Len()
	}
	time.Sleep(100 * time.Millisecond)
	if len(os.Args) > 1 {
		pprof.Lookup("goroutine").WriteTo(os.Stdout, 2)
		return
	}
	fmt.Println("ready")
	time.Sleep(time.Hour)
}
