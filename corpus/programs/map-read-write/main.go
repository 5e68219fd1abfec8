// A configuration table that is looked up by request handlers while one
// goroutine reloads it. A reader notices.
package main

import (
	"fmt"
	"time"
)

// Settings is read by everybody and written by reload, without a lock.
type Settings struct {
	values map[string]string
}

// Lookup returns the value of a setting.
func (s *Settings) Lookup(name string) string {
	v, ok := s.values[name] // race: B read, many
	if !ok {
		return "unset"
	}
	return v
}

// Store replaces the value of a setting.
func (s *Settings) Store(name, value string) {
	s.values[name] = value // race: A write
}

func reload(s *Settings) {
	for generation := 0; ; generation++ {
		for _, name := range []string{"timeout", "retries", "endpoint", "region", "pool"} {
			s.Store(name, "v1")
		}
	}
}

func handle(s *Settings) (n int) {
	for {
		n += len(s.Lookup("endpoint")) + len(s.Lookup("timeout"))
	}
}

func main() {
	s := &Settings{values: map[string]string{"endpoint": "localhost"}}
	for i := 0; i < 3; i++ {
		go handle(s)
	}
	go reload(s)
	time.Sleep(time.Hour)
	fmt.Println("done")
}
