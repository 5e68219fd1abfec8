// A test that fails in the ordinary way: no goroutine in the output.
package app

import "testing"

func reverse(s string) string { return s }

func TestReverse(t *testing.T) {
	for _, word := range []string{"a", "ab"} {
		t.Run(word, func(t *testing.T) {
			if got := reverse(word); word != "a" && got == word {
				t.Fatalf("reverse(%q) = %q", word, got)
			}
		})
	}
}
