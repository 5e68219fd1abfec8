//! Out of a long text, the parts that are worth a look: windows around hits, found in one pass with a bounded buffer.
//!
//! ```text
//! ……………[lead  hit … hit … hit  reach]………………………[lead  hit  reach]……
//! ```
//!
//! What a hit is, the caller's [`Sieve`] knows. Hits that stand nearer than `reach` share a window, which begins and ends with whole lines,
//! and knows how many lines stand before it. A window that would outgrow `most` is handed out in parts. The windows depend on the text
//! alone, not on how it is cut into blocks. Used by a scan for texts that are too long to be looked at whole: [`Windows`] for
//! streams; a file that can be read anywhere is swept in segments ([`sweep`]), and only around its extents as a stream.

use std::io::{self, Read};

/// Finds the start of the next hit in a text at or behind an offset.
pub trait Sieve: Sync {
    /// The next hit that begins at `from` or later.
    fn next(&self, text: &[u8], from: usize) -> Option<usize>;

    /// Bytes before and behind a hit's start that decide whether it is one.
    fn sight(&self) -> usize;
}

/// How much is taken around hits.
#[derive(Clone, Copy, Debug)]
pub struct Reach {
    /// Bytes before the first hit.
    pub lead: usize,
    /// Bytes behind the last hit; hits nearer than this share a window.
    pub reach: usize,
    /// Bytes within which a line should end; a longer one is cut.
    pub line: usize,
    /// Bytes of the largest window.
    pub most: usize,
}

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window<'w> {
    /// Where it begins in the text.
    pub offset: u64,
    /// Lines of the text before it.
    pub lines: u64,
    /// The part.
    pub bytes: &'w [u8],
    /// False where the text ends in it or no hit follows near: true where it ends because it may not be larger.
    pub cut: bool,
}

/// Takes a text in blocks and gives its windows.
pub struct Windows<'s> {
    sieve: &'s dyn Sieve,
    reach: Reach,
    /// The text from `base` on, as far as it is needed.
    buffer: Vec<u8>,
    base: u64,
    /// Lines before `base`.
    lines: u64,
    /// Index in `buffer` up to which hits were looked for.
    searched: usize,
    /// First and last hit of the window that is open, as indices.
    open: Option<(usize, usize)>,
    /// Where in the text the next window may begin at the earliest, and whether a line begins there.
    floor: (u64, bool),
}

impl<'s> Windows<'s> {
    /// A text from its beginning.
    pub fn new(sieve: &'s dyn Sieve, reach: Reach) -> Self {
        Self::from(sieve, reach, 0, 0, 0)
    }

    /// A text from an offset on, before which stand so many lines. The first `skip` bytes are there to be seen by the sieve only.
    pub fn from(sieve: &'s dyn Sieve, reach: Reach, offset: u64, lines: u64, skip: usize) -> Self {
        Self {
            sieve,
            reach,
            buffer: Vec::new(),
            base: offset,
            lines,
            searched: skip,
            open: None,
            floor: (offset + skip as u64, offset == 0 && skip == 0),
        }
    }

    /// Bytes held.
    pub fn held(&self) -> usize {
        self.buffer.len()
    }

    /// The next block of the text.
    pub fn feed(&mut self, block: &[u8], emit: &mut dyn FnMut(Window<'_>)) {
        self.buffer.extend_from_slice(block);
        self.search(false, emit);
        self.forget();
    }

    /// The end of the text.
    pub fn finish(mut self, emit: &mut dyn FnMut(Window<'_>)) {
        self.search(true, emit);
        if let Some((first, last)) = self.open.take() {
            self.emit(first, last, emit);
        }
    }

    /// Looks at what came in, and closes windows that no further hit can join.
    fn search(&mut self, ended: bool, emit: &mut dyn FnMut(Window<'_>)) {
        let end = self.buffer.len();
        let sure = match ended {
            true => end,
            false => end.saturating_sub(self.sieve.sight()),
        };
        while self.searched < sure {
            let hit = self.sieve.next(&self.buffer, self.searched);
            let hit = hit.filter(|&at| at < sure);
            match (self.open, hit) {
                (Some((first, last)), Some(at)) if at - last <= self.joined() => {
                    self.open = Some((first, at));
                    self.cut_if_full(at, emit);
                }
                (Some((first, last)), Some(at)) => {
                    self.emit(first, last, emit);
                    self.open = Some((at, at));
                }
                (None, Some(at)) => self.open = Some((at, at)),
                (_, None) => {}
            }
            self.searched = hit.map_or(sure, |at| at + 1);
        }
        if let Some((first, last)) = self.open
            && sure.saturating_sub(last) > self.joined()
        {
            self.emit(first, last, emit);
            self.open = None;
        }
    }

    /// Hits at this distance share a window: the end of one is then before the beginning of the next.
    fn joined(&self) -> usize {
        self.reach.reach + self.reach.line
    }

    /// Gives out the lines before the hit `at`, where the open window has become too large.
    fn cut_if_full(&mut self, at: usize, emit: &mut dyn FnMut(Window<'_>)) {
        let Some((first, _)) = self.open else { return };
        let start = self.start(first);
        if at - start <= self.reach.most {
            return;
        }
        let before = self.buffer.get(start..at).unwrap_or_default();
        let end = memchr::memrchr(b'\n', before).map_or(at, |newline| start + newline + 1);
        self.give(start..end, true, emit);
        self.floor = (self.base + end as u64, true);
        self.open = Some((at, at));
    }

    /// Where a window begins: at a line, `lead` before its first hit, behind the window before it.
    fn start(&self, first: usize) -> usize {
        let lead = first.saturating_sub(self.reach.lead);
        let (floor, whole) = self.floor;
        let behind = usize::try_from(floor.saturating_sub(self.base)).unwrap_or(usize::MAX);
        let from = lead.max(behind);
        let place = self.base + from as u64;
        if place == 0 || (place == floor && whole) {
            return from;
        }
        let before = self.buffer.get(from..first).unwrap_or_default();
        memchr::memchr(b'\n', before).map_or(from, |newline| from + newline + 1)
    }

    fn emit(&mut self, first: usize, last: usize, emit: &mut dyn FnMut(Window<'_>)) {
        let start = self.start(first);
        let least = last.saturating_add(self.reach.reach).min(self.buffer.len());
        let most = least.saturating_add(self.reach.line).min(self.buffer.len());
        let behind = self.buffer.get(least..most).unwrap_or_default();
        let end = memchr::memchr(b'\n', behind).map_or(most, |newline| least + newline + 1);
        self.give(start..end, false, emit);
        self.floor = (self.base + (last + self.joined()) as u64, false);
    }

    fn give(&self, range: std::ops::Range<usize>, cut: bool, emit: &mut dyn FnMut(Window<'_>)) {
        let before = self.buffer.get(..range.start).unwrap_or_default();
        let window = Window {
            offset: self.base + range.start as u64,
            lines: self.lines + lines(before),
            bytes: self.buffer.get(range.clone()).unwrap_or_default(),
            cut,
        };
        emit(window);
    }

    /// Lets go of what no window can need any more. Moving the rest to the front costs, so it is done when half can go.
    fn forget(&mut self) {
        let needed = match self.open {
            Some((first, _)) => self.start(first),
            None => self
                .searched
                .saturating_sub(self.reach.lead + self.sieve.sight()),
        };
        let needed = needed.saturating_sub(self.sieve.sight());
        if needed < self.buffer.len() / 2 {
            return;
        }
        self.lines += lines(self.buffer.get(..needed).unwrap_or_default());
        self.buffer.drain(..needed);
        self.base += needed as u64;
        self.searched -= needed;
        self.open = self
            .open
            .map(|(first, last)| (first - needed, last - needed));
    }
}

/// Line ends in a text.
pub fn lines(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}

/// A stretch of hits that share a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Where the first hit begins in the text.
    pub first: u64,
    /// Where the last one begins.
    pub last: u64,
}

/// What a sweep over a segment of a text found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Stretches of hits, ascending.
    pub extents: Vec<Extent>,
    /// Line ends in the segment.
    pub lines: u64,
}

/// Whether a sweep goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// All hits, and the lines.
    All,
    /// The first hit is enough.
    First,
}

/// Bytes looked at together: they stay in the second-level cache.
const BLOCK: usize = 256 << 10;

/// Looks through a segment of a text that begins at `offset`, of `length` bytes. `read` gives the text behind an offset, beyond the
/// segment too, since what a hit is may take a look behind its end.
///
/// # Errors
/// Those of `read`.
pub fn sweep(
    sieve: &dyn Sieve,
    reach: Reach,
    (offset, length): (u64, u64),
    goal: Goal,
    scratch: &mut Vec<u8>,
    read: &mut dyn FnMut(&mut [u8], u64) -> io::Result<usize>,
) -> io::Result<Swept> {
    let sight = sieve.sight();
    let joined = (reach.reach + reach.line) as u64;
    scratch.resize(BLOCK + 2 * sight, 0);
    let end = offset.saturating_add(length);
    let mut swept = Swept::default();
    let mut at = offset;
    while at < end {
        // Each block is read with what stands around it, so that hits at its edges are seen whole, and by one block alone.
        let before = at.min(sight as u64) as usize;
        let filled = fill(scratch, at - before as u64, read)?;
        let size = (BLOCK as u64).min(end - at) as usize;
        let text = scratch.get(..filled).unwrap_or_default();
        let block_end = (before + size).min(filled);
        if goal == Goal::All {
            swept.lines += lines(text.get(before..block_end).unwrap_or_default());
        }
        let mut from = before;
        while let Some(hit) = sieve.next(text, from).filter(|&hit| hit < block_end) {
            let place = at + (hit - before) as u64;
            match swept.extents.last_mut() {
                Some(extent) if place - extent.last <= joined => extent.last = place,
                _ => swept.extents.push(Extent {
                    first: place,
                    last: place,
                }),
            }
            if goal == Goal::First {
                return Ok(swept);
            }
            from = hit + 1;
        }
        if filled < before + size {
            break;
        }
        at += size as u64;
    }
    Ok(swept)
}

/// Fills `to` as far as the text goes.
fn fill(
    to: &mut [u8],
    at: u64,
    read: &mut dyn FnMut(&mut [u8], u64) -> io::Result<usize>,
) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(room) = to.get_mut(filled..).filter(|room| !room.is_empty()) {
        match read(room, at + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(cause),
        }
    }
    Ok(filled)
}

/// What of a text has to be read for an extent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Around {
    /// From where on.
    pub read_from: u64,
    /// Bytes before the first that may stand in a window.
    pub skip: usize,
    /// To where.
    pub end: u64,
}

/// From where to where an extent has to be read, for [`Windows::from`] to give the windows that a pass over the whole text would give:
/// its neighbours' windows end before it, and begin behind it.
pub fn around(extents: &[Extent], index: usize, reach: Reach, sight: usize) -> Option<Around> {
    let joined = (reach.reach + reach.line) as u64;
    let extent = extents.get(index)?;
    let before = index.checked_sub(1).and_then(|before| extents.get(before));
    let floor = before.map_or(0, |before| before.last + joined);
    let start = extent.first.saturating_sub(reach.lead as u64).max(floor);
    let end = extent.last + joined + sight as u64;
    let next = extents.get(index + 1).map_or(u64::MAX, |next| next.first);
    let read_from = start.saturating_sub(sight as u64);
    Some(Around {
        read_from,
        skip: usize::try_from(start - read_from).unwrap_or(0),
        end: end.min(next),
    })
}

/// Extents of segments that follow each other, as one sweep would have given them.
pub fn join(segments: &[Swept], reach: Reach) -> Vec<Extent> {
    let joined = (reach.reach + reach.line) as u64;
    let mut all: Vec<Extent> = Vec::new();
    for extent in segments.iter().flat_map(|segment| &segment.extents) {
        match all.last_mut() {
            Some(last) if extent.first - last.last <= joined => last.last = extent.last,
            _ => all.push(*extent),
        }
    }
    all
}

/// Reads from a stream until `to` holds `most` bytes more, or the stream is over: then it gives true.
///
/// # Errors
/// Those of the stream.
pub fn read_more(stream: &mut dyn Read, to: &mut Vec<u8>, most: usize) -> io::Result<bool> {
    let count = stream.take(most as u64).read_to_end(to)?;
    Ok(count < most)
}

#[cfg(test)]
mod tests;
