package pool

import (
	"testing"

	"go.uber.org/goleak"
)

func TestStart(t *testing.T) {
	defer goleak.VerifyNone(t)
	Start(2)
}
