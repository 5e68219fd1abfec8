//! Results of the `map` commands as sheets of text: one file for each command.

pub mod layout;
pub mod locate;
