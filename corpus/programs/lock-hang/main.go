// A mutex is held by a goroutine that sleeps for an hour (a stuck remote
// call); forty requests wait for it. The process is alive.
package main

import (
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"sync"
	"time"
)

// Balance is guarded by mu.
type Balance struct {
	mu    sync.Mutex
	cents int64
}

// Read waits for the lock.
func (b *Balance) Read() int64 {
	b.mu.Lock() // wait: forty requests queue here
	defer b.mu.Unlock()
	return b.cents
}

// Settle calls the bank with the lock held.
func (b *Balance) Settle() {
	b.mu.Lock()
	defer b.mu.Unlock()
	callBank()
}

func callBank() {
	time.Sleep(time.Hour) // hold: the lock is kept while the bank does not answer
}

func main() {
	b := new(Balance)
	go b.Settle()
	time.Sleep(50 * time.Millisecond)
	for i := 0; i < 40; i++ {
		go b.Read()
	}
	time.Sleep(100 * time.Millisecond)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println("listening on", l.Addr())
	fmt.Println(http.Serve(l, nil))
}
