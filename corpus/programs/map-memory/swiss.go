package mapmem

import (
	"encoding/hex"
	"unsafe"
)

// swissMap and table are the runtime's Map and table. In Go 1.24 padding stands
// where tombstonePossible is.
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
	groups                     groups
}

type groups struct {
	data       unsafe.Pointer
	lengthMask uint64
}

// SwissShot is the part of a snapshot that only Swiss maps have.
type SwissShot struct {
	Used              uint64      `json:"used"`
	Seed              Hex         `json:"seed"`
	DirPtr            Hex         `json:"dir_ptr"`
	DirLen            int         `json:"dir_len"`
	GlobalDepth       uint8       `json:"global_depth"`
	GlobalShift       uint8       `json:"global_shift"`
	Writing           uint8       `json:"writing"`
	TombstonePossible *bool       `json:"tombstone_possible,omitempty"`
	ClearSeq          uint64      `json:"clear_seq"`
	SmallCtrls        string      `json:"small_ctrls,omitempty"`
	Directory         []int       `json:"directory,omitempty"`
	Tables            []TableShot `json:"tables,omitempty"`
}

// TableShot is a table of a snapshot.
type TableShot struct {
	Addr       Hex    `json:"addr"`
	Used       uint16 `json:"used"`
	Capacity   uint16 `json:"capacity"`
	GrowthLeft uint16 `json:"growth_left"`
	LocalDepth uint8  `json:"local_depth"`
	Index      int    `json:"index"`
	Groups     Hex    `json:"groups"`
	LengthMask uint64 `json:"length_mask"`
	Ctrls      string `json:"ctrls"`
}

func (v *View) swiss() *swissMap { return (*swissMap)(v.header) }

// tables are the different tables, and for each directory entry an index into them.
func (v *View) tables() (tables []*table, directory []int) {
	m := v.swiss()
	for i := 0; i < m.dirLen; i++ {
		t := *(**table)(at(m.dirPtr, uintptr(i)*unsafe.Sizeof(m.dirPtr)))
		if n := len(tables); n == 0 || tables[n-1] != t {
			tables = append(tables, t)
		}
		directory = append(directory, len(tables)-1)
	}
	return tables, directory
}

func (v *View) group(t *table, i int) unsafe.Pointer {
	return at(t.groups.data, uintptr(i)*v.cells.size)
}

func ctrls(group unsafe.Pointer) string {
	return hex.EncodeToString((*[8]byte)(group)[:])
}

func (v *View) swissShot() *SwissShot {
	m := v.swiss()
	s := &SwissShot{Used: m.used, Seed: Hex(m.seed), DirPtr: hexOf(m.dirPtr), DirLen: m.dirLen, GlobalDepth: m.globalDepth,
		GlobalShift: m.globalShift, Writing: m.writing, ClearSeq: m.clearSeq}
	if hasTombstonePossible {
		s.TombstonePossible = &m.tombstonePossible
	}
	if m.dirLen == 0 && m.dirPtr != nil {
		s.SmallCtrls = ctrls(m.dirPtr)
	}
	var tables []*table
	tables, s.Directory = v.tables()
	for _, t := range tables {
		shot := TableShot{Addr: hexOf(unsafe.Pointer(t)), Used: t.used, Capacity: t.capacity, GrowthLeft: t.growthLeft,
			LocalDepth: t.localDepth, Index: t.index, Groups: hexOf(t.groups.data), LengthMask: t.groups.lengthMask}
		var text []byte
		for i := 0; i <= int(t.groups.lengthMask); i++ {
			text = append(text, ctrls(v.group(t, i))...)
		}
		shot.Ctrls = string(text)
		s.Tables = append(s.Tables, shot)
	}
	return s
}

// swissUnits are all groups.
func (v *View) swissUnits() []unit {
	m := v.swiss()
	var all []unit
	add := func(table, group int, directory *[2]int, base unsafe.Pointer) {
		all = append(all, unit{base, Place{Table: &table, Group: &group, Directory: directory, GroupAddr: hexOf(base)}})
	}
	if m.dirLen == 0 && m.dirPtr != nil {
		add(-1, 0, nil, m.dirPtr)
	}
	tables, directory := v.tables()
	first := 0
	for n, t := range tables {
		count := 0
		for first+count < len(directory) && directory[first+count] == n {
			count++
		}
		entries := &[2]int{first, count}
		first += count
		for i := 0; i <= int(t.groups.lengthMask); i++ {
			add(n, i, entries, v.group(t, i))
		}
	}
	return all
}
