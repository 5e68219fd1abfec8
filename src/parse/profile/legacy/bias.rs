//! Whether a program (`--exe`) is the one that wrote a profile, and how far above its linked addresses it lay. Called by [`super`] before
//! the first record; read [`tell`].
//!
//! ```text
//! 70 @ 0x47f94a 0x41421c 0x413e17 0x4e8fde 0x485ea1
//! # → 0x4e8fdd → main.leaker+0x1d → …/main.go:60         inlined into main.leak.gowrap1, a wrapper, which is not printed
//! ```
//!
//! A line's offset counts from the entry of the physical function, also where the name is that of a call inlined in it. So a name alone
//! tells nothing: what is printed has to lie in the program's own table where the text says, at all places (or nearly: see [`AGREES`]).

use super::lines::{NamedLine, named_line, opens};
use crate::model::Address;
use crate::parse::lines::Cursor;
use crate::parse::symbols::Executable;
use std::collections::{BTreeMap, BTreeSet};

/// Lines that are looked at: more places than this prove nothing more.
const LINES_MOST: usize = 4096;

/// Functions that are looked up to learn where a position-independent program lay; the first is found unless it is of another build.
const LOOKED_UP_MOST: usize = 16;

/// Programs are loaded at whole pages, of 4 KiB at least.
const PAGE: u64 = 4096;

/// Of twenty places so many have to agree. A build of nearly the same source differs behind its first change.
const AGREES: usize = 19;

/// Distance between where the program was linked and where it lay; or the note that says why it isn't believed.
pub(super) fn tell(program: &Executable<'_>, ahead: Cursor<'_>) -> Result<u64, String> {
    let printed = Printed::read(ahead);
    if printed.places.is_empty() {
        return Err(
            "the program of --exe names nothing here: the profile prints no name to check it by"
                .into(),
        );
    }
    let mut most = 0;
    for bias in printed.biases(program) {
        let (agreeing, direct) = printed.agreeing(program, bias);
        // The place whose name told the distance agrees with itself.
        let needed = if bias == 0 { 1 } else { 2 };
        let is_most = agreeing * 20 >= printed.places.len() * AGREES;
        if is_most && direct > 0 && agreeing >= needed {
            return Ok(bias);
        }
        most = most.max(agreeing);
    }
    Err(format!(
        "the program of --exe is not the build that wrote this profile, and names nothing: of {} places that the profile prints, {most} are where its tables have them",
        printed.places.len()
    ))
}

/// What the profile prints of the program.
#[derive(Default)]
struct Printed<'t> {
    /// One line for each address: of several, the last, which no other is inlined in.
    places: BTreeMap<u64, NamedLine<'t>>,
    /// Names by the entry of the function they lie in.
    names: BTreeMap<u64, BTreeSet<&'t [u8]>>,
}

impl<'t> Printed<'t> {
    fn read(mut ahead: Cursor<'t>) -> Self {
        let mut printed = Self::default();
        for _ in 0..LINES_MOST {
            let Some(line) = ahead.take().filter(|line| !opens(line.trimmed())) else {
                break;
            };
            if let Some(named) = named_line(line.trimmed()).filter(|named| named.offset > 0) {
                printed.places.insert(named.address, named);
                printed
                    .names
                    .entry(named.entry())
                    .or_default()
                    .insert(named.func);
            }
        }
        printed
    }

    /// Distances that are possible, the likeliest first.
    fn biases(&self, program: &Executable<'_>) -> Vec<u64> {
        let mut biases = vec![0];
        if program.is_fixed() {
            return biases;
        }
        for line in self.places.values().take(LOOKED_UP_MOST) {
            let told = program.bias_of(line.func, Address(line.entry()));
            biases.extend(told.filter(|bias| bias % PAGE == 0 && !biases.contains(bias)));
        }
        biases
    }

    /// How many places lie in the program where the profile says, and how many of them by their own name.
    fn agreeing(&self, program: &Executable<'_>, bias: u64) -> (usize, usize) {
        let (mut agreeing, mut direct) = (0, 0);
        for line in self.places.values() {
            let Some(named) = program.frame(Address(line.address), bias) else {
                continue;
            };
            if named.offset != line.offset {
                continue;
            }
            let names = self.names.get(&line.entry());
            let is_printed =
                names.is_some_and(|names| names.iter().any(|printed| is_name(named.func, printed)));
            // Without a file the instruction is of an inlined call.
            let is_elsewhere = is_name(named.func, line.func)
                && !named.file.is_empty()
                && (named.file, named.line) != (line.file, line.line);
            if is_printed && !is_elsewhere {
                direct += 1;
                agreeing += 1;
            } else if !is_printed && is_wrapper(named.func, line.func) {
                agreeing += 1;
            }
        }
        (agreeing, direct)
    }
}

/// True where a function of the tables is printed so: type arguments are printed as `[...]`, whatever stands between the brackets.
fn is_name(func: &[u8], printed: &[u8]) -> bool {
    const SHORT: &[u8] = b"[...]";
    let shortened = || {
        let at = memchr::memmem::find(printed, SHORT)?;
        let behind = func.strip_prefix(printed.get(..at)?)?;
        let inner = behind.strip_suffix(printed.get(at + SHORT.len()..)?)?;
        Some(inner.starts_with(b"[") && inner.ends_with(b"]"))
    };
    func == printed || shortened() == Some(true)
}

/// True for functions that the compiler makes and no profile prints, with `inlined` in them: go and defer statements with arguments
/// (`gowrap1`; `func1` to Go 1.21), method values (`-fm`), methods through a pointer.
fn is_wrapper(func: &[u8], inlined: &[u8]) -> bool {
    let last = memchr::memrchr(b'.', func).and_then(|dot| func.get(dot + 1..));
    let numbered = |prefix: &[u8]| {
        last.and_then(|last| last.strip_prefix(prefix))
            .is_some_and(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit))
    };
    let bare = |byte: &&u8| !b"(*)".contains(byte);
    let through_pointer = func.iter().filter(bare).eq(inlined.iter().filter(bare));
    numbered(b"gowrap")
        || numbered(b"deferwrap")
        || numbered(b"func")
        || memchr::memmem::find(func, "·dwrap·".as_bytes()).is_some()
        || func.ends_with(b"-fm")
        || through_pointer
}
