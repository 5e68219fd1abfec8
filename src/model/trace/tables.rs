//! Strings and stacks of a generation, and the words of a whole trace.
//!
//! Numbers of strings and stacks mean something only inside their generation. A [`TableBuilder`] takes the entries in any order and
//! makes [`Tables`] of them: by position where the numbers are dense, as Go writes them, and by search where they are not, so that no
//! number read from a file decides how much memory is used. Read [`Tables`] first.

use super::{StackRef, StringRef};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

/// A text that returns over and over: reasons, names of ranges, types of tasks and regions, categories. Valid for the whole trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Word(pub u16);

impl Word {
    /// The empty text.
    pub const EMPTY: Word = Word(0);
    /// Stands for all that came after the vocabulary was full.
    pub const OTHER: Word = Word(1);
}

/// The words of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vocabulary {
    words: Vec<Vec<u8>>,
    index: HashMap<Vec<u8>, u16, FxBuildHasher>,
}

impl Default for Vocabulary {
    fn default() -> Self {
        let mut new = Self {
            words: Vec::new(),
            index: HashMap::default(),
        };
        new.word(b"");
        new.word("\u{2026}".as_bytes());
        new
    }
}

impl Vocabulary {
    /// Words kept. Real programs have some dozen; whoever puts numbers into the names of tasks gets the rest under one name.
    const LIMIT: usize = 20_000;

    /// The number of `text`, new or known.
    pub fn word(&mut self, text: &[u8]) -> Word {
        if let Some(&known) = self.index.get(text) {
            return Word(known);
        }
        if self.words.len() >= Self::LIMIT {
            return Word::OTHER;
        }
        let number = self.words.len() as u16;
        self.words.push(text.to_vec());
        self.index.insert(text.to_vec(), number);
        Word(number)
    }

    /// Its text.
    pub fn text(&self, word: Word) -> &[u8] {
        self.words
            .get(usize::from(word.0))
            .map_or(&[], Vec::as_slice)
    }

    /// How many there are; numbers run from 0.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Never true: the empty text is a word.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }
}

/// A frame as the tables hold it: function and file are numbers of strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameRecord {
    /// Program counter.
    pub pc: u64,
    /// Function name.
    pub func: StringRef,
    /// Source path.
    pub file: StringRef,
    /// Line.
    pub line: u32,
}

/// A frame with its texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceFrame<'a> {
    /// Program counter.
    pub pc: u64,
    /// Function name.
    pub func: &'a [u8],
    /// Source path.
    pub file: &'a [u8],
    /// Line, from 1.
    pub line: u32,
}

/// The trace's clock read together with others (Go 1.25 and later).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockSnapshot {
    /// The trace's clock, in ns.
    pub trace_ns: i64,
    /// The machine's monotonic clock, in ns.
    pub mono_ns: u64,
    /// Wall clock: seconds since 1970.
    pub wall_seconds: u64,
    /// And ns.
    pub wall_nanos: u64,
}

/// Refers to [`Tables::inline`]; no table has as many places.
const INLINE: StringRef = StringRef(u32::MAX);

/// What the numbers of one generation stand for.
#[derive(Clone, Debug, Default)]
pub struct Tables<'t> {
    strings: Numbered<&'t [u8]>,
    stacks: Numbered<(u32, u32)>,
    frames: Vec<FrameRecord>,
    words: Vec<Word>,
    inline: &'t [u8],
    /// The words of the trace so far.
    pub vocabulary: Vocabulary,
    /// The generation's clocks, if it has them.
    pub clock: Option<ClockSnapshot>,
    /// True where the generation's tables are not all there.
    pub incomplete: bool,
}

impl<'t> Tables<'t> {
    /// No strings and stacks, only the words of the trace.
    pub fn of_words(vocabulary: Vocabulary) -> Self {
        Self {
            vocabulary,
            ..Self::default()
        }
    }

    /// The place of stack number `id`; no stack where no table has it.
    #[inline]
    pub fn stack(&self, id: u64) -> StackRef {
        StackRef(self.stacks.place(id))
    }

    /// The place of string number `id`; the empty string where no table has it.
    #[inline]
    pub fn string(&self, id: u64) -> StringRef {
        StringRef(self.strings.place(id))
    }

    /// The bytes of a string.
    pub fn text(&self, string: StringRef) -> &'t [u8] {
        if string == INLINE {
            return self.inline;
        }
        self.strings.get(string.0).copied().unwrap_or_default()
    }

    /// A text that stands in an event and in no table. The reference holds until the next such event.
    pub fn inline(&mut self, text: &'t [u8]) -> StringRef {
        self.inline = text;
        INLINE
    }

    /// The word that string number `id` is, looked up once a generation.
    #[inline]
    pub fn word(&mut self, id: u64) -> Word {
        let place = self.strings.place(id) as usize;
        match self.words.get(place) {
            Some(&word) if word != Word::EMPTY => word,
            _ => self.new_word(place),
        }
    }

    /// The same for who may only look; empty where it has not been looked up in this generation.
    #[inline]
    pub fn known_word(&self, id: u64) -> Word {
        let place = self.strings.place(id) as usize;
        self.words.get(place).copied().unwrap_or_default()
    }

    #[cold]
    fn new_word(&mut self, place: usize) -> Word {
        if place == 0 {
            return Word::EMPTY;
        }
        let text = self.strings.get(place as u32).copied().unwrap_or_default();
        let word = self.vocabulary.word(text);
        if self.words.len() <= place {
            self.words.resize(self.strings.len(), Word::EMPTY);
        }
        if let Some(kept) = self.words.get_mut(place) {
            *kept = word;
        }
        word
    }

    /// True where the place of a stack is its number. A number whose place is free stands for no stack, as one beyond all places does.
    pub fn stacks_stand_by_number(&self) -> bool {
        matches!(self.stacks.present, Presence::Dense(_))
    }

    /// How many places stacks have; [`StackRef`]s are below it.
    pub fn stack_places(&self) -> usize {
        self.stacks.len()
    }

    /// The frames of a stack, innermost first.
    pub fn frames(
        &self,
        stack: StackRef,
    ) -> impl DoubleEndedIterator<Item = TraceFrame<'t>> + ExactSizeIterator {
        self.frame_records(stack).iter().map(|record| TraceFrame {
            pc: record.pc,
            func: self.text(record.func),
            file: self.text(record.file),
            line: record.line,
        })
    }

    /// The same, as the tables hold them: for who looks each name up once.
    pub fn frame_records(&self, stack: StackRef) -> &[FrameRecord] {
        let (start, count) = self.stacks.get(stack.0).copied().unwrap_or_default();
        self.frames
            .get(start as usize..(start as usize).saturating_add(count as usize))
            .unwrap_or_default()
    }

    /// How many places strings have; the [`StringRef`]s of frames are below it.
    pub fn string_places(&self) -> usize {
        self.strings.len()
    }
}

/// Collects the entries of a generation.
#[derive(Debug, Default)]
pub struct TableBuilder<'t> {
    strings: Vec<(u64, &'t [u8])>,
    stacks: Vec<(u64, (u32, u32))>,
    frames: Vec<(u64, u64, u64, u32)>,
}

impl<'t> TableBuilder<'t> {
    /// Adds a string.
    pub fn string(&mut self, id: u64, text: &'t [u8]) {
        self.strings.push((id, text));
    }

    /// Adds a frame to the stack that [`Self::end_stack`] will close: pc, number of the function's and of the file's name, line.
    pub fn frame(&mut self, pc: u64, func: u64, file: u64, line: u64) {
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        self.frames.push((pc, func, file, line));
    }

    /// Frames given so far, of all stacks.
    pub fn frame_count(&self) -> usize {
        self.frames.len()
    }

    /// Makes a stack of all frames since `first` (from [`Self::frame_count`]).
    pub fn end_stack(&mut self, id: u64, first: usize) {
        let count = self.frames.len().saturating_sub(first);
        self.stacks.push((id, (first as u32, count as u32)));
    }

    /// Drops the frames since `first`: their stack is broken.
    pub fn abandon_stack(&mut self, first: usize) {
        self.frames.truncate(first);
    }

    /// Adds all that another one was given, behind what this one was given.
    pub fn append(&mut self, later: TableBuilder<'t>) {
        let first = self.frames.len() as u32;
        let moved =
            |(id, (start, count)): (u64, (u32, u32))| (id, (start.wrapping_add(first), count));
        self.strings.extend(later.strings);
        self.stacks.extend(later.stacks.into_iter().map(moved));
        self.frames.extend(later.frames);
    }

    /// True where nothing was added.
    pub fn is_empty(&self) -> bool {
        self.strings.is_empty() && self.stacks.is_empty()
    }

    /// The tables, and whether every frame's names are in them.
    pub fn build(self, vocabulary: Vocabulary) -> (Tables<'t>, bool) {
        let strings = Numbered::new(self.strings);
        let mut named = true;
        let mut name = |id: u64| {
            let place = strings.place(id);
            named &= id == 0 || place != 0;
            StringRef(place)
        };
        let frames = self
            .frames
            .iter()
            .map(|&(pc, func, file, line)| FrameRecord {
                pc,
                func: name(func),
                file: name(file),
                line,
            })
            .collect();
        let tables = Tables {
            strings,
            stacks: Numbered::new(self.stacks),
            frames,
            words: Vec::new(),
            inline: &[],
            vocabulary,
            clock: None,
            incomplete: false,
        };
        (tables, named)
    }
}

/// Entries by number. Place 0 is taken by the entry that is not there.
#[derive(Clone, Debug)]
struct Numbered<T> {
    entries: Vec<T>,
    present: Presence,
}

#[derive(Clone, Debug)]
enum Presence {
    /// An entry's place is its number; absent ones are marked.
    Dense(Vec<bool>),
    /// Places by number.
    Sparse(HashMap<u64, u32, FxBuildHasher>),
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            present: Presence::Dense(Vec::new()),
        }
    }
}

impl<T: Default + Clone> Numbered<T> {
    /// Of two entries with one number the first counts, as with Go's reader up to the point where it gives up.
    fn new(entries: Vec<(u64, T)>) -> Self {
        let highest = entries.iter().map(|entry| entry.0).max().unwrap_or(0);
        // Holes cost memory: twice as many places as entries are borne.
        if highest > 2 * entries.len() as u64 + 64 {
            return Self::sparse(entries);
        }
        let places = highest as usize + 1;
        let mut table = vec![T::default(); places];
        let mut present = vec![false; places];
        for (id, entry) in entries {
            let place = id as usize;
            if let (Some(slot), Some(mark)) = (table.get_mut(place), present.get_mut(place))
                && !*mark
                && place != 0
            {
                (*slot, *mark) = (entry, true);
            }
        }
        Self {
            entries: table,
            present: Presence::Dense(present),
        }
    }

    fn sparse(entries: Vec<(u64, T)>) -> Self {
        let mut index = HashMap::default();
        let mut table = vec![T::default()];
        for (id, entry) in entries {
            if id != 0 && !index.contains_key(&id) {
                index.insert(id, table.len() as u32);
                table.push(entry);
            }
        }
        Self {
            entries: table,
            present: Presence::Sparse(index),
        }
    }
}

impl<T> Numbered<T> {
    #[inline]
    fn place(&self, id: u64) -> u32 {
        match &self.present {
            Presence::Dense(present) => match present.get(id as usize) {
                Some(true) => id as u32,
                _ => 0,
            },
            Presence::Sparse(index) => index.get(&id).copied().unwrap_or(0),
        }
    }

    fn get(&self, place: u32) -> Option<&T> {
        self.entries.get(place as usize)
    }

    fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_far_apart_cost_no_memory() {
        let mut builder = TableBuilder::default();
        builder.string(u64::MAX, b"last");
        builder.string(1 << 40, b"middle");
        let (tables, _) = builder.build(Vocabulary::default());
        assert_eq!(tables.text(tables.string(u64::MAX)), b"last");
        assert_eq!(tables.text(tables.string(1 << 40)), b"middle");
        assert_eq!(tables.text(tables.string(7)), b"");
        assert_eq!(tables.strings.len(), 3);
    }

    #[test]
    fn a_stack_without_names_is_noticed() {
        let mut builder = TableBuilder::default();
        builder.string(1, b"main.main");
        builder.frame(0x40, 1, 1, 12);
        builder.end_stack(5, 0);
        builder.frame(0x41, 2, 1, 13);
        builder.end_stack(6, 1);
        let (tables, named) = builder.build(Vocabulary::default());
        assert!(!named);
        let frames: Vec<_> = tables.frames(tables.stack(5)).collect();
        assert_eq!(frames.len(), 1);
        assert_eq!(
            frames.first().map(|frame| (frame.func, frame.line)),
            Some((b"main.main".as_slice(), 12))
        );
        assert!(!tables.stack(7).is_some());
    }

    #[test]
    fn words_outlive_their_generation() {
        let mut builder = TableBuilder::default();
        builder.string(9, b"sleep");
        let (mut tables, _) = builder.build(Vocabulary::default());
        let word = tables.word(9);
        assert_eq!(tables.word(9), word);
        let mut builder = TableBuilder::default();
        builder.string(3, b"sleep");
        let (mut next, _) = builder.build(tables.vocabulary);
        assert_eq!(next.word(3), word);
        assert_eq!(next.word(9), Word::EMPTY);
        assert_eq!(next.vocabulary.text(word), b"sleep");
    }
}
