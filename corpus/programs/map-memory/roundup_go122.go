//go:build go1.22

package mapmem

import _ "unsafe"

//go:linkname roundupsize runtime.roundupsize
func roundupsize(size uintptr, noscan bool) uintptr

func roundup(size uintptr, noscan bool) uintptr { return roundupsize(size, noscan) }
