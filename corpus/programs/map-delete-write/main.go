// A connection table: accept adds connections, the reaper deletes idle ones.
package main

import "strconv"

// Table holds the open connections by remote address.
type Table struct {
	conns map[string]*conn
}

type conn struct{ id int }

// Add registers a connection.
func (t *Table) Add(addr string, c *conn) {
	t.conns[addr] = c // race: A write
}

// Drop forgets a connection.
func (t *Table) Drop(addr string) {
	delete(t.conns, addr) // race: B delete
}

func accept(t *Table) {
	for i := 0; ; i++ {
		t.Add("10.0.0."+strconv.Itoa(i%200), &conn{id: i})
	}
}

func reap(t *Table) {
	for i := 0; ; i++ {
		t.Drop("10.0.0." + strconv.Itoa(i%200))
	}
}

func main() {
	t := &Table{conns: map[string]*conn{}}
	go accept(t)
	reap(t)
}
