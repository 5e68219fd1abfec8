// An order book keyed by int64: two gateways write orders, both through the
// fast path for 64-bit keys.
package main

import "time"

type order struct {
	price, quantity int64
}

// Book holds the open orders by number.
type Book struct {
	orders map[int64]order
}

// Place adds an order.
func (b *Book) Place(id int64, o order) {
	b.orders[id] = o // race: A write
}

// Cancel removes an order.
func (b *Book) Cancel(id int64) {
	delete(b.orders, id) // race: B delete
}

func gateway(b *Book) {
	for id := int64(1); ; id++ {
		b.Place(id%4096, order{price: id, quantity: 1})
	}
}

func risk(b *Book) {
	for id := int64(1); ; id++ {
		b.Cancel(id % 4096)
	}
}

func main() {
	b := &Book{orders: make(map[int64]order)}
	go gateway(b)
	go risk(b)
	time.Sleep(time.Hour)
}
