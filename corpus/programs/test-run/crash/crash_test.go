// Package crash ends in a fatal error: two goroutines write one map until the runtime sees it.
package crash

import "testing"

func fill(m map[int]int) {
	for i := 0; ; i++ {
		m[i%1000] = i // fatal
	}
}

func TestBefore(t *testing.T) {}

func TestFill(t *testing.T) {
	m := map[int]int{}
	go fill(m)
	fill(m)
}
