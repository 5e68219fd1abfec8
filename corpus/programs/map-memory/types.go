package mapmem

import "reflect"

// Type is a type tree as snapshots have it.
type Type struct {
	Name    string   `json:"name"`
	Kind    string   `json:"kind"`
	Size    uintptr  `json:"size"`
	Align   int      `json:"align"`
	Len     *int     `json:"len,omitempty"`
	Elem    *Type    `json:"elem,omitempty"`
	Fields  []Field  `json:"fields,omitempty"`
	Methods []string `json:"methods,omitempty"`
}

// Field is a field of a struct.
type Field struct {
	Name string  `json:"name"`
	Off  uintptr `json:"off"`
	Type *Type   `json:"type"`
}

// TypeTree describes a type; what a pointer points to is not part of it.
func TypeTree(t reflect.Type) *Type {
	tree := &Type{Name: t.String(), Kind: t.Kind().String(), Size: t.Size(), Align: t.Align()}
	switch t.Kind() {
	case reflect.Array:
		n := t.Len()
		tree.Len, tree.Elem = &n, TypeTree(t.Elem())
	case reflect.Struct:
		for i := 0; i < t.NumField(); i++ {
			f := t.Field(i)
			tree.Fields = append(tree.Fields, Field{f.Name, f.Offset, TypeTree(f.Type)})
		}
	case reflect.Interface:
		for i := 0; i < t.NumMethod(); i++ {
			tree.Methods = append(tree.Methods, t.Method(i).Name)
		}
	}
	return tree
}
