//! The contents of one input: mapped from a file, or held in memory; and streams that are too long for memory.
//!
//! A pipe or a decompressor may deliver any amount. [`Spool`] keeps the first [`IN_MEMORY`] bytes in memory; what is longer goes to a
//! temporary file without a name, which is mapped as if it had been passed, and is gone with this process, however it ends. Where
//! no such file can be written, memory has to do, up to [`WITHOUT_DISK`]. Used by [`super::decompress::fill`]; read [`Spool::read`]
//! first.

use super::mmap::Mapped;
use std::fs::File;
use std::io::{self, Read, Seek, Write};

/// Bytes of a stream kept in memory: more than nearly every log and dump has, little beside what the analysis of more takes.
const IN_MEMORY: usize = 16 << 20;

/// Bytes kept in memory where no temporary file takes them: sixteen of the largest dumps, and less than what ends most containers.
const WITHOUT_DISK: usize = 1 << 30;

/// The contents of an input.
#[derive(Debug)]
pub enum Bytes {
    /// Of a file.
    Mapped(Mapped),
    /// In memory.
    Owned(Vec<u8>),
}

impl Bytes {
    /// As a slice.
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Bytes::Mapped(map) => map.as_bytes(),
            Bytes::Owned(bytes) => bytes,
        }
    }

    /// True where there are none.
    pub fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.as_slice().len()
    }
}

/// What bounds a spool; other than the constants only in tests.
#[derive(Clone, Copy)]
struct Bounds {
    in_memory: usize,
    without_disk: usize,
    /// Makes the temporary file.
    create: fn() -> io::Result<File>,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            in_memory: IN_MEMORY,
            without_disk: WITHOUT_DISK,
            create: tempfile::tempfile,
        }
    }
}

/// Takes a stream in pieces.
#[derive(Default)]
pub struct Spool {
    bounds: Bounds,
    /// All bytes, or those that are not in the file yet.
    bytes: Vec<u8>,
    file: Option<File>,
    /// Bytes in the file.
    written: u64,
    /// Why there is no file.
    refused: Option<io::Error>,
}

impl Spool {
    /// Bytes so far.
    pub fn length(&self) -> u64 {
        self.written + self.bytes.len() as u64
    }

    /// Reads up to `most` bytes; 0 at the stream's end. What came before an error is kept.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn read(&mut self, stream: impl Read, most: u64) -> io::Result<usize> {
        let read = stream.take(most).read_to_end(&mut self.bytes);
        let much = self.bytes.len() > self.bounds.in_memory;
        if self.refused.is_none() && (self.file.is_some() || much) {
            self.write();
        }
        read
    }

    /// True where memory is used up and there is no file.
    pub fn is_full(&self) -> bool {
        self.refused.is_some() && self.bytes.len() >= self.bounds.without_disk
    }

    /// Everything, and why it had to stay in memory, if it had to.
    pub fn finish(mut self) -> (Bytes, Option<io::Error>) {
        let Some(file) = self.file.take() else {
            return (Bytes::Owned(self.bytes), self.refused);
        };
        match Mapped::new(&file, self.written) {
            Ok(Some(map)) => (Bytes::Mapped(map), None),
            // A file system without maps.
            _ => {
                self.take_back(file);
                (Bytes::Owned(self.bytes), self.refused)
            }
        }
    }

    /// Moves what is in memory to the file.
    fn write(&mut self) {
        let file = match self.file.take() {
            Some(file) => Ok(file),
            None => (self.bounds.create)(),
        };
        let mut file = match file {
            Ok(file) => file,
            Err(cause) => {
                self.refused = Some(cause);
                return;
            }
        };
        match file.write_all(&self.bytes) {
            Ok(()) => {
                self.written += self.bytes.len() as u64;
                self.bytes.clear();
                self.file = Some(file);
            }
            Err(cause) => {
                self.take_back(file);
                self.refused = Some(cause);
            }
        }
    }

    /// Puts what the file has before what is in memory.
    fn take_back(&mut self, mut file: File) {
        let rest = std::mem::take(&mut self.bytes);
        let read = file
            .rewind()
            .and_then(|()| file.take(self.written).read_to_end(&mut self.bytes));
        if let Err(cause) = read {
            self.refused = Some(cause);
        }
        self.written = 0;
        self.bytes.extend(rest);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Bytes that tell where they stand.
    fn numbered(count: u32) -> Vec<u8> {
        (0..count).flat_map(u32::to_le_bytes).collect()
    }

    /// A spool that took `stream`, in pieces of 1000 bytes, until it was full.
    fn spooled(stream: &[u8], bounds: Bounds) -> (Bytes, Option<io::Error>) {
        let mut spool = Spool {
            bounds,
            ..Spool::default()
        };
        let mut rest = stream;
        while !spool.is_full() && spool.read(&mut rest, 1000).unwrap() > 0 {
            assert!(spool.bytes.len() <= bounds.in_memory + 1000 || spool.refused.is_some());
        }
        spool.finish()
    }

    fn bounds(create: fn() -> io::Result<File>) -> Bounds {
        Bounds {
            in_memory: 5_000,
            without_disk: 50_000,
            create,
        }
    }

    #[test]
    fn short_streams_stay_in_memory_and_long_ones_go_to_disk() {
        for (count, mapped) in [(0, false), (1_250, false), (1_251, true), (20_001, true)] {
            let stream = numbered(count);
            let (bytes, refused) = spooled(&stream, bounds(tempfile::tempfile));
            assert_eq!(bytes.as_slice(), stream, "{count}");
            assert_eq!(matches!(bytes, Bytes::Mapped(_)), mapped, "{count}");
            assert!(refused.is_none());
        }
    }

    #[test]
    fn without_a_directory_for_it_memory_takes_the_rest_up_to_a_limit() {
        let nowhere = || File::create_new("/nowhere/at/all");
        let stream = numbered(10_000);
        let (bytes, refused) = spooled(&stream, bounds(nowhere));
        assert_eq!(bytes.as_slice(), stream);
        assert_eq!(refused.unwrap().kind(), io::ErrorKind::NotFound);
        let stream = numbered(30_000);
        let (bytes, _) = spooled(&stream, bounds(nowhere));
        assert_eq!(bytes.as_slice(), stream.get(..50_000).unwrap());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_costs_nothing_that_was_read() {
        let full = || File::options().read(true).write(true).open("/dev/full");
        let stream = numbered(10_000);
        let (bytes, refused) = spooled(&stream, bounds(full));
        assert_eq!(bytes.as_slice(), stream);
        assert_eq!(refused.unwrap().kind(), io::ErrorKind::StorageFull);
    }

    #[test]
    fn what_is_in_the_file_comes_back_in_its_place() {
        let mut spool = Spool {
            bounds: bounds(tempfile::tempfile),
            ..Spool::default()
        };
        let stream = numbered(3_000);
        let (first, second) = stream.split_at(8_000);
        spool.read(first, 8_000).unwrap();
        assert_eq!((spool.written, spool.bytes.len()), (8_000, 0));
        let file = spool.file.take().unwrap();
        spool.bytes.extend(second);
        spool.take_back(file);
        assert_eq!(spool.bytes, stream);
    }
}
