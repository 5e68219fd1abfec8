// Panics with values of several kinds, chosen by the argument.
package main

import (
	"errors"
	"fmt"
	"os"
)

type code int

type point struct{ X, Y float64 }

func fail(kind string) {
	switch kind {
	case "error":
		panic(fmt.Errorf("open config: %w", errors.New("permission denied"))) // panic: on purpose
	case "code":
		panic(code(7)) // panic: on purpose
	case "struct":
		panic(point{1, 2}) // panic: on purpose
	case "float":
		panic(3.25) // panic: on purpose
	case "nil":
		panic(nil) // panic: on purpose
	case "empty":
		panic("") // panic: on purpose
	}
}

func main() {
	fail(os.Args[1])
}
