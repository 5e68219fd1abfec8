// Maps that goroutines share, with and without what keeps them apart. Lines
// that end in `suspect: KIND` have to be named by `gotriage suspects`; nothing
// else may be.
package main

import (
	"fmt"
	"net/http"
	"time"
)

func main() {
	started := time.Now()
	countries := load()
	register()
	v := newVisits()
	http.HandleFunc("/visit", v.serve)
	http.HandleFunc("/stock", newStock().serve)
	http.HandleFunc("/prices", newPrices().serve)
	http.HandleFunc("/session", sessions.serve)
	http.HandleFunc("/country", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, countries[r.FormValue("code")], codecs[r.FormValue("codec")])
	})
	go expire()
	w := newWarehouse()
	for i := 0; i < 3; i++ {
		go w.work(i)
	}
	go w.report()
	fmt.Println(sum([]string{"a", "b"}), tally([]string{"a", "b"}))
	go accept(make(chan net))
	serveApart()
	serveWays()
	serveInOrder()
	http.HandleFunc("/player", players.serve)
	go routes.refresh()
	http.HandleFunc("/routes", routes.serve)
	http.HandleFunc("/flags", flags.serve)
	fmt.Println(http.ListenAndServe("127.0.0.1:0", nil), time.Since(started))
}
