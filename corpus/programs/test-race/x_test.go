// A test that the race detector fails: two goroutines count in one map.
package app

import (
	"sync"
	"testing"
)

type votes map[string]int

func (v votes) cast(name string) {
	v[name]++ // race: A write, many
}

func TestCast(t *testing.T) {
	v := votes{}
	var wg sync.WaitGroup
	for i := 0; i < 2; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			v.cast("ann")
		}()
	}
	wg.Wait()
	if v["ann"] > 2 {
		t.Fatal("too many votes")
	}
}
