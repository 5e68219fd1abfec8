//! The fixed parts of maps: `hmap`, `mapextra`, `Map`, `table`, as rows of fields.
//!
//! ```text
//! hmap, Go 1.23, 64-bit: 48 bytes
//!   0      8      9  10         12     16       24          32         40     48
//!   │count │flags │B │noverflow │hash0 │buckets │oldbuckets │nevacuate │extra │
//!
//! Map, Go 1.27, 64-bit: 48 bytes
//!   0     8     16      24      32           33           34       35                 36       40        48
//!   │used │seed │dirPtr │dirLen │globalDepth │globalShift │writing │tombstonePossible │padding │clearSeq │
//! ```
//!
//! The tables below hold what Go's source says, names and types in order; offsets follow from Go's rule that a field begins at a
//! multiple of its alignment, which is its size but never more than a pointer's.

use super::super::target::Target;
use super::align_up;
use crate::goruntime::maprules::HmapForm;
use crate::goruntime::version::MapLayout;

/// Name of the bytes between fields.
pub const PADDING: &str = "padding";

/// A field of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderField {
    /// As Go's source names it; [`PADDING`] between fields.
    pub name: &'static str,
    /// Bytes from the header's start.
    pub offset: u64,
    /// Bytes.
    pub size: u64,
}

/// A header or other fixed part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// `hmap`, `Map`, `table`, `mapextra`.
    pub name: &'static str,
    /// All bytes, padding at the end included.
    pub size: u64,
    /// By offset, without gap or overlap: padding is among them, and at most once.
    pub fields: Vec<HeaderField>,
}

/// Size of a field.
#[derive(Clone, Copy)]
enum Bytes {
    /// One, two, four or eight on every machine.
    Fixed(u64),
    /// A pointer, `int` or `uintptr`.
    Word,
}

use Bytes::{Fixed, Word};

type Row = (&'static str, Bytes);

const HMAP: &[Row] = &[
    ("count", Word),
    ("flags", Fixed(1)),
    ("B", Fixed(1)),
    ("noverflow", Fixed(2)),
    ("hash0", Fixed(4)),
    ("buckets", Word),
    ("oldbuckets", Word),
    ("nevacuate", Word),
    (CLEAR_SEQ, Fixed(8)),
    ("extra", Word),
];
const MAPEXTRA: &[Row] = &[
    ("overflow", Word),
    ("oldoverflow", Word),
    ("nextOverflow", Word),
];
const MAP: &[Row] = &[
    ("used", Fixed(8)),
    ("seed", Word),
    ("dirPtr", Word),
    ("dirLen", Word),
    ("globalDepth", Fixed(1)),
    ("globalShift", Fixed(1)),
    ("writing", Fixed(1)),
    (TOMBSTONE_POSSIBLE, Fixed(1)),
    (CLEAR_SEQ, Fixed(8)),
];
const TABLE: &[Row] = &[
    ("used", Fixed(2)),
    ("capacity", Fixed(2)),
    ("growthLeft", Fixed(2)),
    ("localDepth", Fixed(1)),
    ("index", Word),
    ("groups.data", Word),
    ("groups.lengthMask", Fixed(8)),
];

/// In every `Map`, and in the `hmap` of the builds that had both.
const CLEAR_SEQ: &str = "clearSeq";
/// In the `Map` of builds that prune tombstones.
const TOMBSTONE_POSSIBLE: &str = "tombstonePossible";

/// The map header of a target: `hmap` or `Map`.
pub fn map_header(target: &Target) -> Header {
    let rules = &target.rules;
    let absent = match (rules.layout, rules.hmap, rules.prunes_tombstones) {
        (MapLayout::Classic, HmapForm::Plain, _) => CLEAR_SEQ,
        (MapLayout::Swiss, _, false) => TOMBSTONE_POSSIBLE,
        _ => "",
    };
    match rules.layout {
        MapLayout::Classic => lay_out("hmap", HMAP, absent, target),
        MapLayout::Swiss => lay_out("Map", MAP, absent, target),
    }
}

/// What `hmap.extra` points to: the overflow buckets of maps without pointers, and the next preallocated one.
pub fn mapextra(target: &Target) -> Header {
    lay_out("mapextra", MAPEXTRA, "", target)
}

/// What a directory entry of a Swiss map points to.
pub fn table(target: &Target) -> Header {
    lay_out("table", TABLE, "", target)
}

impl Header {
    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<HeaderField> {
        self.fields.iter().find(|field| field.name == name).copied()
    }

    /// The field that the byte at `offset` belongs to, and the byte's distance from the field's start; `None` beyond the header.
    pub fn at(&self, offset: u64) -> Option<(HeaderField, u64)> {
        self.fields
            .iter()
            .find(|field| (field.offset..field.offset + field.size).contains(&offset))
            .map(|&field| (field, offset - field.offset))
    }
}

fn lay_out(name: &'static str, rows: &[Row], absent: &str, target: &Target) -> Header {
    let mut header = Header {
        name,
        size: 0,
        fields: Vec::with_capacity(rows.len() + 1),
    };
    for &(field, bytes) in rows.iter().filter(|(field, _)| *field != absent) {
        let size = match bytes {
            Fixed(size) => size,
            Word => target.word(),
        };
        header.pad_to(align_up(header.size, size.min(target.word())));
        header.push(field, size);
    }
    header.pad_to(align_up(header.size, target.word()));
    header
}

impl Header {
    fn push(&mut self, name: &'static str, size: u64) {
        let offset = self.size;
        self.fields.push(HeaderField { name, offset, size });
        self.size += size;
    }

    fn pad_to(&mut self, offset: u64) {
        if offset > self.size {
            self.push(PADDING, offset - self.size);
        }
    }
}
