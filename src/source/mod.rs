//! Go source, read for one question: who else is at this map?
//!
//! [`Module::open`] reads a directory tree, [`flow::Analysis`] finds every access to every map with the locks held there and who can
//! run it, [`pairs`] pairs them, [`frames`] finds the lines of a dump. Nothing is run, written or fetched. `triage::suspects` ranks
//! the pairs against a dump and puts them into words.
//!
//! What it is not: a proof. Fields count by type, not by object; type arguments, reflection and `unsafe` are not followed; a function
//! value is followed from where it is written to where it is called only inside one function or through one parameter.

pub mod ast;
pub mod facts;
pub mod flow;
pub mod frames;
mod lower;
pub mod module;
pub mod pairs;
pub mod program;
mod scope;
pub mod site;
mod skim;
mod tags;
mod walk;

pub use module::{Module, Reading, SourceError, SourceNote};
pub use tags::Target;
