// A second program of the module: its goroutines never meet those of the first.
package main

import (
	"fmt"
	"time"

	"example.com/sharedmaps/catalog"
)

func main() {
	go fmt.Println(time.Now())
	catalog.Fill("b")
}
