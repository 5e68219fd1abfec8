// A mapped file is truncated by somebody else while it is read: the access
// ends in SIGBUS at an address the runtime does not expect.
package main

import (
	"os"
	"syscall"
)

func checksum(data []byte) (sum byte) {
	for _, b := range data { // panic: the page is gone
		sum += b
	}
	return sum
}

func main() {
	f, err := os.CreateTemp("", "index")
	if err != nil {
		panic(err)
	}
	os.Remove(f.Name())
	if err := f.Truncate(8192); err != nil {
		panic(err)
	}
	data, err := syscall.Mmap(int(f.Fd()), 0, 8192, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		panic(err)
	}
	if err := f.Truncate(0); err != nil {
		panic(err)
	}
	println(checksum(data))
}
