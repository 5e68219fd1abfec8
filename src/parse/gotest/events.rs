//! `go test -json`: events of several packages taken apart into each package's own text.
//!
//! ```text
//! {"Time":"2026-01-02T15:04:05.1Z","Action":"output","Package":"example.com/app","Test":"TestCache","Output":"panic: boom\n"}
//! {"ImportPath":"example.com/app [example.com/app.test]","Action":"build-output","Output":"./cache.go:6:9: …\n"}     1.24 and later
//! {"Action":"output","Package":"example.com/app","Output":"FAIL\n","OutputType":"frame"}                           1.27 and later
//! ```
//!
//! What the events of a package carry, put together, is the text that `go test -v` prints of it: a line may come in several events,
//! and those of packages that run at once interleave. The plain grammar reads it then. Lines that are no events (the build errors of
//! Go 1.23 and earlier) stay together as a text of their own.

use crate::envelope::Unwrapped;
use crate::model::{LineMap, LineOrigin};
use rustc_hash::FxHashMap;
use serde::Deserialize;
use std::borrow::Cow;

/// Lines looked at to tell whether a source is made of events: what go prints before the first (downloads, warnings) is shorter.
const LOOKED_AT: usize = 256;

/// An event, as far as it matters here. Others have fields that are passed over.
#[derive(Debug, Deserialize)]
struct Event<'l> {
    #[serde(rename = "Time", borrow)]
    time: Option<Cow<'l, str>>,
    #[serde(rename = "Action", borrow)]
    action: Cow<'l, str>,
    #[serde(rename = "Package", borrow)]
    package: Option<Cow<'l, str>>,
    #[serde(rename = "ImportPath", borrow)]
    import_path: Option<Cow<'l, str>>,
    #[serde(rename = "Output", borrow)]
    output: Option<Cow<'l, str>>,
}

/// What came out.
pub(super) struct Demultiplexed {
    /// One text for each package, in the order of their first events; its stream is the import path.
    pub packages: Vec<Unwrapped<'static>>,
    /// Lines that are no events; empty where there are none.
    pub stray: Unwrapped<'static>,
}

/// The texts of a source of events; `None` where it isn't one.
pub(super) fn demultiplex(bytes: &[u8]) -> Option<Demultiplexed> {
    let mut first = bytes.split(|&byte| byte == b'\n').take(LOOKED_AT);
    if !first.any(|line| event(line).is_some()) {
        return None;
    }
    let mut texts: Vec<Text> = Vec::new();
    let mut by_path: FxHashMap<String, usize> = FxHashMap::default();
    let mut stray = Text::default();
    for (line, number) in bytes.split_inclusive(|&byte| byte == b'\n').zip(1u32..) {
        let Some(event) = event(line) else {
            stray.push(line, number, None);
            continue;
        };
        let Some(path) = event.path() else { continue };
        let next = texts.len();
        let index = *by_path.entry(path.to_owned()).or_insert(next);
        if index == next {
            texts.push(Text::default());
        }
        if let (Some(text), Some(output)) = (texts.get_mut(index), &event.output) {
            text.push(output.as_bytes(), number, event.nanoseconds());
        }
    }
    let mut paths: Vec<(usize, String)> =
        by_path.into_iter().map(|(path, at)| (at, path)).collect();
    paths.sort_unstable();
    let named = texts.into_iter().zip(paths);
    Some(Demultiplexed {
        packages: named
            .map(|(text, (_, path))| text.finish(Some(path)))
            .collect(),
        stray: stray.finish(None),
    })
}

fn event(line: &[u8]) -> Option<Event<'_>> {
    let line = line.trim_ascii();
    if line.first() != Some(&b'{') || line.last() != Some(&b'}') {
        return None;
    }
    let event: Event<'_> = serde_json::from_slice(line).ok()?;
    const ACTIONS: [&str; 13] = [
        "start",
        "run",
        "pause",
        "cont",
        "pass",
        "bench",
        "fail",
        "output",
        "skip",
        "attr",
        "artifacts",
        "build-output",
        "build-fail",
    ];
    ACTIONS.contains(&&*event.action).then_some(event)
}

impl Event<'_> {
    /// `example.com/app` of `example.com/app [example.com/app.test]`.
    fn path(&self) -> Option<&str> {
        let path = self.package.as_deref().or(self.import_path.as_deref())?;
        path.split(' ').next()
    }

    fn nanoseconds(&self) -> Option<i64> {
        let time: jiff::Timestamp = self.time.as_deref()?.parse().ok()?;
        i64::try_from(time.as_nanosecond()).ok()
    }
}

/// A text in the making.
#[derive(Default)]
struct Text {
    bytes: Vec<u8>,
    origins: Vec<LineOrigin>,
}

impl Text {
    /// A line belongs to the event that began it.
    fn push(&mut self, piece: &[u8], line: u32, time: Option<i64>) {
        for part in piece.split_inclusive(|&byte| byte == b'\n') {
            if self.bytes.last().is_none_or(|&last| last == b'\n') {
                self.origins.push(LineOrigin { line, time });
            }
            self.bytes.extend_from_slice(part);
        }
    }

    fn finish(self, stream: Option<String>) -> Unwrapped<'static> {
        Unwrapped {
            text: Cow::Owned(self.bytes),
            lines: LineMap::new(self.origins),
            stream,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TextLine;

    const EVENTS: &[u8] = br#"{"Action":"start","Package":"a"}
{"Action":"output","Package":"a","Output":"=== RUN   Test\n"}
{"Action":"output","Package":"b","Output":"half "}
# c
{"Action":"output","Package":"a","Output":"one\ntwo\n"}
{"Time":"2026-01-02T15:04:05.5Z","Action":"output","Package":"b","Output":"line\n"}
{"ImportPath":"c [c.test]","Action":"build-output","Output":"c.go:1:1: no\n"}
{"level":"info","msg":"no event"}
"#;

    #[test]
    fn packages_are_taken_apart_and_lines_put_together() {
        let found = demultiplex(EVENTS).unwrap();
        let texts: Vec<(&str, &[u8])> = found
            .packages
            .iter()
            .map(|text| (text.stream.as_deref().unwrap(), &*text.text))
            .collect();
        assert_eq!(
            texts,
            [
                ("a", &b"=== RUN   Test\none\ntwo\n"[..]),
                ("b", b"half line\n"),
                ("c", b"c.go:1:1: no\n")
            ]
        );
        let lines = [0, 1, 2].map(|line| found.packages[0].lines.origin(TextLine(line)).line);
        assert_eq!(lines, [2, 5, 5]);
        assert_eq!(found.packages[1].lines.origin(TextLine(0)).line, 3);
        assert_eq!(
            &*found.stray.text,
            b"# c\n{\"level\":\"info\",\"msg\":\"no event\"}\n"
        );
    }

    #[test]
    fn logs_of_other_json_are_no_events() {
        assert!(demultiplex(b"{\"Action\":\"login\",\"Package\":\"a\"}\n{}\n").is_none());
        assert!(demultiplex(b"ok  \texample.com/app\t0.1s\n").is_none());
    }
}
