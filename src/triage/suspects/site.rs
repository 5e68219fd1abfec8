//! Where a crash stands in the source, and which map that is.
//!
//! `crash` asks for the site first. A parameter is followed up the crashing goroutine's own stack, which knows which of its many
//! callers it was; a line that has moved a little is looked for in its function.

use super::SourceView;
use crate::model::FrameKind;
use crate::source::facts::MapOp;
use crate::source::flow::Use;
use crate::source::frames::{Finder, Frame};
use crate::source::pairs::MapUses;
use crate::source::site::Site;
use crate::triage::case::Case;

/// The frames of a crashing goroutine from the line that crashed on, innermost first: function, file and line.
pub(in crate::triage) struct CrashStack(Vec<(String, String, u32)>);

impl CrashStack {
    pub(super) fn of(case: &Case<'_, '_>) -> Option<Self> {
        let stack = case.crash_goroutine()?.stack;
        let symbols = &case.evidence.symbols;
        let after = case.crash_site();
        let ids = symbols.frame_ids(stack);
        let from = ids.iter().position(|id| Some(*id) == after).unwrap_or(0);
        let frames = ids.get(from..).unwrap_or_default().iter();
        let frames = frames.filter_map(|&id| symbols.get(id));
        let written = frames.filter(|frame| frame.kind != FrameKind::Elided);
        let text = |id| String::from_utf8_lossy(symbols.text(id)).into_owned();
        Some(Self(
            written
                .map(|frame| (text(frame.func), text(frame.file), frame.line))
                .collect(),
        ))
    }

    pub(super) fn frames(&self) -> Vec<Frame<'_>> {
        let frames = self.0.iter().map(|(func, file, line)| Frame {
            func,
            file,
            line: *line,
        });
        frames.collect()
    }
}

/// The innermost frame of the crashing goroutine that is in the module.
pub(super) struct Place {
    site: Site,
    /// `index.go:31`
    pub(super) at: String,
}

/// What is done at a site.
pub(super) struct Done<'v> {
    /// Maps, and what the line does with them.
    pub(super) uses: Vec<(&'v MapUses, &'v Use)>,
    /// The line that was taken instead of the one that the dump names.
    pub(super) instead: Option<u32>,
}

impl Place {
    /// Where the crash is; `Err` says why its line is of no use.
    pub(super) fn of(case: &Case<'_, '_>, finder: &Finder<'_, '_>) -> Option<Result<Self, String>> {
        let stack = CrashStack::of(case)?;
        let frames = stack.frames();
        let found = Site::of(finder, &frames)?;
        let number = match &found {
            Ok(site) => site.frame,
            Err(number) => *number,
        };
        let Frame { func, file, line } = *frames.get(number)?;
        let base = file.rsplit(['/', '\\']).next().unwrap_or(file);
        let at = format!("{base}:{line}");
        Some(match found {
            Ok(site) => Ok(Self { site, at }),
            Err(_) => Err(format!(
                "{at} is not in {func} in the source given with --src: that source is of another revision than the program that died. Check out the revision that was running."
            )),
        })
    }

    /// What is done there, of what fits the crash.
    pub(super) fn done<'v>(
        &self,
        view: &'v SourceView<'_>,
        finder: &Finder<'_, '_>,
        fits: impl Fn(MapOp) -> bool,
    ) -> Done<'v> {
        let fitting = |line: u32| {
            let mut uses = finder.uses_at(&view.maps, self.site.node, line);
            uses.retain(|(_, used)| {
                let access = view.analysis.access(used);
                access.is_some_and(|access| fits(access.op))
            });
            uses
        };
        let here = finder.uses_at(&view.maps, self.site.node, self.site.line);
        let mut uses = fitting(self.site.line);
        let mut instead = None;
        if uses.is_empty() && !here.is_empty() {
            uses = here;
        } else if uses.is_empty() {
            let near = self.site.near();
            let found = near
                .map(|line| (line, fitting(line)))
                .find(|(_, uses)| !uses.is_empty());
            if let Some((line, found)) = found {
                (uses, instead) = (found, Some(line));
            }
        }
        Done {
            uses: self.followed(view, uses),
            instead,
        }
    }

    /// The same, where a map was handed in: the one that this goroutine's callers handed in comes first, and no other one's map stays.
    fn followed<'v>(
        &self,
        view: &'v SourceView<'_>,
        uses: Vec<(&'v MapUses, &'v Use)>,
    ) -> Vec<(&'v MapUses, &'v Use)> {
        let mut followed: Vec<(&MapUses, &Use)> = Vec::new();
        for (map, used) in uses {
            let written = view.analysis.access(used).map(|access| &access.place);
            let Some(written) = written else { continue };
            let handed = view
                .analysis
                .on_stack(written, used.node, &self.site.callers);
            let known = view
                .maps
                .binary_search_by(|map| map.place.cmp(&handed))
                .ok()
                .and_then(|at| view.maps.get(at));
            match known {
                Some(known) if handed != *written => {
                    followed.push((known, used));
                    // What is done to the parameter for any of its callers is done to this map, too.
                    if map.place == *written {
                        followed.push((map, used));
                    }
                }
                _ => followed.push((map, used)),
            }
        }
        followed
    }
}
