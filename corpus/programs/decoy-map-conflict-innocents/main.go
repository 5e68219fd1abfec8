// Two goroutines race on one map while eight others are busy in private maps
// of the same type, in the same method.
package main

import (
	"strconv"
	"time"
)

// Tally counts words.
type Tally struct {
	name   string
	counts map[string]int
}

// Inc is called on shared and on private tallies.
func (t *Tally) Inc(word string) {
	t.counts[word]++ // race: A write, many
}

func private(n int) {
	t := &Tally{name: "private-" + strconv.Itoa(n), counts: make(map[string]int)}
	for i := 0; ; i++ {
		t.Inc(strconv.Itoa(i % 64))
	}
}

func shared(t *Tally) {
	for i := 0; ; i++ {
		t.Inc(strconv.Itoa(i % 64))
	}
}

func own(n int) {
	squares := make(map[int]int)
	for i := 0; ; i++ {
		squares[i%512] = i * n // innocent: a map of its own
	}
}

func main() {
	for i := 0; i < 4; i++ {
		go private(i) // bystander: each has a Tally of its own
		go own(i)     // bystander: each has a map of its own
	}
	time.Sleep(20 * time.Millisecond)
	t := &Tally{name: "shared", counts: make(map[string]int)}
	go shared(t)
	go shared(t)
	time.Sleep(time.Hour)
}
