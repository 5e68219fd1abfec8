//! Where the fields of a map's header stand, by the rules of every Go version that may have written the text.
//!
//! ```text
//! header 0xc00007c0f0 of Go 1.23   count +0, flags +8, B +9, hash0 +12, buckets +16, oldbuckets +24
//! ```
//!
//! A version that is not known does not matter as long as all that fit agree on the header; where they don't, that is said.

use super::super::case::Case;
use super::super::memory::{self, Match};
use super::super::observe;
use super::super::report::Finding;
use crate::analyze::conflict::MapIdentity;
use crate::gomap::infer::classify::HeaderVerdict;
use crate::gomap::layout::header::map_header;
use crate::gomap::target::{Arch, Target};
use crate::goruntime::version::{GoVersion, MapLayout};
use crate::model::{Address, Grade};

/// The fields that decide where keys lie, and the one that the runtime's check reads.
const CLASSIC: &[&str] = &["flags", "B", "hash0", "buckets", "oldbuckets"];
const SWISS: &[&str] = &["seed", "dirPtr", "dirLen", "writing"];

/// Addresses above this are of a 64-bit process.
const NARROW: u64 = u32::MAX as u64;

/// The addresses of the fields, and what the header's own address tells.
pub(super) fn finding(case: &Case<'_, '_>, map: &MapIdentity) -> Option<Finding> {
    let header = map.header?;
    let (said, grade) = match computed_by(case, map, header)? {
        Rules::Unchecked => (unchecked(), Grade::Unknown),
        Rules::Differ(first, second) => (differing(&first, &second), Grade::Unknown),
        Rules::Agree(target, whose) => {
            let listed = listed(&target, header)?;
            let place = off_heap(&target, header);
            (format!("{whose}, {listed}.{place}"), Grade::Confirmed)
        }
    };
    Some(observe::finding(said, grade, Vec::new()))
}

/// What a header is computed by.
enum Rules {
    /// Some version that fits is none whose maps were compared with real ones.
    Unchecked,
    /// Two builds that fit have different headers.
    Differ(Target, Target),
    /// One of the builds that fit, all of which have its header; and whose rules those are.
    Agree(Target, String),
}

/// `None` where it is not known whether words have 32 or 64 bits.
fn computed_by(case: &Case<'_, '_>, map: &MapIdentity, header: Address) -> Option<Rules> {
    if let (Some(Match::Same(_)), Some(book)) = (memory::find(case, map), case.capture.book) {
        let target = book.snapshot.target;
        let whose = format!("Go {}, which the snapshot names", target.build.version);
        return Some(Rules::Agree(target, format!("By the rules of {whose}")));
    }
    let arch = match case.go.arch {
        Some(arch) => arch.parse().ok()?,
        None => (header.0 > NARROW).then_some(Arch::Amd64)?,
    };
    let Some(targets) = memory::targets(&case.go, arch) else {
        return Some(Rules::Unchecked);
    };
    let [first, rest @ ..] = targets.as_slice() else {
        return None;
    };
    let form = map_header(first);
    if let Some(other) = rest.iter().find(|other| map_header(other) != form) {
        return Some(Rules::Differ(*first, *other));
    }
    let whose = match (case.go.version, &case.go.candidates[..]) {
        (Some(version), _) => format!("By the rules of Go {version}"),
        (None, [oldest, .., newest]) => format!(
            "By rules that Go {} to {} share (which of them it is, is not known)",
            GoVersion::minor(oldest.minor),
            GoVersion::minor(newest.minor)
        ),
        (None, _) => return None,
    };
    Some(Rules::Agree(*first, whose))
}

fn unchecked() -> String {
    "Where the map's fields stand is not computed: only the maps of Go 1.19 to 1.27 were compared with real ones, and an older or newer version fits as well. If the version is known, --go names it.".into()
}

fn differing(first: &Target, second: &Target) -> String {
    format!(
        "Where the map's fields stand depends on the version: Go {} and Go {} both fit, and their headers differ. If the version is known, --go names it.",
        first.build.version, second.build.version
    )
}

/// `hmap has flags at 0xc00007c0f8 (…), B at 0xc00007c0f9, …`.
fn listed(target: &Target, header: Address) -> Option<String> {
    let form = map_header(target);
    let (names, mark) = match target.rules.layout {
        MapLayout::Classic => (CLASSIC, "flags & 4 is set while a write is going on"),
        MapLayout::Swiss => (SWISS, "writing is flipped while a write is going on"),
    };
    let field = |name: &&str| {
        let address = header.0.checked_add(form.field(name)?.offset)?;
        Some(format!("{name} at {address:#x}"))
    };
    let fields: Vec<String> = names.iter().map(field).collect::<Option<_>>()?;
    Some(format!(
        "the header ({}) has {}; {mark}",
        form.name,
        fields.join(", ")
    ))
}

/// Said where the allocator gives no header this address, so that it can't be one of the heap.
fn off_heap(target: &Target, header: Address) -> String {
    let verdict = HeaderVerdict::of(target, header.0);
    match verdict.cell {
        Some(_) => String::new(),
        None => format!(
            " No {}-byte cell of the heap begins at this address: the map is on a goroutine's stack or part of a larger object, or the version is another.",
            verdict.class
        ),
    }
}
