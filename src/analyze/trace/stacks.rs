//! Stacks and names that outlive their generation.
//!
//! A stack's number dies with its generation, so all stacks of its tables are interned here when it begins: afterwards nobody asks the
//! tables again. What a stack says of maps is found out at the same time: the innermost function of the runtime's maps, and the first
//! frame outside them, whose line is the map operation in the program. Read [`Stacks::begin`] first.

use crate::goruntime::tracewire::is_map_function;
use crate::model::trace::{StackRef, StringRef, Tables};
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stacks {
    names: Vec<Vec<u8>>,
    name_index: HashMap<Vec<u8>, u32, FxBuildHasher>,
    stacks: Vec<Box<[KeptFrame]>>,
    stack_index: HashMap<Box<[KeptFrame]>, u32, FxBuildHasher>,
    /// By place in the generation's tables.
    facts: Vec<Facts>,
    /// Whether it is in a map operation, and itself: what every event asks.
    marks: Vec<(bool, KeptStack)>,
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
    /// Forgets the places of the generation before, and learns those of the one that begins.
    pub fn begin(&mut self, tables: &Tables<'_>) {
        self.end();
        let mut names = vec![None; tables.string_places()];
        for place in 0..tables.stack_places() {
            let facts = self.learn(StackRef(place as u32), tables, &mut names);
            self.facts.push(facts);
            self.marks.push((facts.map.is_some(), facts.kept));
        }
    }

    /// Forgets all places.
    pub fn end(&mut self) {
        self.facts.clear();
        self.marks.clear();
    }

    /// True where a stack of the current generation is in a map operation.
    #[inline]
    pub fn in_map(&self, stack: StackRef) -> bool {
        self.mark(stack).0
    }

    /// The same, and the stack itself.
    #[inline]
    pub fn mark(&self, stack: StackRef) -> (bool, KeptStack) {
        let mark = self.marks.get(stack.0 as usize);
        mark.copied().unwrap_or((false, KeptStack::NONE))
    }

    /// What a stack of the current generation says.
    #[inline]
    pub fn facts(&self, stack: StackRef) -> Facts {
        let facts = self.facts.get(stack.0 as usize);
        facts.copied().unwrap_or(NOTHING)
    }

    /// `names`: by place of the string, whether it is a function of the runtime's maps, and what it is here.
    fn learn(
        &mut self,
        stack: StackRef,
        tables: &Tables<'_>,
        names: &mut [Option<(bool, NameId)>],
    ) -> Facts {
        let records = tables.frame_records(stack);
        let mut name = |string: StringRef| {
            let known = names.get(string.0 as usize).copied().flatten();
            known.unwrap_or_else(|| {
                let text = tables.text(string);
                let new = (is_map_function(text), self.name(text));
                if let Some(place) = names.get_mut(string.0 as usize) {
                    *place = Some(new);
                }
                new
            })
        };
        let mut frames = Vec::with_capacity(records.len());
        let mut map = None;
        let mut inside = None;
        for record in records {
            let (in_map, func) = name(record.func);
            let kept = KeptFrame {
                func,
                file: name(record.file).1,
                line: record.line,
            };
            if in_map {
                inside = Some(func);
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
        Facts {
            leaf: func(frames.first()),
            root: func(frames.last()),
            kept: self.keep(frames),
            map,
        }
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
