//! What stands in memory for literals, as Go says.

use super::*;
use crate::gomap::types::GoType;
use proptest::prelude::*;

/// Printed by a Go 1.27.3 program for amd64 that put each literal into a variable and read its bytes: type ¦ literal ¦ memory, words
/// of strings and interfaces zeroed ¦ what those refer to: offset=bytes, offset=(type,memory,references), offset=nil. `NaN`,
/// `+Inf`, `-0`, braces without a type and addresses were compiled in the forms that Go has for them.
const TRUTH: &str = r#"
bool ¦ true ¦ 01 ¦ 
bool ¦ false ¦ 00 ¦ 
int ¦ 42 ¦ 2a00000000000000 ¦ 
int ¦ -42 ¦ d6ffffffffffffff ¦ 
int ¦ 0x1F ¦ 1f00000000000000 ¦ 
int ¦ 0b101 ¦ 0500000000000000 ¦ 
int ¦ 0o17 ¦ 0f00000000000000 ¦ 
int ¦ 017 ¦ 0f00000000000000 ¦ 
int ¦ 1_000_000 ¦ 40420f0000000000 ¦ 
int ¦ 0x_FF_FF ¦ ffff000000000000 ¦ 
int ¦ 'a' ¦ 6100000000000000 ¦ 
int ¦ +7 ¦ 0700000000000000 ¦ 
int ¦ 1e3 ¦ e803000000000000 ¦ 
int ¦ 2.0 ¦ 0200000000000000 ¦ 
int8 ¦ -128 ¦ 80 ¦ 
int16 ¦ 32767 ¦ ff7f ¦ 
int32 ¦ '\n' ¦ 0a000000 ¦ 
rune ¦ '世' ¦ 164e0000 ¦ 
rune ¦ '\'' ¦ 27000000 ¦ 
rune ¦ '\U0010FFFF' ¦ ffff1000 ¦ 
rune ¦ '\xff' ¦ ff000000 ¦ 
rune ¦ '\377' ¦ ff000000 ¦ 
int64 ¦ -9223372036854775808 ¦ 0000000000000080 ¦ 
uint64 ¦ 18446744073709551615 ¦ ffffffffffffffff ¦ 
uint8 ¦ 255 ¦ ff ¦ 
byte ¦ 'z' ¦ 7a ¦ 
uint16 ¦ 0xBEEF ¦ efbe ¦ 
uintptr ¦ 0xc000012345 ¦ 45230100c0000000 ¦ 
int64 ¦ int64(-5) ¦ fbffffffffffffff ¦ 
time.Duration ¦ time.Duration(1500) ¦ dc05000000000000 ¦ 
time.Duration ¦ 1500 ¦ dc05000000000000 ¦ 
float64 ¦ 1.5 ¦ 000000000000f83f ¦ 
float64 ¦ 0.1 ¦ 9a9999999999b93f ¦ 
float64 ¦ -2.5e-3 ¦ 7b14ae47e17a64bf ¦ 
float64 ¦ 1e308 ¦ a0c8eb85f3cce17f ¦ 
float64 ¦ 5e-324 ¦ 0100000000000000 ¦ 
float64 ¦ 2.2250738585072011e-308 ¦ ffffffffffff0f00 ¦ 
float64 ¦ 0x1p-2 ¦ 000000000000d03f ¦ 
float64 ¦ 0x1.fffffffffffff8p0 ¦ 0000000000000040 ¦ 
float64 ¦ 0x1.fffffffffffff7fp0 ¦ ffffffffffffff3f ¦ 
float64 ¦ 0x.8p1 ¦ 000000000000f03f ¦ 
float64 ¦ 0X1.8P+3 ¦ 0000000000002840 ¦ 
float64 ¦ 0x1p-1074 ¦ 0100000000000000 ¦ 
float64 ¦ 0x1.8p-1074 ¦ 0200000000000000 ¦ 
float64 ¦ 0x1.8p-1075 ¦ 0100000000000000 ¦ 
float64 ¦ 0x1p-1022 ¦ 0000000000001000 ¦ 
float64 ¦ 0x0.fffffffffffffp-1022 ¦ ffffffffffff0f00 ¦ 
float64 ¦ 7 ¦ 0000000000001c40 ¦ 
float64 ¦ 0x10 ¦ 0000000000003040 ¦ 
float64 ¦ 017 ¦ 0000000000002e40 ¦ 
float64 ¦ 017.5 ¦ 0000000000803140 ¦ 
float64 ¦ .5 ¦ 000000000000e03f ¦ 
float64 ¦ 5. ¦ 0000000000001440 ¦ 
float64 ¦ 1_0.2_5 ¦ 0000000000802440 ¦ 
float64 ¦ 'a' ¦ 0000000000405840 ¦ 
float64 ¦ 123456789012345678901234567890 ¦ 3e376cff90eef845 ¦ 
float64 ¦ 0xFFFFFFFFFFFFFFFFFFFFFFFF ¦ 000000000000f045 ¦ 
float64 ¦ math.NaN() ¦ 010000000000f87f ¦ 
float64 ¦ NaN ¦ 010000000000f87f ¦ 
float64 ¦ +Inf ¦ 000000000000f07f ¦ 
float64 ¦ Inf ¦ 000000000000f07f ¦ 
float64 ¦ -Inf ¦ 000000000000f0ff ¦ 
float64 ¦ math.Inf(-1) ¦ 000000000000f0ff ¦ 
float64 ¦ math.Inf(1) ¦ 000000000000f07f ¦ 
float64 ¦ -0.0 ¦ 0000000000000080 ¦ 
float64 ¦ -0 ¦ 0000000000000080 ¦ 
float32 ¦ 1.5 ¦ 0000c03f ¦ 
float32 ¦ 0.1 ¦ cdcccc3d ¦ 
float32 ¦ 16777217 ¦ 0000804b ¦ 
float32 ¦ 1.00000005960464477540 ¦ 0100803f ¦ 
float32 ¦ 1.000000059604644775390625 ¦ 0000803f ¦ 
float32 ¦ 1e-45 ¦ 01000000 ¦ 
float32 ¦ 0x1p-149 ¦ 01000000 ¦ 
float32 ¦ 0x1.fffffefp0 ¦ ffffff3f ¦ 
float32 ¦ 0x1.fffffffp-127 ¦ 00008000 ¦ 
float32 ¦ NaN ¦ 0000c07f ¦ 
float32 ¦ -Inf ¦ 000080ff ¦ 
float32 ¦ float32(0.3) ¦ 9a99993e ¦ 
complex128 ¦ (1+2i) ¦ 000000000000f03f0000000000000040 ¦ 
complex128 ¦ 1+2i ¦ 000000000000f03f0000000000000040 ¦ 
complex128 ¦ 1-2.5i ¦ 000000000000f03f00000000000004c0 ¦ 
complex128 ¦ -1-2i ¦ 000000000000f0bf00000000000000c0 ¦ 
complex128 ¦ 2i ¦ 00000000000000000000000000000040 ¦ 
complex128 ¦ -2i ¦ 000000000000000000000000000000c0 ¦ 
complex128 ¦ 3 ¦ 00000000000008400000000000000000 ¦ 
complex128 ¦ 0x10i ¦ 00000000000000000000000000003040 ¦ 
complex128 ¦ 010i ¦ 00000000000000000000000000002440 ¦ 
complex128 ¦ complex(1, -2) ¦ 000000000000f03f00000000000000c0 ¦ 
complex128 ¦ (NaN+Infi) ¦ 010000000000f87f000000000000f07f ¦ 
complex128 ¦ (+Inf-Infi) ¦ 000000000000f07f000000000000f0ff ¦ 
complex64 ¦ (0.1+0.2i) ¦ cdcccc3dcdcc4c3e ¦ 
complex64 ¦ complex64(1.5i) ¦ 000000000000c03f ¦ 
string ¦ "" ¦ 00000000000000000000000000000000 ¦ 0=
string ¦ "abc" ¦ 00000000000000000000000000000000 ¦ 0=616263
string ¦ "x\001" ¦ 00000000000000000000000000000000 ¦ 0=7801
string ¦ "\a\b\f\n\r\t\v\\\"" ¦ 00000000000000000000000000000000 ¦ 0=07080c0a0d090b5c22
string ¦ "\377\xff\x00" ¦ 00000000000000000000000000000000 ¦ 0=ffff00
string ¦ "é世界\u00e9\U0001F600" ¦ 00000000000000000000000000000000 ¦ 0=c3a9e4b896e7958cc3a9f09f9880
string ¦ `raw\n"x"` ¦ 00000000000000000000000000000000 ¦ 0=7261775c6e227822
string ¦ string("conv") ¦ 00000000000000000000000000000000 ¦ 0=636f6e76
[4]byte ¦ [4]byte{1, 2, 3} ¦ 01020300 ¦ 
[4]byte ¦ {1,2,3,4} ¦ 01020304 ¦ 
[16]byte ¦ [16]byte{0xde, 0xad, 15: 'x'} ¦ dead0000000000000000000000000078 ¦ 
[4]int ¦ [4]int{2: 5} ¦ 0000000000000000000000000000000005000000000000000000000000000000 ¦ 
[4]int ¦ [4]int{2: 5, 6} ¦ 0000000000000000000000000000000005000000000000000600000000000000 ¦ 
[4]int ¦ [...]int{1,2,3,4} ¦ 0100000000000000020000000000000003000000000000000400000000000000 ¦ 
[4]int ¦ [4]int{} ¦ 0000000000000000000000000000000000000000000000000000000000000000 ¦ 
[4]int ¦ { } ¦ 0000000000000000000000000000000000000000000000000000000000000000 ¦ 
[4]int16 ¦ [4]int16{3: -1, 0: 7,} ¦ 070000000000ffff ¦ 
[3]string ¦ [3]string{"a"} ¦ 000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000 ¦ 0=61;16=;32=
[3]string ¦ [3]string{1: "bc"} ¦ 000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000 ¦ 0=;16=6263;32=
[2][2]int8 ¦ [2][2]int8{{1, 2}, {3}} ¦ 01020300 ¦ 
[2][2]int8 ¦ [2][2]int8{[2]int8{1, 2}, 1: {1: 3}} ¦ 01020003 ¦ 
[2]float32 ¦ [2]float32{0.5, -1} ¦ 0000003f000080bf ¦ 
[0]int ¦ [0]int{} ¦  ¦ 
struct{} ¦ struct{}{} ¦  ¦ 
struct{ a int32; b string } ¦ struct{ a int32; b string }{1, "x"} ¦ 010000000000000000000000000000000000000000000000 ¦ 8=78
struct{ a int32; b string } ¦ {b: "x"} ¦ 000000000000000000000000000000000000000000000000 ¦ 8=78
struct{ a int32; b string } ¦ {a: 1, b: "x"} ¦ 010000000000000000000000000000000000000000000000 ¦ 8=78
struct{ a int32; b string } ¦ main.Key{a: 1, b: "x"} ¦ 010000000000000000000000000000000000000000000000 ¦ 8=78
struct{ a byte; b int64; c byte } ¦ {1, -1, 2} ¦ 0100000000000000ffffffffffffffff0200000000000000 ¦ 
struct{ a byte; b [2]struct{ c int16; d string } } ¦ {7, {{1, "p"}, {d: "q"}}} ¦ 0700000000000000010000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000 ¦ 16=70;40=71
struct{ s []int8; n int } ¦ {nil, 3} ¦ 0000000000000000000000000000000000000000000000000300000000000000 ¦ 
struct{ a byte; e any; s string } ¦ {1, nil, "z"} ¦ 01000000000000000000000000000000000000000000000000000000000000000000000000000000 ¦ 8=nil;24=7a
struct{ a byte; e any; s string } ¦ {1, int16(5), "z"} ¦ 01000000000000000000000000000000000000000000000000000000000000000000000000000000 ¦ 8=(int16,0500,);24=7a
any ¦ nil ¦ 00000000000000000000000000000000 ¦ 0=nil
any ¦ 42 ¦ 00000000000000000000000000000000 ¦ 0=(int,2a00000000000000,)
any ¦ -42 ¦ 00000000000000000000000000000000 ¦ 0=(int,d6ffffffffffffff,)
any ¦ "x" ¦ 00000000000000000000000000000000 ¦ 0=(string,00000000000000000000000000000000,0=78)
any ¦ int64(5) ¦ 00000000000000000000000000000000 ¦ 0=(int64,0500000000000000,)
any ¦ uint8('a') ¦ 00000000000000000000000000000000 ¦ 0=(uint8,61,)
any ¦ float32(1.5) ¦ 00000000000000000000000000000000 ¦ 0=(float32,0000c03f,)
any ¦ 1.5 ¦ 00000000000000000000000000000000 ¦ 0=(float64,000000000000f83f,)
any ¦ 1i ¦ 00000000000000000000000000000000 ¦ 0=(complex128,0000000000000000000000000000f03f,)
any ¦ 1+1i ¦ 00000000000000000000000000000000 ¦ 0=(complex128,000000000000f03f000000000000f03f,)
any ¦ 'a' ¦ 00000000000000000000000000000000 ¦ 0=(int32,61000000,)
any ¦ true ¦ 00000000000000000000000000000000 ¦ 0=(bool,01,)
any ¦ [2]int{1,2} ¦ 00000000000000000000000000000000 ¦ 0=([2]int,01000000000000000200000000000000,)
any ¦ [2]any{1, "y"} ¦ 00000000000000000000000000000000 ¦ 0=([2]interface {},0000000000000000000000000000000000000000000000000000000000000000,0=(int,0100000000000000,);16=(string,00000000000000000000000000000000,0=79))
any ¦ [2]any{1, [1]any{nil}} ¦ 00000000000000000000000000000000 ¦ 0=([2]interface {},0000000000000000000000000000000000000000000000000000000000000000,0=(int,0100000000000000,);16=([1]interface {},00000000000000000000000000000000,0=nil))
any ¦ struct{ a int32; b string }{1, "x"} ¦ 00000000000000000000000000000000 ¦ 0=(struct { a int32; b string },010000000000000000000000000000000000000000000000,8=78)
any ¦ struct{ a int8; b any }{1, 'c'} ¦ 00000000000000000000000000000000 ¦ 0=(struct { a int8; b interface {} },010000000000000000000000000000000000000000000000,8=(int32,63000000,))
any ¦ any(5) ¦ 00000000000000000000000000000000 ¦ 0=(int,0500000000000000,)
any ¦ time.Duration(7) ¦ 00000000000000000000000000000000 ¦ 0=(time.Duration,0700000000000000,)
any ¦ uintptr(9) ¦ 00000000000000000000000000000000 ¦ 0=(uintptr,0900000000000000,)
any ¦ complex64(1) ¦ 00000000000000000000000000000000 ¦ 0=(complex64,0000803f00000000,)
any ¦ math.NaN() ¦ 00000000000000000000000000000000 ¦ 0=(float64,010000000000f87f,)
any ¦ float64(2) ¦ 00000000000000000000000000000000 ¦ 0=(float64,0000000000000040,)
any ¦ (*main.T)(nil) ¦ 00000000000000000000000000000000 ¦ 0=(*main.T,0000000000000000,)
any ¦ (chan int)(nil) ¦ 00000000000000000000000000000000 ¦ 0=(chan int,0000000000000000,)
any ¦ [3]string{"a", "b"} ¦ 00000000000000000000000000000000 ¦ 0=([3]string,000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000,0=61;16=62;32=)
any ¦ struct{}{} ¦ 00000000000000000000000000000000 ¦ 0=(struct {},,)
any ¦ rune(5) ¦ 00000000000000000000000000000000 ¦ 0=(int32,05000000,)
any ¦ byte(5) ¦ 00000000000000000000000000000000 ¦ 0=(uint8,05,)
any ¦ (int8)(5) ¦ 00000000000000000000000000000000 ¦ 0=(int8,05,)
any ¦ string("k") ¦ 00000000000000000000000000000000 ¦ 0=(string,00000000000000000000000000000000,0=6b)
error ¦ nil ¦ 00000000000000000000000000000000 ¦ 0=nil
*int ¦ nil ¦ 0000000000000000 ¦ 
chan int ¦ nil ¦ 0000000000000000 ¦ 
*int ¦ (*int)(nil) ¦ 0000000000000000 ¦ 
*main.T ¦ 0xc000012340 ¦ 40230100c0000000 ¦ 
*main.T ¦ (*main.T)(0xc000012340) ¦ 40230100c0000000 ¦ 
unsafe.Pointer ¦ 0xc000012340 ¦ 40230100c0000000 ¦ 
unsafe.Pointer ¦ unsafe.Pointer(0xc000012340) ¦ 40230100c0000000 ¦ 
any ¦ (*main.T)(0xc000012340) ¦ 00000000000000000000000000000000 ¦ 0=(*main.T,40230100c0000000,)
"#;

/// An image in the form of the truth's last two columns.
fn printed(image: &Image, go_type: &GoType) -> (String, String) {
    let mut bytes = image.bytes.clone();
    let mut refs = Vec::new();
    for one in &image.refs {
        let at = one.offset as usize;
        bytes[at..at + 16].fill(0);
        refs.push(match &one.referent {
            Referent::Str(text) => format!("{at}={}", hex(text)),
            Referent::Iface(None) => format!("{at}=nil"),
            Referent::Iface(Some(dynamic)) => {
                let (bytes, refs) = printed(&dynamic.image, &dynamic.go_type);
                format!("{at}=({},{bytes},{refs})", dynamic.go_type.name)
            }
        });
    }
    assert_eq!(bytes.len() as u64, go_type.size);
    (hex(&bytes), refs.join(";"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn image(go_type: &str, literal: &str) -> Result<Image, KeyError> {
    let go_type = GoType::parse(go_type, Arch::Amd64).unwrap();
    Image::parse(literal, &go_type, Arch::Amd64)
}

#[test]
fn literals_are_what_go_1_27_makes_of_them() {
    let rows: Vec<&str> = TRUTH.trim().lines().collect();
    assert!(rows.len() > 150, "{}", rows.len());
    for row in rows {
        let columns: Vec<&str> = row.split('¦').map(str::trim).collect();
        let [go_type, literal, bytes, refs] = columns[..] else {
            panic!("{row}");
        };
        let go_type = GoType::parse(go_type, Arch::Amd64).unwrap();
        let found = Image::parse(literal, &go_type, Arch::Amd64)
            .unwrap_or_else(|error| panic!("{row}: {error}"));
        assert_eq!(
            printed(&found, &go_type),
            (bytes.to_owned(), refs.to_owned()),
            "{row}"
        );
    }
}

#[test]
fn words_that_refer_elsewhere() {
    let text = image("string", "\"abc\"").unwrap();
    assert_eq!(
        text.bytes,
        [0u64.to_le_bytes(), 3u64.to_le_bytes()].concat()
    );
    let any = image("any", "5").unwrap();
    assert_eq!(any.bytes, [1u64.to_le_bytes(), 0u64.to_le_bytes()].concat());
    let string_386 = GoType::parse("struct{ a byte; b string }", Arch::I386).unwrap();
    let small = Image::parse("{1, \"ab\"}", &string_386, Arch::I386).unwrap();
    assert_eq!(small.bytes, [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0]);
}

#[test]
fn bytes_instead_of_a_literal() {
    assert_eq!(image("[3]byte", "hex:0A0b0c").unwrap().bytes, [10, 11, 12]);
    assert_eq!(
        image("string", "hex:00ff"),
        image("string", r#""\x00\xff""#)
    );
    assert_eq!(image("string", " hex: "), image("string", "\"\""));
    assert_eq!(
        image("int32", "hex:0a0b"),
        Err(KeyError::Size {
            go_type: "int32".into(),
            wanted: 4,
            given: 2
        })
    );
    assert!(matches!(
        image("int32", "hex:0a0"),
        Err(KeyError::Literal { at: 4, .. })
    ));
    assert!(matches!(
        image("int32", "hex:0aé0"),
        Err(KeyError::Literal { .. })
    ));
    // Zero words say that a string is empty; others do not say what it holds.
    let key = "struct{ a int64; b string }";
    assert_eq!(
        image(key, &format!("hex:05{}", "00".repeat(23))),
        image(key, "{a: 5}")
    );
    assert_eq!(
        image(key, &format!("hex:{}", "01".repeat(24))),
        Err(KeyError::MissingReferent {
            what: "string",
            offset: 8
        })
    );
    assert_eq!(
        image("any", &format!("hex:{}", "00".repeat(16))),
        image("any", "nil")
    );
}

#[test]
fn mistakes_are_named_where_they_show() {
    for (go_type, literal, at, why) in [
        ("int8", "128", 0, "-128 to 127 expected"),
        ("uint8", "-1", 0, "0 to 255 expected"),
        ("uint64", "18446744073709551616", 0, "expected"),
        ("int64", "-9223372036854775809", 0, "expected"),
        (
            "int64",
            "9999999999999999999999999999999999999999999",
            0,
            "a whole number",
        ),
        ("int", "1.5", 0, "a whole number"),
        ("int", "1e300", 0, "a whole number"),
        ("int", "089", 0, "a whole number"),
        ("int", "0b12", 0, "a whole number"),
        ("int", "\"5\"", 0, "a whole number"),
        ("int", "5 5", 2, "the end"),
        ("int", "", 0, "a literal"),
        ("int", "five", 0, "a constant is not known by its name"),
        ("int", "int8(5)", 0, "its type is int8"),
        ("int", "1+2", 0, "a whole number"),
        ("bool", "1", 0, "true or false"),
        ("float64", "1e999", 0, "too large"),
        ("float32", "1e39", 0, "too large"),
        ("float32", "0x1p128", 0, "too large"),
        ("float64", "0x1.8", 0, "malformed"),
        ("float64", "2i", 0, "a real number"),
        ("complex128", "1+2", 0, "an imaginary part"),
        ("string", "abc", 0, "text stands in quotes"),
        ("string", "\"abc", 4, "a closing \""),
        ("string", "\"a\\q\"", 3, "an escape"),
        ("string", "5", 0, "a string in quotes"),
        ("*int", "&x", 0, "an address"),
        ("*int", "-1", 0, "an address"),
        ("*int", "0x10000000000000000", 0, "an address"),
        ("[2]int", "{1, 2, 3}", 7, "no element 2"),
        ("[2]int", "{1, 0: 2}", 7, "element 0 is given twice"),
        ("[2]int", "{-1: 2}", 5, "whole number"),
        ("[2]int", "[3]int{}", 0, "its type is [3]int"),
        ("[2]int", "[...]int{1}", 0, "its type is [1]int"),
        ("[2]int", "5", 0, "{…}"),
        ("[2]int", "{1", 2, "}"),
        ("[2]int", "{1 2}", 3, "}"),
        ("[2]int8", "{1, 300}", 4, "-128 to 127"),
        ("struct{ a, b int }", "{1}", 0, "all 2 fields"),
        ("struct{ a, b int }", "{c: 1}", 4, "no field"),
        ("struct{ a, b int }", "{a: 1, a: 2}", 10, "a is given twice"),
        (
            "struct{ a, b int }",
            "{a: 1, 2}",
            7,
            "before all values or none",
        ),
        ("struct{ _, b int }", "{_: 1}", 4, "no field"),
        (
            "struct{ a, b int }",
            "struct{ a, c int }{1, 2}",
            0,
            "its type is struct { a int; c int }",
        ),
        ("any", "{1, 2}", 0, "a type before {"),
        ("any", "--1", 0, "a number"),
    ] {
        match image(go_type, literal) {
            Err(KeyError::Literal {
                at: found,
                why: text,
                ..
            }) => {
                assert!(text.contains(why), "{go_type} {literal}: {text}");
                assert_eq!(found, at, "{go_type} {literal}: {text}");
            }
            other => panic!("{go_type} {literal}: {other:?}"),
        }
    }
}

#[test]
fn values_that_go_cannot_hash() {
    for literal in [
        "[]int{1}",
        "[2]func(){}",
        "struct{ a []byte }{nil}",
        "(map[int]int)(nil)",
        "[1]any{[]int{}}",
    ] {
        assert!(
            matches!(image("any", literal), Err(KeyError::Unhashable(_))),
            "{literal}"
        );
    }
    assert_eq!(
        image("any", "[]int{1}").unwrap_err().to_string(),
        "Go panics on this key: hash of unhashable type []int"
    );
    assert_eq!(
        image("any", "main.Key{1}"),
        Err(KeyError::Type(TypeError::Named("main.Key".into())))
    );
}

#[test]
fn a_named_type_takes_its_own_name_and_its_underlying_types() {
    let tree = serde_json::json!({"name": "main.ID", "kind": "array", "len": 2, "elem": {"name": "main.Part", "kind": "uint8"}});
    let id = crate::gomap::types::tree::go_type(&tree, Arch::Amd64).unwrap();
    for literal in [
        "main.ID{1, 2}",
        "{1, 2}",
        "[2]uint8{1, 2}",
        "[...]byte{1, 2}",
        "main.ID{main.Part(1), 2}",
        "(main.ID)({1, 2})",
    ] {
        let image = Image::parse(literal, &id, Arch::Amd64);
        assert_eq!(image.map(|image| image.bytes), Ok(vec![1, 2]), "{literal}");
    }
    assert!(Image::parse("[2]int8{1, 2}", &id, Arch::Amd64).is_err());
}

#[test]
fn memory_and_depth_are_bounded() {
    assert!(matches!(
        image("[1048577]byte", "{}"),
        Err(KeyError::Literal { .. })
    ));
    assert_eq!(image("[1048576]byte", "{1}").unwrap().bytes.len(), 1 << 20);
    let many = format!("[100]any{{{}}}", "[100000]byte{}, ".repeat(50));
    assert!(matches!(image("any", &many), Err(KeyError::Literal { .. })));
    assert!(
        image("[1000000000000]struct{}", "{}")
            .unwrap()
            .bytes
            .is_empty()
    );
    for open in ["{", "(", "-", "[1]any{", "any(", "complex(1,"] {
        assert!(image("any", &open.repeat(50_000)).is_err());
        assert!(image("any", &format!("{}1", open.repeat(100))).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn integers_come_back(value in any::<i64>(), unsigned in any::<u16>()) {
        prop_assert_eq!(image("int64", &value.to_string()).unwrap().bytes, value.to_le_bytes());
        prop_assert_eq!(image("uint16", &format!("{unsigned:#x}")).unwrap().bytes, unsigned.to_le_bytes());
    }

    #[test]
    fn floats_come_back_in_decimal_and_hexadecimal(bits in any::<u64>(), single in any::<u32>()) {
        let double = f64::from_bits(bits);
        if double.is_finite() {
            prop_assert_eq!(image("float64", &format!("{double:e}")).unwrap().bytes, bits.to_le_bytes());
            let (sign, exponent, fraction) = (bits >> 63, (bits >> 52 & 0x7ff) as i64, bits & ((1 << 52) - 1));
            let sign = if sign == 1 { "-" } else { "" };
            let text = match exponent {
                0 => format!("{sign}0x0.{fraction:013x}p-1022"),
                exponent => format!("{sign}0x1.{fraction:013x}p{}", exponent - 1023),
            };
            prop_assert_eq!(image("float64", &text).unwrap().bytes, bits.to_le_bytes(), "{}", text);
        }
        let single = f32::from_bits(single);
        if single.is_finite() {
            prop_assert_eq!(image("float32", &format!("{single:e}")).unwrap().bytes, single.to_bits().to_le_bytes());
        }
    }

    /// Rust rounds a double to a single as Go rounds a constant.
    #[test]
    fn hexadecimal_floats_round_to_the_nearest(mantissa in 1u64..1 << 53, exponent in -1200i64..1000) {
        let text = format!("{mantissa:#x}p{exponent}");
        let (high, low) = (exponent / 2, exponent - exponent / 2);
        let exact = mantissa as f64 * 2f64.powi(high as i32) * 2f64.powi(low as i32);
        if exact.is_normal() {
            prop_assert_eq!(image("float64", &text).unwrap().bytes, exact.to_le_bytes(), "{}", text);
            let single = exact as f32;
            if single.is_finite() {
                prop_assert_eq!(image("float32", &text).unwrap().bytes, single.to_le_bytes(), "{}", text);
            } else {
                prop_assert!(image("float32", &text).is_err());
            }
        }
    }

    #[test]
    fn strings_come_back(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let quoted = crate::gomap::tokens::quote(&bytes);
        prop_assert_eq!(image("string", &quoted).unwrap().refs[0].referent.clone(), Referent::Str(bytes));
    }

    #[test]
    fn any_text_is_read_or_refused(
        words in prop::collection::vec(prop::sample::select(vec![
            "[2]any", "{", "}", "(", ")", "1", "-", "+", "2i", ",", ":", "a", "\"x\"", "'c'", "nil", "int8", "struct{a int}",
            "[...]int", "NaN", "math.Inf(-1)", "complex", "*main.T", "hex:", "0x1p-3", " ", "\\", "é",
        ]), 0..30),
        text in any::<String>(),
        go_type in prop::sample::select(vec!["any", "string", "int", "[2]any", "struct{a int; b any}", "complex64", "*int", "float32"]),
    ) {
        let go_type = GoType::parse(go_type, Arch::Amd64).unwrap();
        for text in [words.concat(), text] {
            match Image::parse(&text, &go_type, Arch::Amd64) {
                Ok(image) => prop_assert_eq!(image.bytes.len() as u64, go_type.size),
                Err(KeyError::Literal { at, .. }) => prop_assert!(text.is_char_boundary(at), "{}: {}", text, at),
                Err(_) => {}
            }
        }
    }
}
