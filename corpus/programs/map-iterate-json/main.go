// A metrics page: json.Marshal walks the counters by reflection while
// collectors keep counting.
package main

import (
	"encoding/json"
	"os"
	"time"
)

// Metrics is what the page shows.
type Metrics struct {
	Name     string         `json:"name"`
	Counters map[string]int `json:"counters"`
}

func collect(m *Metrics) {
	names := []string{"hits", "misses", "errors", "retries", "evictions", "opens", "closes", "drops", "resets"}
	for i := 0; ; i++ {
		m.Counters[names[i%len(names)]]++ // race: A write
	}
}

func render(m *Metrics) error {
	page, err := json.Marshal(m) // race: B iterate
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(page[:0])
	return err
}

func main() {
	m := &Metrics{Name: "cache", Counters: map[string]int{"hits": 0}}
	go collect(m)
	go func() {
		for {
			if err := render(m); err != nil {
				panic(err)
			}
		}
	}()
	time.Sleep(time.Hour)
}
