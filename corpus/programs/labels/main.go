// Workers that carry pprof labels (values with spaces and quotes too) and
// race on a map.
package main

import (
	"context"
	"runtime/pprof"
	"strconv"
	"time"
)

type index struct{ docs map[string]int }

func (x *index) add(doc string, n int) {
	x.docs[doc] = n // race: A write, many
}

func reindex(x *index) {
	for i := 0; ; i++ {
		x.add("doc-"+strconv.Itoa(i%100), i)
	}
}

func main() {
	x := &index{docs: map[string]int{}}
	for _, tenant := range []string{"acme", "a \"b\" c", "plain/x_1.2"} {
		labels := pprof.Labels("job", "re index", "tenant", tenant)
		go pprof.Do(context.Background(), labels, func(context.Context) { reindex(x) })
	}
	pprof.Do(context.Background(), pprof.Labels("role", "main"), func(context.Context) {
		time.Sleep(time.Hour)
	})
}
