//go:build goexperiment.swissmap || go1.26

package mapmem

// Swiss says which maps this build has.
const Swiss = true

func (v *View) seed() uintptr { return v.swiss().seed }
