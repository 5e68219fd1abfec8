//! A regular file as a slice of memory: the one file of the crate that needs `unsafe`.
//!
//! Called by [`super::Reading`]. Mapping spares the copy of a large dump. The risk is documented, not hidden: when another process
//! truncates the file while it is mapped, touching the lost pages ends this process with SIGBUS. Logs that are rotated by
//! `copytruncate` can do that; piping the file in (`gotriage < log` maps it too, `cat log | gotriage` maps at most a copy) avoids it.

#![allow(unsafe_code)]

use memmap2::{Mmap, MmapOptions, UncheckedAdvice};
use std::fs::File;
use std::io;

/// Bytes of a file that are brought in as soon as it is mapped. All of a longer one would only drive other things out of memory.
const AT_ONCE: usize = 16 << 20;

/// A read-only map of a file's beginning.
#[derive(Debug)]
pub struct Mapped(Mmap);

impl Mapped {
    /// Maps up to `max_bytes` of `file`; `None` where it cannot be mapped and has to be read (empty, special, or a file system
    /// without maps).
    pub fn new(file: &File, max_bytes: u64) -> io::Result<Option<Self>> {
        let about = file.metadata()?;
        // Files of /proc call themselves regular and empty, so an empty file is read as well.
        let length = usize::try_from(about.len().min(max_bytes)).unwrap_or(usize::MAX);
        if !about.is_file() || length == 0 {
            return Ok(None);
        }
        let mut options = MmapOptions::new();
        options.len(length);
        if length <= AT_ONCE {
            options.populate();
        }
        // SAFETY: the map is private to this value and read-only; the bytes may change under us if another process writes the file,
        // which the parsers bear because they treat every byte as untrusted and keep no length read from it.
        let map = unsafe { options.map(file) };
        Ok(map.ok().map(Self))
    }

    /// Gives the memory back; what is looked at again is read again.
    pub fn release(&self) {
        // SAFETY: the map is of a file and never written, so its pages come back with the file's bytes.
        let _ = unsafe { self.0.unchecked_advise(UncheckedAdvice::DontNeed) };
    }

    /// The mapped bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}
