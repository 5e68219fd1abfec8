//! What a profile counts, told by its columns; and where those leave it open, by its stacks.
//!
//! ```text
//! goroutine/count, threadcreate/count, goroutineleak/count
//! alloc_objects/count alloc_space/bytes inuse_objects/count inuse_space/bytes     heap; shown first: alloc_space for allocs
//! contentions/count delay/nanoseconds                                             mutex and block alike
//! samples/count cpu/nanoseconds
//! ```
//!
//! A mutex profile counts at the unlock that let the others in, a block profile at the call that waited: the innermost frames tell them
//! apart. The texts of `debug=1` say it in their first line. Called by `proto`.

use crate::model::{FrameKind, Profile, ProfileKind, StackId, Symbols};

/// Frames looked at: an unlock is inlined, or called through one function of another package.
const LOOKED_AT: usize = 3;

/// Sets the kind of a profile.
pub(super) fn tell(profile: &mut Profile<'_>, symbols: &Symbols<'_>) {
    let names: Vec<&[u8]> = profile
        .types
        .iter()
        .map(|column| symbols.text(column.name))
        .collect();
    let shown = profile
        .shown_first
        .and_then(|index| names.get(index as usize).copied());
    profile.kind = match *names.as_slice() {
        [name] => by_name(name),
        _ if names.contains(&b"inuse_space".as_slice()) => match shown {
            Some(b"alloc_space" | b"alloc_objects") => ProfileKind::Allocs,
            _ => ProfileKind::Heap,
        },
        _ if names.contains(&b"cpu".as_slice()) => ProfileKind::Cpu,
        [b"contentions", b"delay"] => contention(profile, symbols),
        _ => ProfileKind::Other,
    };
    if profile.kind == ProfileKind::Contention && !profile.samples.is_empty() {
        profile.note(
            None,
            "whether this is a mutex or a block profile is not said, and the stacks do not tell: both have the same columns",
        );
    }
}

/// The kind behind the name of a count.
pub(super) fn by_name(name: &[u8]) -> ProfileKind {
    match name {
        b"goroutine" => ProfileKind::Goroutine,
        b"goroutineleak" => ProfileKind::GoroutineLeak,
        b"threadcreate" => ProfileKind::ThreadCreate,
        _ => ProfileKind::Other,
    }
}

fn contention(profile: &Profile<'_>, symbols: &Symbols<'_>) -> ProfileKind {
    let (mut releases, mut waits) = (0, 0);
    for sample in &profile.samples {
        match releases_lock(sample.stack, symbols) {
            Some(true) => releases += 1,
            Some(false) => waits += 1,
            None => {}
        }
    }
    match (releases, waits) {
        (0, 1..) => ProfileKind::Block,
        (1.., waits) if waits <= releases => ProfileKind::Mutex,
        _ => ProfileKind::Contention,
    }
}

/// True where the innermost frames release a lock; `None` where they have no names.
fn releases_lock(stack: StackId, symbols: &Symbols<'_>) -> Option<bool> {
    let mut named = None;
    for frame in symbols.frames(stack).take(LOOKED_AT) {
        if matches!(frame.kind, FrameKind::Unnamed(_)) {
            continue;
        }
        named = Some(false);
        let name = symbols.text(frame.func);
        let last = name.rsplit(|&byte| byte == b'.').next().unwrap_or_default();
        let released = [
            &b"Unlock"[..],
            b"RUnlock",
            b"unlock",
            b"unlock2",
            b"unlockWithRank",
        ];
        if released.contains(&last)
            || last.starts_with(b"_LostContended")
            || last.starts_with(b"semrelease")
        {
            return Some(true);
        }
    }
    named
}
