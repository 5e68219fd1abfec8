// A feature-flag map captured by closures: names of the frames are func1,
// func2, and one reader sits behind an interface.
package main

import (
	"sort"
	"time"
)

type checker interface{ enabled(flag string) bool }

type checkFunc func(string) bool

func (f checkFunc) enabled(flag string) bool { return f(flag) }

func poll(c checker) {
	for {
		c.enabled("dark-mode")
	}
}

func main() {
	flags := map[string]bool{"dark-mode": true}
	names := []string{"beta", "dark-mode", "search", "chat"}
	sort.Strings(names)
	go func() {
		for i := 0; ; i++ {
			flags[names[i%len(names)]] = i%2 == 0 // race: A write
		}
	}()
	go poll(checkFunc(func(flag string) bool {
		return flags[flag] // race: B read
	}))
	time.Sleep(time.Hour)
}
