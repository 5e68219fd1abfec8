// The lock hang after more than a minute: the headers carry the waiting time.
package main

import (
	"os"
	"runtime"
	"runtime/pprof"
	"sync"
	"time"
)

// Ledger is guarded by mu.
type Ledger struct {
	mu   sync.Mutex
	sums map[string]int
	acks chan bool
}

// Post waits for the lock.
func (l *Ledger) Post(account string, n int) {
	l.mu.Lock() // wait: the postings queue here
	defer l.mu.Unlock()
	l.sums[account] += n // innocent: the lock is held
}

// Audit waits for an acknowledgement with the lock held.
func (l *Ledger) Audit() {
	l.mu.Lock()
	<-l.acks // hold: nobody acknowledges
	l.mu.Unlock()
}

func main() {
	l := &Ledger{sums: map[string]int{}, acks: make(chan bool)}
	go l.Audit()
	time.Sleep(50 * time.Millisecond)
	for i := 0; i < 25; i++ {
		go l.Post("cash", i)
	}
	time.Sleep(50 * time.Millisecond)
	runtime.GC()
	runtime.GC() // it dates the wait of every blocked goroutine back to the collection before
	time.Sleep(65 * time.Second)
	pprof.Lookup("goroutine").WriteTo(os.Stdout, 2)
}
