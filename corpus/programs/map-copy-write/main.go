// maps.Copy merges defaults into a live map from one goroutine while another
// writes it: the line of the copy is a write as well.
package main

import (
	"maps"
	"time"
)

type env struct{ vars map[string]string }

func (e *env) merge(defaults map[string]string) {
	maps.Copy(e.vars, defaults) // race: A write
}

func (e *env) set(name, value string) {
	e.vars[name] = value // race: B write
}

func main() {
	e := &env{vars: map[string]string{}}
	defaults := map[string]string{"HOME": "/", "LANG": "C", "TERM": "dumb", "SHELL": "sh", "TZ": "UTC", "USER": "app",
		"PWD": "/", "EDITOR": "ed", "PAGER": "cat", "MAIL": "none"}
	go func() {
		for {
			e.merge(defaults)
		}
	}()
	go func() {
		for {
			e.set("TZ", "CET")
		}
	}()
	time.Sleep(time.Hour)
}
