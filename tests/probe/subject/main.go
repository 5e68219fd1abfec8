// Command subject fills a few maps, prints what it sees of them through unsafe as one line of JSON, in the form of a map snapshot,
// and then waits for a debugger. With the argument "abort" it dies with SIGABRT instead, so that a core is written.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

// Key is a named type: nothing but a type tree tells what it is made of.
type Key struct {
	ID   int32
	Name string
}

// Shop is reached by a pointer, which is no map.
type Shop struct {
	name  string
	users map[string]int
}

// Blob is stored behind a pointer, in a bucket as in a group.
type Blob [200]byte

var (
	sessions = map[string]int{}
	growing  = map[int64]int64{}
	small    = map[int64]string{}
	never    map[string]int
	empty    = make(map[string]int)
	named    = map[Key]bool{}
	blobs    = map[int32]Blob{}
	sets     = map[int64]struct{}{}
	shop     = &Shop{"s", map[string]int{}}
	server   = struct {
		name  string
		users map[string]int
	}{"s", map[string]int{}}
)

// fields is one JSON object.
type fields map[string]any

func word(n uintptr) string { return fmt.Sprintf("0x%x", n) }

func hex(b []byte) string { return fmt.Sprintf("%x", b) }

// header is the address of a map's hmap or Map; a map variable is a pointer to it.
func header[K comparable, V any](m *map[K]V) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(m))
}

func fill() {
	for i := 0; i < 5000; i++ {
		sessions[fmt.Sprint("session ", i)] = i
		named[Key{int32(i), fmt.Sprint(i)}] = true
		sets[int64(i)] = struct{}{}
	}
	for i := 0; i < 60; i++ {
		blobs[int32(i)] = Blob{byte(i)}
		server.users[fmt.Sprint("user ", i)] = i
		shop.users[fmt.Sprint("guest ", i)] = i
	}
	for i := 0; i < 5; i++ {
		small[int64(i)] = "small"
	}
	for i := int64(0); !enough(header(&growing), i); i++ {
		growing[i] = i
	}
}

func main() {
	fill()
	maps := []fields{
		describe[string, int]("main.sessions", &sessions),
		describe[int64, int64]("main.growing", &growing),
		describe[int64, string]("main.small", &small),
		describe[string, int]("main.empty", &empty),
		describe[Key, bool]("main.named", &named),
		describe[int32, Blob]("main.blobs", &blobs),
		describe[int64, struct{}]("main.sets", &sets),
		describe[string, int]("main.server.users", &server.users),
		describe[string, int]("main.shop.users", &shop.users),
	}
	truth := fields{"go_version": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH, "secrets": secrets(), "maps": maps}
	line, err := json.Marshal(truth)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
	if len(os.Args) > 1 && os.Args[1] == "abort" {
		syscall.Kill(os.Getpid(), syscall.SIGABRT)
	}
	time.Sleep(10 * time.Minute)
	fmt.Println(len(sessions), len(growing), len(small), len(empty), len(never), len(named), len(blobs), len(sets), len(server.users), len(shop.users))
}
