//go:build !go1.25

package mapmem

const hasTombstonePossible = false
