package jobs

import "testing"

func TestAsk(t *testing.T) {
	t.Run("nobody answers", func(t *testing.T) {
		if Ask(make(chan string)) == "" {
			t.Fatal("no answer")
		}
	})
}
