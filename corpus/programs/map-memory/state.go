package mapmem

import "fmt"

// Len is len of the map.
func (v *View) Len() int { return v.value.Len() }

// Growing says whether a classic map has an old array.
func (v *View) Growing() bool { return !Swiss && v.classic().oldbuckets != nil }

// SameSize says whether a growing map grows to its own size.
func (v *View) SameSize() bool { return v.classic().flags&sameSizeGrow != 0 }

// Nevacuate is the evacuation counter of a classic map.
func (v *View) Nevacuate() int { return int(v.classic().nevacuate) }

// PlaceShift is how far to shift a hash for the bits that choose a bucket or group.
func (v *View) PlaceShift() int {
	if Swiss {
		return 7
	}
	return 0
}

// State is what of a map changes as it is written, without its entries.
type State struct {
	*ClassicState
	*SwissState
}

// ClassicState is that of a classic map.
type ClassicState struct {
	Count     int     `json:"count"`
	B         uint8   `json:"B"`
	Flags     uint8   `json:"flags"`
	Noverflow uint16  `json:"noverflow"`
	Nevacuate uintptr `json:"nevacuate"`
	Growing   bool    `json:"growing"`
	Hash0     Hex     `json:"hash0"`
}

// SwissState is that of a Swiss map.
type SwissState struct {
	Used              uint64       `json:"used"`
	DirLen            int          `json:"dir_len"`
	GlobalDepth       uint8        `json:"global_depth"`
	TombstonePossible *bool        `json:"tombstone_possible,omitempty"`
	Seed              Hex          `json:"seed"`
	Tables            []TableState `json:"tables,omitempty"`
}

// TableState is that of one table.
type TableState struct {
	Capacity   uint16 `json:"capacity"`
	Used       uint16 `json:"used"`
	GrowthLeft uint16 `json:"growth_left"`
	LocalDepth uint8  `json:"local_depth"`
	Index      int    `json:"index"`
}

// State reads it.
func (v *View) State() State {
	if !Swiss {
		h := v.classic()
		return State{ClassicState: &ClassicState{h.count, h.B, h.flags, h.noverflow, h.nevacuate, h.oldbuckets != nil, Hex(h.hash0)}}
	}
	m := v.swiss()
	s := &SwissState{Used: m.used, DirLen: m.dirLen, GlobalDepth: m.globalDepth, Seed: Hex(m.seed)}
	if hasTombstonePossible {
		possible := m.tombstonePossible
		s.TombstonePossible = &possible
	}
	tables, _ := v.tables()
	for _, t := range tables {
		s.Tables = append(s.Tables, TableState{t.capacity, t.used, t.growthLeft, t.localDepth, t.index})
	}
	return State{SwissState: s}
}

// Differs is true if more differs than numbers of entries and of slots left.
func (s State) Differs(other State) bool {
	if !Swiss {
		a, b := *s.ClassicState, *other.ClassicState
		a.Count = b.Count
		return a != b
	}
	return s.SwissState.shape() != other.SwissState.shape()
}

func (s *SwissState) shape() string {
	possible := s.TombstonePossible != nil && *s.TombstonePossible
	text := fmt.Sprint(s.DirLen, s.GlobalDepth, s.Seed, possible)
	for _, t := range s.Tables {
		text += fmt.Sprint(" ", t.Capacity, t.LocalDepth, t.Index)
	}
	return text
}

// RegainedRoom is true if a table has more slots left than before.
func (s State) RegainedRoom(before State) bool {
	if !Swiss || len(s.Tables) != len(before.Tables) {
		return false
	}
	for i, t := range s.Tables {
		if t.GrowthLeft > before.Tables[i].GrowthLeft {
			return true
		}
	}
	return false
}
