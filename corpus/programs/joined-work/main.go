// Traces itself, writes its profiles, and then dies of a map that its goroutines share, or hangs at a lock: everything that an
// engineer could have of one process, and what the process itself knows of it.
//
//	joined-work MODE DIR
//
//	fatal    concurrent map writes; the trace ends where the runtime last wrote it out
//	hang     a lock is kept for ever; the trace is stopped, then SIGQUIT
//	flight   the same, and the trace is a flight recorder's (Go 1.25 and later)
//
// DIR gets trace, goroutine.pb.gz, heap.pb.gz, mutex.pb.gz, block.pb.gz, cpu.pb.gz and known.json. Marked lines: what a reader has to
// find. The goroutines say who they are: known.json has for each its number, its part, and who ran the `go` statement.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Part is a key that no specialised map function takes: its hash and its comparison are functions of their own, at whose start
// a goroutine can be stopped inside a map operation.
type Part struct {
	Bin  int32
	Name string
	Tags [2]string
}

// Ledger is the map that everybody writes.
type Ledger struct {
	mu      sync.Mutex
	guarded atomic.Bool
	batch   atomic.Int32
	rows    map[Part]int
}

//go:noinline
func (l *Ledger) put(part Part, n int) {
	l.rows[part] = n // race: writer write, many
}

//go:noinline
func newLedger(n int) *Ledger {
	l := &Ledger{rows: make(map[Part]int)}
	for i := 0; i < n; i++ {
		l.put(part(i), i)
	}
	l.guarded.Store(true)
	l.batch.Store(256)
	return l
}

func part(i int) Part {
	return Part{Bin: int32(i), Name: "part", Tags: [2]string{"red", "large"}}
}

// Known is what a goroutine knows of itself.
type Known struct {
	ID     int    `json:"id"`
	Part   string `json:"part"`
	Parent int    `json:"parent"`
}

var (
	knownLock sync.Mutex
	known     []Known
)

// here is the number of the running goroutine.
func here() int {
	text := make([]byte, 64)
	text = text[:runtime.Stack(text, false)]
	id, err := strconv.Atoi(string(bytes.Fields(text)[1]))
	must(err)
	return id
}

func introduce(part string, parent int) int {
	knownLock.Lock()
	defer knownLock.Unlock()
	id := here()
	known = append(known, Known{id, part, parent})
	return id
}

// feed writes rows: behind the lock as long as the ledger is guarded.
func feed(l *Ledger, parent int) {
	introduce("feed", parent)
	for round := 0; ; round++ {
		guarded := l.guarded.Load()
		if guarded {
			l.mu.Lock() // wait: mutex
		}
		for i := int32(0); i < l.batch.Load(); i++ {
			l.put(part(int(i%256)), round)
		}
		if guarded {
			l.mu.Unlock()
			time.Sleep(500 * time.Microsecond)
		}
	}
}

// boot starts the dispatcher and ends, as does the dispatcher behind its feeders: a dump names only the nearest creator.
func boot(l *Ledger, parent int) {
	id := introduce("boot", parent)
	go dispatch(l, id) // creates: dispatch
}

func dispatch(l *Ledger, parent int) {
	id := introduce("dispatch", parent)
	for i := 0; i < 3; i++ {
		go feed(l, id) // creates: feed
	}
}

func ask(questions, answers chan int, parent int) {
	introduce("ask", parent)
	for n := 0; ; n++ {
		questions <- n
		<-answers
		time.Sleep(2 * time.Millisecond)
	}
}

func answer(questions, answers chan int, parent int) {
	introduce("answer", parent)
	for n := range questions {
		answers <- n
	}
}

func idle(jobs chan int, parent int) {
	introduce("idle", parent)
	<-jobs // idle
}

func late(gate chan int, parent int) {
	introduce("late", parent)
	<-gate // late
}

// keep takes the lock and never gives it back.
func keep(l *Ledger, forever chan int, parent int) {
	introduce("keep", parent)
	l.mu.Lock()
	<-forever // hold
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func save(dir, name string, content []byte) {
	must(os.WriteFile(filepath.Join(dir, name), content, 0o644))
}

func capture(name string) []byte {
	var out bytes.Buffer
	must(pprof.Lookup(name).WriteTo(&out, 0))
	return out.Bytes()
}

// insideMap captures goroutines while one of them is inside a map operation.
func insideMap() []byte {
	for tries := 0; tries < 20000; tries++ {
		packed := capture("goroutine")
		unpacked, err := gzip.NewReader(bytes.NewReader(packed))
		must(err)
		content, err := io.ReadAll(unpacked)
		must(err)
		if bytes.Contains(content, []byte("runtime.mapassign")) {
			return packed
		}
	}
	panic("no goroutine was ever stopped inside a map operation")
}

func saveKnown(dir string) {
	knownLock.Lock()
	defer knownLock.Unlock()
	sort.Slice(known, func(a, b int) bool { return known[a].ID < known[b].ID })
	text, err := json.Marshal(known)
	must(err)
	save(dir, "known.json", text)
}

func startTrace(path string) func() {
	out, err := os.Create(path)
	must(err)
	must(trace.Start(out))
	return trace.Stop
}

func main() {
	mode, dir := os.Args[1], os.Args[2]
	runtime.SetMutexProfileFraction(1)
	runtime.SetBlockProfileRate(1)
	id := introduce("main", 0)
	ledger := newLedger(4096)

	start := startTrace
	if mode == "flight" {
		start = startFlight
	}
	stop := start(filepath.Join(dir, "trace"))
	var cpu bytes.Buffer
	must(pprof.StartCPUProfile(&cpu))

	go boot(ledger, id) // creates: boot
	questions, answers := make(chan int), make(chan int)
	go ask(questions, answers, id)    // creates: ask
	go answer(questions, answers, id) // creates: answer
	jobs := make(chan int)
	for i := 0; i < 4; i++ {
		go idle(jobs, id) // creates: idle
	}
	time.Sleep(60 * time.Millisecond)
	ledger.batch.Store(1 << 20)
	time.Sleep(150 * time.Millisecond)
	caught := insideMap()
	ledger.batch.Store(256)
	pprof.StopCPUProfile()
	save(dir, "cpu.pb.gz", cpu.Bytes())
	for _, name := range []string{"heap", "mutex", "block"} {
		save(dir, name+".pb.gz", capture(name))
	}

	if mode == "fatal" {
		save(dir, "goroutine.pb.gz", caught)
		time.Sleep(60 * time.Millisecond)
		for i := 0; i < 3; i++ {
			go late(jobs, id) // creates: late
		}
		time.Sleep(time.Millisecond)
		saveKnown(dir)
		ledger.guarded.Store(false)
		select {}
	}
	go keep(ledger, make(chan int), id) // creates: keep
	time.Sleep(60 * time.Millisecond)
	save(dir, "goroutine.pb.gz", capture("goroutine"))
	stop()
	saveKnown(dir)
	fmt.Println("hung")
	must(syscall.Kill(syscall.Getpid(), syscall.SIGQUIT))
	select {}
}
