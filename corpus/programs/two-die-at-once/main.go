// Two writers that notice each other in the same instant: up to Go 1.23 both
// print, the fatal line is doubled, and the second crasher's stack stands last.
package main

import "time"

type gauge struct{ values map[int]int }

func (g *gauge) up(n int) {
	g.values[n] = n // race: A write
}

func (g *gauge) down(n int) {
	g.values[n] = -n // race: B write
}

func rise(g *gauge) {
	for i := 0; ; i++ {
		g.up(i & 1023)
	}
}

func fall(g *gauge) {
	for i := 0; ; i++ {
		g.down(i & 1023)
	}
}

func main() {
	g := &gauge{values: make(map[int]int, 1024)}
	go rise(g)
	go fall(g)
	time.Sleep(time.Hour)
}
