// A word counter whose workers share one map: four closures run the same
// line at once.
package main

import (
	"strings"
	"sync"
)

const text = "the quick brown fox jumps over the lazy dog and the dog does not mind"

func countWords(rounds int) map[string]int {
	counts := make(map[string]int)
	words := strings.Fields(text)
	var wg sync.WaitGroup
	for n := 0; n < 4; n++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := 0; i < rounds; i++ {
				counts[words[i%len(words)]]++ // race: A write, many
			}
		}()
	}
	wg.Wait()
	return counts
}

func main() {
	println(len(countWords(1 << 40)))
}
