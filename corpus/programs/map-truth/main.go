// Makes many real maps and prints where everything in them lies, as JSON
// lines: the snapshot of the process, then entries, then addresses. The argument
// "large" adds the large maps, "small" leaves out more, "keys" all but the
// maps that differ by key type.
package main

import (
	"os"

	"example.com/app/mapmem"
)

// amounts is how many maps are made and printed of.
type amounts struct {
	name       string
	everyEntry int // up to how many entries of a map all are printed
	sampled    int // about how many of a larger one
}

var known = []amounts{{"keys", 12, 9}, {"small", 12, 9}, {"usual", 128, 64}, {"large", 600, 200}}

// headerEvery is the distance of maps whose header's addresses are printed.
const headerEvery = 9

// kept is every map made, in the order of making.
var kept []*mapmem.View

func keep(name string, m interface{}) *mapmem.View {
	for _, other := range kept {
		if other.Name == name {
			panic("two maps are called " + name)
		}
	}
	view := mapmem.Look(name, m)
	kept = append(kept, view)
	return view
}

// Snapshot is the document; see the corpus's README.
type Snapshot struct {
	mapmem.Process
	Maps []mapmem.Shot `json:"maps"`
}

func main() {
	amount := known[2]
	for _, other := range known {
		if len(os.Args) > 1 && os.Args[1] == other.name {
			amount = other
		}
	}
	makeMaps(amount.name)
	lines := mapmem.NewLines()
	defer lines.Close()
	snapshot := Snapshot{Process: mapmem.ThisProcess()}
	snapshot.Schema = "gotriage.map-snapshot/1"
	for _, view := range kept {
		snapshot.Maps = append(snapshot.Maps, view.Shot())
	}
	lines.Write(snapshot)
	for _, view := range kept {
		limit := 0
		if view.Len() > amount.everyEntry && view.Name != "string lengths" {
			limit = amount.sampled
		}
		for _, entry := range view.Entries(limit) {
			lines.Write(entry)
		}
	}
	if amount.name == "keys" {
		return
	}
	for i, view := range kept {
		for _, address := range view.Addresses(i%headerEvery == 0) {
			lines.Write(address)
		}
	}
}
