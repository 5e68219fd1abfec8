//! Stacks and names that outlive their generation.
//!
//! A stack's number dies with its generation, so what is kept of it (a creation, a long wait, a site) is interned here, at most once a
//! generation for each place of its tables. What a stack says of maps is found out at the same time: the innermost function of the
//! runtime's maps, and the first frame outside them, whose line is the map operation in the program. Read [`Stacks::facts`] first.

use crate::goruntime::tracewire::is_map_function;
use crate::model::trace::{StackRef, Tables};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

/// An interned name; [`NameId::NONE`] is the empty one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameId(u32);

impl NameId {
    /// The empty name.
    pub const NONE: NameId = NameId(0);
}

/// An interned stack; [`KeptStack::NONE`] has no frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeptStack(u32);

impl KeptStack {
    /// No frames.
    pub const NONE: KeptStack = KeptStack(0);
}

/// A frame of an interned stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeptFrame {
    /// Function.
    pub func: NameId,
    /// Source path.
    pub file: NameId,
    /// Line.
    pub line: u32,
}

/// A map operation as a stack shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MapSite {
    /// The outermost function of the runtime's maps: the operation, not its helpers.
    pub operation: NameId,
    /// The first frame outside.
    pub caller: KeptFrame,
}

/// What one stack says.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// Function of the innermost frame.
    pub leaf: NameId,
    /// Function of the outermost frame.
    pub root: NameId,
    /// The stack itself.
    pub kept: KeptStack,
    /// The map operation it is in.
    pub map: Option<MapSite>,
}

/// Whether a stack is in a map operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Unknown,
    Outside,
    Inside,
}

const NOTHING: Facts = Facts {
    leaf: NameId::NONE,
    root: NameId::NONE,
    kept: KeptStack::NONE,
    map: None,
};

/// Names and stacks kept. A program has some thousands; beyond that further ones are shown without frames.
const NAME_LIMIT: usize = 1 << 18;
const STACK_LIMIT: usize = 1 << 17;

/// The interner.
#[derive(Debug)]
pub struct Stacks {
    names: Vec<Vec<u8>>,
    name_index: HashMap<Vec<u8>, u32, FxBuildHasher>,
    stacks: Vec<Box<[KeptFrame]>>,
    stack_index: HashMap<Box<[KeptFrame]>, u32, FxBuildHasher>,
    /// By place in the generation's tables.
    facts: Vec<Option<Facts>>,
    /// The same in one byte, for the question that every event asks.
    marks: Vec<Mark>,
    /// Stacks that came after the limit.
    pub dropped: u64,
}

impl Default for Stacks {
    fn default() -> Self {
        let mut new = Self {
            names: vec![Vec::new()],
            name_index: HashMap::default(),
            stacks: vec![Box::default()],
            stack_index: HashMap::default(),
            facts: Vec::new(),
            marks: Vec::new(),
            dropped: 0,
        };
        new.name_index.insert(Vec::new(), 0);
        new.stack_index.insert(Box::default(), 0);
        new
    }
}

impl Stacks {
    /// Forgets the places of the generation before.
    pub fn begin(&mut self, tables: &Tables<'_>) {
        self.facts.clear();
        self.facts.resize(tables.stack_places(), None);
        self.marks.clear();
        self.marks.resize(tables.stack_places(), Mark::Unknown);
        if let Some(none) = self.marks.first_mut() {
            *none = Mark::Outside;
        }
    }

    /// True where a stack of the current generation is in a map operation.
    #[inline]
    pub fn in_map(&mut self, stack: StackRef, tables: &Tables<'_>) -> bool {
        match self.marks.get(stack.0 as usize) {
            Some(Mark::Outside) | None => false,
            Some(Mark::Inside) => true,
            Some(Mark::Unknown) => self.facts(stack, tables).map.is_some(),
        }
    }

    /// What a stack of the current generation says.
    #[inline]
    pub fn facts(&mut self, stack: StackRef, tables: &Tables<'_>) -> Facts {
        if !stack.is_some() {
            return NOTHING;
        }
        match self.facts.get(stack.0 as usize) {
            Some(Some(known)) => *known,
            Some(None) => self.learn(stack, tables),
            None => NOTHING,
        }
    }

    #[cold]
    fn learn(&mut self, stack: StackRef, tables: &Tables<'_>) -> Facts {
        let mut frames = Vec::with_capacity(tables.frames(stack).len());
        let mut map = None;
        let mut inside = None;
        for frame in tables.frames(stack) {
            let kept = KeptFrame {
                func: self.name(frame.func),
                file: self.name(frame.file),
                line: frame.line,
            };
            if is_map_function(frame.func) {
                inside = Some(kept.func);
                map = None;
            } else if let (Some(operation), None) = (inside, map) {
                map = Some(MapSite {
                    operation,
                    caller: kept,
                });
            }
            frames.push(kept);
        }
        // A stack cut at its limit, or one of the runtime alone, has no caller.
        let map = map.or(inside.map(|operation| MapSite {
            operation,
            caller: KeptFrame {
                func: NameId::NONE,
                file: NameId::NONE,
                line: 0,
            },
        }));
        let func = |frame: Option<&KeptFrame>| frame.map_or(NameId::NONE, |frame| frame.func);
        let facts = Facts {
            leaf: func(frames.first()),
            root: func(frames.last()),
            kept: self.keep(frames),
            map,
        };
        if let Some(place) = self.facts.get_mut(stack.0 as usize) {
            *place = Some(facts);
        }
        if let Some(mark) = self.marks.get_mut(stack.0 as usize) {
            *mark = match facts.map {
                Some(_) => Mark::Inside,
                None => Mark::Outside,
            };
        }
        facts
    }

    fn name(&mut self, text: &[u8]) -> NameId {
        if let Some(&known) = self.name_index.get(text) {
            return NameId(known);
        }
        if self.names.len() >= NAME_LIMIT {
            return NameId::NONE;
        }
        let number = self.names.len() as u32;
        self.names.push(text.to_vec());
        self.name_index.insert(text.to_vec(), number);
        NameId(number)
    }

    fn keep(&mut self, frames: Vec<KeptFrame>) -> KeptStack {
        if let Some(&known) = self.stack_index.get(frames.as_slice()) {
            return KeptStack(known);
        }
        if self.stacks.len() >= STACK_LIMIT {
            self.dropped += 1;
            return KeptStack::NONE;
        }
        let number = self.stacks.len() as u32;
        let frames = frames.into_boxed_slice();
        self.stacks.push(frames.clone());
        self.stack_index.insert(frames, number);
        KeptStack(number)
    }

    /// The bytes of a name.
    pub fn text(&self, name: NameId) -> &[u8] {
        self.names.get(name.0 as usize).map_or(&[], Vec::as_slice)
    }

    /// The frames of a stack, innermost first.
    pub fn frames(&self, stack: KeptStack) -> &[KeptFrame] {
        self.stacks
            .get(stack.0 as usize)
            .map_or(&[], |frames| &frames[..])
    }
}
