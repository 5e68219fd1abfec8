// A hang around a map that is locked correctly: one goroutine keeps the lock
// while it waits for a reply that never comes.
package main

import (
	"fmt"
	"os"
	"runtime/pprof"
	"sync"
	"time"
)

// Quotes is a correctly locked map.
type Quotes struct {
	mu    sync.Mutex
	bySym map[string]float64
	feed  chan float64
}

// Get returns a quote.
func (q *Quotes) Get(sym string) float64 {
	q.mu.Lock() // wait: the readers queue here
	defer q.mu.Unlock()
	return q.bySym[sym] // innocent: the lock is held
}

// Refresh waits for the feed with the lock held.
func (q *Quotes) Refresh(sym string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.bySym[sym] = <-q.feed // hold: waits for the feed with the lock held
}

func main() {
	q := &Quotes{bySym: map[string]float64{}, feed: make(chan float64)}
	go q.Refresh("ABC")
	time.Sleep(50 * time.Millisecond)
	for i := 0; i < 12; i++ {
		go q.Get("ABC")
	}
	time.Sleep(100 * time.Millisecond)
	if len(os.Args) > 1 {
		pprof.Lookup("goroutine").WriteTo(os.Stdout, 2)
		return
	}
	fmt.Println("ready")
	time.Sleep(time.Hour)
}
