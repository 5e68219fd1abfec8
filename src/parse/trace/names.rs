//! Names of the ranges that the runtime opens, as words. Both forms of traces tell most of them by the type of an event, not by a
//! string.

use crate::model::trace::{Vocabulary, Word};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

/// Names of ranges that have no string of their own.
pub(super) struct RangeNames {
    pub(super) mark: Word,
    pub(super) sweep: Word,
    pub(super) assist: Word,
    stops: HashMap<Word, Word, FxBuildHasher>,
}

impl RangeNames {
    pub(super) fn new(vocabulary: &mut Vocabulary) -> Self {
        Self {
            mark: vocabulary.word(b"GC concurrent mark phase"),
            sweep: vocabulary.word(b"GC incremental sweep"),
            assist: vocabulary.word(b"GC mark assist"),
            stops: HashMap::default(),
        }
    }

    /// `stop-the-world (REASON)`.
    pub(super) fn stop(&mut self, reason: Word, vocabulary: &mut Vocabulary) -> Word {
        *self.stops.entry(reason).or_insert_with(|| {
            let mut name = b"stop-the-world (".to_vec();
            name.extend_from_slice(vocabulary.text(reason));
            name.push(b')');
            vocabulary.word(&name)
        })
    }
}
