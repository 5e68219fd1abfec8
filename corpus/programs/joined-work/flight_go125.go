//go:build go1.25

package main

import (
	"os"
	"runtime/trace"
	"time"
)

// startFlight starts a recorder; its stop writes what the recorder still has.
func startFlight(path string) func() {
	recorder := trace.NewFlightRecorder(trace.FlightRecorderConfig{MinAge: 40 * time.Millisecond})
	must(recorder.Start())
	return func() {
		out, err := os.Create(path)
		must(err)
		_, err = recorder.WriteTo(out)
		must(err)
		recorder.Stop()
	}
}
