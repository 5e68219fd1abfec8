//go:build !go1.24

package main

// clearSeq is a field that only noswissmap builds have.
type clearSeq struct{}
