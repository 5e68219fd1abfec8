package main

import (
	"math"
	"reflect"
)

// fill makes a map of the given keys; the hint is left out where it is negative.
func fill[K comparable, V any](name string, hint int, keys []K, elem func(i int) V) map[K]V {
	m := make(map[K]V)
	if hint >= 0 {
		m = make(map[K]V, hint)
	}
	for i, key := range keys {
		m[key] = elem(i)
	}
	keep(name, m)
	return m
}

// fillAny is fill for keys with interfaces in them, which satisfy comparable
// only from Go 1.20 on. It fills the empty map m; keys is a slice.
func fillAny[V any](name string, m, keys interface{}, elem func(i int) V) {
	list := reflect.ValueOf(keys)
	for i := 0; i < list.Len(); i++ {
		reflect.ValueOf(m).SetMapIndex(list.Index(i), reflect.ValueOf(elem(i)))
	}
	keep(name, m)
}

// times calls key for 0 to n-1.
func times[K any](n int, key func(i int) K) []K {
	keys := make([]K, n)
	for i := range keys {
		keys[i] = key(i)
	}
	return keys
}

func itself(i int) int                 { return i }
func wide(i int) uint64                { return uint64(i) * 0x9e3779b97f4a7c15 }
func bit(i int) bool                   { return i%2 == 1 }
func nothing(int) struct{}             { return struct{}{} }
func few[K any](key func(i int) K) []K { return times(6, key) }

func plainKeys() {
	fill("int", -1, times(20, func(i int) int { return i - 5 }), itself)
	fill("int8", -1, times(40, func(i int) int8 { return int8(i * 7) }), itself)
	fill("int16", -1, times(40, func(i int) int16 { return int16(wide(i)) }), bit)
	fill("int32", -1, times(60, func(i int) int32 { return int32(wide(i)) }), wide)
	fill("int64", -1, times(60, func(i int) int64 { return int64(wide(i)) }), itself)
	fill("uint", -1, times(20, func(i int) uint { return uint(wide(i)) }), itself)
	fill("uint8", -1, times(256, func(i int) uint8 { return uint8(i) }), nothing)
	fill("uint16", -1, times(40, func(i int) uint16 { return uint16(wide(i)) }), func(i int) int8 { return int8(i) })
	fill("uint32", -1, times(60, func(i int) uint32 { return uint32(wide(i)) }), nothing)
	fill("uint64", -1, times(60, wide), nothing)
	fill("uintptr", -1, times(20, func(i int) uintptr { return uintptr(wide(i)) }), word)
	fill("bool", -1, []bool{false, true}, itself)
	fill("pointer", -1, times(30, func(i int) *record { return &record{n: i} }), itself)
	fill("pointer int32", -1, times(6, func(i int) *int32 { return new(int32) }), nothing)
	fill("chan", -1, times(12, func(i int) chan int { return make(chan int) }), itself)
	fill("userID", -1, times(12, func(i int) userID { return userID(i * i) }), word)
	fill("empty struct", -1, []struct{}{{}}, itself)
	fill("empty struct set", -1, []struct{}{{}}, nothing)
	fill("[0]int", -1, [][0]int{{}}, word)
	fill("[0]string", -1, [][0]string{{}}, itself)
	fill("[3]byte", -1, few(func(i int) [3]byte { return [3]byte{1, byte(i), 3} }), itself)
	fill("[4]byte", -1, few(func(i int) [4]byte { return [4]byte{1, byte(i), 3} }), itself)
	fill("[5]byte", -1, few(func(i int) [5]byte { return [5]byte{1, byte(i), 3} }), itself)
	fill("[8]byte", -1, few(func(i int) [8]byte { return [8]byte{1, byte(i), 3} }), nothing)
	fill("[16]byte", -1, times(40, func(i int) [16]byte { return [16]byte{0: byte(i), 15: 7} }), itself)
	fill("[33]byte", -1, few(func(i int) [33]byte { return [33]byte{1, byte(i), 32: 3} }), itself)
	fill("[128]byte", -1, few(func(i int) [128]byte { return [128]byte{1, byte(i), 127: 3} }), itself)
	fill("[129]byte", -1, times(20, func(i int) [129]byte { return [129]byte{1, byte(i), 128: 3} }), itself)
	fill("[200]byte", -1, times(10, func(i int) [200]byte { return [200]byte{1, byte(i), 199: 3} }), word)
	fill("[1]uint64", -1, few(func(i int) [1]uint64 { return [1]uint64{wide(i)} }), itself)
	fill("[2]int16", -1, few(func(i int) [2]int16 { return [2]int16{int16(i), -1} }), itself)
	fill("[2]int32", -1, times(30, func(i int) [2]int32 { return [2]int32{int32(i), -int32(i)} }), word)
	fill("[3]int32", -1, few(func(i int) [3]int32 { return [3]int32{int32(i), -int32(i)} }), itself)
	fill("[2]pointer", -1, few(func(i int) [2]*int { return [2]*int{new(int), nil} }), itself)
}

func floatKeys() {
	values := []float64{0, 1, -1, 0.5, 1e300, -2.25e-5, math.Inf(1), math.Inf(-1), math.Pi, 3, 1e20}
	single := func(i int) float32 { return float32(values[i]) }
	fill("float64", -1, values, itself)
	fill("float64 minus zero", -1, []float64{minus0, 7}, itself)
	fill("float64 nan", -1, []float64{nan, 1, nan, nan, minus0}, itself)
	fill("float64 many nan", -1, times(40, func(i int) float64 { return []float64{nan, float64(i)}[i&1] }), itself)
	fill("float32", -1, times(len(values), single), itself)
	fill("float32 nan", -1, []float32{nan32, 2, nan32, float32(minus0)}, nothing)
	fill("celsius", -1, []celsius{-273.15, 0, 36.6}, word)
	fill("complex128", -1, times(len(values), func(i int) complex128 { return complex(values[i], values[(i+3)%len(values)]) }), itself)
	fill("complex64", -1, times(len(values), func(i int) complex64 { return complex(single(i), single((i+5)%len(values))) }), itself)
	fill("complex128 nan", -1, []complex128{complex(nan, 0), complex(0, nan), complex(minus0, 0), 1i}, itself)
	fill("[2]float64", -1, few(func(i int) [2]float64 { return [2]float64{values[i], values[i+1]} }), itself)
	fill("[5]float32", -1, few(func(i int) [5]float32 { return [5]float32{single(i), 2, 3, 4, single(i + 1)} }), itself)
	fill("[8]float32", -1, few(func(i int) [8]float32 { return [8]float32{single(i), 2, 3, 4, single(i + 1)} }), itself)
	fill("[9]float32", -1, few(func(i int) [9]float32 { return [9]float32{single(i), 2, 3, 8: single(i + 1)} }), itself)
	fill("[40]float32", -1, few(func(i int) [40]float32 { return [40]float32{single(i), 2, 39: single(i + 1)} }), itself)
	fill("[3]complex64", -1, few(func(i int) [3]complex64 { return [3]complex64{complex(single(i), 1), 2i} }), itself)
	fill("floats", -1, few(func(i int) floats { return floats{[3]float32{single(i), 1}, int64(i)} }), itself)
	fill("struct nan", -1, []named2{{1, nan}, {1, nan}, {1, 2}}, itself)
}

type named2 struct {
	a int
	b float64
}

func stringKeys() {
	keys := times(301, func(i int) string { return cut(i, i) })
	for n := 317; n <= 2000; n += 61 {
		keys = append(keys, cut(n, n))
	}
	fill("string lengths", -1, keys, nothing)
	fill("string", -1, times(60, word), itself)
	fill("string bytes", -1, []string{"", "\x00", "\x00\x00", "\xff\xfe", "ü€😀", "\"quoted\\\"", "a\nb", "héllo\u2028"}, word)
	fill("label", -1, few(func(i int) label { return label(word(i)) }), itself)
	fill("[1]string", -1, few(func(i int) [1]string { return [1]string{word(i)} }), itself)
	fill("[2]string", -1, few(func(i int) [2]string { return [2]string{word(i), cut(i, 20)} }), itself)
	fill("[3]string", -1, few(func(i int) [3]string { return [3]string{word(i), "", cut(i, 40)} }), itself)
	fill("[5]string", -1, few(func(i int) [5]string { return [5]string{word(i), "x", 4: cut(i, 3)} }), itself)
	fill("[17]string", -1, few(func(i int) [17]string { return [17]string{word(i), "x", 16: cut(i, 3)} }), itself)
	fill("[2][3]string", -1, few(func(i int) [2][3]string { return [2][3]string{{word(i)}, {"", "x"}} }), itself)
}

func structKeys() {
	fill("pair", -1, times(20, func(i int) pair { return pair{int32(i), -1} }), itself)
	fill("padded", -1, times(12, func(i int) padded { return padded{int8(i), int32(i)} }), itself)
	fill("tail", -1, few(func(i int) tail { return tail{int64(i), 3} }), itself)
	fill("blank", -1, few(func(i int) blank { return blank{a: int32(i), b: 9} }), itself)
	fill("blankTail", -1, few(func(i int) blankTail { return blankTail{a: uint16(i)} }), itself)
	fill("named", -1, times(20, func(i int) named { return named{int32(i), word(i)} }), itself)
	fill("unnamed", -1, few(func(i int) struct {
		a int32
		b string
	} {
		return named{int32(i), word(i)}
	}), itself)
	fill("unnamed plain", -1, few(func(i int) struct{ a, b int } { return struct{ a, b int }{i, 2} }), itself)
	fill("mixed", -1, few(func(i int) mixed {
		k := mixed{a: int8(i), e: [2]string{"e", word(i)}}
		k.b.c, k.b.d = word(i+1), float64(i)/4
		return k
	}), itself)
	fill("deep", -1, few(func(i int) deep {
		k := deep{e: uint32(i), f: word(i)}
		k.a.b.c, k.a.b.d, k.g.h, k.g.i = int16(i), 2, 3, int8(-i)
		return k
	}), itself)
	fill("zeroInside", -1, few(func(i int) zeroInside { return zeroInside{a: int32(i), b: 0.5, c: wide(i)} }), itself)
	fill("runs", -1, few(func(i int) runs {
		return runs{a: int32(i), b: 2, c: word(i), d: 4, e: 5, f: 6, g: float32(i), h: wide(i), i: 9}
	}), itself)
	fill("single", -1, few(func(i int) single { return single{userID(i)} }), itself)
	fill("complexed", -1, few(func(i int) complexed { return complexed{complex(float32(i), 1), 2} }), itself)
	fill("gap", -1, few(func(i int) gap { return gap{a: byte(i), b: 2} }), itself)
	fill("pointed", -1, few(func(i int) pointed { return pointed{new(int), i} }), itself)
	one := func(i int) named { return named{int32(i), word(i)} }
	fill("[1]named", -1, few(func(i int) [1]named { return [1]named{one(i)} }), itself)
	fill("[2]named", -1, few(func(i int) [2]named { return [2]named{one(i), one(i + 1)} }), itself)
	fill("[3]named", -1, few(func(i int) [3]named { return [3]named{one(i), 2: one(i + 1)} }), itself)
	fill("[5]named", -1, few(func(i int) [5]named { return [5]named{one(i), 4: one(i + 1)} }), itself)
	fill("[17]named", -1, few(func(i int) [17]named { return [17]named{one(i), 16: one(i + 1)} }), itself)
	fill("[40]named", -1, few(func(i int) [40]named { return [40]named{one(i), 39: one(i + 1)} }), itself)
	gaps := func(i int) padded { return padded{int8(i), wide32(i)} }
	fill("[1]padded", -1, few(func(i int) [1]padded { return [1]padded{gaps(i)} }), itself)
	fill("[2]padded", -1, few(func(i int) [2]padded { return [2]padded{gaps(i), gaps(i + 1)} }), itself)
	fill("[3]padded", -1, few(func(i int) [3]padded { return [3]padded{gaps(i), 2: gaps(i + 1)} }), itself)
	fill("[5]padded", -1, few(func(i int) [5]padded { return [5]padded{gaps(i), 4: gaps(i + 1)} }), itself)
	fill("[17]padded", -1, few(func(i int) [17]padded { return [17]padded{gaps(i), 16: gaps(i + 1)} }), itself)
	fill("[3]blankTail", -1, few(func(i int) [3]blankTail { return [3]blankTail{{a: uint16(i)}, 2: {a: 7}} }), itself)
	fill("[9]blankTail", -1, few(func(i int) [9]blankTail { return [9]blankTail{{a: uint16(i)}, 8: {a: 7}} }), itself)
	fill("[3]runs", -1, few(func(i int) [3]runs { return [3]runs{{a: int32(i), c: word(i)}, 2: {g: 3, i: 8}} }), itself)
	fill("[6]floats", -1, few(func(i int) [6]floats { return [6]floats{{g: int64(i)}, 5: {f: [3]float32{1, 2, float32(i)}}} }), itself)
	fill("struct of arrays", -1, few(func(i int) struct {
		a [3]padded
		b [5]string
		c int32
	} {
		return struct {
			a [3]padded
			b [5]string
			c int32
		}{[3]padded{gaps(i)}, [5]string{"", word(i)}, int32(i)}
	}), itself)
}

func wide32(i int) int32 { return int32(wide(i)) }

func interfaceKeys() {
	number1, record1 := 1, record{"r", 2}
	fillAny("any", map[any]int{}, []any{nil, 1, int8(-2), int16(3), int32(-4), int64(5), uint(6), uint8(7), uint16(8), uint32(9), uint64(10),
		uintptr(11), true, false, "text", "", 1.5, float32(2.5), minus0, 0.0, math.Inf(1), 1 + 2i, complex64(3i), &number1, &record1,
		make(chan int), struct{}{}, [0]int{}, [2]int32{1, 2}, [3]byte{1, 2, 3}, [4]byte{1, 2, 3, 4}, [16]byte{1, 15: 2}, [2]string{"a", "bc"},
		[1]any{"x"}, [3]any{1, nil, "y"}, pair{1, 2}, padded{1, 2}, tail{1, 2}, blank{a: 1, b: 2}, blankTail{a: 3}, named{1, "one"},
		mixed{a: 1, e: [2]string{"p", "q"}}, floats{[3]float32{1, 2, 3}, 4}, deep{e: 1, f: "deep"}, zeroInside{a: 1, b: 2, c: 3},
		runs{a: 1, b: 2, c: "c", d: 4, e: 5, f: 6, g: 7, h: 8, i: 9}, single{4}, boxed{"inner", 1}, boxed{nil, 2}, boxed{pair{3, 4}, 3},
		complexed{1 + 1i, 2}, gap{a: 1, b: 2}, pointed{&number1, 1}, userID(12), label("l"), celsius(1.25), text("t"), number(13),
		[3]named{{1, "a"}, {2, "b"}, {3, "c"}}, [5]padded{{1, 2}, {3, 4}}, [200]byte{5}, [40]named{{7, "long"}}, [2]float64{1, -1},
		struct {
			a int32
			b string
		}{3, "unnamed"}, struct{ p *int }{&number1}, [1]*int{&number1}, cut(5, 100), cut(9, 200)}, itself)
	fillAny("any ints", map[any]string{}, times(120, func(i int) any { return i * 3 }), word)
	fillAny("any strings", map[any]struct{}{}, times(60, func(i int) any { return word(i) }), nothing)
	fillAny("any nan", map[any]int{}, []any{nan, nan, "a", float32(nan32), [2]float64{nan, 1}, named2{1, nan}}, itself)
	fillAny("stringer", map[stringer]int{}, []stringer{nil, text("a"), text("bc"), number(3), &record1, pair{5, 6}, number(-1), text("")}, itself)
	fillAny("error-like pair", map[stringer]string{}, few(func(i int) stringer { return pair{int32(i), 1} }), word)
	fillAny("boxed", map[boxed]int{}, []boxed{{nil, 1}, {1, 1}, {"one", 1}, {pair{1, 2}, 1}, {named{1, "n"}, 2}, {1.5, 3}}, itself)
	fillAny("[3]any", map[[3]any]int{}, [][3]any{{}, {1}, {1, 2, 3}, {"a", nil, "b"}, {named{1, "x"}, pair{}, 2.5}}, itself)
	fillAny("[5]any", map[[5]any]int{}, [][5]any{{}, {1}, {1, 2, 3, 4, 5}, {"a", nil, "b", 1.5, int8(1)}}, itself)
	fillAny("[2]stringer", map[[2]stringer]int{}, [][2]stringer{{}, {text("a")}, {number(1), text("b")}}, itself)
}

func elemTypes() {
	number := 5
	ints := func(n int) []int { return times(n, itself) }
	fill("elem struct{}", -1, ints(30), nothing)
	fill("elem int8", -1, ints(30), func(i int) int8 { return int8(i) })
	fill("elem string", -1, ints(30), word)
	fill("elem pointer", -1, ints(30), func(int) *int { return &number })
	fill("elem any", -1, ints(12), func(i int) any { return i })
	fill("elem [128]byte", -1, ints(12), func(i int) [128]byte { return [128]byte{byte(i)} })
	fill("elem [129]byte", -1, ints(12), func(i int) [129]byte { return [129]byte{byte(i)} })
	fill("elem [200]byte", -1, ints(30), func(i int) [200]byte { return [200]byte{byte(i)} })
	fill("elem record", -1, ints(12), func(i int) record { return record{word(i), i} })
	fill("elem map", -1, ints(12), func(i int) map[string]int { return map[string]int{} })
	fill("elem [0]int", -1, ints(3), func(i int) [0]int { return [0]int{} })
	fill("int8 to int64", -1, times(20, func(i int) int8 { return int8(i) }), func(i int) int64 { return int64(i) })
	fill("int8 to int16", -1, times(20, func(i int) int8 { return int8(i) }), func(i int) int16 { return int16(i) })
	fill("string to int8", -1, times(20, word), func(i int) int8 { return int8(i) })
	fill("string to [200]byte", -1, times(60, word), func(i int) [200]byte { return [200]byte{byte(i)} })
	fill("[3]byte to [5]byte", -1, times(20, func(i int) [3]byte { return [3]byte{byte(i)} }), func(i int) [5]byte { return [5]byte{byte(i)} })
	fill("[3]byte to [2]int16", -1, times(20, func(i int) [3]byte { return [3]byte{byte(i)} }), func(i int) [2]int16 { return [2]int16{int16(i)} })
	fill("[200]byte to [200]byte", -1, times(20, func(i int) [200]byte { return [200]byte{byte(i)} }), func(i int) [200]byte { return [200]byte{byte(i)} })
	fill("empty to int64", -1, []struct{}{{}}, func(i int) int64 { return 1 })
	fill("bool to complex128", -1, []bool{true, false}, func(i int) complex128 { return 1i })
}
