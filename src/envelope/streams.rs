//! Puts together what records carried: partial lines are joined, interleaved containers taken apart.
//!
//! A step that reads records (JSON, CSV, learnt prefixes) pushes what each carried into an [`Assembly`] and lets [`assemble`]
//! find out how finely the text has to be taken apart: replicas that write over one another make two texts, while a field
//! that merely changes from line to line (a level, a counter) must not tear a dump to pieces.

use super::sample::Sample;
use super::text::{Builder, Layer};
use crate::goruntime::anchors::{self, Anchor};
use crate::model::LineOrigin;
use rustc_hash::FxHashMap;

/// More streams than this are no containers but a field that counts; the text then stays in one piece.
const MAX_STREAMS: usize = 4096;
/// A line joined from more pieces than this many bytes is ended: no log system splits a line that long on purpose.
const MAX_JOINED_LINE: usize = 64 * 1024 * 1024;

/// How finely a text is taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keying {
    /// By container and by stdout/stderr.
    ContainerAndStd,
    /// By container, pod, unit or package.
    Container,
    /// Not at all.
    Whole,
}

/// Who wrote a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Writer {
    /// Container, pod, unit or package.
    pub container: Vec<u8>,
    /// `stdout` or `stderr`, where named.
    pub std: Vec<u8>,
}

impl Writer {
    /// Forgets the names but keeps their room.
    pub fn clear(&mut self) {
        self.container.clear();
        self.std.clear();
    }

    /// Adds one part of the container's name.
    pub fn add(&mut self, part: &[u8]) {
        if !self.container.is_empty() {
            self.container.push(b'/');
        }
        self.container.extend_from_slice(part);
    }
}

/// Lines of one writer.
#[derive(Debug, Default)]
struct Stream {
    writer: Writer,
    builder: Builder,
    /// A line whose end has not come yet.
    open: Option<(LineOrigin, Vec<u8>)>,
}

/// The texts being put together.
#[derive(Debug)]
pub(super) struct Assembly {
    keying: Keying,
    streams: Vec<Stream>,
    by_writer: FxHashMap<Vec<u8>, usize>,
    current: usize,
    /// The stream whose line was written last.
    previous: Option<usize>,
    /// Where the writer changes: frames (function, then location) that stand together as the lines came, and those that do
    /// once taken apart.
    torn: usize,
    healed: usize,
    /// Lines joined from partial ones.
    joined: u32,
}

impl Assembly {
    /// Nothing yet.
    pub fn new(keying: Keying) -> Self {
        Self {
            keying,
            streams: Vec::new(),
            by_writer: FxHashMap::default(),
            current: 0,
            previous: None,
            torn: 0,
            healed: 0,
            joined: 0,
        }
    }

    /// What one record carried. `open`: its last line goes on in the writer's next record.
    pub fn record(&mut self, writer: &Writer, origin: LineOrigin, text: &[u8], open: bool) {
        self.select(writer);
        let mut rest = text;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            self.end_line(origin, rest.get(..end).unwrap_or_default());
            rest = rest.get(end + 1..).unwrap_or_default();
        }
        if open {
            self.keep_open(origin, rest);
        } else if !rest.is_empty() || text.is_empty() {
            self.end_line(origin, rest);
        }
    }

    /// A line that is no record: it belongs to the writer before it.
    pub fn raw(&mut self, origin: LineOrigin, line: &[u8]) {
        if self.streams.is_empty() {
            self.select(&Writer::default());
        }
        self.end_line(origin, line);
    }

    /// The writer's last line was not over yet: what comes next continues it.
    pub fn reopen(&mut self, writer: &Writer) {
        self.select(writer);
        let target = self.target();
        let last = self
            .streams
            .get_mut(target)
            .and_then(|stream| stream.builder.pop());
        if let (Some(stream), Some(last)) = (self.streams.get_mut(self.current), last) {
            stream.open.get_or_insert(last);
        }
    }

    fn select(&mut self, writer: &Writer) {
        if self
            .streams
            .get(self.current)
            .is_some_and(|stream| stream.writer == *writer)
        {
            return;
        }
        let mut key = writer.container.clone();
        key.push(0);
        key.extend_from_slice(&writer.std);
        let next = self.streams.len();
        self.current = *self.by_writer.entry(key).or_insert(next);
        if self.current == next {
            self.streams.push(Stream {
                writer: writer.clone(),
                ..Stream::default()
            });
        }
    }

    /// The stream that holds the text of `self.current`.
    fn target(&mut self) -> usize {
        match self.keying {
            Keying::ContainerAndStd => self.current,
            Keying::Whole => 0,
            Keying::Container => {
                let Some(container) = self
                    .streams
                    .get(self.current)
                    .map(|stream| &stream.writer.container)
                else {
                    return 0;
                };
                let mut key = container.clone();
                key.extend_from_slice(b"\0\0");
                let next = self.current;
                *self.by_writer.entry(key).or_insert(next)
            }
        }
    }

    fn end_line(&mut self, origin: LineOrigin, line: &[u8]) {
        let begun = self
            .streams
            .get_mut(self.current)
            .and_then(|stream| stream.open.take());
        let target = self.target();
        self.judge(target, line);
        let joined = match begun {
            Some((origin, mut begun)) => {
                begun.extend_from_slice(line);
                self.joined += 1;
                Some((origin, begun))
            }
            None => None,
        };
        let Some(stream) = self.streams.get_mut(target) else {
            return;
        };
        match &joined {
            Some((origin, whole)) => stream.builder.line(*origin, whole),
            None => stream.builder.line(origin, line),
        }
        self.previous = Some(target);
    }

    fn keep_open(&mut self, origin: LineOrigin, piece: &[u8]) {
        if piece.is_empty() {
            return;
        }
        let Some(stream) = self.streams.get_mut(self.current) else {
            return;
        };
        let (_, begun) = stream.open.get_or_insert_with(|| (origin, Vec::new()));
        begun.extend_from_slice(piece);
        if begun.len() > MAX_JOINED_LINE {
            self.end_line(origin, b"");
        }
    }

    /// Where the writer changes: would the lines as they came, or do those of the writer, make a frame?
    fn judge(&mut self, target: usize, line: &[u8]) {
        let Some(previous) = self.previous.filter(|previous| *previous != target) else {
            return;
        };
        if !anchors::is_location(line) {
            return;
        }
        let ends_in_function = |stream: Option<&Stream>| {
            stream
                .and_then(|stream| stream.builder.last_line())
                .is_some_and(|last| {
                    matches!(
                        anchors::classify(last),
                        Some(Anchor::Function | Anchor::CreatedBy)
                    )
                })
        };
        let (before, own) = (
            ends_in_function(self.streams.get(previous)),
            ends_in_function(self.streams.get(target)),
        );
        self.torn += usize::from(before);
        self.healed += usize::from(own);
    }

    /// True where taking apart did no harm.
    fn holds_together(&self) -> bool {
        self.torn <= self.healed && self.streams.len() <= MAX_STREAMS
    }

    /// True where both stdout and stderr of one container carry a dump.
    fn needs_std(&self) -> bool {
        let carrying: Vec<&[u8]> = self
            .streams
            .iter()
            .filter(|stream| anchors::carries_dump(stream.builder.bytes()))
            .map(|stream| &*stream.writer.container)
            .collect();
        carrying
            .iter()
            .enumerate()
            .any(|(at, container)| carrying.iter().skip(at + 1).any(|other| other == container))
    }

    /// The texts that carry a dump, or the only one.
    fn finish(mut self, outer: Option<&str>) -> Option<Assembled> {
        for at in 0..self.streams.len() {
            self.current = at;
            if self
                .streams
                .get(at)
                .is_some_and(|stream| stream.open.is_some())
            {
                let origin = LineOrigin {
                    line: 0,
                    time: None,
                };
                self.joined = self.joined.saturating_sub(1);
                self.end_line(origin, b"");
            }
        }
        let whole = self.keying == Keying::Whole;
        let with_std = self.keying == Keying::ContainerAndStd;
        let joined = self.joined;
        let layers: Vec<Layer<'static>> = self
            .streams
            .into_iter()
            .filter(|stream| {
                !stream.builder.bytes().is_empty()
                    && (whole || anchors::carries_dump(stream.builder.bytes()))
            })
            .map(|stream| {
                let name = if whole {
                    outer.map(str::to_owned)
                } else {
                    stream.writer.name(outer, with_std)
                };
                stream.builder.finish(name)
            })
            .collect();
        (!layers.is_empty()).then_some(Assembled { layers, joined })
    }
}

impl Writer {
    /// `outer/container stderr`.
    fn name(&self, outer: Option<&str>, with_std: bool) -> Option<String> {
        let mut name = outer.unwrap_or_default().to_owned();
        if !self.container.is_empty() {
            if !name.is_empty() {
                name.push('/');
            }
            name.push_str(&String::from_utf8_lossy(&self.container));
        }
        if with_std && !self.std.is_empty() {
            if !name.is_empty() {
                name.push(' ');
            }
            name.push_str(&String::from_utf8_lossy(&self.std));
        }
        (!name.is_empty()).then_some(name)
    }
}

/// The texts of a source, taken apart.
#[derive(Debug)]
pub(super) struct Assembled {
    /// One for each writer whose lines carry a dump; one in all where the text was not taken apart.
    pub layers: Vec<Layer<'static>>,
    /// Lines joined from partial ones.
    pub joined: u32,
}

/// Reads the records of `layer` with `read`, as finely taken apart as the sample and then the whole bear out.
pub(super) fn assemble(
    layer: &Layer,
    sample: &Sample,
    read: impl Fn(&Layer, &mut Assembly),
) -> Option<Assembled> {
    let run = |layer: &Layer, keying| {
        let mut assembly = Assembly::new(keying);
        read(layer, &mut assembly);
        assembly
    };
    let trial = run(sample.as_layer(), Keying::ContainerAndStd);
    let finest = if trial.holds_together() && trial.needs_std() {
        Keying::ContainerAndStd
    } else {
        Keying::Container
    };
    let coarser = (finest == Keying::ContainerAndStd).then_some(Keying::Container);
    let apart = std::iter::once(finest).chain(coarser).find_map(|keying| {
        let assembly = run(layer, keying);
        assembly
            .holds_together()
            .then_some(assembly)?
            .finish(layer.stream.as_deref())
    });
    apart.or_else(|| run(layer, Keying::Whole).finish(layer.stream.as_deref()))
}
