//go:build !go1.27

package main

import _ "unsafe"

//go:linkname schedule runtime.aeskeysched
var schedule [scheduleSize]byte

//go:linkname hashkey runtime.hashkey
var hashkey [4]uintptr

//go:linkname useAES runtime.useAeshash
var useAES bool
