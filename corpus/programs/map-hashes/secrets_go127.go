//go:build go1.27

package main

import _ "unsafe"

//go:linkname schedule internal/runtime/maps.aeskeysched
var schedule [scheduleSize]byte

//go:linkname hashkey internal/runtime/maps.hashkey
var hashkey [4]uintptr

//go:linkname useAES internal/runtime/maps.UseAeshash
var useAES bool
