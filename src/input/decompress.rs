//! Reading streams to the end, with a limit, keeping what came before any damage.
//!
//! Called by [`super::Reading`] for pipes ([`fill`]) and for gzip and zstd contents ([`Compression::unpack`]). Several gzip members
//! or zstd frames behind one another, as log rotation and parallel compressors write them, are one text.

use super::kind::Compression;
use std::io::{self, Read};

/// Bytes asked for at a time: large enough to be fast, small enough for a steady progress bar.
const STEP: u64 = 4 << 20;

/// What a stream gave.
#[derive(Debug)]
pub struct Unpacked {
    /// All bytes up to the end, the limit or the damage.
    pub bytes: Vec<u8>,
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
        match self {
            Compression::Gzip => fill(
                flate2::bufread::MultiGzDecoder::new(packed),
                max_bytes,
                progress,
            ),
            Compression::Zstd => match zstd::stream::read::Decoder::with_buffer(packed) {
                Ok(decoder) => fill(decoder, max_bytes, progress),
                Err(cause) => Unpacked {
                    bytes: Vec::new(),
                    end: End::Damaged(cause),
                },
            },
        }
    }
}

/// Reads `stream` to its end or to `max_bytes`, telling `progress` of every piece.
pub fn fill(mut stream: impl Read, max_bytes: u64, progress: &(dyn Fn(u64) + Sync)) -> Unpacked {
    let mut bytes = Vec::new();
    let end = loop {
        let room = max_bytes.saturating_sub(bytes.len() as u64);
        if room == 0 {
            break beyond(&mut stream);
        }
        match stream.by_ref().take(STEP.min(room)).read_to_end(&mut bytes) {
            Ok(0) => break End::Complete,
            Ok(count) => progress(count as u64),
            Err(cause) => break End::Damaged(cause),
        }
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
