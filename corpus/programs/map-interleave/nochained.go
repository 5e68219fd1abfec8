//go:build go1.24

package main

func chainedKeys() []int64 { return nil }

func roomy() map[int64]int64 { return nil }

func growing(map[int64]int64) bool { return false }
