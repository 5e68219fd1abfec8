// Package fine has nothing wrong.
package fine

import (
	"fmt"
	"testing"
)

func TestFine(t *testing.T) {
	fmt.Print("no newline out")
}

func TestSkipped(t *testing.T) { t.Skip("not today") }
