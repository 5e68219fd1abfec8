//! What is inside a file: compression taken off, archives opened, each text handed on as a stream under its `archive!member` name.
//!
//! ```text
//! crash.log.gz                               one text, crash.log.gz
//! 2026.tar.zst                               2026.tar.zst!pod-1/crash.log, …
//! incident.zip holding node-3.tar.gz         incident.zip!node-3.tar.gz!var/log/app.log
//! ```
//!
//! Called by [`super::Reading`] for the archives among the inputs of an analysis, and by a scan for everything it finds. Contents come
//! from anywhere, so [`Limits`] bound depth, size and expansion; what goes over one, or can't be read, is a [`Remark`], and the walk
//! goes on. Nothing is unpacked to disk but a zip that stands inside another archive: its directory is at its end. Read [`visit`].

use super::kind::{self, Archive, Compression, Kind};
use std::cell::Cell;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use zip::result::ZipError;

/// Compression inside compression is taken apart this deep; a proxy that compresses an archived log makes two.
const MAX_LAYERS: u32 = 3;

/// Whatever its ratio, a file may expand to this much: a few kilobytes of a log that repeats one line are no bomb.
const ALWAYS_ALLOWED: u64 = 64 << 20;

/// Bytes read ahead of a decompressor.
const AHEAD: usize = 64 << 10;

/// How far contents are followed.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Archives inside archives, the outermost counted as one.
    pub max_depth: u32,
    /// Bytes of one text, after decompression.
    pub max_member: u64,
    /// Bytes that come out of a file, for each byte of it; 64 MiB may always come out.
    pub max_ratio: u64,
}

impl Default for Limits {
    /// Four archives deep is one more than a support bundle of node archives of pod logs; a ratio of 1000 is what deflate reaches on
    /// one repeated byte, and logs stay below 100.
    fn default() -> Self {
        Self {
            max_depth: 4,
            max_member: super::DEFAULT_MAX_BYTES,
            max_ratio: 1000,
        }
    }
}

/// Something that was not read, or not to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The file or member.
    pub path: String,
    /// One sentence without its full stop.
    pub text: String,
    /// True where it may have held a log.
    pub incomplete: bool,
}

/// Takes what is found.
pub trait Visitor {
    /// A text, or a profile, or a trace: whatever is neither compressed nor an archive. The stream ends without an error; where it ends
    /// early, a remark of the same path follows.
    fn text(&mut self, name: &str, stream: &mut dyn Read);

    /// Something was left out.
    fn remark(&mut self, remark: Remark);
}

/// Reads from any place.
pub trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

/// Where the bytes of a file come from.
pub enum Origin<'o> {
    /// A file or memory, and its length.
    Seekable(&'o mut dyn ReadSeek, u64),
    /// A pipe.
    Stream(&'o mut dyn Read),
}

/// Walks through everything inside a file.
pub fn visit(name: &str, origin: Origin<'_>, limits: Limits, visitor: &mut dyn Visitor) {
    let meter = Meter::new(limits.max_ratio);
    let mut walk = Walk {
        limits,
        meter: &meter,
        visitor,
    };
    match origin {
        Origin::Seekable(file, length) => {
            meter.taken.set(length);
            walk.seekable(name, file, 0);
        }
        Origin::Stream(stream) => {
            let mut counted = Counted {
                inner: stream,
                meter: &meter,
            };
            walk.stream(name, &mut counted, Place::default());
        }
    }
    if meter.is_over() {
        walk.left_out(
            name,
            format!(
                "expands to more than {} times its size; the rest was not read, --max-ratio sets the limit",
                limits.max_ratio
            ),
        );
    }
}

/// What went in and what came out of decompressors, for one file.
struct Meter {
    ratio: u64,
    taken: Cell<u64>,
    given: Cell<u64>,
}

impl Meter {
    fn new(ratio: u64) -> Self {
        Self {
            ratio,
            taken: Cell::new(0),
            given: Cell::new(0),
        }
    }

    fn is_over(&self) -> bool {
        let allowed = self.taken.get().saturating_mul(self.ratio);
        self.given.get() > allowed.max(ALWAYS_ALLOWED)
    }
}

/// Counts what a pipe delivers.
struct Counted<'c> {
    inner: &'c mut dyn Read,
    meter: &'c Meter,
}

impl Read for Counted<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(to)?;
        let taken = &self.meter.taken;
        taken.set(taken.get().saturating_add(count as u64));
        Ok(count)
    }
}

/// Counts what a decompressor delivers, and stops at the ratio.
struct Metered<'m, R> {
    inner: R,
    meter: &'m Meter,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(to)?;
        let given = &self.meter.given;
        given.set(given.get().saturating_add(count as u64));
        match self.meter.is_over() {
            true => Err(io::Error::other("the limit of --max-ratio is reached")),
            false => Ok(count),
        }
    }
}

/// Ends a text at its limit or damage, and remembers why.
struct Guarded<'g> {
    inner: &'g mut dyn Read,
    left: u64,
    end: Option<End>,
}

enum End {
    Limit,
    Damaged(io::Error),
}

impl Read for Guarded<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.end.is_some() || to.is_empty() {
            return Ok(0);
        }
        if self.left == 0 {
            self.end = match self.inner.read(&mut [0]) {
                Ok(0) => return Ok(0),
                Ok(_) => Some(End::Limit),
                Err(cause) => Some(End::Damaged(cause)),
            };
            return Ok(0);
        }
        let room = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(to.len());
        let to = to.get_mut(..room).unwrap_or_default();
        loop {
            match self.inner.read(to) {
                Ok(count) => {
                    self.left = self.left.saturating_sub(count as u64);
                    return Ok(count);
                }
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => {
                    self.end = Some(End::Damaged(cause));
                    return Ok(0);
                }
            }
        }
    }
}

/// Where in the nest something stands.
#[derive(Clone, Copy, Default)]
struct Place {
    /// Archives around it.
    depth: u32,
    /// Compressions around it, inside the innermost archive.
    layers: u32,
}

struct Walk<'w> {
    limits: Limits,
    meter: &'w Meter,
    visitor: &'w mut dyn Visitor,
}

impl Walk<'_> {
    fn left_out(&mut self, path: &str, text: String) {
        self.visitor.remark(Remark {
            path: path.to_owned(),
            text,
            incomplete: true,
        });
    }

    /// What can be read from any place: a zip is read where it is.
    fn seekable(&mut self, name: &str, file: &mut dyn ReadSeek, depth: u32) {
        let head = head(file);
        let rewound = file.seek(SeekFrom::Start(0));
        let place = Place { depth, layers: 0 };
        match (head, rewound) {
            (Ok(head), Ok(_)) if Kind::of(&head) == Kind::Archive(Archive::Zip) => {
                self.zip(name, file, depth);
            }
            (Ok(_), Ok(_)) => self.stream(name, file, place),
            (Err(cause), _) | (_, Err(cause)) => {
                self.left_out(name, format!("cannot be read: {cause}"));
            }
        }
    }

    /// What comes as a stream. The depth of calls is bounded by `max_depth` and [`MAX_LAYERS`].
    fn stream(&mut self, name: &str, stream: &mut dyn Read, place: Place) {
        let head = match head(stream) {
            Ok(head) => head,
            Err(cause) => {
                return self.left_out(
                    name,
                    format!("damaged or cut: {cause}; nothing of it was read"),
                );
            }
        };
        let kind = Kind::of(&head);
        let mut whole = Cursor::new(head).chain(stream);
        match kind {
            Kind::Text => self.text(name, &mut whole),
            Kind::Compressed(_) if place.layers == MAX_LAYERS => self.text(name, &mut whole),
            Kind::Compressed(how) => self.compressed(name, how, &mut whole, place),
            Kind::Archive(Archive::Tar) => self.tar(name, &mut whole, place.depth),
            Kind::Archive(Archive::Zip) => self.spooled(name, &mut whole, place.depth),
            Kind::Foreign(foreign) => self.visitor.remark(Remark {
                path: name.to_owned(),
                text: format!("not read: {}; {}", foreign.what, foreign.advice),
                incomplete: foreign.may_hold_logs(),
            }),
        }
    }

    fn text(&mut self, name: &str, stream: &mut dyn Read) {
        let mut guarded = Guarded {
            inner: stream,
            left: self.limits.max_member,
            end: None,
        };
        self.visitor.text(name, &mut guarded);
        match guarded.end {
            None => {}
            Some(End::Limit) => self.left_out(
                name,
                format!(
                    "only the first {} bytes were read: the limit for one text",
                    self.limits.max_member
                ),
            ),
            // The file itself gets the remark on the ratio.
            Some(End::Damaged(_)) if self.meter.is_over() => {}
            Some(End::Damaged(cause)) => self.left_out(
                name,
                format!("damaged or cut: {cause}; what stands before was read"),
            ),
        }
    }

    fn compressed(&mut self, name: &str, how: Compression, packed: &mut dyn Read, place: Place) {
        match how.reader(BufReader::with_capacity(AHEAD, packed)) {
            Ok(inner) => {
                let meter = self.meter;
                let inside = Place {
                    layers: place.layers + 1,
                    ..place
                };
                self.stream(name, &mut Metered { inner, meter }, inside);
            }
            Err(cause) => self.left_out(
                name,
                format!("this {} data is damaged: {cause}", how.word()),
            ),
        }
    }

    /// True, with a remark, where an archive stands too deep.
    fn is_too_deep(&mut self, name: &str, depth: u32) -> bool {
        let deep = depth >= self.limits.max_depth;
        if deep {
            self.left_out(
                name,
                format!(
                    "not opened: more than {} archives inside each other, --max-depth sets the limit",
                    self.limits.max_depth
                ),
            );
        }
        deep
    }

    fn tar(&mut self, name: &str, stream: &mut dyn Read, depth: u32) {
        if self.is_too_deep(name, depth) {
            return;
        }
        let mut archive = tar::Archive::new(stream);
        let entries = match archive.entries() {
            Ok(entries) => entries,
            Err(cause) => {
                let cause = plain(&cause);
                return self.left_out(name, format!("this tar cannot be read: {cause}"));
            }
        };
        for entry in entries {
            let mut entry = match entry {
                Ok(entry) => entry,
                Err(_) if self.meter.is_over() => return,
                Err(cause) => {
                    let cause = plain(&cause);
                    return self.left_out(
                        name,
                        format!(
                            "this tar is damaged or cut: {cause}; the members before were read"
                        ),
                    );
                }
            };
            let kind = entry.header().entry_type();
            if !(kind.is_file() || kind.is_contiguous() || kind.is_gnu_sparse()) {
                continue;
            }
            let member = member(name, &entry.path_bytes());
            let place = Place {
                depth: depth + 1,
                layers: 0,
            };
            self.stream(&member, &mut entry, place);
        }
    }

    /// A zip inside something else, by way of a temporary file.
    fn spooled(&mut self, name: &str, stream: &mut dyn Read, depth: u32) {
        if self.is_too_deep(name, depth) {
            return;
        }
        let mut guarded = Guarded {
            inner: stream,
            left: self.limits.max_member,
            end: None,
        };
        let copied = tempfile::tempfile().and_then(|mut file| {
            io::copy(&mut guarded, &mut file)?;
            Ok(file)
        });
        match (copied, guarded.end) {
            (Ok(mut file), None) => self.zip(name, &mut file, depth),
            (Err(cause), _) => self.left_out(name, format!("no room to unpack this zip: {cause}")),
            (_, Some(End::Limit)) => self.left_out(
                name,
                format!(
                    "not opened: a zip of more than {} bytes",
                    self.limits.max_member
                ),
            ),
            (_, Some(End::Damaged(cause))) => {
                self.left_out(
                    name,
                    format!("not opened: this zip is damaged or cut: {cause}"),
                );
            }
        }
    }

    fn zip(&mut self, name: &str, file: &mut dyn ReadSeek, depth: u32) {
        if self.is_too_deep(name, depth) {
            return;
        }
        let mut archive = match zip::ZipArchive::new(&mut *file) {
            Ok(archive) => archive,
            Err(cause) => return self.zip_without_directory(name, file, depth, &cause),
        };
        for index in 0..archive.len() {
            let raw_name = archive.by_index_raw(index).ok();
            let path = raw_name.map_or_else(
                || format!("{name}!{index}"),
                |entry| member(name, entry.name_raw()),
            );
            match archive.by_index(index) {
                Ok(entry) if entry.is_dir() || entry.is_symlink() => {}
                Ok(entry) => self.zip_member(&path, entry, depth),
                Err(cause) => self.unreadable_member(&path, &cause),
            }
            if self.meter.is_over() {
                return;
            }
        }
    }

    fn zip_member(&mut self, path: &str, entry: impl Read, depth: u32) {
        let meter = self.meter;
        let place = Place {
            depth: depth + 1,
            layers: 0,
        };
        self.stream(
            path,
            &mut Metered {
                inner: entry,
                meter,
            },
            place,
        );
    }

    /// A zip that was cut: its directory at the end is gone, and its members are read from the front as far as they go.
    fn zip_without_directory(
        &mut self,
        name: &str,
        file: &mut dyn ReadSeek,
        depth: u32,
        cause: &ZipError,
    ) {
        self.left_out(
            name,
            format!("this zip is damaged or cut: {cause}; the members at its beginning were read"),
        );
        if file.seek(SeekFrom::Start(0)).is_err() {
            return;
        }
        let mut stream = BufReader::with_capacity(AHEAD, file);
        while let Ok(Some(entry)) = zip::read::read_zipfile_from_stream(&mut stream) {
            let path = member(name, entry.name_raw());
            if !entry.is_dir() {
                self.zip_member(&path, entry, depth);
            }
            if self.meter.is_over() {
                return;
            }
        }
    }

    fn unreadable_member(&mut self, path: &str, cause: &ZipError) {
        let text = match cause {
            ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => {
                "not read: encrypted; unpack it with its password and scan the files".to_owned()
            }
            _ => format!("this member cannot be read: {cause}"),
        };
        self.left_out(path, text);
    }
}

/// What the tar reader says, without the bytes of the header that it quotes behind: they may be anything, and names.
fn plain(cause: &io::Error) -> String {
    let text = cause.to_string();
    let end = [": ", " when ", " for "]
        .iter()
        .filter_map(|cut| text.find(cut))
        .min();
    text.get(..end.unwrap_or(text.len()))
        .unwrap_or_default()
        .to_owned()
}

/// `archive!member`; names are bytes, what is not UTF-8 in them becomes U+FFFD.
fn member(archive: &str, name: &[u8]) -> String {
    format!("{archive}!{}", String::from_utf8_lossy(name))
}

/// The first bytes, as many as it takes to tell what something is.
fn head(stream: &mut (impl Read + ?Sized)) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(kind::HEAD);
    match stream.take(kind::HEAD as u64).read_to_end(&mut head) {
        Ok(_) => Ok(head),
        // Damage behind the first bytes shows again when they are read on.
        Err(_) if !head.is_empty() => Ok(head),
        Err(cause) => Err(cause),
    }
}

#[cfg(test)]
mod tests;
