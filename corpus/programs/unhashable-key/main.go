// A slice as the key of a map[interface{}]…: a runtime error, not a race.
package main

func count(values []interface{}) map[interface{}]int {
	seen := make(map[interface{}]int)
	for _, v := range values {
		seen[v]++ // panic: a []int cannot be hashed
	}
	return seen
}

func main() {
	println(len(count([]interface{}{1, "two", []int{3}})))
}
