//! Windows hold every hit, whole lines, and right line numbers, however the text comes.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests fail as tests do

use super::*;
use proptest::prelude::*;

/// Finds `hit`, if no `x` stands right before it.
struct Hits;

impl Sieve for Hits {
    fn next(&self, text: &[u8], from: usize) -> Option<usize> {
        let found = memchr::memmem::find_iter(text.get(from..)?, b"hit").map(|at| at + from);
        found
            .into_iter()
            .find(|&at| at == 0 || text[at - 1] != b'x')
    }

    fn sight(&self) -> usize {
        8
    }
}

const REACH: Reach = Reach {
    lead: 20,
    reach: 30,
    line: 12,
    most: 200,
};

#[derive(Clone, Debug, PartialEq)]
struct Piece {
    offset: u64,
    lines: u64,
    bytes: Vec<u8>,
    cut: bool,
}

fn collect(pieces: &mut Vec<Piece>) -> impl FnMut(Window<'_>) {
    |window| {
        pieces.push(Piece {
            offset: window.offset,
            lines: window.lines,
            bytes: window.bytes.to_vec(),
            cut: window.cut,
        });
    }
}

fn windows(text: &[u8], block: usize) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut windows = Windows::new(&Hits, REACH);
    for block in text.chunks(block) {
        windows.feed(block, &mut collect(&mut pieces));
    }
    windows.finish(&mut collect(&mut pieces));
    pieces
}

/// As a scan does with a file: segments are swept, and what stands around their extents is read again.
fn by_segments(text: &[u8], segment: usize, block: usize) -> Vec<Piece> {
    let mut scratch = Vec::new();
    let mut read = |to: &mut [u8], at: u64| {
        let rest = text.get(at as usize..).unwrap_or_default();
        let count = rest.len().min(to.len()).min(5);
        to[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    };
    let swept: Vec<Swept> = (0..text.len().div_ceil(segment))
        .map(|number| {
            let from = (number * segment) as u64;
            let length = (segment as u64).min(text.len() as u64 - from);
            sweep(
                &Hits,
                REACH,
                (from, length),
                Goal::All,
                &mut scratch,
                &mut read,
            )
            .unwrap()
        })
        .collect();
    assert_eq!(swept.iter().map(|s| s.lines).sum::<u64>(), lines(text));
    let mut pieces = Vec::new();
    let extents = join(&swept, REACH);
    for index in 0..extents.len() {
        let around = around(&extents, index, REACH, Hits.sight()).unwrap();
        let start = around.read_from as usize;
        let end = text.len().min(around.end as usize);
        let before = lines(&text[..start]);
        let mut windows = Windows::from(&Hits, REACH, around.read_from, before, around.skip);
        for block in text[start..end].chunks(block) {
            windows.feed(block, &mut collect(&mut pieces));
        }
        windows.finish(&mut collect(&mut pieces));
    }
    pieces
}

fn texts() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => "[a-z ]{0,20}",
        3 => Just("\n".to_owned()),
        2 => "[a-z\n]{30,90}",
        2 => Just("hit".to_owned()),
        1 => Just("xhit".to_owned()),
    ];
    proptest::collection::vec(piece, 0..80).prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #[test]
    fn windows_hold_every_hit_and_know_their_place(text in texts(), block in 1usize..120) {
        let pieces = windows(&text, block);
        let mut end = 0;
        for piece in &pieces {
            let from = piece.offset as usize;
            prop_assert_eq!(&text[from..from + piece.bytes.len()], &piece.bytes[..]);
            prop_assert_eq!(piece.lines, lines(&text[..from]));
            prop_assert!(piece.offset >= end, "windows do not overlap");
            end = piece.offset + piece.bytes.len() as u64;
        }
        let mut from = 0;
        while let Some(hit) = Hits.next(&text, from) {
            let inside = |piece: &Piece| (piece.offset..piece.offset + piece.bytes.len() as u64).contains(&(hit as u64));
            prop_assert!(pieces.iter().any(inside), "hit at {}", hit);
            from = hit + 1;
        }
    }

    #[test]
    fn blocks_make_no_difference(text in texts(), one in 1usize..200, other in 1usize..200) {
        prop_assert_eq!(windows(&text, one), windows(&text, other));
    }

    #[test]
    fn segments_make_no_difference(text in texts(), segment in 40usize..300, block in 1usize..200) {
        prop_assert_eq!(by_segments(&text, segment, block), windows(&text, 50));
    }
}

#[test]
fn quiet_texts_have_no_windows_and_take_no_room() {
    let mut windows = Windows::new(&Hits, REACH);
    for _ in 0..10_000 {
        windows.feed(b"nothing to see in this line\n", &mut |_| {
            panic!("no window")
        });
        assert!(windows.held() < 200);
    }
}

#[test]
fn the_first_hit_ends_a_short_sweep() {
    let text = b"one\nhit\nhit\n".repeat(50);
    let mut looked = 0;
    let mut read = |to: &mut [u8], at: u64| {
        let rest = text.get(at as usize..).unwrap_or_default();
        let count = rest.len().min(to.len());
        to[..count].copy_from_slice(&rest[..count]);
        looked += count;
        Ok(count)
    };
    let all = (0, text.len() as u64);
    let swept = sweep(&Hits, REACH, all, Goal::First, &mut Vec::new(), &mut read).unwrap();
    let first = Extent { first: 4, last: 4 };
    assert_eq!(swept.extents, [first]);
}
