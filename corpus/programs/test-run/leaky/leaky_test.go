// Package leaky leaves a goroutine behind that goleak finds when all tests are done.
package leaky

import (
	"testing"

	"go.uber.org/goleak"
)

func listen(stop chan bool) {
	<-stop // leak
}

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

func TestListen(t *testing.T) {
	go listen(make(chan bool)) // leaks
}
