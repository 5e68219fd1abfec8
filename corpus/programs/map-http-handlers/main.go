// A web shop whose handlers share a cart map without a lock.
//
// With no argument it serves on a loopback port and prints the address; with
// "load ADDR" it is the client that sends the requests.
package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
)

// Carts counts items by user.
type Carts struct {
	items map[string]int
}

// Add handles POST /add.
func (c *Carts) Add(w http.ResponseWriter, r *http.Request) {
	for i := 0; i < 2000; i++ {
		c.put(r.FormValue("user"), i)
	}
	fmt.Fprintln(w, "added")
}

func (c *Carts) put(user string, n int) {
	c.items[user] = n // race: A write, many
}

// Show handles GET /show.
func (c *Carts) Show(w http.ResponseWriter, r *http.Request) {
	n := 0
	for i := 0; i < 2000; i++ {
		n += c.items[r.FormValue("user")] // race: B read, many
	}
	fmt.Fprintln(w, n)
}

func load(addr string) {
	var wg sync.WaitGroup
	for i := 0; i < 8; i++ {
		path := []string{"add", "show"}[i%2]
		wg.Add(1)
		go func(n int) {
			defer wg.Done()
			for {
				resp, err := http.Get(fmt.Sprintf("http://%s/%s?user=u%d", addr, path, n))
				if err != nil {
					return
				}
				resp.Body.Close()
			}
		}(i)
	}
	wg.Wait()
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == "load" {
		load(os.Args[2])
		return
	}
	c := &Carts{items: make(map[string]int)}
	mux := http.NewServeMux()
	mux.HandleFunc("/add", c.Add)
	mux.HandleFunc("/show", c.Show)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", l.Addr())
	log.Fatal(http.Serve(l, mux))
}
