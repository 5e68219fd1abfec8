//go:build go1.21

package main

import "maps"

func cloned() {
	source := fill("clone source", -1, times(60, itself), itself)
	keep("clone", maps.Clone(source))
	for i := 0; i < 60; i += 3 {
		delete(source, i)
	}
	keep("clone of deleted", maps.Clone(source))
	small := fill("small clone source", -1, times(5, word), itself)
	keep("small clone", maps.Clone(small))
	large := fill("hinted clone source", 1000, times(300, word), word)
	keep("clone of hinted", maps.Clone(large))
	changed := maps.Clone(source)
	changed[1000] = 1
	keep("clone changed", changed)
	none := maps.Clone(map[int]int{})
	keep("clone of empty", none)
}
