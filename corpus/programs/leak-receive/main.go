// Workers of closed sessions wait for messages that nobody will send: the
// session forgot to close its channel. With a number as its argument it leaks
// that many: 500000 are more than the 64 MiB of text that debug=2 prints.
package main

import (
	"os"
	"runtime/pprof"
	"strconv"
	"time"
)

type session struct {
	inbox chan string
	count int
}

func (s *session) pump() {
	for msg := range s.inbox { // leak: nobody closes the inbox
		s.count += len(msg)
	}
}

func open() *session {
	s := &session{inbox: make(chan string)}
	go s.pump()
	return s
}

func main() {
	sessions := 150
	if len(os.Args) > 1 {
		sessions, _ = strconv.Atoi(os.Args[1])
	}
	for i := 0; i < sessions; i++ {
		open().inbox <- "hello"
	}
	time.Sleep(50 * time.Millisecond)
	pprof.Lookup("goroutine").WriteTo(os.Stdout, 2)
}
