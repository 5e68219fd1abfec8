// GODEBUG=tracebackancestors=5: the stacks of the creating goroutines are
// printed below the crashing one.
package main

import "time"

func parse(line string) byte {
	return line[3] // panic: the line is too short
}

func stage3(lines []string) {
	for _, line := range lines {
		parse(line)
	}
}

func stage2(lines []string) {
	go stage3(lines)
	time.Sleep(time.Hour)
}

func stage1(lines []string) {
	go stage2(lines)
	time.Sleep(time.Hour)
}

func main() {
	go stage1([]string{"long enough", "no"})
	time.Sleep(time.Hour)
}
