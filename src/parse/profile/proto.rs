//! Profiles in protocol buffers: what `debug=0` answers and what `go tool pprof` writes, since Go 1.7.
//!
//! ```text
//! message Profile { 1 sample_type, 2 sample, 3 mapping, 4 location, 5 function, 6 string_table, 9 time_nanos, 10 duration_nanos,
//!                   11 period_type, 12 period, 14 default_sample_type }
//! message ValueType { 1 type, 2 unit }                                    texts are indices of the string table
//! message Sample    { 1 location_id (innermost first), 2 value, 3 label }
//! message Label     { 1 key, 2 str, 3 num, 4 num_unit }
//! message Mapping   { 1 id, 2 memory_start, 3 memory_limit, 4 file_offset, 5 filename, 6 build_id }
//! message Location  { 1 id, 2 mapping_id, 3 address, 4 line (innermost first; the last is the physical function) }
//! message Line      { 1 function_id, 2 line }
//! message Function  { 1 id, 2 name, 3 system_name, 4 filename }
//! ```
//!
//! The message is walked twice: first for the tables, which Go writes behind the samples that need them, then for the samples. What
//! stands behind damage is lost and said; a profile cut before its string table has addresses and no names. Read [`profile`] first.

use super::kind;
use super::wire::{Value, Wire};
use super::{COLUMNS_MOST, FRAMES_MOST, LABELS_MOST, STACK_MOST};
use crate::model::{
    Address, Frame, FrameId, FrameKind, Label, LabelValue, Mapping, Profile, ProfileForm,
    ProfileKind, Sample, StackId, Symbols, TextLine, ValueType,
};
use crate::parse::symbols::{Executable, Loaded};
use rustc_hash::FxHashMap;
use std::cell::Cell;
use std::ops::Range;

/// Inlined functions at one address; Go's compiler stops long before.
const LINES_MOST: usize = 64;

/// Reads a profile. Never fails: what cannot be read is noted.
pub(in crate::parse) fn profile<'t>(
    bytes: &'t [u8],
    symbols: &mut Symbols<'t>,
    program: Option<&Executable<'t>>,
) -> Profile<'t> {
    let mut reader = Reader {
        tables: Tables::read(bytes),
        profile: Profile::new(ProfileKind::Other, ProfileForm::Protobuf, TextLine(0)),
        symbols,
        locations: FxHashMap::default(),
        frames: Vec::new(),
        scratch: Vec::new(),
        odd_samples: 0,
        lost_frames: 0,
        interned: 0,
    };
    reader.profile.span.end = bytes.len();
    reader.head();
    reader.locations(program);
    reader.samples(bytes);
    reader.finish(bytes.len())
}

/// What samples refer to, as written.
#[derive(Default)]
struct Tables<'t> {
    strings: Vec<&'t [u8]>,
    types: Vec<&'t [u8]>,
    functions: FxHashMap<u64, Function>,
    locations: Vec<&'t [u8]>,
    mappings: Vec<(u64, &'t [u8])>,
    period_type: &'t [u8],
    period: i64,
    time: i64,
    duration: i64,
    default_type: u64,
    /// Bytes behind damage.
    lost: usize,
    /// A text was asked for that is not in the table.
    nameless: Cell<bool>,
}

/// Indices of the string table.
#[derive(Clone, Copy, Default)]
struct Function {
    name: u64,
    system_name: u64,
    file: u64,
}

impl<'t> Tables<'t> {
    fn read(bytes: &'t [u8]) -> Self {
        let mut tables = Tables::default();
        let mut wire = Wire::new(bytes);
        for (field, value) in &mut wire {
            match field {
                1 => tables.types.push(value.bytes()),
                3 => tables.mappings.push((0, value.bytes())),
                4 => tables.locations.push(value.bytes()),
                5 => tables.function(value.bytes()),
                6 => tables.strings.push(value.bytes()),
                9 => tables.time = value.number().cast_signed(),
                10 => tables.duration = value.number().cast_signed(),
                11 => tables.period_type = value.bytes(),
                12 => tables.period = value.number().cast_signed(),
                14 => tables.default_type = value.number(),
                _ => {}
            }
        }
        tables.lost = wire.left();
        tables
    }

    fn function(&mut self, message: &'t [u8]) {
        let (mut id, mut function) = (0, Function::default());
        for (field, value) in Wire::new(message) {
            match field {
                1 => id = value.number(),
                2 => function.name = value.number(),
                3 => function.system_name = value.number(),
                4 => function.file = value.number(),
                _ => {}
            }
        }
        self.functions.insert(id, function);
    }

    /// A text of the string table; empty for an index that is not there.
    fn text(&self, index: u64) -> &'t [u8] {
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        let found = self.strings.get(index).copied();
        if found.is_none() {
            self.nameless.set(true);
        }
        found.unwrap_or_default()
    }
}

/// A location with its frames, a range of [`Reader::frames`].
#[derive(Clone)]
struct Located {
    address: Address,
    frames: Range<u32>,
}

struct Reader<'s, 't> {
    tables: Tables<'t>,
    profile: Profile<'t>,
    symbols: &'s mut Symbols<'t>,
    locations: FxHashMap<u64, Located>,
    frames: Vec<FrameId>,
    scratch: Vec<FrameId>,
    /// Samples whose numbers are more or fewer than the columns.
    odd_samples: u64,
    /// Samples with frames that are not in the tables, or too many.
    lost_frames: u64,
    /// Frames put into stacks so far.
    interned: usize,
}

impl<'t> Reader<'_, 't> {
    fn head(&mut self) {
        let messages: Vec<&[u8]> = self
            .tables
            .types
            .iter()
            .take(COLUMNS_MOST)
            .copied()
            .collect();
        if self.tables.types.len() > COLUMNS_MOST {
            self.profile.note(
                None,
                format!("only the first {COLUMNS_MOST} columns are read"),
            );
        }
        for message in messages {
            let column = self.value_type(message);
            self.profile.types.push(column);
        }
        if !self.tables.period_type.is_empty() {
            self.profile.period_type = Some(self.value_type(self.tables.period_type));
        }
        self.profile.period = self.tables.period;
        self.profile.time_nanos = Some(self.tables.time).filter(|&time| time != 0);
        self.profile.duration_nanos = Some(self.tables.duration).filter(|&nanos| nanos != 0);
        let shown = self
            .symbols
            .name(self.tables.text(self.tables.default_type));
        let shown = self
            .profile
            .types
            .iter()
            .position(|column| column.name == shown);
        self.profile.shown_first = shown.and_then(|index| u32::try_from(index).ok());
        self.mappings();
    }

    fn value_type(&mut self, message: &'t [u8]) -> ValueType {
        let (mut name, mut unit) = (0, 0);
        for (field, value) in Wire::new(message) {
            match field {
                1 => name = value.number(),
                2 => unit = value.number(),
                _ => {}
            }
        }
        ValueType {
            name: self.symbols.name(self.tables.text(name)),
            unit: self.symbols.name(self.tables.text(unit)),
        }
    }

    fn mappings(&mut self) {
        for index in 0..self.tables.mappings.len() {
            let Some(&(_, message)) = self.tables.mappings.get(index) else {
                break;
            };
            let (mut id, mut words, mut texts) = (0, [0u64; 3], [0u64; 2]);
            for (field, value) in Wire::new(message) {
                match field {
                    1 => id = value.number(),
                    2 => words[0] = value.number(),
                    3 => words[1] = value.number(),
                    4 => words[2] = value.number(),
                    5 => texts[0] = value.number(),
                    6 => texts[1] = value.number(),
                    _ => {}
                }
            }
            if let Some(known) = self.tables.mappings.get_mut(index) {
                known.0 = id;
            }
            let [file, build_id] = texts.map(|index| self.symbols.name(self.tables.text(index)));
            self.profile.mappings.push(Mapping {
                start: Address(words[0]),
                limit: Address(words[1]),
                offset: words[2],
                file,
                build_id,
            });
        }
    }

    /// The program, unless the profile says that another build wrote it.
    fn believed<'x>(&mut self, program: Option<&'x Executable<'t>>) -> Option<&'x Executable<'t>> {
        let program = program?;
        let own = self.profile.mappings.first()?.build_id;
        let written = self.symbols.text(own);
        if written.is_empty() || program.is_build(written) {
            return Some(program);
        }
        let said = format!(
            "the program of --exe is not the build that wrote this profile, and names nothing: the profile is of build {}, the program {}",
            written.escape_ascii(),
            match program.build_id() {
                id if id.is_empty() => "has no such id".to_owned(),
                id => format!("of {id}"),
            }
        );
        self.profile.refused_program = true;
        self.profile.note(None, said);
        None
    }

    fn locations(&mut self, program: Option<&Executable<'t>>) {
        let unnamed = |message: &&[u8]| Wire::new(message).all(|(field, _)| field != 4);
        let program = match self.tables.locations.iter().any(unnamed) {
            true => self.believed(program),
            false => None,
        };
        for message in std::mem::take(&mut self.tables.locations) {
            let (mut id, mut mapping, mut address) = (0, 0, 0);
            let start = self.frames.len();
            for (field, value) in Wire::new(message) {
                match field {
                    1 => id = value.number(),
                    2 => mapping = value.number(),
                    3 => address = value.number(),
                    4 if self.frames.len() - start < LINES_MOST => self.line(value.bytes()),
                    _ => {}
                }
            }
            if self.frames.len() == start {
                let loaded = self.loaded(mapping);
                let named = program.and_then(|program| {
                    let bias = loaded.and_then(|loaded| program.bias(loaded));
                    program.frame(Address(address), bias.unwrap_or(0))
                });
                let frame = super::frame(self.symbols, named, Address(address));
                self.frames.push(frame);
            } else {
                self.outermost_is_physical();
            }
            let located = Located {
                address: Address(address),
                frames: start as u32..self.frames.len() as u32,
            };
            self.locations.insert(id, located);
        }
    }

    fn loaded(&self, mapping: u64) -> Option<Loaded> {
        let index = self
            .tables
            .mappings
            .iter()
            .position(|&(id, _)| id == mapping)?;
        self.profile.mappings.get(index).map(|mapping| Loaded {
            start: mapping.start,
            offset: mapping.offset,
        })
    }

    /// One line of a location: inlined, until the last turns out to be the physical function.
    fn line(&mut self, message: &[u8]) {
        let (mut function, mut line) = (0, 0);
        for (field, value) in Wire::new(message) {
            match field {
                1 => function = value.number(),
                2 => line = value.number(),
                _ => {}
            }
        }
        let known = self
            .tables
            .functions
            .get(&function)
            .copied()
            .unwrap_or_default();
        let name = match self.tables.text(known.name) {
            b"" => self.tables.text(known.system_name),
            name => name,
        };
        let file = self.tables.text(known.file);
        if name.is_empty() && file.is_empty() {
            return;
        }
        let frame = Frame {
            func: self.symbols.name(name),
            file: self.symbols.name(file),
            line: u32::try_from(line).unwrap_or(0),
            offset: None,
            kind: FrameKind::Inlined,
        };
        self.frames.push(self.symbols.frame(frame));
    }

    fn outermost_is_physical(&mut self) {
        let last = self
            .frames
            .last()
            .and_then(|&id| self.symbols.get(id))
            .copied();
        if let (Some(slot), Some(frame)) = (self.frames.last_mut(), last) {
            *slot = self.symbols.frame(Frame {
                kind: FrameKind::Call,
                ..frame
            });
        }
    }

    fn samples(&mut self, bytes: &'t [u8]) {
        for (field, value) in Wire::new(bytes) {
            if let (2, Value::Bytes(message)) = (field, value) {
                self.sample(message);
            }
        }
    }

    fn sample(&mut self, message: &'t [u8]) {
        let (addresses, labels) = (self.profile.addresses.len(), self.profile.labels.len());
        let (row, columns) = (self.profile.values.len(), self.profile.types.len().max(1));
        let (mut given, mut whole) = (0, true);
        self.scratch.clear();
        for (field, value) in Wire::new(message) {
            match field {
                1 => value.numbers().for_each(|id| whole &= self.stand(id)),
                2 => {
                    for number in value.numbers() {
                        given += 1;
                        if given <= columns {
                            self.profile.values.push(number.cast_signed());
                        }
                    }
                }
                3 if self.profile.labels.len() - labels < LABELS_MOST => self.label(value.bytes()),
                _ => {}
            }
        }
        self.profile.values.resize(row + columns, 0);
        self.odd_samples += u64::from(given != columns);
        self.lost_frames += u64::from(!whole);
        self.profile.samples.push(Sample {
            stack: match self.scratch.is_empty() {
                true => StackId::EMPTY,
                false => self.symbols.stack(&self.scratch),
            },
            addresses: addresses as u32..self.profile.addresses.len() as u32,
            labels: labels as u32..self.profile.labels.len() as u32,
            line: None,
        });
    }

    /// Adds a location to the stack at hand; false where it is unknown or the stack is too long.
    fn stand(&mut self, id: u64) -> bool {
        let Some(located) = self.locations.get(&id) else {
            return false;
        };
        let range = located.frames.start as usize..located.frames.end as usize;
        let frames = self.frames.get(range).unwrap_or_default();
        if self.scratch.len() + frames.len() > STACK_MOST || self.interned > FRAMES_MOST {
            return false;
        }
        self.interned += frames.len();
        self.scratch.extend_from_slice(frames);
        self.profile.addresses.push(located.address);
        true
    }

    fn label(&mut self, message: &[u8]) {
        let (mut key, mut text, mut number, mut unit) = (0, 0, 0, 0);
        for (field, value) in Wire::new(message) {
            match field {
                1 => key = value.number(),
                2 => text = value.number(),
                3 => number = value.number().cast_signed(),
                4 => unit = value.number(),
                _ => {}
            }
        }
        let value = match text {
            0 => LabelValue::Number(number, self.symbols.name(self.tables.text(unit))),
            text => LabelValue::Text(self.tables.text(text)),
        };
        let key = self.tables.text(key);
        self.profile.labels.push(Label { key, value });
    }

    fn finish(mut self, length: usize) -> Profile<'t> {
        let profile = &mut self.profile;
        profile.cut = self.tables.lost > 0 || self.tables.nameless.get();
        if self.tables.lost > 0 {
            let read = length - self.tables.lost;
            profile.note(
                None,
                format!("the profile is damaged or cut at byte {read} of {length}: what stands before is read"),
            );
        }
        if self.tables.nameless.get() {
            profile.note(None, "the table of names is missing, or lacks some of them");
        }
        if self.odd_samples > 0 {
            let said = format!(
                "{} samples have more or fewer numbers than there are columns",
                self.odd_samples
            );
            profile.note(None, said);
        }
        if self.lost_frames > 0 {
            let said = format!(
                "{} samples have frames that are not in the tables, or too many",
                self.lost_frames
            );
            profile.note(None, said);
        }
        kind::tell(profile, self.symbols);
        self.profile
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A profile with one address without a name, of a program with a build id: fields 1, 2, 3, 4, 6 of the message above.
    fn with_build(id: &str) -> Vec<u8> {
        let mut bytes = vec![0x0a, 4, 0x08, 1, 0x10, 2, 0x12, 4, 0x08, 1, 0x10, 1];
        bytes.extend([0x1a, 6, 0x08, 1, 0x10, 1, 0x30, 3]);
        bytes.extend([0x22, 6, 0x08, 1, 0x10, 1, 0x18, 5]);
        for text in ["", "goroutine", "count", id] {
            bytes.extend([0x32, text.len() as u8]);
            bytes.extend(text.as_bytes());
        }
        bytes
    }

    #[test]
    fn a_program_of_another_build_is_refused() {
        let file = std::env::current_exe().and_then(std::fs::read);
        let file = file.expect("this program");
        let Ok(program) = Executable::read(&file) else {
            return; // stripped: it names nothing anyway
        };
        let own = program.build_id();
        let refused = |id: &str| {
            let bytes = with_build(id);
            let mut symbols = Symbols::default();
            let read = profile(&bytes, &mut symbols, Some(&program));
            assert_eq!(read.samples.len(), 1);
            let said = read.notes.iter().any(|note| note.text.contains("--exe"));
            assert_eq!(said, read.refused_program, "{id}");
            read.refused_program
        };
        assert!(refused("0123456789abcdef"));
        assert!(!refused(""), "nothing tells");
        assert!(own.is_empty() || !refused(&own) && !refused(&own.to_uppercase()));
    }
}
