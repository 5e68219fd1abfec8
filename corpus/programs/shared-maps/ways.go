package main

import (
	"context"
	"net/http"
	"strconv"
	"sync"
)

// A ledger is locked by whoever finds it in the books. While it is being opened
// it is nobody else's, though a goroutine that never looks at its rows has it.
type ledger struct {
	mu   sync.Mutex
	rows map[string]int
}

type books struct {
	mu      sync.Mutex
	ledgers map[string]*ledger
}

func (b *books) find(name string) *ledger {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ledgers[name]
}

func (b *books) open(name string) *ledger {
	l := &ledger{rows: map[string]int{}}
	go l.watch()
	l.add("opening")
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ledgers[name] = l
	return l
}

func (l *ledger) watch() {}

func (l *ledger) add(row string) { l.rows[row]++ }

func (b *books) serve(w http.ResponseWriter, r *http.Request) {
	if l := b.find(r.FormValue("name")); l != nil {
		l.mu.Lock()
		l.add(r.FormValue("row"))
		l.mu.Unlock()
		return
	}
	b.open(r.FormValue("name"))
}

// A diary is found in the same way, but not everybody who finds it locks it.
type diary struct {
	mu    sync.Mutex
	lines map[string]int
}

type shelf struct {
	mu      sync.Mutex
	diaries map[string]*diary
}

func (s *shelf) find(name string) *diary {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.diaries[name]
}

func (d *diary) add(line string) {
	d.lines[line]++ // suspect: one-side-unlocked
}

func (s *shelf) serve(w http.ResponseWriter, r *http.Request) {
	if d := s.find(r.FormValue("name")); d != nil {
		d.mu.Lock()
		d.add(r.FormValue("line"))
		d.mu.Unlock()
	}
}

func (s *shelf) scribble(w http.ResponseWriter, r *http.Request) {
	if d := s.find(r.FormValue("name")); d != nil {
		d.add("scribble")
	}
}

// A folder is in the cabinet before it is complete.
type folder struct {
	mu     sync.Mutex
	sheets map[string]int
}

type cabinet struct {
	mu      sync.Mutex
	folders map[string]*folder
}

func (c *cabinet) find(name string) *folder {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.folders[name]
}

func (c *cabinet) open(name string) *folder {
	f := &folder{sheets: map[string]int{}}
	go f.watch()
	c.mu.Lock()
	c.folders[name] = f
	c.mu.Unlock()
	f.add("opening")
	return f
}

func (f *folder) watch() {}

func (f *folder) add(sheet string) {
	f.sheets[sheet]++ // suspect: one-side-unlocked
}

func (c *cabinet) serve(w http.ResponseWriter, r *http.Request) {
	if f := c.find(r.FormValue("name")); f != nil {
		f.mu.Lock()
		f.add(r.FormValue("sheet"))
		f.mu.Unlock()
		return
	}
	c.open(r.FormValue("name"))
}

// Requests paint on a screen. The printer and its ink belong to one goroutine:
// that they could be reached from a request is a guess upon a guess.
type painter interface{ paint(name string) }

type ink interface{ take(name string) }

type screen struct{}

func (screen) paint(string) {}

type printer struct{ colour ink }

func (p *printer) paint(name string) { p.colour.take(name) }

type black struct{}

func (black) take(string) {}

type rare struct{}

var drops = map[string]int{}

func (rare) take(name string) { drops[name]++ }

var canvas painter = screen{}

func paint(w http.ResponseWriter, r *http.Request) { canvas.paint(r.URL.Path) }

func printAll() {
	p := &printer{colour: rare{}}
	for {
		p.paint("page")
	}
}

// Requests work with a saw. A hammer is one of many tools, and nobody
// takes it: that requests might is a guess among too many.
type tool interface{ work(name string) }

type saw struct{}

func (saw) work(string) {}

type plane struct{}

func (plane) work(string) {}

type file struct{}

func (file) work(string) {}

type drill struct{}

func (drill) work(string) {}

type hammer struct{}

var nails = map[string]int{}

func (hammer) work(name string) { nails[name]++ }

var bench tool = saw{}

func work(w http.ResponseWriter, r *http.Request) { bench.work(r.URL.Path) }

// Requests are kept in memory or nowhere: one of two.
type keeper interface{ keep(name string) }

type nowhere struct{}

func (nowhere) keep(string) {}

type memory struct{}

var kept = map[string]int{}

func (memory) keep(name string) {
	kept[name]++ // suspect: unguarded
}

var keeping keeper = memory{}

func keep(w http.ResponseWriter, r *http.Request) { keeping.keep(r.URL.Path) }

// Templates come from a source, one of two. Who writes them takes a lock, so
// company is expected, whichever it is.
type source interface{ template(name string) string }

type empty struct{}

func (empty) template(string) string { return "" }

type cached struct {
	mu    sync.Mutex
	texts map[string]string
}

var texts = &cached{texts: map[string]string{}}

var templates source = texts

func (c *cached) template(name string) string {
	if text, ok := c.texts[name]; ok { // suspect: one-side-unlocked
		return text
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.texts[name] = name // suspect: one-side-unlocked
	return name
}

func fill(w http.ResponseWriter, r *http.Request) {
	w.Write([]byte(templates.template(r.URL.Path)))
}

// rooms are changed in a goroutine of its own, which the one that holds the
// lock waits for.
type rooms struct {
	mu    sync.Mutex
	names map[string]int
}

func (s *rooms) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = isolated(func() error {
		s.names[r.URL.Path]++
		return nil
	})
	w.Write([]byte(strconv.Itoa(s.names["/"])))
}

func isolated(f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	return <-done
}

// halls are changed in the same way, but nobody waits.
type halls struct {
	mu    sync.Mutex
	names map[string]int
}

func (s *halls) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	detached(func() error {
		s.names[r.URL.Path]++ // suspect: one-side-unlocked
		return nil
	})
	w.Write([]byte(strconv.Itoa(s.names["/"]))) // suspect: one-side-unlocked
}

func detached(f func() error) {
	go func() { _ = f() }()
}

// A probe is one of many: the one that is warmed up and the one that tries again
// are two.
type probe struct {
	beats map[string]int
}

type lab struct{ probes []*probe }

func (l *lab) warm() {
	p := &probe{beats: map[string]int{}}
	go p.beat()
	other := &probe{beats: map[string]int{}}
	other.retry()
	l.probes = append(l.probes, p, other)
}

func (p *probe) beat() { p.beats["beat"]++ }

func (p *probe) retry() { go p.again() }

func (p *probe) again() { p.beats["again"]++ }

// There is one gauge.
type gauge struct {
	beats map[string]int
}

func gaugeOnce() {
	g := &gauge{beats: map[string]int{}}
	go g.beat()
	g.retry()
}

func (g *gauge) beat() {
	g.beats["beat"]++ // suspect: unguarded
}

func (g *gauge) retry() { go g.again() }

func (g *gauge) again() {
	g.beats["again"]++ // suspect: unguarded
}

// A lobby is taken out of an interface as a copy, with a copy of its lock.
type lobby struct {
	mu     sync.Mutex
	guests map[string]bool
}

var (
	mainLobby = lobby{guests: map[string]bool{}}

	door any = mainLobby
)

func enter(w http.ResponseWriter, r *http.Request) {
	l, ok := door.(lobby)
	if !ok {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.guests[r.RemoteAddr] = true // suspect: copied-lock
}

// A foyer is taken out as a pointer.
type foyer struct {
	mu     sync.Mutex
	guests map[string]bool
}

var (
	mainFoyer = foyer{guests: map[string]bool{}}

	gate any = &mainFoyer
)

func pass(w http.ResponseWriter, r *http.Request) {
	f, ok := gate.(*foyer)
	if !ok {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.guests[r.RemoteAddr] = true
}

// A service as protoc makes it: its methods are called by many at once.
type UnimplementedShopServer struct{}

type order struct{ name string }

type Shop_WatchServer interface{ Send(*order) error }

type shopServer struct {
	UnimplementedShopServer
	mu     sync.Mutex
	orders map[string]int
	seen   map[string]bool
}

// Restock is no method of the service: main calls it, before it serves.
func (s *shopServer) Restock(name string) { s.orders[name] = 10 }

func (s *shopServer) Buy(ctx context.Context, in *order) (*order, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orders[in.name]--
	return in, nil
}

func (s *shopServer) Watch(in *order, stream Shop_WatchServer) error {
	s.seen[in.name] = true // suspect: unguarded
	s.mu.Lock()
	n := s.orders[in.name]
	s.mu.Unlock()
	return stream.Send(&order{name: strconv.Itoa(n)})
}

// pantry gives its lock back while it waits, and takes it again.
type pantry struct {
	mu   sync.Mutex
	jars map[string]int
}

func (p *pantry) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.jars[r.URL.Path] > 9 {
		p.pause()
	}
	p.jars[r.URL.Path]++
}

func (p *pantry) pause() {
	p.mu.Unlock()
	wait("a moment")
	p.mu.Lock()
}

// cellar gives its lock back and does not take it again.
type cellar struct {
	mu   sync.Mutex
	jars map[string]int
}

func (c *cellar) serve(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	n := c.jars[r.URL.Path] // suspect: one-side-unlocked
	c.rest()
	c.jars[r.URL.Path] = n + 1 // suspect: one-side-unlocked
}

func (c *cellar) rest() {
	c.mu.Unlock()
	wait("a moment")
}

func wait(string) {}

// serveWays starts everything of this file.
func serveWays() {
	b := &books{ledgers: map[string]*ledger{}}
	http.HandleFunc("/books", b.serve)
	c := &cabinet{folders: map[string]*folder{}}
	http.HandleFunc("/cabinet", c.serve)
	s := &shelf{diaries: map[string]*diary{}}
	http.HandleFunc("/shelf", s.serve)
	http.HandleFunc("/scribble", s.scribble)
	http.HandleFunc("/paint", paint)
	http.HandleFunc("/keep", keep)
	go printAll()
	http.HandleFunc("/work", work)
	http.HandleFunc("/fill", fill)
	http.HandleFunc("/enter", enter)
	http.HandleFunc("/pass", pass)
	(&lab{}).warm()
	gaugeOnce()
	http.HandleFunc("/rooms", (&rooms{names: map[string]int{}}).serve)
	http.HandleFunc("/halls", (&halls{names: map[string]int{}}).serve)
	shop := &shopServer{orders: map[string]int{}, seen: map[string]bool{}}
	shop.Restock("tea")
	http.HandleFunc("/shop", func(w http.ResponseWriter, r *http.Request) {
		shop.Buy(r.Context(), &order{name: r.URL.Path})
	})
	http.HandleFunc("/pantry", (&pantry{jars: map[string]int{}}).serve)
	http.HandleFunc("/cellar", (&cellar{jars: map[string]int{}}).serve)
}
