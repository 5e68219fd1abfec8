package main

import (
	"fmt"
	"unsafe"

	"example.com/app/mapmem"
)

// makeMaps makes them all: types first, then the states a map can be in.
func makeMaps(amount string) {
	plainKeys()
	floatKeys()
	stringKeys()
	structKeys()
	interfaceKeys()
	if amount == "keys" {
		return
	}
	elemTypes()
	sizes(amount)
	growing()
	churned()
	chained()
	deleted(amount)
	cloned()
	if amount == "large" {
		fill("large int", -1, times(30000, itself), itself)
		fill("large string", -1, times(30000, word), itself)
		fill("large pointer elem", -1, times(6000, func(i int) uint32 { return uint32(i) * 977 }), func(i int) *int { return nil })
	}
	if amount != "small" {
		split(3000)
	}
}

func sizes(amount string) {
	fill[int, int]("size 0", -1, nil, itself)
	fill[int, int]("size 0 hint 100", 100, nil, itself)
	fill[string, int]("size 0 hint 8", 8, nil, itself)
	counts := []int{1, 2, 7, 8, 9, 13, 14, 15, 26, 27, 52, 53, 104, 105, 208, 209}
	if amount == "large" {
		counts = append(counts, 416, 417, 832, 833, 897, 1665, 2500)
	}
	if amount == "small" {
		counts = []int{1, 7, 8, 9, 14, 27, 53, 120}
	}
	for _, n := range counts {
		fill(fmt.Sprintf("ints %d", n), -1, times(n, func(i int) int64 { return int64(i) }), itself)
		if n < 60 || n > 2000 {
			fill(fmt.Sprintf("strings %d", n), -1, times(n, word), word)
		}
	}
	for _, hint := range []int{1, 8, 9, 14, 15, 52, 53, 100, 896, 897, 1000, 1024, 5000} {
		if hint > 200 && amount == "small" {
			break
		}
		fill(fmt.Sprintf("hint %d", hint), hint, times(hint/20+1, itself), itself)
		fill(fmt.Sprintf("string hint %d", hint), hint, times(hint/100+1, word), itself)
	}
	fill("hint 13 full", 13, times(13, itself), word)
	fill("hint 104 full", 104, times(104, word), word)
	fill("hint 5 grown", 5, times(40, itself), itself)
}

// starting stops at the first key with which growth begins, at or after from
// entries, and writes some more. A Swiss map does not show its growth.
func starting[K comparable, V any](name string, from, more int, key func(i int) K, elem func(i int) V) {
	m := make(map[K]V)
	view := keep(fmt.Sprintf("%s from %d and %d more", name, from, more), m)
	i := 0
	for ; i < from || !view.Growing() && i < from*17/8+2; i++ {
		m[key(i)] = elem(i)
	}
	for ; more > 0; more-- {
		m[key(i)] = elem(i)
		i++
	}
}

func growing() {
	for _, from := range []int{9, 14, 40, 100} {
		for _, more := range []int{0, 1, 5, from/4 + 6} {
			starting("growing ints", from, more, itself, itself)
		}
	}
	starting("growing strings", 14, 0, word, itself)
	starting("growing strings", 60, 5, word, word)
	starting("growing strings", 150, 30, word, nothing)
	starting("growing uint32", 60, 6, func(i int) uint32 { return uint32(i) * 31 }, itself)
	starting("growing named", 60, 7, func(i int) named { return named{int32(i), word(i)} }, itself)
	starting("growing [200]byte", 14, 1, func(i int) [200]byte { return [200]byte{byte(i)} }, itself)
	fillAny("growing any", map[any]int{}, times(57, func(i int) any { return []any{i, word(i)}[i&1] }), itself)
	starting("growing pointers", 60, 9, func(i int) *record { return &record{} }, func(i int) *record { return &record{} })
	starting("growing nan", 30, 2, func(i int) float64 { return []float64{nan, float64(i)}[i&1] }, itself)
}

// churn inserts a new key and deletes the oldest, again and again.
func churn[K comparable](name string, live int, rounds int, key func(i int) K, until func(*mapmem.View) bool) {
	m := make(map[K]int)
	view := keep(fmt.Sprintf("%s %d", name, live), m)
	for i := 0; i < rounds && !until(view); i++ {
		m[key(i)] = i
		if i >= live {
			delete(m, key(i-live))
		}
	}
}

func never(*mapmem.View) bool { return false }

// churned are maps with overflow buckets, in growth of the same size, or with tombstones.
func churned() {
	sameSize := func(v *mapmem.View) bool { return v.Growing() && v.SameSize() }
	halfWay := func(v *mapmem.View) bool { return sameSize(v) && v.Nevacuate() > 5 }
	churn("churn", 90, 900, itself, never)
	churn("churn strings", 45, 700, word, never)
	churn("churn named", 90, 900, func(i int) named { return named{int32(i), "n"} }, never)
	churn("same size", 90, 100000, itself, sameSize)
	churn("same size half way", 91, 100000, itself, halfWay)
	churn("same size strings", 46, 100000, word, sameSize)
	churn("same size strings half way", 92, 100000, word, halfWay)
}

// chained are keys that all begin their search in one bucket or group.
func chained() {
	for _, n := range []int{20, 50} {
		m := make(map[int]int, 200)
		m[-1] = 0
		view := keep(fmt.Sprintf("one bucket %d", n), m)
		for i := 0; len(m) < n; i++ {
			if view.HashOf(unsafe.Pointer(&i))>>view.PlaceShift()&15 == 9 {
				m[i] = i
			}
		}
	}
	m := make(map[string]int, 100)
	m[""] = 0
	view := keep("one bucket strings", m)
	for i := 0; len(m) < 40; i++ {
		if s := word(i); view.HashOf(unsafe.Pointer(&s))>>view.PlaceShift()&15 == 0 {
			m[s] = i
		}
	}
	for i := 0; i < 26*26; i += 2 {
		delete(m, word(i))
	}
}

func deleteEvery[K comparable, V any](m map[K]V, n, step int, key func(i int) K) {
	for i := 0; i < n; i += step {
		delete(m, key(i))
	}
}

func deleted(amount string) {
	counts := []int{3, 8, 13, 104}
	if amount == "large" {
		counts = append(counts, 448)
	}
	for _, n := range counts {
		name := fmt.Sprintf("of %d", n)
		m := fill("deleted thirds "+name, n, times(n, itself), itself)
		deleteEvery(m, n, 3, itself)
		m = fill("deleted and refilled "+name, n, times(n, itself), itself)
		deleteEvery(m, n, 2, itself)
		for i := 0; i < n/4; i++ {
			m[-i-1] = i
		}
		s := fill("deleted to empty "+name, n, times(n, word), itself)
		deleteEvery(s, n, 1, word)
		s = fill("emptied and reused "+name, n, times(n, word), itself)
		deleteEvery(s, n, 1, word)
		deleteEvery(s, 0, 1, word)
		for i := 0; i < n/2; i++ {
			s[word(i)] = i
		}
		m = fill("cleared "+name, -1, times(n, itself), itself)
		wipe(m)
		m = fill("cleared and reused "+name, -1, times(n, itself), itself)
		wipe(m)
		for i := 0; i < n; i += 2 {
			m[i] = i
		}
	}
	pointers := times(40, func(i int) *int { return new(int) })
	p := fill("deleted pointers", -1, pointers, word)
	for _, key := range pointers[10:25] {
		delete(p, key)
	}
	full := fill("full table", 896, times(896, itself), nothing)
	deleteEvery(full, 896, 2, itself)
	if amount == "large" {
		m := fill("many deleted", 2500, times(2500, itself), itself)
		deleteEvery(m, 2500, 3, itself)
		m = fill("many cleared", 2500, times(2500, itself), itself)
		wipe(m)
		m[1] = 1
	}
}

// wipe is compiled to the same call as clear, which Go 1.19 does not have.
func wipe[K comparable, V any](m map[K]V) {
	for k := range m {
		delete(m, k)
	}
}

// split has most keys in one half of the directory.
func split(n int) {
	m := make(map[int]int)
	m[-1] = 0
	view := keep(fmt.Sprintf("lopsided %d", n), m)
	const top = unsafe.Sizeof(uintptr(0))*8 - 1
	for i := 0; len(m) < n; i++ {
		if view.HashOf(unsafe.Pointer(&i))>>top == 0 || i%50 == 0 {
			m[i] = i
		}
	}
}
