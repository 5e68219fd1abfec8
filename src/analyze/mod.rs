//! What the evidence means, taken together: which process a goroutine belongs to, where it stands, who made it, who fought whom.
//!
//! One question a file. [`incident`] splits the evidence by process and comes first; [`version`] tells the Go version; [`census`],
//! [`creation`], [`kin`], [`waits`] and [`leaks`] look at all goroutines of an incident; [`accesses`] says where one stands and on
//! which map, and [`conflict`] pairs them. [`profile`] weighs the stacks of profiles, [`trace`] adds up the events of an execution
//! trace, and [`joined`] tells whether a trace is of the process that a dump is of. Only values come out, no sentences: those are `triage`'s.

pub mod accesses;
pub mod census;
pub mod compare;
pub mod conflict;
pub mod creation;
pub mod incident;
pub mod joined;
pub mod kin;
pub mod leaks;
pub mod profile;
#[cfg(test)]
mod testing;
pub mod trace;
pub mod version;
pub mod waits;
