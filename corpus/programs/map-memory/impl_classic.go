//go:build !goexperiment.swissmap && !go1.26

package mapmem

// Swiss says which maps this build has.
const Swiss = false

func (v *View) seed() uintptr { return uintptr(v.classic().hash0) }
