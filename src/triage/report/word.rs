//! Fields whose words are constants of the program, read back from JSON: a report that `gotriage merge` gets from a file is the same
//! value as one that was just made.

use serde::{Deserialize, Deserializer, de};

/// A word of a small fixed set; not spelt as a reference, which serde would take for borrowed from the JSON.
pub type Word = &'static str;

/// The words that the fields of type [`Word`] hold.
const WORDS: [Word; 9] = [
    "Observe",
    "Locate",
    "Anatomy",
    "Verify and mitigate",
    "sh",
    "go",
    "text",
    "dlv",
    "gdb",
];

/// Reads one of them back.
pub(super) fn word<'de, D: Deserializer<'de>>(from: D) -> Result<Word, D::Error> {
    let read = String::deserialize(from)?;
    let known = WORDS.into_iter().find(|word| *word == read);
    known.ok_or_else(|| de::Error::unknown_variant(&read, &WORDS))
}
