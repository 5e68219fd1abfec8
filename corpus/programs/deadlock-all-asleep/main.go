// Every goroutine waits: main for the workers, the workers for jobs that
// nobody sends. With the argument "goexit" main leaves with Goexit instead.
package main

import (
	"os"
	"runtime"
	"sync"
)

func work(jobs <-chan int, wg *sync.WaitGroup) {
	defer wg.Done()
	for range jobs { // wait: nobody sends or closes
	}
}

func main() {
	if len(os.Args) > 1 {
		runtime.Goexit()
	}
	jobs := make(chan int)
	var wg sync.WaitGroup
	for i := 0; i < 3; i++ {
		wg.Add(1)
		go work(jobs, &wg)
	}
	wg.Wait() // wait: for the workers
}
