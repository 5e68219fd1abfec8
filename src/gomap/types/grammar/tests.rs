//! What Go says of types: name, size, alignment, offsets, comparability.

use super::super::*;
use proptest::prelude::*;

/// Printed by a Go 1.27.3 program built for amd64 and for 386 (Go 1.19.8 prints the same): the text in the source ¦ reflect's name
/// (`=`: the same, `-`: not ours, see print) ¦ amd64: Sizeof ¦ Alignof ¦ offsets ¦ 386: the same three ¦ whether it has `==`.
const TRUTH: &str = r#"
bool ¦ = ¦ 1 ¦ 1 ¦  ¦ 1 ¦ 1 ¦  ¦ ==
int ¦ = ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ ==
int8 ¦ = ¦ 1 ¦ 1 ¦  ¦ 1 ¦ 1 ¦  ¦ ==
int16 ¦ = ¦ 2 ¦ 2 ¦  ¦ 2 ¦ 2 ¦  ¦ ==
int32 ¦ = ¦ 4 ¦ 4 ¦  ¦ 4 ¦ 4 ¦  ¦ ==
int64 ¦ = ¦ 8 ¦ 8 ¦  ¦ 8 ¦ 4 ¦  ¦ ==
uint ¦ = ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ ==
uint8 ¦ = ¦ 1 ¦ 1 ¦  ¦ 1 ¦ 1 ¦  ¦ ==
uint16 ¦ = ¦ 2 ¦ 2 ¦  ¦ 2 ¦ 2 ¦  ¦ ==
uint32 ¦ = ¦ 4 ¦ 4 ¦  ¦ 4 ¦ 4 ¦  ¦ ==
uint64 ¦ = ¦ 8 ¦ 8 ¦  ¦ 8 ¦ 4 ¦  ¦ ==
uintptr ¦ = ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ ==
byte ¦ uint8 ¦ 1 ¦ 1 ¦  ¦ 1 ¦ 1 ¦  ¦ ==
rune ¦ int32 ¦ 4 ¦ 4 ¦  ¦ 4 ¦ 4 ¦  ¦ ==
float32 ¦ = ¦ 4 ¦ 4 ¦  ¦ 4 ¦ 4 ¦  ¦ ==
float64 ¦ = ¦ 8 ¦ 8 ¦  ¦ 8 ¦ 4 ¦  ¦ ==
complex64 ¦ = ¦ 8 ¦ 4 ¦  ¦ 8 ¦ 4 ¦  ¦ ==
complex128 ¦ = ¦ 16 ¦ 8 ¦  ¦ 16 ¦ 4 ¦  ¦ ==
string ¦ = ¦ 16 ¦ 8 ¦  ¦ 8 ¦ 4 ¦  ¦ ==
error ¦ = ¦ 16 ¦ 8 ¦  ¦ 8 ¦ 4 ¦  ¦ ==
any ¦ interface {} ¦ 16 ¦ 8 ¦  ¦ 8 ¦ 4 ¦  ¦ ==
unsafe.Pointer ¦ = ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ ==
interface{} ¦ interface {} ¦ 16 ¦ 8 ¦  ¦ 8 ¦ 4 ¦  ¦ ==
interface { M() } ¦ = ¦ 16 ¦ 8 ¦  ¦ 8 ¦ 4 ¦  ¦ ==
interface{ String() string; main.m(a, b int) (x string, err error) } ¦ interface { String() string; main.m(int, int) (string, error) } ¦ 16 ¦ 8 ¦  ¦ 8 ¦ 4 ¦  ¦ ==
interface{ error; B() } ¦ - ¦ 16 ¦ 8 ¦  ¦ 8 ¦ 4 ¦  ¦ ==
*int ¦ = ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ ==
**[4]byte ¦ **[4]uint8 ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ ==
[]byte ¦ []uint8 ¦ 24 ¦ 8 ¦  ¦ 12 ¦ 4 ¦  ¦ !=
[][3]rune ¦ [][3]int32 ¦ 24 ¦ 8 ¦  ¦ 12 ¦ 4 ¦  ¦ !=
[0]int64 ¦ = ¦ 0 ¦ 8 ¦  ¦ 0 ¦ 4 ¦  ¦ ==
[3]byte ¦ [3]uint8 ¦ 3 ¦ 1 ¦  ¦ 3 ¦ 1 ¦  ¦ ==
[16]byte ¦ [16]uint8 ¦ 16 ¦ 1 ¦  ¦ 16 ¦ 1 ¦  ¦ ==
[4][3]int16 ¦ = ¦ 24 ¦ 2 ¦  ¦ 24 ¦ 2 ¦  ¦ ==
[0x10]byte ¦ [16]uint8 ¦ 16 ¦ 1 ¦  ¦ 16 ¦ 1 ¦  ¦ ==
[1_0]bool ¦ [10]bool ¦ 10 ¦ 1 ¦  ¦ 10 ¦ 1 ¦  ¦ ==
[010]byte ¦ [8]uint8 ¦ 8 ¦ 1 ¦  ¦ 8 ¦ 1 ¦  ¦ ==
[2]complex64 ¦ = ¦ 16 ¦ 4 ¦  ¦ 16 ¦ 4 ¦  ¦ ==
[5]string ¦ = ¦ 80 ¦ 8 ¦  ¦ 40 ¦ 4 ¦  ¦ ==
map[string]int ¦ = ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ !=
map[[2]int]map[string][]byte ¦ map[[2]int]map[string][]uint8 ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ !=
chan int ¦ = ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ ==
<-chan int ¦ = ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ ==
chan<- int ¦ = ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ ==
chan <-chan int ¦ chan<- chan int ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ ==
chan (<-chan int) ¦ = ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ ==
chan<- (<-chan int) ¦ chan<- <-chan int ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ ==
<-chan (chan int) ¦ <-chan chan int ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ ==
<-chan <-chan int ¦ = ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ ==
chan<- chan int ¦ = ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ ==
chan func() <-chan int ¦ = ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ ==
chan (chan<- int) ¦ chan chan<- int ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ ==
func() ¦ = ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ !=
func(int, ...string) (int, error) ¦ = ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ !=
func(a, b int, c []byte) error ¦ func(int, int, []uint8) error ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ !=
func(func(int) func()) (x, y int) ¦ func(func(int) func()) (int, int) ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ !=
func(...interface{}) ¦ func(...interface {}) ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ !=
func() func() int ¦ = ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ !=
func(chan<- int, [3]int) ¦ = ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ !=
func(a []int, _ [2]int) ¦ func([]int, [2]int) ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ !=
func() (a int) ¦ func() int ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ !=
func() (int) ¦ func() int ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ !=
struct{} ¦ struct {} ¦ 0 ¦ 1 ¦  ¦ 0 ¦ 1 ¦  ¦ ==
struct { } ¦ struct {} ¦ 0 ¦ 1 ¦  ¦ 0 ¦ 1 ¦  ¦ ==
struct{ a int32; b string } ¦ struct { a int32; b string } ¦ 24 ¦ 8 ¦ 0,8 ¦ 12 ¦ 4 ¦ 0,4 ¦ ==
struct{ a, b int32 } ¦ struct { a int32; b int32 } ¦ 8 ¦ 4 ¦ 0,4 ¦ 8 ¦ 4 ¦ 0,4 ¦ ==
struct { A int32; B string "json:\"b\"" } ¦ = ¦ 24 ¦ 8 ¦ 0,8 ¦ 12 ¦ 4 ¦ 0,4 ¦ ==
struct{ A int32; B string `json:"b"` } ¦ struct { A int32; B string "json:\"b\"" } ¦ 24 ¦ 8 ¦ 0,8 ¦ 12 ¦ 4 ¦ 0,4 ¦ ==
struct{ A int32 "tab\there é \x01"; } ¦ struct { A int32 "tab\there é \x01" } ¦ 4 ¦ 4 ¦ 0 ¦ 4 ¦ 4 ¦ 0 ¦ ==
struct{ _ int32; b bool } ¦ struct { _ int32; b bool } ¦ 8 ¦ 4 ¦ 0,4 ¦ 8 ¦ 4 ¦ 0,4 ¦ ==
struct{ *main.T } ¦ struct { *main.T } ¦ 8 ¦ 8 ¦ 0 ¦ 4 ¦ 4 ¦ 0 ¦ ==
struct{ *main.T; x int "t" } ¦ struct { *main.T; x int "t" } ¦ 16 ¦ 8 ¦ 0,8 ¦ 8 ¦ 4 ¦ 0,4 ¦ ==
struct{ a byte; b int64 } ¦ struct { a uint8; b int64 } ¦ 16 ¦ 8 ¦ 0,8 ¦ 12 ¦ 4 ¦ 0,4 ¦ ==
struct{ a byte; b int64; c byte } ¦ struct { a uint8; b int64; c uint8 } ¦ 24 ¦ 8 ¦ 0,8,16 ¦ 16 ¦ 4 ¦ 0,4,12 ¦ ==
struct{ a int64; b struct{} } ¦ struct { a int64; b struct {} } ¦ 16 ¦ 8 ¦ 0,8 ¦ 12 ¦ 4 ¦ 0,8 ¦ ==
struct{ a int32; b [0]int64 } ¦ struct { a int32; b [0]int64 } ¦ 16 ¦ 8 ¦ 0,8 ¦ 8 ¦ 4 ¦ 0,4 ¦ ==
struct{ a struct{}; b int8 } ¦ struct { a struct {}; b int8 } ¦ 1 ¦ 1 ¦ 0,0 ¦ 1 ¦ 1 ¦ 0,0 ¦ ==
struct{ a struct{}; b struct{} } ¦ struct { a struct {}; b struct {} } ¦ 0 ¦ 1 ¦ 0,0 ¦ 0 ¦ 1 ¦ 0,0 ¦ ==
struct{ a [0]int32; b [0]int64 } ¦ struct { a [0]int32; b [0]int64 } ¦ 0 ¦ 8 ¦ 0,0 ¦ 0 ¦ 4 ¦ 0,0 ¦ ==
struct{ a byte; b complex128 } ¦ struct { a uint8; b complex128 } ¦ 24 ¦ 8 ¦ 0,8 ¦ 20 ¦ 4 ¦ 0,4 ¦ ==
struct{ a byte; b complex64; c byte } ¦ struct { a uint8; b complex64; c uint8 } ¦ 16 ¦ 4 ¦ 0,4,12 ¦ 16 ¦ 4 ¦ 0,4,12 ¦ ==
struct{ a byte; b float64 } ¦ struct { a uint8; b float64 } ¦ 16 ¦ 8 ¦ 0,8 ¦ 12 ¦ 4 ¦ 0,4 ¦ ==
struct{ a byte; b string; c byte } ¦ struct { a uint8; b string; c uint8 } ¦ 32 ¦ 8 ¦ 0,8,24 ¦ 16 ¦ 4 ¦ 0,4,12 ¦ ==
struct{ a byte; b any; c int16 } ¦ struct { a uint8; b interface {}; c int16 } ¦ 32 ¦ 8 ¦ 0,8,24 ¦ 16 ¦ 4 ¦ 0,4,12 ¦ ==
struct{ a byte; b []int; c int16 } ¦ struct { a uint8; b []int; c int16 } ¦ 40 ¦ 8 ¦ 0,8,32 ¦ 20 ¦ 4 ¦ 0,4,16 ¦ !=
struct{ a int16; b struct{ c byte; d int64; e byte }; f byte } ¦ struct { a int16; b struct { c uint8; d int64; e uint8 }; f uint8 } ¦ 40 ¦ 8 ¦ 0,8,32 ¦ 24 ¦ 4 ¦ 0,4,20 ¦ ==
struct{ a [3]byte; b uint16; c [2]struct{ d byte; e uint32 } } ¦ struct { a [3]uint8; b uint16; c [2]struct { d uint8; e uint32 } } ¦ 24 ¦ 4 ¦ 0,4,8 ¦ 24 ¦ 4 ¦ 0,4,8 ¦ ==
struct{ a bool; b func(); c bool; d chan int; e bool; f map[int]int } ¦ struct { a bool; b func(); c bool; d chan int; e bool; f map[int]int } ¦ 48 ¦ 8 ¦ 0,8,16,24,32,40 ¦ 24 ¦ 4 ¦ 0,4,8,12,16,20 ¦ !=
struct{ a uint8; b unsafe.Pointer; c uintptr; d [0]func() } ¦ struct { a uint8; b unsafe.Pointer; c uintptr; d [0]func() } ¦ 32 ¦ 8 ¦ 0,8,16,24 ¦ 16 ¦ 4 ¦ 0,4,8,12 ¦ !=
struct{ a struct{ b int64; c struct{} }; d byte } ¦ struct { a struct { b int64; c struct {} }; d uint8 } ¦ 24 ¦ 8 ¦ 0,16 ¦ 16 ¦ 4 ¦ 0,12 ¦ ==
struct{ a int64; _ [0]byte } ¦ struct { a int64; _ [0]uint8 } ¦ 16 ¦ 8 ¦ 0,8 ¦ 12 ¦ 4 ¦ 0,8 ¦ ==
[3]struct{ a byte; b int64 } ¦ [3]struct { a uint8; b int64 } ¦ 48 ¦ 8 ¦  ¦ 36 ¦ 4 ¦  ¦ ==
[2]struct{ a int64; b [0]byte } ¦ [2]struct { a int64; b [0]uint8 } ¦ 32 ¦ 8 ¦  ¦ 24 ¦ 4 ¦  ¦ ==
time.Duration ¦ = ¦ 8 ¦ 8 ¦  ¦ 8 ¦ 4 ¦  ¦ ==
time.Month ¦ = ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ ==
time.Weekday ¦ = ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ ==
time.Time ¦ = ¦ 24 ¦ 8 ¦ 0,8,16 ¦ 20 ¦ 4 ¦ 0,8,16 ¦ ==
os.FileMode ¦ fs.FileMode ¦ 4 ¦ 4 ¦  ¦ 4 ¦ 4 ¦  ¦ ==
fs.FileMode ¦ = ¦ 4 ¦ 4 ¦  ¦ 4 ¦ 4 ¦  ¦ ==
reflect.Kind ¦ = ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ ==
syscall.Signal ¦ = ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ ==
syscall.Errno ¦ = ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ ==
net.IP ¦ = ¦ 24 ¦ 8 ¦  ¦ 12 ¦ 4 ¦  ¦ !=
net.HardwareAddr ¦ = ¦ 24 ¦ 8 ¦  ¦ 12 ¦ 4 ¦  ¦ !=
http.Header ¦ = ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ !=
url.Values ¦ = ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ !=
http.ConnState ¦ = ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ ==
token.Pos ¦ = ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ ==
context.Context ¦ = ¦ 16 ¦ 8 ¦  ¦ 8 ¦ 4 ¦  ¦ ==
fmt.Stringer ¦ = ¦ 16 ¦ 8 ¦  ¦ 8 ¦ 4 ¦  ¦ ==
io.Reader ¦ = ¦ 16 ¦ 8 ¦  ¦ 8 ¦ 4 ¦  ¦ ==
io.Writer ¦ = ¦ 16 ¦ 8 ¦  ¦ 8 ¦ 4 ¦  ¦ ==
net.Conn ¦ = ¦ 16 ¦ 8 ¦  ¦ 8 ¦ 4 ¦  ¦ ==
net.Addr ¦ = ¦ 16 ¦ 8 ¦  ¦ 8 ¦ 4 ¦  ¦ ==
reflect.Type ¦ = ¦ 16 ¦ 8 ¦  ¦ 8 ¦ 4 ¦  ¦ ==
http.Handler ¦ = ¦ 16 ¦ 8 ¦  ¦ 8 ¦ 4 ¦  ¦ ==
[2]time.Time ¦ = ¦ 48 ¦ 8 ¦  ¦ 40 ¦ 4 ¦  ¦ ==
struct{ a byte; t time.Time } ¦ struct { a uint8; t time.Time } ¦ 32 ¦ 8 ¦ 0,8 ¦ 24 ¦ 4 ¦ 0,4 ¦ ==
[]main.T ¦ = ¦ 24 ¦ 8 ¦  ¦ 12 ¦ 4 ¦  ¦ !=
*main.T ¦ = ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ ==
map[main.T]main.T ¦ = ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ !=
chan main.T ¦ = ¦ 8 ¦ 8 ¦  ¦ 4 ¦ 4 ¦  ¦ ==
"#;

fn offsets(go_type: &GoType) -> String {
    let Kind::Struct { fields } = &go_type.kind else {
        return String::new();
    };
    let offsets: Vec<String> = fields
        .iter()
        .map(|field| field.offset.to_string())
        .collect();
    offsets.join(",")
}

#[test]
fn types_are_laid_out_as_go_1_19_and_1_27_lay_them_out() {
    let rows: Vec<Vec<&str>> = TRUTH
        .trim()
        .lines()
        .map(|line| line.split('¦').map(str::trim).collect())
        .collect();
    assert!(rows.len() > 100, "{}", rows.len());
    for row in rows {
        let [
            text,
            name,
            size,
            align,
            offs,
            size_386,
            align_386,
            offs_386,
            comparable,
        ] = row[..]
        else {
            panic!("{row:?}");
        };
        for (arch, size, align, offs) in [
            (Arch::Amd64, size, align, offs),
            (Arch::I386, size_386, align_386, offs_386),
        ] {
            let go_type = GoType::parse(text, arch).unwrap_or_else(|error| panic!("{error}"));
            let found = (go_type.size.to_string(), go_type.align.to_string());
            assert_eq!(found, (size.to_owned(), align.to_owned()), "{text} {arch}");
            // Offsets inside the standard library's own structs are not printed by name there.
            assert_eq!(offsets(&go_type), offs, "{text} {arch}");
            assert_eq!(go_type.is_comparable(), comparable == "==", "{text}");
            match name {
                "-" => {}
                "=" => assert_eq!(go_type.name, text),
                name => assert_eq!(go_type.name, name),
            }
        }
    }
}

#[test]
fn a_name_reads_as_itself() {
    for line in TRUTH.trim().lines() {
        let text = line.split('¦').next().unwrap().trim();
        let once = GoType::parse(text, Arch::Amd64).unwrap();
        assert_eq!(GoType::parse(&once.name, Arch::Amd64), Ok(once));
    }
}

fn error(text: &str) -> TypeError {
    MapType::parse(text, Arch::Amd64).unwrap_err()
}

#[test]
fn map_types() {
    let map = MapType::parse("map[struct{a, b rune}]map[[]int]any", Arch::Amd64).unwrap();
    assert_eq!((map.key.size, map.elem.size), (8, 8));
    assert_eq!(
        map.to_string(),
        "map[struct { a int32; b int32 }]map[[]int]interface {}"
    );
    for (text, name) in [
        ("map[[]int]int", "[]int"),
        ("map[map[int]int]int", "map[int]int"),
        ("map[func()]int", "func()"),
        ("map[[2]func()]int", "[2]func()"),
        ("map[struct{ a [0][]int }]int", "struct { a [0][]int }"),
        ("map[net.IP]int", "net.IP"),
    ] {
        assert_eq!(error(text), TypeError::NotComparable(name.into()));
    }
    assert_eq!(
        error("[]map[int]int"),
        TypeError::NotAMap("[]map[int]int".into())
    );
    for (text, name) in [
        ("map[main.Key]int", "main.Key"),
        ("map[string]main.Value", "main.Value"),
        ("map[main.Pair[int, *main.T]]int", "main.Pair[int,*main.T]"),
        ("map[string]struct{ sync.Mutex }", "sync.Mutex"),
        (
            "map[[2]github.com/a-b/c.v2/d.Key]int",
            "github.com/a-b/c.v2/d.Key",
        ),
        ("map[interface{ main.Shape }]int", "main.Shape"),
    ] {
        assert_eq!(error(text), TypeError::Named(name.into()));
    }
    assert_eq!(
        error("map[interface{ int }]int"),
        TypeError::NotAnInterface("int".into())
    );
}

#[test]
fn what_is_only_pointed_to_may_be_named() {
    for text in [
        "map[*main.Key][]main.Value",
        "map[chan main.Key]func(main.A, ...main.B) (main.C, error)",
        "map[interface{ Area(main.Unit) float64; main.Shape }]map[main.K]main.V",
    ] {
        assert!(MapType::parse(text, Arch::Amd64).is_ok(), "{text}");
    }
}

#[test]
fn source_spread_over_lines() {
    let text = "struct {\n\tid int32\n\tdone func()\n\tname, host string `json:\"n\"`\n}";
    assert_eq!(
        GoType::parse(text, Arch::Amd64).unwrap().name,
        "struct { id int32; done func(); name string \"json:\\\"n\\\"\"; host string \"json:\\\"n\\\"\" }"
    );
    let text = "interface {\n\tClose()\n\tName() string\n}";
    assert_eq!(
        GoType::parse(text, Arch::Amd64).unwrap().name,
        "interface { Close(); Name() string }"
    );
}

#[test]
fn a_debuggers_unexported_fields() {
    let text = "struct { main.a int32; B string }";
    assert_eq!(
        GoType::parse(text, Arch::Amd64).unwrap().name,
        "struct { a int32; B string }"
    );
}

#[test]
fn mistakes_are_named_where_they_show() {
    for (text, at, expected) in [
        ("", 0, "a type"),
        ("map", 3, "["),
        ("map[int", 7, "]"),
        ("map[int]", 8, "a type"),
        ("map[int]int]", 11, "the end"),
        ("map[in t]int", 7, "]"),
        ("map[[x]int]int", 5, "] or a length"),
        ("map[[...]int]int", 5, "] or a length"),
        ("map[[08]int]int", 5, "] or a length"),
        ("map[[-1]int]int", 5, "] or a length"),
        ("map[[99999999999999999999]int]int", 5, "] or a length"),
        ("map[struct{a, b}]int", 15, "a type"),
        ("map[struct{a [x]int}]int", 14, "] or a length"),
        ("map[struct{a int b int}]int", 17, "}"),
        ("map[struct{a, int}]int", 17, "a type"),
        ("map[struct{a int \"x}]int", 24, "a closing \""),
        ("map[interface{ M( }]int", 18, "a type"),
        (
            "map[func(a int, string)]int",
            23,
            "a type for every parameter that has a name",
        ),
        ("map[<-int]int", 6, "chan"),
        ("map[chan]int", 8, "a type"),
        ("map[main.Pair[]]int", 14, "a type"),
        ("map[type]int", 4, "a type"),
        ("map[größe]4", 12, "a type"),
    ] {
        match error(text) {
            TypeError::Malformed {
                at: found,
                expected: what,
                ..
            } => {
                assert_eq!((found, what), (at, expected), "{text}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn sizes_and_depths_are_bounded() {
    let too_large = |text: &str| matches!(error(text), TypeError::TooLarge(_));
    assert!(too_large("map[[1125899906842625]byte]int"));
    assert!(too_large("map[[9999999999][9999999999]int]int"));
    assert!(too_large("map[struct{a, b, c [1000000000000000]byte}]int"));
    assert!(MapType::parse("map[[1125899906842624]byte]int", Arch::Amd64).is_ok());
    assert!(MapType::parse("map[[4294967295]byte]int", Arch::I386).is_ok());
    assert!(MapType::parse("map[[4294967296]byte]int", Arch::I386).is_err());
    assert!(too_large(&format!("map[int]{}int", "*".repeat(100_000))));
    assert!(too_large(&format!("map[int]{}", "(".repeat(100_000))));
    assert!(too_large(&format!(
        "map[int]{}",
        "struct{a ".repeat(10_000)
    )));
    assert!(
        MapType::parse(
            &format!("map[int]{}int", "*".repeat(MAX_DEPTH - 2)),
            Arch::Amd64
        )
        .is_ok()
    );
    // Twice as many fields at every level.
    let doubling = format!("map[{}int{}]int", "struct{a, b ".repeat(30), "}".repeat(30));
    assert!(too_large(&doubling));
    let doubling = format!(
        "map[int]*{}int{}",
        "struct{a, b ".repeat(30),
        "}".repeat(30)
    );
    assert!(too_large(&doubling));
}

/// Types made of all that there is, with their parts in many orders.
fn any_type() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "int",
        "byte",
        "rune",
        "string",
        "any",
        "error",
        "float32",
        "complex128",
        "unsafe.Pointer",
        "time.Duration",
        "struct{}",
        "interface{}",
        "*main.T",
        "[]main.T",
        "func()",
    ]);
    leaf.prop_map(str::to_owned)
        .prop_recursive(5, 24, 3, |inner| {
            let (a, b) = (inner.clone(), inner.clone());
            prop_oneof![
                inner.clone().prop_map(|t| format!("*{t}")),
                inner.clone().prop_map(|t| format!("[]{t}")),
                (0u8..5, inner.clone()).prop_map(|(n, t)| format!("[{n}]{t}")),
                (a.clone(), b.clone()).prop_map(|(k, v)| format!("map[ {k} ]{v}")),
                inner.clone().prop_map(|t| format!("chan {t}")),
                inner.clone().prop_map(|t| format!("<-chan ({t})")),
                inner.clone().prop_map(|t| format!("chan<- {t}")),
                (a.clone(), b.clone())
                    .prop_map(|(k, v)| format!("func(a, b {k}, c ...{v}) ({v}, {k})")),
                (a.clone(), b.clone()).prop_map(|(k, v)| format!("struct{{a {k}; b, _ {v} `t`}}")),
                (a, b).prop_map(|(k, v)| format!("interface{{ M({k}) {v}; A() }}")),
            ]
        })
}

/// Texts made of a grammar's own words.
fn any_words() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "map",
        "[",
        "]",
        "chan",
        "<-",
        "func",
        "(",
        ")",
        "struct",
        "{",
        "}",
        "interface",
        "a",
        "int",
        ",",
        ";",
        "...",
        "4",
        "*",
        " ",
        ".",
        "\"t\"",
        "main.T",
        "\n",
        "é",
    ]);
    prop::collection::vec(word, 0..40).prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_types_name_means_the_type(text in any_type()) {
        let go_type = GoType::parse(&text, Arch::Amd64);
        prop_assert!(go_type.is_ok(), "{}: {:?}", text, go_type);
        let go_type = go_type.unwrap();
        prop_assert_eq!(GoType::parse(&go_type.name, Arch::Amd64), Ok(go_type));
    }

    #[test]
    fn any_text_is_read_or_refused(text in prop_oneof![any_words(), any::<String>()]) {
        match GoType::parse(&text, Arch::I386) {
            Ok(go_type) => {
                prop_assert!(go_type.size.is_multiple_of(go_type.align), "{}", text);
            }
            Err(TypeError::Malformed { at, .. }) => prop_assert!(text.is_char_boundary(at), "{}: {}", text, at),
            Err(_) => {}
        }
    }
}
