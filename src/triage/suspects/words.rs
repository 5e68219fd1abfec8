//! Sentences about pairs.

use super::{Pair, SourceView};
use crate::source::ast::File;
use crate::source::facts::Held;
use crate::source::flow::{RootKind, Use};
use crate::source::pairs::{Relation, map_name};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};

/// Longer lines of source are cut: nobody reads them in a report.
const MAX_EXCERPT: usize = 160;

/// `store.Index.mu`, ` (read)` where it is held for reading, ` (some paths)` where not every path takes it.
pub(super) fn locks(view: &SourceView<'_>, used: &Use) -> Vec<String> {
    let names = used.locks.iter().map(|held| {
        let mode = if held.exclusive { "" } else { " (read)" };
        let doubt = if held.certain { "" } else { " (some paths)" };
        format!("{}{mode}{doubt}", lock_name(view, held))
    });
    names.collect::<BTreeSet<String>>().into_iter().collect()
}

/// The lock's name; what a comment promises has none.
pub(super) fn lock_name(view: &SourceView<'_>, held: &Held) -> String {
    match &held.lock {
        Some(place) => map_name(&view.analysis, place),
        None => "a lock the source does not name".to_owned(),
    }
}

/// A line of a file without its indentation; empty where it cannot be read any more.
pub(super) fn excerpt(file: &File, line: u32) -> String {
    let Ok(open) = std::fs::File::open(&file.disk) else {
        return String::new();
    };
    let mut lines = BufReader::new(open).split(b'\n');
    let found = lines.nth(line.saturating_sub(1) as usize);
    let found = found.and_then(Result::ok).unwrap_or_default();
    let text = String::from_utf8_lossy(&found);
    text.trim().chars().take(MAX_EXCERPT).collect()
}

/// `index.go:20 holds store.Index.mu, index.go:31 holds no lock; …`
pub(super) fn why(view: &SourceView<'_>, pair: &Pair<'_>) -> String {
    let (left, right) = (at(view, pair.left), at(view, pair.right));
    let same = pair.left.node == pair.right.node && pair.left.index == pair.right.index;
    let locks = match &pair.relation {
        Relation::Unguarded | Relation::Guarded if pair.copy.is_some() => format!(
            "{} is locked, but in a copy of the struct, and each copy has a mutex of its own",
            pair.copy.as_deref().unwrap_or_default()
        ),
        Relation::Unguarded | Relation::Guarded if same => "no lock is held there".to_owned(),
        Relation::Unguarded | Relation::Guarded if pair.holds_any() => {
            "the two lines hold no lock in common".to_owned()
        }
        Relation::Unguarded | Relation::Guarded => "no lock is held at either line".to_owned(),
        Relation::OneSided(held, _) if same || left == right => format!(
            "{left} is reached with {} held and without",
            lock_name(view, held)
        ),
        Relation::OneSided(held, is_left) => {
            let (with, without) = if *is_left {
                (&left, &right)
            } else {
                (&right, &left)
            };
            format!("{with} holds {}, {without} does not", lock_name(view, held))
        }
        Relation::Different(one, other) => format!(
            "{left} holds {}, {right} holds {}: two locks that do not know each other",
            lock_name(view, one),
            lock_name(view, other)
        ),
        Relation::ReadLocked(held) => format!(
            "{} is held for reading only where the map is written, and readers do not keep each other out",
            lock_name(view, held)
        ),
    };
    let mut said = locks;
    if let Some(goroutines) = goroutines(view, pair) {
        said = format!("{said}; {goroutines}");
    } else if same {
        said = format!(
            "{said}; no other line of the module writes that map, so a second goroutine at this one is what is left"
        );
    }
    if let Some(support) = &pair.support {
        said = format!("{said}; {support}");
    }
    said
}

/// `index.go:20`
pub(super) fn at(view: &SourceView<'_>, used: &Use) -> String {
    let access = view.analysis.access(used);
    let (_, file) = view.analysis.name(used.node);
    let name = file.map_or("", |file| {
        file.path.rsplit('/').next().unwrap_or(&file.path)
    });
    format!("{name}:{}", access.map_or(0, |access| access.line))
}

/// Which goroutines may be there at once.
fn goroutines(view: &SourceView<'_>, pair: &Pair<'_>) -> Option<String> {
    let meeting = pair.meeting?;
    let (left, right) = (meeting.left, meeting.right);
    Some(match (left, right) {
        (Some(l), Some(r)) if l == r => format!("several run at once: {}", root_words(view, l)?),
        (Some(l), Some(r)) => format!(
            "{} may run beside {}",
            root_words(view, l)?,
            root_words(view, r)?
        ),
        (None, Some(id)) | (Some(id), None) => format!(
            "the code that starts it goes on beside {}",
            root_words(view, id)?
        ),
        (None, None) => return None,
    })
}

fn root_words(view: &SourceView<'_>, id: u32) -> Option<String> {
    let root = view.analysis.roots.get(id as usize)?;
    let (name, _) = view.analysis.name(root.node);
    Some(match root.kind {
        RootKind::Handler => format!("requests in {name}"),
        RootKind::Go => {
            let (starter, line) = root.started?;
            let (_, file) = view.analysis.name(starter);
            let file = file.map_or("", |file| {
                file.path.rsplit('/').next().unwrap_or(&file.path)
            });
            match root.many {
                true => format!("the goroutines of {file}:{line}"),
                false => format!("the goroutine of {file}:{line}"),
            }
        }
        RootKind::Main => "main".to_owned(),
        RootKind::Callback => format!("{name}, which is called back"),
        RootKind::Exported => format!("{name}, which others may call"),
    })
}
