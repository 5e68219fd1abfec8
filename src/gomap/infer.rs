//! What an address tells of a map when no base is known.
//!
//! An array of buckets or groups has a size, a size has a size class, and the cells of a class begin at multiples of its size in a
//! page-aligned span. So an address in an element leaves few places where the array can have begun:
//!
//! ```text
//! Go 1.19, map[int64]int64 of 2 entries: a race report says "Write at 0x00c00009e048"
//!   one bucket of 144 bytes → class 144 → one-page spans: page 0xc00009e000, cell 0
//!   offset 0x48 = 72 = 8 tophash + 8 keys of 8                      → element 0 of bucket 0
//! ```
//!
//! Nothing here is more than a candidate. Which array it is (its B or capacity) is tried through where it is not given; several
//! addresses of one map leave only the bases that fit all. That the array is on the heap is an assumption: the first bucket or group
//! of a map that does not escape is on a goroutine stack, where cells mean nothing. And no address is judged by its first digits:
//! Go 1.26 and later begin the heap anywhere.
//!
//! Read [`candidates`] first; [`classify`](classify::classify) says what there is to say when the type is not known either.

pub mod classify;

use super::alloc::{Allocation, classic_array, swiss_groups};
use super::layout::Layout;
use super::layout::unit::{Part, UnitField};
use super::target::Target;
use crate::goruntime::sizeclasses::PAGE;
use classify::HeaderVerdict;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use std::fmt;

/// Where B is not given it is tried up to this: a million buckets, seven million entries.
pub const LARGEST_B_TRIED: u8 = 20;

/// Slots of a small map's group and of tables, as Go makes them.
pub const CAPACITIES: [u64; 8] = [8, 16, 32, 64, 128, 256, 512, 1024];

/// Bases tried for one array size; a bound on the work where a B is given that no memory holds. Reached by arrays of 8 GiB.
const MOST_BASES: usize = 1 << 20;

/// An address of a map, with what is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clue {
    /// The address.
    pub addr: u64,
    /// What lies there.
    pub role: Role,
}

/// What lies at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Anything in a bucket or group.
    Unknown,
    /// The map header: a runtime map function's argument, or the address of a race in one.
    Header,
    /// A key or an element.
    Slot(Reach),
    /// A key.
    Key(Reach),
    /// An element: the address of a race in the user's own function.
    Elem(Reach),
}

/// Whether an access begins where the value begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// At its first byte.
    Start,
    /// Anywhere in it, as an access to a field of a struct does.
    Inside,
}

/// Length of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// Classic: 2^b buckets and those preallocated with them.
    Classic {
        /// B of the header, or of the array before growth.
        b: u8,
    },
    /// Swiss.
    Swiss {
        /// Slots of the table; 8 for a small map.
        capacity: u64,
    },
}

/// How the base was found; all ways are inferences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Found {
    /// By the size class: the array is a cell of a span.
    Cell {
        /// Bytes of a cell.
        class: u64,
        /// Pages of the span.
        pages: u64,
        /// Bytes from the cell's start to the array's.
        header: u64,
    },
    /// By the page: the array is too large for a class and has pages of its own.
    Pages,
}

/// One way in which the addresses fit an array.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Candidate {
    /// Length of the array.
    pub shape: Shape,
    /// Buckets or groups.
    pub units: u64,
    /// Bytes of all of them.
    pub bytes: u64,
    /// Start of the span, `0x…`.
    #[serde(serialize_with = "hexadecimal")]
    #[schemars(with = "String")]
    pub span: u64,
    /// Which cell of the span; 0 for an array with pages of its own.
    pub cell: u64,
    /// Start of the array, `0x…`.
    #[serde(serialize_with = "hexadecimal")]
    #[schemars(with = "String")]
    pub base: u64,
    /// Why there.
    pub found: Found,
    /// For each address that is not a header, in the order given.
    pub places: Vec<InferredPlace>,
}

/// Where an address lies if the candidate is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct InferredPlace {
    /// The address, `0x…`.
    #[serde(serialize_with = "hexadecimal")]
    #[schemars(with = "String")]
    pub addr: u64,
    /// Bucket or group; classic overflow buckets are counted on behind the main ones.
    pub unit: u64,
    /// True for a preallocated overflow bucket.
    pub overflow: bool,
    /// Where in it.
    pub part: Part,
}

/// What is known of the array that addresses lie in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KnownArray {
    /// Its length.
    pub shape: Option<Shape>,
    /// Address of its first byte.
    pub base: Option<u64>,
}

/// All that the addresses leave open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inference {
    /// By length of the array, then from the base nearest to the first address down.
    pub candidates: Vec<Candidate>,
    /// Candidates beyond the limit.
    pub left_out: u64,
    /// False where a size was so large that not all its bases were tried; [`Inference::left_out`] is then a lower bound.
    pub complete: bool,
    /// For each address said to be a header, in the order given.
    pub headers: Vec<HeaderVerdict>,
}

/// The arrays that the addresses of one map can lie in, assuming that those which are not headers lie in the same array.
///
/// What is `known` of the array leaves out all others. At most `limit` candidates are kept, the rest are counted.
pub fn candidates(
    target: &Target,
    layout: &Layout,
    clues: &[Clue],
    known: KnownArray,
    limit: usize,
) -> Inference {
    let (headers, slots): (Vec<Clue>, Vec<Clue>) =
        clues.iter().partition(|clue| clue.role == Role::Header);
    let mut inference = Inference {
        headers: headers
            .iter()
            .map(|clue| HeaderVerdict::of(target, clue.addr))
            .collect(),
        complete: true,
        ..Inference::default()
    };
    let shapes = known
        .shape
        .map_or_else(|| shapes(layout), |shape| vec![shape]);
    for array in shapes
        .into_iter()
        .filter_map(|shape| Array::new(target, layout, shape))
    {
        array.fit(layout, &slots, known.base, limit, &mut inference);
    }
    inference
}

/// The lengths tried where none is given.
fn shapes(layout: &Layout) -> Vec<Shape> {
    match layout {
        Layout::Classic(_) => (0..=LARGEST_B_TRIED)
            .map(|b| Shape::Classic { b })
            .collect(),
        Layout::Swiss(_) => CAPACITIES
            .iter()
            .map(|&capacity| Shape::Swiss { capacity })
            .collect(),
    }
}

/// An array whose size is known, and whose base is not.
#[derive(Debug)]
struct Array {
    shape: Shape,
    /// Main buckets, or groups.
    main: u64,
    units: u64,
    bytes: u64,
    allocation: Allocation,
}

/// A start that the allocator can have given an array.
#[derive(Clone, Copy)]
struct Base {
    span: u64,
    cell: u64,
    base: u64,
}

impl Array {
    /// `None` where the layout is of the other implementation.
    fn new(target: &Target, layout: &Layout, shape: Shape) -> Option<Self> {
        match (layout, shape) {
            (Layout::Classic(layout), Shape::Classic { b }) => {
                let array = classic_array(target, layout, b);
                Some(Self {
                    shape,
                    main: array.main,
                    units: array.buckets,
                    bytes: array.bytes,
                    allocation: array.allocation,
                })
            }
            (Layout::Swiss(layout), Shape::Swiss { capacity }) => {
                let array = swiss_groups(target, layout, capacity);
                Some(Self {
                    shape,
                    main: array.units,
                    units: array.units,
                    bytes: array.bytes,
                    allocation: array.allocation,
                })
            }
            _ => None,
        }
    }

    /// Adds the bases around the first address that fit all addresses, or the known one if it does.
    fn fit(
        &self,
        layout: &Layout,
        clues: &[Clue],
        known: Option<u64>,
        limit: usize,
        into: &mut Inference,
    ) {
        let Some(first) = clues.first() else {
            return;
        };
        let is_open = |at: &Base| known.is_none_or(|base| base == at.base);
        let mut bases = self.bases(first.addr);
        for base in bases.by_ref().take(MOST_BASES).filter(is_open) {
            let places = clues
                .iter()
                .map(|clue| self.place(layout, base.base, *clue));
            let Some(places) = places.collect::<Option<Vec<_>>>() else {
                continue;
            };
            if into.candidates.len() < limit {
                into.candidates.push(self.candidate(base, places));
            } else {
                into.left_out += 1;
            }
        }
        into.complete &= bases.next().is_none();
    }

    /// Every start of the array such that it covers `addr`.
    fn bases(&self, addr: u64) -> Box<dyn Iterator<Item = Base> + '_> {
        let page = addr / PAGE * PAGE;
        let spans = (0..).map_while(move |pages: u64| page.checked_sub(pages.checked_mul(PAGE)?));
        let covers = move |base: u64| {
            addr.checked_sub(base)
                .is_some_and(|offset| offset < self.bytes)
        };
        let Some(class) = self.allocation.class else {
            let base = |span| Base {
                span,
                cell: 0,
                base: span,
            };
            return Box::new(
                spans
                    .take_while(move |&span| span > 0 && covers(span))
                    .map(base),
            );
        };
        let header = self.allocation.header;
        let pages = usize::try_from(class.pages).unwrap_or(0);
        let in_span = move |span: u64| {
            let cell = addr.checked_sub(span)?.checked_sub(header)? / class.size;
            let base = span + cell * class.size + header;
            let whole = (cell + 1) * class.size <= class.pages * PAGE;
            (whole && covers(base)).then_some(Base { span, cell, base })
        };
        Box::new(
            spans
                .take(pages)
                .filter(|&span| span > 0)
                .filter_map(in_span),
        )
    }

    /// Where the address lies in an array at `base`; `None` beyond it, or where its role does not fit.
    fn place(&self, layout: &Layout, base: u64, clue: Clue) -> Option<InferredPlace> {
        let offset = clue.addr.checked_sub(base).filter(|&at| at < self.bytes)?;
        let size = layout.unit().size();
        let unit = offset.checked_div(size)?;
        let part = layout.unit().part(offset % size)?;
        clue.role.allows(part).then_some(InferredPlace {
            addr: clue.addr,
            unit,
            overflow: unit >= self.main,
            part,
        })
    }

    fn candidate(&self, at: Base, places: Vec<InferredPlace>) -> Candidate {
        Candidate {
            shape: self.shape,
            units: self.units,
            bytes: self.bytes,
            span: at.span,
            cell: at.cell,
            base: at.base,
            found: match self.allocation.class {
                Some(class) => Found::Cell {
                    class: class.size,
                    pages: class.pages,
                    header: self.allocation.header,
                },
                None => Found::Pages,
            },
            places,
        }
    }
}

impl Role {
    /// Whether an address of this role can lie there.
    fn allows(self, part: Part) -> bool {
        let (key, elem) = (part.field == UnitField::Key, part.field == UnitField::Elem);
        let (fits, reach) = match self {
            Role::Unknown => return true,
            Role::Header => return false,
            Role::Slot(reach) => (key || elem, reach),
            Role::Key(reach) => (key, reach),
            Role::Elem(reach) => (elem, reach),
        };
        fits && (reach == Reach::Inside || part.offset == 0)
    }
}

fn hexadecimal<S: Serializer>(word: &u64, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&format_args!("{word:#x}"))
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Found::Cell {
                class,
                pages,
                header,
            } => {
                write!(
                    f,
                    "inferred: on the heap an array of this size is a cell of {class} bytes in a span of {pages} page(s)"
                )?;
                match header {
                    0 => Ok(()),
                    _ => write!(f, ", {header} bytes into it"),
                }
            }
            Found::Pages => f.write_str(
                "inferred: on the heap an array of this size begins at a page, which leaves every page before the address",
            ),
        }
    }
}

#[cfg(test)]
mod tests;
