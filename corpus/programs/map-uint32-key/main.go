// A page table keyed by uint32: a reader walks addresses while the loader
// maps pages, through the fast path for 32-bit keys.
package main

import "time"

// Pages maps a page number to its frame.
type Pages struct {
	frames map[uint32]uint32
}

func (p *Pages) load(page, frame uint32) {
	p.frames[page] = frame // race: A write
}

func (p *Pages) resolve(page uint32) (uint32, bool) {
	f, ok := p.frames[page] // race: B read
	return f, ok
}

func loader(p *Pages) {
	for n := uint32(0); ; n++ {
		p.load(n%1024, n)
	}
}

func walker(p *Pages) (hits int) {
	for n := uint32(0); ; n++ {
		if _, ok := p.resolve(n % 1024); ok {
			hits++
		}
	}
}

func main() {
	p := &Pages{frames: map[uint32]uint32{0: 0}}
	go loader(p)
	go walker(p)
	time.Sleep(time.Hour)
}
