//! Where a goroutine stood when it crashed, as far as its stack is in the module.
//!
//! ```text
//! main.forget(...)            the line that crashed: a map that was handed in
//!         /app/shelves.go:31
//! main.clean(...)             which of its callers handed it in
//!         /app/shelves.go:52
//! ```
//!
//! `triage::suspects` asks for the map at that line; `scope` asks first, to know what of the module has to be read for it.

use super::flow::{NodeId, Use};
use super::frames::{Finder, Found, Frame};
use super::pairs::MapUses;

/// Lines that a statement may have moved between two revisions for it to be looked for: as far as one reads at a glance.
const MAX_MOVED: u32 = 3;

/// Callers followed from the crashing line.
const MAX_CALLERS: usize = 8;

/// The innermost frame of a stack that is in the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Which frame it is, counted from the innermost.
    pub frame: usize,
    /// The function there.
    pub node: NodeId,
    /// Its line.
    pub line: u32,
    /// The frames behind it, as far as they are in the module.
    pub callers: Vec<(NodeId, u32)>,
}

impl Site {
    /// The site of a stack, innermost frame first; `None` where no frame is of the module.
    ///
    /// # Errors
    /// The number of the first frame whose file is there, but which has something else at that line: another revision.
    pub fn of(finder: &Finder<'_, '_>, stack: &[Frame<'_>]) -> Option<Result<Self, usize>> {
        let mut site: Option<Self> = None;
        for (at, &frame) in stack.iter().enumerate() {
            match (finder.find(frame), &mut site) {
                (Found::Line { node, .. }, None) => {
                    site = Some(Self {
                        frame: at,
                        node,
                        line: frame.line,
                        callers: Vec::new(),
                    });
                }
                (Found::Line { node, .. }, Some(site)) if site.callers.len() < MAX_CALLERS => {
                    site.callers.push((node, frame.line));
                }
                (Found::Misfit { .. }, None) => return Some(Err(at)),
                (Found::Absent, None) => {}
                _ => break,
            }
        }
        site.map(Ok)
    }

    /// Lines to which the statement may have moved, the nearest first.
    pub fn near(&self) -> impl Iterator<Item = u32> + use<> {
        let line = self.line;
        (1..=MAX_MOVED).flat_map(move |by| [line.saturating_sub(by), line.saturating_add(by)])
    }

    /// What may be done there, to whichever map: at the line, or near it where nothing is done at the line itself.
    pub fn all_uses<'u>(
        &self,
        finder: &Finder<'_, '_>,
        maps: &'u [MapUses],
    ) -> Vec<(&'u MapUses, &'u Use)> {
        let here = finder.uses_at(maps, self.node, self.line);
        if !here.is_empty() {
            return here;
        }
        let near = self.near();
        near.flat_map(|line| finder.uses_at(maps, self.node, line))
            .collect()
    }
}
