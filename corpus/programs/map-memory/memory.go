// Package mapmem reads Go's maps where they lie: header, buckets or groups,
// every entry with its address. It is part of map-truth and map-history, which
// print what it finds.
//
// Nothing here computes where a key belongs. Hashes come from the map type's
// own hasher, addresses from the runtime's iterator and lookup, sizes and
// offsets from the bucket or group type that the compiler made; an entry's place
// is found by walking all cells until its address turns up.
package mapmem

import (
	"fmt"
	"reflect"
	"unsafe"
)

// rtype and maptype are the parts of the runtime's type descriptors that all
// versions have in common. unit is the bucket or group.
type rtype struct {
	size, ptrdata                  uintptr
	hash                           uint32
	tflag, align, fieldAlign, kind uint8
	equal                          func(unsafe.Pointer, unsafe.Pointer) bool
	gcdata                         *byte
	str, ptrToThis                 int32
}

type maptype struct {
	rtype
	key, elem, unit *rtype
	hasher          func(unsafe.Pointer, uintptr) uintptr
}

// Hex is a word that prints as "0x…".
type Hex uint64

// MarshalText makes it a JSON string.
func (h Hex) MarshalText() ([]byte, error) {
	return []byte(fmt.Sprintf("%#x", uint64(h))), nil
}

// cells says where in a bucket or group things are, as its type descriptor has it.
type cells struct {
	size                  uintptr
	key, elem             [8]uintptr
	keySize, elemSize     uintptr
	keyBehind, elemBehind bool    // a pointer stands in the cell
	overflow              uintptr // classic
	noscan                bool
}

// View is a map opened for reading.
type View struct {
	Name   string
	value  reflect.Value
	typ    *maptype
	header unsafe.Pointer
	cells  cells
}

// Look opens a map, which must be on the heap.
func Look(name string, m interface{}) *View {
	words := (*[2]unsafe.Pointer)(unsafe.Pointer(&m))
	v := &View{Name: name, value: reflect.ValueOf(m), typ: (*maptype)(words[0]), header: words[1]}
	v.cells = readCells(v.typ, v.value.Type())
	return v
}

func readCells(typ *maptype, mapType reflect.Type) cells {
	unit := reflectType(typ.unit)
	c := cells{size: unit.Size(), noscan: typ.unit.ptrdata == 0}
	second := unit.Field(1)
	var key, elem reflect.Type
	if second.Name == "slots" {
		slot := second.Type.Elem()
		key, elem = slot.Field(0).Type, slot.Field(1).Type
		for i := range c.key {
			start := second.Offset + uintptr(i)*slot.Size()
			c.key[i] = start + slot.Field(0).Offset
			c.elem[i] = start + slot.Field(1).Offset
		}
	} else {
		third := unit.Field(2)
		key, elem = second.Type.Elem(), third.Type.Elem()
		for i := range c.key {
			c.key[i] = second.Offset + uintptr(i)*key.Size()
			c.elem[i] = third.Offset + uintptr(i)*elem.Size()
		}
	}
	c.keySize, c.elemSize = key.Size(), elem.Size()
	c.keyBehind = key != mapType.Key() && key.Kind() == reflect.Ptr
	c.elemBehind = elem != mapType.Elem() && elem.Kind() == reflect.Ptr
	if !Swiss {
		c.overflow = unit.Field(3).Offset
	}
	return c
}

// reflectType is the reflect.Type of a descriptor.
func reflectType(t *rtype) reflect.Type {
	r := reflect.TypeOf(0)
	(*[2]unsafe.Pointer)(unsafe.Pointer(&r))[1] = unsafe.Pointer(t)
	return r
}

func at(base unsafe.Pointer, offset uintptr) unsafe.Pointer {
	return unsafe.Pointer(uintptr(base) + offset)
}

func hexOf(p unsafe.Pointer) Hex { return Hex(uintptr(p)) }

// Shot is a map of a snapshot document.
type Shot struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	KeyType  *Type  `json:"key_type"`
	ElemType *Type  `json:"elem_type"`
	Impl     string `json:"impl"`
	Header   Hex    `json:"header"`
	*ClassicShot
	*SwissShot
}

// Shot reads the header and what it refers to.
func (v *View) Shot() Shot {
	t := v.value.Type()
	s := Shot{Name: v.Name, Type: t.String(), KeyType: TypeTree(t.Key()), ElemType: TypeTree(t.Elem()),
		Impl: "classic", Header: hexOf(v.header)}
	if Swiss {
		s.Impl = "swiss"
		s.SwissShot = v.swissShot()
	} else {
		s.ClassicShot = v.classicShot()
	}
	return s
}

// Place is where an entry lies: the fields of its implementation.
type Place struct {
	Array      string  `json:"array,omitempty"`
	Bucket     *int    `json:"bucket,omitempty"`
	Chain      *int    `json:"chain,omitempty"`
	BucketAddr Hex     `json:"bucket_addr,omitempty"`
	Table      *int    `json:"table,omitempty"`
	Directory  *[2]int `json:"directory,omitempty"`
	Group      *int    `json:"group,omitempty"`
	GroupAddr  Hex     `json:"group_addr,omitempty"`
	Slot       int     `json:"slot"`
}

// Entry is one entry of a map.
type Entry struct {
	Map      string `json:"map"`
	Key      Key    `json:"key"`
	Hash     *Hex   `json:"hash"`
	KeyAddr  Hex    `json:"key_addr"`
	ElemAddr Hex    `json:"elem_addr"`
	KeyCell  Hex    `json:"key_cell,omitempty"`
	ElemCell Hex    `json:"elem_cell,omitempty"`
	Place
}

// unit is one bucket or group in memory; place has no slot yet.
type unit struct {
	base  unsafe.Pointer
	place Place
}

func (v *View) units() []unit {
	if Swiss {
		return v.swissUnits()
	}
	return v.classicUnits()
}

// keyAt and elemAt follow the pointer of a large key or elem.
func (v *View) keyAt(base unsafe.Pointer, slot int) unsafe.Pointer {
	p := at(base, v.cells.key[slot])
	if v.cells.keyBehind {
		p = *(*unsafe.Pointer)(p)
	}
	return p
}

func (v *View) full(base unsafe.Pointer, slot int) bool {
	mark := *(*uint8)(at(base, uintptr(slot)))
	if Swiss {
		return mark < 0x80
	}
	return mark >= 5
}

// Entries are the entries in the order of memory; at most limit of them, at
// even distances (0: all).
func (v *View) Entries(limit int) []Entry {
	elems := map[unsafe.Pointer]unsafe.Pointer{}
	iter := v.value.MapRange()
	for words := (*[5]unsafe.Pointer)(unsafe.Pointer(iter)); iter.Next(); {
		elems[words[3]] = words[4] // the runtime's iterator follows a reflect.Value: key, elem
	}
	var all []Entry
	found := 0
	step := 1
	if n := v.value.Len(); limit > 0 && n > limit {
		step = n / limit
	}
	for _, u := range v.units() {
		for slot := 0; slot < 8; slot++ {
			if !v.full(u.base, slot) {
				continue
			}
			key := v.keyAt(u.base, slot)
			elem, ok := elems[key]
			if !ok {
				panic(fmt.Sprintf("%s: the iterator does not know the key at %p", v.Name, key))
			}
			found++
			if found%step == 0 {
				all = append(all, v.entry(u, slot, key, elem))
			}
		}
	}
	if found != v.value.Len() || len(elems) != found {
		panic(fmt.Sprintf("%s: %d entries found, %d iterated, length %d", v.Name, found, len(elems), v.value.Len()))
	}
	return all
}

func (v *View) entry(u unit, slot int, key, elem unsafe.Pointer) Entry {
	e := Entry{Map: v.Name, Key: KeyOf(v.value.Type().Key(), key), KeyAddr: hexOf(key), ElemAddr: hexOf(elem), Place: u.place}
	e.Slot = slot
	if v.cells.keyBehind {
		e.KeyCell = hexOf(at(u.base, v.cells.key[slot]))
	}
	if v.cells.elemBehind {
		e.ElemCell = hexOf(at(u.base, v.cells.elem[slot]))
	}
	looked, ok := mapaccess2(unsafe.Pointer(v.typ), v.header, key)
	if v.typ.key.equal(key, key) {
		hash := Hex(v.HashOf(key))
		e.Hash = &hash
		if !ok || looked != elem {
			panic(fmt.Sprintf("%s: lookup gives %p, iterator %p", v.Name, looked, elem))
		}
	} else if ok {
		panic(v.Name + ": a key that is not itself was found")
	}
	return e
}

// HashOf calls the map type's hasher with the map's seed.
func (v *View) HashOf(key unsafe.Pointer) uintptr {
	return v.typ.hasher(key, v.seed())
}
