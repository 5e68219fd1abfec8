//go:build !go1.25

package main

func flight(string) { panic("Go 1.25 and later") }
