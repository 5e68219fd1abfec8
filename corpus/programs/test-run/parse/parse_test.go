package parse_test

import (
	"testing"

	"example.com/app/parse"
)

func TestMinor(t *testing.T) {
	cases := map[string]string{"whole": "1.2", "short": "1"}
	for _, name := range []string{"whole", "short"} {
		t.Run(name, func(t *testing.T) {
			if got := parse.Minor(cases[name]); got != "2" {
				t.Errorf("got %q", got)
			}
		})
	}
}
