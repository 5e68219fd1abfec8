//! Everything given in one run.

use super::{Document, DocumentId, InputId, Symbols};

/// One file, member or pipe.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its place in the evidence.
    pub id: InputId,
    /// Path as given, `-` for standard input.
    pub name: String,
    /// Size of the (decompressed) contents in bytes.
    pub bytes: u64,
    /// Lines of the contents.
    pub lines: u32,
    /// What log system wrapped it: `none`, `cri`, `journald + html`.
    pub envelope: String,
    /// What the wrapper showed of damage or cuts; each with the input line it speaks of.
    pub notes: Vec<Note>,
    /// True where the contents end before they should.
    pub truncated: bool,
    /// Input lines that belong to the wrapper alone, or carried nothing to any stream (1-based, ascending, disjoint ranges).
    pub wrapper_lines: Vec<std::ops::Range<u32>>,
}

/// Something the reader of the report has to know about an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Which input.
    pub input: InputId,
    /// Its line, from 1; `None` where it concerns the whole input.
    pub line: Option<u32>,
    /// One sentence.
    pub text: String,
}

/// All inputs of a run, parsed. Owns the names; borrows the texts.
#[derive(Debug, Default)]
pub struct Evidence<'t> {
    /// What was given, in order.
    pub inputs: Vec<Input>,
    /// The tables behind all ids.
    pub symbols: Symbols<'t>,
    /// The texts found in the inputs, in order.
    pub documents: Vec<Document<'t>>,
    /// Remarks on the inputs.
    pub notes: Vec<Note>,
}

impl<'t> Evidence<'t> {
    /// The document behind an id, if it is one of this evidence.
    pub fn document(&self, id: DocumentId) -> Option<&Document<'t>> {
        self.documents.get(id.0 as usize)
    }
}
