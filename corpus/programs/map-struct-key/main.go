// Flow accounting keyed by a struct: the generic map path, packets are
// counted by the receiver and read by the exporter.
package main

import "time"

type flow struct {
	src, dst string
	port     uint16
}

// Accounts holds the bytes of every flow.
type Accounts struct {
	bytes map[flow]uint64
}

// Count adds a packet.
func (a *Accounts) Count(f flow, n uint64) {
	a.bytes[f] += n // race: A write
}

// Bytes returns what a flow has carried.
func (a *Accounts) Bytes(f flow) uint64 {
	return a.bytes[f] // race: B read
}

func receive(a *Accounts) {
	for i := 0; ; i++ {
		a.Count(flow{"10.0.0.1", "10.0.0.2", uint16(i % 100)}, 1500)
	}
}

func export(a *Accounts) (sum uint64) {
	for i := 0; ; i++ {
		sum += a.Bytes(flow{"10.0.0.1", "10.0.0.2", uint16(i % 100)})
	}
}

func main() {
	a := &Accounts{bytes: make(map[flow]uint64)}
	go receive(a)
	go export(a)
	time.Sleep(time.Hour)
}
