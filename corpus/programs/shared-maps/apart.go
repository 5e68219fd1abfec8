package main

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"example.com/sharedmaps/catalog"
)

// A parser belongs to the goroutine that made it, though many goroutines have one.
type parser struct {
	fields map[string]string
}

func newParser() *parser { return &parser{fields: make(map[string]string)} }

func (p *parser) parse(line string) int {
	p.fields[line] = line
	return len(p.fields)
}

// parseAll makes a parser for each of its goroutines.
func parseAll(lines []string) {
	for _, line := range lines {
		go func() {
			p := parserFor(line)
			p.parse(line)
		}()
	}
	for range 2 {
		go parseOne(lines[0])
	}
}

func parseOne(line string) { parserFor(line).parse(line) }

// parserFor hides that what it gives back is new.
func parserFor(line string) *parser {
	var found *parser
	if line != "" {
		found = newParser()
	}
	return found
}

// A task is taken out of the queue by one worker, and is that worker's from then on.
type task struct {
	marks map[string]bool
}

type queue struct {
	mu    sync.Mutex
	tasks []*task
}

func (q *queue) pop() *task {
	q.mu.Lock()
	defer q.mu.Unlock()
	last := q.tasks[len(q.tasks)-1]
	q.tasks = q.tasks[:len(q.tasks)-1]
	return last
}

func (q *queue) run() {
	for range 4 {
		go func() {
			t := q.pop()
			t.marks["done"] = true
		}()
	}
}

// count gives each goroutine the slot of its number.
func count(words []string) []map[string]int {
	slots := make([]map[string]int, 4)
	var wg sync.WaitGroup
	for i := range slots {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			slots[i] = make(map[string]int)
			slot := slots[i]
			for _, word := range words {
				slot[word]++
			}
		}(i)
	}
	wg.Wait()
	return slots
}

// collect has a map for each turn of its loop, filled by another function.
func collect(words []string) {
	var wg sync.WaitGroup
	for _, word := range words {
		lengths := make(map[string]int)
		wg.Add(1)
		go func() {
			defer wg.Done()
			measure(lengths, word)
		}()
	}
	wg.Wait()
}

func measure(lengths map[string]int, word string) { lengths[word] = len(word) }

// restore starts its second goroutines when the first ones are done.
func restore(names []string) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	starts := make(map[string]time.Time)
	for _, name := range names {
		wg.Add(1)
		go func() {
			defer wg.Done()
			mu.Lock()
			starts[name] = time.Now()
			mu.Unlock()
		}()
	}
	wg.Wait()
	for _, name := range names {
		wg.Add(1)
		go func() {
			defer wg.Done()
			_ = starts[name]
		}()
	}
	wg.Wait()
}

// zones is kept by one goroutine, which another function is handed to run.
type zones struct {
	states map[string]int
}

var regions = &zones{states: map[string]int{}}

func (z *zones) start() {
	go until(func() { z.observe("a") }, time.Second)
	z.wait()
}

func (z *zones) wait() { time.Sleep(time.Hour) }

func (z *zones) observe(name string) { z.states[name]++ }

func until(f func(), pause time.Duration) {
	for {
		f()
		time.Sleep(pause)
	}
}

// votes locks in functions of its own, because one lock is not always needed.
type votes struct {
	mu    sync.Mutex
	order sync.Mutex
	given map[string]int
}

func (v *votes) serve(w http.ResponseWriter, r *http.Request) {
	inOrder := r.FormValue("order") != ""
	lock := func() {
		if inOrder {
			v.order.Lock()
		}
		v.mu.Lock()
	}
	unlock := func() {
		v.mu.Unlock()
		if inOrder {
			v.order.Unlock()
		}
	}
	lock()
	v.given[r.RemoteAddr]++
	n := v.given[r.RemoteAddr]
	unlock()
	w.Write([]byte(strconv.Itoa(n)))
}

// settings are copied, and a copy gets a map of its own before it is changed.
type settings struct {
	values map[string]string
}

var defaults = &settings{values: map[string]string{}}

func (s *settings) serve(w http.ResponseWriter, r *http.Request) {
	next := *s
	next.values = make(map[string]string)
	for name, value := range s.values {
		next.values[name] = value
	}
	next.values["name"] = r.FormValue("name")
	w.Write([]byte(next.values["name"]))
}

// serveApart starts everything of this file.
func serveApart() {
	parseAll([]string{"a", "b"})
	(&queue{}).run()
	count([]string{"a"})
	collect([]string{"a"})
	restore([]string{"a"})
	go regions.start()
	http.HandleFunc("/settings", defaults.serve)
	http.HandleFunc("/votes", (&votes{given: map[string]int{}}).serve)
	go catalog.Find("a")
}
