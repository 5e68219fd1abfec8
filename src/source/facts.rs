//! What [`super::walk`] finds in one declared function and its literals: accesses to maps, locks held there, calls, `go` statements.
//!
//! Plain values; [`super::flow`] joins them across functions. Events of a function carry `seq`, their place in the order of the text.

use super::ast::Name;
use super::program::{FuncId, TypeId, VarId};
use std::sync::Arc;

/// A variable that holds a map, a lock or a function, independent of where it is used.
///
/// Fields are those of the type: all values of a type count as one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A package variable.
    Global(VarId),
    /// A field of a named struct.
    Field(TypeId, Name),
    /// A variable of a function, by its number there; literals inside share it.
    Local(FuncId, u32),
    /// A parameter of a function or literal: the receiver is 0, parameters count from 1.
    Param(FuncId, u16, u16),
    /// A field of a struct without a name.
    Part(Arc<Place>, Name),
    /// What a map, slice or channel holds.
    Element(Arc<Place>),
}

/// What is done with a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MapOp {
    /// `m[k] = v`
    Assign,
    /// `m[k] += v`, `m[k]++`
    Update,
    /// `delete(m, k)`
    Delete,
    /// `clear(m)`
    Clear,
    /// `maps.Copy(m, …)`, `maps.DeleteFunc(m, …)`
    Fill,
    /// `m[k]`
    Read,
    /// `v, ok := m[k]`
    CommaOk,
    /// `for … range m`
    Range,
    /// `len(m)`
    Len,
    /// `maps.Clone(m)`
    Clone,
    /// `json.Marshal(m)`, `fmt.Println(m)`: ranged over inside.
    Encode,
    /// Handed to code outside the module.
    Pass,
}

impl MapOp {
    /// True where the map is changed.
    pub fn writes(self) -> bool {
        matches!(
            self,
            MapOp::Assign | MapOp::Update | MapOp::Delete | MapOp::Clear | MapOp::Fill
        )
    }

    /// True where the runtime's own check may notice a writer: `len` looks at no flag, and what others do is not known.
    pub fn is_checked(self) -> bool {
        !matches!(self, MapOp::Len | MapOp::Pass)
    }

    /// The word in every output: that of the source for what is written there.
    pub fn word(self) -> &'static str {
        match self {
            MapOp::Assign => "assign",
            MapOp::Update => "op-assign",
            MapOp::Delete => "delete",
            MapOp::Clear => "clear",
            MapOp::Fill => "fill",
            MapOp::Read => "read",
            MapOp::CommaOk => "comma-ok",
            MapOp::Range => "range",
            MapOp::Len => "len",
            MapOp::Clone => "clone",
            MapOp::Encode => "encode",
            MapOp::Pass => "pass",
        }
    }
}

/// A lock that is held.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Held {
    /// Which; `None` stands for what a comment claims, or what `sync.Once` gives.
    pub lock: Option<Place>,
    /// For writing; false for `RLock`.
    pub exclusive: bool,
    /// On every path; false where only some paths take it.
    pub certain: bool,
}

/// A part of a declared function: itself (number 0) or one of its literals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The part it stands in.
    pub parent: Option<u16>,
    /// First and last line.
    pub lines: (u32, u32),
    /// Loops, from first to last event.
    pub loops: Vec<(u32, u32)>,
    /// Waits for other goroutines: `wg.Wait()`, `<-done`.
    pub joins: Vec<u32>,
    /// Locks held where it returns that it took itself.
    pub gained: Vec<Held>,
    /// Locks it gives back without having taken them.
    pub released: Vec<Place>,
    /// Takes an HTTP request or the like.
    pub handler: bool,
    /// Gives a value back that nobody else knows yet.
    pub returns_fresh: bool,
    /// The map or struct that it gives back, where that is always one place.
    pub returns: Option<Place>,
    /// What it gives back is a part of this, at one of its exits at least.
    pub returns_part_of: Option<PartOf>,
    /// As Go prints it, without the directories of the package: `store.(*Index).Put.func1`.
    pub name: String,
}

impl Part {
    /// One of which nothing is known yet but where it stands.
    pub(super) fn new(parent: Option<u16>, lines: (u32, u32), name: String) -> Self {
        Self {
            parent,
            lines,
            loops: Vec::new(),
            joins: Vec::new(),
            gained: Vec::new(),
            released: Vec::new(),
            handler: false,
            returns_fresh: false,
            returns: None,
            returns_part_of: None,
            name,
        }
    }
}

/// An operation on a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The part it stands in.
    pub part: u16,
    /// Line.
    pub line: u32,
    /// Last line of its statement.
    pub last: u32,
    /// Order in the function.
    pub seq: u32,
    /// Which map.
    pub place: Place,
    /// What is done.
    pub op: MapOp,
    /// Locks held, those of callers apart.
    pub held: Vec<Held>,
    /// The variable that the path to the map starts at.
    pub base: Base,
    /// What the map was reached from.
    pub from: Origin,
    /// Nobody else can know the map yet: it was made in this function and has not been handed on.
    pub fresh: bool,
}

/// Where the path to a map starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Base {
    /// A package variable, or something not known.
    Other,
    /// A variable, by its number.
    Local(u32),
}

/// What a value was reached from, through fields, elements and functions that hand out parts of their arguments. Other than [`Base`]
/// it outlives copies: it answers whether others may know the value, not whether nobody does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// Made here, received, or given back by code that is not known.
    #[default]
    Unknown,
    /// A variable, by its number.
    Local(u32),
    /// A package variable.
    Global(VarId),
}

/// What a function's result is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartOf {
    /// An argument; the receiver is 0.
    Param(u16),
    /// A package variable.
    Global(VarId),
}

/// Who is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// A function of the module.
    Func(FuncId),
    /// A literal of the same function.
    Literal(u16),
    /// A parameter that is a function.
    Param(u16),
    /// A method of an interface of the module.
    Abstract(TypeId, Name),
    /// Something outside, by import path (or empty) and name.
    Foreign(Name, Name),
}

/// How a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallKind {
    /// At once.
    Call,
    /// By `go`, or by something that does the same.
    Go,
    /// Some time, by somebody: stored, returned, or handed to code that is not known.
    Callback,
}

/// A call, or a function given away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The part it stands in.
    pub part: u16,
    /// Line.
    pub line: u32,
    /// Order in the function.
    pub seq: u32,
    /// Who.
    pub target: Target,
    /// How.
    pub kind: CallKind,
    /// Locks held.
    pub held: Vec<Held>,
    /// Receiver first (or nothing), then arguments.
    pub args: Vec<Argument>,
    /// In a loop of its part.
    pub in_loop: bool,
    /// Types of what belongs to the new goroutine alone: variables made anew for each `go` statement.
    pub own: Vec<TypeId>,
    /// Those of `own` that the function was given: made anew only if its caller does so.
    pub own_given: Vec<TypeId>,
}

/// What is known of an argument.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Argument {
    /// The map or function it is.
    pub place: Option<Place>,
    /// Nobody else knows it.
    pub fresh: bool,
    /// The variable that it starts at.
    pub base: Option<u32>,
    /// What it was reached from.
    pub from: Origin,
    /// The function it is.
    pub func: Option<Target>,
}

/// A variable of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalFacts {
    /// Its name.
    pub name: Name,
    /// The part that declares it.
    pub part: u16,
    /// Order of its declaration.
    pub seq: u32,
    /// Line of its declaration.
    pub line: u32,
    /// Its place among the parameters of its part.
    pub param: Option<u16>,
    /// The struct it is or points to.
    pub ty: Option<TypeId>,
    /// What it was last made of.
    pub from: Origin,
    /// What it was put into: others may reach it from there.
    pub put: Origin,
    /// Order of the event that put it somewhere first.
    pub put_at: u32,
    /// A slice or array: goroutines that share it often have an element each.
    pub is_list: bool,
}

impl LocalFacts {
    /// What it can be reached from.
    pub fn reached_from(&self) -> Origin {
        match self.from {
            Origin::Unknown => self.put,
            known => known,
        }
    }
}

/// An operation on the mutex of a copied struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockCopy {
    /// The part it stands in.
    pub part: u16,
    /// Line.
    pub line: u32,
    /// The struct.
    pub ty: TypeId,
    /// The mutex field.
    pub field: Name,
}

/// Everything found in a declared function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Itself and its literals.
    pub parts: Vec<Part>,
    /// Variables.
    pub locals: Vec<LocalFacts>,
    /// Map operations.
    pub accesses: Vec<Access>,
    /// Calls.
    pub edges: Vec<Edge>,
    /// Locks taken that are copies.
    pub copies: Vec<LockCopy>,
    /// Fields that are pointers to locks, with the locks they are set to.
    pub lock_aliases: Vec<(Place, Place)>,
    /// Types of variables that a `go` statement shares with its goroutine, or that handlers are methods of.
    pub shared: Vec<TypeId>,
}
