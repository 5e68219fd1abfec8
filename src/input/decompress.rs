//! Reading streams to the end, with a limit, keeping what came before any damage.
//!
//! Called by [`super::Reading`] for pipes ([`fill`]) and for compressed contents ([`Compression::unpack`]), and by [`super::archive`],
//! which reads streams ([`Compression::reader`]). Several gzip members, zstd frames or bzip2 and xz streams behind one another, as log
//! rotation and parallel compressors write them, are one text.

use super::kind::Compression;
use super::spool::{Bytes, Spool};
use lzma_rust2::XzReader;
use std::io::{self, BufRead, Read};

/// Bytes asked for at a time: large enough to be fast, small enough for a steady progress bar.
const STEP: u64 = 4 << 20;

/// Memory that an xz stream may ask for: the dictionary of `xz -9` takes 64 MiB, and a hostile header could ask for four gigabytes.
const XZ_MEMORY_KIB: u32 = 80 << 10;

/// What a stream gave.
#[derive(Debug)]
pub struct Unpacked {
    /// All bytes up to the end, the limit or the damage.
    pub bytes: Bytes,
    /// Why it ended.
    pub end: End,
}

/// Why reading ended.
#[derive(Debug)]
pub enum End {
    /// The stream was over.
    Complete,
    /// There is more than the limit allows.
    Limit,
    /// There is more than memory may take, and no temporary file takes it.
    NoRoom(io::Error),
    /// It could not be read further.
    Damaged(io::Error),
}

impl Compression {
    /// Decompresses all members or frames of `packed`, up to `max_bytes`.
    pub fn unpack(
        self,
        packed: &[u8],
        max_bytes: u64,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Unpacked {
        match self.reader(packed) {
            Ok(decoder) => fill(decoder, max_bytes, progress),
            Err(cause) => Unpacked {
                bytes: Bytes::Owned(Vec::new()),
                end: End::Damaged(cause),
            },
        }
    }

    /// The decompressed text of `packed`, as a stream.
    pub fn reader<'r>(self, packed: impl BufRead + 'r) -> io::Result<Box<dyn Read + 'r>> {
        Ok(match self {
            Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(packed)),
            Compression::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(packed)?),
            Compression::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(packed)),
            Compression::Xz => Box::new(XzReader::new_mem_limit(packed, true, XZ_MEMORY_KIB)),
        })
    }
}

/// Reads `stream` to its end or to `max_bytes`, telling `progress` of every piece.
pub fn fill(mut stream: impl Read, max_bytes: u64, progress: &(dyn Fn(u64) + Sync)) -> Unpacked {
    let mut spool = Spool::default();
    let end = loop {
        let room = max_bytes.saturating_sub(spool.length());
        if room == 0 || spool.is_full() {
            break beyond(&mut stream);
        }
        match spool.read(stream.by_ref(), STEP.min(room)) {
            Ok(0) => break End::Complete,
            Ok(count) => progress(count as u64),
            Err(cause) => break End::Damaged(cause),
        }
    };
    let full = spool.is_full();
    let (bytes, refused) = spool.finish();
    let end = match (end, refused) {
        (End::Limit, Some(cause)) if full => End::NoRoom(cause),
        (end, _) => end,
    };
    Unpacked { bytes, end }
}

/// Whether anything is left at the limit.
fn beyond(stream: &mut impl Read) -> End {
    match stream.take(1).read_to_end(&mut Vec::with_capacity(1)) {
        Ok(0) => End::Complete,
        Ok(_) => End::Limit,
        Err(cause) => End::Damaged(cause),
    }
}
