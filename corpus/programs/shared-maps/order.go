package main

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Colours are mixed when other goroutines run already, but not the one that
// reads them.
var colours = map[string]string{}

func mixColours() { colours["green"] = "blue and yellow" }

func readColours() {
	for range time.Tick(time.Minute) {
		fmt.Println(colours["green"])
	}
}

// Shapes are drawn when their reader runs.
var shapes = map[string]string{}

func drawShapes() {
	shapes["square"] = "four sides" // suspect: unguarded
}

func readShapes() {
	for range time.Tick(time.Minute) {
		fmt.Println(shapes["square"]) // suspect: unguarded
	}
}

// Meals are cooked before requests ask for them.
var meals = map[string]string{}

func cookMeals() { meals["soup"] = "hot" }

func serveMeals(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, meals["soup"]) }

// Drinks are poured when requests ask for them.
var drinks = map[string]string{}

func pourDrinks() {
	drinks["tea"] = "hot" // suspect: unguarded
}

func serveDrinks(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintln(w, drinks["tea"]) // suspect: unguarded
}

// Bells are hung in turns: the first one rings when the second is hung.
var bells = map[string]int{}

func hangBells(names []string) {
	for i, name := range names {
		bells[name] = i // suspect: unguarded
		go ringBell(name)
	}
}

func ringBell(name string) {
	fmt.Println(bells[name]) // suspect: unguarded
}

// profile is copied into a variable that is there before, and the copy gets a
// map of its own.
type profile struct {
	tags map[string]string
}

var visitor = &profile{tags: map[string]string{}}

func (p *profile) serve(w http.ResponseWriter, r *http.Request) {
	var next profile
	if p != nil {
		next = *p
	}
	next.tags = make(map[string]string)
	for name, value := range p.tags {
		next.tags[name] = value
	}
	next.tags["path"] = r.URL.Path
	fmt.Fprintln(w, next.tags)
}

// badge is copied, too, but the copy has the map of the original.
type badge struct {
	tags map[string]string
}

var guest = &badge{tags: map[string]string{}}

func (b *badge) serve(w http.ResponseWriter, r *http.Request) {
	var next badge
	if b != nil {
		next = *b
	}
	next.tags["path"] = r.URL.Path // suspect: unguarded
	fmt.Fprintln(w, r.URL.Path)
}

// parcel is one worker's from when it is popped, in whichever function.
type parcel struct {
	stamps map[string]bool
	next   []*parcel
}

type post struct {
	mu      sync.Mutex
	parcels []*parcel
}

func (p *post) pop() *parcel {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := p.parcels[len(p.parcels)-1]
	p.parcels = p.parcels[:len(p.parcels)-1]
	return last
}

func (p *post) run(first *parcel) {
	p.parcels = append(p.parcels, first)
	stamp := func(one *parcel) {
		one.stamps["seen"] = true
	}
	for range 4 {
		go func() {
			stamp(p.pop())
		}()
	}
}

// letter is the same one for all of them.
type letter struct {
	stamps map[string]bool
}

func mark(first *letter) {
	stamp := func(one *letter) {
		one.stamps["seen"] = true // suspect: unguarded
	}
	for range 4 {
		go func() {
			stamp(first)
		}()
	}
}

type branch struct {
	name     string
	branches []*branch
}

// sizes has a map and a lock for each call of itself.
func sizes(b *branch) int {
	found := map[string]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, below := range b.branches {
		wg.Add(1)
		go func() {
			defer wg.Done()
			n := sizes(below)
			mu.Lock()
			note(found, below.name, n)
			mu.Unlock()
		}()
	}
	wg.Wait()
	note(found, b.name, 1)
	return len(found)
}

func note(found map[string]int, name string, n int) { found[name] = n }

// weights has a map for each call of itself, but no lock.
func weights(b *branch) int {
	found := map[string]int{}
	var wg sync.WaitGroup
	for _, below := range b.branches {
		wg.Add(1)
		go func() {
			defer wg.Done()
			record(found, below.name, weights(below))
		}()
	}
	wg.Wait()
	record(found, b.name, 1)
	return len(found)
}

func record(found map[string]int, name string, n int) {
	found[name] = n // suspect: unguarded
}

// serveInOrder starts everything of this file.
func serveInOrder() {
	mixColours()
	go readColours()
	go readShapes()
	drawShapes()
	cookMeals()
	http.HandleFunc("/meals", serveMeals)
	http.HandleFunc("/drinks", serveDrinks)
	pourDrinks()
	hangBells([]string{"a", "b"})
	http.HandleFunc("/profile", visitor.serve)
	http.HandleFunc("/badge", guest.serve)
	(&post{}).run(&parcel{})
	mark(&letter{stamps: map[string]bool{}})
	fmt.Println(sizes(&branch{}), weights(&branch{}))
}
