//! A second thread comes to the same sums: events of every sort, in chunks so small that each is handed over.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::model::trace::{
    Damages, Metric, Outcome, StringRef, SyncPoint, TableBuilder, UserLog, Vocabulary,
};

/// The same numbers in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn tables() -> Tables<'static> {
    let mut builder = TableBuilder::default();
    for (id, text) in [
        (1, "main.f"),
        (2, "main.go"),
        (3, "runtime.mapassign"),
        (4, "stored"),
    ] {
        builder.string(id, text.as_bytes());
    }
    for id in 1..=3 {
        let first = builder.frame_count();
        builder.frame(0, if id == 2 { 3 } else { 1 }, 2, id);
        builder.frame(1, 1, 2, 10 + id);
        builder.end_stack(id, first);
    }
    builder.build(Vocabulary::default()).0
}

/// Events without any sense: the sums have to be equal, not meaningful.
fn event(numbers: &mut Numbers, at: i64) -> Event {
    let states = GoState::ALL;
    let from = states[numbers.below(6) as usize];
    let to = states[numbers.below(6) as usize];
    let (from, to) = match numbers.below(5) {
        0 => (GoState::Runnable, GoState::Running),
        1 => (GoState::Running, GoState::Waiting),
        2 => (GoState::Waiting, GoState::Runnable),
        3 => (GoState::Running, GoState::Runnable),
        _ => (from, to),
    };
    let slot = [numbers.below(5), 9_000, 8_191][numbers.below(9).saturating_sub(6) as usize] as u32;
    let id = 100 + u64::from(slot) + 10 * numbers.below(8).saturating_sub(6);
    let waker = numbers.below(6) as u32;
    let context = match numbers.below(3) {
        0 => Context::NONE,
        1 => Context {
            goroutine: id,
            slot,
            ..Context::NONE
        },
        _ => Context {
            goroutine: 100 + u64::from(waker),
            slot: waker,
            ..Context::NONE
        },
    };
    let stack = StackRef([0, 1, 2, 3, 1 << 12, 1 << 30][numbers.below(6) as usize]);
    let change = GoTransition {
        id,
        slot,
        from,
        to,
        reason: Word(numbers.below(4) as u16),
        stack: [stack, StackRef::NONE][numbers.below(2) as usize],
    };
    let kind = match numbers.below(20) {
        0 => EventKind::Metric(Metric::HeapAlloc, numbers.below(1 << 40)),
        1 => EventKind::Experimental(130, [1, 2, 3]),
        2 => EventKind::StackSample,
        3 => EventKind::Log(UserLog {
            task: 0,
            category: Word(2),
            message: StringRef(4),
        }),
        4 => EventKind::Sync(SyncPoint {
            number: 1,
            last: false,
        }),
        _ => EventKind::Goroutine(change),
    };
    Event {
        at,
        context,
        stack,
        kind,
    }
}

/// Three generations of them.
fn feed(sink: &mut impl Sink) {
    let tables = tables();
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let mut at = 1_000;
    for _ in 0..3 {
        sink.generation(&tables);
        for _ in 0..20_000 {
            at += match numbers.below(50) {
                0 => -5,
                1 => 1 << 30,
                _ => numbers.below(500) as i64,
            };
            sink.event(&event(&mut numbers, at), &tables);
        }
        sink.end_generation(&tables);
    }
}

fn outcome() -> Outcome {
    let mut vocabulary = Vocabulary::default();
    for word in ["sleep", "sync"] {
        vocabulary.word(word.as_bytes());
    }
    Outcome {
        header: 26,
        generations: 3,
        first_generation: 1,
        salvaged_from: None,
        damage: Damages::default(),
        vocabulary,
    }
}

#[test]
fn a_second_thread_comes_to_the_same_sums() {
    let mut alone = Tally::default();
    feed(&mut alone);
    let expected = alone.finish(&outcome());
    assert!(expected.0.block_reasons.len() > 2 && expected.0.unblock.edges > 1_000);
    for beside in [None, Some(1), Some(7), Some(1 << 10)] {
        let (tally, ()) = relayed(Tally::default(), &[], beside, &|_| {}, |sink| feed(sink));
        assert!(tally.finish(&outcome()) == expected, "{beside:?}");
    }
}

#[test]
fn what_fits_into_a_word_comes_out_of_it() {
    let packed = Packed {
        from: GoState::Waiting,
        to: GoState::Runnable,
        after: (1 << AFTER_BITS) - 1,
        slot: (1 << SLOT_BITS) - 1,
        by: NO_SLOT,
        stack: (1 << STACK_BITS) - 1,
    };
    let word = packed.narrow().unwrap();
    assert_eq!(word & tag::MASK, tag::WAKE);
    let unpacked = Packed::of_narrow(word, packed.from, packed.to);
    assert_eq!(format!("{unpacked:?}"), format!("{packed:?}"));
    for beyond in [
        Packed {
            slot: 1 << SLOT_BITS,
            ..packed
        },
        Packed {
            stack: 1 << STACK_BITS,
            ..packed
        },
        Packed {
            after: 1 << AFTER_BITS,
            ..packed
        },
        Packed {
            by: NOBODY as u32,
            ..packed
        },
        Packed {
            by: NOBODY as u32 + 1,
            ..packed
        },
    ] {
        assert_eq!(beyond.narrow(), None, "{beyond:?}");
        let unpacked = Packed::of_wide(beyond.wide()).unwrap();
        assert_eq!(format!("{unpacked:?}"), format!("{beyond:?}"));
    }
}
