// An average over nothing.
package main

func average(values []int) int {
	sum := 0
	for _, v := range values {
		sum += v
	}
	return sum / len(values) // panic: no values
}

func main() {
	println(average(nil))
}
