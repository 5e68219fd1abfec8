//go:build go1.27

package main

import _ "unsafe" // for go:linkname; from Go 1.23 on it takes -ldflags=-checklinkname=0

//go:linkname aeskeysched internal/runtime/maps.aeskeysched
var aeskeysched [scheduleLen]byte

//go:linkname hashkey internal/runtime/maps.hashkey
var hashkey [4]uintptr

//go:linkname useAeshash internal/runtime/maps.UseAeshash
var useAeshash bool
