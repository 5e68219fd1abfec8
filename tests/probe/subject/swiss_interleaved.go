//go:build (go1.26 || goexperiment.swissmap) && !goexperiment.mapsplitgroup

package main

import "unsafe"

func formSize[K comparable, V any]() uintptr {
	return unsafe.Sizeof(struct {
		ctrls uint64
		slots [8]struct {
			key  K
			elem V
		}
	}{})
}
