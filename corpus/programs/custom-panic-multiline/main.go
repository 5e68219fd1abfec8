// An error whose text has several lines, one of them empty and one that looks
// like a goroutine header. Up to Go 1.22 the text is printed raw.
package main

import "fmt"

type migrationError struct {
	step int
	log  string
}

func (e *migrationError) Error() string {
	return fmt.Sprintf("migration step %d failed:\n%s", e.step, e.log)
}

const captured = "remote said:\n\ngoroutine 7 [running]:\nmain.remote(0x1)\n\t/srv/remote.go:12 +0x1d\n\nend of remote output"

func migrate() error {
	return &migrationError{step: 3, log: captured}
}

func main() {
	if err := migrate(); err != nil {
		panic(err) // panic: on purpose
	}
}
