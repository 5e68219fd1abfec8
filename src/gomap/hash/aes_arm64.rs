//! Go's hash on arm64 with AES instructions; 1.19 ended short data otherwise, 1.27 changed the hash of four bytes.
//!
//! Called through [`super::Hasher`]; read [`super::aes_amd64`] first, [`super::rounds`] has the rounds and their notation. arm64's
//! instruction lays the key over the state before it substitutes, so the construction differs throughout:
//!
//! ```text
//!     base       = seed (8 bytes) | length (8 bytes)
//!     start i    = stir(schedule i, base)
//!
//!     0          start 0
//!     1 to 15    data packed: 8, 4, 2, 1 bytes at 0, 8, 12, 14, each where the length has that bit
//!     1 to 16    stir, stir, stir with start 0 (1.19: stir, stir, settle)
//!     17 to 128  first and last blocks as on amd64, each stir, stir, settle with its start; then all folded into one
//!     129 …      data i = last 128 bytes, block i; state i = start i
//!                for every whole 128 bytes from the front: state = stir(state, data); data = the block there; stir again
//!                each stir, stir, settle with its data; then all folded into one
//! ```

use super::rounds::{
    BLOCK, Block, Schedule, States, block, both_ends, eight_at, fold, low, schedule, settle, stir,
    stir_all,
};
use crate::goruntime::maprules::{Arm64End, Arm64Word};

/// Bytes that one turn over long data takes.
const STRIDE: usize = 128;

/// The functions of one process.
#[derive(Clone, Debug)]
pub struct AesArm64 {
    schedule: Schedule,
    word: Arm64Word,
    end: Arm64End,
}

impl AesArm64 {
    /// From `aeskeysched`, 128 bytes, and what the version does in its own way.
    pub(super) fn new(aeskeysched: &[u8], word: Arm64Word, end: Arm64End) -> Self {
        Self {
            schedule: schedule(aeskeysched),
            word,
            end,
        }
    }

    /// `memhash32`
    pub(super) fn word32(&self, value: u32, seed: u64) -> u64 {
        let value = u64::from(value);
        match self.word {
            Arm64Word::HalfSeed => self.words(seed & u64::from(u32::MAX) | value << 32, 0),
            Arm64Word::WholeSeed => self.words(seed, value),
        }
    }

    /// `memhash64`
    pub(super) fn word64(&self, value: u64, seed: u64) -> u64 {
        self.words(seed, value)
    }

    /// Only the first piece of the schedule, three times.
    fn words(&self, first: u64, second: u64) -> u64 {
        low(scramble(block(first, second), &self.schedule[0]))
    }

    /// `memhash`, `strhash`
    pub(super) fn bytes(&self, data: &[u8], seed: u64) -> u64 {
        let base = block(seed, data.len() as u64);
        low(match data.len() {
            0 => self.start(0, &base),
            1..=16 => self.short(data, &base),
            17..=32 => self.ends::<2>(data, &base),
            33..=64 => self.ends::<4>(data, &base),
            65..=128 => self.ends::<8>(data, &base),
            _ => self.long(data, &base),
        })
    }

    fn start(&self, piece: usize, base: &Block) -> Block {
        stir(self.schedule[piece], base)
    }

    fn short(&self, data: &[u8], base: &Block) -> Block {
        let start = self.start(0, base);
        let stirred = stir(stir(packed(data), &start), &start);
        match self.end {
            Arm64End::Full => stir(stirred, &start),
            Arm64End::Final => settle(stirred, &start),
        }
    }

    fn ends<const N: usize>(&self, data: &[u8], base: &Block) -> Block {
        let mut blocks = both_ends::<N>(data);
        for (block, piece) in blocks.iter_mut().zip(&self.schedule) {
            *block = scramble(*block, &stir(*piece, base));
        }
        fold(&blocks)
    }

    fn long(&self, data: &[u8], base: &Block) -> Block {
        let mut states = States::from(self.schedule);
        stir_all(&mut states, &States::from([*base; 8]));
        let mut blocks = eight_at(data, data.len() - STRIDE);
        for turn in 0..(data.len() - 1) / STRIDE {
            stir_all(&mut states, &blocks);
            blocks = eight_at(data, turn * STRIDE);
            stir_all(&mut states, &blocks);
        }
        for (state, block) in states.iter_mut().zip(&blocks) {
            *state = scramble(*state, block);
        }
        fold(&states)
    }
}

fn scramble(x: Block, key: &Block) -> Block {
    settle(stir(stir(x, key), key), key)
}

/// Up to 16 bytes in a block; fewer than 16 stand apart, by the bits of their number.
fn packed(data: &[u8]) -> Block {
    let mut packed = [0; BLOCK];
    let mut rest = data;
    for (size, place) in [(16, 0), (8, 0), (4, 8), (2, 12), (1, 14)] {
        if data.len() & size != 0
            && let Some((part, behind)) = rest.split_at_checked(size)
        {
            packed[place..place + size].copy_from_slice(part);
            rest = behind;
        }
    }
    Block::from(packed)
}

#[cfg(test)]
mod tests {
    use super::packed;

    #[test]
    fn short_data_stands_where_the_bits_of_its_length_say() {
        let data: Vec<u8> = (1..=16).collect();
        assert_eq!(
            packed(&data[..11]).0,
            [1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 9, 10, 11, 0]
        );
        assert_eq!(packed(&data[..5]).0[8..], [1, 2, 3, 4, 0, 0, 5, 0]);
        assert_eq!(packed(&data).0[..], data);
    }
}
