//! What of a value is hashed, in which order: a type becomes a list of [`Piece`]s.
//!
//! Called by [`super::compose`]. Go has three procedures, and they differ for one and the same struct:
//!
//! ```text
//!     type K struct { a, b int32; c struct { d int32; e string } }        a at 0, b at 4, d at 8, e at 16
//!
//!     map[K]V, up to 1.26     memhash(8 bytes: a, b)  memhash(4: d)  strhash(e)      [`map_key`]: runs, each struct its own
//!     map[K]V, from 1.27      memhash(12 bytes: a, b, d)  strhash(e)                 [`map_key`]: runs through all nesting
//!     any(K), all versions    memhash32(a)  memhash32(b)  memhash32(d)  strhash(e)   [`dynamic`]: field by field
//! ```
//!
//! Plain is what has nothing but plain bits in it: no float, string or interface, no padding, no blank field. Sources: package
//! `reflectdata` of Go's compiler (`alg.go`) and `runtime.typehash`.

use crate::gomap::target::{Arch, Target};
use crate::gomap::types::{Field, GoType, Kind};
use crate::goruntime::maprules::CompositeHash;

/// A part of a value that makes one step of its hash. Offsets are in bytes from the start of the value, or of the turn of a
/// [`Piece::Repeat`] they stand in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// `memhash` of so many bytes.
    Bytes { offset: u64, size: u64 },
    /// `memhash32`
    Word32 { offset: u64 },
    /// `memhash64`
    Word64 { offset: u64 },
    /// A float of 4 or 8 bytes.
    Float { offset: u64, size: u64 },
    /// A string.
    Str { offset: u64 },
    /// An interface.
    Iface { offset: u64 },
    /// The same pieces again, `stride` bytes further each turn.
    Repeat {
        offset: u64,
        turns: u64,
        stride: u64,
        body: Vec<Piece>,
    },
}

/// Arrays of parts that are not plain are flattened this many bytes at a time (from 1.27).
const UNROLLED: u64 = 32;

/// Largest alignment that the compiler respects when it takes several fields in one step, where that is more than 1
/// (`sys.Arch.Alignment`, the same from 1.19 to 1.26; 1.27 does not ask for it).
const ALIGNED_LOADS: &[(Arch, u64)] = &[
    (Arch::Arm, 4),
    (Arch::Mipsle, 4),
    (Arch::Loong64, 8),
    (Arch::Mips64le, 8),
    (Arch::Riscv64, 8),
];

/// The pieces of a map's key type: what the compiler generates.
pub(super) fn map_key(target: &Target, go_type: &GoType) -> Vec<Piece> {
    match target.rules.composite {
        CompositeHash::Runs => Runs {
            aligned: ALIGNED_LOADS
                .iter()
                .find(|(arch, _)| *arch == target.arch)
                .map_or(1, |&(_, bytes)| bytes),
            pieces: Vec::new(),
        }
        .whole(go_type),
        CompositeHash::Flattened => Flat::default().whole(go_type),
    }
}

/// The pieces of an interface's dynamic value: what `runtime.typehash` does.
pub(super) fn dynamic(go_type: &GoType) -> Vec<Piece> {
    let mut pieces = Vec::new();
    dynamic_at(go_type, 0, &mut pieces);
    pieces
}

fn dynamic_at(go_type: &GoType, offset: u64, pieces: &mut Vec<Piece>) {
    if is_plain(go_type) {
        pieces.push(memory(offset, go_type.size));
        return;
    }
    match &go_type.kind {
        Kind::Array { len, elem } => pieces.push(Piece::Repeat {
            offset,
            turns: *len,
            stride: elem.size,
            body: dynamic(elem),
        }),
        Kind::Struct { fields } => {
            for field in fields.iter().filter(|field| !is_blank(field)) {
                dynamic_at(&field.go_type, offset.saturating_add(field.offset), pieces);
            }
        }
        _ => leaf(go_type, offset, pieces),
    }
}

/// Memory in the form that is quickest for its size.
fn memory(offset: u64, size: u64) -> Piece {
    match size {
        4 => Piece::Word32 { offset },
        8 => Piece::Word64 { offset },
        _ => Piece::Bytes { offset, size },
    }
}

/// What is neither plain nor made of parts. Slices, maps and functions have no hash; [`is_comparable`] sorts them out before.
fn leaf(go_type: &GoType, offset: u64, pieces: &mut Vec<Piece>) {
    let size = go_type.size;
    match go_type.kind {
        Kind::Float => pieces.push(Piece::Float { offset, size }),
        Kind::Complex => pieces.extend([0, size / 2].map(|part| Piece::Float {
            offset: offset.saturating_add(part),
            size: size / 2,
        })),
        Kind::String => pieces.push(Piece::Str { offset }),
        Kind::Interface { .. } => pieces.push(Piece::Iface { offset }),
        _ => {}
    }
}

/// Up to 1.26: fields in order; plain ones that touch make a run.
struct Runs {
    /// See [`ALIGNED_LOADS`].
    aligned: u64,
    pieces: Vec<Piece>,
}

impl Runs {
    fn whole(mut self, go_type: &GoType) -> Vec<Piece> {
        let (align, size) = (go_type.align, go_type.size);
        match is_plain(go_type) {
            true if size == 0 => {}
            true if align < self.aligned && align < size => {
                self.pieces.push(Piece::Bytes { offset: 0, size });
            }
            true => self.pieces.push(memory(0, size)),
            false => self.mixed(go_type, 0),
        }
        self.pieces
    }

    /// A type that is not plain.
    fn mixed(&mut self, go_type: &GoType, offset: u64) {
        match &go_type.kind {
            Kind::Array { len, elem } => {
                let mut turn = Runs {
                    aligned: self.aligned,
                    pieces: Vec::new(),
                };
                turn.mixed(elem, 0);
                self.pieces.push(Piece::Repeat {
                    offset,
                    turns: *len,
                    stride: elem.size,
                    body: turn.pieces,
                });
            }
            Kind::Struct { fields } => self.fields(go_type, fields, offset),
            _ => leaf(go_type, offset, &mut self.pieces),
        }
    }

    fn fields(&mut self, whole: &GoType, fields: &[Field], offset: u64) {
        let mut rest = fields;
        while let [field, behind @ ..] = rest {
            rest = behind;
            if is_blank(field) {
                continue;
            }
            let start = offset.saturating_add(field.offset);
            if !is_plain(&field.go_type) {
                self.mixed(&field.go_type, start);
                continue;
            }
            let end;
            (end, rest) = self.run(whole, field, behind);
            self.pieces.push(Piece::Bytes {
                offset: start,
                size: end - field.offset.min(end),
            });
        }
    }

    /// Where the run that begins with `first` ends, and the fields behind it.
    fn run<'a>(&self, whole: &GoType, first: &Field, behind: &'a [Field]) -> (u64, &'a [Field]) {
        // A start that is less aligned than the struct has the alignment of its offset.
        let align = match first.offset {
            0 => whole.align,
            offset => whole.align.min(1 << offset.trailing_zeros()),
        };
        let (mut end, mut rest) = (end_of(first), behind);
        while let [next, behind @ ..] = rest {
            let too_wide =
                self.aligned > 1 && end_of(next) - first.offset.min(end_of(next)) > align;
            if next.offset != end || is_blank(next) || !is_plain(&next.go_type) || too_wide {
                break;
            }
            (end, rest) = (end_of(next), behind);
        }
        (end, rest)
    }
}

/// From 1.27: plain memory that touches makes a run through all nesting, until something else stands between.
#[derive(Default)]
struct Flat {
    /// Start and end of the run that is still growing.
    run: Option<(u64, u64)>,
    pieces: Vec<Piece>,
}

impl Flat {
    fn whole(mut self, go_type: &GoType) -> Vec<Piece> {
        self.add(go_type, 0);
        self.end_run();
        self.pieces
    }

    fn end_run(&mut self) {
        if let Some((start, end)) = self.run.take() {
            self.pieces.push(memory(start, end - start));
        }
    }

    fn add(&mut self, go_type: &GoType, offset: u64) {
        if is_plain(go_type) {
            self.plain(offset, go_type.size);
            return;
        }
        match &go_type.kind {
            Kind::Array { len, elem } => self.array(*len, elem, offset),
            Kind::Struct { fields } => {
                for field in fields.iter().filter(|field| !is_blank(field)) {
                    self.add(&field.go_type, offset.saturating_add(field.offset));
                }
            }
            _ => {
                self.end_run();
                leaf(go_type, offset, &mut self.pieces);
            }
        }
    }

    fn plain(&mut self, offset: u64, size: u64) {
        if size == 0 {
            return;
        }
        match &mut self.run {
            Some((_, end)) if *end == offset => *end = end.saturating_add(size),
            _ => {
                self.end_run();
                self.run = Some((offset, offset.saturating_add(size)));
            }
        }
    }

    /// What does not fill a turn comes first; one turn alone is no loop.
    fn array(&mut self, len: u64, elem: &GoType, offset: u64) {
        if elem.size == 0 {
            return;
        }
        let unrolled = (UNROLLED / elem.size).max(1);
        let (odd, turns) = (len % unrolled, len / unrolled);
        let (alone, turns) = match turns {
            1 => (len, 0),
            turns => (odd, turns),
        };
        for n in 0..alone {
            self.add(elem, offset.saturating_add(n * elem.size));
        }
        if turns == 0 {
            return;
        }
        self.end_run();
        let mut turn = Flat::default();
        for n in 0..unrolled {
            turn.add(elem, n * elem.size);
        }
        turn.end_run();
        self.pieces.push(Piece::Repeat {
            offset: offset.saturating_add(alone * elem.size),
            turns,
            stride: unrolled * elem.size,
            body: turn.pieces,
        });
    }
}

fn is_blank(field: &Field) -> bool {
    field.name == "_"
}

fn end_of(field: &Field) -> u64 {
    field.offset.saturating_add(field.go_type.size)
}

/// True where equal values have equal bytes and all bytes count.
pub(in super::super) fn is_plain(go_type: &GoType) -> bool {
    match &go_type.kind {
        Kind::Scalar(_) | Kind::Pointer => true,
        Kind::Array { len, elem } => *len == 0 || is_plain(elem),
        Kind::Struct { fields } => {
            let ends = fields.iter().skip(1).map(|next| next.offset);
            fields
                .iter()
                .zip(ends.chain([go_type.size]))
                .all(|(field, end)| {
                    !is_blank(field) && end_of(field) == end && is_plain(&field.go_type)
                })
        }
        _ => false,
    }
}

/// True where values can be keys: no slice, map or function inside, in fields without a name and empty arrays neither.
pub(super) fn is_comparable(go_type: &GoType) -> bool {
    match &go_type.kind {
        Kind::Reference | Kind::Slice => false,
        Kind::Array { elem, .. } => is_comparable(elem),
        Kind::Struct { fields } => fields.iter().all(|field| is_comparable(&field.go_type)),
        _ => true,
    }
}
