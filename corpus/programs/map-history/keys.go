package main

import (
	"reflect"
	"strconv"
	"unsafe"

	"example.com/app/mapmem"
)

// keys is a map with keys numbered from 0. Each kind of key is written in a
// function of its own, so that the compiler calls what it would call in a
// program that has only such a map.
type keys struct {
	m         interface{}
	hint      *int
	put, drop func(i int)
	has       func(i int) bool
	key       func(i int) *key
	clear     func()
}

func ints() keys { return ofInts(make(map[int]int)) }

func intsHint(hint int) keys {
	k := ofInts(make(map[int]int, hint))
	k.hint = &hint
	return k
}

func ofInts(m map[int]int) keys {
	return keys{
		m:    m,
		put:  func(i int) { m[i] = i },
		drop: func(i int) { delete(m, i) },
		has:  func(i int) bool { _, ok := m[i]; return ok },
		key:  func(i int) *key { return &key{Lit: strconv.Itoa(i)} },
		clear: func() {
			for k := range m {
				delete(m, k) // compiled to the call that clear makes
			}
		},
	}
}

func strings() keys {
	m := make(map[string]int)
	name := func(i int) string { return "key-" + strconv.Itoa(i*i) }
	return keys{
		m:    m,
		put:  func(i int) { m[name(i)] = i },
		drop: func(i int) { delete(m, name(i)) },
		has:  func(i int) bool { _, ok := m[name(i)]; return ok },
		key:  func(i int) *key { return &key{Lit: strconv.Quote(name(i))} },
	}
}

// pairs go through the functions for keys of any type.
func pairs() keys {
	m := make(map[[2]int64]int)
	return keys{
		m:    m,
		put:  func(i int) { m[[2]int64{int64(i), 1}] = i },
		drop: func(i int) { delete(m, [2]int64{int64(i), 1}) },
		key:  func(i int) *key { return &key{Lit: "[2]int64{" + strconv.Itoa(i) + ", 1}"} },
	}
}

// cells is what pointer keys point to, in turn.
var cells [4000]int64

func pointers() keys {
	m := make(map[*int64]int)
	return keys{
		m:    m,
		put:  func(i int) { m[&cells[i%len(cells)]] = i },
		drop: func(i int) { delete(m, &cells[i%len(cells)]) },
		key: func(i int) *key {
			p := &cells[i%len(cells)]
			return &key{Mem: mapmem.KeyOf(reflect.TypeOf(p), unsafe.Pointer(&p)).Mem}
		},
	}
}
