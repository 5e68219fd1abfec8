package main

import "math/bits"

// scheduleLen is 128 bytes on 64-bit machines, 64 on others.
const scheduleLen = 2 * bits.UintSize

func secrets() fields {
	keys := []string{}
	for _, k := range hashkey {
		keys = append(keys, word(k))
	}
	return fields{"aeskeysched": hex(aeskeysched[:]), "hashkey": keys, "use_aes": useAeshash}
}
