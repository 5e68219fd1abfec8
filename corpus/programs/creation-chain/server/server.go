// Package server starts dispatchers.
package server

import (
	"time"

	"example.com/app/store"
	"example.com/app/worker"
)

// Server owns the store that all jobs share.
type Server struct {
	store       *store.Index
	dispatchers int
}

// New returns a server with n dispatchers.
func New(n int) *Server {
	return &Server{store: store.New(), dispatchers: n}
}

// Run starts the dispatchers and never returns.
func (s *Server) Run() {
	for i := 0; i < s.dispatchers; i++ {
		go s.dispatch(i)
	}
	time.Sleep(time.Hour)
}

func (s *Server) dispatch(n int) {
	p := worker.Pool{ID: n, Store: s.store}
	go p.Work()
	select {}
}
