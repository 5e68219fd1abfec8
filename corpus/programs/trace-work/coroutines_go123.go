//go:build go1.23

package main

import "iter"

// coroutines pulls from an iterator: switches from goroutine to goroutine past the scheduler.
func coroutines() {
	next, stop := iter.Pull(func(yield func(int) bool) {
		for i := 0; yield(i); i++ {
		}
	})
	for i := 0; i < 20; i++ {
		next()
	}
	stop()
	all, _ := iter.Pull(func(yield func(int) bool) { yield(1) })
	for ok := true; ok; _, ok = all() {
	}
}
