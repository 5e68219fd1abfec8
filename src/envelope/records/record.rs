//! One record of a log: the values that hold the dump, and what the keys beside them say about time and writer.
//!
//! Shared by JSON, CSV, logfmt and journald's export format. The keys are those that log systems agree on; which value holds
//! the dump is never told by its key.

use crate::envelope::stamp;
use crate::envelope::streams::{Assembly, Writer};
use crate::envelope::text::lines_of;
use crate::goruntime::anchors::{self, Anchor};
use crate::model::LineOrigin;

/// Keys of a record's time stamp, in lower case.
const TIME_KEYS: [&str; 14] = [
    "time",
    "timestamp",
    "ts",
    "t",
    "@t",
    "@timestamp",
    "date",
    "datetime",
    "eventtime",
    "asctime",
    "logged_at",
    "created_at",
    "__realtime_timestamp",
    "timestampnanos",
];

/// Keys that name who wrote a record, in lower case; of a dotted or nested key the last part counts.
const WRITER_KEYS: [&str; 20] = [
    "container",
    "container_name",
    "containername",
    "container_id",
    "containerid",
    "pod",
    "pod_name",
    "podname",
    "package",
    "importpath",
    "_systemd_unit",
    "_hostname",
    "_pid",
    "logstreamname",
    "@logstream",
    "instance",
    "instance_id",
    "alloc_id",
    "task",
    "unit",
];

/// Keys of `stdout` and `stderr`.
const STD_KEYS: [&str; 2] = ["stream", "source"];

/// Keys whose text says what happened, where the stack stands in a field of its own.
const MESSAGE_KEYS: [&str; 9] = [
    "msg",
    "message",
    "error",
    "err",
    "panic",
    "reason",
    "exception",
    "recovered",
    "errorverbose",
];

/// A record being read.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub writer: Writer,
    pub time: Option<i64>,
    /// Values that hold the dump, in the order of the record.
    pub values: Vec<(LineOrigin, Vec<u8>)>,
    /// What the record says beside a whole stack.
    pub context: Vec<(LineOrigin, Vec<u8>)>,
}

impl Record {
    /// A record inside of this one: same writer and time until it says otherwise.
    pub fn inner(&self) -> Self {
        Self {
            writer: self.writer.clone(),
            time: self.time,
            ..Self::default()
        }
    }

    /// A scalar beside the dump; `value` gives it without escapes, for the few that are kept.
    pub fn note(&mut self, key: &[u8], raw: &[u8], value: impl FnOnce() -> (LineOrigin, Vec<u8>)) {
        let last = key.rsplit(|&byte| byte == b'.').next().unwrap_or(key);
        let is = |known: &&str| last.eq_ignore_ascii_case(known.as_bytes());
        if TIME_KEYS.iter().any(is) {
            self.time = self.time.or_else(|| stamp::of_value(raw));
        } else if STD_KEYS.iter().any(is) && matches!(raw, b"stdout" | b"stderr") {
            self.writer.std = raw.to_vec();
        } else if WRITER_KEYS.iter().any(is) {
            self.writer.add(raw);
        } else if MESSAGE_KEYS.iter().any(is) {
            self.context.push(value());
        }
    }

    /// Hands the values on: the panic before the stack, the same text only once.
    pub fn close(mut self, values_end: bool, assembly: &mut Assembly) {
        let is_stack = |value: &[u8]| {
            lines_of(value)
                .next()
                .is_some_and(|line| anchors::classify(line) == Some(Anchor::Header))
        };
        let whole_stack = |value: &[u8]| {
            value.trim_ascii_end().contains(&b'\n')
                && lines_of(value).any(|line| anchors::classify(line) == Some(Anchor::Header))
        };
        if self.values.len() > 1 {
            self.values.sort_by_key(|(_, value)| is_stack(value));
            self.values.dedup_by(|later, earlier| later.1 == earlier.1);
        }
        if !self.context.is_empty() && self.values.iter().any(|(_, value)| whole_stack(value)) {
            for (origin, text) in std::mem::take(&mut self.context) {
                self.emit(origin, &text, false, assembly);
            }
        }
        for (origin, value) in std::mem::take(&mut self.values) {
            self.emit(
                origin,
                &value,
                values_end && !value.ends_with(b"\n"),
                assembly,
            );
        }
    }

    fn emit(&self, origin: LineOrigin, text: &[u8], goes_on: bool, assembly: &mut Assembly) {
        assembly.record(
            &self.writer,
            LineOrigin {
                line: origin.line,
                time: self.time.or(origin.time),
            },
            text,
            goes_on,
        );
    }
}

/// What the values of one field look like.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    /// Fields met before this one.
    pub order: usize,
    /// Values met.
    pub values: usize,
    /// Values that end with `\n`.
    pub ended: usize,
    /// Lines that read as lines of a dump.
    pub plain: usize,
    /// Lines with a dump behind a further wrapper.
    pub hidden: usize,
    /// Values that are the first print call of a line of a dump.
    pub pieces: usize,
}

impl Tally {
    /// Adds one value.
    pub fn count(&mut self, value: &[u8]) {
        self.values += 1;
        self.ended += usize::from(value.ends_with(b"\n"));
        self.pieces += usize::from(matches!(
            value,
            b"goroutine " | b"goroutine" | b"panic: " | b"fatal error: "
        ));
        for line in lines_of(value) {
            self.plain += usize::from(
                anchors::is_profile_line(line)
                    || anchors::classify(line)
                        .is_some_and(|form| form.is_structural() || form == Anchor::Preamble),
            );
            self.hidden += usize::from(anchors::hides_dump(line));
        }
    }

    /// How much speaks for this field; all 0 where nothing does.
    pub fn weight(&self) -> (usize, usize, usize) {
        (self.plain, self.hidden, self.pieces)
    }

    /// True where values end with `\n`, so that one without it goes on in the next record: most do, or each is one print call.
    pub fn values_end(&self) -> bool {
        (self.values > 1 && self.ended * 2 > self.values) || (self.pieces > 0 && self.ended > 0)
    }
}
