//! What the evidence holds, as plain values: no I/O, no grammar, no judgement.
//!
//! `parse` fills these types, `analyze` and `triage` read them. Texts are borrowed from the unwrapped inputs (`'t`), names and
//! stacks are interned: 200,000 goroutines with 500 distinct stacks cost 500 stacks. Read [`Evidence`] first, then
//! [`Document`] and [`Goroutine`].

mod args;
mod crash;
mod document;
mod evidence;
mod goroutine;
mod grade;
mod lines;
mod profile;
mod race;
mod symbols;
mod testrun;
pub mod trace;
mod units;

pub use args::{ArgToken, Args, FrameArgs};
pub use crash::{Crash, Fatal, PanicEntry, Registers, SignalDump, SignalNote};
pub use document::{Document, Forms, Fragment, Item, LineTally, TestMark, TestMarkKind};
pub use evidence::{Evidence, Input, Note};
pub use goroutine::{Ancestor, Goroutine, GoroutineFlags, Scheduling};
pub use grade::Grade;
pub use lines::{LineMap, LineOrigin};
pub use profile::{
    Label, LabelValue, Mapping, Profile, ProfileForm, ProfileKind, ProfileNote, Sample, ValueType,
};
pub use race::{RaceAccess, RaceActor, RaceCreation, RaceReport, RaceStack};
pub use symbols::{Frame, FrameId, FrameKind, NameId, Renumbering, StackId, Symbols};
pub use testrun::{
    BuildError, BuildPlace, CallLine, LeakReport, Leaked, PackageOutcome, PackageRun, TestCase,
    TestOutcome, TestRun,
};
pub use units::{Address, DocumentId, GoroutineId, InputId, Span, TextLine};
