package mapmem

import "unsafe"

// mapaccess2 is the runtime's lookup v, ok := m[key].
//
//go:linkname mapaccess2 runtime.mapaccess2
//go:noescape
func mapaccess2(typ, m, key unsafe.Pointer) (unsafe.Pointer, bool)
