// A registry passed by value: every copy of the struct shares the one map.
package main

import (
	"strconv"
	"time"
)

// Registry is copied freely, its map is not.
type Registry struct {
	Zone  string
	Limit int
	hosts map[string]int
}

// Register has a value receiver, which looks safe.
func (r Registry) Register(host string, port int) {
	r.hosts[host] = port // race: A write, many
}

func announce(r Registry, first int) {
	for i := first; ; i++ {
		r.Register("host-"+strconv.Itoa(i%128), 8000+i%10)
	}
}

func main() {
	r := Registry{Zone: "eu-1", Limit: 128, hosts: make(map[string]int)}
	for i := 0; i < 3; i++ {
		own := r
		own.Zone = "eu-" + strconv.Itoa(i)
		go announce(own, i*40)
	}
	time.Sleep(time.Hour)
}
