// A data race on a plain counter.
package main

import (
	"fmt"
	"time"
)

type counter struct{ n int }

func (c *counter) inc() {
	c.n++ // race: A write
}

func (c *counter) get() int {
	return c.n // race: B read
}

func main() {
	c := new(counter)
	go c.inc()
	time.Sleep(10 * time.Millisecond)
	fmt.Println(c.get())
}
