//go:build go1.26 || goexperiment.swissmap

package main

import "unsafe"

// swissMap is a Map as internal/runtime/maps declares it.
type swissMap struct {
	used              uint64
	seed              uintptr
	dirPtr            unsafe.Pointer
	dirLen            int
	globalDepth       uint8
	globalShift       uint8
	writing           uint8
	tombstonePossible bool
	clearSeq          uint64
}

type table struct {
	used, capacity, growthLeft uint16
	localDepth                 uint8
	index                      int
	groups                     unsafe.Pointer
	lengthMask                 uint64
}

// enough is any number of entries: no table is ever half grown.
func enough(_ unsafe.Pointer, i int64) bool { return i > 3000 }

func describe[K comparable, V any](name string, m *map[K]V) fields {
	h := (*swissMap)(header(m))
	all := fields{
		"name": name, "impl": "swiss", "header": word(uintptr(unsafe.Pointer(h))),
		"used": h.used, "seed": word(h.seed), "dir_ptr": word(uintptr(h.dirPtr)), "dir_len": h.dirLen,
		"global_depth": h.globalDepth, "global_shift": h.globalShift, "writing": h.writing, "clear_seq": h.clearSeq,
	}
	if h.dirLen == 0 {
		if h.dirPtr != nil {
			all["small_ctrls"] = hex((*[8]byte)(h.dirPtr)[:])
		}
		return all
	}
	directory, tables := []int{}, []fields{}
	var last *table
	for _, t := range unsafe.Slice((**table)(h.dirPtr), h.dirLen) {
		if t != last {
			tables = append(tables, describeTable(t, groupSize[K, V]()))
			last = t
		}
		directory = append(directory, len(tables)-1)
	}
	all["directory"], all["tables"] = directory, tables
	return all
}

func describeTable(t *table, groupSize uintptr) fields {
	ctrls := ""
	for g := uintptr(0); g <= uintptr(t.lengthMask); g++ {
		ctrls += hex((*[8]byte)(unsafe.Add(t.groups, g*groupSize))[:])
	}
	return fields{
		"addr": word(uintptr(unsafe.Pointer(t))), "used": t.used, "capacity": t.capacity, "growth_left": t.growthLeft,
		"local_depth": t.localDepth, "index": t.index, "groups": word(uintptr(t.groups)),
		"length_mask": t.lengthMask, "ctrls": ctrls,
	}
}

// groupSize asks the compiler, by types of the same form; only elements are ever behind a pointer here.
func groupSize[K comparable, V any]() uintptr {
	var v V
	if unsafe.Sizeof(v) > 128 {
		return formSize[K, *V]()
	}
	return formSize[K, V]()
}
