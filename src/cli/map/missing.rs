//! What a key's place can't be computed without: each thing that lacks, why it is needed and where it is to be had.
//!
//! ```text
//! missing:  the hash needs runtime.aeskeysched of the process (128 bytes), which no traceback prints
//! how:      gotriage map probe prints a debugger script that writes them to a file, …: --secrets FILE
//! missing:  every hash begins with hash0 of this map, which Go draws when it makes the map
//! how:      it stands in the header, hmap (4 bytes at offset 12): --seed WORD; …
//! ```
//!
//! All of it is told at once, since each may take another walk to the core. `map locate` asks [`of_key`]; `map grow` needs no fields
//! of the map, so it asks for [`secrets`] and [`seed`] alone.

use crate::gomap::hash::SecretsError;
use crate::gomap::layout::header::{map_header, table};
use crate::gomap::snapshot::answer::{self, Book};
use crate::gomap::snapshot::{Body, ClassicShot, MapShot, SwissShot};
use crate::gomap::target::Target;
use crate::goruntime::version::MapLayout;
use schemars::JsonSchema;
use serde::Serialize;

/// Something that can't be done without.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Missing {
    /// What it is: the secrets, the seed, or a field by its name.
    pub what: &'static str,
    /// What it decides.
    pub why: String,
    /// Where it is to be had, and how to hand it over.
    pub how: String,
}

/// How fields of a map are handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// By hand: `--field B=5`.
    Flags,
    /// In a snapshot's file.
    Snapshot,
}

/// All that lacks for the place of a key in this map; what contradicts itself is not missing.
pub fn of_key(book: &Book<'_>, shot: &MapShot, source: Source) -> Vec<Missing> {
    let target = &book.snapshot.target;
    let mut missing = Vec::new();
    missing.extend(book.hasher().err().and_then(secrets));
    if matches!(shot.body, Body::Unreadable(_)) {
        return missing;
    }
    if answer::seed(shot).is_err() {
        missing.push(seed(target));
    }
    let fields = Fields { target, source };
    match &shot.body {
        Body::Classic(shot) => fields.classic(shot, &mut missing),
        Body::Swiss(shot) => fields.swiss(shot, &mut missing),
        Body::Unreadable(_) => {}
    }
    missing
}

/// The secrets, where they are what lacks; `None` where they are there and wrong.
pub fn secrets(error: &SecretsError) -> Option<Missing> {
    let by_hand = match error {
        SecretsError::Missing { symbol, bytes } => {
            let flag = symbol.rsplit('.').next().unwrap_or_default();
            format!("; by hand, gdb BIN CORE and x/{bytes}xb &'{symbol}': --{flag}")
        }
        SecretsError::AesUnsaid { .. } | SecretsError::UnknownEnd(_) => String::new(),
        _ => return None,
    };
    Some(Missing {
        what: "the secrets of the process's hash",
        why: error.to_string(),
        how: format!(
            "gotriage map probe prints a debugger script that writes them to a file, from a core or the live process: --secrets FILE{by_hand}"
        ),
    })
}

/// The map's own seed.
pub fn seed(target: &Target) -> Missing {
    let name = match target.rules.layout {
        MapLayout::Classic => "hash0",
        MapLayout::Swiss => "seed",
    };
    let header = map_header(target);
    let place = header.field(name).map_or_else(String::new, |field| {
        format!(" ({} bytes at offset {})", field.size, field.offset)
    });
    Missing {
        what: "the map's seed",
        why: format!(
            "every hash begins with {name} of this map, which Go draws when it makes the map"
        ),
        how: format!(
            "it stands in the header, {}{place}: --seed WORD; a snapshot of the map has it too: --snapshot FILE",
            header.name
        ),
    }
}

/// Names fields of a map, where they stand and how they are given.
struct Fields<'t> {
    target: &'t Target,
    source: Source,
}

impl Fields<'_> {
    fn classic(&self, shot: &ClassicShot, missing: &mut Vec<Missing>) {
        if shot.b.is_none() {
            let why = "the bucket is the hash's low bits, as many as B says";
            missing.push(self.header("B", "B", why));
        }
        match shot.oldbuckets {
            Some(0) => return,
            Some(_) => {}
            None => {
                let why = "while the map grows, the key may still be in the array before; 0x0 where it does not grow, \
                           and else flags and nevacuate are needed as well";
                missing.push(self.header("oldbuckets", "oldbuckets", why));
                return;
            }
        }
        if shot.flags.is_none() {
            let why = "the map grows, and its flag 0x8 tells whether the number of buckets stays";
            missing.push(self.header("flags", "flags", why));
        }
        if shot.nevacuate.is_none() && shot.old_evacuated.is_none() {
            let why = "the map grows; old buckets below this number have been evacuated, the others have to be looked at";
            missing.push(self.header("nevacuate", "nevacuate", why));
        }
    }

    fn swiss(&self, shot: &SwissShot, missing: &mut Vec<Missing>) {
        let Some(length) = shot.dir_len else {
            let why = "it tells whether the map is one group (0) or how many bits of the hash choose the table; where it \
                       is not 0, the table's capacity is needed as well";
            missing.push(self.header("dir_len", "dirLen", why));
            return;
        };
        if length == 0 {
            return;
        }
        let sized = |at: usize| {
            let table = shot.tables.get(at);
            table.is_some_and(|table| table.capacity.is_some() || table.length_mask.is_some())
        };
        if shot.tables.is_empty() || !(0..shot.tables.len()).all(sized) {
            missing.push(self.capacity(length));
        }
    }

    /// A field of the header, by its name in snapshots and in Go's source.
    fn header(&self, name: &'static str, in_go: &str, why: &str) -> Missing {
        let header = map_header(self.target);
        let place = header.field(in_go).map_or_else(String::new, |field| {
            format!(" ({}, offset {})", bytes(field.size), field.offset)
        });
        Missing {
            what: name,
            why: format!("{name} of the map's header is not known: {why}"),
            how: format!(
                "it stands in the header, {}{place}: {}",
                header.name,
                self.hand_over(name)
            ),
        }
    }

    fn capacity(&self, directory: u64) -> Missing {
        let form = table(self.target);
        let place = form.field("capacity").map_or_else(String::new, |field| {
            format!(" ({}, offset {})", bytes(field.size), field.offset)
        });
        let how = match (self.source, directory) {
            (Source::Flags, 2..) => format!(
                "the directory has {directory} entries, and flags describe one table: gotriage map probe prints a debugger script \
                 that collects all of them: --snapshot FILE"
            ),
            _ => format!(
                "dirPtr of the header points to the directory, and that to the table{place}: {}",
                self.hand_over("capacity")
            ),
        };
        Missing {
            what: "capacity",
            why: "capacity of the key's table is not known: it tells how many bits of the hash choose the group".to_owned(),
            how,
        }
    }

    fn hand_over(&self, name: &str) -> String {
        match self.source {
            Source::Flags => {
                format!("--field {name}=VALUE; a snapshot has it too: --snapshot FILE")
            }
            Source::Snapshot => format!(
                "\"{name}\" of the map in the snapshot; the script of gotriage map probe collects it"
            ),
        }
    }
}

fn bytes(n: u64) -> String {
    match n {
        1 => "1 byte".to_owned(),
        n => format!("{n} bytes"),
    }
}
