// A tiny decoder that fills maps by reflection; two feeds decode into the
// same destination.
package main

import (
	"reflect"
	"strings"
	"sync"
)

// decode stores each "key=value" of line in the map that dst points to.
func decode(line string, dst interface{}) {
	m := reflect.ValueOf(dst).Elem()
	for _, pair := range strings.Fields(line) {
		kv := strings.SplitN(pair, "=", 2)
		m.SetMapIndex(reflect.ValueOf(kv[0]), reflect.ValueOf(kv[1])) // race: A write, many
	}
}

func feed(wg *sync.WaitGroup, lines []string, dst *map[string]string) {
	defer wg.Done()
	for i := 0; ; i++ {
		decode(lines[i%len(lines)], dst)
	}
}

func main() {
	attrs := make(map[string]string)
	var wg sync.WaitGroup
	wg.Add(2)
	go feed(&wg, []string{"host=a zone=1 rack=7", "role=db tier=2"}, &attrs)
	go feed(&wg, []string{"host=b zone=2 rack=9", "role=web tier=1"}, &attrs)
	wg.Wait()
}
