// A slice expression whose end lies beyond the capacity.
package main

func header(packet []byte, size int) []byte {
	return packet[:size] // panic: the packet is shorter than its header says
}

func main() {
	println(len(header(make([]byte, 12), 20)))
}
