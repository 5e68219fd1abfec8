//! A logger's prefix on the first line of a dump only, the rest raw: `log.Printf("%s", debug.Stack())`, klog, glog.
//!
//! ```text
//! 2026/01/02 15:04:05 goroutine 7 [running]:                the stamp is taken off
//! E0102 15:04:05.000001       1 worker.go:31] goroutine 7 [running]:
//! recovered: boom goroutine 7 [running]:                    free text becomes a line of its own
//! main.f()
//!         /app/main.go:9 +0x1d
//! ```

use super::fields::{Heads, Shape};
use super::sample::Sample;
use super::stamp;
use super::step::Peeled;
use super::text::{Builder, Layer};
use crate::goruntime::anchors::{self, Anchor};
use crate::model::LineOrigin;
use bstr::ByteSlice;

/// Frees headers that stand behind something, where the lines after them show that a dump begins there.
pub(super) fn peel(layer: &Layer, sample: &Sample) -> Option<Peeled> {
    if sample.hidden == 0 {
        return None;
    }
    let lines: Vec<(&[u8], Option<Anchor>)> = sample.lines_and_forms().collect();
    let mut threes = lines.windows(3);
    threes.find(|three| {
        let function = three
            .get(1)
            .is_some_and(|(_, form)| *form == Some(Anchor::Function));
        function && glued_header(&three.iter().map(|(line, _)| *line).collect::<Vec<_>>()).is_some()
    })?;
    let lines: Vec<(LineOrigin, &[u8])> = layer.lines().collect();
    let mut builder = Builder::with_capacity(layer.text.len());
    for at in 0..lines.len() {
        let ahead = lines.get(at..(at + 3).min(lines.len())).unwrap_or_default();
        let Some((origin, line)) = ahead.first() else {
            continue;
        };
        let texts: Vec<&[u8]> = ahead.iter().map(|(_, line)| *line).collect();
        match glued_header(&texts) {
            Some(start) => free(line, start, *origin, &mut builder),
            None => builder.line(*origin, line),
        }
    }
    Some(Peeled::one(
        "first line",
        builder.finish(layer.stream.clone()),
    ))
}

/// Where in the first of `lines` a header starts that the next two lines confirm.
fn glued_header(lines: &[&[u8]]) -> Option<usize> {
    let [line, function, location, ..] = lines else {
        return None;
    };
    if anchors::classify(function) != Some(Anchor::Function)
        || !anchors::is_location(location)
        || anchors::classify(line).is_some()
    {
        return None;
    }
    let start = line.rfind(b"goroutine ")?;
    let whole = line.get(start..).and_then(anchors::header_length) == Some(line.len() - start);
    (start > 0 && whole).then_some(start)
}

/// Writes the header as a line of its own; what stood before it too, unless it is a logger's stamp and source position.
fn free(line: &[u8], start: usize, origin: LineOrigin, builder: &mut Builder) {
    let (before, header) = line.split_at_checked(start).unwrap_or((b"", line));
    let mut heads = Heads::default();
    let stamped = Shape::of(before)
        .filter(Shape::begins_with_stamp)
        .is_some_and(|shape| shape.strip(before, &mut heads).is_some());
    let time = heads.time.or(origin.time);
    if !(stamped && says_nothing(before)) {
        builder.line(LineOrigin { time, ..origin }, before.trim_end());
    }
    builder.line(LineOrigin { time, ..origin }, header);
}

/// True where behind the stamp stand only numbers and a source position.
fn says_nothing(before: &[u8]) -> bool {
    let length = stamp::parse(before).map_or(0, |stamp| stamp.length);
    let rest = before.get(length..).unwrap_or_default();
    rest.fields()
        .all(|word| word.iter().all(u8::is_ascii_digit) || word.find(b".go:").is_some())
}
