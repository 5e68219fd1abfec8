//go:build !go1.24

package mapmem

import "unsafe"

// hmap is the classic header.
type hmap struct {
	count               int
	flags, B            uint8
	noverflow           uint16
	hash0               uint32
	buckets, oldbuckets unsafe.Pointer
	nevacuate           uintptr
	extra               *mapextra
}
