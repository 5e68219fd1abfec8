//! What each step does to the map.
//!
//! [`Machine::step`] lets one goroutine do one step of its [`Course`]; what it knows by then is in its [`Thread`]. A step that does
//! not apply is passed over by what the goroutine knows alone, so that it is no point where the other could come between. Read
//! [`Memory`] first, then [`Machine::step`].

use super::growth::{SMALL, start_growing};
use super::memory::{
    ARRAYS, BLANK, CELLS, Cell, Directory, Elem, FROM_START, KEYS, MOVED, Memory, NONE, OTHERS,
    PLACES, Status, TAKEN, Thread, ZERO, is_entry, tag, tags,
};
use super::{Fill, Keys, Operation, Setting};
use crate::goruntime::mapchecks::CheckPoint;
use crate::goruntime::mapsteps::{BAD_STATE, Course, MapStep, Which};
use crate::goruntime::version::MapLayout;

/// A limit that no map here reaches.
const NO_LIMIT: u8 = 100;

/// Two operations on one map: what does not change while they run.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    pub(super) layout: MapLayout,
    operations: [Operation; 2],
    courses: [Course; 2],
    setting: Setting,
    /// Growth starts when there are more than this.
    pub(super) limit: u8,
    /// Updates too turn a full small map into a table.
    full_small_grows: bool,
    /// Keys or elements hold pointers, so that evacuation clears what it leaves behind. This breaks all that it breaks without them,
    /// and more.
    pointers: bool,
}

impl Machine {
    /// Two operations, ready to start.
    pub fn new(
        layout: MapLayout,
        operations: [Operation; 2],
        courses: [Course; 2],
        setting: Setting,
        full_small_grows: bool,
    ) -> Self {
        let limit = match (setting.fill, layout) {
            (Fill::Full | Fill::Split, _) => setting.fill.entries(),
            (Fill::Room | Fill::Growing | Fill::Evacuated, _) => NO_LIMIT,
            (_, MapLayout::Classic) => SMALL,
            (_, MapLayout::Swiss) => NO_LIMIT,
        };
        Self {
            layout,
            operations,
            courses,
            setting,
            limit,
            full_small_grows,
            pointers: true,
        }
    }

    /// The same map without pointers in its buckets.
    #[cfg(test)]
    pub fn without_pointers(self) -> Self {
        Self {
            pointers: false,
            ..self
        }
    }

    /// The steps of a goroutine.
    pub fn course(&self, who: usize) -> &Course {
        &self.courses[who & 1]
    }

    /// What goroutine `who` prints when it dies at a check; `thrown` by an evacuation.
    pub fn message(&self, who: usize, at: CheckPoint, thrown: bool) -> &'static str {
        let course = self.course(who);
        match course.no_slot {
            _ if thrown => BAD_STATE,
            Some(message) if at == CheckPoint::Middle => message,
            _ => course.message,
        }
    }

    /// What a goroutine does.
    pub fn operation(&self, who: usize) -> Operation {
        self.operations[who & 1]
    }

    /// The step a goroutine does next.
    pub fn next(&self, who: usize, thread: &Thread) -> Option<MapStep> {
        let running = thread.status == Status::Running;
        self.course(who)
            .steps
            .get(usize::from(thread.pc))
            .copied()
            .filter(|_| running)
    }

    pub(super) fn several_places(&self) -> bool {
        !self.setting.fill.is_small()
    }

    /// The key a goroutine works on.
    pub(super) fn key(&self, who: usize) -> usize {
        if self.setting.keys == Keys::Same {
            0
        } else {
            who
        }
    }

    pub(super) fn place_of(&self, key: usize, seed: u8) -> usize {
        let first = match key {
            0 => 0,
            1 => usize::from(self.setting.keys == Keys::Apart),
            _ => 1,
        };
        let moved = usize::from(seed != 0);
        if self.several_places() {
            (first + moved) % PLACES
        } else {
            0
        }
    }

    pub(super) fn which(&self, which: Which, who: usize, thread: &Thread) -> usize {
        let own = self.place_of(self.key(who), thread.seed);
        match which {
            Which::Own => own,
            Which::Other => 1 - own,
            Which::First => 0,
            Which::Second => 1,
        }
    }

    /// True for the keys that are there from the start.
    pub fn is_present(&self, key: usize) -> bool {
        let works_on = |who: usize| self.key(who) == key;
        let inserted = (0..2).any(|who| works_on(who) && self.operation(who) == Operation::Insert);
        let filled = self.setting.fill != Fill::Empty;
        filled && !inserted && (key == OTHERS || (0..2).any(works_on))
    }

    /// Entries behind [`OTHERS`], beyond the first.
    pub fn unseen(&self) -> u8 {
        let seen = (0..KEYS).filter(|&key| self.is_present(key)).count() as u8;
        self.setting.fill.entries().saturating_sub(seen)
    }

    /// The map and the goroutines before the first step.
    pub fn start(&self) -> (Memory, [Thread; 2]) {
        let mut memory = Memory {
            flag: false,
            count: self.setting.fill.entries(),
            size: u8::from(self.several_places()),
            base: 0,
            old: NONE,
            seed: 0,
            made_for: [u8::from(self.several_places()); ARRAYS],
            directory: Directory {
                bits: 1,
                made_for: [1; 3],
                ..Directory::default()
            },
            cells: Default::default(),
        };
        for key in (0..KEYS).filter(|&key| self.is_present(key)) {
            let cell = Cell {
                tag: tag(key, 0),
                key: key as u8 + 1,
                elem: FROM_START,
            };
            memory.put(0, self.place_of(key, 0), cell);
        }
        let spare = match self.setting.fill {
            Fill::SmallLast => 1,
            Fill::SmallFull => 0,
            _ => CELLS,
        };
        if self.layout == MapLayout::Swiss {
            let mut cells = memory.place(0, 0);
            let free = cells.iter().filter(|cell| cell.tag == 0).count();
            let blocked = cells.iter_mut().filter(|cell| cell.tag == 0);
            blocked
                .take(free.saturating_sub(spare))
                .for_each(|cell| cell.tag = TAKEN);
            memory.set_place(0, 0, cells);
        }
        match self.setting.fill {
            Fill::Empty => memory.base = NONE,
            Fill::Growing => {
                let others = self.place_of(OTHERS, 0);
                let evacuated = Some(others).filter(|_| self.setting.keys != Keys::Apart);
                start_growing(&mut memory, evacuated);
            }
            Fill::Evacuated => start_growing(&mut memory, Some(self.place_of(0, 0))),
            _ => {}
        }
        let mut threads = [Thread::new(); 2];
        for (who, thread) in threads.iter_mut().enumerate() {
            self.pass_over(who, thread);
        }
        (memory, threads)
    }

    /// A table is about to be split (Swiss).
    pub(super) fn splits(&self) -> bool {
        self.setting.fill == Fill::Split
    }

    fn is_small(&self, thread: &Thread) -> bool {
        self.layout == MapLayout::Swiss && thread.size == 0
    }

    /// Whether a step applies, by what the goroutine knows.
    fn applies(&self, step: MapStep, who: usize, thread: &Thread) -> bool {
        use MapStep as S;
        let writes = self.operation(who).assigns();
        let growing = thread.old != NONE;
        let on_cells = !thread.stray && thread.base != NONE;
        let elsewhere =
            |which| self.several_places() || !matches!(which, Which::Other | Which::Second);
        match step {
            S::StoreFirst => thread.base == NONE,
            S::CountSmall => self.full_small_grows && self.is_small(thread) && !thread.grown,
            S::LoadEvacuated(which) => growing && elsewhere(which),
            S::LoadOldTags(which) | S::MarkEvacuated(which) | S::Evacuate(which) => {
                growing && elsewhere(which) && thread.unevacuated
            }
            S::ClearOld(which) => {
                self.pointers && growing && elsewhere(which) && thread.unevacuated
            }
            S::DropOld | S::LookOld => growing,
            S::LoadShift | S::LoadDirectory => self.splits(),
            S::CopyDirectory => self.splits() && thread.grow,
            S::StoreShift | S::StoreDirectory | S::StoreLength => thread.grow && thread.deepens,
            S::FindSlot => on_cells && !thread.grow,
            S::FindInNew => thread.grow && self.is_small(thread),
            S::CountRoom => {
                let full_small = self.is_small(thread) || thread.grown || growing;
                on_cells && !thread.found && !thread.grow && !full_small
            }
            S::LoadFlagToGrow | S::CopyAll | S::StoreOld | S::StoreBase | S::Again => thread.grow,
            S::StoreSize => {
                thread.grow && (self.layout == MapLayout::Classic || self.is_small(thread))
            }
            S::StoreKept => thread.grow || !writes,
            S::StoreTag | S::StoreKey => on_cells && !thread.found,
            S::LoadCount | S::StoreCountUp if writes => !thread.found,
            S::LoadCount | S::StoreCountDown => thread.found,
            S::ZeroElem | S::EmptyTag => on_cells && thread.found,
            S::StoreElem => on_cells && thread.slot.is_some(),
            S::ReadElem | S::ReadKey => on_cells && thread.slot.is_some(),
            S::PickEntry | S::SeeTags => on_cells,
            S::CompareKey => on_cells && thread.slot.is_some(),
            S::Regrab => thread.moved,
            S::ZeroCells(which)
            | S::ZeroKeys(which)
            | S::ZeroElems(which)
            | S::EmptyTags(which)
            | S::SeeCells(which)
            | S::CopyCells(which) => on_cells && elsewhere(which),
            S::SeeOldCells(which) | S::EmptyOldTags(which) => growing && elsewhere(which),
            S::CopyOldCells(which) => growing && elsewhere(which) && thread.tags != [0; CELLS],
            S::CopyCount => thread.size == 0,
            S::CheckQuiet(CheckPoint::Middle) => growing && thread.tags != [0; CELLS],
            S::CheckMark(CheckPoint::ExitSmall) => self.is_small(thread),
            S::CheckMark(CheckPoint::Exit) => !thread.small_exit,
            _ => true,
        }
    }

    fn pass_over(&self, who: usize, thread: &mut Thread) {
        let steps = self.course(who).steps;
        while let Some(&step) = steps.get(usize::from(thread.pc)) {
            if !self.applies(step, who, thread) {
                thread.pc += 1;
            } else if step == MapStep::Again {
                thread.grow = false;
                let again = steps.iter().position(|step| *step == MapStep::LoadSize);
                thread.pc = again.unwrap_or(steps.len()) as u8;
            } else {
                return;
            }
        }
        thread.end(Status::Done);
    }

    /// Lets goroutine `who` do its next step.
    pub fn step(&self, who: usize, memory: &mut Memory, threads: &mut [Thread; 2]) {
        let thread = &mut threads[who & 1];
        let Some(step) = self.next(who, thread) else {
            return;
        };
        self.header_step(step, who, memory, thread);
        self.growth_step(step, who, memory, thread);
        self.cell_step(step, who, memory, thread);
        if thread.status == Status::Running {
            thread.pc += 1;
            self.pass_over(who, thread);
        }
    }

    /// Flag, count, seed, size and pointers.
    fn header_step(&self, step: MapStep, who: usize, memory: &mut Memory, thread: &mut Thread) {
        use MapStep as S;
        match step {
            S::LeaveIfEmpty if memory.count == 0 => thread.end(Status::Done),
            S::CheckQuiet(point) if memory.flag => thread.end(Status::Dead(point, false)),
            S::CheckMark(point) if !memory.flag => thread.end(Status::Dead(point, false)),
            S::CheckQuiet(_) => thread.inside = true,
            S::CheckMark(CheckPoint::ExitSmall) => thread.small_exit = true,
            S::LoadSeed => thread.seed = memory.seed,
            S::StoreSeed => memory.seed = who as u8 + 1,
            S::LoadFlag | S::LoadFlagToGrow => thread.flag = memory.flag,
            S::StoreToggled => {
                memory.flag = !thread.flag;
                thread.inside = !thread.marked;
                thread.marked = true;
            }
            S::StoreCleared => (memory.flag, thread.inside) = (false, false),
            S::StoreKept => memory.flag = thread.flag,
            S::LoadCount => thread.count = memory.count,
            S::StoreCountUp => memory.count = thread.count.wrapping_add(1),
            S::StoreCountDown => memory.count = thread.count.wrapping_sub(1),
            S::StoreCountZero => memory.count = 0,
            S::LoadFirst => thread.base = memory.base,
            S::StoreFirst => memory.base = who as u8 + 1,
            S::LoadSize => thread.size = memory.size,
            S::LoadOld => thread.old = memory.old,
            S::LookOld if !memory.is_evacuated(thread.old, self.looked_at(who, thread)) => {
                thread.base = thread.old;
            }
            S::LoadShift => thread.size = memory.directory.bits,
            S::LoadDirectory => {
                thread.directory = memory.directory.current;
                thread.stray |= !memory.directory_fits(thread.directory, thread.size);
            }
            S::LoadBase if self.splits() => thread.base = memory.tables_of(thread.directory),
            S::LoadBase => {
                thread.base = memory.base;
                thread.stray |= !memory.fits(thread.base, thread.size);
            }
            S::CopyCount => thread.answer.count = Some(memory.count),
            S::CopyHeader => {
                (thread.size, thread.base) = (memory.size, self.base(memory));
                thread.stray |= memory.base != NONE && !self.belongs_together(memory);
                (thread.answer.count, thread.answer.flag) = (Some(memory.count), memory.flag);
            }
            _ => {}
        }
    }

    /// Where a read looks; an iterator is taken at the place of the other goroutine's key.
    pub(super) fn looked_at(&self, who: usize, thread: &Thread) -> usize {
        match self.operation(who) {
            Operation::Iterate if self.operation(1 - who) == Operation::Clear => {
                self.place_of(OTHERS, 0)
            }
            Operation::Iterate => self.place_of(self.key(1 - who), 0),
            _ => self.which(Which::Own, who, thread),
        }
    }

    /// Whether a lookup takes a cell for its key's. Swiss maps compare the control byte first; the classic functions for integers
    /// compare the keys of all slots that are not empty.
    fn holds(&self, cell: &Cell, key: usize, seed: u8) -> bool {
        let tagged = match self.layout {
            MapLayout::Classic => cell.tag != 0,
            MapLayout::Swiss => cell.tag == tag(key, seed),
        };
        tagged && usize::from(cell.key) == key + 1
    }

    /// Where the header leads.
    fn base(&self, memory: &Memory) -> u8 {
        if self.splits() {
            memory.tables_of(memory.directory.current)
        } else {
            memory.base
        }
    }

    /// Whether the header's size is that of its array or directory.
    fn belongs_together(&self, memory: &Memory) -> bool {
        let Directory { bits, current, .. } = memory.directory;
        match self.splits() {
            true => bits == memory.size && memory.directory_fits(current, bits),
            false => memory.fits(memory.base, memory.size),
        }
    }

    /// Looks for the goroutine's key, then for a free slot.
    pub(super) fn find(&self, who: usize, memory: &Memory, thread: &mut Thread) {
        let key = self.key(who);
        let cells = memory.place(thread.base, self.which(Which::Own, who, thread));
        let wanted = (tag(key, thread.seed), key as u8 + 1);
        let at = cells.iter().position(|cell| (cell.tag, cell.key) == wanted);
        let free = cells.iter().position(|cell| cell.tag == 0);
        thread.found = at.is_some();
        thread.slot = at
            .or(free.filter(|_| self.operation(who).assigns()))
            .map(|slot| slot as u8);
        if thread.slot.is_none() && self.operation(who).assigns() {
            self.no_slot(who, thread);
        }
    }

    /// A classic read looks for the tophash first. The functions for integers would take any that is not empty; those for strings and
    /// for all other types compare it, and miss their key where it is marked evacuated by now.
    fn see_tags(&self, who: usize, memory: &Memory, thread: &mut Thread) {
        let cells = memory.place(thread.base, self.looked_at(who, thread));
        let wanted = tag(self.key(who), thread.seed);
        let at = cells.iter().position(|cell| cell.tag == wanted);
        thread.slot = at.map(|slot| slot as u8);
    }

    /// An iterator's slot is marked evacuated: its key is looked up in the map as it is by now.
    fn regrab(&self, who: usize, memory: &Memory, thread: &mut Thread) {
        let place = self.looked_at(who, thread);
        let slot = thread.slot.map_or(0, usize::from);
        let cells = memory.place(thread.base, place);
        let key = cells.get(slot).map_or(0, |cell| cell.key);
        let in_old = memory.old != NONE && !memory.is_evacuated(memory.old, place);
        thread.base = if in_old { memory.old } else { memory.base };
        let cells = memory.place(thread.base, place);
        let at = usize::from(key).checked_sub(1).and_then(|index| {
            let wanted = (tag(index, memory.seed), key);
            cells.iter().position(|cell| (cell.tag, cell.key) == wanted)
        });
        (thread.slot, thread.moved) = (at.map(|slot| slot as u8), false);
    }

    fn no_slot(&self, who: usize, thread: &mut Thread) {
        if !self.is_small(thread) || thread.grown {
            thread.stray = true;
        } else if self.course(who).no_slot.is_some() {
            thread.end(Status::Dead(CheckPoint::Middle, false));
        } else {
            thread.grow = true;
        }
    }

    /// Slots.
    fn cell_step(&self, step: MapStep, who: usize, memory: &mut Memory, thread: &mut Thread) {
        use MapStep as S;
        match step {
            S::FindSlot => return self.find(who, memory, thread),
            S::SeeTags => return self.see_tags(who, memory, thread),
            S::Regrab => return self.regrab(who, memory, thread),
            _ => {}
        }
        if let S::ZeroCells(which)
        | S::ZeroKeys(which)
        | S::ZeroElems(which)
        | S::EmptyTags(which)
        | S::EmptyOldTags(which)
        | S::SeeCells(which)
        | S::SeeOldCells(which)
        | S::CopyCells(which)
        | S::CopyOldCells(which) = step
        {
            let place = self.which(which, who, thread);
            return self.place_step(step, place, memory, thread);
        }
        let place = self.looked_at(who, thread);
        if step == S::PickEntry {
            let cells = memory.place(thread.base, place);
            let others = self.key(1 - who) as u8 + 1;
            let at = |wanted: &dyn Fn(&Cell) -> bool| cells.iter().rposition(wanted);
            let entry = at(&|cell| is_entry(cell) && cell.key == others).or_else(|| at(&is_entry));
            thread.slot = entry.map(|slot| slot as u8);
            thread.moved = entry.is_some_and(|slot| cells[slot].tag == MOVED);
            return;
        }
        let key = self.key(who);
        let Some(cell) = thread
            .slot
            .and_then(|slot| memory.cell(thread.base, place, slot))
        else {
            return;
        };
        match step {
            S::StoreTag => cell.tag = tag(key, thread.seed),
            S::StoreKey => cell.key = key as u8 + 1,
            S::StoreElem => cell.elem = FROM_START + who as u8 + 1,
            S::ZeroElem => cell.elem = ZERO,
            S::EmptyTag => cell.tag = 0,
            S::CompareKey => {
                thread.found = cell.key == key as u8 + 1;
                thread.slot = thread.slot.filter(|_| thread.found);
            }
            S::ReadKey => thread.count = cell.key,
            S::ReadElem if self.operation(who) == Operation::Iterate => {
                thread.answer.note(thread.count, cell.elem);
            }
            S::ReadElem => thread.answer.note(key as u8 + 1, cell.elem),
            _ => {}
        }
    }

    /// All slots of a bucket or group at once.
    fn place_step(&self, step: MapStep, place: usize, memory: &mut Memory, thread: &mut Thread) {
        use MapStep as S;
        let in_old = matches!(
            step,
            S::EmptyOldTags(_) | S::SeeOldCells(_) | S::CopyOldCells(_)
        );
        let array = if in_old { thread.old } else { thread.base };
        let mut cells = memory.place(array, place);
        match step {
            S::ZeroCells(_) => cells.fill(Cell {
                tag: BLANK,
                ..Cell::default()
            }),
            S::ZeroKeys(_) => cells.iter_mut().for_each(|cell| cell.key = 0),
            S::ZeroElems(_) => cells.iter_mut().for_each(|cell| cell.elem = ZERO),
            S::EmptyTags(_) | S::EmptyOldTags(_) => cells.iter_mut().for_each(|cell| cell.tag = 0),
            S::SeeOldCells(_) if memory.is_evacuated(array, place) => thread.tags = [0; CELLS],
            S::SeeCells(_) | S::SeeOldCells(_) => thread.tags = tags(&cells),
            S::CopyCells(_) | S::CopyOldCells(_) => {
                let seen = cells.iter().zip(thread.tags).filter(|(_, tag)| *tag != 0);
                seen.for_each(|(cell, _)| thread.answer.note(cell.key, cell.elem));
                thread.tags = [0; CELLS];
            }
            _ => {}
        }
        memory.set_place(array, place, cells);
    }

    /// What a lookup of each key finds when all is quiet; `None` where header and array do not belong together.
    pub fn contents(&self, memory: &Memory) -> Option<[Option<Elem>; KEYS]> {
        if memory.base == NONE {
            return Some([None; KEYS]);
        }
        if !self.belongs_together(memory) {
            return None;
        }
        Some(std::array::from_fn(|key| {
            let place = self.place_of(key, memory.seed);
            let in_old = memory.old != NONE && !memory.is_evacuated(memory.old, place);
            let array = if in_old {
                memory.old
            } else {
                self.base(memory)
            };
            let cells = memory.place(array, place);
            let found = cells.iter().find(|cell| self.holds(cell, key, memory.seed));
            found.map(|cell| cell.elem)
        }))
    }
}
