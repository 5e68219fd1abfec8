// A service with very many goroutines: requests that wait in several places, at several depths, as net/http/pprof prints them with
// debug=2. Not part of the dumps: made on demand for benches.
//
//	go run . 190000 > goroutines.txt      # cut by pprof at 64 MiB, with about 170,000 in it
//	go run . 190000 2 > goroutines.txt    # the same, two frames deeper
package main

import (
	"os"
	"runtime/pprof"
	"strconv"
	"sync"
	"time"
)

type tenant struct {
	mu    sync.Mutex
	jobs  chan int
	done  chan struct{}
	ready sync.WaitGroup
}

func (t *tenant) lock(n int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return n
}

func (t *tenant) receive(n int) int { return <-t.jobs + n }

func (t *tenant) either(n int) int {
	select {
	case v := <-t.jobs:
		return v
	case <-t.done:
		return n
	}
}

//go:noinline
func serve(t *tenant, kind, n int) int {
	t.ready.Done()
	switch kind {
	case 0:
		return t.lock(n)
	case 1:
		return t.receive(n)
	default:
		return t.either(n)
	}
}

//go:noinline
func handle(t *tenant, kind, depth, n int) int {
	if depth == 0 {
		return serve(t, kind, n)
	}
	return handle(t, kind, depth-1, n) + 1
}

func accept(t *tenant, count, depth int) {
	for n := range count {
		go handle(t, n%3, depth, n)
	}
}

func main() {
	count, depth := 1000, 0
	if len(os.Args) > 1 {
		count, _ = strconv.Atoi(os.Args[1])
	}
	if len(os.Args) > 2 {
		depth, _ = strconv.Atoi(os.Args[2])
	}
	t := &tenant{jobs: make(chan int), done: make(chan struct{})}
	t.ready.Add(count)
	t.mu.Lock()
	accept(t, count, depth)
	t.ready.Wait()
	time.Sleep(time.Second)
	if err := pprof.Lookup("goroutine").WriteTo(os.Stdout, 2); err != nil {
		panic(err)
	}
}
