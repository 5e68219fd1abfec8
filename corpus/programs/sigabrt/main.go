// A watchdog aborts a process that no longer answers.
package main

import (
	"fmt"
	"time"
)

type broker struct{ queue chan string }

func (b *broker) deliver() {
	for msg := range b.queue {
		fmt.Println(msg)
	}
}

func main() {
	b := &broker{queue: make(chan string)}
	for i := 0; i < 3; i++ {
		go b.deliver()
	}
	fmt.Println("ready")
	time.Sleep(time.Hour)
}
