// Package worker runs jobs in goroutines of their own.
package worker

import (
	"strconv"
	"sync"

	"example.com/app/store"
)

// Pool runs the jobs of one dispatcher.
type Pool struct {
	ID    int
	Store *store.Index
}

// Work starts one goroutine for each job and waits for all.
func (p Pool) Work() {
	var wg sync.WaitGroup
	for job := 0; job < 2; job++ {
		wg.Add(1)
		go func(job int) {
			defer wg.Done()
			for i := 0; ; i++ {
				p.Store.Put("doc-"+strconv.Itoa(i%256), p.ID*10+job)
			}
		}(job)
	}
	wg.Wait()
}
