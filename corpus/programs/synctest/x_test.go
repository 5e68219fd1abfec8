// A test in a synctest bubble whose goroutines all block: the bubble is
// reported as a deadlock.
package app

import (
	"testing"
	"testing/synctest"
)

func TestFanIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		results := make(chan int)
		for i := 0; i < 2; i++ {
			go func() { <-results }() // wait: nobody sends
		}
		<-results // wait: nobody sends
	})
}
