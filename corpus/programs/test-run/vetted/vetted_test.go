package vetted

import "testing"

func TestShow(t *testing.T) { Show(1) }
