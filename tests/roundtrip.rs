//! What a dump says comes out of the parser as it was put in: made-up dumps are printed, parsed, and compared with what they were
//! made from, as they are and in the shapes that log systems, terminals and other writers leave of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod builder;
mod pipeline;

use builder::arbitrary;
use builder::{
    Ancestor, Arg, Cause, Creation, Dump, Frame, Goroutine, Mark, Note, Panic, Place, Signal,
};
use gotriage::model::{
    ArgToken, Crash, Document, Evidence, FrameArgs, FrameId, FrameKind, GoroutineFlags, Item,
    StackId,
};
use proptest::prelude::*;

/// What the parser made of a text, in the builder's terms; and how many lines of it were not understood.
fn read(text: &str) -> Result<(Dump, usize), TestCaseError> {
    pipeline::with_evidence(&[("dump", text.as_bytes())], |evidence| {
        prop_assert_eq!(evidence.documents.len(), 1);
        let document = &evidence.documents[0];
        let mut dump = Dump::default();
        for item in &document.items {
            match item {
                Item::Crash(crash) => {
                    prop_assert_eq!(&dump.cause, &Cause::default(), "two preambles");
                    dump.cause = cause(crash);
                }
                Item::Goroutines(range) => {
                    let range = range.start as usize..range.end as usize;
                    for goroutine in &document.goroutines[range] {
                        dump.goroutines
                            .push(self::goroutine(evidence, document, goroutine)?);
                    }
                }
                Item::Registers(registers) => {
                    let values = registers.values.iter();
                    dump.registers
                        .extend(values.map(|(name, value)| (string(name), value.0)));
                }
                other => prop_assert!(false, "not printed: {other:?}"),
            }
        }
        Ok((dump, document.tally.unparsed.len()))
    })
}

fn string(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn cause(crash: &Crash<'_>) -> Cause {
    let panics = crash.panics.iter().map(|entry| Panic {
        value: string(entry.value),
        mark: match (entry.recovered, entry.repanicked) {
            (_, true) => Mark::Repanicked,
            (true, _) => Mark::Recovered,
            _ => Mark::None,
        },
    });
    Cause {
        context: crash.context.iter().map(|line| string(line)).collect(),
        panics: panics.collect(),
        fatal: crash
            .fatal
            .as_ref()
            .map(|fatal| (string(fatal.text), fatal.times)),
        note: crash.signal.as_ref().map(|note| Note {
            name: string(note.name),
            code: note.code,
            addr: note.addr.0,
            pc: note.pc.0,
        }),
        signal: crash.signal_dump.as_ref().map(|dump| Signal {
            name: string(dump.name),
            pc: dump.pc.map_or(0, |pc| pc.0),
            m: dump.m.unwrap_or_default(),
            sigcode: dump.sigcode.unwrap_or_default(),
            addr: dump.addr.map(|addr| addr.0),
            in_cgo: dump.in_cgo,
        }),
    }
}

fn goroutine(
    evidence: &Evidence<'_>,
    document: &Document<'_>,
    goroutine: &gotriage::model::Goroutine,
) -> Result<Goroutine, TestCaseError> {
    let has = |flag| goroutine.flags.has(flag);
    prop_assert!(
        !has(GoroutineFlags::INCOMPLETE),
        "goroutine {} is marked incomplete",
        goroutine.id.0
    );
    prop_assert!(
        !has(GoroutineFlags::DAMAGED_HEADER),
        "goroutine {} is marked damaged",
        goroutine.id.0
    );
    let args = gotriage::parse::arguments(document.text, goroutine);
    let ids = evidence.symbols.frame_ids(goroutine.stack);
    prop_assert_eq!(ids.len(), args.len());
    let frames: Vec<Frame> = ids
        .iter()
        .zip(&args)
        .map(|(&id, args)| frame(evidence, id, args))
        .collect();
    prop_assert_eq!(
        has(GoroutineFlags::ELIDED),
        frames.iter().any(|frame| matches!(frame, Frame::Elided(_)))
    );
    prop_assert!(frames.is_empty() || !has(GoroutineFlags::STACK_UNAVAILABLE));
    let extra = goroutine
        .extra
        .map(|extra| &document.scheduling[extra as usize]);
    let ancestors = extra
        .iter()
        .flat_map(|extra| &extra.ancestors)
        .map(|ancestor| Ancestor {
            id: ancestor.id.0,
            frames: places(evidence, ancestor.stack),
            created: ancestor.created_by.map(|id| creation(evidence, id, None)),
        });
    Ok(Goroutine {
        id: goroutine.id.0,
        thread: extra
            .and_then(|extra| Some((extra.gp?.0, extra.m.zip(extra.mp).map(|(m, mp)| (m, mp.0))))),
        state: string(evidence.symbols.text(goroutine.state)),
        leaked: has(GoroutineFlags::LEAKED),
        scan: has(GoroutineFlags::SCAN),
        minutes: goroutine.wait_minutes,
        locked: has(GoroutineFlags::LOCKED),
        bubble: extra.and_then(|extra| extra.bubble),
        labels: extra.and_then(|extra| extra.labels).map(string),
        frames: (!has(GoroutineFlags::STACK_UNAVAILABLE)).then_some(frames),
        created: goroutine
            .created_by
            .map(|id| creation(evidence, id, goroutine.parent.map(|parent| parent.0))),
        ancestors: ancestors.collect(),
    })
}

fn parts(evidence: &Evidence<'_>, id: FrameId) -> (FrameKind, String, Place) {
    let frame = evidence.symbols.get(id).expect("a frame behind every id");
    let place = Place {
        file: string(evidence.symbols.text(frame.file)),
        line: frame.line,
        offset: frame.offset,
    };
    (frame.kind, string(evidence.symbols.text(frame.func)), place)
}

fn frame(evidence: &Evidence<'_>, id: FrameId, args: &FrameArgs) -> Frame {
    let (kind, func, place) = parts(evidence, id);
    match kind {
        FrameKind::Inlined => Frame::Inlined { func, place },
        FrameKind::Elided => Frame::Elided(place.line),
        FrameKind::Unnamed(address) => panic!("a dump without the name of {address}"),
        FrameKind::Cgo => {
            let digits = func
                .strip_prefix("non-Go function at pc=0x")
                .unwrap_or_default();
            Frame::Foreign {
                pc: u64::from_str_radix(digits, 16).unwrap_or_default(),
            }
        }
        FrameKind::Call | FrameKind::CreatedBy => Frame::Call {
            func,
            args: nested(&mut args.args.tokens.iter()),
            place,
            registers: args.registers.map(|(fp, sp, pc)| (fp.0, sp.0, pc.0)),
        },
    }
}

/// Tokens up to the end, or to the brace that closes the group.
fn nested(tokens: &mut std::slice::Iter<'_, ArgToken>) -> Vec<Arg> {
    let mut args = Vec::new();
    while let Some(token) = tokens.next() {
        args.push(match *token {
            ArgToken::Word { value, doubtful } => Arg::Word(value, doubtful),
            ArgToken::Open => Arg::Group(nested(tokens)),
            ArgToken::Close => break,
            ArgToken::More => Arg::More,
            ArgToken::Unprinted => Arg::Unprinted,
        });
    }
    args
}

fn places(evidence: &Evidence<'_>, stack: StackId) -> Vec<(String, Place)> {
    let ids = evidence.symbols.frame_ids(stack).iter();
    ids.map(|&id| parts(evidence, id))
        .map(|(_, func, place)| (func, place))
        .collect()
}

fn creation(evidence: &Evidence<'_>, id: FrameId, parent: Option<u64>) -> Creation {
    let (_, func, place) = parts(evidence, id);
    Creation {
        func,
        parent,
        place,
    }
}

/// Values of panics without what log systems do to blanks.
fn settled(mut dump: Dump) -> Dump {
    for panic in &mut dump.cause.panics {
        let lines = panic
            .value
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty());
        panic.value = lines.collect::<Vec<_>>().join("\n");
    }
    dump
}

/// One thing that happens to lines on their way.
#[derive(Clone, Copy, Debug)]
enum Change {
    CarriageReturns,
    TabsToBlanks,
    BlankLinesDropped,
    BlankLinesDoubled,
    Padded,
}

impl Change {
    fn apply(self, text: &str) -> String {
        match self {
            Self::CarriageReturns => text.replace('\n', "\r\n"),
            Self::TabsToBlanks => text.replace('\t', "    "),
            Self::BlankLinesDropped => {
                let kept: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
                kept.join("\n") + "\n"
            }
            Self::BlankLinesDoubled => text.replace("\n\n", "\n\n\n"),
            Self::Padded => text.replace('\n', "   \n"),
        }
    }
}

/// Puts a burst of another writer's log lines before one of the lines behind the first header. The preamble stays whole: its text is
/// free, so that nothing could tell a foreign line from it.
fn interrupted(text: &str, at: proptest::sample::Index, burst: u32) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    let header = lines.iter().position(|line| line.starts_with("goroutine "));
    let first = header.map_or(0, |header| header + 1).min(lines.len());
    let place = first + at.index(lines.len() - first + 1);
    let log =
        |number| format!("2026/01/02 15:04:{number:02} worker {number}: request served in 12ms");
    let logs: Vec<String> = (0..burst).map(log).collect();
    lines.splice(place..place, logs.iter().map(String::as_str));
    lines.join("\n") + "\n"
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_is_read((style, dump) in arbitrary::dump()) {
        let text = builder::print::dump(&dump, style.labels());
        let (found, unparsed) = read(&text)?;
        prop_assert_eq!(&found, &dump, "{}", text);
        prop_assert_eq!(unparsed, 0, "{}", text);
    }

    #[test]
    fn what_happens_to_blanks_changes_nothing(
        (style, dump) in arbitrary::dump(),
        changes in proptest::sample::subsequence(
            vec![
                Change::TabsToBlanks,
                Change::BlankLinesDropped,
                Change::BlankLinesDoubled,
                Change::Padded,
                Change::CarriageReturns,
            ],
            1..=3,
        ),
    ) {
        let plain = builder::print::dump(&dump, style.labels());
        let text = changes.iter().fold(plain, |text, change| change.apply(&text));
        let (found, unparsed) = read(&text)?;
        prop_assert_eq!(settled(found), settled(dump), "{}", text);
        prop_assert_eq!(unparsed, 0, "{}", text);
    }

    #[test]
    fn other_writers_change_nothing(
        (style, dump) in arbitrary::dump(),
        at in any::<proptest::sample::Index>(),
        burst in 1..5u32,
    ) {
        let text = interrupted(&builder::print::dump(&dump, style.labels()), at, burst);
        let (mut found, unparsed) = read(&text).map_err(|error| TestCaseError::fail(format!("{error}:\n{text}")))?;
        if !dump.registers.is_empty() {
            // A log line may part the registers, and fewer than four in a row are none.
            found.registers = dump.registers.clone();
        }
        prop_assert_eq!(&found, &dump, "{}", text);
        prop_assert_eq!(unparsed, 0, "{}", text);
    }
}
