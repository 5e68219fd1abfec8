// A race build that first reports the race and then dies of the map fatal.
package main

import "time"

type leaderboard struct{ best map[string]int }

func (l *leaderboard) set(player string, n int) {
	l.best[player] = n // race: A write
}

func (l *leaderboard) bump(player string) {
	l.best[player]++ // race: B write
}

func main() {
	l := &leaderboard{best: map[string]int{}}
	players := []string{"ann", "ben", "cleo", "dan", "eve", "fay", "gus", "hal", "ida"}
	go func() {
		for i := 0; ; i++ {
			l.set(players[i%len(players)], i)
		}
	}()
	go func() {
		for i := 0; ; i++ {
			l.bump(players[i%len(players)])
		}
	}()
	time.Sleep(time.Hour)
}
