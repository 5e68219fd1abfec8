//! Where bytes come from: files, standard input, and what is compressed inside them.
//!
//! `cli` opens every input of an analysis through [`Reading`] and gets [`Source`]s; nothing here knows what a goroutine is. A
//! regular file is mapped ([`mmap`]), a pipe is read (what is long, into a temporary file: [`spool`]), gzip, zstd, bzip2 and xz are recognised by their first bytes ([`kind`]) and
//! taken apart ([`decompress`]), and of a tar or zip each member is an input. Damage and limits keep what was read and leave a note;
//! only what yields nothing at all is an [`InputError`]. Read [`Reading::inputs`] first.
//!
//! A scan reads more than fits into memory: it finds its files with [`walk`], gets what is in them as streams from [`archive`], and cuts
//! out of a long stream what is worth a look with [`windows`].

pub mod archive;
mod decompress;
mod error;
pub mod kind;
mod mmap;
mod spool;
pub mod walk;
pub mod windows;

pub use error::InputError;

use archive::{Limits, Origin, Remark, Visitor};
use decompress::{End, Unpacked};
use kind::{Compression, Kind};
use mmap::Mapped;
use spool::Bytes;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek};
use std::path::Path;

/// Default for [`Reading::max_bytes`]: sixty times the largest text a Go process prints of itself (64 MiB from `debug=2`), and
/// below the 2³² lines that a line number of the report can count.
pub const DEFAULT_MAX_BYTES: u64 = 4 << 30;

/// Compression inside compression is taken apart this deep; a proxy that compresses an archived log makes two.
const MAX_LAYERS: usize = 3;

/// One input, ready to be looked at.
#[derive(Debug)]
pub struct Source {
    /// Path as given; `-` for standard input.
    pub name: String,
    /// True where the contents end before they should: a limit, damaged compression.
    pub truncated: bool,
    /// True where reading stopped at [`Reading::max_bytes`].
    pub limited: bool,
    /// Remarks for the report, one sentence each.
    pub notes: Vec<String>,
    bytes: Bytes,
}

impl Source {
    /// The contents, decompressed.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.as_slice()
    }

    /// The same input under another name and with other contents: cleaned ones.
    #[must_use]
    pub fn rewritten(self, name: String, bytes: Vec<u8>) -> Self {
        Self {
            name,
            bytes: Bytes::Owned(bytes),
            ..self
        }
    }

    /// Marks it as read in part, for a reason.
    fn cut_short(&mut self, note: String) {
        self.truncated = true;
        self.limited = true;
        self.notes.push(note);
    }

    /// Says that the contents will hardly be looked at again: the memory of a mapped file goes back to the system.
    pub fn release(&self) {
        if let Bytes::Mapped(map) = &self.bytes {
            map.release();
        }
    }
}

/// How inputs are read.
#[derive(Clone, Copy)]
pub struct Reading<'p> {
    /// At most this many bytes of one input, after decompression; the rest is left out with a note.
    pub max_bytes: u64,
    /// Told of every piece that a pipe or a decompressor delivered, in bytes.
    pub progress: &'p (dyn Fn(u64) + Sync),
}

impl Reading<'_> {
    /// Opens a file: regular, compressed, or special (a named pipe, a process substitution). Of an archive all members are inputs.
    ///
    /// # Errors
    /// Where there is nothing to read: the path does not exist, is a directory, may not be read, or holds what is no text.
    pub fn inputs(&self, path: &Path) -> Result<Inputs, InputError> {
        self.members(self.packed(path)?)
    }

    /// As [`Reading::inputs`], for what takes one text: an archive has to have one member.
    ///
    /// # Errors
    /// As for [`Reading::inputs`]; for an archive of several members too.
    pub fn file(&self, path: &Path) -> Result<Source, InputError> {
        self.only(self.inputs(path)?)
    }

    /// Reads standard input, named `-`. A redirected regular file is mapped as if it had been named.
    ///
    /// # Errors
    /// As for [`Reading::inputs`].
    pub fn stdin_inputs(&self) -> Result<Inputs, InputError> {
        self.members(self.packed_stdin()?)
    }

    /// As [`Reading::stdin_inputs`], for what takes one text.
    ///
    /// # Errors
    /// As for [`Reading::file`].
    pub fn stdin(&self) -> Result<Source, InputError> {
        self.only(self.stdin_inputs()?)
    }

    fn only(&self, inputs: Inputs) -> Result<Source, InputError> {
        let name = inputs.sources.first().map(|source| source.name.clone());
        let mut sources = inputs.sources.into_iter();
        match (sources.next(), sources.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(InputError::Several {
                path: name.unwrap_or_default(),
            }),
        }
    }

    fn packed(&self, path: &Path) -> Result<Source, InputError> {
        let name = path.to_string_lossy().into_owned();
        let file = File::open(path).map_err(|cause| InputError::opening(path, cause))?;
        self.open(name, file)
    }

    fn packed_stdin(&self) -> Result<Source, InputError> {
        let name = "-".to_owned();
        match stdin_file() {
            Some(file) => self.open(name, file),
            None => {
                let read = decompress::fill(io::stdin().lock(), self.max_bytes, self.progress);
                self.finish(name, read)
            }
        }
    }

    /// The members of an archive; anything else is the one input that it is.
    fn members(&self, source: Source) -> Result<Inputs, InputError> {
        let Kind::Archive(which) = Kind::of(source.bytes()) else {
            return Ok(Inputs {
                sources: vec![source],
                remarks: Vec::new(),
            });
        };
        let limits = Limits {
            max_member: self.max_bytes,
            ..Limits::default()
        };
        let mut members = Members {
            reading: self,
            inputs: Inputs::default(),
        };
        let mut bytes = Cursor::new(source.bytes());
        let length = source.bytes().len() as u64;
        archive::visit(
            &source.name,
            Origin::Seekable(&mut bytes, length),
            limits,
            &mut members,
        );
        let mut inputs = members.inputs;
        if inputs.sources.is_empty() && inputs.remarks.is_empty() {
            return Err(InputError::Empty {
                path: source.name,
                list: which.lister(),
            });
        }
        inputs
            .remarks
            .extend(source.notes.into_iter().map(|text| Remark {
                path: source.name.clone(),
                text,
                incomplete: true,
            }));
        Ok(inputs)
    }

    /// Takes what the caller has read himself, `limited` where it stopped at the limit.
    ///
    /// # Errors
    /// As for [`Reading::file`].
    pub fn owned(&self, name: String, bytes: Vec<u8>, limited: bool) -> Result<Source, InputError> {
        self.unpack(name, Bytes::Owned(bytes), limited)
    }

    fn open(&self, name: String, file: File) -> Result<Source, InputError> {
        let about = file
            .metadata()
            .map_err(|cause| InputError::reading(&name, cause))?;
        if about.is_dir() {
            return Err(InputError::Directory { path: name });
        }
        let mapped = Mapped::new(&file, self.max_bytes)
            .map_err(|cause| InputError::reading(&name, cause))?;
        match mapped {
            Some(map) => {
                let limited = about.len() > map.as_bytes().len() as u64;
                self.unpack(name, Bytes::Mapped(map), limited)
            }
            None => {
                let read = decompress::fill(&file, self.max_bytes, self.progress);
                self.finish(name, read)
            }
        }
    }

    /// What a pipe delivered; an error before the first byte is the input's own.
    fn finish(&self, name: String, read: Unpacked) -> Result<Source, InputError> {
        match read.end {
            End::Damaged(cause) if read.bytes.is_empty() => Err(InputError::reading(&name, cause)),
            End::Damaged(cause) => {
                let note = format!("reading stopped after {} bytes: {cause}", read.bytes.len());
                let mut source = self.unpack(name, read.bytes, false)?;
                source.truncated = true;
                source.notes.insert(0, note);
                Ok(source)
            }
            End::NoRoom(cause) => {
                let note = no_room(&read.bytes, &cause);
                let mut source = self.unpack(name, read.bytes, false)?;
                source.cut_short(note);
                Ok(source)
            }
            End::Limit => self.unpack(name, read.bytes, true),
            End::Complete => self.unpack(name, read.bytes, false),
        }
    }

    /// Takes compression off until text is left.
    fn unpack(&self, name: String, bytes: Bytes, limited: bool) -> Result<Source, InputError> {
        let mut source = Source {
            name,
            truncated: limited,
            limited,
            notes: Vec::new(),
            bytes,
        };
        let mut limit_reached = limited;
        for _ in 0..MAX_LAYERS {
            match Kind::of(source.bytes()) {
                Kind::Text | Kind::Archive(_) => break,
                Kind::Foreign(foreign) => {
                    return Err(InputError::Foreign {
                        path: source.name,
                        foreign,
                    });
                }
                Kind::Compressed(how) => limit_reached |= self.decompress(&mut source, how)?,
            }
        }
        if limit_reached {
            source.notes.push(format!(
                "only the first {} bytes were read: the limit set by --max-bytes",
                self.max_bytes
            ));
        }
        Ok(source)
    }

    /// Takes one layer of compression off; true where that reached the limit.
    fn decompress(&self, source: &mut Source, how: Compression) -> Result<bool, InputError> {
        let unpacked = how.unpack(source.bytes(), self.max_bytes, self.progress);
        let limit_reached = matches!(unpacked.end, End::Limit);
        match unpacked.end {
            End::Complete => {}
            End::Limit => {
                source.truncated = true;
                source.limited = true;
            }
            End::Damaged(cause) if unpacked.bytes.is_empty() => {
                return Err(InputError::Damaged {
                    path: source.name.clone(),
                    how: how.word(),
                    cause,
                });
            }
            End::Damaged(cause) => {
                source.truncated = true;
                source.notes.push(format!(
                    "the {} data is damaged or cut after {} decompressed bytes ({cause}); what stands before is analysed",
                    how.word(),
                    unpacked.bytes.len(),
                ));
            }
            End::NoRoom(cause) => source.cut_short(no_room(&unpacked.bytes, &cause)),
        }
        source.bytes = unpacked.bytes;
        Ok(limit_reached)
    }
}

/// What one path gave.
#[derive(Debug, Default)]
pub struct Inputs {
    /// The file, or the members of an archive in its order.
    pub sources: Vec<Source>,
    /// What of an archive was not read, and why.
    pub remarks: Vec<Remark>,
}

/// Collects the members of an archive.
struct Members<'r, 'p> {
    reading: &'r Reading<'p>,
    inputs: Inputs,
}

impl Visitor for Members<'_, '_> {
    fn text(&mut self, name: &str, stream: &mut dyn Read) {
        let read = decompress::fill(stream, u64::MAX, self.reading.progress);
        self.inputs.sources.push(Source {
            name: name.to_owned(),
            truncated: false,
            limited: false,
            notes: Vec::new(),
            bytes: read.bytes,
        });
        if let End::NoRoom(cause) = read.end
            && let Some(source) = self.inputs.sources.last_mut()
        {
            source.cut_short(no_room(&source.bytes, &cause));
        }
    }

    fn remark(&mut self, remark: Remark) {
        let last = self.inputs.sources.last_mut();
        match last.filter(|source| source.name == remark.path) {
            Some(source) => {
                source.truncated = true;
                source.limited |= remark.incomplete;
                source.notes.push(remark.text);
            }
            None => self.inputs.remarks.push(remark),
        }
    }
}

/// What to do where neither memory nor disk takes an input.
fn no_room(read: &Bytes, cause: &io::Error) -> String {
    format!(
        "only the first {} bytes were read: longer inputs from a pipe or a compressed file need a temporary file, and {} takes none ({cause}); make room there, or set TMPDIR to a directory that has it, or pass the input as a plain file",
        read.len(),
        std::env::temp_dir().display()
    )
}

/// Standard input as a file of its own, where it is a regular file that nobody has read from yet.
#[cfg(unix)]
fn stdin_file() -> Option<File> {
    use std::os::fd::AsFd;
    let owned = io::stdin().as_fd().try_clone_to_owned().ok()?;
    let mut file = File::from(owned);
    let regular = file.metadata().ok()?.is_file();
    (regular && file.stream_position().ok()? == 0).then_some(file)
}

/// Other systems read it as a pipe.
#[cfg(not(unix))]
fn stdin_file() -> Option<File> {
    None
}

#[cfg(test)]
mod tests;
