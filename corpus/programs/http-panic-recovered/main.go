// net/http recovers a handler's panic and logs it: the process lives on.
package main

import (
	"fmt"
	"net"
	"net/http"
)

type cart struct{ total int }

func checkout(w http.ResponseWriter, r *http.Request) {
	var c *cart
	fmt.Fprintln(w, c.total) // panic: c is nil
}

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	http.HandleFunc("/checkout", checkout)
	go http.Serve(l, nil)
	fmt.Println("listening on", l.Addr())
	http.Get("http://" + l.Addr().String() + "/checkout")
}
