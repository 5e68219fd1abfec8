// A scoreboard that is ranged over for a snapshot while games write to it.
package main

import "time"

// Board holds points by player.
type Board struct {
	points map[string]int
}

// Score adds points.
func (b *Board) Score(player string, n int) {
	b.points[player] += n // race: A write
}

// Total sums all points.
func (b *Board) Total() int {
	sum := 0
	for _, n := range b.points { // race: B iterate
		sum += n
	}
	return sum
}

func play(b *Board) {
	players := []string{"ann", "ben", "cleo", "dan", "eve", "fay", "gus", "hal", "ida", "jon", "kim", "leo"}
	for i := 0; ; i++ {
		b.Score(players[i%len(players)], 1)
	}
}

func publish(b *Board, totals chan<- int) {
	for {
		t := b.Total()
		select {
		case totals <- t:
		default:
		}
	}
}

func main() {
	b := &Board{points: map[string]int{"ann": 1}}
	totals := make(chan int)
	go play(b)
	go publish(b, totals)
	for {
		time.Sleep(time.Second)
		<-totals
	}
}
