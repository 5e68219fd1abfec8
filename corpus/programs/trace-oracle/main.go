// Trace-oracle prints what Go's own reader of execution traces finds in a file, as one JSON object: the figures that
// `gotriage trace --format json` gives, and digests of the event stream.
//
//	go run . FILE > FILE.oracle.json
//
// It imports golang.org/x/exp/trace. The answers in the corpus were made with the copy of that package in Go 1.27.3's own source
// tree (internal/trace without its tests and viewer, import paths changed), by corpus/traces.py.
//
// Where the reader stops with an error, the figures of the events before it are printed, with the error.
package main

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"sort"
	"strings"

	"golang.org/x/exp/trace"
)

type tally struct {
	Count int64 `json:"count"`
	Ns    int64 `json:"ns"`
}

type rangeTally struct {
	Begin  int64 `json:"begin"`
	Active int64 `json:"active"`
	End    int64 `json:"end"`
	Ns     int64 `json:"ns"`
}

type waiter struct {
	Goroutine  int64  `json:"goroutine"`
	WaitNs     int64  `json:"wait_ns"`
	CreateFunc string `json:"create_func"`
	StartFunc  string `json:"start_func"`
}

type answer struct {
	Header         string           `json:"header"`
	Error          string           `json:"error,omitempty"`
	EventsTotal    int64            `json:"events_total"`
	EventsByKind   map[string]int64 `json:"events_by_kind"`
	GoTransitions  map[string]int64 `json:"go_transitions"`
	ProcTransition map[string]int64 `json:"proc_transitions"`
	Goroutines     struct {
		Created     int64 `json:"created"`
		Preexisting int64 `json:"preexisting"`
		Destroyed   int64 `json:"destroyed"`
		Seen        int64 `json:"seen"`
		AliveAtEnd  int64 `json:"alive_at_end"`
	} `json:"goroutines"`
	StateTime     map[string]int64  `json:"state_time_ns"`
	StateTimeBack map[string]int64  `json:"state_time_backfilled_ns"`
	BlockReasons  map[string]*tally `json:"block_reasons"`
	StopReasons   map[string]*tally `json:"stop_reasons"`
	Unblock       struct {
		Edges   int64 `json:"edges"`
		Without int64 `json:"edges_without_goroutine"`
		Pairs   int64 `json:"distinct_pairs"`
	} `json:"unblock"`
	Ranges     map[string]*rangeTally `json:"ranges"`
	CPUSamples struct {
		Total     int64 `json:"total"`
		WithStack int64 `json:"with_stack"`
		WithMap   int64 `json:"with_map_frame"`
	} `json:"cpu_samples"`
	WithMap    int64    `json:"events_with_map_frame"`
	TopWaiting []waiter `json:"top_waiting"`

	Creations map[string]int64  `json:"creations"` // "creator's function at the go statement < start function": how often
	MapSites  map[string]int64  `json:"map_sites"` // first frame outside the maps, "function:line": events
	Tasks     map[string]*tally `json:"tasks"`     // by type: begun; time of those begun and ended in the trace
	Regions   map[string]*tally `json:"regions"`   // by type, likewise
	Logs      map[string]int64  `json:"logs"`      // by category
	FirstNs   int64             `json:"first_ns"`
	LastNs    int64             `json:"last_ns"`

	StreamFNV   string `json:"stream_fnv64"`   // of every event's line, in order
	MultisetFNV string `json:"multiset_fnv64"` // sum of the hashes of the lines without their times
}

type goroutine struct {
	state    trace.GoState
	known    bool
	since    int64
	backfill int64
	reason   string
	create   string
	start    string
	wait     int64
}

type regionStart struct {
	task trace.TaskID
	typ  string
	at   int64
}

type counter struct {
	answer
	gs       map[trace.GoID]*goroutine
	pairs    map[[2]trace.GoID]bool
	ranges   map[string]int64
	tasks    map[trace.TaskID]int64
	regions  map[trace.GoID][]regionStart
	lastSync int64
	last     int64
	first    bool
	stacks   map[trace.Stack]stackFacts
	stream   hashWriter
	multiset uint64
}

type stackFacts struct {
	hash      uint64
	leaf, top string
	site      string // first frame outside the maps, if any frame is inside
}

type hashWriter interface {
	io.Writer
	Sum64() uint64
}

func main() {
	file, err := os.Open(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	c := &counter{
		gs: map[trace.GoID]*goroutine{}, pairs: map[[2]trace.GoID]bool{}, ranges: map[string]int64{},
		tasks: map[trace.TaskID]int64{}, regions: map[trace.GoID][]regionStart{}, stacks: map[trace.Stack]stackFacts{},
		stream: fnv.New64a(), first: true,
	}
	c.Header = header(os.Args[1])
	c.EventsByKind, c.GoTransitions, c.ProcTransition = map[string]int64{}, map[string]int64{}, map[string]int64{}
	c.StateTime, c.StateTimeBack = map[string]int64{}, map[string]int64{}
	c.BlockReasons, c.StopReasons = map[string]*tally{}, map[string]*tally{}
	c.Ranges, c.Creations, c.MapSites = map[string]*rangeTally{}, map[string]int64{}, map[string]int64{}
	c.Tasks, c.Regions, c.Logs = map[string]*tally{}, map[string]*tally{}, map[string]int64{}
	c.TopWaiting = []waiter{}
	if err := c.read(file); err != nil {
		c.Error = strings.SplitN(err.Error(), "\n", 2)[0]
	}
	c.finish()
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	out.SetIndent("", " ")
	if err := out.Encode(&c.answer); err != nil {
		panic(err)
	}
}

func header(path string) string {
	bytes, _ := os.ReadFile(path)
	if len(bytes) < 16 {
		return ""
	}
	return strings.TrimSuffix(strings.TrimRight(string(bytes[:16]), "\x00"), " trace")
}

func (c *counter) read(file io.Reader) error {
	r, err := trace.NewReader(file)
	if err != nil {
		return err
	}
	for {
		ev, err := r.ReadEvent()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		c.event(ev)
	}
}

// mapPrefixes are the functions of the runtime's maps.
var mapPrefixes = []string{
	"internal/runtime/maps.", "runtime.mapassign", "runtime.mapdelete", "runtime.mapaccess", "runtime.mapiter", "runtime.mapIter",
	"runtime.mapclear", "runtime.mapclone", "runtime.makemap", "runtime.makeBucketArray", "runtime.hashGrow", "runtime.growWork",
	"runtime.evacuate", "runtime.advanceEvacuationMark", "runtime.(*hmap).", "runtime.(*bmap).",
}

func isMap(function string) bool {
	for _, prefix := range mapPrefixes {
		if strings.HasPrefix(function, prefix) {
			return true
		}
	}
	return false
}

func (c *counter) stack(s trace.Stack) stackFacts {
	if s == trace.NoStack {
		return stackFacts{}
	}
	if facts, ok := c.stacks[s]; ok {
		return facts
	}
	h := fnv.New64a()
	var facts stackFacts
	inside := false
	for f := range s.Frames() {
		fmt.Fprintf(h, "%x %s %s %d\n", f.PC, f.Func, f.File, f.Line)
		if facts.leaf == "" {
			facts.leaf = f.Func
		}
		facts.top = f.Func
		if isMap(f.Func) {
			inside = true
			facts.site = ""
		} else if inside && facts.site == "" {
			facts.site = fmt.Sprintf("%s:%d", f.Func, f.Line)
		}
	}
	if inside && facts.site == "" {
		facts.site = "?"
	}
	facts.hash = h.Sum64()
	c.stacks[s] = facts
	return facts
}

func (c *counter) event(ev trace.Event) {
	c.EventsTotal++
	c.EventsByKind[ev.Kind().String()]++
	at := int64(ev.Time())
	if c.first {
		c.first = false
		c.FirstNs = at
	}
	c.last = at
	stack := c.stack(ev.Stack())
	if stack.site != "" {
		c.WithMap++
		c.MapSites[stack.site]++
	}
	line := fmt.Sprintf("%d %d %d %s %s %x\n", ev.Thread(), ev.Proc(), ev.Goroutine(), ev.Kind(), c.details(ev, at), stack.hash)
	fmt.Fprintf(c.stream, "%d %s", at, line)
	h := fnv.New64a()
	io.WriteString(h, line)
	c.multiset += h.Sum64()
}

// details counts what the event's kind says, and returns it as text.
func (c *counter) details(ev trace.Event, at int64) string {
	switch ev.Kind() {
	case trace.EventSync:
		c.lastSync = at
		s := ev.Sync()
		if s.ClockSnapshot == nil {
			return fmt.Sprint(s.N)
		}
		return fmt.Sprintf("%d %d %d %d", s.N, s.ClockSnapshot.Trace, s.ClockSnapshot.Mono, s.ClockSnapshot.Wall.UnixNano())
	case trace.EventMetric:
		m := ev.Metric()
		return fmt.Sprintf("%s %d", m.Name, m.Value.Uint64())
	case trace.EventLabel:
		return ev.Label().Label
	case trace.EventStackSample:
		c.CPUSamples.Total++
		if stack := c.stack(ev.Stack()); ev.Stack() != trace.NoStack {
			c.CPUSamples.WithStack++
			if stack.site != "" {
				c.CPUSamples.WithMap++
			}
		}
		return ""
	case trace.EventRangeBegin, trace.EventRangeActive, trace.EventRangeEnd:
		return c.rangeEvent(ev, at)
	case trace.EventTaskBegin:
		t := ev.Task()
		count(c.Tasks, t.Type).Count++
		c.tasks[t.ID] = at
		return fmt.Sprintf("%d %d %s", int64(t.ID), int64(t.Parent), t.Type)
	case trace.EventTaskEnd:
		t := ev.Task()
		if begun, ok := c.tasks[t.ID]; ok {
			count(c.Tasks, t.Type).Ns += at - begun
			delete(c.tasks, t.ID)
		}
		return fmt.Sprintf("%d %d %s", int64(t.ID), int64(t.Parent), t.Type)
	case trace.EventRegionBegin:
		r := ev.Region()
		count(c.Regions, r.Type).Count++
		c.regions[ev.Goroutine()] = append(c.regions[ev.Goroutine()], regionStart{r.Task, r.Type, at})
		return fmt.Sprintf("%d %s", int64(r.Task), r.Type)
	case trace.EventRegionEnd:
		r := ev.Region()
		open := c.regions[ev.Goroutine()]
		if n := len(open) - 1; n >= 0 && open[n].task == r.Task && open[n].typ == r.Type {
			count(c.Regions, r.Type).Ns += at - open[n].at
			c.regions[ev.Goroutine()] = open[:n]
		}
		return fmt.Sprintf("%d %s", int64(r.Task), r.Type)
	case trace.EventLog:
		l := ev.Log()
		c.Logs[l.Category]++
		return fmt.Sprintf("%d %s %s", int64(l.Task), l.Category, l.Message)
	case trace.EventStateTransition:
		return c.transition(ev, at)
	case trace.EventExperimental:
		e := ev.Experimental()
		text := e.Name
		for i := range e.Args {
			text += fmt.Sprintf(" %d", e.ArgValue(i).Uint64())
		}
		return text
	}
	return "?"
}

func count(in map[string]*tally, key string) *tally {
	if in[key] == nil {
		in[key] = &tally{}
	}
	return in[key]
}

func (c *counter) rangeEvent(ev trace.Event, at int64) string {
	r := ev.Range()
	scope := "-"
	switch r.Scope.Kind {
	case trace.ResourceGoroutine:
		scope = fmt.Sprintf("g%d", r.Scope.Goroutine())
	case trace.ResourceProc:
		scope = fmt.Sprintf("p%d", r.Scope.Proc())
	}
	t := c.Ranges[r.Name]
	if t == nil {
		t = &rangeTally{}
		c.Ranges[r.Name] = t
	}
	key := r.Name + scope
	text := r.Name + " " + scope
	switch ev.Kind() {
	case trace.EventRangeBegin:
		t.Begin++
		c.ranges[key] = at
	case trace.EventRangeActive:
		t.Active++
		if _, open := c.ranges[key]; !open {
			c.ranges[key] = at
		}
	case trace.EventRangeEnd:
		t.End++
		if begun, open := c.ranges[key]; open {
			t.Ns += at - begun
			delete(c.ranges, key)
		}
		for _, a := range ev.RangeAttributes() {
			text += fmt.Sprintf(" %d", a.Value.Uint64())
		}
	}
	return text
}

func (c *counter) transition(ev trace.Event, at int64) string {
	s := ev.StateTransition()
	if s.Resource.Kind == trace.ResourceProc {
		from, to := s.Proc()
		c.ProcTransition[from.String()+"->"+to.String()]++
		return fmt.Sprintf("p%d %s->%s", s.Resource.Proc(), from, to)
	}
	id := s.Resource.Goroutine()
	from, to := s.Goroutine()
	c.GoTransitions[from.String()+"->"+to.String()]++
	g := c.gs[id]
	if g == nil {
		g = &goroutine{}
		c.gs[id] = g
		c.Goroutines.Seen++
	}
	inner := c.stack(s.Stack)
	switch {
	case from == trace.GoNotExist:
		c.Goroutines.Created++
		g.create = c.stack(ev.Stack()).leaf
		g.start = inner.top
		c.Creations[g.create+" < "+g.start]++
	case from == trace.GoUndetermined:
		c.Goroutines.Preexisting++
		g.backfill = at - c.lastSync
		c.StateTimeBack[to.String()] += g.backfill
	}
	if g.start == "" {
		g.start = inner.top
	}
	if to == trace.GoNotExist {
		c.Goroutines.Destroyed++
	}
	if from == trace.GoWaiting && to == trace.GoRunnable {
		if ev.Goroutine() == trace.NoGoroutine {
			c.Unblock.Without++
		} else {
			c.Unblock.Edges++
			c.pairs[[2]trace.GoID{ev.Goroutine(), id}] = true
		}
	}
	if from != to {
		c.leave(g, at)
		g.known, g.state, g.since, g.reason = to != trace.GoNotExist, to, at, ""
		if from == trace.GoRunning && to == trace.GoWaiting {
			g.reason = "b" + s.Reason
			count(c.BlockReasons, s.Reason).Count++
		}
		if from == trace.GoRunning && to == trace.GoRunnable {
			g.reason = "s" + s.Reason
			count(c.StopReasons, s.Reason).Count++
		}
	}
	return fmt.Sprintf("g%d %s->%s %s %x", id, from, to, s.Reason, inner.hash)
}

// leave books the time in the state that ends.
func (c *counter) leave(g *goroutine, at int64) {
	if !g.known {
		return
	}
	d := at - g.since
	c.StateTime[g.state.String()] += d
	if g.state == trace.GoWaiting {
		g.wait += d
	}
	if g.reason != "" {
		if g.reason[0] == 'b' {
			count(c.BlockReasons, g.reason[1:]).Ns += d
		} else {
			count(c.StopReasons, g.reason[1:]).Ns += d
		}
	}
}

func (c *counter) finish() {
	for id, g := range c.gs {
		if g.known {
			c.Goroutines.AliveAtEnd++
		}
		c.leave(g, c.last)
		if g.wait > 0 {
			c.TopWaiting = append(c.TopWaiting, waiter{int64(id), g.wait, g.create, g.start})
		}
	}
	for state, ns := range c.StateTime {
		c.StateTimeBack[state] += ns
	}
	sort.Slice(c.TopWaiting, func(i, j int) bool {
		a, b := c.TopWaiting[i], c.TopWaiting[j]
		if a.WaitNs != b.WaitNs {
			return a.WaitNs > b.WaitNs
		}
		return a.Goroutine < b.Goroutine
	})
	if len(c.TopWaiting) > 20 {
		c.TopWaiting = c.TopWaiting[:20]
	}
	c.Unblock.Pairs = int64(len(c.pairs))
	c.LastNs = c.last
	c.StreamFNV = fmt.Sprintf("%016x", c.stream.Sum64())
	c.MultisetFNV = fmt.Sprintf("%016x", c.multiset)
}
