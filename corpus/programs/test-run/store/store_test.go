package store

import (
	"sync"
	"testing"
)

func TestNew(t *testing.T) {
	if New() == nil {
		t.Fatal("nothing made")
	}
}

func TestCast(t *testing.T) {
	v := New()
	var wg sync.WaitGroup
	for i := 0; i < 2; i++ {
		wg.Add(1)
		go func() { // start: map
			defer wg.Done()
			v.Cast("ann")
		}()
	}
	wg.Wait()
}

func TestTotal(t *testing.T) {
	t.Run("after one", func(t *testing.T) {
		v := New()
		done := make(chan bool)
		go func() { // start: number
			v.Count()
			close(done)
		}()
		t.Log("so far", v.Total())
		<-done
	})
}
