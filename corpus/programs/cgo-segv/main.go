// A C function dereferences a null pointer.
package main

/*
struct record { int id; int size; };
static int size_of(struct record *r) { return r->size; }
*/
import "C"

func recordSize(r *C.struct_record) int {
	return int(C.size_of(r)) // panic: r is NULL
}

func main() {
	println(recordSize(nil))
}
