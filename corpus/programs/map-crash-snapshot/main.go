// Prints the snapshot of a map and where every key lies in it, as JSON lines,
// and then breaks the map's rule: with the argument "crash" two goroutines
// assign to it until the runtime notices, with "race" they do so once each,
// far enough apart that only the race detector notices. Both assign to keys
// that are there, so nothing in the map moves after it was printed.
package main

import (
	"os"
	"sync"
	"time"

	"example.com/app/mapmem"
)

// Ledger is the map and what is done to it.
type Ledger struct {
	balances map[int64]int64
}

// accounts is the number of entries: more than one bucket or group.
const accounts = 300

//go:noinline
func (l *Ledger) deposit(account int64) {
	l.balances[account] = 1
}

//go:noinline
func (l *Ledger) withdraw(account int64) {
	l.balances[account] = 2
}

// Snapshot is the document; see the corpus's README.
type Snapshot struct {
	mapmem.Process
	Maps []mapmem.Shot `json:"maps"`
}

func main() {
	ledger := &Ledger{balances: make(map[int64]int64)}
	for account := int64(0); account < accounts; account++ {
		ledger.balances[account] = 0
	}
	describe(ledger.balances)
	if os.Args[1] == "race" {
		race(ledger)
		return
	}
	go func() {
		for account := int64(171); ; account++ {
			ledger.deposit(account % accounts)
		}
	}()
	go func() {
		for account := int64(83); ; account += 7 {
			ledger.withdraw(account % accounts)
		}
	}()
	time.Sleep(time.Hour)
}

func describe(balances map[int64]int64) {
	view := mapmem.Look("balances", balances)
	lines := mapmem.NewLines()
	defer lines.Close()
	snapshot := Snapshot{Process: mapmem.ThisProcess(), Maps: []mapmem.Shot{view.Shot()}}
	snapshot.Schema = "gotriage.map-snapshot/1"
	lines.Write(snapshot)
	for _, entry := range view.Entries(0) {
		lines.Write(entry)
	}
}

// race writes one entry twice; a pause is no order.
func race(ledger *Ledger) {
	var done sync.WaitGroup
	done.Add(2)
	go func() {
		defer done.Done()
		ledger.deposit(17)
	}()
	go func() {
		defer done.Done()
		time.Sleep(50 * time.Millisecond)
		ledger.withdraw(17)
	}()
	done.Wait()
}
