// A collector waits for a WaitGroup whose Done is skipped on an error path;
// everything behind the collector waits too. The process is alive.
package main

import (
	"fmt"
	"sync"
	"time"
)

func fetch(n int, wg *sync.WaitGroup) {
	if n == 3 {
		return // forgets Done
	}
	wg.Done()
}

func collect(done chan<- bool) {
	var wg sync.WaitGroup
	for n := 0; n < 5; n++ {
		wg.Add(1)
		go fetch(n, &wg)
	}
	wg.Wait() // hold: one Done is missing
	done <- true
}

func main() {
	done := make(chan bool)
	go collect(done)
	for i := 0; i < 10; i++ {
		go func() {
			<-done // wait: for the collector
		}()
	}
	fmt.Println("ready")
	for range time.Tick(time.Hour) {
	}
}
