// An index beyond the end of a slice, in a parser called from a goroutine.
package main

import "strings"

func field(line string, n int) string {
	return strings.Split(line, ",")[n] // panic: the line has too few fields
}

func main() {
	done := make(chan string)
	go func() {
		done <- field("a,b,c", 5)
	}()
	println(<-done)
}
