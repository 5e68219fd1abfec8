// A panic 300 frames deep: the middle of the stack is left out.
package main

func descend(depth int) int {
	if depth == 0 {
		panic("document nested too deeply") // panic: on purpose
	}
	return descend(depth-1) + 1
}

func main() {
	done := make(chan int)
	go func() { done <- descend(300) }()
	<-done
}
