//! The files of a scan, spread over threads: plain files are swept where they lie, large ones in segments by several threads;
//! everything else is opened as an archive and comes as streams.
//!
//! The threads are not those of rayon: one that waits for the right to hold much memory would keep the parsers' tasks from being run,
//! and the one that has the right would wait for those. The parsers inside use rayon as ever.

use super::keep::Keep;
use super::progress::Progress;
use super::queue::Queue;
use super::stream::{self, Stream};
use super::texts::{HEAD, Searcher, Sizes, Words, is_wordless};
use super::{ScanSettings, is_stopped, noted};
use crate::envelope::Utf16;
use crate::goruntime::sieve;
use crate::input::archive::{self, Limits, Origin, Remark};
use crate::input::kind::Kind;
use crate::input::walk::Found;
use crate::input::windows::{Around, Goal, Swept, Windows, around, join, sweep};
use crate::triage::scan::find::Text;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, stdin};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Bytes of a segment: large enough that handing it out costs nothing, small enough that the threads end together.
const SEGMENT: u64 = 64 << 20;

/// Something to do.
enum Job<'f> {
    /// A file as it was found.
    File(&'f Found),
    /// A segment of a large plain file.
    Segment(Arc<Plain>, usize),
    /// What stands around hits of a plain file, from where to where; so many lines stand before the segment in which it begins.
    Around(Arc<Plain>, Around, u64),
}

/// A plain file that is too long to be looked at whole.
struct Plain {
    name: String,
    file: File,
    length: u64,
    /// What the segments gave.
    swept: Mutex<Vec<Swept>>,
    /// Segments that are not swept yet.
    left: AtomicUsize,
}

/// Reads and searches all files; gives how many were read to their end.
pub fn search(files: &[Found], settings: &ScanSettings, keep: &Keep, progress: &Progress) -> usize {
    let mut order: Vec<&Found> = files.iter().collect();
    // The largest first, so that no thread is left alone with one at the end.
    order.sort_by_key(|file| std::cmp::Reverse(file.bytes));
    let large = Mutex::new(());
    let queue = Queue::new(order.into_iter().map(Job::File));
    let read = AtomicUsize::new(0);
    let work = || {
        let mut worker = Worker {
            searcher: Searcher::new(keep, progress, Sizes::USUAL, &large),
            limits: settings.limits,
            queue: &queue,
            scratch: Vec::new(),
        };
        queue.work(|job| {
            if !is_stopped() {
                let is_file = matches!(job, Job::File(_));
                worker.run(job);
                read.fetch_add(usize::from(is_file && !is_stopped()), Ordering::Relaxed);
            }
        });
    };
    let others = settings.jobs.min(files.len().max(2)).saturating_sub(1);
    std::thread::scope(|scope| {
        for _ in 0..others {
            scope.spawn(work);
        }
        work();
    });
    read.into_inner()
}

struct Worker<'w, 'f> {
    searcher: Searcher<'w>,
    limits: Limits,
    queue: &'w Queue<Job<'f>>,
    scratch: Vec<u8>,
}

impl Worker<'_, '_> {
    fn run(&mut self, job: Job<'_>) {
        match job {
            Job::File(found) => {
                if let Err(cause) = self.file(found) {
                    self.unreadable(&found.path.to_string_lossy(), &cause);
                }
            }
            Job::Segment(plain, index) => {
                if let Err(cause) = self.segment(&plain, index) {
                    self.unreadable(&plain.name, &cause);
                }
            }
            Job::Around(plain, range, lines) => {
                if let Err(cause) = self.around(&plain, range, lines) {
                    self.unreadable(&plain.name, &cause);
                }
            }
        }
    }

    fn unreadable(&self, path: &str, cause: &io::Error) {
        self.searcher.keep.note(noted(Remark {
            path: path.to_owned(),
            text: format!("cannot be read: {cause}"),
            incomplete: true,
        }));
    }

    fn file(&mut self, found: &Found) -> io::Result<()> {
        let name = found.path.to_string_lossy().into_owned();
        if found.path == Path::new("-") {
            stream::widen(stdin());
            return self.stream(&name, &mut Stream::new(stdin()));
        }
        let mut file = File::open(&found.path)?;
        if !found.regular {
            stream::widen(&file);
            return self.stream(&name, &mut Stream::new(file));
        }
        let mut head = [0; HEAD];
        let count = read_at(&file, &mut head, 0)?;
        let head = head.get(..count).unwrap_or_default();
        let plain =
            Kind::of(head) == Kind::Text && !is_wordless(head) && Utf16::told(head).is_none();
        // Files of /proc call themselves empty.
        if plain && found.bytes > 0 {
            return self.plain(name, file, found.bytes);
        }
        let mut watched = Watched {
            inner: &mut file,
            progress: self.searcher.progress,
        };
        let origin = Origin::Seekable(&mut watched, found.bytes);
        archive::visit(&name, origin, self.limits, &mut self.searcher);
        Ok(())
    }

    fn stream(&mut self, name: &str, stream: &mut dyn Read) -> io::Result<()> {
        let mut watched = Watched {
            inner: stream,
            progress: self.searcher.progress,
        };
        archive::visit(
            name,
            Origin::Stream(&mut watched),
            self.limits,
            &mut self.searcher,
        );
        Ok(())
    }

    /// A plain file: a short one is searched up to its first hit, and looked at whole if it has one.
    fn plain(&mut self, name: String, file: File, length: u64) -> io::Result<()> {
        let sizes = self.searcher.sizes;
        if length > sizes.whole as u64 {
            return self.long(name, file, length);
        }
        let all = (0, length);
        let swept = sweep(
            &Words,
            sizes.reach,
            all,
            Goal::First,
            &mut self.scratch,
            &mut |to, at| read_at(&file, to, at),
        )?;
        self.searcher.progress.read(length);
        if swept.extents.is_empty() {
            return Ok(());
        }
        let mut bytes = Vec::new();
        file.take(length).read_to_end(&mut bytes)?;
        self.searcher.look(Text {
            path: &name,
            bytes: &bytes,
            lines_before: 0,
            cut: false,
        });
        Ok(())
    }

    /// A long one: its segments become jobs.
    fn long(&mut self, name: String, file: File, length: u64) -> io::Result<()> {
        let segments = usize::try_from(length.div_ceil(SEGMENT)).unwrap_or(usize::MAX);
        let plain = Arc::new(Plain {
            name,
            file,
            length,
            swept: Mutex::new(vec![Swept::default(); segments]),
            left: AtomicUsize::new(segments),
        });
        for index in (0..segments).rev() {
            self.queue.push(Job::Segment(Arc::clone(&plain), index));
        }
        Ok(())
    }

    fn segment(&mut self, plain: &Arc<Plain>, index: usize) -> io::Result<()> {
        let offset = SEGMENT * index as u64;
        let length = SEGMENT.min(plain.length - offset);
        let mut read = |to: &mut [u8], at: u64| match is_stopped() {
            true => Ok(0),
            false => read_at(&plain.file, to, at),
        };
        let reach = self.searcher.sizes.reach;
        let swept = sweep(
            &Words,
            reach,
            (offset, length),
            Goal::All,
            &mut self.scratch,
            &mut read,
        );
        self.searcher.progress.read(length);
        let unread = swept.is_err();
        let mut all = plain
            .swept
            .lock()
            .unwrap_or_else(|poison| poison.into_inner());
        if let (Some(place), Ok(swept)) = (all.get_mut(index), &swept) {
            place.clone_from(swept);
        }
        if plain.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            let extents = join(&all, reach);
            for index in 0..extents.len() {
                let range = around(&extents, index, reach, sieve::SIGHT);
                let Some(range) = range else { continue };
                let lines = lines_before(&all, range.read_from);
                self.queue
                    .push(Job::Around(Arc::clone(plain), range, lines));
            }
        }
        drop(all);
        if unread { swept.map(|_| ()) } else { Ok(()) }
    }

    /// Looks at the windows in a range. `lines` stand before the segment in which it begins.
    fn around(&mut self, plain: &Plain, range: Around, lines: u64) -> io::Result<()> {
        let sizes = self.searcher.sizes;
        let (start, end) = (range.read_from, range.end.min(plain.length));
        let segment = start / SEGMENT * SEGMENT;
        let mut block = vec![0; sizes.block];
        let lines = lines + self.lines_between(plain, segment, start, &mut block)?;
        let mut windows = Windows::from(&Words, sizes.reach, start, lines, range.skip);
        let mut permit = self
            .searcher
            .permit(usize::try_from(end - start).unwrap_or(usize::MAX));
        let mut at = start;
        while at < end && !is_stopped() {
            let room = usize::try_from(end - at)
                .unwrap_or(usize::MAX)
                .min(block.len());
            let to = block.get_mut(..room).unwrap_or_default();
            let count = read_at(&plain.file, to, at)?;
            if count == 0 {
                break;
            }
            let read = to.get(..count).unwrap_or_default();
            windows.feed(read, &mut |window| {
                self.searcher.look_at(&plain.name, window)
            });
            at += count as u64;
        }
        windows.finish(&mut |window| self.searcher.look_at(&plain.name, window));
        drop(permit.take());
        Ok(())
    }

    /// Line ends between two places.
    fn lines_between(
        &self,
        plain: &Plain,
        from: u64,
        to: u64,
        block: &mut [u8],
    ) -> io::Result<u64> {
        let (mut at, mut lines) = (from, 0);
        while at < to {
            let room = usize::try_from(to - at)
                .unwrap_or(usize::MAX)
                .min(block.len());
            let count = read_at(&plain.file, block.get_mut(..room).unwrap_or_default(), at)?;
            if count == 0 {
                break;
            }
            lines += crate::input::windows::lines(block.get(..count).unwrap_or_default());
            at += count as u64;
        }
        Ok(lines)
    }
}

/// Lines before the segment that holds a place.
fn lines_before(swept: &[Swept], place: u64) -> u64 {
    let segments = usize::try_from(place / SEGMENT).unwrap_or(usize::MAX);
    let before = swept.iter().take(segments);
    before.map(|segment| segment.lines).sum()
}

/// Reads at a place, without moving what others read.
#[cfg(unix)]
fn read_at(file: &File, to: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, to, at)
}

/// The same on Windows.
#[cfg(windows)]
fn read_at(file: &File, to: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, to, at)
}

/// Tells of what is read, and stops when the scan does.
struct Watched<'w, R: ?Sized> {
    inner: &'w mut R,
    progress: &'w Progress,
}

impl<R: Read + ?Sized> Read for Watched<'_, R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if is_stopped() {
            return Err(io::Error::other("interrupted"));
        }
        let count = self.inner.read(to)?;
        self.progress.read(count as u64);
        Ok(count)
    }
}

impl<R: Seek + ?Sized> Seek for Watched<'_, R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}
