// Package store keeps documents by name, without a lock.
package store

// Index maps a document to its owner.
type Index struct {
	owners map[string]int
}

// New returns an empty index.
func New() *Index {
	return &Index{owners: make(map[string]int)}
}

// Put records an owner.
func (x *Index) Put(doc string, owner int) {
	x.owners[doc] = owner // race: A write, many
}
