// One process of a supervised service; the log holds three of them that died
// one after the other, each of its own cause (argument).
package main

import (
	"fmt"
	"log"
	"os"
	"time"
)

type totals struct{ byDay map[int]int }

func (t *totals) add(day int) {
	t.byDay[day]++ // race: A write, many; also where a nil *totals faults
}

func main() {
	log.Println("service starting")
	switch os.Args[1] {
	case "panic":
		panic(fmt.Errorf("connect: %s", "connection refused")) // panic: on purpose
	case "map":
		t := &totals{byDay: map[int]int{}}
		for i := 0; i < 2; i++ {
			go func() {
				for day := 0; ; day++ {
					t.add(day % 365)
				}
			}()
		}
		time.Sleep(time.Hour)
	case "nil":
		var t *totals
		t.add(1)
	}
}
