package mapmem

import (
	"encoding/hex"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"unsafe"
)

// Key is a value as it stands in memory, and as a Go literal where it has a
// simple one.
type Key struct {
	Lit  string `json:"lit,omitempty"`
	Mem  string `json:"mem"`
	Refs []Ref  `json:"refs,omitempty"`
}

// Ref is a string's bytes, or an interface's dynamic value, at an offset of the memory.
type Ref struct {
	Off   uintptr
	Str   *string
	Iface *Dynamic
}

// Dynamic is the dynamic value of an interface.
type Dynamic struct {
	Type *Type  `json:"type"`
	Mem  string `json:"mem"`
	Refs []Ref  `json:"refs,omitempty"`
}

// MarshalJSON writes {off, str} or {off, iface}, which may be null.
func (r Ref) MarshalJSON() ([]byte, error) {
	if r.Str != nil {
		return []byte(fmt.Sprintf(`{"off":%d,"str":%q}`, r.Off, *r.Str)), nil
	}
	dynamic, err := marshal(r.Iface)
	return []byte(fmt.Sprintf(`{"off":%d,"iface":%s}`, r.Off, dynamic)), err
}

// longestLiteral is the length in bytes beyond which a key gets no literal.
const longestLiteral = 80

// KeyOf reads the value of type t at p.
func KeyOf(t reflect.Type, p unsafe.Pointer) Key {
	key := Key{Mem: memory(p, t.Size()), Refs: refs(nil, t, p, 0)}
	if lit, ok := literal(t, p); ok && len(lit) <= longestLiteral {
		key.Lit = lit
	}
	return key
}

func memory(p unsafe.Pointer, size uintptr) string {
	bytes := make([]byte, size)
	for i := range bytes {
		bytes[i] = *(*byte)(at(p, uintptr(i)))
	}
	return hex.EncodeToString(bytes)
}

func refs(all []Ref, t reflect.Type, p unsafe.Pointer, off uintptr) []Ref {
	switch t.Kind() {
	case reflect.String:
		text := hex.EncodeToString([]byte(*(*string)(p)))
		all = append(all, Ref{Off: off, Str: &text})
	case reflect.Interface:
		all = append(all, Ref{Off: off, Iface: dynamic(t, p)})
	case reflect.Array:
		for i := 0; i < t.Len(); i++ {
			step := uintptr(i) * t.Elem().Size()
			all = refs(all, t.Elem(), at(p, step), off+step)
		}
	case reflect.Struct:
		for i := 0; i < t.NumField(); i++ {
			f := t.Field(i)
			all = refs(all, f.Type, at(p, f.Offset), off+f.Offset)
		}
	}
	return all
}

// unpack gives the dynamic type of the interface at p and a copy of its value; nil if it is nil.
func unpack(t reflect.Type, p unsafe.Pointer) (reflect.Type, unsafe.Pointer) {
	inside := reflect.NewAt(t, p).Elem().Elem()
	if !inside.IsValid() {
		return nil, nil
	}
	copied := reflect.New(inside.Type())
	copied.Elem().Set(inside)
	return inside.Type(), unsafe.Pointer(copied.Pointer())
}

func dynamic(t reflect.Type, p unsafe.Pointer) *Dynamic {
	inside, value := unpack(t, p)
	if inside == nil {
		return nil
	}
	return &Dynamic{Type: TypeTree(inside), Mem: memory(value, inside.Size()), Refs: refs(nil, inside, value, 0)}
}

// literal is a Go expression for the value, for types whose literals need no
// other declaration.
func literal(t reflect.Type, p unsafe.Pointer) (string, bool) {
	v := reflect.NewAt(t, p).Elem()
	switch t.Kind() {
	case reflect.Bool:
		return strconv.FormatBool(v.Bool()), true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10), true
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return strconv.FormatUint(v.Uint(), 10), true
	case reflect.Float32, reflect.Float64:
		return float(v.Float(), t.Bits())
	case reflect.Complex64, reflect.Complex128:
		re, ok := float(real(v.Complex()), t.Bits()/2)
		im, ok2 := float(imag(v.Complex()), t.Bits()/2)
		if im != "" && im[0] != '-' {
			im = "+" + im
		}
		return "(" + re + im + "i)", ok && ok2
	case reflect.String:
		return strconv.Quote(v.String()), true
	case reflect.Interface:
		return boxed(t, p)
	case reflect.Array:
		return list(t, t.Len(), func(i int) (reflect.Type, uintptr) { return t.Elem(), uintptr(i) * t.Elem().Size() }, p)
	case reflect.Struct:
		return list(t, t.NumField(), func(i int) (reflect.Type, uintptr) { return t.Field(i).Type, t.Field(i).Offset }, p)
	}
	return "", false
}

func float(f float64, bits int) (string, bool) {
	if math.IsNaN(f) || math.IsInf(f, 0) || f == 0 && math.Signbit(f) {
		return "", false
	}
	return strconv.FormatFloat(f, 'g', -1, bits), true
}

// boxed is a conversion, or the bare value where that has the right type anyway.
func boxed(t reflect.Type, p unsafe.Pointer) (string, bool) {
	inside, value := unpack(t, p)
	if inside == nil {
		return "nil", true
	}
	lit, ok := literal(inside, value)
	switch {
	case !ok || inside.PkgPath() != "":
		return "", false
	case inside.Kind() == reflect.Array || inside.Kind() == reflect.Struct:
		return lit, true
	case inside.Kind() == reflect.String || inside.Kind() == reflect.Bool || inside.Kind() == reflect.Int:
		return lit, true
	}
	return inside.String() + "(" + lit + ")", true
}

// list is a composite literal, for types without name and blank fields.
func list(t reflect.Type, n int, part func(int) (reflect.Type, uintptr), p unsafe.Pointer) (string, bool) {
	if t.Name() != "" || strings.Contains(t.String(), "_") || n > 16 {
		return "", false
	}
	parts := make([]string, n)
	for i := range parts {
		var ok bool
		of, off := part(i)
		if parts[i], ok = literal(of, at(p, off)); !ok {
			return "", false
		}
	}
	return t.String() + "{" + strings.Join(parts, ", ") + "}", true
}
