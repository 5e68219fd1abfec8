//! Go's hash on amd64 with AES instructions, the same from Go 1.19 to 1.27.
//!
//! Called through [`super::Hasher`]; [`super::rounds`] has the rounds and their notation. Every length class makes its start values
//! from the seed, the length and the process's schedule, lays the data over them, and scrambles:
//!
//! ```text
//!     plain      = seed (8 bytes) | length (2 bytes) four times
//!     start i    = one round of plain ^ schedule i, with itself as the key
//!
//!     0          start 0, one round more
//!     1 to 16    data padded with zeros ^ start 0               three rounds
//!     17 to 32   first 16, last 16 bytes  ^ start 0 and 1       three rounds each, then all folded into one
//!     33 to 64   first 32, last 32        ^ start 0 to 3        likewise
//!     65 to 128  first 64, last 64        ^ start 0 to 7        likewise
//!     129 …      last 128 ^ start 0 to 7, then for every whole 128 bytes from the front: a round with itself, a round with
//!                the data as the key; at the end likewise
//! ```
//!
//! The result is the low word. Words of 4 and 8 bytes (`memhash32`, `memhash64`) have a form of their own: the seed and the word side
//! by side, and three rounds keyed by the schedule.

use super::rounds::{
    Block, Schedule, States, block, both_ends, eight_at, enc, enc_all, enc_self_all, fold, low,
    padded, schedule, xor, xor_all,
};

/// Bytes that one turn over long data takes.
const STRIDE: usize = 128;

/// The functions of one process.
#[derive(Clone, Debug)]
pub struct AesAmd64 {
    schedule: Schedule,
}

impl AesAmd64 {
    /// From `aeskeysched`, 128 bytes.
    pub(super) fn new(aeskeysched: &[u8]) -> Self {
        Self {
            schedule: schedule(aeskeysched),
        }
    }

    /// `memhash32`: the word zero-extended.
    pub(super) fn word32(&self, value: u32, seed: u64) -> u64 {
        self.word64(u64::from(value), seed)
    }

    /// `memhash64`
    #[inline]
    pub(super) fn word64(&self, value: u64, seed: u64) -> u64 {
        low(keyed(block(seed, value), &self.schedule))
    }

    /// `memhash`, `strhash`
    #[inline]
    pub(super) fn bytes(&self, data: &[u8], seed: u64) -> u64 {
        let plain = plain(seed, data.len());
        low(match data.len() {
            0..=64 => up_to_64(data, &plain, &self.schedule),
            65..=128 => ends::<8>(data, &plain, &self.schedule),
            _ => self.long(data, &plain),
        })
    }

    fn long(&self, data: &[u8], plain: &Block) -> Block {
        let mut states = starts(plain, &self.schedule);
        xor_all(&mut states, &eight_at(data, data.len() - STRIDE));
        // The last stretch is the one above, even where it is whole.
        for turn in 0..(data.len() - 1) / STRIDE {
            enc_self_all(&mut states);
            enc_all(&mut states, &eight_at(data, turn * STRIDE));
        }
        scramble(&mut states);
        fold(&states)
    }
}

/// Seed and length, which all start values are made of. The length counts modulo 2^16.
#[inline]
pub(super) fn plain(seed: u64, length: usize) -> Block {
    block(seed, (length as u64 & 0xffff) * 0x0001_0001_0001_0001)
}

/// Three rounds keyed by the schedule.
#[inline]
pub(super) fn keyed(x: Block, schedule: &Schedule) -> Block {
    let [first, second, third, ..] = schedule;
    enc(enc(enc(x, first), second), third)
}

/// Three rounds of the state with itself.
#[inline]
pub(super) fn thrice(mut x: Block) -> Block {
    for _ in 0..3 {
        x = enc(x, &x);
    }
    x
}

/// The first four length classes, which 386 shares.
#[inline]
pub(super) fn up_to_64(data: &[u8], plain: &Block, schedule: &Schedule) -> Block {
    match data.len() {
        0 => {
            let start = start(plain, &schedule[0]);
            enc(start, &start)
        }
        1..=15 => thrice(xor(padded(data), &start(plain, &schedule[0]))),
        16 => {
            let [data, _] = both_ends::<2>(data);
            thrice(xor(data, &start(plain, &schedule[0])))
        }
        17..=32 => ends::<2>(data, plain, schedule),
        _ => ends::<4>(data, plain, schedule),
    }
}

#[inline]
fn start(plain: &Block, piece: &Block) -> Block {
    let x = xor(*piece, plain);
    enc(x, &x)
}

/// All eight lanes go through the rounds, as that costs no more than two; the first `N` count.
#[inline]
fn ends<const N: usize>(data: &[u8], plain: &Block, schedule: &Schedule) -> Block {
    let mut states = starts(plain, schedule);
    for (state, block) in states.iter_mut().zip(&both_ends::<N>(data)) {
        *state = xor(*state, block);
    }
    scramble(&mut states);
    fold(&states[..N])
}

#[inline]
fn starts(plain: &Block, schedule: &Schedule) -> States {
    let mut states = States::from(*schedule);
    xor_all(&mut states, &States::from([*plain; 8]));
    enc_self_all(&mut states);
    states
}

/// [`thrice`] of eight.
fn scramble(states: &mut States) {
    for _ in 0..3 {
        enc_self_all(states);
    }
}
