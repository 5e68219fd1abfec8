// Prints what this process hashes with, and what its own hash functions make of bytes, words and keys: one JSON object.
// With the argument "bench" it prints how many hashes per second they make instead, one line per length: LENGTH RATE.
package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"unsafe"
)

//go:linkname memhash runtime.memhash
//go:noescape
func memhash(p unsafe.Pointer, seed, size uintptr) uintptr

//go:linkname memhash32 runtime.memhash32
//go:noescape
func memhash32(p unsafe.Pointer, seed uintptr) uintptr

//go:linkname memhash64 runtime.memhash64
//go:noescape
func memhash64(p unsafe.Pointer, seed uintptr) uintptr

const (
	// Bytes of aeskeysched.
	scheduleSize = unsafe.Sizeof(uintptr(0)) * 16

	longest = 600
	words   = 8
	// Where every chain of hashes starts.
	firstSeed = uint64(0x9e3779b97f4a7c15)
)

type output struct {
	Go       string   `json:"go_version"`
	Arch     string   `json:"arch"`
	Schedule string   `json:"aeskeysched"`
	Hashkey  []string `json:"hashkey"`
	UseAES   bool     `json:"use_aes"`
	// Of bytes of length 0, 1, 2 …, each seeded with the hash before it: the last byte of each, and the last hash in full.
	Lengths string `json:"lengths"`
	Last    string `json:"last"`
	// Of words i * firstSeed, chained likewise.
	Word32 []string `json:"word32"`
	Word64 []string `json:"word64"`
	Keys   []key    `json:"keys"`
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "bench" {
		bench()
		return
	}
	out := output{Go: runtime.Version(), Arch: runtime.GOARCH, UseAES: useAES}
	out.Schedule = hex.EncodeToString(schedule[:])
	for _, word := range hashkey {
		out.Hashkey = append(out.Hashkey, number(word))
	}
	out.lengths()
	out.words()
	out.Keys = keys()
	text, err := json.Marshal(out)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(text))
}

func number(word uintptr) string { return fmt.Sprintf("%#x", uint64(word)) }

// data is what is hashed for a length: it differs from one length to the next.
func data(length int) []byte {
	bytes := make([]byte, length)
	for i := range bytes {
		bytes[i] = byte(i*7 + length)
	}
	return bytes
}

func (out *output) lengths() {
	seed := uintptr(firstSeed & uint64(^uintptr(0)))
	var low []byte
	for length := 0; length <= longest; length++ {
		bytes := append(data(length), 0)
		seed = memhash(unsafe.Pointer(&bytes[0]), seed, uintptr(length))
		low = append(low, byte(seed))
	}
	out.Lengths, out.Last = hex.EncodeToString(low), number(seed)
}

func (out *output) words() {
	seed32 := uintptr(firstSeed & uint64(^uintptr(0)))
	seed64 := seed32
	for i := uint64(1); i <= words; i++ {
		value := i * firstSeed
		low := uint32(value)
		seed32 = memhash32(unsafe.Pointer(&low), seed32)
		seed64 = memhash64(unsafe.Pointer(&value), seed64)
		out.Word32 = append(out.Word32, number(seed32))
		out.Word64 = append(out.Word64, number(seed64))
	}
}

// hasher is the function that the compiler made for keys of a map type. It follows the type and three pointers to types.
func hasher(mapType reflect.Type) func(unsafe.Pointer, uintptr) uintptr {
	const word = unsafe.Sizeof(uintptr(0))
	header := 4*word + 16
	mapTypePointer := (*[2]unsafe.Pointer)(unsafe.Pointer(&mapType))[1]
	return *(*func(unsafe.Pointer, uintptr) uintptr)(unsafe.Pointer(uintptr(mapTypePointer) + header + 3*word))
}
