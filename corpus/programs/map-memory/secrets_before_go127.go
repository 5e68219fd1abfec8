//go:build !go1.27

package mapmem

import _ "unsafe"

//go:linkname aeskeysched runtime.aeskeysched
var aeskeysched [scheduleLen]byte

//go:linkname hashkey runtime.hashkey
var hashkey [4]uintptr

//go:linkname useAeshash runtime.useAeshash
var useAeshash bool
