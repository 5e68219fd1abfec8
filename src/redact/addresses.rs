//! Words of memory: which are addresses, and what stands in their place.
//!
//! ```text
//! main.(*Cache).Set(0xc00012a000, {0xc00003a010, 0x5}, 0x12d687)
//!                   heap          heap           below 256  somebody's number
//! ```
//!
//! What ties goroutines together must still tie: equal words stay equal, and addresses of one 64 KiB piece of the heap stay as far
//! apart as they were, so that a lock inside a struct is still found there. Pieces, and numbers of equal width, are counted in the order of
//! their first appearance. A heap that Go puts at 0xc000000000 (0x4000000000 on some systems) is still there, since that tells versions.

use regex::bytes::Regex;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::OnceLock;

/// Below this a word is a length, a flag or a small count, and stays.
const SMALL: u64 = 0x100;

/// Below this a faulting address is an offset from nil, and stays.
pub const OFFSETS: u64 = 0x1000;

/// Bits of an address within its piece.
const PIECE_BITS: u32 = 16;

/// Bits of an address within its arena (64 MiB): Go asks for its heap in these.
const ARENA_BITS: u32 = 26;

/// Where pieces go: heaps of Go up to 1.25 by their usual bases, and all others.
const LOW_BASE: u64 = 0x40_0000_0000;
const USUAL_BASE: u64 = 0xc0_0000_0000;
const FAR_BASE: u64 = 0x3c00_0000_0000;

/// Every piece gets its place within so many bytes of a base.
const BASE_SPAN: u64 = 1 << 32;

/// The words of a run.
#[derive(Debug, Default)]
pub struct Addresses {
    arenas: FxHashSet<u64>,
    pieces: [FxHashMap<u64, u64>; 3],
    /// By number of hexadecimal digits.
    numbers: FxHashMap<u32, FxHashMap<u64, u64>>,
}

impl Addresses {
    /// Takes note of what stands where only an address can: stack and frame pointers, `g`s, receivers, what races are on.
    pub fn learn(&mut self, text: &[u8]) {
        static PLACES: OnceLock<Option<Regex>> = OnceLock::new();
        let places = PLACES.get_or_init(|| {
            Regex::new(
                r"(?:\b[sfgm]p=|stack=\[|\(\*[^()\s]*\)\.[^()\s]+\(|(?:ead|rite) at )0x0*([0-9a-f]{9,16})\b",
            )
            .ok()
        });
        let Some(places) = places else { return };
        for found in places.captures_iter(text) {
            let digits = found.get(1).map(|digits| digits.as_bytes());
            if let Some(value) = digits.and_then(value) {
                self.arenas.insert(value >> ARENA_BITS);
            }
        }
    }

    /// What stands in the place of a word.
    pub fn replace(&mut self, value: u64) -> u64 {
        if value < SMALL || !value < SMALL {
            return value;
        }
        match self.base(value) {
            Some((family, base)) => {
                let piece = value >> PIECE_BITS;
                let pieces = self.pieces.get_mut(family);
                let n = pieces.map_or(0, |pieces| {
                    let next = pieces.len() as u64;
                    *pieces.entry(piece).or_insert(next)
                });
                base + (n << PIECE_BITS) + (value & ((1 << PIECE_BITS) - 1))
            }
            None => {
                let width = (u64::BITS - value.leading_zeros()).div_ceil(4);
                let class = self.numbers.entry(width).or_default();
                let next = class.len() as u64;
                let n = *class.entry(value).or_insert(next);
                (1_u64 << (4 * (width - 1))).wrapping_add(n)
            }
        }
    }

    /// Where an address of the heap goes; `None` for what need not be one.
    fn base(&self, value: u64) -> Option<(usize, u64)> {
        let placed = |base: u64| (base..base + BASE_SPAN).contains(&value);
        let known = self.arenas.contains(&(value >> ARENA_BITS)) && value >> 32 != 0;
        match value >> 32 {
            0xc0 => Some((0, USUAL_BASE)),
            0xc1..=0xff if known => Some((0, USUAL_BASE)),
            0x40..=0x7f if known => Some((1, LOW_BASE)),
            _ if known || placed(FAR_BASE) => Some((2, FAR_BASE)),
            _ if placed(LOW_BASE) => Some((1, LOW_BASE)),
            _ => None,
        }
    }
}

/// `c00012a000` as a number.
pub fn value(digits: &[u8]) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_within_a_struct_stay() {
        let mut words = Addresses::default();
        let receiver = words.replace(0xc0_0012_a000);
        assert_eq!(receiver >> 32, 0xc0);
        assert_eq!(words.replace(0xc0_0012_a010) - receiver, 0x10);
        assert_eq!(words.replace(0xc0_0012_a000), receiver);
        assert_ne!(words.replace(0xc0_0092_a000), receiver);
    }

    #[test]
    fn numbers_of_somebody_are_counted_and_small_ones_stay() {
        let mut words = Addresses::default();
        assert_eq!(
            [0, 5, 0xff, u64::MAX].map(|word| words.replace(word)),
            [0, 5, 0xff, u64::MAX]
        );
        assert_eq!(words.replace(0x12d687), 0x100000);
        assert_eq!(words.replace(0x99d687), 0x100001);
        assert_eq!(words.replace(0x12d687), 0x100000);
        // A telephone number is not taken for an address.
        assert_eq!(words.replace(491_701_234_567), 0x10_0000_0000);
    }

    #[test]
    fn a_heap_elsewhere_is_known_by_its_receivers() {
        let mut words = Addresses::default();
        words.learn(b"main.(*Cache).Set(0x3320e19060f0, 0x5)\n\t/app/main.go:20");
        let receiver = words.replace(0x3320_e190_60f0);
        assert_eq!(words.replace(0x3320_e190_6100) - receiver, 0x10);
        let again = &mut Addresses::default();
        assert_eq!(again.replace(receiver), receiver);
    }
}
