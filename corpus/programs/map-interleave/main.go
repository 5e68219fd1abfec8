// Two goroutines, each with one operation on one map, over and over on fresh maps: they start together, and once both are
// through the map is looked at. It ends when one dies, or after the given time.
//
//	app A B KEYS FILL MILLISECONDS
//
//	A, B  insert (key is not there), update (key is there), delete, clear, read, iterate, clone
//	KEYS  same, different
//	FILL  what is in the map: empty, small (3 entries), small-last (7), small-full (8), room (40), full (one more and it grows),
//	      growing (half evacuated; classic maps only), chained (growing, and the keys lie in a long chain of overflow buckets that is
//	      not evacuated yet: B's, or the same one, at its end)
//
// Prints `silent KIND N` whenever the N-th round of a kind (N a power of two) ended without a death and yet wrong, and at the
// end `rounds N`. Values are never zero, so that a zero is an element that nobody has stored.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unsafe"
)

const (
	old    = 7    // element of everything that is there from the start
	fillAt = 1000 // keys of the bystanders start here
	absent = -1
	chain  = 120 // keys of a chain of buckets
)

type job struct {
	m    map[int64]int64
	key  int64
	elem int64
	// What it was told: a read's element, a clone, or false for an entry that never was.
	answer int64
	copied map[int64]int64
	sound  bool
}

type operation func(*job)

var operations = map[string]operation{
	"insert": func(j *job) { j.m[j.key] = j.elem },
	"update": func(j *job) { j.m[j.key] = j.elem },
	"delete": func(j *job) { delete(j.m, j.key) },
	"clear": func(j *job) {
		for k := range j.m {
			delete(j.m, k)
		}
	},
	"read": func(j *job) { j.answer = j.m[j.key] },
	"iterate": func(j *job) {
		for k, v := range j.m {
			if k == 0 || v == 0 {
				j.sound = false
			}
		}
	},
	"clone": clone,
}

//go:noinline
func hammerA(op operation, j *job) { op(j) }

//go:noinline
func hammerB(op operation, j *job) { op(j) }

var random uint64 = uint64(time.Now().UnixNano()) | 1

func draw(random *uint64, below uint64) uint64 {
	*random ^= *random << 13
	*random ^= *random >> 7
	*random ^= *random << 17
	return (*random >> 11) % below
}

var sink uint64

func delay(n uint64) {
	for i := uint64(0); i < n; i++ {
		atomic.AddUint64(&sink, 1)
	}
}

func wait(counter *uint64, value uint64) {
	for spins := 0; atomic.LoadUint64(counter) != value; spins++ {
		if spins > 20000 {
			runtime.Gosched()
		}
	}
}

// minor is the 23 of go1.23.9.
func minor() int {
	n, _ := strconv.Atoi(strings.Split(strings.TrimPrefix(runtime.Version(), "go"), ".")[1])
	return n
}

// writing tells whether the map's flag is set.
func writing(m map[int64]int64, swiss bool) bool {
	header := *(*unsafe.Pointer)(unsafe.Pointer(&m))
	if swiss {
		return *(*uint8)(unsafe.Add(header, 34)) != 0
	}
	return *(*uint8)(unsafe.Add(header, 8))&4 != 0
}

// entriesOf is the number of entries that a fill stands for; 0 where there is none.
func entriesOf(fill string) int64 {
	swiss, loaded := minor() >= 24, int64(13)
	if minor() == 21 {
		loaded = 12
	}
	switch fill {
	case "small":
		return 3
	case "small-last":
		return 7
	case "small-full":
		return 8
	case "room":
		return 40
	case "full":
		if swiss {
			return 14
		}
		return loaded
	case "growing":
		return loaded*4 + 1
	case "chained":
		return int64(len(chained)) - 2
	}
	return 0
}

// What stands in a map after some order: the element of each key or absent, and whether the bystanders are there.
type outcome struct {
	elem    [2]int64
	rest    bool
	answers [2]int64
}

func (o outcome) then(op string, who, key int) outcome {
	switch op {
	case "insert", "update":
		o.elem[key] = int64(who) + 1
	case "delete":
		o.elem[key] = absent
	case "clear":
		o.elem, o.rest = [2]int64{absent, absent}, false
	case "read":
		o.answers[who] = max0(o.elem[key])
	}
	return o
}

func max0(n int64) int64 {
	if n < 0 {
		return 0
	}
	return n
}

// chained are the keys of that fill.
var chained []int64

// bystander is the key of an entry that nobody asks about.
func bystander(i int64) int64 {
	if chained != nil {
		return chained[2+i]
	}
	return fillAt + i
}

// filled is a fresh map.
func filled(bystanders int64, keys [2]int64, present [2]bool) map[int64]int64 {
	m := make(map[int64]int64)
	for i := int64(0); i < bystanders; i++ {
		m[fillAt+i] = old
	}
	for i, there := range present {
		if there {
			m[keys[i]] = old
		}
	}
	return m
}

// filledChained is one that begins to grow with its last bystander. What B looks for is the last of its chain.
func filledChained(bystanders int64, keys [2]int64, present [2]bool) map[int64]int64 {
	m := roomy()
	if present[0] && keys[0] != keys[1] {
		m[keys[0]] = old
	}
	for i := int64(0); i < bystanders; i++ {
		if i == chain-2 && (present[1] || present[0] && keys[0] == keys[1]) {
			m[keys[1]] = old
		}
		m[bystander(i)] = old
	}
	if !growing(m) {
		panic("not growing")
	}
	return m
}

var counts = map[string]int{}

func silent(kind string) {
	counts[kind]++
	if n := counts[kind]; n&(n-1) == 0 {
		os.Stdout.WriteString("silent " + kind + " " + strconv.Itoa(n) + "\n")
	}
}

func lookup(m map[int64]int64, key int64) int64 {
	if v, ok := m[key]; ok {
		return v
	}
	return absent
}

// judge compares the map with what either order leaves.
func judge(m map[int64]int64, orders [2]outcome, keys [2]int64, ops [2]string, jobs [2]*job, bystanders int64) {
	kinds := map[string]bool{}
	found := 0
	compare := func(is, one, other int64) {
		if is != absent {
			found++
		}
		switch {
		case is == absent && one != absent && other != absent:
			kinds["entry-lost"] = true
		case is != absent && one == absent && other == absent:
			kinds["entry-returns"] = true
		case is != absent && is != one && is != other:
			kinds["wrong-element"] = true
		}
	}
	compare(lookup(m, keys[0]), orders[0].elem[0], orders[1].elem[0])
	if keys[1] != keys[0] {
		compare(lookup(m, keys[1]), orders[0].elem[1], orders[1].elem[1])
	}
	rest := int64(absent)
	if orders[0].rest {
		rest = old
	}
	for i := int64(0); i < bystanders; i++ {
		compare(lookup(m, bystander(i)), rest, rest)
	}
	if len(m) != found {
		kinds["count-wrong"] = true
	}
	for who := range ops {
		if ops[who] == "read" && jobs[who].answer != orders[0].answers[who] && jobs[who].answer != orders[1].answers[who] {
			kinds["wrong-answer"] = true
		}
		if !jobs[who].sound || ops[who] == "clone" && !soundClone(jobs[who].copied) {
			kinds["wrong-answer"] = true
		}
	}
	for kind := range kinds {
		silent(kind)
	}
}

// soundClone: a clone holds as many entries as it says, and no element that nobody stored.
func soundClone(m map[int64]int64) bool {
	n := 0
	for k, v := range m {
		if k == 0 || v == 0 || lookup(m, k) != v {
			return false
		}
		n++
	}
	return n == len(m)
}

func main() {
	ops := [2]string{os.Args[1], os.Args[2]}
	same, fill := os.Args[3] == "same", os.Args[4]
	milliseconds, _ := strconv.Atoi(os.Args[5])
	swiss := minor() >= 24
	if (fill == "growing" || fill == "chained") && swiss || (ops[0] == "clone" || ops[1] == "clone") && minor() < 21 {
		os.Exit(3)
	}

	present := [2]bool{ops[0] != "insert" && fill != "empty", ops[1] != "insert" && fill != "empty"}
	if same {
		present[0] = present[0] && present[1]
		present[1] = false
	}
	build := filled
	if fill == "chained" {
		build, chained = filledChained, chainedKeys()
	}
	bystanders := entriesOf(fill)
	start := outcome{elem: [2]int64{absent, absent}, rest: true}
	for i, there := range present {
		if there {
			bystanders--
			start.elem[i] = old
		}
	}
	keyOf := [2]int{0, 1}
	if same {
		keyOf[1] = 0
	}
	orders := [2]outcome{
		start.then(ops[0], 0, keyOf[0]).then(ops[1], 1, keyOf[1]),
		start.then(ops[1], 1, keyOf[1]).then(ops[0], 0, keyOf[0]),
	}

	var begin, done uint64
	jobs := [2]*job{{}, {}}
	a, b := operations[ops[0]], operations[ops[1]]
	go func() {
		random := random ^ 0x9e3779b97f4a7c15
		for round := uint64(1); ; round++ {
			wait(&begin, round)
			delay(draw(&random, 24))
			hammerB(b, jobs[1])
			atomic.StoreUint64(&done, round)
		}
	}()

	end := time.Now().Add(time.Duration(milliseconds) * time.Millisecond)
	round := uint64(0)
	for round < 1<<40 && (round%64 != 0 || time.Now().Before(end)) {
		round++
		keys := [2]int64{1 + int64(draw(&random, 400)), 501 + int64(draw(&random, 400))}
		if chained != nil {
			keys = [2]int64{chained[0], chained[1]}
		}
		if same {
			keys[1] = keys[0]
		}
		m := build(bystanders, keys, present)
		for i := range jobs {
			*jobs[i] = job{m: m, key: keys[i], elem: int64(i) + 1, sound: true}
		}
		atomic.StoreUint64(&begin, round)
		delay(draw(&random, 48))
		hammerA(a, jobs[0])
		wait(&done, round)
		if writing(m, swiss) {
			silent("flag-left-set")
			continue
		}
		judge(m, orders, keys, ops, jobs, bystanders)
	}
	fmt.Println("rounds", round)
}
