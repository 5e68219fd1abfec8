// Writes the profiles of a process twice: before and after something grew.
//
//	GODEBUG=memprofilerate=4096 profile-pair DIR
//
// Between the two, sessions get more entries that nothing drops, requests leave goroutines behind, and one lock is held long while
// others wait; what served is dropped again. Marked lines: what a reader of both has to find. DIR gets KIND-before.pb.gz,
// KIND-after.pb.gz, goroutine-before.txt (debug=1) and goroutine-after.txt (debug=2).
package main

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"sync"
	"time"
)

const (
	grown  = 40 // goroutines left behind between the two
	steady = 12 // that wait all the time
)

type Cache struct {
	mu       sync.Mutex
	sessions map[string][]byte
}

//go:noinline
func (c *Cache) remember(n int) {
	c.sessions[strconv.Itoa(n)] = make([]byte, 1024) // kept: live bytes grow here
}

//go:noinline
func serve(n int) int {
	scratch := make([]byte, 64<<10) // dropped: allocated, not kept
	return copy(scratch, strconv.Itoa(n))
}

//go:noinline
func wait(c chan int) int {
	return <-c // leaks: one more for each request
}

//go:noinline
func idle(c chan int) int {
	return <-c // steady: as many as before
}

//go:noinline
func (c *Cache) slow(pause time.Duration) {
	c.mu.Lock()
	time.Sleep(pause)
	c.mu.Unlock() // contended
}

//go:noinline
func burn(until time.Time) (n int) {
	for time.Now().Before(until) {
		n++
	}
	return n
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func write(dir, name string, fill func(f *os.File) error) {
	f, err := os.Create(filepath.Join(dir, name))
	check(err)
	check(fill(f))
	check(f.Close())
}

func capture(dir, when string) {
	runtime.GC()
	runtime.GC()
	for _, kind := range []string{"goroutine", "heap", "allocs", "mutex", "block", "threadcreate"} {
		write(dir, kind+"-"+when+".pb.gz", func(f *os.File) error { return pprof.Lookup(kind).WriteTo(f, 0) })
	}
}

func busy(dir, when string, work func()) {
	write(dir, "cpu-"+when+".pb.gz", func(f *os.File) error {
		check(pprof.StartCPUProfile(f))
		defer pprof.StopCPUProfile()
		work()
		return nil
	})
}

func main() {
	dir := os.Args[1]
	runtime.SetMutexProfileFraction(1)
	runtime.SetBlockProfileRate(1)
	cache := &Cache{sessions: make(map[string][]byte)}
	never := make(chan int)
	for i := 0; i < steady; i++ {
		go idle(never)
	}
	requests := func(from, to int, pause time.Duration) {
		var group sync.WaitGroup
		for n := from; n < to; n++ {
			cache.remember(n)
			serve(n)
		}
		for i := 0; i < 4; i++ {
			group.Add(1)
			go func() {
				defer group.Done()
				cache.slow(pause)
			}()
		}
		group.Wait()
	}
	busy(dir, "before", func() { requests(0, 500, time.Millisecond); burn(time.Now().Add(150 * time.Millisecond)) })
	for i := 0; i < 4; i++ {
		go wait(never)
	}
	time.Sleep(20 * time.Millisecond)
	capture(dir, "before")
	write(dir, "goroutine-before.txt", func(f *os.File) error { return pprof.Lookup("goroutine").WriteTo(f, 1) })
	busy(dir, "after", func() { requests(500, 6000, 10*time.Millisecond); burn(time.Now().Add(400 * time.Millisecond)) })
	for i := 0; i < grown; i++ {
		go wait(never)
	}
	time.Sleep(20 * time.Millisecond)
	capture(dir, "after")
	var text bytes.Buffer
	check(pprof.Lookup("goroutine").WriteTo(&text, 2))
	check(os.WriteFile(filepath.Join(dir, "goroutine-after.txt"), text.Bytes(), 0o644))
	runtime.KeepAlive(cache)
}
