//go:build !go1.26 && !goexperiment.swissmap

package main

import "unsafe"

// hmap is the classic header as the runtime declares it.
type hmap struct {
	count      int
	flags      uint8
	B          uint8
	noverflow  uint16
	hash0      uint32
	buckets    unsafe.Pointer
	oldbuckets unsafe.Pointer
	nevacuate  uintptr
	clearSeq
	extra *mapextra
}

type mapextra struct {
	overflow, oldoverflow, nextOverflow unsafe.Pointer
}

// bucket is a bmap.
type bucket[K comparable, V any] struct {
	tophash  [8]uint8
	keys     [8]K
	elems    [8]V
	overflow uintptr
}

// bucketSize knows Blob as the one type that stands behind a pointer.
func bucketSize[K comparable, V any]() uintptr {
	var v V
	if unsafe.Sizeof(v) > 128 {
		return unsafe.Sizeof(bucket[K, *V]{})
	}
	return unsafe.Sizeof(bucket[K, V]{})
}

// enough is true in the middle of a growth.
func enough(at unsafe.Pointer, i int64) bool {
	h := (*hmap)(at)
	return i > 1000 && h.oldbuckets != nil && h.nevacuate > 20
}

func describe[K comparable, V any](name string, m *map[K]V) fields {
	h := (*hmap)(header(m))
	all := fields{
		"name": name, "impl": "classic", "header": word(uintptr(unsafe.Pointer(h))),
		"count": h.count, "flags": h.flags, "B": h.B, "noverflow": h.noverflow, "hash0": word(uintptr(h.hash0)),
		"buckets": word(uintptr(h.buckets)), "oldbuckets": word(uintptr(h.oldbuckets)),
		"nevacuate": h.nevacuate, "extra": word(uintptr(unsafe.Pointer(h.extra))), "next_overflow": word(0),
	}
	if h.extra != nil {
		all["next_overflow"] = word(uintptr(h.extra.nextOverflow))
	}
	if h.oldbuckets != nil {
		all["old_evacuated"] = evacuated(h, bucketSize[K, V]())
	}
	return all
}

func evacuated(h *hmap, size uintptr) string {
	count := uintptr(1) << (h.B - 1)
	if h.flags&8 != 0 {
		count *= 2
	}
	marks := ""
	for i := uintptr(0); i < count; i++ {
		if top := *(*uint8)(unsafe.Add(h.oldbuckets, i*size)); 2 <= top && top <= 4 {
			marks += "1"
		} else {
			marks += "0"
		}
	}
	return marks
}
