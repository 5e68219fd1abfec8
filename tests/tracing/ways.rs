//! However events come to be read and added up, it is the same: one by one or many at once, here or on a second thread, in numbers as
//! short as Go writes them or padded, which only the long way understands; in damaged traces, too.

use super::AS_GO;
use super::tracing::{self, Lines, Numbers, Sample, samples};
use gotriage::analyze::trace::{TOP_WAITING, Tally, add_up};
use gotriage::goruntime::tracewire::{ARGUMENT_COUNTS, NOT_TIMED, wire};
use gotriage::model::trace::{DamageKind, Event, Outcome, Sink, Tables};
use gotriage::parse::trace::{Options, read};
use std::collections::BTreeMap;

/// Bytes of the header.
const HEADER_BYTES: usize = 16;

const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// Takes every event by itself.
struct OneByOne(Tally);

impl Sink for OneByOne {
    fn generation(&mut self, tables: &Tables<'_>) {
        self.0.generation(tables);
    }

    fn event(&mut self, event: &Event, tables: &Tables<'_>) {
        self.0.event(event, tables);
    }

    fn end_generation(&mut self, tables: &Tables<'_>) {
        self.0.end_generation(tables);
    }
}

fn same_sums(what: &str, bytes: &[u8]) {
    for options in [Options::default(), AS_GO] {
        let mut single = OneByOne(Tally::default());
        let Some(outcome) = read(bytes, options, &mut single) else {
            continue;
        };
        let expected = single.0.finish(&outcome);
        let mut many = Tally::default();
        let outcome = read(bytes, options, &mut many).unwrap();
        assert!(many.finish(&outcome) == expected, "{what}");
        let (beside, outcome) = add_up(TOP_WAITING, bytes, &|_| {}, |sink| {
            read(bytes, options, sink)
        });
        assert!(beside.finish(&outcome.unwrap()) == expected, "{what}");
    }
}

#[test]
fn sums_do_not_depend_on_who_adds_them_up() {
    for sample in samples() {
        same_sums(&sample.name, &sample.bytes);
    }
}

#[test]
fn nor_do_those_of_damaged_traces() {
    let mut numbers = Numbers(SEED);
    for sample in samples() {
        for _ in 0..8 {
            let mut bytes = sample.bytes.clone();
            let place = numbers.below(bytes.len());
            let what = format!("{} at {place}", sample.name);
            match numbers.below(4) {
                0 => bytes.truncate(place),
                1 => drop(bytes.drain(place..(place + 70_000).min(sample.bytes.len()))),
                _ => bytes[place] = numbers.below(256) as u8,
            }
            same_sums(&what, &bytes);
        }
    }
}

fn number(bytes: &[u8], at: &mut usize) -> u64 {
    let mut value = 0;
    for place in 0.. {
        let byte = bytes[*at];
        *at += 1;
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            break;
        }
    }
    value
}

/// A number in at least `width` bytes.
fn put(out: &mut Vec<u8>, mut number: u64, width: usize) {
    for _ in 1..width {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// One event: number, `dt`, arguments.
type Wire = (u8, u64, Vec<u64>);

/// A piece of a trace: its bytes as they are, or a batch of events with generation, thread and time.
enum Piece {
    Bytes(Vec<u8>),
    Events([u64; 3], Vec<Wire>),
}

/// All of a healthy trace.
fn pieces(bytes: &[u8]) -> Vec<Piece> {
    let mut pieces = vec![Piece::Bytes(bytes[..HEADER_BYTES].to_vec())];
    let mut at = HEADER_BYTES;
    while at < bytes.len() {
        let start = at;
        at += 1;
        if bytes[start] == wire::END_OF_GENERATION {
            pieces.push(Piece::Bytes(bytes[start..at].to_vec()));
            continue;
        }
        at += usize::from(bytes[start] == wire::EXPERIMENTAL_BATCH);
        let header = [(); 3].map(|()| number(bytes, &mut at));
        let end = number(bytes, &mut at) as usize + at;
        if bytes[start] != wire::EVENT_BATCH || ARGUMENT_COUNTS[usize::from(bytes[at])] == NOT_TIMED
        {
            pieces.push(Piece::Bytes(bytes[start..end].to_vec()));
            at = end;
            continue;
        }
        let mut events = Vec::new();
        while at < end {
            let kind = bytes[at];
            at += 1;
            let dt = number(bytes, &mut at);
            let count = ARGUMENT_COUNTS[usize::from(kind)];
            let arguments = (0..count).map(|_| number(bytes, &mut at)).collect();
            events.push((kind, dt, arguments));
        }
        pieces.push(Piece::Events(header, events));
    }
    pieces
}

/// Events of a batch, so few that those with padded numbers fit into one, too.
const EVENTS: usize = 1000;

/// The trace again, every number of an event in at least `width` bytes.
fn written(pieces: &[Piece], width: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Bytes(bytes) => out.extend_from_slice(bytes),
            Piece::Events([generation, thread, time], events) => {
                let mut time = *time;
                for events in events.chunks(EVENTS) {
                    let mut data = Vec::new();
                    let begins = time;
                    for (kind, dt, arguments) in events {
                        data.push(*kind);
                        put(&mut data, *dt, width);
                        for &argument in arguments {
                            put(&mut data, argument, width);
                        }
                        time = time.wrapping_add(*dt);
                    }
                    out.push(wire::EVENT_BATCH);
                    for number in [*generation, *thread, begins, data.len() as u64] {
                        put(&mut out, number, 1);
                    }
                    out.extend(data);
                }
            }
        }
    }
    out
}

fn heard(bytes: &[u8], options: Options) -> (u64, u64, BTreeMap<DamageKind, u64>) {
    let mut lines = Lines::default();
    let outcome: Outcome = read(bytes, options, &mut lines).unwrap();
    (lines.stream.0, lines.multiset, outcome.damage.counts)
}

/// Samples of the form with generations whose batches are all there.
fn with_generations() -> impl Iterator<Item = Sample> {
    tracing::whole().filter(|sample| !sample.is_v1())
}

#[test]
fn short_numbers_and_padded_ones_say_the_same() {
    for sample in with_generations() {
        let pieces = pieces(&sample.bytes);
        for options in [Options::default(), AS_GO] {
            let short = heard(&written(&pieces, 1), options);
            assert_eq!(short, heard(&sample.bytes, options), "{}", sample.name);
            for width in [2, 3, 4, 5, 9] {
                let padded = heard(&written(&pieces, width), options);
                assert_eq!(short, padded, "{} in {width}", sample.name);
            }
        }
    }
}

/// Events whose first argument is a goroutine.
const OF_GOROUTINES: [u8; 9] = [
    wire::GO_CREATE,
    wire::GO_CREATE_SYSCALL,
    wire::GO_CREATE_BLOCKED,
    wire::GO_START,
    wire::GO_UNBLOCK,
    wire::GO_SWITCH,
    wire::GO_SWITCH_DESTROY,
    wire::GO_STATUS,
    wire::GO_STATUS_STACK,
];

/// A server that has run for weeks has goroutines of such numbers.
#[test]
fn so_do_short_numbers_and_padded_ones_of_late_goroutines() {
    for sample in with_generations() {
        for first in [1 << 14, 1 << 21, 1 << 28, 1 << 40] {
            let mut pieces = pieces(&sample.bytes);
            for piece in &mut pieces {
                let Piece::Events(_, events) = piece else {
                    continue;
                };
                for (kind, _, arguments) in events {
                    if OF_GOROUTINES.contains(kind) {
                        arguments[0] += first;
                    }
                }
            }
            let what = format!("{} from {first} on", sample.name);
            let short = written(&pieces, 1);
            let said = heard(&short, Options::default());
            assert!(said.0 > 0, "{what}");
            assert_eq!(
                said,
                heard(&written(&pieces, 9), Options::default()),
                "{what}"
            );
            same_sums(&what, &short);
        }
    }
}

/// Whole numbers, but wrong ones: events that come too early, twice, never, or say what cannot be.
#[test]
fn so_do_wrong_ones() {
    let mut numbers = Numbers(SEED);
    for sample in with_generations() {
        for round in 0..9 {
            let mut pieces = pieces(&sample.bytes);
            for _ in 0..=round / 3 {
                let place = numbers.below(pieces.len());
                let Some(Piece::Events(_, events)) = pieces.get_mut(place) else {
                    continue;
                };
                if events.is_empty() {
                    continue;
                }
                let place = numbers.below(events.len());
                let (kind, dt, arguments) = &mut events[place];
                match numbers.below(8) {
                    0 => *dt = [0, 1 << 20, 1 << 40, u64::MAX][numbers.below(4)],
                    1 => drop(events.remove(place)),
                    2 => {
                        let twice = events[place].clone();
                        events.insert(place, twice);
                    }
                    3 => *kind = [wire::GO_START, wire::GO_BLOCK][numbers.below(2)],
                    _ => {
                        let wrong = [0, 1, 2, 30, 1 << 30, u64::MAX][numbers.below(6)];
                        let argument = numbers.below(arguments.len().max(1));
                        if let Some(argument) = arguments.get_mut(argument) {
                            *argument = match numbers.below(2) {
                                0 => wrong,
                                _ => argument.wrapping_add(1),
                            };
                        }
                    }
                }
                for (kind, _, arguments) in events {
                    arguments.resize(usize::from(ARGUMENT_COUNTS[usize::from(*kind)]), 1);
                }
            }
            let short = written(&pieces, 1);
            for options in [Options::default(), AS_GO] {
                let padded = heard(&written(&pieces, 4), options);
                assert_eq!(heard(&short, options), padded, "{} {round}", sample.name);
            }
            same_sums(&sample.name, &short);
        }
    }
}
