// A small service that traces itself: a queue, a cache behind a lock, a cache that somebody forgot to lock, sleeps, files, sockets.
//
//	app MODE [FILE]
//
// mixed runs everything once; long sends two million events over a channel, for benches; fatal ends in concurrent map writes,
// panic in an uncaught panic, both in mid-trace; flight (Go 1.25 and later) takes a flight recorder's snapshot.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Cache is written by many, under its lock.
type Cache struct {
	mu     sync.Mutex
	values map[string]int
}

// Put counts a key.
func (c *Cache) Put(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.values[key]++
}

// queue passes items through an unbuffered channel.
func queue(items int) {
	jobs := make(chan int)
	var done sync.WaitGroup
	for w := 0; w < 3; w++ {
		done.Add(1)
		go consume(jobs, &done)
	}
	for i := 0; i < items; i++ {
		jobs <- i
	}
	close(jobs)
	done.Wait()
}

func consume(jobs chan int, done *sync.WaitGroup) {
	defer done.Done()
	for range jobs {
	}
}

// fill writes one cache from several goroutines.
func fill(goroutines, keys int) {
	cache := &Cache{values: map[string]int{}}
	var done sync.WaitGroup
	for g := 0; g < goroutines; g++ {
		done.Add(1)
		go func() {
			defer done.Done()
			for k := 0; k < keys; k++ {
				cache.Put(strconv.Itoa(k))
			}
		}()
	}
	done.Wait()
}

// churn keeps a processor busy in maps of its own, so that a CPU profile finds it there.
func churn(long time.Duration) int {
	found := 0
	for until := time.Now().Add(long); time.Now().Before(until); {
		m := map[int]int{}
		for i := 0; i < 3000; i++ {
			m[i*7] = i
		}
		for i := 0; i < 3000; i++ {
			found += m[i]
		}
		for k := range m {
			if k%2 == 0 {
				delete(m, k)
			}
		}
	}
	return found
}

// garbage makes the collector work, and goroutines help it.
func garbage(blocks int) {
	var kept [64][]*int
	for i := 0; i < blocks; i++ {
		block := make([]*int, 512)
		for j := range block {
			block[j] = new(int)
		}
		kept[i%len(kept)] = block
	}
}

// files reads one at once, and waits in a system call for another.
func files() {
	for i := 0; i < 5; i++ {
		os.ReadFile("/dev/null")
	}
	pause := syscall.Timespec{Nsec: 3e6}
	syscall.Nanosleep(&pause, nil)
}

// sockets sends a few words to itself.
func sockets() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer listener.Close()
	go func() {
		if conn, err := listener.Accept(); err == nil {
			io.Copy(conn, conn)
			conn.Close()
		}
	}()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		return err
	}
	defer conn.Close()
	word := make([]byte, 5)
	for i := 0; i < 5; i++ {
		conn.Write([]byte("hello"))
		io.ReadFull(conn, word)
		time.Sleep(time.Millisecond)
	}
	return nil
}

// order is one user request: a task with regions and log lines.
func order(id int) {
	ctx, task := trace.NewTask(context.Background(), "order")
	defer task.End()
	trace.Logf(ctx, "order", "number %d", id)
	trace.WithRegion(ctx, "check", func() { time.Sleep(200 * time.Microsecond) })
	inner, part := trace.NewTask(ctx, "ship")
	region := trace.StartRegion(inner, "pack")
	runtime.Gosched()
	region.End()
	part.End()
}

// conditions waits in every other way there is.
func conditions() {
	var mu sync.Mutex
	cond := sync.NewCond(&mu)
	ready := false
	go func() {
		time.Sleep(time.Millisecond)
		mu.Lock()
		ready = true
		mu.Unlock()
		cond.Broadcast()
	}()
	mu.Lock()
	for !ready {
		cond.Wait()
	}
	mu.Unlock()
	never := make(chan int)
	select {
	case <-never:
	case <-time.After(time.Millisecond):
	}
}

// leak leaves goroutines behind.
func leak() {
	stuck := make(chan int)
	for i := 0; i < 3; i++ {
		go func() { stuck <- i }()
	}
	go func() { select {} }()
}

func mixed() {
	leak()
	for i := 0; i < 3; i++ {
		order(i)
	}
	var done sync.WaitGroup
	parts := []func(){
		func() { queue(150) }, func() { fill(4, 100) }, func() { churn(60 * time.Millisecond) },
		func() { churn(60 * time.Millisecond) }, func() { garbage(400) }, files, conditions, coroutines,
		func() {
			if err := sockets(); err != nil {
				panic(err)
			}
		},
	}
	for _, part := range parts {
		part := part
		done.Add(1)
		go func() {
			defer done.Done()
			part()
		}()
	}
	done.Wait()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
}

// unlocked is written by goroutines that forgot the lock.
var unlocked = map[int]int{}

func fatal() {
	go queue(2000)
	time.Sleep(30 * time.Millisecond)
	for g := 0; g < 2; g++ {
		go func() {
			for i := 0; ; i++ {
				unlocked[i%100] = i
			}
		}()
	}
	time.Sleep(10 * time.Second)
}

func long() {
	cache := &Cache{values: map[string]int{}}
	jobs, results := make(chan int), make(chan int)
	for w := 0; w < 32; w++ {
		go func() {
			for job := range jobs {
				if job%100 == 0 {
					cache.Put("hundreds")
				}
				results <- job
			}
		}()
	}
	go func() {
		for i := 0; i < 330000; i++ {
			jobs <- i
		}
		close(jobs)
	}()
	for i := 0; i < 330000; i++ {
		<-results
	}
}

func main() {
	mode := os.Args[1]
	if mode == "flight" {
		flight(os.Args[2])
		return
	}
	out, err := os.Create(os.Args[2])
	if err != nil {
		panic(err)
	}
	if mode == "mixed" {
		// The profile's own rate is 100 per second; a short trace wants more, and keeps what was set first.
		runtime.SetCPUProfileRate(500)
		if err := pprof.StartCPUProfile(io.Discard); err != nil {
			panic(err)
		}
		defer pprof.StopCPUProfile()
	}
	if err := trace.Start(out); err != nil {
		panic(err)
	}
	defer trace.Stop()
	switch mode {
	case "mixed":
		mixed()
	case "long":
		long()
	case "fatal":
		fatal()
	case "panic":
		queue(200)
		time.Sleep(5 * time.Millisecond)
		panic(fmt.Errorf("no stock left"))
	}
}
