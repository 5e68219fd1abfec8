//! What `perf script` prints of a `perf record -g`: one block a sample, innermost frame first, an empty line behind it.
//!
//! ```text
//! app 12178 24076.502733:   10101010 cpu-clock:pppH:           command, thread, time, period, event
//! → 66a0a runtime.mapdelete+0x1ca (/app/app)       address, function, file
//! → d6985 main.(*Store).Drop+0x25 (/app/app)
//! → [unknown] ([kernel.kallsyms])
//!   main.go:42                                                 with -F +srcline: the line of the frame above
//!
//! ```
//!
//! perf 3.2 to 6.x; the header may also have `pid/tid` and `[cpu]`. Every sample counts as one, whatever its period, since perf's
//! periods are of different events. Called by the driver at a line that [`opens`] a block; read [`profile`].

use super::folded::function;
use super::{FRAMES_MOST, STACK_MOST};
use crate::model::{
    Address, Frame, FrameId, FrameKind, Profile, ProfileForm, ProfileKind, Sample, Span, StackId,
    Symbols, ValueType,
};
use crate::parse::lines::{Cursor, Line};

/// True for the first line of a block that a frame follows.
pub(in crate::parse) fn opens(cursor: &Cursor<'_>, line: &Line<'_>) -> bool {
    is_header(line.bytes)
        && cursor
            .look(1)
            .is_some_and(|next| frame_line(&next).is_some())
}

/// `app 12178 24076.502733:   10101010 cpu-clock:pppH:`.
fn is_header(line: &[u8]) -> bool {
    if line.last() != Some(&b':') {
        return false;
    }
    let words: Vec<&[u8]> = line
        .split(|byte| *byte == b' ')
        .filter(|word| !word.is_empty())
        .collect();
    // The command may hold spaces: the time is found by its form.
    let time = words.iter().position(|word| is_time(word));
    let numbered = |word: &&[u8]| {
        word.iter()
            .all(|byte| byte.is_ascii_digit() || *byte == b'/')
    };
    time.is_some_and(|at| {
        let before = words.get(..at).unwrap_or_default();
        before.len() >= 2 && before.iter().skip(1).any(numbered) && words.len() > at + 1
    })
}

/// `24076.502733:`.
fn is_time(word: &[u8]) -> bool {
    let Some(number) = word.strip_suffix(b":") else {
        return false;
    };
    let dot = memchr::memchr(b'.', number);
    let digits = number
        .iter()
        .all(|byte| byte.is_ascii_digit() || *byte == b'.');
    digits && dot.is_some_and(|dot| dot > 0 && dot + 1 < number.len())
}

/// A frame: address, function (none where perf knows none).
fn frame_line<'t>(line: &Line<'t>) -> Option<(Address, Option<&'t [u8]>)> {
    if !matches!(line.bytes.first(), Some(b' ' | b'\t')) {
        return None;
    }
    let text = line.trimmed();
    let space = memchr::memchr(b' ', text)?;
    let address = std::str::from_utf8(text.get(..space)?).ok()?;
    let address = u64::from_str_radix(address, 16).ok()?;
    let rest = text.get(space..)?.trim_ascii_start();
    let rest = match rest.last() {
        Some(b')') => rest.get(..memchr::memmem::rfind(rest, b" (")?)?,
        _ => rest,
    };
    let name = match memchr::memmem::rfind(rest, b"+0x") {
        Some(plus) => rest.get(..plus)?,
        None => rest,
    };
    Some((
        Address(address),
        (name != b"[unknown]" && !name.is_empty()).then_some(name),
    ))
}

/// `  main.go:42`: file and line of the frame above.
fn source_line<'t>(line: &Line<'t>) -> Option<(&'t [u8], u32)> {
    if !matches!(line.bytes.first(), Some(b' ' | b'\t')) {
        return None;
    }
    let text = line.trimmed();
    let colon = memchr::memrchr(b':', text)?;
    let number = std::str::from_utf8(text.get(colon + 1..)?)
        .ok()?
        .parse()
        .ok()?;
    Some((text.get(..colon)?, number))
}

/// Reads blocks as long as they follow each other; `None` where none begins.
pub(in crate::parse) fn profile<'t>(
    cursor: &mut Cursor<'t>,
    symbols: &mut Symbols<'t>,
) -> Option<Profile<'t>> {
    let first = cursor.peek().filter(|line| opens(cursor, line))?;
    let mut profile = Profile::new(ProfileKind::Perf, ProfileForm::PerfScript, first.number);
    profile.types.push(ValueType {
        name: symbols.name(b"samples"),
        unit: symbols.name(b"count"),
    });
    let (mut scratch, mut interned) = (Vec::new(), 0);
    while let Some(line) = cursor.peek() {
        if line.is_blank() {
            cursor.pass(&line);
            continue;
        }
        if !opens(cursor, &line) {
            break;
        }
        cursor.pass(&line);
        let start = profile.addresses.len() as u32;
        scratch.clear();
        while let Some(next) = cursor.peek() {
            if let Some((address, name)) = frame_line(&next) {
                if scratch.len() < STACK_MOST && interned < FRAMES_MOST {
                    interned += 1;
                    scratch.push(intern(symbols, address, name));
                    profile.addresses.push(address);
                }
            } else if let (Some((file, number)), Some(last)) =
                (source_line(&next), scratch.last_mut())
            {
                *last = placed(symbols, *last, file, number);
            } else {
                break;
            }
            cursor.pass(&next);
        }
        profile.samples.push(Sample {
            stack: match scratch.is_empty() {
                true => StackId::EMPTY,
                false => symbols.stack(&scratch),
            },
            addresses: start..profile.addresses.len() as u32,
            labels: 0..0,
            line: Some(line.number),
        });
        profile.values.push(1);
    }
    profile.span = Span {
        start: first.start,
        end: cursor.pos(),
    };
    Some(profile)
}

fn intern<'t>(symbols: &mut Symbols<'t>, address: Address, name: Option<&'t [u8]>) -> FrameId {
    match name {
        Some(name) => function(symbols, name),
        None => super::frame(symbols, None, address),
    }
}

/// The same frame with its place.
fn placed<'t>(symbols: &mut Symbols<'t>, id: FrameId, file: &'t [u8], line: u32) -> FrameId {
    let Some(frame) = symbols.get(id).copied() else {
        return id;
    };
    let named = frame.kind == FrameKind::Call && frame.line == 0;
    if !named {
        return id;
    }
    let file = symbols.name(file);
    symbols.frame(Frame {
        file,
        line,
        ..frame
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_perf_are_told_from_log_lines() {
        for line in [
            "app 12178 24076.502733:   10101010 cpu-clock:pppH:",
            "my app 12178/12180 [003] 24076.502733:     250000 cycles:u:",
            "app  7 [000]     1.000000: cycles:",
        ] {
            assert!(is_header(line.as_bytes()), "{line}");
        }
        for line in [
            "2024/01/02 15:04:05 server started:",
            "goroutine 1 [running]:",
            "app 12178 24076.502733:",
            "took 1.5: seconds:",
        ] {
            assert!(!is_header(line.as_bytes()), "{line}");
        }
    }
}
