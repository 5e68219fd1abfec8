//! A profile: stacks with numbers. Goroutines by stack, bytes by allocation, waits by lock, time by code.
//!
//! `parse::profile` makes these values from every form that Go, pprof and perf write; `analyze::profile` weighs them. Names and
//! stacks are interned like those of goroutines. Read [`Profile`] first, then [`Sample`].

use super::{Address, NameId, Renumbering, Span, StackId, TextLine};
use std::ops::Range;

/// What was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProfileKind {
    /// Live goroutines by stack.
    Goroutine,
    /// Goroutines that nothing can wake any more (Go 1.26 experiment, 1.27).
    GoroutineLeak,
    /// Memory by allocation, shown by what is live.
    Heap,
    /// The same numbers, shown by all that was ever allocated.
    Allocs,
    /// Time that others waited, by where a lock was released.
    Mutex,
    /// Time spent blocked, by who waited.
    Block,
    /// Waits of which nothing tells whether they were counted at the lock or at the waiter: mutex or block.
    Contention,
    /// Time on a processor.
    Cpu,
    /// What made the threads of the process.
    ThreadCreate,
    /// Samples of `perf record`, as `perf script` prints them.
    Perf,
    /// Folded stacks: weights of unknown meaning.
    Folded,
    /// Anything else.
    Other,
}

impl ProfileKind {
    /// As pprof and its tools call it.
    pub fn word(self) -> &'static str {
        match self {
            ProfileKind::Goroutine => "goroutine",
            ProfileKind::GoroutineLeak => "goroutineleak",
            ProfileKind::Heap => "heap",
            ProfileKind::Allocs => "allocs",
            ProfileKind::Mutex => "mutex",
            ProfileKind::Block => "block",
            ProfileKind::Contention => "mutex or block",
            ProfileKind::Cpu => "cpu",
            ProfileKind::ThreadCreate => "threadcreate",
            ProfileKind::Perf => "perf",
            ProfileKind::Folded => "folded",
            ProfileKind::Other => "other",
        }
    }

    /// True where a sample counts goroutines.
    pub fn counts_goroutines(self) -> bool {
        matches!(self, ProfileKind::Goroutine | ProfileKind::GoroutineLeak)
    }
}

/// How it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProfileForm {
    /// profile.proto: `debug=0`, files of `go tool pprof`.
    Protobuf,
    /// `debug=1`: a text with addresses, and names in `#` lines.
    Text,
    /// `perf script`.
    PerfScript,
    /// `main;work;runtime.mapassign 42`.
    Folded,
}

impl ProfileForm {
    /// For sentences.
    pub fn word(self) -> &'static str {
        match self {
            ProfileForm::Protobuf => "protobuf",
            ProfileForm::Text => "text (debug=1)",
            ProfileForm::PerfScript => "perf script",
            ProfileForm::Folded => "folded stacks",
        }
    }
}

/// One column of numbers: `inuse_space` in `bytes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueType {
    /// What is counted.
    pub name: NameId,
    /// In which unit.
    pub unit: NameId,
}

/// One stack with its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Frames, innermost first; those without a name are [`super::FrameKind::Unnamed`].
    pub stack: StackId,
    /// Range of [`Profile::addresses`]: one for each physical frame, innermost first. Empty in forms that print none.
    pub addresses: Range<u32>,
    /// Range of [`Profile::labels`].
    pub labels: Range<u32>,
    /// Its line in a text; `None` in a binary profile.
    pub line: Option<TextLine>,
}

/// A pprof label of a sample: set with `pprof.Do`, or the block size that heap profiles add.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label<'t> {
    /// Key. In a text its escapes (`\"`) are left in, here and in the value.
    pub key: &'t [u8],
    /// Value.
    pub value: LabelValue<'t>,
}

/// What a label says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelValue<'t> {
    /// A text, without its quotes.
    Text(&'t [u8]),
    /// A number with its unit, which may be empty.
    Number(i64, NameId),
}

/// A file mapped into the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// First address.
    pub start: Address,
    /// One past the last.
    pub limit: Address,
    /// Where in the file it begins, in bytes.
    pub offset: u64,
    /// Path of the file.
    pub file: NameId,
    /// Its build id; empty where it has none.
    pub build_id: NameId,
}

/// What a reader left out or could not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileNote {
    /// The line it speaks of, in a text.
    pub line: Option<TextLine>,
    /// One sentence, without its full stop.
    pub text: String,
}

/// One profile. Rows of [`Profile::values`] belong to the samples in order, [`Profile::types`] many for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile<'t> {
    /// What was counted.
    pub kind: ProfileKind,
    /// How it was written.
    pub form: ProfileForm,
    /// Where it stands in the text.
    pub span: Span,
    /// Its first line.
    pub line: TextLine,
    /// The columns.
    pub types: Vec<ValueType>,
    /// Index of the column that is shown first.
    pub shown_first: Option<u32>,
    /// What one sample stands for; `None` where not said.
    pub period_type: Option<ValueType>,
    /// Events between two samples; 0 where not said.
    pub period: i64,
    /// When it was taken, in nanoseconds since 1970; `None` where not said.
    pub time_nanos: Option<i64>,
    /// How long was measured, in nanoseconds; `None` where not said.
    pub duration_nanos: Option<i64>,
    /// The stacks.
    pub samples: Vec<Sample>,
    /// Their numbers.
    pub values: Vec<i64>,
    /// Addresses of all samples' frames: of the call itself, not of the return.
    pub addresses: Vec<Address>,
    /// Labels of all samples.
    pub labels: Vec<Label<'t>>,
    /// The program and its libraries, the program first.
    pub mappings: Vec<Mapping>,
    /// `goroutine profile: total N`, as printed.
    pub declared_total: Option<u64>,
    /// `# Sys = 12345`: lines of runtime.MemStats with one number, in print order.
    pub memstats: Vec<(NameId, u64)>,
    /// Its end is missing.
    pub cut: bool,
    /// The program that was given for its names is of another build, and was not used.
    pub refused_program: bool,
    /// Remarks.
    pub notes: Vec<ProfileNote>,
}

impl<'t> Profile<'t> {
    /// One without samples, that begins at a line.
    pub fn new(kind: ProfileKind, form: ProfileForm, line: TextLine) -> Self {
        Self {
            kind,
            form,
            span: Span::default(),
            line,
            types: Vec::new(),
            shown_first: None,
            period_type: None,
            period: 0,
            time_nanos: None,
            duration_nanos: None,
            samples: Vec::new(),
            values: Vec::new(),
            addresses: Vec::new(),
            labels: Vec::new(),
            mappings: Vec::new(),
            declared_total: None,
            memstats: Vec::new(),
            cut: false,
            refused_program: false,
            notes: Vec::new(),
        }
    }

    /// Samples with their rows of numbers.
    pub fn rows(&self) -> impl Iterator<Item = (&Sample, &[i64])> {
        let width = self.types.len().max(1);
        self.samples.iter().zip(self.values.chunks_exact(width))
    }

    /// The sum of a column, `None` where there is none of that index. Sums that don't fit stay at the limit.
    pub fn total(&self, column: usize) -> Option<i64> {
        self.types.get(column)?;
        let cells = self.rows().filter_map(|(_, row)| row.get(column));
        Some(cells.fold(0, |sum: i64, &cell| sum.saturating_add(cell)))
    }

    /// The addresses of a sample.
    pub fn addresses_of(&self, sample: &Sample) -> &[Address] {
        let range = sample.addresses.start as usize..sample.addresses.end as usize;
        self.addresses.get(range).unwrap_or_default()
    }

    /// The labels of a sample.
    pub fn labels_of(&self, sample: &Sample) -> &[Label<'t>] {
        let range = sample.labels.start as usize..sample.labels.end as usize;
        self.labels.get(range).unwrap_or_default()
    }

    /// Adds a remark.
    pub fn note(&mut self, line: Option<TextLine>, text: impl Into<String>) {
        let text = text.into();
        self.notes.push(ProfileNote { line, text });
    }

    /// Translates all ids, after [`super::Symbols::absorb`].
    pub fn renumber(&mut self, ids: &Renumbering) {
        for of in self.types.iter_mut().chain(&mut self.period_type) {
            (of.name, of.unit) = (ids.name(of.name), ids.name(of.unit));
        }
        for sample in &mut self.samples {
            sample.stack = ids.stack(sample.stack);
        }
        for mapping in &mut self.mappings {
            mapping.file = ids.name(mapping.file);
            mapping.build_id = ids.name(mapping.build_id);
        }
        for (name, _) in &mut self.memstats {
            *name = ids.name(*name);
        }
        for label in &mut self.labels {
            if let LabelValue::Number(_, unit) = &mut label.value {
                *unit = ids.name(*unit);
            }
        }
    }
}
