//go:build goexperiment.mapsplitgroup

package main

import "unsafe"

func formSize[K comparable, V any]() uintptr {
	return unsafe.Sizeof(struct {
		ctrls uint64
		keys  [8]K
		elems [8]V
	}{})
}
