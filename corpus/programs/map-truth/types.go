package main

import "math"

// Types of keys that a program would declare.
type (
	userID  int32
	label   string
	celsius float64
	pair    struct{ a, b int32 }
	padded  struct {
		a int8
		b int32
	}
	tail struct {
		a int64
		b int8
	}
	blank struct {
		a int32
		_ int32
		b int64
	}
	blankTail struct {
		a uint16
		_ [6]byte
	}
	named struct {
		a int32
		b string
	}
	mixed struct {
		a int8
		b struct {
			c string
			d float64
		}
		e [2]string
	}
	floats struct {
		f [3]float32
		g int64
	}
	deep struct {
		a struct{ b struct{ c, d int16 } }
		e uint32
		f string
		g struct{ h, i int8 }
	}
	zeroInside struct {
		a int32
		z struct{}
		b float32
		y [0]string
		c uint64
	}
	runs struct {
		a, b int32
		c    string
		d    uint8
		e    uint8
		f    uint16
		g    float32
		h, i uint64
	}
	single struct{ inner userID }
	boxed  struct {
		a any
		b int32
	}
	complexed struct {
		a complex64
		b int8
	}
	gap struct {
		a byte
		_ string
		b byte
	}
	pointed struct {
		p *int
		n int
	}
	stringer interface{ String() string }
	text     string
	number   int
	record   struct {
		name string
		n    int
	}
)

func (t text) String() string    { return string(t) }
func (n number) String() string  { return "number" }
func (r *record) String() string { return r.name }
func (p pair) String() string    { return "pair" }

// base is what string keys are cut from: text of all kinds of bytes, without repetition.
var base = func() string {
	state := uint32(1)
	bytes := make([]byte, 4096)
	for i := range bytes {
		state = state*1664525 + 1013904223
		bytes[i] = ' ' + byte(state>>24)%95
		if state>>16&63 == 0 {
			bytes[i] = byte(state >> 24)
		}
	}
	return string(bytes)
}()

// cut is the i-th of some strings of length n.
func cut(i, n int) string {
	start := i * 7 % (len(base) - 2001)
	return base[start : start+n]
}

// word is a short string that differs for every i.
func word(i int) string {
	text := []byte{}
	for rest := i; rest >= 0; rest = rest/26 - 1 {
		text = append(text, 'a'+byte(rest%26))
	}
	return string(text) + cut(i*3, i&7)
}

var (
	nan    = math.NaN()
	nan32  = float32(nan)
	zero   = 0.0
	minus0 = math.Copysign(0, -1)
)
