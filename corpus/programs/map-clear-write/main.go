// A rate limiter that clears its window with clear(m) while requests count.
package main

import "time"

// Limiter counts requests of a window by client.
type Limiter struct {
	seen map[string]int
}

// Allow counts one request.
func (l *Limiter) Allow(client string) bool {
	l.seen[client]++ // race: A write
	return true
}

// Roll starts a new window.
func (l *Limiter) Roll() {
	clear(l.seen) // race: B clear
}

func serve(l *Limiter, clients []string) {
	for i := 0; ; i++ {
		l.Allow(clients[i%len(clients)])
	}
}

func roll(l *Limiter) {
	for {
		l.Roll()
	}
}

func main() {
	l := &Limiter{seen: make(map[string]int)}
	go serve(l, []string{"alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy"})
	go roll(l)
	time.Sleep(time.Hour)
}
