//! Folded stacks, as stackcollapse tools write them for flame graphs: outermost function first, then how many samples.
//!
//! ```text
//! app;runtime.goexit.abi0;main.main.func1;main.work 6
//! ```
//!
//! The form has no mark of its own, so only a text of which every line at its start has it counts as one ([`recognise`]); a log line is
//! never taken for a stack. Called by [`crate::parse::read`] for whole texts.

use super::{FRAMES_MOST, STACK_MOST};
use crate::model::{
    Frame, FrameKind, Profile, ProfileForm, ProfileKind, Sample, Span, StackId, Symbols, TextLine,
    ValueType,
};
use crate::parse::lines::Cursor;
use crate::parse::tally::Tally;

/// Lines looked at before a text is taken for folded stacks.
const LOOKED_AT: usize = 50;

/// True for a text whose first lines all are folded stacks, one of several frames among them.
pub(in crate::parse) fn recognise(text: &[u8]) -> bool {
    let mut cursor = Cursor::new(text, 0, text.len(), 0);
    let (mut seen, mut deep) = (0, false);
    while let Some(line) = cursor.take().filter(|_| seen < LOOKED_AT) {
        if line.is_blank() {
            continue;
        }
        // A last line without its end is cut, and may be anything.
        let Some((stack, _)) = folded_line(line.bytes) else {
            return deep && seen > 0 && !line.ended;
        };
        seen += 1;
        deep |= stack.contains(&b';');
    }
    deep
}

/// Stack and number of a line.
fn folded_line(line: &[u8]) -> Option<(&[u8], i64)> {
    let at = memchr::memrchr(b' ', line)?;
    let (stack, digits) = (line.get(..at)?, line.get(at + 1..)?);
    let number = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let printable = stack.iter().all(|&byte| byte >= b' ' && byte != b'\x7f');
    let frames = stack.split(|&byte| byte == b';');
    let whole = frames
        .clone()
        .all(|frame| !frame.is_empty() && frame.first() != Some(&b' '));
    (whole && printable && digits.first().is_some_and(u8::is_ascii_digit))
        .then_some((stack, number))
}

/// Reads the whole text.
pub(in crate::parse) fn profile<'t>(
    text: &'t [u8],
    symbols: &mut Symbols<'t>,
    tally: &mut Tally,
) -> Profile<'t> {
    let mut profile = Profile::new(ProfileKind::Folded, ProfileForm::Folded, TextLine(0));
    profile.span = Span {
        start: 0,
        end: text.len(),
    };
    profile.types.push(ValueType {
        name: symbols.name(b"weight"),
        unit: symbols.name(b""),
    });
    let mut cursor = Cursor::new(text, 0, text.len(), 0);
    let (mut scratch, mut interned) = (Vec::new(), 0);
    while let Some(line) = cursor.take() {
        let Some((stack, weight)) = folded_line(line.bytes) else {
            if !line.is_blank() {
                tally.unparsed(line.number);
            }
            continue;
        };
        scratch.clear();
        let frames = stack.rsplit(|&byte| byte == b';');
        let most = STACK_MOST.min(FRAMES_MOST - interned);
        scratch.extend(frames.take(most).map(|name| function(symbols, name)));
        interned += scratch.len();
        profile.samples.push(Sample {
            stack: match scratch.is_empty() {
                true => StackId::EMPTY,
                false => symbols.stack(&scratch),
            },
            addresses: 0..0,
            labels: 0..0,
            line: Some(line.number),
        });
        profile.values.push(weight);
    }
    profile
}

/// A frame of which only the function is known.
pub(super) fn function<'t>(symbols: &mut Symbols<'t>, name: &'t [u8]) -> crate::model::FrameId {
    let frame = Frame {
        func: symbols.name(plain(name)),
        file: symbols.name(b""),
        line: 0,
        offset: None,
        kind: FrameKind::Call,
    };
    symbols.frame(frame)
}

/// Marks that tools add to names: the linker's of assembly functions, stackcollapse's of inlined and kernel functions.
const MARKS: [&[u8]; 5] = [b".abi0", b".abiinternal", b"_[i]", b"_[k]", b"_[j]"];

fn plain(name: &[u8]) -> &[u8] {
    let mark = MARKS.iter().find_map(|mark| name.strip_suffix(*mark));
    mark.filter(|name| !name.is_empty()).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_texts_of_stacks_are_folded() {
        assert!(recognise(b"main;work 6\nmain 1\n"));
        assert!(recognise(b"main;work 6\nmain;wo"));
        for text in [
            "",
            "6\n",
            "started with 5 workers; queue 12\nlistening on 8080\n",
            "main 6\nidle 3\n",
            "main;work 6\ngoroutine 1 [running]:\n",
            "main;work\n",
            "a; b 6\n",
        ] {
            assert!(!recognise(text.as_bytes()), "{text:?}");
        }
    }
}
