//! The steps that grow a map: a classic one bucket by bucket, a Swiss one table by table.
//!
//! ```text
//!   A: m[k] = v                                  old bucket     new bucket    B: m[k]
//!   reads whether it is evacuated: no            a b            -
//!   reads its tophashes                          a b            -
//!   marks it evacuated                           X X            -             reads whether it is evacuated: yes
//!                                                X X            -             finds no such key
//!   copies its entries                           X X            a b
//! ```
//!
//! A reader that came past the flag before the writer set it finds nothing of a bucket that is marked and not yet copied, though its
//! key was there all the time. The runtime marks and copies slot by slot; here all slots are marked, then all copied, which leaves the
//! same to be met. Called by [`super::machine`] alone; read [`Machine::growth_step`] first.

use super::machine::Machine;
use super::memory::{
    Cell, MOVED, MOVED_FREE, Memory, NEW_ARRAY, NONE, PLACES, Status, Thread, ZERO, is_entry,
    is_mark, tag, tags,
};
use crate::goruntime::mapchecks::CheckPoint;
use crate::goruntime::mapsteps::{MapStep, Which};
use crate::goruntime::version::MapLayout;

/// Slots of a group or bucket: what a small map holds.
pub const SMALL: u8 = 8;

/// Makes the array an old one, of which one place may be evacuated.
pub fn start_growing(memory: &mut Memory, evacuated: Option<usize>) {
    (memory.old, memory.base) = (0, NEW_ARRAY);
    memory.size += 1;
    memory.made_for[usize::from(NEW_ARRAY)] = memory.size;
    if let Some(place) = evacuated {
        memory.set_place(NEW_ARRAY, place, memory.place(0, place));
        mark(memory, 0, place);
    }
}

/// Marks a bucket evacuated.
fn mark(memory: &mut Memory, array: u8, place: usize) {
    let mut cells = memory.place(array, place);
    for cell in &mut cells {
        cell.tag = if is_entry(cell) { MOVED } else { MOVED_FREE };
    }
    memory.set_place(array, place, cells);
}

impl Machine {
    /// All that grows the map.
    pub(super) fn growth_step(
        &self,
        step: MapStep,
        who: usize,
        memory: &mut Memory,
        thread: &mut Thread,
    ) {
        use MapStep as S;
        let mine = who as u8 + 1;
        match step {
            S::CountSmall => thread.grow = memory.count >= SMALL,
            S::CountRoom => {
                let as_at_first = match self.layout {
                    MapLayout::Classic => thread.size == u8::from(self.several_places()),
                    MapLayout::Swiss => thread.base == 0,
                };
                thread.grow = as_at_first && memory.count >= self.limit;
            }
            S::StoreSize => {
                memory.size = match self.layout {
                    MapLayout::Classic => memory.size + 1,
                    MapLayout::Swiss => 1,
                };
                memory.made_for[who + 1] = memory.size;
            }
            S::StoreOld => memory.old = memory.base,
            S::StoreBase if self.splits() => {
                let current = usize::from(memory.directory.current);
                if let Some(tables) = memory.directory.tables.get_mut(current) {
                    *tables = mine;
                }
                thread.grown = true;
            }
            S::StoreBase => (memory.base, thread.grown) = (mine, true),
            S::CopyAll => self.copy_all(who, memory, thread),
            S::FindInNew => {
                (thread.base, thread.grow) = (mine, false);
                self.find(who, memory, thread);
            }
            S::CopyDirectory | S::StoreShift | S::StoreDirectory | S::StoreLength => {
                directory_step(step, who, memory, thread);
            }
            S::LoadEvacuated(which)
            | S::LoadOldTags(which)
            | S::MarkEvacuated(which)
            | S::Evacuate(which)
            | S::ClearOld(which) => self.evacuation_step(step, which, who, memory, thread),
            S::DropOld => {
                let all = (0..PLACES).all(|place| {
                    memory.is_evacuated(thread.old, place) || !self.several_places() && place > 0
                });
                if all {
                    memory.old = NONE;
                }
                thread.old = NONE;
            }
            S::ForgetOld => memory.old = NONE,
            _ => {}
        }
    }

    fn copy_all(&self, who: usize, memory: &mut Memory, thread: &mut Thread) {
        memory.made_for[who + 1] = 1;
        memory.cells[who + 1] = Default::default();
        for place in 0..PLACES {
            for cell in memory.place(thread.base, place) {
                if is_entry(&cell) && cell.key != 0 {
                    let key = usize::from(cell.key) - 1;
                    let moved = Cell {
                        tag: tag(key, memory.seed),
                        ..cell
                    };
                    memory.put(who as u8 + 1, self.place_of(key, memory.seed), moved);
                }
            }
        }
    }

    /// One bucket of the old array.
    fn evacuation_step(
        &self,
        step: MapStep,
        which: Which,
        who: usize,
        memory: &mut Memory,
        thread: &mut Thread,
    ) {
        use MapStep as S;
        let place = self.which(which, who, thread);
        match step {
            S::LoadEvacuated(_) => {
                thread.unevacuated = memory.old != NONE && !memory.is_evacuated(thread.old, place);
                thread.stray |= memory.old == NONE;
            }
            S::LoadOldTags(_) => {
                let cells = memory.place(thread.old, place);
                if cells.iter().any(|cell| is_mark(cell.tag)) {
                    return thread.end(Status::Dead(CheckPoint::Middle, true));
                }
                thread.tags = tags(&cells);
            }
            S::MarkEvacuated(_) => mark(memory, thread.old, place),
            S::Evacuate(_) => self.evacuate(place, memory, thread),
            S::ClearOld(_) => {
                let mut cells = memory.place(thread.old, place);
                for cell in &mut cells {
                    (cell.key, cell.elem) = (0, ZERO);
                }
                memory.set_place(thread.old, place, cells);
            }
            _ => {}
        }
    }

    fn evacuate(&self, place: usize, memory: &mut Memory, thread: &mut Thread) {
        if memory.base == thread.old {
            thread.stray = true;
            return;
        }
        let mut filled = [0; PLACES];
        let seen = memory.place(thread.old, place).into_iter();
        for (cell, tag) in seen.zip(thread.tags).filter(|(_, tag)| *tag != 0) {
            let key = usize::from(cell.key).checked_sub(1);
            let to = key.map_or(place, |key| self.place_of(key, memory.seed));
            if let Some(there) = memory.cell(memory.base, to, filled[to]) {
                *there = Cell { tag, ..cell };
            }
            filled[to] += 1;
        }
        thread.tags = Default::default();
    }
}

/// The directory of a Swiss map doubles. The header has its bits, its address and its length in three words, stored in this order.
fn directory_step(step: MapStep, who: usize, memory: &mut Memory, thread: &mut Thread) {
    use MapStep as S;
    let mine = who + 1;
    match step {
        S::CopyDirectory => {
            thread.deepens = memory.directory.bits == 1;
            if thread.deepens {
                memory.directory.made_for[mine] = memory.size + 1;
                memory.directory.tables[mine] = memory.tables_of(memory.directory.current);
            }
        }
        S::StoreShift => memory.directory.bits += 1,
        S::StoreDirectory => memory.directory.current = mine as u8,
        S::StoreLength => memory.size = memory.directory.made_for[mine],
        _ => {}
    }
}
