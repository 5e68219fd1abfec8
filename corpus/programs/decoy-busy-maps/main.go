// A nil dereference while many goroutines are busy in maps that are their
// own, correctly locked, or a sync.Map. No map is to blame.
package main

import (
	"strconv"
	"sync"
	"time"
)

type profile struct{ name string }

type user struct{ profile *profile }

func greet(u *user) string {
	return "hello " + u.profile.name // panic: u.profile is nil
}

func privateMap(n int) {
	m := make(map[int]int)
	for i := 0; ; i++ {
		m[i%(100+n)]++ // innocent: a map of its own
	}
}

type locked struct {
	mu sync.Mutex
	m  map[string]int
}

func (l *locked) add(k string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.m[k]++ // innocent: the lock is held
}

func lockedMap(l *locked) {
	for i := 0; ; i++ {
		l.add(strconv.Itoa(i % 50))
	}
}

func syncMap(m *sync.Map) {
	for i := 0; ; i++ {
		m.Store(i%50, i)                                     // innocent: a sync.Map
		m.Range(func(k, v interface{}) bool { return true }) // innocent: a sync.Map
	}
}

func main() {
	l := &locked{m: make(map[string]int)}
	m := new(sync.Map)
	for i := 0; i < 6; i++ {
		go privateMap(i)
		go lockedMap(l)
		go syncMap(m)
	}
	time.Sleep(100 * time.Millisecond)
	println(greet(&user{}))
}
