//! One record per print call: the runtime writes a dump in many small writes, and some collectors make a line of each.
//!
//! ```text
//! goroutine            main.main       <TAB>              created by
//! 1                    (               /app/main.go       main.main
//!  [                   0x1             :                   in goroutine
//! running              )               9                  1
//! ]:                                    +                 (an empty line for each "\n")
//!                                      0x1d
//! ```
//!
//! The blanks at the ends of the pieces may be trimmed, and the empty lines dropped. Read [`join`], then [`continues`].

use super::sample::Sample;
use super::step::Peeled;
use super::text::Layer;
use crate::goruntime::anchors::{self, Anchor};
use crate::model::LineOrigin;

/// Joins the pieces of lines, where a header stands in pieces.
pub(super) fn join(layer: &Layer, sample: &Sample) -> Option<Peeled> {
    let lines: Vec<&[u8]> = sample.lines().collect();
    let in_pieces = lines.windows(3).any(|three| {
        let [word, id, open] = three else {
            return false;
        };
        matches!(word.trim_ascii_end(), b"goroutine")
            && is_digits(id)
            && matches!(open.trim_ascii(), b"[" | b"gp=")
    });
    if !in_pieces {
        return None;
    }
    let mut line: Option<(LineOrigin, Vec<u8>)> = None;
    let mut pieces = 0u32;
    let lines: Vec<(LineOrigin, &[u8])> = layer.lines().collect();
    let mut builder = super::text::Builder::with_capacity(layer.text.len());
    for (origin, piece) in lines {
        match line.as_mut().filter(|(_, begun)| continues(begun, piece)) {
            Some((_, begun)) => {
                append(begun, piece);
                pieces += 1;
            }
            None => {
                let ended = line.replace((origin, piece.to_vec()));
                // An empty line that ends a line in pieces is that line's own end.
                if let Some((origin, ended)) = ended {
                    builder.line(origin, &ended);
                    if piece.is_empty() {
                        line = None;
                    }
                }
            }
        }
    }
    if let Some((origin, ended)) = line {
        builder.line(origin, &ended);
    }
    let note = format!(
        "{pieces} pieces of lines joined: each print call of the runtime stood in a line of its own"
    );
    Some(Peeled::noted(
        "print calls",
        builder.finish(layer.stream.clone()),
        note,
    ))
}

/// True where `piece` belongs to the line begun.
fn continues(begun: &[u8], piece: &[u8]) -> bool {
    if piece.is_empty() || begun.is_empty() {
        return false;
    }
    if begun.starts_with(b"goroutine") {
        return anchors::classify(begun) != Some(Anchor::Header) && !starts_anew(piece);
    }
    if begun.starts_with(b"created by") {
        return !begun.trim_ascii_end().contains(&b'.')
            || piece.trim_ascii() == b"in goroutine"
            || (begun.trim_ascii_end().ends_with(b"goroutine") && is_digits(piece));
    }
    if begun.starts_with(b"panic:") || begun.starts_with(b"fatal error:") {
        return !starts_anew(piece);
    }
    if begun.starts_with(b"\t")
        || begun.starts_with(b"/")
        || begun.ends_with(b".go")
        || begun.ends_with(b".s")
        || anchors::is_location(begun)
    {
        return continues_location(begun, piece);
    }
    is_call_begun(begun) && !anchors::is_function(begun)
}

/// `<TAB>`, path, `:`, line, ` +`, offset, ` fp=`, …
fn continues_location(begun: &[u8], piece: &[u8]) -> bool {
    let trimmed = begun.trim_ascii_end();
    begun.trim_ascii().is_empty()
        || piece == b":"
        || (trimmed.ends_with(b":") && is_digits(piece))
        || matches!(piece.trim_ascii(), b"+" | b"fp=" | b"sp=" | b"pc=")
        || ((trimmed.ends_with(b"+") || trimmed.ends_with(b"=")) && piece.starts_with(b"0x"))
}

/// `main.f`, `main.f(`, `main.f(0x1, `: a function line that has not ended.
fn is_call_begun(begun: &[u8]) -> bool {
    let name = begun.split(|&byte| byte == b'(').next().unwrap_or_default();
    (name.contains(&b'.') || name == b"panic")
        && !name.iter().any(u8::is_ascii_whitespace)
        && !name.ends_with(b".go")
}

/// True for a piece that begins a line of its own.
fn starts_anew(piece: &[u8]) -> bool {
    [
        &b"goroutine"[..],
        b"panic:",
        b"fatal error:",
        b"[signal ",
        b"created by",
        b"exit status",
    ]
    .iter()
    .any(|start| piece.starts_with(start))
}

/// Adds a piece, with the blank that trimming took from between the two.
fn append(begun: &mut Vec<u8>, piece: &[u8]) {
    let open = matches!(
        &**begun,
        b"goroutine" | b"created by" | b"panic:" | b"fatal error:"
    ) || begun.ends_with(b" in goroutine");
    let own = matches!(
        piece,
        b"[" | b"gp="
            | b"m="
            | b"mp="
            | b"+"
            | b"fp="
            | b"sp="
            | b"pc="
            | b"in goroutine"
            | b"in goroutine "
    );
    let comma = begun.ends_with(b",");
    if (open || own || comma) && !piece.starts_with(b" ") && !begun.ends_with(b" ") {
        begun.push(b' ');
    }
    begun.extend_from_slice(piece);
}

fn is_digits(piece: &[u8]) -> bool {
    let piece = piece.trim_ascii();
    !piece.is_empty() && piece.iter().all(u8::is_ascii_digit)
}
