//! How a map grows, and a replay of what is done to it.
//!
//! ```text
//!            classic                                        Swiss
//!   B=0  [8]                                     small   [8]
//!   B=1  [8][8]           at the 14th            table   [8][8]                      at the 15th
//!   B=2  [8][8][8][8]     at the 27th            table   [8][8][8][8]                at the 29th
//!   …    old and new array side by side,         …       one step each, up to 128 groups
//!        two old buckets moved by each write     split   table ─┬─ hashes with the next top bit 0
//!                                                               └─ hashes with the next top bit 1
//! ```
//!
//! A classic map doubles as a whole, and spreads the work over the writes that follow. A Swiss map replaces one table at a time, all of
//! it within one write. [`plan`] tells from counts alone when that happens and what it costs; [`replay`] takes keys with their hashes
//! and repeats every step, [`history`] does so for writes as people give them; [`spread`] judges how evenly the keys lie in the end,
//! [`compare`] holds it against a snapshot.
//! `gotriage map grow` prints all of it.

pub mod compare;
pub mod history;
pub mod plan;
pub mod replay;
pub mod spread;
