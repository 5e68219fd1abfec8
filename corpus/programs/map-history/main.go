// Prints what happens to maps, operation by operation, as JSON lines: how the
// map looked when it was new, each operation with the state after it where that
// changed, and in the end where every entry lies. Each kind of map is written
// through the runtime function that the compiler chooses for it. The argument
// "small" makes the histories shorter.
package main

import (
	"math/rand"
	"os"
	"reflect"

	"example.com/app/mapmem"
)

// fullEvery is how many operations may go by without a state.
const fullEvery = 100

// start is the first line of a history.
type start struct {
	History string `json:"history"`
	mapmem.Process
	Type     string       `json:"type"`
	KeyType  *mapmem.Type `json:"key_type"`
	ElemType *mapmem.Type `json:"elem_type"`
	Hint     *int         `json:"hint"`
	State    mapmem.State `json:"state"`
}

// operation is one that changed the map; clear has no key.
type operation struct {
	Op    string        `json:"op"`
	Key   *key          `json:"key,omitempty"`
	State *mapmem.State `json:"state,omitempty"`
}

// key is an int, string or pair, of which the literal says all, or the memory of a pointer.
type key struct {
	Lit string `json:"lit,omitempty"`
	Mem string `json:"mem,omitempty"`
}

// end is the last line but for the entries.
type end struct {
	History string      `json:"history"`
	End     mapmem.Shot `json:"end"`
}

var lines = mapmem.NewLines()

// entries is how many of a map are printed in the end, or up to twice as many.
var entries = 200

// history records one map.
type history struct {
	keys  keys
	view  *mapmem.View
	last  mapmem.State
	since int
}

func begin(name string, k keys) *history {
	h := &history{keys: k, view: mapmem.Look(name, k.m)}
	h.last = h.view.State()
	t := reflect.TypeOf(k.m)
	lines.Write(start{History: name, Process: mapmem.ThisProcess(), Type: t.String(), KeyType: mapmem.TypeTree(t.Key()),
		ElemType: mapmem.TypeTree(t.Elem()), Hint: k.hint, State: h.last})
	return h
}

func (h *history) insert(i int) {
	h.keys.put(i)
	h.did("insert", h.keys.key(i))
}

func (h *history) update(i int) {
	h.keys.put(i)
	h.did("update", h.keys.key(i))
}

func (h *history) remove(i int) {
	h.keys.drop(i)
	h.did("delete", h.keys.key(i))
}

// did notes an operation, and the state if that changed.
func (h *history) did(op string, key *key) {
	state := h.view.State()
	h.since++
	line := operation{Op: op, Key: key}
	if h.since == fullEvery || state.Differs(h.last) || op == "insert" && state.RegainedRoom(h.last) {
		line.State = &state
		h.since = 0
	}
	h.last = state
	lines.Write(line)
}

func (h *history) end() {
	lines.Write(end{h.view.Name, h.view.Shot()})
	for _, entry := range h.view.Entries(entries) {
		lines.Write(entry)
	}
}

func main() {
	scale := 1
	if len(os.Args) > 1 && os.Args[1] == "small" {
		scale, entries = 5, 60
	}
	defer lines.Close()
	fill("ints", ints(), 5000/scale)
	fill("ints hint 1000", intsHint(1000), 2000/scale)
	fill("ints hint 100", intsHint(100), 2000/scale)
	fill("strings", strings(), 3000/scale)
	churn("churned ints", ints(), 20000/scale, 500/scale)
	churn("churned strings", strings(), 5000/scale, 100)
	queue("queue of ints", ints(), 20000/scale, 90)
	queue("short queue of ints", ints(), 4000, 46)
	queue("queue of strings", strings(), 4000, 46)
	queue("queue of pairs", pairs(), 4000, 46)
	queue("queue of pointers", pointers(), 4000, 46)
	tides("tides", ints())
	smalls("small map", ints())
}

// fill only inserts.
func fill(name string, k keys, n int) {
	h := begin(name, k)
	for i := 0; i < n; i++ {
		h.insert(i)
	}
	h.end()
}

// churn inserts what is not there and deletes or updates what is, in a fixed
// series, so that about half of twice live keys are there at a time.
func churn(name string, k keys, rounds, live int) {
	h := begin(name, k)
	choice := rand.New(rand.NewSource(7))
	for i := 0; i < rounds; i++ {
		n := choice.Intn(2 * live)
		switch {
		case !k.has(n):
			h.insert(n)
		case i%8 == 0:
			h.update(n)
		default:
			h.remove(n)
		}
	}
	h.end()
}

// queue inserts a new key and deletes the oldest: close to the most entries
// that a number of buckets or slots takes, so that overflow buckets or
// tombstones pile up.
func queue(name string, k keys, rounds, live int) {
	h := begin(name, k)
	for i := 0; i < rounds/2; i++ {
		h.insert(i)
		if i >= live {
			h.remove(i - live)
		}
	}
	h.end()
}

// tides fills and empties a map by deletes and by clear, which draws new seeds.
func tides(name string, k keys) {
	h := begin(name, k)
	for _, n := range []int{5, 30, 120, 60, 3} {
		for round := 0; round < 2; round++ {
			for i := 0; i < n; i++ {
				h.insert(i)
			}
			if round == 1 {
				k.clear()
				h.did("clear", nil)
				continue
			}
			for i := 0; i < n; i++ {
				h.remove(i)
			}
		}
	}
	h.insert(1)
	h.end()
}

// smalls updates, deletes and inserts around eight entries.
func smalls(name string, k keys) {
	h := begin(name, k)
	for i := 0; i < 8; i++ {
		h.insert(i)
	}
	h.update(3)
	h.remove(5)
	h.insert(50)
	h.insert(9)
	h.end()
}
