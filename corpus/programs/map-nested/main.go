// Two levels of maps: the outer one is only read, the race is on an inner map.
package main

import "time"

type stats map[string]map[string]int

func (s stats) hit(site, page string) {
	s[site][page]++ // race: A write, many
}

func visitor(s stats, site string, pages []string) {
	for i := 0; ; i++ {
		s.hit(site, pages[i%len(pages)])
	}
}

func main() {
	s := stats{"blog": {}, "shop": {}}
	pages := []string{"/", "/about", "/cart", "/pay", "/faq", "/jobs", "/news", "/map", "/login"}
	go visitor(s, "blog", pages) // bystander: its inner map is its own
	go visitor(s, "shop", pages)
	go visitor(s, "shop", pages)
	time.Sleep(time.Hour)
}
