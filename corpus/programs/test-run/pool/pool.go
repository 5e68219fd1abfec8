// Package pool starts workers that nothing stops.
package pool

// Start runs n workers.
func Start(n int) chan int {
	work := make(chan int)
	for i := 0; i < n; i++ {
		go worker(work) // leaks
	}
	return work
}

func worker(work chan int) {
	for {
		<-work // leak
	}
}
