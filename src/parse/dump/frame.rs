//! The two lines of a frame, and the lines that stand in the place of one.
//!
//! ```text
//! main.(*Cache).Set(0xc00012a000, {0xc00003a010, 0x5}, 0x2a)     function line
//! <TAB>/app/main.go:41 +0x1d fp=0xc000052f50 sp=0xc000052ee0 pc=0x482e15     location line; fp, sp, pc at system level
//! main.helper(...)                                               inlined: no offset below it
//! <TAB>/app/main.go:17
//! <TAB>/app/main.go:52 +0x5f fp=0xc42003bfa8 sp=0xc42003bf70     up to 1.8 without pc
//! created by main.startWorkers in goroutine 1                    the creator's id since 1.21
//! <TAB>/app/main.go:26 +0x9d
//! ...103 frames elided...                                        since 1.21; `...additional frames elided...` before
//! non-Go function at pc=0x7f3a5e0969fc                           cgo without a symbolizer
//! [originating from goroutine 20]:                               GODEBUG=tracebackancestors
//! <TAB>goroutine running on other thread; stack unavailable
//! ```
//!
//! Printed by `traceback2`, `printcreatedby1` and `printAncestorTraceback` in runtime/traceback.go. Location lines are read from
//! their right end: a path may hold blanks, colons, `+` and `@`.

use super::args::is_args;
use super::header::address;
use crate::model::{Address, GoroutineId};
use nom::bytes::complete::{tag, take_till1};
use nom::character::complete::u64 as decimal;
use nom::combinator::{all_consuming, opt};
use nom::sequence::preceded;
use nom::{IResult, Parser};

/// `main.(*Cache).Set(0xc00012a000)`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::parse) struct FunctionLine<'t> {
    pub name: &'t [u8],
    /// Between the last pair of parentheses; `...` for an inlined function.
    pub args: &'t [u8],
}

/// `/app/main.go:41 +0x1d fp=0xc000052f50 sp=0xc000052ee0 pc=0x482e15`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::parse) struct Location<'t> {
    pub file: &'t [u8],
    /// 0 only for `?:0`.
    pub line: u32,
    pub offset: Option<u32>,
    /// `fp=`, `sp=`, `pc=`; not where the last one is missing.
    pub registers: Option<(Address, Address, Address)>,
}

/// A function line without leading blanks. The next line has to be a location for it to count.
#[inline]
pub(in crate::parse) fn function_line(line: &[u8]) -> Option<FunctionLine<'_>> {
    let inner = line.strip_suffix(b")")?;
    let open = memchr::memrchr(b'(', inner)?;
    let (name, args) = (inner.get(..open)?, inner.get(open + 1..)?);
    (is_name(name) && is_args(args)).then_some(FunctionLine { name, args })
}

/// A function's printed name: `panic`, or a package and what is behind its dot.
fn is_name(name: &[u8]) -> bool {
    match name {
        b"panic" => true,
        [b'(' | b'.' | b'\t' | b' ', ..] => false,
        _ => {
            memchr::memchr3(b'.', b'\t', b'"', name).is_some_and(|at| name.get(at) == Some(&b'.'))
                && !name.ends_with(b" ")
        }
    }
}

/// A location line without leading blanks.
#[inline]
pub(in crate::parse) fn location(line: &[u8]) -> Option<Location<'_>> {
    let (rest, registers) = match memchr::memmem::rfind(line, b" fp=0x") {
        None => (line, None),
        Some(at) => (line.get(..at)?, frame_registers(line.get(at..)?).ok()?.1),
    };
    let (rest, offset) = match memchr::memrchr(b' ', rest)
        .and_then(|at| Some((at, rest.get(at..)?.strip_prefix(b" +0x")?)))
    {
        None => (rest, None),
        Some((at, digits)) => (rest.get(..at)?, Some(hexadecimal_offset(digits)?)),
    };
    let colon = memchr::memrchr(b':', rest)?;
    let (file, digits) = (rest.get(..colon)?, rest.get(colon + 1..)?);
    Some(Location {
        file: (!file.is_empty()).then_some(file)?,
        line: line_number(digits)?,
        offset,
        registers,
    })
}

/// ` fp=0xc000052f50 sp=0xc000052ee0 pc=0x482e15`; nothing is kept of those of Go 1.8, which lack the last.
fn frame_registers(i: &[u8]) -> IResult<&[u8], Option<(Address, Address, Address)>> {
    let (fp, sp, pc) = (
        preceded(tag(" fp="), address),
        preceded(tag(" sp="), address),
        opt(preceded(tag(" pc="), address)),
    );
    let (rest, (fp, sp, pc)) = all_consuming((fp, sp, pc)).parse(i)?;
    Ok((rest, pc.map(|pc| (fp, sp, pc))))
}

fn hexadecimal_offset(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    digits.iter().try_fold(0u32, |sum, &digit| {
        Some(sum << 4 | (digit as char).to_digit(16)?)
    })
}

fn line_number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u32, |sum, &digit| {
        sum.checked_mul(10)?
            .checked_add(u32::from(digit.is_ascii_digit().then(|| digit - b'0')?))
    })
}

/// `created by main.startWorkers in goroutine 1` → the function, and who ran the statement.
pub(in crate::parse) fn created_by(line: &[u8]) -> Option<(&[u8], Option<GoroutineId>)> {
    let rest = line.strip_prefix(b"created by ")?;
    let parent = memchr::memmem::rfind(rest, b" in goroutine ").and_then(|at| {
        let (_, id) = created_in(rest.get(at..)?).ok()?;
        Some((rest.get(..at)?, Some(GoroutineId(id))))
    });
    let (name, parent) = parent.unwrap_or((rest, None));
    (!name.is_empty()).then_some((name, parent))
}

/// ` in goroutine 1`
fn created_in(i: &[u8]) -> IResult<&[u8], u64> {
    all_consuming(preceded(tag(" in goroutine "), decimal)).parse(i)
}

/// `...103 frames elided...` → 103; `...additional frames elided...` → 0.
pub(in crate::parse) fn elided(line: &[u8]) -> Option<u32> {
    let inner = line
        .strip_prefix(b"...")?
        .strip_suffix(b" frames elided...")?;
    if inner == b"additional" {
        Some(0)
    } else {
        line_number(inner)
    }
}

/// `[originating from goroutine 20]:`
pub(in crate::parse) fn originating_from(line: &[u8]) -> Option<GoroutineId> {
    let inner = line
        .strip_prefix(b"[originating from goroutine ")?
        .strip_suffix(b"]:")?;
    all_consuming(decimal::<_, nom::error::Error<&[u8]>>)
        .parse(inner)
        .ok()
        .map(|(_, id)| GoroutineId(id))
}

/// `goroutine running on other thread; stack unavailable`
pub(in crate::parse) fn stack_unavailable(line: &[u8]) -> bool {
    line == b"goroutine running on other thread; stack unavailable"
}

/// `non-Go function at pc=0x7f3a5e0969fc`
pub(in crate::parse) fn foreign_function(line: &[u8]) -> Option<Address> {
    all_consuming(preceded(
        tag::<_, _, nom::error::Error<&[u8]>>("non-Go function at pc="),
        address,
    ))
    .parse(line)
    .ok()
    .map(|(_, pc)| pc)
}

/// The second line of a frame named by a cgo symbolizer: `/src/lib.c:12 pc=0x7f3a5e0969fc` or `pc=0x7f3a5e0969fc`.
pub(in crate::parse) fn foreign_location(line: &[u8]) -> Option<(Option<Location<'_>>, Address)> {
    let at = memchr::memmem::rfind(line, b"pc=0x")?;
    let (_, pc) = all_consuming(preceded(
        tag::<_, _, nom::error::Error<&[u8]>>("pc="),
        address,
    ))
    .parse(line.get(at..)?)
    .ok()?;
    let before = line.get(..at)?.trim_ascii_end();
    if before.is_empty() {
        Some((None, pc))
    } else {
        Some((Some(location(before)?), pc))
    }
}

/// Lines that the stack walker or the collector prints between a header and its frames; nothing of the goroutine is in them.
///
/// ```text
/// runtime: g 5: unexpected return pc for main.f called from 0x0
/// stack: frame={sp:0xc000052ee0, fp:0x0} stack=[0xc000052000,0xc000053000)
/// 00007ffe013ca4b0: <0000000000000000  9b012f62…
/// ```
pub(in crate::parse) fn walker_complaint(line: &[u8]) -> bool {
    line.starts_with(b"runtime: ")
        || line.starts_with(b"stack: frame={")
        || stack_words(line).is_ok()
}

/// `00007ffe013ca4b0: `: an address of 16 digits without `0x`.
fn stack_words(i: &[u8]) -> IResult<&[u8], &[u8]> {
    let (rest, digits) = take_till1(|byte: u8| !byte.is_ascii_hexdigit())(i)?;
    if digits.len() != 16 {
        return Err(nom::Err::Error(nom::error::Error::new(
            i,
            nom::error::ErrorKind::HexDigit,
        )));
    }
    tag(": ")(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(line: &str) -> (String, u32, Option<u32>) {
        let location = location(line.as_bytes()).unwrap();
        (
            String::from_utf8_lossy(location.file).into_owned(),
            location.line,
            location.offset,
        )
    }

    #[test]
    fn names_hold_parentheses_of_their_own() {
        let frame =
            function_line(b"main.(*Cache).Set(0xc00012a000, {0xc00003a010, 0x5}, 0x2a)").unwrap();
        assert_eq!(frame.name, b"main.(*Cache).Set");
        assert_eq!(frame.args, b"0xc00012a000, {0xc00003a010, 0x5}, 0x2a");
        for name in [
            "panic",
            "main.(*Gen[...]).Get",
            "example.com/app/my%2epkg.Do",
            "main.F\u{b7}dwrap\u{b7}1",
            "main.T.M-fm",
        ] {
            let line = format!("{name}(...)");
            assert_eq!(
                function_line(line.as_bytes()).unwrap().name,
                name.as_bytes()
            );
        }
    }

    #[test]
    fn log_lines_with_parentheses_are_no_frames() {
        for line in [
            "took (5 ms)",
            "main.go: failed (again)",
            "handler (0x1)",
            "(0x1)",
            "no parentheses",
            "a.b(key=1)",
        ] {
            assert_eq!(function_line(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn locations_are_read_from_the_right() {
        assert_eq!(
            place("/app/main.go:41 +0x1d"),
            ("/app/main.go".into(), 41, Some(0x1d))
        );
        assert_eq!(place("/app dir/p.go:3"), ("/app dir/p.go".into(), 3, None));
        assert_eq!(
            place("C:/Users/me/app/main.go:7 +0x5"),
            ("C:/Users/me/app/main.go".into(), 7, Some(5))
        );
        assert_eq!(
            place("/go/pkg/mod/a.b/c@v1.2.3+incompatible/d.go:9 +0xff").1,
            9
        );
        assert_eq!(
            place("<autogenerated>:1 +0x2a"),
            ("<autogenerated>".into(), 1, Some(0x2a))
        );
        assert_eq!(place("?:0 +0x2a"), ("?".into(), 0, Some(0x2a)));
        let system =
            location(b"/app/main.go:41 +0x1d fp=0xc000052f50 sp=0xc000052ee0 pc=0x482e15").unwrap();
        assert_eq!(
            system.registers,
            Some((
                Address(0xc000052f50),
                Address(0xc000052ee0),
                Address(0x482e15)
            ))
        );
        let old = location(b"/app/main.go:52 +0x5f fp=0xc42003bfa8 sp=0xc42003bf70").unwrap();
        assert_eq!(
            (old.file, old.line, old.offset, old.registers),
            (&b"/app/main.go"[..], 52, Some(0x5f), None)
        );
        for cut in ["fp=0xc42003bfa8", "fp=0xc42003bfa8 sp=0xc42003bf70 pc="] {
            assert_eq!(location(format!("/app/main.go:52 {cut}").as_bytes()), None);
        }
    }

    #[test]
    fn what_is_no_location_is_refused() {
        for line in [
            "main.go",
            ":12",
            "a.go:",
            "a.go:x",
            "a.go:99999999999",
            "a.go:1 +0x",
            "a.go:1 +0x1dexit status 2",
        ] {
            assert_eq!(location(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn creation_with_and_without_the_creator() {
        let parent = Some(GoroutineId(1));
        assert_eq!(
            created_by(b"created by main.startWorkers in goroutine 1"),
            Some((&b"main.startWorkers"[..], parent))
        );
        assert_eq!(
            created_by(b"created by time.goFunc"),
            Some((&b"time.goFunc"[..], None))
        );
        assert_eq!(created_by(b"created by "), None);
    }

    #[test]
    fn lines_in_the_place_of_frames() {
        assert_eq!(elided(b"...103 frames elided..."), Some(103));
        assert_eq!(elided(b"...additional frames elided..."), Some(0));
        assert_eq!(elided(b"...frames elided..."), None);
        assert_eq!(
            originating_from(b"[originating from goroutine 20]:"),
            Some(GoroutineId(20))
        );
        assert_eq!(
            foreign_function(b"non-Go function at pc=0x7f3a5e0969fc"),
            Some(Address(0x7f3a5e0969fc))
        );
        assert_eq!(foreign_location(b"pc=0x7f3a").unwrap().1, Address(0x7f3a));
        assert_eq!(
            foreign_location(b"/src/lib.c:12 pc=0x7f3a")
                .unwrap()
                .0
                .unwrap()
                .line,
            12
        );
        assert!(walker_complaint(
            b"00007ffe013ca4b0: <0000000000000000  9b012f62"
        ));
        assert!(!walker_complaint(b"deadbeef: cafe"));
    }
}
