//! What each step does to the map.
//!
//! [`Machine::step`] lets one goroutine do one step of its [`Course`]; what it knows by then is in its [`Thread`]. A step that does
//! not apply is passed over by what the goroutine knows alone, so that it is no point where the other could come between. Read
//! [`Memory`] first, then [`Machine::step`].

use super::memory::{
    ARRAYS, BLANK, CELLS, Cell, Elem, FROM_START, KEYS, Memory, NEW_ARRAY, NONE, OTHERS, PLACES,
    Status, TAKEN, Thread, ZERO, is_entry, tag,
};
use super::{Fill, Keys, Operation, Setting};
use crate::goruntime::mapchecks::CheckPoint;
use crate::goruntime::mapsteps::{BAD_STATE, Course, MapStep, Which};
use crate::goruntime::version::MapLayout;

/// Slots of a group or bucket: what a small map holds.
const SMALL: u8 = 8;
/// A limit that no map here reaches.
const NO_LIMIT: u8 = 100;

/// Two operations on one map: what does not change while they run.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    layout: MapLayout,
    operations: [Operation; 2],
    courses: [Course; 2],
    setting: Setting,
    /// Growth starts when there are more than this.
    limit: u8,
    /// Updates too turn a full small map into a table.
    full_small_grows: bool,
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
            (Fill::Full, _) => Fill::Full.entries(),
            (Fill::Room | Fill::Growing, _) => NO_LIMIT,
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

    fn several_places(&self) -> bool {
        matches!(self.setting.fill, Fill::Room | Fill::Full | Fill::Growing)
    }

    /// The key a goroutine works on.
    fn key(&self, who: usize) -> usize {
        if self.setting.keys == Keys::Same {
            0
        } else {
            who
        }
    }

    fn place_of(&self, key: usize, seed: u8) -> usize {
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

    fn which(&self, which: Which, who: usize, thread: &Thread) -> usize {
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
            evacuated: Default::default(),
            made_for: [u8::from(self.several_places()); ARRAYS],
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
                (memory.old, memory.base) = (0, NEW_ARRAY);
                memory.size += 1;
                memory.made_for[usize::from(NEW_ARRAY)] = memory.size;
                if self.setting.keys != Keys::Apart {
                    let others = self.place_of(OTHERS, 0);
                    memory.evacuated[0][others] = true;
                    memory.set_place(NEW_ARRAY, others, memory.place(0, others));
                }
            }
            _ => {}
        }
        let mut threads = [Thread::new(); 2];
        for (who, thread) in threads.iter_mut().enumerate() {
            self.pass_over(who, thread);
        }
        (memory, threads)
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
            S::Evacuate(which) | S::MarkEvacuated(which) => {
                growing && elsewhere(which) && thread.unevacuated
            }
            S::DropOld => growing,
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
            S::PickEntry => on_cells,
            S::ZeroCells(which)
            | S::ZeroKeys(which)
            | S::ZeroElems(which)
            | S::EmptyTags(which)
            | S::SeeCells(which)
            | S::CopyCells(which) => on_cells && elsewhere(which),
            S::CopyOldCells(which) => growing && elsewhere(which),
            S::CopyCount => thread.size == 0,
            S::CheckQuiet(CheckPoint::Middle) => growing,
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
            S::LoadOld => {
                thread.old = memory.old;
                self.read_from_old(who, memory, thread);
            }
            S::LoadBase => {
                thread.base = memory.base;
                thread.stray |= !memory.fits(thread.base, thread.size);
            }
            S::CopyCount => thread.answer.count = Some(memory.count),
            S::CopyHeader => {
                (thread.size, thread.base) = (memory.size, memory.base);
                thread.stray |= memory.base != NONE && !memory.fits(memory.base, memory.size);
                (thread.answer.count, thread.answer.flag) = (Some(memory.count), memory.flag);
            }
            _ => {}
        }
    }

    /// A read or an iterator of a growing map looks into the old bucket as long as it is not evacuated.
    fn read_from_old(&self, who: usize, memory: &Memory, thread: &mut Thread) {
        let looks = matches!(self.operation(who), Operation::Read | Operation::Iterate);
        let place = self.looked_at(who, thread);
        if looks && thread.old != NONE && !memory.is_evacuated(thread.old, place) {
            thread.base = thread.old;
        }
    }

    /// Where a read looks; an iterator is taken at the place of the other goroutine's key.
    fn looked_at(&self, who: usize, thread: &Thread) -> usize {
        match self.operation(who) {
            Operation::Iterate if self.operation(1 - who) == Operation::Clear => {
                self.place_of(OTHERS, 0)
            }
            Operation::Iterate => self.place_of(self.key(1 - who), 0),
            _ => self.which(Which::Own, who, thread),
        }
    }

    /// All that grows the map.
    fn growth_step(&self, step: MapStep, who: usize, memory: &mut Memory, thread: &mut Thread) {
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
            S::StoreBase => (memory.base, thread.grown) = (mine, true),
            S::CopyAll => self.copy_all(who, memory, thread),
            S::FindInNew => {
                (thread.base, thread.grow) = (mine, false);
                self.find(who, memory, thread);
            }
            S::LoadEvacuated(which) => {
                let place = self.which(which, who, thread);
                thread.unevacuated = memory.old != NONE && !memory.is_evacuated(thread.old, place);
                thread.stray |= memory.old == NONE;
            }
            S::Evacuate(which) => self.evacuate(which, who, memory, thread),
            S::MarkEvacuated(which) => {
                let place = self.which(which, who, thread);
                if let Some(array) = memory.evacuated.get_mut(usize::from(thread.old)) {
                    array[place] = true;
                }
            }
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

    fn evacuate(&self, which: Which, who: usize, memory: &mut Memory, thread: &mut Thread) {
        let place = self.which(which, who, thread);
        if memory.is_evacuated(thread.old, place) {
            return thread.end(Status::Dead(CheckPoint::Middle, true));
        }
        if memory.base == thread.old {
            thread.stray = true;
            return;
        }
        let mut filled = [0; PLACES];
        for cell in memory.place(thread.old, place) {
            let Some(key) = usize::from(cell.key)
                .checked_sub(1)
                .filter(|_| is_entry(&cell))
            else {
                continue;
            };
            let to = self.place_of(key, memory.seed);
            if let Some(there) = memory.cell(memory.base, to, filled[to]) {
                *there = cell;
            }
            filled[to] += 1;
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

    /// Looks for the goroutine's key, then for a free slot.
    fn find(&self, who: usize, memory: &Memory, thread: &mut Thread) {
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
        if let S::FindSlot = step {
            return self.find(who, memory, thread);
        }
        if let S::ZeroCells(which)
        | S::ZeroKeys(which)
        | S::ZeroElems(which)
        | S::EmptyTags(which)
        | S::SeeCells(which)
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
        let mut cells = memory.place(thread.base, place);
        match step {
            S::ZeroCells(_) => cells.fill(Cell {
                tag: BLANK,
                ..Cell::default()
            }),
            S::ZeroKeys(_) => cells.iter_mut().for_each(|cell| cell.key = 0),
            S::ZeroElems(_) => cells.iter_mut().for_each(|cell| cell.elem = ZERO),
            S::EmptyTags(_) => cells.iter_mut().for_each(|cell| cell.tag = 0),
            S::SeeCells(_) => thread.taken = cells.map(|cell| is_entry(&cell)),
            S::CopyCells(_) => {
                let seen = cells.iter().zip(thread.taken).filter(|(_, taken)| *taken);
                seen.for_each(|(cell, _)| thread.answer.note(cell.key, cell.elem));
            }
            S::CopyOldCells(_) if !memory.is_evacuated(thread.old, place) => {
                let entries = memory.place(thread.old, place).into_iter().filter(is_entry);
                entries.for_each(|cell| thread.answer.note(cell.key, cell.elem));
            }
            _ => {}
        }
        if !matches!(step, S::SeeCells(_) | S::CopyCells(_) | S::CopyOldCells(_)) {
            memory.set_place(thread.base, place, cells);
        }
    }

    /// What a lookup of each key finds when all is quiet; `None` where header and array do not belong together.
    pub fn contents(&self, memory: &Memory) -> Option<[Option<Elem>; KEYS]> {
        if memory.base == NONE {
            return Some([None; KEYS]);
        }
        if !memory.fits(memory.base, memory.size) {
            return None;
        }
        Some(std::array::from_fn(|key| {
            let place = self.place_of(key, memory.seed);
            let in_old = memory.old != NONE && !memory.is_evacuated(memory.old, place);
            let array = if in_old { memory.old } else { memory.base };
            let cells = memory.place(array, place);
            let found = cells.iter().find(|cell| self.holds(cell, key, memory.seed));
            found.map(|cell| cell.elem)
        }))
    }
}
