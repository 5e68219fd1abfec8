// A test that waits for a reply that never comes.
package app

import "testing"

func serve(requests <-chan int, replies chan<- int) {
	for r := range requests { // wait: for requests
		if r > 0 {
			replies <- r
		}
	}
}

func TestReply(t *testing.T) {
	requests, replies := make(chan int), make(chan int)
	go serve(requests, replies)
	t.Run("zero", func(t *testing.T) {
		requests <- 0
		<-replies // wait: a request of zero gets no reply
	})
}
