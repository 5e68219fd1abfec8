// An early return path unlocks twice: a Mutex, or with the argument
// "rwmutex" the read side of an RWMutex.
package main

import (
	"os"
	"sync"
)

type ledger struct {
	mu sync.Mutex
	rw sync.RWMutex
}

func (l *ledger) post() {
	l.mu.Lock()
	l.mu.Unlock()
	l.mu.Unlock() // panic: not locked any more
}

func (l *ledger) read() {
	l.rw.RLock()
	l.rw.RUnlock()
	l.rw.RUnlock() // panic: not locked any more
}

func main() {
	l := new(ledger)
	done := make(chan bool)
	go func() {
		if len(os.Args) > 1 {
			l.read()
		}
		l.post()
		done <- true
	}()
	<-done
}
