//! Results of the `map` commands as sheets of text: one file for each command.

pub mod explain;
pub mod grow;
pub mod layout;
pub mod locate;
