//! Go's hash of 32-bit machines without AES instructions (arm, mipsle, 386 with `GODEBUG=cpu.aes=off`); wasm's from Go 1.26.
//!
//! Called through [`super::Hasher`]. The narrow brother of [`super::fallback64`]: two halves, and one step that mixes them.
//!
//! ```text
//!     mix(a, b)  = low and high half of the 64-bit product (a ^ key 1) * (b ^ key 2)
//!
//!     start      a, b = mix(seed, length ^ key 0)
//!     0          a ^ b
//!     1 …        while more than 8 are left: lay the next 4 and 4 bytes over a and b, mix
//!                4 to 8: the first and the last 4 bytes over a and b; 1 to 3: first, middle and last byte over b
//!                mix, mix, a ^ b
//! ```

use super::fallback64::{first32, last32, three};

/// The functions of one process.
#[derive(Clone, Debug)]
pub struct Fallback32 {
    keys: [u32; 3],
}

impl Fallback32 {
    /// From `hashkey`, of which three low halves are used.
    pub(super) fn new(hashkey: [u64; 4]) -> Self {
        let [first, second, third, _] = hashkey.map(|word| word as u32);
        Self {
            keys: [first, second, third],
        }
    }

    /// `memhash32`
    pub(super) fn word32(&self, value: u32, seed: u64) -> u64 {
        let (a, b) = self.start(seed, size_of::<u32>());
        self.end(a ^ value, b ^ value)
    }

    /// `memhash64`
    pub(super) fn word64(&self, value: u64, seed: u64) -> u64 {
        let (a, b) = self.start(seed, size_of::<u64>());
        self.end(a ^ value as u32, b ^ (value >> 32) as u32)
    }

    /// `memhash`, `strhash`
    pub(super) fn bytes(&self, data: &[u8], seed: u64) -> u64 {
        let (mut a, mut b) = self.start(seed, data.len());
        if data.is_empty() {
            return u64::from(a ^ b);
        }
        let mut rest = data;
        while let Some((turn, behind)) = rest.split_first_chunk::<8>()
            && !behind.is_empty()
        {
            (a, b) = self.mix(a ^ first32(turn), b ^ last32(turn));
            rest = behind;
        }
        match rest.len() {
            1..=3 => self.end(a, b ^ three(rest)),
            _ => self.end(a ^ first32(rest), b ^ last32(rest)),
        }
    }

    fn start(&self, seed: u64, length: usize) -> (u32, u32) {
        self.mix(seed as u32, length as u32 ^ self.keys[0])
    }

    fn mix(&self, a: u32, b: u32) -> (u32, u32) {
        let product = u64::from(a ^ self.keys[1]) * u64::from(b ^ self.keys[2]);
        (product as u32, (product >> 32) as u32)
    }

    fn end(&self, a: u32, b: u32) -> u64 {
        let (a, b) = self.mix(a, b);
        let (a, b) = self.mix(a, b);
        u64::from(a ^ b)
    }
}
