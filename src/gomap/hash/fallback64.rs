//! Go's hash of 64-bit machines without AES instructions, or with `GODEBUG=cpu.aes=off`; wasm's up to Go 1.25.
//!
//! Called through [`super::Hasher`]. A relative of wyhash: everything rests on one step, a multiplication whose halves are folded.
//!
//! ```text
//!     mix(a, b)  = high word ^ low word of the 128-bit product a * b
//!
//!     state      = seed ^ key 0
//!     0          state
//!     1 to 16    a, b: two words that overlap over the data (1 to 3 bytes: first, middle and last byte; b = 0)
//!     17 …       while more than 48 are left: three lanes of 16 bytes; while more than 16 are left: one lane
//!                a, b: the last 16 bytes
//!     result     mix(length ^ constant, mix(a ^ key 1, b ^ state))
//! ```
//!
//! Up to Go 1.22 only key 0 is the process's secret, laid over a constant; from 1.23 all four are.

use crate::goruntime::maprules::FallbackKeys;

/// What the length is laid over at the end.
const END: u64 = 0x1d8e_4e27_c47d_124f;

/// What key 0 is laid over, and the other three keys, up to Go 1.22.
const FIXED: [u64; 4] = [
    0xa076_1d64_78bd_642f,
    0xe703_7ed1_a0b4_28db,
    0x8ebc_6af0_9c88_c6e3,
    0x5899_65cc_7537_4cc3,
];

/// The functions of one process.
#[derive(Clone, Debug)]
pub struct Fallback64 {
    keys: [u64; 4],
}

impl Fallback64 {
    /// From `hashkey`.
    pub(super) fn new(hashkey: [u64; 4], form: FallbackKeys) -> Self {
        let [_, second, third, fourth] = FIXED;
        let keys = match form {
            FallbackKeys::First => [hashkey[0] ^ FIXED[0], second, third, fourth],
            FallbackKeys::All => hashkey,
        };
        Self { keys }
    }

    /// `memhash32`
    pub(super) fn word32(&self, value: u32, seed: u64) -> u64 {
        self.end(
            u64::from(value),
            u64::from(value),
            seed ^ self.keys[0],
            size_of::<u32>(),
        )
    }

    /// `memhash64`
    pub(super) fn word64(&self, value: u64, seed: u64) -> u64 {
        self.end(value, value, seed ^ self.keys[0], size_of::<u64>())
    }

    /// `memhash`, `strhash`
    pub(super) fn bytes(&self, data: &[u8], seed: u64) -> u64 {
        let state = seed ^ self.keys[0];
        let (a, b, state) = match data.len() {
            0 => return state,
            1..=3 => (u64::from(three(data)), 0, state),
            4..=7 => (u64::from(first32(data)), u64::from(last32(data)), state),
            8..=16 => (first64(data), last64(data), state),
            length => {
                let state = self.long(data, state);
                let (front, last) = data.split_at(length - 8);
                (last64(front), first64(last), state)
            }
        };
        self.end(a, b, state, data.len())
    }

    /// All but the last 16 bytes, or fewer.
    fn long(&self, data: &[u8], mut state: u64) -> u64 {
        let [_, key1, key2, key3] = self.keys;
        let lane =
            |lane: &[u8], key: u64, state: u64| mix(first64(lane) ^ key, last64(lane) ^ state);
        let mut rest = data;
        if rest.len() > 48 {
            let (mut second, mut third) = (state, state);
            while let Some((turn, behind)) = rest.split_first_chunk::<48>()
                && !behind.is_empty()
            {
                state = lane(&turn[..16], key1, state);
                second = lane(&turn[16..32], key2, second);
                third = lane(&turn[32..], key3, third);
                rest = behind;
            }
            state ^= second ^ third;
        }
        while let Some((turn, behind)) = rest.split_first_chunk::<16>()
            && !behind.is_empty()
        {
            state = lane(turn, key1, state);
            rest = behind;
        }
        state
    }

    fn end(&self, a: u64, b: u64, state: u64, length: usize) -> u64 {
        mix(END ^ length as u64, mix(a ^ self.keys[1], b ^ state))
    }
}

fn mix(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product >> 64) as u64 ^ product as u64
}

/// First, middle and last byte of one to three.
pub(super) fn three(data: &[u8]) -> u32 {
    let byte = |at: usize| u32::from(data.get(at).copied().unwrap_or(0));
    byte(0) | byte(data.len() / 2) << 8 | byte(data.len().saturating_sub(1)) << 16
}

pub(super) fn first32(data: &[u8]) -> u32 {
    u32::from_le_bytes(data.first_chunk().copied().unwrap_or_default())
}

pub(super) fn last32(data: &[u8]) -> u32 {
    u32::from_le_bytes(data.last_chunk().copied().unwrap_or_default())
}

fn first64(data: &[u8]) -> u64 {
    u64::from_le_bytes(data.first_chunk().copied().unwrap_or_default())
}

fn last64(data: &[u8]) -> u64 {
    u64::from_le_bytes(data.last_chunk().copied().unwrap_or_default())
}
