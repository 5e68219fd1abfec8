//! One text of a scan: searched as it comes, looked at whole where it is short, in windows where it is long.
//!
//! The search costs as much as a good grep; only what stands around a hit goes to the parsers. What has no words to search for (a
//! profile in protocol buffers, an execution trace, folded stacks) is told by its beginning and looked at whole, if memory allows.
//! [`Searcher`] is what each thread of `work` has; as a [`Visitor`] it takes the texts of archives.

use super::keep::Keep;
use super::progress::Progress;
use super::{is_stopped, noted};
use crate::analyze::trace::TOP_WAITING;
use crate::cli::trace;
use crate::envelope::Utf16;
use crate::goruntime::{anchors, sieve};
use crate::input::archive::{Remark, Visitor};
use crate::input::windows::{Reach, Sieve, Window, Windows};
use crate::parse;
use crate::triage::scan::find::{Text, find};
use crate::triage::scan::report::ScanNote;
use crate::triage::trace::TraceSummary;
use std::io::Read;
use std::sync::{Mutex, MutexGuard};

/// How texts are searched; tests use small numbers, so that short texts are long.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// A text up to this size is looked at whole, if it has a hit.
    pub whole: usize,
    /// What is taken around hits of a longer one.
    pub reach: Reach,
    /// Bytes read at a time.
    pub block: usize,
}

impl Sizes {
    /// A dump of a thousand goroutines has less than 1 MiB, and one of `debug=2` ends at 64 MiB. Two goroutines of a dump stand no
    /// farther apart than a deep stack is long, some tens of kilobytes, or than what other containers wrote between them.
    pub const USUAL: Sizes = Sizes {
        whole: 4 << 20,
        reach: Reach {
            lead: 64 << 10,
            reach: 256 << 10,
            line: 64 << 10,
            most: 64 << 20,
        },
        block: 256 << 10,
    };
}

/// The words of Go, for [`Windows`].
pub struct Words;

impl Sieve for Words {
    fn next(&self, text: &[u8], from: usize) -> Option<usize> {
        sieve::next(text, from)
    }

    fn sight(&self) -> usize {
        sieve::SIGHT
    }
}

/// What may be said at most of a text that is too large to be looked at whole.
const TOO_LARGE: &str = "a profile or trace of more than 64 MiB: not read; gotriage FILE reads it";

/// What a thread searches with.
pub struct Searcher<'s> {
    /// Where what is found goes.
    pub keep: &'s Keep,
    /// What is told on stderr.
    pub progress: &'s Progress,
    /// Sizes.
    pub sizes: Sizes,
    /// Held by the one thread that looks at a large part of a text: two of them would not fit into memory.
    pub large: &'s Mutex<()>,
    /// Used for every text anew.
    buffer: Vec<u8>,
}

impl<'s> Searcher<'s> {
    /// For one thread.
    pub fn new(keep: &'s Keep, progress: &'s Progress, sizes: Sizes, large: &'s Mutex<()>) -> Self {
        Self {
            keep,
            progress,
            sizes,
            large,
            buffer: Vec::new(),
        }
    }

    /// Looks at a text or a part of one.
    pub fn look(&self, text: Text<'_>) {
        let found = find(text, traced(text.bytes, text.lines_before));
        if found.incidents.is_empty() {
            return;
        }
        self.keep.found(text, found);
        self.progress.found(self.keep.count());
    }

    /// Looks at a window.
    pub fn look_at(&self, path: &str, window: Window<'_>) {
        if window.cut {
            self.keep.note(ScanNote {
                path: path.to_owned(),
                line: u32::try_from(window.lines).ok(),
                text: format!(
                    "more than {} MiB of dumps behind each other were looked at in parts; a dump at a seam may count twice",
                    self.sizes.reach.most >> 20
                ),
                incomplete: false,
            });
        }
        self.look(Text {
            path,
            bytes: window.bytes,
            lines_before: window.lines,
            cut: window.cut,
        });
    }

    /// The right to hold much of a text, once it is needed.
    pub fn permit(&self, held: usize) -> Option<MutexGuard<'s, ()>> {
        let much = held > 2 * self.sizes.whole;
        much.then(|| {
            self.large
                .lock()
                .unwrap_or_else(|poison| poison.into_inner())
        })
    }

    /// Reads until `self.buffer` holds `size` bytes; true where the text is over.
    fn fill(&mut self, stream: &mut dyn Read, size: usize) -> bool {
        let room = size.saturating_sub(self.buffer.len());
        let read = stream.take(room as u64).read_to_end(&mut self.buffer);
        read.map_or(true, |count| count < room)
    }

    /// A text that is told by its beginning: all of it, under the permit.
    fn whole(&mut self, name: &str, stream: &mut dyn Read) {
        let most = self.sizes.reach.most;
        let _permit = self.permit(usize::MAX);
        let over = self.fill(stream, most + 1);
        match over {
            true => self.look(whole(name, &self.buffer)),
            false => self.keep.note(ScanNote {
                path: name.to_owned(),
                line: None,
                text: TOO_LARGE.to_owned(),
                incomplete: true,
            }),
        }
        self.buffer = Vec::new();
    }

    /// A text of which the first bytes are in `self.buffer`.
    fn searched(&mut self, name: &str, stream: &mut dyn Read) {
        let sizes = self.sizes;
        let (mut from, mut hit, mut over) = (0, false, false);
        // A block at a time, so that what is searched is still in the cache.
        while !over && self.buffer.len() < sizes.whole && !is_stopped() {
            over = self.fill(stream, (self.buffer.len() + sizes.block).min(sizes.whole));
            hit = hit || sieve::next(&self.buffer, from).is_some();
            from = self.buffer.len().saturating_sub(sieve::SIGHT);
        }
        if over || self.fill(stream, sizes.whole + 1) {
            if hit || sieve::next(&self.buffer, from).is_some() {
                self.look(whole(name, &self.buffer));
            }
            return;
        }
        let mut windows = Windows::new(&Words, sizes.reach);
        let mut permit = None;
        let mut over = false;
        loop {
            windows.feed(&self.buffer, &mut |window| self.look_at(name, window));
            if over || is_stopped() {
                break;
            }
            if permit.is_none() || windows.held() < sizes.whole {
                permit = self.permit(windows.held());
            }
            self.buffer.clear();
            over = self.fill(stream, sizes.block);
        }
        windows.finish(&mut |window| self.look_at(name, window));
        drop(permit);
    }
}

fn whole<'t>(path: &'t str, bytes: &'t [u8]) -> Text<'t> {
    Text {
        path,
        bytes,
        lines_before: 0,
        cut: false,
    }
}

/// The sum of an execution trace.
fn traced(bytes: &[u8], lines_before: u64) -> Option<TraceSummary> {
    anchors::trace_header(bytes).filter(|_| lines_before == 0)?;
    let silent = crate::cli::progress::Progress::new();
    let (trace, findings) = trace::sum(bytes, TOP_WAITING, &silent, &|| {})?;
    Some(TraceSummary {
        input: 0,
        trace,
        findings,
    })
}

/// True for what has no words: it is looked at whole.
pub fn is_wordless(head: &[u8]) -> bool {
    anchors::is_profile(head) || anchors::trace_header(head).is_some() || parse::is_folded(head)
}

impl Visitor for Searcher<'_> {
    fn text(&mut self, name: &str, stream: &mut dyn Read) {
        self.buffer.clear();
        let head = self.sizes.block.min(HEAD);
        self.fill(stream, head);
        if is_wordless(&self.buffer) {
            return self.whole(name, stream);
        }
        match Utf16::told(&self.buffer) {
            None => self.searched(name, stream),
            Some(letters) => {
                let head = std::mem::take(&mut self.buffer);
                let mut stream = Decoded::new(letters, head, stream);
                self.searched(name, &mut stream);
            }
        }
        if self.buffer.capacity() > 2 * self.sizes.whole {
            self.buffer = Vec::new();
        }
    }

    fn remark(&mut self, remark: Remark) {
        self.keep.note(noted(remark));
    }
}

/// Bytes of a text that tell what it is.
pub const HEAD: usize = 4 << 10;

/// UTF-16 on its way to UTF-8.
pub struct Decoded<'d> {
    letters: Utf16,
    inner: &'d mut dyn Read,
    ready: Vec<u8>,
    given: usize,
    raw: Vec<u8>,
}

impl<'d> Decoded<'d> {
    /// `head` was read of the text before.
    pub fn new(mut letters: Utf16, head: Vec<u8>, inner: &'d mut dyn Read) -> Self {
        let mut ready = Vec::new();
        letters.decode(&head, &mut ready);
        // The byte order mark is no letter of the text.
        let given = if ready.starts_with("\u{feff}".as_bytes()) {
            3
        } else {
            0
        };
        Self {
            letters,
            inner,
            ready,
            given,
            raw: vec![0; HEAD],
        }
    }
}

impl Read for Decoded<'_> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        while self.given >= self.ready.len() {
            let count = self.inner.read(&mut self.raw)?;
            if count == 0 {
                return Ok(0);
            }
            self.ready.clear();
            self.given = 0;
            let raw = self.raw.get(..count).unwrap_or_default();
            self.letters.decode(raw, &mut self.ready);
        }
        let count = self.ready.get(self.given..).unwrap_or_default().read(to)?;
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests;
