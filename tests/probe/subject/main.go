// Command subject fills a few maps, prints what it sees of them through unsafe as one line of JSON, in the form of a map snapshot,
// and then waits for a debugger. With the argument "abort" it dies with SIGABRT instead, so that a core is written.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"syscall"
	"time"

	"subject/mapmem"
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
	for i := int64(0); !enough(mapmem.Look("", growing), i); i++ {
		growing[i] = i
	}
}

// enough is true in the middle of a classic map's growth. No table of a Swiss map is ever half grown: any number of entries will do.
func enough(m *mapmem.View, i int64) bool {
	if mapmem.Swiss {
		return i > 3000
	}
	return i > 1000 && m.Growing() && m.Nevacuate() > 20
}

// truth is a snapshot document.
type truth struct {
	mapmem.Process
	Maps []mapmem.Shot `json:"maps"`
}

func look() truth {
	seen := truth{Process: mapmem.ThisProcess()}
	add := func(name string, m any) { seen.Maps = append(seen.Maps, mapmem.Look(name, m).Shot()) }
	add("main.sessions", sessions)
	add("main.growing", growing)
	add("main.small", small)
	add("main.empty", empty)
	add("main.named", named)
	add("main.blobs", blobs)
	add("main.sets", sets)
	add("main.server.users", server.users)
	add("main.shop.users", shop.users)
	return seen
}

func main() {
	fill()
	line, err := json.Marshal(look())
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
