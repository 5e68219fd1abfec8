// Two goroutines take two mutexes in opposite order; the rest of the process
// is alive and others queue up behind them.
package main

import (
	"fmt"
	"os"
	"runtime/pprof"
	"sync"
	"time"
)

type account struct {
	mu  sync.Mutex
	sum int
}

func transfer(from, to *account, n int) {
	from.mu.Lock()
	defer from.mu.Unlock()
	time.Sleep(50 * time.Millisecond)
	to.mu.Lock() // cycle: the other transfer holds this one
	defer to.mu.Unlock()
	from.sum -= n
	to.sum += n
}

func balance(a *account) int {
	a.mu.Lock() // wait: behind the transfers
	defer a.mu.Unlock()
	return a.sum
}

func main() {
	a, b := new(account), new(account)
	go transfer(a, b, 10)
	go transfer(b, a, 20)
	time.Sleep(100 * time.Millisecond)
	for i := 0; i < 5; i++ {
		go balance(a)
	}
	time.Sleep(100 * time.Millisecond)
	if len(os.Args) > 1 {
		pprof.Lookup("goroutine").WriteTo(os.Stdout, 2)
		return
	}
	fmt.Println("ready")
	for range time.Tick(time.Second) {
	}
}
