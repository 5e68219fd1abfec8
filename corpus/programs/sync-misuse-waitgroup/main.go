// A worker that reports itself done twice.
package main

import "sync"

func work(wg *sync.WaitGroup) {
	wg.Done()
	wg.Done() // panic: one Done too many
}

func main() {
	var wg sync.WaitGroup
	wg.Add(1)
	go work(&wg)
	wg.Wait()
	select {}
}
