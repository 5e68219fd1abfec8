//go:build !go1.22

package mapmem

import _ "unsafe"

//go:linkname roundupsize runtime.roundupsize
func roundupsize(size uintptr) uintptr

func roundup(size uintptr, _ bool) uintptr { return roundupsize(size) }
