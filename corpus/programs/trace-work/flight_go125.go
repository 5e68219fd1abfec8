//go:build go1.25

package main

import (
	"os"
	"runtime/trace"
	"time"
)

// flight works until the recorder has dropped its first generations, then keeps what it still has.
func flight(path string) {
	recorder := trace.NewFlightRecorder(trace.FlightRecorderConfig{MinAge: 30 * time.Millisecond})
	if err := recorder.Start(); err != nil {
		panic(err)
	}
	leak()
	for i := 0; i < 30; i++ {
		queue(20)
		time.Sleep(5 * time.Millisecond)
	}
	out, err := os.Create(path)
	if err != nil {
		panic(err)
	}
	if _, err := recorder.WriteTo(out); err != nil {
		panic(err)
	}
	recorder.Stop()
}
