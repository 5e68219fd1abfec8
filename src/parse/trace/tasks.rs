//! Tasks from their beginning to their end: the event that ends one names neither its type nor its parent.

use crate::model::trace::{ABSENT, Word};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

/// Tasks remembered. Who never ends them loses the types of the later ones.
const LIMIT: usize = 1 << 20;

/// Parent and type of open tasks.
#[derive(Default)]
pub(super) struct Tasks(HashMap<u64, (u64, Word), FxBuildHasher>);

impl Tasks {
    /// Remembers a task; false where it is open already.
    pub(super) fn begin(&mut self, id: u64, parent: u64, name: Word) -> bool {
        if self.0.contains_key(&id) {
            return false;
        }
        if self.0.len() < LIMIT {
            self.0.insert(id, (parent, name));
        }
        true
    }

    /// Parent and type of a task that ends; none of both where its beginning was not seen.
    pub(super) fn end(&mut self, id: u64) -> (u64, Word) {
        self.0.remove(&id).unwrap_or((ABSENT, Word::EMPTY))
    }
}
