// A session cache without a lock: logins store sessions while a refresher
// renews them, and both write the same map from two different methods.
package main

import (
	"fmt"
	"time"
)

// Cache maps a session key to its last use. Nothing guards it: that is the bug.
type Cache struct {
	name string
	m    map[string]int64
}

// Set stores the time of a login.
func (c *Cache) Set(key string, at int64) {
	c.m[key] = at // race: A write
}

// Touch renews a session.
func (c *Cache) Touch(key string) {
	c.m[key]++ // race: B write
}

func login(c *Cache, keys []string) {
	for i := 0; ; i++ {
		c.Set(keys[i%len(keys)], int64(i))
	}
}

func refresh(c *Cache, keys []string) {
	for i := 0; ; i++ {
		c.Touch(keys[i%len(keys)])
	}
}

func report(c *Cache, every time.Duration) {
	for range time.Tick(every) {
		fmt.Println(c.name, "is alive")
	}
}

func main() {
	keys := make([]string, 512)
	for i := range keys {
		keys[i] = fmt.Sprintf("user-%04d", i)
	}
	c := &Cache{name: "sessions", m: make(map[string]int64)}
	go report(c, time.Minute)
	go login(c, keys)
	go refresh(c, keys)
	select {}
}
