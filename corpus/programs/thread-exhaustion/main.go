// More threads than allowed: every blocking system call takes one.
package main

import (
	"runtime/debug"
	"syscall"
	"time"
)

func block() {
	var fds [2]int
	if err := syscall.Pipe(fds[:]); err != nil {
		panic(err)
	}
	var b [1]byte
	syscall.Read(fds[0], b[:]) // wait: nobody writes
}

func main() {
	debug.SetMaxThreads(12)
	for i := 0; i < 30; i++ {
		go block()
	}
	time.Sleep(time.Minute)
}
