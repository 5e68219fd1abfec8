//go:build !go1.24

package main

import "unsafe"

const (
	chainedAt = 20 // the bucket
	buckets   = 32
	seed      = 12345
)

// hmap is the head of runtime.hmap.
type hmap struct {
	_          int
	_, _       uint8
	_          uint16
	hash0      uint32
	_          unsafe.Pointer
	oldbuckets unsafe.Pointer
}

//go:linkname memhash64 runtime.memhash64
func memhash64(p unsafe.Pointer, h uintptr) uintptr

// loaded is the number of entries beyond which so many buckets grow.
func loaded() int {
	if minor() == 21 {
		return buckets * 6
	}
	return buckets * 13 / 2
}

// chainedKeys are keys of the chain, then others: as many as begin the growth of so many buckets, and two.
func chainedKeys() []int64 {
	var own, others []int64
	full := loaded()
	for key := int64(1); len(own)+len(others) < full+3; key++ {
		if memhash64(unsafe.Pointer(&key), seed)%buckets != chainedAt {
			if len(others) < full+3-chain {
				others = append(others, key)
			}
		} else if len(own) < chain {
			own = append(own, key)
		}
	}
	return append(own, others...)
}

// roomy is an empty map of so many buckets whose seed is known.
func roomy() map[int64]int64 {
	m := make(map[int64]int64, loaded())
	(*(**hmap)(unsafe.Pointer(&m))).hash0 = seed
	return m
}

func growing(m map[int64]int64) bool {
	return (*(**hmap)(unsafe.Pointer(&m))).oldbuckets != nil
}
