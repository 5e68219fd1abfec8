package main

import (
	"fmt"
	"os"
	"strconv"
	"time"
	"unsafe"
)

// Shortest time that is measured, and how often: the fastest counts.
const (
	turn  = 20 * time.Millisecond
	turns = 5
)

var sink uintptr

// bench measures the lengths given as arguments; "word32" and "word64" are the words' own functions.
func bench() {
	for _, name := range os.Args[2:] {
		fmt.Println(name, rate(work(name)))
	}
}

// work hashes so many keys of one kind, each with another seed, none waiting for the one before.
func work(name string) func(count int) {
	word := uint64(firstSeed)
	switch name {
	case "word32":
		return func(count int) {
			for i := 0; i < count; i++ {
				sink ^= memhash32(unsafe.Pointer(&word), uintptr(i))
			}
		}
	case "word64":
		return func(count int) {
			for i := 0; i < count; i++ {
				sink ^= memhash64(unsafe.Pointer(&word), uintptr(i))
			}
		}
	}
	length, err := strconv.Atoi(name)
	if err != nil {
		panic(err)
	}
	bytes := append(data(length), 0)
	return func(count int) {
		for i := 0; i < count; i++ {
			sink ^= memhash(unsafe.Pointer(&bytes[0]), uintptr(i), uintptr(length))
		}
	}
}

func rate(work func(count int)) float64 {
	count := 1
	best := time.Duration(1 << 62)
	for n := 0; n < turns; {
		start := time.Now()
		work(count)
		took := time.Since(start)
		if took < turn {
			count *= 2
			continue
		}
		if took < best {
			best = took
		}
		n++
	}
	return float64(count) / best.Seconds()
}
