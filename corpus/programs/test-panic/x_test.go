// A subtest that panics after another one has failed in the ordinary way.
package app

import "testing"

func median(values []int) int {
	return values[len(values)/2] // panic: no values
}

func TestMedian(t *testing.T) {
	t.Run("odd", func(t *testing.T) {
		if got := median([]int{1, 2, 3}); got != 3 {
			t.Errorf("median = %d,\nwant 3", got)
		}
	})
	t.Run("empty", func(t *testing.T) {
		median(nil)
	})
}
