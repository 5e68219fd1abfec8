package mapmem

import "unsafe"

type mapextra struct {
	overflow, oldoverflow *[]unsafe.Pointer
	nextOverflow          unsafe.Pointer
}

const sameSizeGrow = 8

// ClassicShot is the part of a snapshot that only classic maps have.
type ClassicShot struct {
	Count            int     `json:"count"`
	Flags            uint8   `json:"flags"`
	B                uint8   `json:"B"`
	Noverflow        uint16  `json:"noverflow"`
	Hash0            Hex     `json:"hash0"`
	Buckets          Hex     `json:"buckets"`
	Oldbuckets       Hex     `json:"oldbuckets"`
	Nevacuate        uintptr `json:"nevacuate"`
	Extra            Hex     `json:"extra"`
	NextOverflow     Hex     `json:"next_overflow"`
	AllocatedBuckets *int    `json:"allocated_buckets"`
	OldEvacuated     string  `json:"old_evacuated,omitempty"`
}

func (v *View) classic() *hmap { return (*hmap)(v.header) }

func (v *View) classicShot() *ClassicShot {
	h := v.classic()
	s := &ClassicShot{Count: h.count, Flags: h.flags, B: h.B, Noverflow: h.noverflow, Hash0: Hex(h.hash0),
		Buckets: hexOf(h.buckets), Oldbuckets: hexOf(h.oldbuckets), Nevacuate: h.nevacuate, Extra: hexOf(unsafe.Pointer(h.extra))}
	if h.extra != nil {
		s.NextOverflow = hexOf(h.extra.nextOverflow)
	}
	if h.buckets != nil {
		n := v.allocated()
		s.AllocatedBuckets = &n
	}
	for i := 0; i < v.oldLen(); i++ {
		digit := "0"
		if evacuated(at(h.oldbuckets, uintptr(i)*v.cells.size)) {
			digit = "1"
		}
		s.OldEvacuated += digit
	}
	return s
}

// allocated is the length of the bucket array: what the runtime's own
// roundupsize makes of 2^B buckets and a sixteenth more. Where preallocated
// overflow buckets are left, their sentinel has to agree.
func (v *View) allocated() int {
	h := v.classic()
	main := 1 << h.B
	if h.B < 4 {
		return main
	}
	n := main + 1<<(h.B-4)
	n = int(roundup(uintptr(n)*v.cells.size, v.cells.noscan) / v.cells.size)
	if h.extra != nil && h.extra.nextOverflow != nil {
		last := h.extra.nextOverflow
		for *(*unsafe.Pointer)(at(last, v.cells.overflow)) == nil {
			last = at(last, v.cells.size)
		}
		if end := int((uintptr(last)-uintptr(h.buckets))/v.cells.size) + 1; end != n {
			panic(v.Name + ": the sentinel stands elsewhere")
		}
	}
	return n
}

func (v *View) oldLen() int {
	h := v.classic()
	switch {
	case h.oldbuckets == nil:
		return 0
	case h.flags&sameSizeGrow != 0:
		return 1 << h.B
	}
	return 1 << (h.B - 1)
}

func evacuated(bucket unsafe.Pointer) bool {
	top := *(*uint8)(bucket)
	return 2 <= top && top <= 4
}

// classicUnits are the buckets that can hold entries: those of the new array,
// and of the old one where it is not evacuated, with their chains.
func (v *View) classicUnits() []unit {
	h := v.classic()
	var all []unit
	chain := func(array string, bucket int, base unsafe.Pointer) {
		for link := 0; base != nil; link++ {
			b, l := bucket, link
			all = append(all, unit{base, Place{Array: array, Bucket: &b, Chain: &l, BucketAddr: hexOf(base)}})
			base = *(*unsafe.Pointer)(at(base, v.cells.overflow))
		}
	}
	for i := 0; i < v.oldLen(); i++ {
		if base := at(h.oldbuckets, uintptr(i)*v.cells.size); !evacuated(base) {
			chain("old", i, base)
		}
	}
	for i := 0; h.buckets != nil && i < 1<<h.B; i++ {
		chain("new", i, at(h.buckets, uintptr(i)*v.cells.size))
	}
	return all
}
