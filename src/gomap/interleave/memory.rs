//! The map that the goroutines of [`super::machine`] share, and what each of them knows.
//!
//! ```text
//!  flag 0|1   count 3   seed 0                    the header; `base` points at one of four arrays
//!  array 0    place 0: [a@0 a old] [ ] [ ]        a cell: tag (whose key under which seed), key, element
//!             place 1: [c@0 c old] [ ] [ ]        place: a bucket, or a group
//!  array 1    made by goroutine A when it grows the map; array 2: by B; array 3: the new one of a map that is growing
//! ```
//!
//! `a` and `b` are the goroutines' keys, `c` stands for all other entries.

use crate::goruntime::mapchecks::CheckPoint;

/// Keys: A's, B's, and one for all others.
pub const KEYS: usize = 3;
/// The key of the bystanders.
pub const OTHERS: usize = 2;
pub const PLACES: usize = 2;
pub const CELLS: usize = 3;
pub const ARRAYS: usize = 4;
/// A cell that entries nobody asks about keep from being free.
pub const TAKEN: u8 = u8::MAX;
/// The tag of a slot that looks full though nothing was ever put there.
pub const BLANK: u8 = 200;
/// The mark of an entry that is evacuated (evacuatedX, evacuatedY).
pub const MOVED: u8 = 201;
/// The mark of a slot that was free when its bucket was evacuated (evacuatedEmpty).
pub const MOVED_FREE: u8 = 202;
/// No array.
pub const NONE: u8 = u8::MAX;
/// What lies in an array of a map that is growing.
pub const NEW_ARRAY: u8 = 3;

/// An element: nothing, what was there from the start, or what goroutine A or B stores.
pub type Elem = u8;
/// The zero value.
pub const ZERO: Elem = 0;
pub const FROM_START: Elem = 1;

/// One slot. The tag is 0 for a free one; the key is 0 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    pub tag: u8,
    pub key: u8,
    pub elem: Elem,
}

/// All that both goroutines see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// The mark.
    pub flag: bool,
    /// Number of entries as the header has it.
    pub count: u8,
    pub size: u8,
    pub base: u8,
    pub old: u8,
    pub seed: u8,
    pub made_for: [u8; ARRAYS],
    pub directory: Directory,
    pub cells: [[[Cell; CELLS]; PLACES]; ARRAYS],
}

/// The directory of a Swiss map of several tables; 0 is the first one, 1 and 2 those that A and B make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// Bits of the hash that choose an entry, as the header has them.
    pub bits: u8,
    /// The one that the header points at.
    pub current: u8,
    /// For how many bits each is long enough.
    pub made_for: [u8; 3],
    /// The array in which each has the table of the keys.
    pub tables: [u8; 3],
}

/// How far a goroutine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Has steps left.
    Running,
    /// Through.
    Done,
    /// Raised a fatal error at this point; true where it is the throw of an evacuation.
    Dead(CheckPoint, bool),
}

/// What a read, an iteration step or a clone came to know: an element of each key, if it is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// By key.
    pub elems: [Option<Elem>; KEYS],
    /// A clone's number of entries, where it is copied.
    pub count: Option<u8>,
    /// An entry whose key was not there (yet, or any more).
    pub keyless: bool,
    /// A clone's flag.
    pub flag: bool,
}

/// One goroutine: where it is and what it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thread {
    /// Index of the next step.
    pub pc: u8,
    /// How far it is.
    pub status: Status,
    /// Came past its first check and is not through.
    pub inside: bool,
    /// Used a size with an array that it does not belong to.
    pub stray: bool,
    /// What it was told.
    pub answer: Answer,
    /// The flag as it read it.
    pub flag: bool,
    /// The count as it read it.
    pub count: u8,
    pub size: u8,
    pub base: u8,
    pub old: u8,
    pub seed: u8,
    pub directory: u8,
    pub slot: Option<u8>,
    pub found: bool,
    pub grow: bool,
    pub grown: bool,
    pub unevacuated: bool,
    /// An iterator's slot is evacuated.
    pub moved: bool,
    /// The directory has no room for a split.
    pub deepens: bool,
    pub small_exit: bool,
    pub marked: bool,
    /// Tags of entries as a clone or an evacuation read them; 0 for a free slot.
    pub tags: [u8; CELLS],
}

impl Thread {
    pub fn new() -> Self {
        Self {
            pc: 0,
            status: Status::Running,
            inside: false,
            stray: false,
            answer: Answer::default(),
            flag: false,
            count: 0,
            size: 0,
            base: NONE,
            old: NONE,
            seed: 0,
            directory: 0,
            slot: None,
            found: false,
            grow: false,
            grown: false,
            unevacuated: false,
            moved: false,
            deepens: false,
            small_exit: false,
            marked: false,
            tags: [0; CELLS],
        }
    }

    /// Ends it; what it knew, apart from the answer, makes no difference any more.
    pub fn end(&mut self, status: Status) {
        *self = Self {
            status,
            stray: self.stray,
            answer: self.answer,
            ..Self::new()
        };
    }
}

impl Memory {
    /// The cell at a slot of a place of an array.
    pub fn cell(&mut self, array: u8, place: usize, slot: u8) -> Option<&mut Cell> {
        self.cells
            .get_mut(usize::from(array))?
            .get_mut(place)?
            .get_mut(usize::from(slot))
    }

    pub fn place(&self, array: u8, place: usize) -> [Cell; CELLS] {
        let array = self.cells.get(usize::from(array));
        array
            .and_then(|array| array.get(place))
            .copied()
            .unwrap_or_default()
    }

    pub fn set_place(&mut self, array: u8, place: usize, cells: [Cell; CELLS]) {
        if let Some(there) = self
            .cells
            .get_mut(usize::from(array))
            .and_then(|array| array.get_mut(place))
        {
            *there = cells;
        }
    }

    /// Told by the first tophash of a bucket, as the runtime does.
    pub fn is_evacuated(&self, array: u8, place: usize) -> bool {
        let [first, ..] = self.place(array, place);
        is_mark(first.tag)
    }

    /// The entries of a directory that belong to the keys lead to this array.
    pub fn tables_of(&self, directory: u8) -> u8 {
        let tables = self.directory.tables.get(usize::from(directory));
        tables.copied().unwrap_or(NONE)
    }

    /// Whether so many bits of a hash choose no entry beyond a directory's end.
    pub fn directory_fits(&self, directory: u8, bits: u8) -> bool {
        self.directory.made_for.get(usize::from(directory)) == Some(&bits)
    }

    pub fn fits(&self, array: u8, size: u8) -> bool {
        self.made_for.get(usize::from(array)) == Some(&size)
    }

    /// Puts a cell where the first free one is.
    pub fn put(&mut self, array: u8, place: usize, cell: Cell) {
        let mut cells = self.place(array, place);
        if let Some(free) = cells.iter_mut().find(|cell| cell.tag == 0) {
            *free = cell;
        }
        self.set_place(array, place, cells);
    }
}

/// Tag of a key under a seed.
pub fn tag(key: usize, seed: u8) -> u8 {
    1 + key as u8 + seed * KEYS as u8
}

pub fn is_entry(cell: &Cell) -> bool {
    !matches!(cell.tag, 0 | TAKEN | MOVED_FREE)
}

pub fn is_mark(tag: u8) -> bool {
    matches!(tag, MOVED | MOVED_FREE)
}

/// Tags of entries; 0 where there is none.
pub fn tags(cells: &[Cell; CELLS]) -> [u8; CELLS] {
    cells.map(|cell| if is_entry(&cell) { cell.tag } else { 0 })
}

impl Answer {
    pub fn note(&mut self, key: u8, elem: Elem) {
        match usize::from(key)
            .checked_sub(1)
            .and_then(|key| self.elems.get_mut(key))
        {
            Some(known) => *known = Some(elem),
            None => self.keyless = true,
        }
    }
}
