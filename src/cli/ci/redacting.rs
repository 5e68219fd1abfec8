//! `--redact` of a test run: the log is cleaned before anything else looks at it. [`redacted`] is called by [`super::run`].
//!
//! Annotations belong on lines of the repository, so what stands behind its directory in a path is code and stays, and the directory's
//! own name in the log is looked for as it is after the cleaning. With `--redact=all` code is somebody's, and so are the names of
//! the repository's directories and modules.

use super::{Log, shown};
use crate::cli::output;
use crate::cli::redact::{Asked, UNWRAPPED};
use crate::redact::{Clean, Cleaner, Dirty, Scope};
use crate::triage::ci::checkout::Checkout;

/// The log without what is somebody's; `None`, after a message, where that can't be done.
pub(super) fn redacted(log: Log, checkout: &mut Checkout, asked: &Asked) -> Option<Log> {
    let mut redaction = asked.redaction()?;
    let prefixes = checkout.prefixes.iter();
    redaction.roots = prefixes.chain([&checkout.root]).cloned().collect();
    let mut cleaner = Cleaner::new(redaction);
    let dirty = |name, bytes| Dirty { name, bytes };
    let mut dirties = vec![dirty(log.source.name.as_str(), log.source.bytes())];
    // Directories are cleaned as names beside the log: what is code in it is code in them.
    let directories = [&checkout.root].into_iter().chain(&checkout.prefixes);
    dirties.extend(directories.map(|directory| dirty(directory.as_str(), &[])));
    let mut cleaned = cleaner.clean(&dirties).into_iter();
    let Clean {
        name,
        bytes,
        unwrapped,
    } = cleaned.next()?;
    let told = shown(&log.source.name);
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(why) => {
            output::complain(&format!("{told} {why}"));
            return None;
        }
    };
    if unwrapped {
        output::complain(&format!("{told}: {UNWRAPPED}"));
    }
    let mut directories = cleaned.map(|directory| directory.name);
    checkout.root = directories.next().unwrap_or_default();
    checkout.prefixes = directories.collect();
    if asked.scope == Scope::All {
        checkout.directory = cleaner.path(&checkout.directory);
        // A frame of a module with a new name is of none that go.mod names.
        checkout.modules.clear();
    }
    Some(Log {
        source: log.source.rewritten(name, bytes),
        ..log
    })
}
