//go:build !go1.27

package main

import _ "unsafe" // for go:linkname; from Go 1.23 on it takes -ldflags=-checklinkname=0

//go:linkname aeskeysched runtime.aeskeysched
var aeskeysched [scheduleLen]byte

//go:linkname hashkey runtime.hashkey
var hashkey [4]uintptr

//go:linkname useAeshash runtime.useAeshash
var useAeshash bool
