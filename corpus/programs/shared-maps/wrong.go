package main

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

// visits has no lock at all.
type visits struct {
	byPage map[string]int
}

func newVisits() *visits { return &visits{byPage: map[string]int{}} }

func (v *visits) serve(w http.ResponseWriter, r *http.Request) {
	v.byPage[r.URL.Path]++ // suspect: unguarded
}

// sessions is locked, except where old ones are thrown away.
var sessions = &sessionStore{open: map[string]time.Time{}}

type sessionStore struct {
	mu   sync.Mutex
	open map[string]time.Time
}

func (s *sessionStore) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[r.RemoteAddr] = time.Now() // suspect: one-side-unlocked
}

func expire() {
	for range time.Tick(time.Minute) {
		for name, since := range sessions.open { // suspect: one-side-unlocked
			fmt.Println(name, since)
		}
	}
}

// warehouse has two locks, and each side takes another one.
type warehouse struct {
	workers sync.Mutex
	reports sync.Mutex
	shelves map[int]int
}

func newWarehouse() *warehouse { return &warehouse{shelves: map[int]int{}} }

func (w *warehouse) work(n int) {
	w.workers.Lock()
	w.shelves[n]++ // suspect: different-locks
	w.workers.Unlock()
}

func (w *warehouse) report() {
	w.reports.Lock()
	defer w.reports.Unlock()
	for n := range w.shelves { // suspect: different-locks
		fmt.Println(n)
	}
}

// routes writes while it holds its lock for reading only.
var routes = &routeTable{hops: map[string]string{}}

type routeTable struct {
	sync.RWMutex
	hops map[string]string
}

func (t *routeTable) refresh() {
	t.RLock()
	defer t.RUnlock()
	t.hops["default"] = "gateway" // suspect: write-under-read-lock
}

func (t *routeTable) serve(w http.ResponseWriter, r *http.Request) {
	t.RLock()
	defer t.RUnlock()
	fmt.Fprintln(w, t.hops[r.FormValue("to")]) // suspect: write-under-read-lock
}

// flags locks a copy of its mutex: the receiver is no pointer.
var flags = flagSet{set: map[string]bool{}}

type flagSet struct {
	mu  sync.Mutex
	set map[string]bool
}

func (f flagSet) serve(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.set[r.FormValue("name")] = true // suspect: copied-lock
}

// players are guarded, but not what a request does with the one that it finds.
var players = &playerStore{known: map[string]*player{}}

type playerStore struct {
	mu    sync.Mutex
	known map[string]*player
}

type player struct {
	scores map[string]int
}

func (s *playerStore) find(name string) *player {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.known[name]
	if !ok {
		p = &player{scores: map[string]int{}}
		s.known[name] = p
	}
	return p
}

func (s *playerStore) serve(w http.ResponseWriter, r *http.Request) {
	p := s.find(r.FormValue("name"))
	p.scores[r.FormValue("game")]++ // suspect: unguarded
}
