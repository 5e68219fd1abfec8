//! Steps in words, for the examples.

use super::machine::Machine;
use super::memory::{Memory, Status, Thread};
use crate::goruntime::mapchecks::CheckPoint;
use crate::goruntime::mapsteps::{MapStep, Which};

/// Word of a check.
pub fn check(point: CheckPoint) -> &'static str {
    match point {
        CheckPoint::Entry => "entry",
        CheckPoint::Middle => "middle",
        CheckPoint::Exit => "exit",
        CheckPoint::ExitSmall => "exit-small",
    }
}

fn set(flag: bool) -> &'static str {
    if flag { "set" } else { "clear" }
}

fn place(which: Which) -> &'static str {
    match which {
        Which::Own => "its own bucket",
        Which::Other => "the other bucket",
        Which::First => "the first bucket or group",
        Which::Second => "the second bucket or group",
    }
}

/// What a step of goroutine `who` did, from what it knew before it, what it knows after it, and the map after it.
pub fn step(
    machine: &Machine,
    who: usize,
    step: MapStep,
    before: &Thread,
    after: &Thread,
    memory: &Memory,
) -> String {
    if let Status::Dead(at, thrown) = after.status {
        let message = machine.message(who, at, thrown);
        return format!("{}: dies with \"{message}\"", last_words(step, memory));
    }
    match step {
        MapStep::CheckQuiet(_) | MapStep::CheckMark(_) => {
            format!("checks the flag: {}, goes on", set(memory.flag))
        }
        MapStep::LoadFlag | MapStep::LoadFlagToGrow => {
            format!("reads the flag: {}", set(memory.flag))
        }
        MapStep::StoreToggled => {
            format!("stores the flag turned over: {}", set(memory.flag))
        }
        MapStep::StoreCleared => "stores the flag: clear".to_owned(),
        MapStep::StoreKept => format!("stores the flag as it read it: {}", set(memory.flag)),
        MapStep::LeaveIfEmpty | MapStep::LoadCount | MapStep::CountSmall | MapStep::CountRoom => {
            format!("reads the count: {}", memory.count)
        }
        MapStep::StoreCountUp | MapStep::StoreCountDown | MapStep::StoreCountZero => {
            format!("stores the count: {}", memory.count)
        }
        MapStep::Evacuate(which) => format!("copies {} to the new array", place(which)),
        MapStep::LoadOldTags(which) => format!("reads the tophashes of {}", place(which)),
        MapStep::ClearOld(which) => format!("clears the old cells of {}", place(which)),
        MapStep::EmptyOldTags(which) => {
            format!("marks all slots of {} in the old array empty", place(which))
        }
        MapStep::SeeOldCells(which) => {
            format!(
                "reads which slots of {} in the old array are taken",
                place(which)
            )
        }
        MapStep::LookOld if after.base == after.old => {
            "reads whether its bucket is evacuated: no".to_owned()
        }
        MapStep::LookOld => "reads whether its bucket is evacuated: yes".to_owned(),
        MapStep::SeeTags if after.slot.is_none() => "finds no such tophash".to_owned(),
        MapStep::LoadEvacuated(which) => {
            format!("reads whether {} is evacuated", place(which))
        }
        MapStep::MarkEvacuated(which) => format!("marks {} evacuated", place(which)),
        MapStep::ZeroCells(which) => format!("clears keys and elements of {}", place(which)),
        MapStep::ZeroKeys(which) => format!("clears the keys of {}", place(which)),
        MapStep::ZeroElems(which) => format!("clears the elements of {}", place(which)),
        MapStep::EmptyTags(which) => format!("marks all slots of {} empty", place(which)),
        MapStep::SeeCells(which) => format!("reads which slots of {} are taken", place(which)),
        MapStep::CopyCells(which) | MapStep::CopyOldCells(which) => {
            format!("copies {}", place(which))
        }
        MapStep::FindSlot | MapStep::FindInNew => slot(before, after),
        _ => plain(step).to_owned(),
    }
}

fn last_words(step: MapStep, memory: &Memory) -> &'static str {
    match step {
        MapStep::CheckQuiet(_) | MapStep::CheckMark(_) if memory.flag => "checks the flag: set",
        MapStep::CheckQuiet(_) | MapStep::CheckMark(_) => "checks the flag: clear",
        MapStep::LoadOldTags(_) => "reads tophashes that are marked evacuated by now",
        _ => "finds no free slot",
    }
}

fn slot(before: &Thread, after: &Thread) -> String {
    match after.slot.or(before.slot) {
        Some(slot) if after.found => format!("finds its key in slot {slot}"),
        Some(slot) => format!("finds no such key, takes slot {slot}"),
        None => "finds no such key".to_owned(),
    }
}

fn plain(step: MapStep) -> &'static str {
    match step {
        MapStep::LoadSeed => "reads the seed and hashes its key",
        MapStep::LoadFirst => "reads whether there is an array",
        MapStep::StoreFirst => "stores its first array",
        MapStep::LoadSize => "reads the size",
        MapStep::LoadOld => "reads the old array",
        MapStep::DropOld | MapStep::ForgetOld => "drops the old array",
        MapStep::LoadBase => "reads the array",
        MapStep::LoadShift => "reads how many bits choose a table",
        MapStep::LoadDirectory => "reads the directory",
        MapStep::CopyDirectory => "copies the directory to a longer one",
        MapStep::StoreShift => "stores the new number of bits",
        MapStep::StoreDirectory => "stores the new directory",
        MapStep::StoreLength => "stores its length",
        MapStep::SeeTags => "finds the tophash of its key",
        MapStep::CompareKey => "compares the key",
        MapStep::Regrab => "looks an evacuated key up again",
        MapStep::CopyAll => "copies all entries to a new table",
        MapStep::StoreSize => "stores the new size",
        MapStep::StoreOld => "stores the array as the old one",
        MapStep::StoreBase => "stores the new array",
        MapStep::StoreTag => "stores the tag of its key",
        MapStep::StoreKey => "stores its key",
        MapStep::StoreElem => "stores its element",
        MapStep::ZeroElem => "clears the element",
        MapStep::EmptyTag => "marks the slot empty",
        MapStep::StoreSeed => "stores a new seed",
        MapStep::ReadElem => "reads the element",
        MapStep::PickEntry => "reads which slots are taken",
        MapStep::ReadKey => "reads the key there",
        MapStep::CopyHeader => "copies the header, flag and all",
        MapStep::CopyCount => "copies the count",
        _ => "",
    }
}
