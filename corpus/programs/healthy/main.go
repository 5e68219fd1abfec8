// A server that is simply idle: a listener, a ticker, three workers that wait
// for jobs.
package main

import (
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"sync"
	"time"
)

type pool struct {
	jobs chan func()
	wg   sync.WaitGroup
}

func (p *pool) worker() {
	defer p.wg.Done()
	for job := range p.jobs {
		job()
	}
}

func housekeeping(stop <-chan struct{}) {
	t := time.NewTicker(time.Minute)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-stop:
			return
		}
	}
}

func main() {
	p := &pool{jobs: make(chan func())}
	for i := 0; i < 3; i++ {
		p.wg.Add(1)
		go p.worker()
	}
	go housekeeping(make(chan struct{}))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println("listening on", l.Addr())
	fmt.Println(http.Serve(l, nil))
}
