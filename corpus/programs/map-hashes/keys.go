package main

import (
	"encoding/hex"
	"fmt"
	"math"
	"reflect"
	"unsafe"
)

// key is a key, what it refers to, and its hash as the key of a map of its type.
type key struct {
	Type  *tree  `json:"key_type"`
	Image image  `json:"key"`
	Seed  string `json:"seed"`
	Hash  string `json:"hash"`
}

type image struct {
	Mem  string `json:"mem"`
	Refs []ref  `json:"refs,omitempty"`
}

type ref struct {
	Off   uintptr  `json:"off"`
	Str   *string  `json:"str,omitempty"`
	Iface *dynamic `json:"iface,omitempty"`
}

type dynamic struct {
	Type *tree `json:"type"`
	image
}

type tree struct {
	Name    string  `json:"name"`
	Kind    string  `json:"kind"`
	Size    uintptr `json:"size"`
	Align   int     `json:"align"`
	Len     int     `json:"len,omitempty"`
	Elem    *tree   `json:"elem,omitempty"`
	Fields  []field `json:"fields,omitempty"`
	Methods int     `json:"methods,omitempty"`
}

type field struct {
	Name string  `json:"name"`
	Off  uintptr `json:"off"`
	Type *tree   `json:"type"`
}

type (
	plain struct{ a, b int32 }
	mixed struct {
		a int32
		b string
	}
	gap struct {
		a int8
		b int32
		c int16
		d int64
	}
	blank struct {
		a int32
		_ int32
		b int64
	}
	inner struct {
		c int32
		e string
	}
	outer struct {
		a int32
		b inner
		f int32
	}
	deep struct {
		a int16
		b plain
		c struct{ d, e int16 }
		f float64
		g [3]int32
	}
	tail struct {
		a int64
		b struct{}
	}
	empties struct {
		a string
		b struct{}
		c [0]string
		d int32
	}
	bytes struct {
		a [3]byte
		b [5]byte
		c string
	}
	narrow struct {
		a, b, c, d byte
		e          int16
		f          int16
		s          string
	}
	edge struct {
		from, to string
		weight   float32
	}
	stringer interface{ String() string }
	named    uint16
)

func (n named) String() string { return fmt.Sprint(uint16(n)) }

// keys goes through maps of many types. Their hashes come from the functions the compiler made for these maps.
func keys() []key {
	var out []key
	number, text := 7, "a text that is rather longer than sixteen bytes"
	samples := []struct{ maps, values interface{} }{
		{map[bool]int{}, []bool{true, false}},
		{map[int8]int{}, []int8{-3}},
		{map[uint16]int{}, []uint16{0xbeef}},
		{map[int32]int{}, []int32{-70000}},
		{map[uint64]int{}, []uint64{1 << 40}},
		{map[int]int{}, []int{-1}},
		{map[*int]int{}, []*int{&number, nil}},
		{map[[4]byte]int{}, [][4]byte{{1, 2, 3, 4}}},
		{map[[2]int16]int{}, [][2]int16{{1, -2}}},
		{map[[8]byte]int{}, [][8]byte{{1, 2, 3, 4, 5, 6, 7, 8}}},
		{map[[16]byte]int{}, [][16]byte{{15: 9}}},
		{map[[200]byte]int{}, [][200]byte{{1, 199: 4}}},
		{map[[3]int64]int{}, [][3]int64{{1, 2, 3}}},
		{map[string]int{}, []string{"", "a", "seven b", text}},
		{map[float32]int{}, []float32{0, float32(math.Copysign(0, -1)), 1.5, float32(math.Inf(1))}},
		{map[float64]int{}, []float64{0, math.Copysign(0, -1), -2.25}},
		{map[complex64]int{}, []complex64{0, complex(1, 2), complex(0, -1)}},
		{map[complex128]int{}, []complex128{complex(1, 0)}},
		{map[struct{}]int{}, []struct{}{{}}},
		{map[[0]string]int{}, [][0]string{{}}},
		{map[[1]string]int{}, [][1]string{{text}}},
		{map[struct{ s string }]int{}, []struct{ s string }{{text}}},
		{map[plain]int{}, []plain{{1, -1}}},
		{map[mixed]int{}, []mixed{{5, text}, {0, ""}}},
		{map[gap]int{}, []gap{{1, 2, 3, 4}}},
		{map[blank]int{}, []blank{{a: 1, b: 3}}},
		{map[outer]int{}, []outer{{1, inner{2, "x"}, 3}}},
		{map[deep]int{}, []deep{{1, plain{2, 3}, struct{ d, e int16 }{4, 5}, 6.5, [3]int32{7, 8, 9}}}},
		{map[tail]int{}, []tail{{a: 11}}},
		{map[empties]int{}, []empties{{a: "e", d: 4}}},
		{map[bytes]int{}, []bytes{{[3]byte{1, 2, 3}, [5]byte{4, 5, 6, 7, 8}, "c"}}},
		{map[narrow]int{}, []narrow{{1, 2, 3, 4, 5, 6, "n"}}},
		{map[edge]int{}, []edge{{"here", "there", 0}, {"", text, 1}}},
		{map[[2]string]int{}, [][2]string{{"one", "two"}}},
		{map[[7]string]int{}, [][7]string{{"1", "2", "3", "4", "5", "6", text}}},
		{map[[5]float32]int{}, [][5]float32{{1, 0, 2, 3, 4}}},
		{map[[19]float32]int{}, [][19]float32{{1, 0, 2, 18: 4}}},
		{map[[16]float32]int{}, [][16]float32{{1, 0, 2, 15: 4}}},
		{map[[3]gap]int{}, [][3]gap{{{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}}}},
		{map[[5]blank]int{}, [][5]blank{{{a: 1}, {b: 2}, {a: 3}, {b: 4}, {a: 5, b: 6}}}},
		{map[[2][3]edge]int{}, [][2][3]edge{{{{"a", "b", 1}, {"c", "d", 2}}, {{"e", "f", 3}}}}},
		{map[interface{}]int{}, []interface{}{
			nil, true, int8(1), uint16(2), int32(3), int64(4), 5, text, "", 0.0, -1.5, float32(2), complex(1, 2), &number,
			struct{}{}, [0]string{}, [4]byte{1, 2, 3, 4}, [8]byte{7: 1}, [3]byte{1, 2, 3}, [2]string{"x", "y"}, plain{1, 2},
			mixed{1, "m"}, gap{1, 2, 3, 4}, blank{a: 1, b: 2}, outer{1, inner{2, "i"}, 3}, deep{a: 1, f: 2, g: [3]int32{3, 4, 5}},
			tail{a: 1}, empties{"e", struct{}{}, [0]string{}, 1}, [1]interface{}{[1]interface{}{"nested"}},
			struct{ a, b interface{} }{1, nil}, named(9),
		}},
		{map[stringer]int{}, []stringer{nil, named(77)}},
		{map[struct {
			a int32
			b interface{}
			c stringer
		}]int{}, []struct {
			a int32
			b interface{}
			c stringer
		}{{1, "b", named(3)}, {}}},
	}
	seed := firstSeed
	for _, sample := range samples {
		hash := hasher(reflect.TypeOf(sample.maps))
		values := reflect.ValueOf(sample.values)
		for i := 0; i < values.Len(); i++ {
			seed = seed*6364136223846793005 + 1442695040888963407
			word := uintptr(seed >> 8)
			value := values.Index(i)
			out = append(out, key{
				Type:  typeTree(value.Type()),
				Image: imageOf(value),
				Seed:  fmt.Sprintf("%#x", uint64(word)),
				Hash:  fmt.Sprintf("%#x", uint64(hash(unsafe.Pointer(value.UnsafeAddr()), word))),
			})
		}
	}
	return out
}

// imageOf wants an addressable value.
func imageOf(value reflect.Value) image {
	address := value.UnsafeAddr()
	memory := unsafe.Slice((*byte)(unsafe.Pointer(address)), value.Type().Size())
	out := image{Mem: hex.EncodeToString(memory)}
	refs(value, address, &out.Refs)
	return out
}

func refs(value reflect.Value, start uintptr, out *[]ref) {
	switch value.Kind() {
	case reflect.String:
		if value.Len() == 0 {
			return
		}
		text := hex.EncodeToString([]byte(value.String()))
		*out = append(*out, ref{Off: value.UnsafeAddr() - start, Str: &text})
	case reflect.Interface:
		if value.IsNil() {
			return
		}
		copied := reflect.New(value.Elem().Type()).Elem()
		from := dataOf(value)
		size := copied.Type().Size()
		to := unsafe.Slice((*byte)(unsafe.Pointer(copied.UnsafeAddr())), size)
		copy(to, unsafe.Slice((*byte)(from), size))
		*out = append(*out, ref{
			Off:   value.UnsafeAddr() - start,
			Iface: &dynamic{typeTree(copied.Type()), imageOf(copied)},
		})
	case reflect.Array:
		for i := 0; i < value.Len(); i++ {
			refs(value.Index(i), start, out)
		}
	case reflect.Struct:
		for i := 0; i < value.NumField(); i++ {
			refs(value.Field(i), start, out)
		}
	}
}

// dataOf is where an interface's dynamic value lies: a pointer lies in the interface itself.
func dataOf(value reflect.Value) unsafe.Pointer {
	data := unsafe.Pointer(value.UnsafeAddr() + unsafe.Sizeof(uintptr(0)))
	if value.Elem().Kind() == reflect.Ptr {
		return data
	}
	return *(*unsafe.Pointer)(data)
}

func typeTree(t reflect.Type) *tree {
	out := &tree{Name: t.String(), Kind: t.Kind().String(), Size: t.Size(), Align: t.Align()}
	switch t.Kind() {
	case reflect.Array:
		out.Len, out.Elem = t.Len(), typeTree(t.Elem())
	case reflect.Struct:
		for i := 0; i < t.NumField(); i++ {
			f := t.Field(i)
			out.Fields = append(out.Fields, field{f.Name, f.Offset, typeTree(f.Type)})
		}
	case reflect.Interface:
		out.Methods = t.NumMethod()
	}
	return out
}
