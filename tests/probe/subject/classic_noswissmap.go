//go:build go1.24 && !go1.26 && !goexperiment.swissmap

package main

// clearSeq is a field that only noswissmap builds have.
type clearSeq struct{ _ uint64 }
