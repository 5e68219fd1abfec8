//! Go's hash on 386 with AES instructions, the same from Go 1.19 to 1.27.
//!
//! Called through [`super::Hasher`]; read [`super::aes_amd64`] first. Seeds and results have 32 bits, the schedule has 64 bytes. Up to
//! 64 bytes of data go as on amd64. Longer data takes 64 bytes a turn and, other than there, is itself the state:
//!
//! ```text
//!     65 …       state i = one round of (last 64 bytes, block i), keyed by start i
//!                for every whole 64 bytes from the front: a round with the data as the key, a round with itself
//!                three rounds each, then all folded into one
//! ```

use super::aes_amd64::{keyed, plain, thrice, up_to_64};
use super::rounds::{BLOCK, Block, Schedule, block, block_at, enc, fold, low, schedule, xor};

/// Bytes that one turn over long data takes.
const STRIDE: usize = 64;

/// Blocks of a turn, and pieces of the schedule.
const LANES: usize = STRIDE / BLOCK;

/// The functions of one process.
#[derive(Clone, Debug)]
pub struct Aes386 {
    schedule: Schedule,
}

impl Aes386 {
    /// From `aeskeysched`, of which 64 bytes are used.
    pub(super) fn new(aeskeysched: &[u8]) -> Self {
        Self {
            schedule: schedule(aeskeysched),
        }
    }

    /// `memhash32`
    pub(super) fn word32(&self, value: u32, seed: u64) -> u64 {
        self.words(narrow(seed) | u64::from(value) << 32, 0)
    }

    /// `memhash64`: the seed stands behind the word.
    pub(super) fn word64(&self, value: u64, seed: u64) -> u64 {
        self.words(value, narrow(seed))
    }

    fn words(&self, first: u64, second: u64) -> u64 {
        narrow(low(keyed(block(first, second), &self.schedule)))
    }

    /// `memhash`, `strhash`
    pub(super) fn bytes(&self, data: &[u8], seed: u64) -> u64 {
        let plain = plain(narrow(seed), data.len());
        narrow(low(match data.len() {
            0..=64 => up_to_64(data, &plain, &self.schedule),
            _ => self.long(data, &plain),
        }))
    }

    fn long(&self, data: &[u8], plain: &Block) -> Block {
        let mut states = [Block::default(); LANES];
        let last = data.len() - STRIDE;
        for (n, (state, piece)) in states.iter_mut().zip(&self.schedule).enumerate() {
            let start = xor(*plain, piece);
            *state = enc(block_at(data, last + BLOCK * n), &enc(start, &start));
        }
        for turn in 0..(data.len() - 1) / STRIDE {
            for (n, state) in states.iter_mut().enumerate() {
                let keyed = enc(*state, &block_at(data, turn * STRIDE + BLOCK * n));
                *state = enc(keyed, &keyed);
            }
        }
        fold(&states.map(thrice))
    }
}

fn narrow(word: u64) -> u64 {
    word & u64::from(u32::MAX)
}
