// A job board with every kind of access: two writers, two readers, an
// iterator and a sweeper that deletes, each in a method of its own.
package main

import (
	"fmt"
	"time"
)

// Jobs holds the state of each job.
type Jobs struct {
	state map[string]string
}

// Start records a new job.
func (j *Jobs) Start(id string) {
	j.state[id] = "running" // race: A write, many
}

// Finish removes a job.
func (j *Jobs) Finish(id string) {
	delete(j.state, id) // race: B delete
}

// State looks a job up.
func (j *Jobs) State(id string) string {
	return j.state[id] // race: C read, many
}

// Running counts jobs.
func (j *Jobs) Running() (n int) {
	for _, s := range j.state { // race: D iterate
		if s == "running" {
			n++
		}
	}
	return n
}

func each(act func(id string)) {
	for i := 0; ; i++ {
		act(fmt.Sprintf("job-%03d", i%200))
	}
}

func main() {
	j := &Jobs{state: make(map[string]string)}
	for i := 0; i < 2; i++ {
		go each(j.Start)
		go each(func(id string) { _ = j.State(id) })
	}
	go each(j.Finish)
	go each(func(string) { j.Running() })
	time.Sleep(time.Hour)
}
