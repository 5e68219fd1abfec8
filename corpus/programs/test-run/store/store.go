// Package store counts votes in a map and in a number, both without a lock.
package store

// Votes counts by name.
type Votes struct {
	byName map[string]int
	total  int
}

// New has no votes.
func New() *Votes { return &Votes{byName: map[string]int{}} }

// Cast adds one vote.
func (v *Votes) Cast(name string) {
	v.byName[name]++ // race: map
}

// Count adds one to the total.
func (v *Votes) Count() {
	v.total++ // race: number
}

// Total tells it.
func (v *Votes) Total() int {
	return v.total // race: number
}
