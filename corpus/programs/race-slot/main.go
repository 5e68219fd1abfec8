// The map itself is locked correctly; the race is on a struct behind its
// elements.
package main

import (
	"sync"
	"time"
)

type seat struct{ taken bool }

type hall struct {
	mu    sync.Mutex
	seats map[int]*seat
}

func (h *hall) seat(n int) *seat {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.seats[n] // innocent: the lock is held
}

func (h *hall) book(n int) {
	h.seat(n).taken = true // race: A write, many
}

func main() {
	h := &hall{seats: map[int]*seat{1: {}, 2: {}}}
	for i := 0; i < 2; i++ {
		go func() {
			time.Sleep(5 * time.Millisecond)
			h.book(1)
		}()
	}
	time.Sleep(50 * time.Millisecond)
}
