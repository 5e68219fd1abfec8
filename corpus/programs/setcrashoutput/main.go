// A program that has its crash reports written to a file of their own.
package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"time"
)

type visits struct{ byPage map[string]int }

func (v *visits) count(page string) {
	v.byPage[page]++ // race: A write, many
}

func visit(v *visits) {
	for i := 0; ; i++ {
		v.count([]string{"/", "/a", "/b", "/c"}[i%4])
	}
}

func main() {
	f, err := os.Create(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := debug.SetCrashOutput(f, debug.CrashOptions{}); err != nil {
		panic(err)
	}
	v := &visits{byPage: map[string]int{}}
	go visit(v)
	go visit(v)
	time.Sleep(time.Hour)
}
