// A server that is captured twice: `captures leak|hang|steady BEFORE AFTER`
// writes two goroutine dumps of itself, and prints what happened between.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"sync"
	"time"
)

var jobs = make(chan int)

// worker waits for jobs that never come, as idle pools do.
func worker() {
	for range jobs { // idle: does not move between the captures, and is no fault
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
	time.Sleep(20 * time.Millisecond)
}

// created counts go statements that ran between the captures.
var created int

func churn(requests int) {
	var done sync.WaitGroup
	for i := 0; i < requests; i++ {
		done.Add(1)
		created++
		go request(&done)
	}
	done.Wait()
}

// slow is one of those that a busy server always has.
func slow() { time.Sleep(200 * time.Millisecond) }

func busy(n int) {
	for i := 0; i < n; i++ {
		created++
		go slow()
	}
	time.Sleep(20 * time.Millisecond)
}

func capture(path string) {
	f, err := os.Create(path)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	if err := pprof.Lookup("goroutine").WriteTo(f, 2); err != nil {
		panic(err)
	}
}

func main() {
	mode, before, after := os.Args[1], os.Args[2], os.Args[3]
	for i := 0; i < 4; i++ {
		go worker()
	}
	account := new(Account)
	requests := func(n int) {
		for i := 0; i < n; i++ {
			switch mode {
			case "leak":
				created++
				handle()
			case "hang":
				created++
				go account.Read()
			}
		}
	}
	if mode == "hang" {
		go account.Settle()
		time.Sleep(50 * time.Millisecond)
	}
	churn(30)
	requests(map[string]int{"leak": 20, "hang": 3}[mode])
	busy(5)
	runtime.GC()
	runtime.GC() // it dates the wait of every blocked goroutine back to the collection before
	capture(before)
	created = 0
	if mode == "hang" {
		time.Sleep(65 * time.Second) // so that the headers tell minutes
	}
	churn(100)
	requests(map[string]int{"leak": 60, "hang": 9}[mode])
	time.Sleep(300 * time.Millisecond)
	busy(5)
	capture(after)
	fmt.Println(created)
}
