// A producer sends on a channel that the consumer has closed, or a second
// owner closes it again (argument "close").
package main

import (
	"os"
	"time"
)

func produce(events chan<- int) {
	for i := 0; ; i++ {
		events <- i // panic: the consumer has closed the channel
	}
}

func shutdown(events chan int) {
	close(events)
}

func main() {
	events := make(chan int, 4)
	if len(os.Args) > 1 {
		shutdown(events)
		close(events) // panic: closed by shutdown before
	}
	go produce(events)
	<-events
	shutdown(events)
	time.Sleep(time.Minute)
}
