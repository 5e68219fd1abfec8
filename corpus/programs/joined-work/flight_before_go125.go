//go:build !go1.25

package main

func startFlight(string) func() { panic("Go 1.25 and later") }
