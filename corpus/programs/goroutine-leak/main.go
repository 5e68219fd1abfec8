// A handler that answers the fastest of its back ends and forgets the rest:
// every request leaks two goroutines, each blocked in a channel send.
package main

import (
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
)

func ask(backend int) string { return fmt.Sprint("answer of ", backend) }

// first returns the first of three answers; two senders are left behind.
func first() string {
	answers := make(chan string)
	for backend := 0; backend < 3; backend++ {
		go func(backend int) {
			answers <- ask(backend) // leak: two of three block for ever
		}(backend)
	}
	return <-answers
}

func main() {
	for request := 0; request < 100; request++ {
		first()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println("listening on", l.Addr())
	fmt.Println(http.Serve(l, nil))
}
