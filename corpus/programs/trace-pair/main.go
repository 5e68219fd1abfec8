// A server that is traced twice: `trace-pair leak|hang|starve|steady BEFORE AFTER` writes two execution traces of itself, and prints how
// many goroutines it created in each.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/trace"
	"sync"
	"time"
)

var jobs = make(chan int)

// worker waits for jobs that never come, as idle pools do.
func worker() {
	for range jobs { // idle: stands through both traces, and is no fault
	}
}

// fetch is never answered: its caller has left.
func fetch(answers chan int) {
	answers <- 1 // leak: nobody receives
}

func handle() {
	answers := make(chan int)
	go fetch(answers) // leaks: one for each request
}

// Account is guarded by mu.
type Account struct {
	mu    sync.Mutex
	cents int
}

// Settle keeps the lock while the bank does not answer.
func (a *Account) Settle() {
	a.mu.Lock()
	defer a.mu.Unlock()
	time.Sleep(time.Hour) // hold: the lock is kept
}

// Read queues behind Settle.
func (a *Account) Read() {
	a.mu.Lock() // wait: for the lock
	a.mu.Unlock()
}

// request takes a moment and ends.
func request(done *sync.WaitGroup) {
	defer done.Done()
	time.Sleep(time.Millisecond) // pause: of a request
}

// spin keeps a processor for itself.
func spin(until time.Time, done *sync.WaitGroup) {
	defer done.Done()
	for time.Now().Before(until) {
	}
}

// created counts go statements of this file.
var created int

func churn(requests int) {
	var done sync.WaitGroup
	for i := 0; i < requests; i++ {
		done.Add(1)
		created++
		go request(&done) // churns: they come and go
	}
	done.Wait()
}

func starve(spinners int) {
	var done sync.WaitGroup
	until := time.Now().Add(60 * time.Millisecond)
	for i := 0; i < spinners; i++ {
		done.Add(1)
		created++
		go spin(until, &done) // starves: more than there are processors
	}
	done.Wait()
}

// traced writes a trace of what work does, and gives how many goroutines that created.
func traced(path string, work func()) int {
	f, err := os.Create(path)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	if err := trace.Start(f); err != nil {
		panic(err)
	}
	created = 0
	work()
	time.Sleep(20 * time.Millisecond)
	count := created
	trace.Stop()
	return count
}

func main() {
	mode, before, after := os.Args[1], os.Args[2], os.Args[3]
	for i := 0; i < 4; i++ {
		go worker()
	}
	account := new(Account)
	if mode == "hang" {
		go account.Settle()
		time.Sleep(20 * time.Millisecond)
	}
	grow := func(n int) {
		for i := 0; i < n; i++ {
			switch mode {
			case "leak":
				created++
				handle()
			case "hang":
				created++
				go account.Read() // reads: behind the lock
			}
		}
	}
	grow(2)
	then := traced(before, func() {
		grow(3)
		churn(30)
	})
	grow(10)
	churn(10)
	now := traced(after, func() {
		grow(15)
		churn(60)
		if mode == "starve" {
			runtime.GC()
			starve(8)
		}
	})
	fmt.Println(then, now)
}
