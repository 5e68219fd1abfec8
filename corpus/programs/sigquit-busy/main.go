// A healthy, busy program that somebody sends SIGQUIT to.
package main

import (
	"crypto/sha256"
	"fmt"
	"time"
)

func mine(seed byte) (best [32]byte) {
	block := [32]byte{seed}
	for {
		block = sha256.Sum256(block[:])
		if block[0] == 0 {
			best = block
		}
		if best[31] == 1 && block[5] == 2 && block[6] == 3 && block[7] == 4 && block[8] == 5 && block[9] == 6 {
			return best
		}
	}
}

func main() {
	go mine(1)
	go mine(2)
	go func() {
		for range time.Tick(time.Minute) {
		}
	}()
	fmt.Println("ready")
	select {}
}
