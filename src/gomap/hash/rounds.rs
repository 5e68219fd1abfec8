//! Single AES rounds over 16-byte blocks: what the three AES hashes are made of.
//!
//! Go does not encrypt: it takes AES rounds because processors have one instruction for them that mixes 16 bytes well.
//!
//! ```text
//!            x ──► SubBytes ──► ShiftRows ──► MixColumns ──► ^ k ──►    enc(x, k): AESENC of amd64 and 386
//!    x ──► ^ k ──► SubBytes ──► ShiftRows ──► MixColumns ──►            stir(x, k): AESE, AESMC of arm64
//!    x ──► ^ k ──► SubBytes ──► ShiftRows ──►                           settle(x, k): AESE alone
//! ```
//!
//! The rounds come from the `aes` crate, which uses the processor's instructions where it has them. The `_all` forms take eight
//! blocks at a time, one for each piece of the schedule.

use aes::hazmat::{Block8, cipher_round, cipher_round_par, inv_mix_columns};
use std::hint::black_box;

/// 16 bytes; numbers in it are little-endian.
pub(super) type Block = aes::Block;

/// Bytes of a block.
pub(super) const BLOCK: usize = 16;

/// `aeskeysched` in pieces.
pub(super) type Schedule = [Block; 8];

/// Eight states.
pub(super) type States = Block8;

/// The pieces of the first 128 bytes of a schedule; what is not there is zero.
pub(super) fn schedule(bytes: &[u8]) -> Schedule {
    let mut pieces = Schedule::default();
    for (piece, bytes) in pieces.iter_mut().zip(bytes.chunks_exact(BLOCK)) {
        piece.copy_from_slice(bytes);
    }
    pieces
}

/// A block of two words.
///
/// The compiler must not know that it comes of two: it would go on with halves, and a round that loads both at once would wait for
/// either to be stored. That would cost a third of the speed.
#[inline]
pub(super) fn block(low: u64, high: u64) -> Block {
    let both = u128::from(low) | u128::from(high) << 64;
    black_box(Block::from(both.to_le_bytes()))
}

/// The low word.
#[inline]
pub(super) fn low(block: Block) -> u64 {
    u128::from_le_bytes(block.0) as u64
}

/// The block at a byte offset; zero where the data ends before it does.
#[inline]
pub(super) fn block_at(data: &[u8], offset: usize) -> Block {
    let bytes = data
        .get(offset..)
        .and_then(|rest| rest.first_chunk::<BLOCK>());
    Block::from(bytes.copied().unwrap_or_default())
}

/// Up to 15 bytes with zeros behind them. Reads two words that overlap, as a copy of varying length costs more than a round.
#[inline]
pub(super) fn padded(data: &[u8]) -> Block {
    if let (Some(first), Some(last)) = (data.first_chunk(), data.last_chunk()) {
        let last = u64::from_le_bytes(*last);
        let shared = 8 * (BLOCK - data.len().min(BLOCK)) as u32;
        return block(
            u64::from_le_bytes(*first),
            last.checked_shr(shared).unwrap_or(0),
        );
    }
    if let (Some(first), Some(last)) = (data.first_chunk(), data.last_chunk()) {
        let last = u64::from(u32::from_le_bytes(*last));
        let behind = 8 * (data.len() - 4) as u32;
        return block(u64::from(u32::from_le_bytes(*first)) | last << behind, 0);
    }
    let word = data
        .iter()
        .rfold(0, |word, &byte| word << 8 | u64::from(byte));
    block(word, 0)
}

#[inline]
pub(super) fn xor(mut a: Block, b: &Block) -> Block {
    for (a, b) in a.iter_mut().zip(b) {
        *a ^= b;
    }
    a
}

/// See the drawing above.
#[inline]
pub(super) fn enc(mut x: Block, k: &Block) -> Block {
    cipher_round(&mut x, k);
    x
}

/// See the drawing above.
#[inline]
pub(super) fn stir(x: Block, k: &Block) -> Block {
    enc(xor(x, k), &Block::default())
}

/// See the drawing above. There is no instruction for it to lean on here: columns are mixed and unmixed again.
#[inline]
pub(super) fn settle(x: Block, k: &Block) -> Block {
    let mut x = stir(x, k);
    inv_mix_columns(&mut x);
    x
}

/// `xor` of eight.
#[inline]
pub(super) fn xor_all(states: &mut States, others: &States) {
    for (state, other) in states.iter_mut().zip(others) {
        *state = xor(*state, other);
    }
}

/// `enc` of eight.
#[inline]
pub(super) fn enc_all(states: &mut States, keys: &States) {
    cipher_round_par(states, keys);
}

/// Eight times a round of the state with itself as the key.
#[inline]
pub(super) fn enc_self_all(states: &mut States) {
    let keys = *states;
    cipher_round_par(states, &keys);
}

/// `stir` of eight.
#[inline]
pub(super) fn stir_all(states: &mut States, keys: &States) {
    xor_all(states, keys);
    cipher_round_par(states, &States::default());
}

/// The exclusive or of all blocks.
#[inline]
pub(super) fn fold(blocks: &[Block]) -> Block {
    blocks.iter().fold(Block::default(), xor)
}

/// The eight blocks of a 128-byte stretch.
#[inline]
pub(super) fn eight_at(data: &[u8], offset: usize) -> States {
    let mut states = States::default();
    for (n, state) in states.iter_mut().enumerate() {
        *state = block_at(data, offset + BLOCK * n);
    }
    states
}

/// The first `N / 2` and the last `N / 2` blocks of data that has between 8 `N` and 16 `N` bytes: they overlap, and between them
/// nothing is left out.
///
/// ```text
///     N = 2, 23 bytes    |first16bytes......|
///                                |......last16bytes|
/// ```
#[inline]
pub(super) fn both_ends<const N: usize>(data: &[u8]) -> [Block; N] {
    let mut blocks = [Block::default(); N];
    let half = N / 2;
    let tail = data.len().saturating_sub(BLOCK * half);
    for (n, block) in blocks.iter_mut().enumerate() {
        let offset = if n < half {
            BLOCK * n
        } else {
            tail + BLOCK * (n - half)
        };
        *block = block_at(data, offset);
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_data_is_padded_with_zeros() {
        let data: Vec<u8> = (1..=15).collect();
        for length in 0..=15 {
            let mut wanted = [0; BLOCK];
            wanted[..length].copy_from_slice(&data[..length]);
            assert_eq!(padded(&data[..length]).0, wanted, "{length}");
        }
    }

    #[test]
    fn both_ends_cover_every_byte() {
        let data: Vec<u8> = (0..128).collect();
        fn seen<const N: usize>(data: &[u8]) -> Vec<u8> {
            let mut seen: Vec<u8> = both_ends::<N>(data).into_iter().flatten().collect();
            seen.sort_unstable();
            seen.dedup();
            seen
        }
        for length in 17..=128 {
            let data = &data[..length];
            let seen = match length {
                17..=32 => seen::<2>(data),
                33..=64 => seen::<4>(data),
                _ => seen::<8>(data),
            };
            assert_eq!(seen, data, "{length}");
        }
    }

    /// FIPS 197, appendix B: the state after the last round's SubBytes and ShiftRows.
    #[test]
    fn settling_is_a_round_without_mixed_columns() {
        let hex = |text: u128| Block::from(text.to_be_bytes());
        let state = settle(
            hex(0xeb40_f21e_592e_3884_8ba1_13e7_1bc3_42d2),
            &Block::default(),
        );
        assert_eq!(state, hex(0xe931_7db5_cb32_2c72_3d2e_895f_af09_0794));
    }
}
