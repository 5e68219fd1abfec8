package mapmem

import (
	"reflect"
	"unsafe"
)

// Address is an address and what lies there: which field, how far into it, and
// where that field is.
type Address struct {
	Map    string  `json:"map"`
	Addr   Hex     `json:"addr"`
	Field  string  `json:"field"`
	Offset uintptr `json:"offset"`
	Where
}

// Where has what applies to the field.
type Where struct {
	Array     string `json:"array,omitempty"`
	Bucket    *int   `json:"bucket,omitempty"`
	Chain     *int   `json:"chain,omitempty"`
	Table     *int   `json:"table,omitempty"`
	Group     *int   `json:"group,omitempty"`
	Slot      *int   `json:"slot,omitempty"`
	Directory *int   `json:"directory,omitempty"`
}

// addresses collects them; a field is asked for at its first and last byte.
type addresses struct {
	name string
	all  []Address
}

func (a *addresses) add(field string, base unsafe.Pointer, size uintptr, where Where) {
	one := func(offset uintptr) {
		a.all = append(a.all, Address{a.name, hexOf(base) + Hex(offset), field, offset, where})
	}
	if size > 0 {
		one(0)
	}
	if size > 1 {
		one(size - 1)
	}
}

// structure adds the fields of a runtime structure.
func (a *addresses) structure(name string, t reflect.Type, base unsafe.Pointer, where Where) {
	end := uintptr(0)
	for i := 0; i < t.NumField(); i++ {
		f := t.Field(i)
		if f.Name == "tombstonePossible" && !hasTombstonePossible {
			continue
		}
		if f.Offset > end {
			a.add("padding", at(base, end), f.Offset-end, where)
		}
		end = f.Offset + f.Type.Size()
		if f.Type.Kind() == reflect.Struct {
			a.structure(name+"."+f.Name, f.Type, at(base, f.Offset), where)
			continue
		}
		a.add(name+"."+f.Name, at(base, f.Offset), f.Type.Size(), where)
	}
	if end < t.Size() {
		a.add("padding", at(base, end), t.Size()-end, where)
	}
}

// Addresses are addresses of the first and last bucket or group, two chained
// buckets, and, if wanted, the header and what else is not entries. Of a chained bucket, chain is its number in the chain.
func (v *View) Addresses(header bool) []Address {
	a := &addresses{name: v.Name}
	if header && Swiss {
		a.structure("header", reflect.TypeOf(*v.swiss()), v.header, Where{})
		v.directoryAddresses(a)
	} else if header {
		a.structure("header", reflect.TypeOf(*v.classic()), v.header, Where{})
	}
	units := v.units()
	chained := 0
	for i, u := range units {
		if u.place.Chain != nil && *u.place.Chain > 0 {
			chained++
		}
		if i == 0 || i == len(units)-1 || chained > 0 && chained <= 2 && *u.place.Chain > 0 {
			v.unitAddresses(a, u)
		}
	}
	return a.all
}

func (v *View) directoryAddresses(a *addresses) {
	m := v.swiss()
	word := unsafe.Sizeof(m.dirPtr)
	for i := 0; i < m.dirLen; i++ {
		n := i
		if i < 2 || i == m.dirLen-1 {
			a.add("directory", at(m.dirPtr, uintptr(i)*word), word, Where{Directory: &n})
		}
	}
	tables, _ := v.tables()
	for i, t := range tables {
		n := i
		if i < 2 || i == len(tables)-1 {
			a.structure("table", reflect.TypeOf(*t), unsafe.Pointer(t), Where{Table: &n})
		}
	}
}

// unitAddresses adds the parts of a bucket or group, and what is left between them.
func (v *View) unitAddresses(a *addresses, u unit) {
	whole := Where{Array: u.place.Array, Bucket: u.place.Bucket, Chain: u.place.Chain, Table: u.place.Table, Group: u.place.Group}
	taken := make([]bool, v.cells.size)
	part := func(field string, off, size uintptr, slot int, show bool) {
		for i := off; i < off+size; i++ {
			taken[i] = true
		}
		where := whole
		if slot >= 0 {
			where.Slot = &slot
		}
		if show {
			a.add(field, at(u.base, off), size, where)
		}
	}
	mark := "tophash"
	if Swiss {
		mark = "ctrl"
	}
	for slot := 0; slot < 8; slot++ {
		show := slot == 0 || slot == 3 || slot == 7
		part(mark, uintptr(slot), 1, slot, show)
		part("key", v.cells.key[slot], v.cells.keySize, slot, show)
		part("elem", v.cells.elem[slot], v.cells.elemSize, slot, show)
	}
	if !Swiss {
		part("overflow", v.cells.overflow, unsafe.Sizeof(v.cells.overflow), -1, true)
	}
	for off := uintptr(0); off < v.cells.size; off++ {
		end := off
		for end < v.cells.size && !taken[end] {
			end++
		}
		if end > off {
			a.add("padding", at(u.base, off), end-off, whole)
			off = end
		}
	}
}
