// A chat hub keyed by *client: broadcast ranges over the clients while
// others leave.
package main

import "time"

type client struct {
	inbox chan string
	left  bool
}

// Hub knows the connected clients.
type Hub struct {
	clients map[*client]bool
}

func (h *Hub) join(c *client) {
	h.clients[c] = true // race: A write
}

func (h *Hub) leave(c *client) {
	delete(h.clients, c) // race: B delete
}

func (h *Hub) broadcast(msg string) {
	for c := range h.clients { // race: C iterate
		select {
		case c.inbox <- msg:
		default:
		}
	}
}

func churn(h *Hub) {
	pool := make([]*client, 64)
	for i := range pool {
		pool[i] = &client{inbox: make(chan string, 1)}
	}
	for i := 0; ; i++ {
		c := pool[i%len(pool)]
		if c.left = !c.left; c.left {
			h.join(c)
		} else {
			h.leave(c)
		}
	}
}

func main() {
	h := &Hub{clients: make(map[*client]bool)}
	go churn(h)
	go func() {
		for {
			h.broadcast("tick")
		}
	}()
	time.Sleep(time.Hour)
}
