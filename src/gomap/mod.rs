//! Go's maps as arithmetic: which bucket or group and slot a key hashes to, and which field an address lies in.
//!
//! Pure computation over plain values: no I/O, and of the crate only `goruntime` (facts by version). Used by `triage` for the third
//! step and by `gotriage map`. To learn Go's maps, read in this order:
//!
//! 1. [`target`]: the build and machine; all differences between versions come out of [`crate::goruntime::maprules`].
//! 2. [`types`] and [`value`]: key types, and keys as the bytes that stand in memory.
//! 3. [`hash`]: from a key and a seed to a word.
//! 4. [`layout`]: headers, buckets and groups, field by field.
//! 5. [`alloc`]: how much memory the parts take, and where they can begin.
//! 6. [`locate`]: from a word to a bucket or a group, and from an address back.
//! 7. [`infer`]: what an address tells when nothing else is known.
//! 8. [`grow`]: what writes do to a map over time.
//! 9. [`interleave`]: what two goroutines do to each other on one map.
//!
//! [`snapshot`] is the document that carries a real process's maps and secrets in, [`probe`] the debugger script that writes one; `tokens` reads the small words of Go source for
//! the grammars of types and literals.

pub mod alloc;
pub mod grow;
pub mod hash;
pub mod infer;
pub mod interleave;
pub mod layout;
pub mod locate;
pub mod probe;
pub mod snapshot;
pub mod target;
mod tokens;
pub mod types;
pub mod value;
