//! What a bare address tells when not even the map's type is known: its page, and which heap objects could begin there.
//!
//! ```text
//! 0xc00007e090   page 0xc00007e000, 0x90 = 144 bytes into it
//!                begins a cell of 8, 16, 24, 48 (cell 3), 144 (cell 1), …: it can be a map header (48 bytes) of Go 1.23
//! ```
//!
//! [`HeaderVerdict`] is the one question that has an answer for every version, since every header has one size. The answer is never
//! "is": it is "can be", or "can't be on the heap". A map that does not escape has its header on a goroutine stack.

use super::super::alloc::header_allocation;
use super::super::layout::header::map_header;
use super::super::target::Target;
use crate::goruntime::maprules::{HeapForm, MALLOC_HEADER, malloc_header_above};
use crate::goruntime::sizeclasses::{PAGE, SIZE_CLASSES, SizeClass};
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt;

/// What an address tells by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressFacts {
    /// The address.
    pub addr: u64,
    /// Its page.
    pub page: u64,
    /// Bytes from the page's start.
    pub offset_in_page: u64,
    /// Objects that can begin here, by size class, then from the nearest span down.
    pub starts: Vec<ObjectStart>,
    /// True where an object too large for any class can begin here.
    pub large: bool,
    /// Whether it can be a map header.
    pub header: HeaderVerdict,
}

/// An object of a size class that begins at the address, if the span is where it is said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectStart {
    /// The class.
    pub class: SizeClass,
    /// Start of the span.
    pub span: u64,
    /// Which cell.
    pub cell: u64,
    /// Bytes from the cell's start to the object's: 8 for objects with a type word.
    pub header: u64,
}

/// Whether an address can be a map header's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HeaderVerdict {
    /// The address.
    pub addr: u64,
    /// `hmap` or `Map`.
    pub name: &'static str,
    /// Bytes of the header.
    pub size: u64,
    /// Its size class.
    pub class: u64,
    /// Which cell of its page; `None` where no cell begins here, so that it can't be a header on the heap.
    pub cell: Option<u64>,
}

impl HeaderVerdict {
    /// Judges an address as a header of the target's maps.
    pub fn of(target: &Target, addr: u64) -> Self {
        let header = map_header(target);
        let class = header_allocation(target).taken();
        let offset = addr % PAGE;
        let begins = addr >= PAGE && offset.is_multiple_of(class) && offset + class <= PAGE;
        Self {
            addr,
            name: header.name,
            size: header.size,
            class,
            cell: begins.then_some(offset / class),
        }
    }
}

impl fmt::Display for HeaderVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            addr,
            name,
            size,
            class,
            cell,
        } = self;
        match cell {
            Some(cell) => write!(
                f,
                "{addr:#x} can be a map header: an {name} has {size} bytes, and cell {cell} of a page of {class}-byte cells begins here"
            ),
            None => write!(
                f,
                "{addr:#x} can't be a map header on the heap: an {name} has {size} bytes, and no {class}-byte cell begins here; on a goroutine stack or in a global it still can"
            ),
        }
    }
}

/// What the address tells when nothing else is known.
pub fn classify(target: &Target, addr: u64) -> AddressFacts {
    let starts = SIZE_CLASSES
        .iter()
        .flat_map(|&class| starts_in(target, class, addr))
        .collect();
    AddressFacts {
        addr,
        page: addr / PAGE * PAGE,
        offset_in_page: addr % PAGE,
        starts,
        large: addr >= PAGE && addr.is_multiple_of(PAGE),
        header: HeaderVerdict::of(target, addr),
    }
}

/// The spans of one class in which an object begins at the address.
fn starts_in(
    target: &Target,
    class: SizeClass,
    addr: u64,
) -> impl Iterator<Item = ObjectStart> + use<> {
    let page = addr / PAGE * PAGE;
    let has_type_words = target.rules.heap == HeapForm::TypeWord
        && class.size > malloc_header_above(target.word()) + MALLOC_HEADER;
    let headers = [Some(0), has_type_words.then_some(MALLOC_HEADER)];
    (0..class.pages)
        .filter_map(move |pages| page.checked_sub(pages * PAGE).filter(|&span| span > 0))
        .flat_map(move |span| {
            headers
                .into_iter()
                .flatten()
                .map(move |header| (span, header))
        })
        .filter_map(move |(span, header)| {
            let offset = addr.checked_sub(span)?.checked_sub(header)?;
            let cell = offset / class.size;
            let whole = (cell + 1) * class.size <= class.pages * PAGE;
            (whole && offset % class.size == 0).then_some(ObjectStart {
                class,
                span,
                cell,
                header,
            })
        })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn target(build: &str, arch: &str) -> Target {
        Target::new(build.parse().unwrap(), arch.parse().unwrap()).unwrap()
    }

    #[test]
    fn headers_are_multiples_of_their_class_in_a_page() {
        let of = |build, addr| HeaderVerdict::of(&target(build, "amd64"), addr).cell;
        // Header of a Go 1.23 map and of a Go 1.27 map with a random heap base.
        assert_eq!(of("1.23.9", 0xc000_07e090), Some(3));
        assert_eq!(of("1.27.3", 0x3617_a555_6060), Some(2));
        assert_eq!(of("1.23.9", 0xc000_07e098), None);
        // hmap has 56 bytes there.
        assert_eq!(of("go1.24.11 X:noswissmap", 0xc000_07e0c0), Some(3));
        assert_eq!(of("go1.24.11 X:noswissmap", 0xc000_07e090), None);
        // 170 cells of 48 end at 8160; the next would leave the page.
        assert_eq!(of("1.23.9", 0xc000_07e000 + 169 * 48), Some(169));
        assert_eq!(of("1.23.9", 0xc000_07e000 + 170 * 48), None);
        assert_eq!(of("1.23.9", 0), None);
        let narrow = HeaderVerdict::of(&target("1.23.9", "386"), 0x0900_0040);
        assert_eq!((narrow.size, narrow.class, narrow.cell), (28, 32, Some(2)));
    }

    #[test]
    fn verdicts_claim_no_more_than_they_know() {
        let verdict = HeaderVerdict::of(&target("1.23.9", "amd64"), 0xc000_07e090).to_string();
        assert!(verdict.contains("can be a map header"), "{verdict}");
        let verdict = HeaderVerdict::of(&target("1.23.9", "amd64"), 0xc000_07e098).to_string();
        assert!(verdict.contains("can't be a map header on the heap") && verdict.contains("stack"));
    }

    #[test]
    fn objects_begin_where_their_cells_do() {
        let starts = |build: &str, addr| {
            let facts = classify(&target(build, "amd64"), addr);
            facts
                .starts
                .iter()
                .map(|start| (start.class.size, start.cell, start.header))
                .collect::<Vec<_>>()
        };
        let at_144 = starts("1.21.13", 0xc000_07e090);
        assert!(at_144.contains(&(144, 1, 0)) && at_144.contains(&(48, 3, 0)));
        assert!(!at_144.iter().any(|&(class, ..)| class == 64));
        // The array of a map[string]int64, 8 bytes into its cell of 13568 in a span of five pages.
        let base = 0x3617_a555_6008;
        assert!(starts("1.27.3", base).contains(&(13_568, 0, 8)));
        assert!(
            !starts("1.21.13", base)
                .iter()
                .any(|&(.., header)| header != 0)
        );
        // No objects of 512 bytes and less have a type word.
        assert!(
            starts("1.27.3", base)
                .iter()
                .all(|&(class, _, header)| header == 0 || class > 520)
        );
    }

    #[test]
    fn only_pages_begin_large_objects() {
        let facts = classify(&target("1.27.3", "amd64"), 0x3617_a555_6000);
        assert_eq!(
            (facts.large, facts.page, facts.offset_in_page),
            (true, 0x3617_a555_6000, 0)
        );
        assert!(!classify(&target("1.27.3", "amd64"), 0x3617_a555_6008).large);
        assert!(classify(&target("1.27.3", "amd64"), 0).starts.is_empty());
        classify(&target("1.27.3", "amd64"), u64::MAX);
    }
}
