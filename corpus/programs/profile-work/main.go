// Writes every profile of runtime/pprof, in every form, of a process whose work is known.
//
//	GODEBUG=memprofilerate=16384 profile-work DIR
//
// A rate that main sets comes late: each processor has drawn the first allocation to sample by then.
//
// Marked lines: what a reader of the profiles has to find.
package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"sync"
	"time"
)

// Part is a key that no specialised map function takes: its hash and its comparison are functions of their own, at whose start
// a goroutine can be stopped inside a map operation.
type Part struct {
	Bin  int32
	Name string
	Tags [2]string
}

type Store struct {
	mu    sync.Mutex
	stock map[Part]int
}

//go:noinline
func (s *Store) Put(part Part, n int) {
	s.stock[part] = n // hot write
}

//go:noinline
func (s *Store) Drop(part Part) {
	delete(s.stock, part) // hot delete
}

//go:noinline
func (s *Store) Locked(n int) {
	s.mu.Lock() // contended
	work(n)
	s.mu.Unlock()
}

var sink int

//go:noinline
func work(n int) {
	for i := 0; i < n*1000; i++ {
		sink += i
	}
}

func refill(s *Store, stop chan struct{}) {
	for round := 0; ; round++ {
		for i := 0; i < 512; i++ {
			s.Put(Part{Bin: int32(i), Name: "part", Tags: [2]string{"red", "large"}}, round)
		}
		for i := 0; i < 512; i++ {
			s.Drop(Part{Bin: int32(i), Name: "part", Tags: [2]string{"red", "large"}})
		}
		select {
		case <-stop:
			return
		default:
		}
	}
}

// Index holds maps that stay alive.
type Index struct {
	byName map[string]*Part
	byBin  []map[int]string
}

//go:noinline
func fill(n int) *Index {
	index := &Index{byName: map[string]*Part{}}
	for i := 0; i < n; i++ {
		index.byName[fmt.Sprintf("part-%06d", i)] = nil // grows, live
	}
	for i := 0; i < n/64; i++ {
		small := make(map[int]string, 200) // made, live
		small[i] = "x"
		index.byBin = append(index.byBin, small)
	}
	return index
}

//go:noinline
func scratch(n int) int {
	total := 0
	for i := 0; i < n; i++ {
		seen := make(map[int]bool, 500) // made, garbage
		seen[i] = true
		total += len(seen)
	}
	return total
}

func waiter(lock *sync.Mutex) {
	lock.Lock() // waits for a mutex
	defer lock.Unlock()
}

func receiver(c chan int) {
	<-c // waits for a channel
}

func sender(c chan int) {
	c <- 1 // leaks
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func capture(dir, name string) {
	profile := pprof.Lookup(name)
	if profile == nil {
		return
	}
	for debug := 0; debug < 2; debug++ {
		var out bytes.Buffer
		must(profile.WriteTo(&out, debug))
		save(dir, name, debug, out.Bytes())
	}
}

func save(dir, name string, debug int, content []byte) {
	end := map[int]string{0: ".pb.gz", 1: ".debug1.txt", 2: ".debug2.txt"}[debug]
	must(os.WriteFile(filepath.Join(dir, name+end), content, 0o644))
}

// stoppedInMap is true where a capture names a function of the map in front of the marked lines.
func stoppedInMap(content []byte, debug int) bool {
	if debug == 0 {
		unpacked, err := gzip.NewReader(bytes.NewReader(content))
		must(err)
		content, err = io.ReadAll(unpacked)
		must(err)
	}
	return bytes.Contains(content, []byte("runtime.mapassign")) || bytes.Contains(content, []byte("runtime.mapdelete"))
}

// goroutines captures goroutines while one of them is inside a map operation: both forms have to show it.
func goroutines(dir string) {
	profile := pprof.Lookup("goroutine")
	for debug := 0; debug < 2; debug++ {
		for tries := 0; ; tries++ {
			if tries == 20000 {
				panic("no goroutine was ever stopped inside a map operation")
			}
			var out bytes.Buffer
			must(profile.WriteTo(&out, debug))
			if stoppedInMap(out.Bytes(), debug) {
				save(dir, "goroutine", debug, out.Bytes())
				break
			}
		}
	}
	var out bytes.Buffer
	must(profile.WriteTo(&out, 2))
	save(dir, "goroutine", 2, out.Bytes())
}

func main() {
	dir := os.Args[1]
	runtime.SetMutexProfileFraction(1)
	runtime.SetBlockProfileRate(1)

	kept := fill(6000)
	sink += scratch(200)

	store := &Store{stock: map[Part]int{}}
	var group sync.WaitGroup
	for i := 0; i < 4; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for j := 0; j < 200; j++ {
				store.Locked(50)
			}
		}()
	}
	group.Wait()

	var cpu bytes.Buffer
	must(pprof.StartCPUProfile(&cpu))
	stop := make(chan struct{})
	go time.AfterFunc(700*time.Millisecond, func() { close(stop) })
	pprof.Do(context.Background(), pprof.Labels("job", "refill \"all\"", "shard", "7"), func(context.Context) {
		refill(store, stop)
	})
	pprof.StopCPUProfile()
	save(dir, "cpu", 0, cpu.Bytes())

	var lock sync.Mutex
	lock.Lock()
	channel := make(chan int)
	for i := 0; i < 5; i++ {
		go waiter(&lock)
	}
	pprof.Do(context.Background(), pprof.Labels("job", "drain"), func(context.Context) {
		for i := 0; i < 3; i++ {
			go receiver(channel)
		}
	})
	for i := 0; i < 2; i++ {
		go sender(make(chan int))
	}
	time.Sleep(50 * time.Millisecond)
	halt := make(chan struct{})
	go refill(store, halt)
	goroutines(dir)
	close(halt)
	time.Sleep(50 * time.Millisecond)

	capture(dir, "goroutineleak")
	lock.Unlock()
	close(channel)
	time.Sleep(50 * time.Millisecond)
	runtime.GC()
	runtime.GC()
	for _, name := range []string{"heap", "allocs", "mutex", "block", "threadcreate"} {
		capture(dir, name)
	}
	runtime.KeepAlive(kept)
}
