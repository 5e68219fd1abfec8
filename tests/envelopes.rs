//! Wrappers around real dumps come off by themselves and give every line back with its place and time.

#![allow(clippy::panic, reason = "a test fails by panicking")]

mod wrap;

use gotriage::envelope::{Opened, open};
use gotriage::goruntime::anchors;
use gotriage::model::TextLine;
use std::path::{Path, PathBuf};
use wrap::{Loss, Wrapped, Wrapper};

/// Real dumps of several kinds and versions.
const DUMPS: [&str; 8] = [
    "map-read-write/go1.22.10-all.txt",
    "map-iterate-fmt/go1.27.3-system.txt",
    "custom-panic-multiline/go1.21.13-single.txt",
    "race-map/go1.26.6-race.txt",
    "labels/go1.27.3-all.txt",
    "nil-dereference/go1.19.8-all.txt",
    "stack-overflow/go1.24.11-single.txt",
    "test-panic/go1.25.5-test.txt",
];

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/dumps")
}

fn dump(name: &str) -> Vec<u8> {
    let path = corpus().join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every dump of the corpus that came without a wrapper.
fn plain_files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in std::fs::read_dir(corpus()).into_iter().flatten().flatten() {
        files.extend(
            std::fs::read_dir(folder.path())
                .into_iter()
                .flatten()
                .flatten()
                .map(|file| file.path()),
        );
    }
    files.retain(|path| !path.to_string_lossy().ends_with("-json.txt"));
    files.sort();
    files
}

/// Lines of a text with their places.
fn unwrapped(opened: &Opened) -> Vec<(Vec<u8>, u32, Option<i64>)> {
    let text = &opened.texts[0];
    (0u32..)
        .zip(wrap::lines(&text.text))
        .map(|(number, line)| {
            let origin = text.lines.origin(TextLine(number));
            (line.to_vec(), origin.line, origin.time)
        })
        .collect()
}

/// A line as far as the wrapper leaves it alone.
fn comparable(line: &[u8], loss: Loss) -> Vec<u8> {
    if loss == Loss::WhiteSpace {
        line.trim_ascii().to_vec()
    } else {
        line.to_vec()
    }
}

/// The first difference between what was wrapped and what came out, `None` where there is none.
fn difference(dump: &[u8], wrapper: &Wrapper, wrapped: &Wrapped) -> Option<String> {
    let opened = open(&wrapped.text);
    if let Some(problem) = miscounted(wrapped, &opened) {
        return Some(problem);
    }
    if opened.texts.len() != 1 {
        return Some(format!(
            "{} texts, envelope {}",
            opened.texts.len(),
            opened.envelope
        ));
    }
    let keeps_blanks = wrapper.loss == Loss::Nothing;
    let expected = wrap::lines(dump)
        .into_iter()
        .filter(|line| keeps_blanks || !line.trim_ascii().is_empty());
    let places = wrapped.places.iter();
    let places: Vec<_> = if places.len() == wrap::lines(dump).len() {
        places
            .zip(wrap::lines(dump))
            .filter(|(_, line)| keeps_blanks || !line.trim_ascii().is_empty())
            .map(|(place, _)| *place)
            .collect()
    } else {
        places.copied().collect()
    };
    let out = unwrapped(&opened);
    let mut found = out.iter();
    for (line, (place, time)) in expected.zip(places) {
        if wrapper.loss == Loss::FreeText
            && !matches!(anchors::classify(line), Some(form) if form != anchors::Anchor::Preamble)
        {
            continue;
        }
        let wanted = comparable(line, wrapper.loss);
        let before = found.clone();
        let Some((_, at, stamp)) =
            found.find(|(text, at, _)| comparable(text, wrapper.loss) == wanted && *at == place)
        else {
            let next: Vec<String> = before
                .clone()
                .take(3)
                .map(|(text, at, _)| format!("{at}: {}", String::from_utf8_lossy(text)))
                .collect();
            return Some(format!(
                "envelope {}, missing {place}: {:?}, next are {next:?}",
                opened.envelope,
                String::from_utf8_lossy(&wanted)
            ));
        };
        let skipped = before.take_while(|(text, at, _)| {
            !(comparable(text, wrapper.loss) == wanted && *at == place)
        });
        let is_dump = |line: u32| wrapped.places.iter().any(|(place, _)| *place == line);
        let mut foreign = skipped.filter(|(text, at, _)| {
            is_dump(*at)
                && (if text.trim_ascii().is_empty() {
                    keeps_blanks
                } else {
                    holds(dump, text)
                })
        });
        if let Some((text, at, _)) = foreign.next().filter(|_| wrapper.loss != Loss::FreeText) {
            return Some(format!(
                "envelope {}, line {at} is no line of the dump: {:?}",
                opened.envelope,
                String::from_utf8_lossy(text)
            ));
        }
        if *stamp != time {
            return Some(format!(
                "envelope {}, line {at}: time {stamp:?} instead of {time:?}",
                opened.envelope
            ));
        }
    }
    None
}

/// True where `part` is a line of the dump or a part of one: no text of the wrapper's own.
fn holds(dump: &[u8], part: &[u8]) -> bool {
    dump.windows(part.len()).any(|window| window == part)
}

/// Every line of the source is the origin of a line or the wrapper's.
fn miscounted(wrapped: &Wrapped, opened: &Opened) -> Option<String> {
    let mut seen = vec![0u8; opened.lines as usize + 1];
    for text in &opened.texts {
        for number in 0..wrap::lines(&text.text).len() as u32 {
            let line = text.lines.origin(TextLine(number)).line as usize;
            *seen.get_mut(line)? |= 1;
        }
    }
    for line in opened.wrapper_lines.iter().flat_map(Clone::clone) {
        seen[line as usize] |= 2;
    }
    if wrapped.text.contains(&b'\n')
        && !wrapped.text.contains(&0)
        && opened.lines as usize != wrap::lines(&wrapped.text).len()
    {
        return Some(format!("{} lines counted", opened.lines));
    }
    let bad = seen
        .iter()
        .skip(1)
        .position(|mark| *mark != 1 && *mark != 2);
    bad.map(|at| format!("line {} is marked {}", at + 1, seen[at + 1]))
}

#[test]
fn every_wrapper_comes_off_every_dump() {
    let mut problems = Vec::new();
    for name in DUMPS {
        let dump = dump(name);
        for wrapper in wrap::table() {
            let wrapped = (wrapper.wrap)(&dump);
            if let Some(problem) = difference(&dump, &wrapper, &wrapped) {
                problems.push(format!("{} of {name}: {problem}", wrapper.name));
            }
        }
    }
    assert!(
        problems.is_empty(),
        "{} problems\n{}",
        problems.len(),
        problems.join("\n")
    );
}

#[test]
#[ignore = "minutes long: every wrapper on a tenth of the corpus"]
fn every_wrapper_comes_off_a_tenth_of_the_corpus() {
    let mut problems = Vec::new();
    for path in plain_files().iter().step_by(10) {
        let dump = std::fs::read(path).unwrap_or_default();
        if !String::from_utf8_lossy(&dump).contains("goroutine ") {
            continue;
        }
        for wrapper in wrap::table() {
            let wrapped = (wrapper.wrap)(&dump);
            if let Some(problem) = difference(&dump, &wrapper, &wrapped) {
                problems.push(format!("{} of {}: {problem}", wrapper.name, path.display()));
            }
        }
    }
    assert!(
        problems.is_empty(),
        "{} problems\n{}",
        problems.len(),
        problems.join("\n")
    );
}

#[test]
fn plain_dumps_come_through_untouched() {
    let files = plain_files();
    assert!(files.len() > 100, "the corpus is missing");
    for path in files {
        let bytes = std::fs::read(&path).unwrap_or_default();
        let opened = open(&bytes);
        let untouched = opened.texts.len() == 1
            && opened.texts[0].lines.is_identity()
            && *opened.texts[0].text == *bytes;
        assert!(
            untouched,
            "{}: envelope {}",
            path.display(),
            opened.envelope
        );
    }
}

/// A dump with its wrapper's name and what came out, line by line.
fn texts(source: &[u8]) -> Vec<(Option<String>, String)> {
    open(source)
        .texts
        .into_iter()
        .map(|text| {
            (
                text.stream,
                String::from_utf8_lossy(&text.text).into_owned(),
            )
        })
        .collect()
}

/// Lines of two texts by turns, as two writers of one file leave them.
fn by_turns(one: &[u8], other: &[u8]) -> Vec<u8> {
    let (one, other) = (wrap::lines(one), wrap::lines(other));
    let count = one.len().max(other.len());
    let turns = (0..count)
        .flat_map(|index| [one.get(index), other.get(index)])
        .flatten();
    turns.flat_map(|line| [line, &b"\n"[..]].concat()).collect()
}

fn behind(prefix: &str, dump: &[u8]) -> Vec<u8> {
    wrap::lines(dump)
        .into_iter()
        .flat_map(|line| [prefix.as_bytes(), line, b"\n"].concat())
        .collect()
}

#[test]
fn interleaved_writers_are_taken_apart() {
    let (web, db) = (
        dump("map-read-write/go1.22.10-all.txt"),
        dump("nil-dereference/go1.19.8-all.txt"),
    );
    let pairs = [
        ("web-1 | ", "db-1  | "),
        ("[pod/web-1/app] ", "[pod/db-0/app] "),
        (
            "Jan 02 15:04:05 node-3 web[812]: ",
            "Jan 02 15:04:05 node-3 db[813]: ",
        ),
        (
            "2026-01-02T15:04:05Z stderr F ",
            "2026-01-02T15:04:05Z stdout F ",
        ),
        ("web-7d4-x2 app ", "db-6c9-k8 app "),
    ];
    for (first, second) in pairs {
        let source = by_turns(&behind(first, &web), &behind(second, &db));
        let found = texts(&source);
        let bodies: Vec<&str> = found.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(
            bodies,
            [String::from_utf8_lossy(&web), String::from_utf8_lossy(&db)],
            "{first}"
        );
        assert!(found.iter().all(|(stream, _)| stream.is_some()), "{first}");
    }
}

#[test]
fn a_field_that_changes_from_line_to_line_is_no_writer() {
    let dump = dump("map-read-write/go1.22.10-all.txt");
    let levels = ["INFO", "worker", "tick"];
    let source: Vec<u8> = wrap::lines(&dump)
        .into_iter()
        .enumerate()
        .flat_map(|(index, line)| {
            [
                format!("2026-01-02T15:04:05Z {} : ", levels[index % 3]).as_bytes(),
                line,
                b"\n",
            ]
            .concat()
        })
        .collect();
    assert_eq!(
        texts(&source),
        [(None, String::from_utf8_lossy(&dump).into_owned())]
    );
}

#[test]
fn panic_texts_that_look_wrapped_stay_as_they_are() {
    let body = "\n\ngoroutine 1 [running]:\nmain.main()\n\t/app/main.go:9 +0x1d\nexit status 2\n";
    let panics = [
        "panic: a &lt;b&gt; &#43;0x1d",
        "panic: a#011b#012c",
        "panic: {\"msg\":\"goroutine 7 [running]:\\nmain.f()\\n\\t/app/x.go:1 +0x1d\"}",
        "panic: web-1  | goroutine 7 [running]:",
        "panic: \x1b[31mred\x1b[0m and ^[[1mbold",
        "panic: 2026-01-02T15:04:05Z goroutine 7 [running]:",
        "panic: \"goroutine 7 [running]:\\nmain.f()\\n\\t/app/x.go:1 +0x1d\\n\"",
        "panic: “quoted” … text",
        "panic: level=error msg=\"goroutine 7 [running]:\"",
        "panic: trailing blanks   ",
        "panic: x\n\tgoroutine 7 [running]:\n\tmain.f()\n\t\t/app/x.go:1 +0x1d\n\tcreated by main.g\n\t\t/app/x.go:2 +0x1",
        "panic: x\nweb-1  | goroutine 7 [running]:\nweb-1  | main.f()\nweb-1  | \t/app/x.go:1 +0x1d",
        "panic: x\n> quoted\n    indented\n```\nfenced\n```",
        "panic: x\n2026-01-02T15:04:05Z stamped\n2026-01-02T15:04:06Z twice",
        "panic: x,y\n1,\"2\"\n3,4",
    ];
    for panic in panics {
        let source = format!("{panic}{body}");
        let opened = open(source.as_bytes());
        assert_eq!(
            (opened.texts.len(), opened.envelope.as_str()),
            (1, "none"),
            "{panic}"
        );
        assert_eq!(String::from_utf8_lossy(&opened.texts[0].text), source);
    }
}

#[test]
fn texts_without_a_dump_come_through() {
    let sources: [&[u8]; 9] = [
        b"",
        b"\n",
        b"GET /health 200\nGET /health 200\n",
        b"{\"msg\":\"started\"}\n{\"msg\":\"stopped\"}\n",
        b"a,b\n1,2\n",
        b"> quoted\n> text\n",
        b"\x00\x01\x02\xff",
        b"2026-01-02T15:04:05Z created by the operator\n2026-01-02T15:04:05Z see main.go:12\n",
        b"[web] no goroutine left behind\n[web] panic button pressed\n",
    ];
    for source in sources {
        let opened = open(source);
        assert_eq!(opened.texts.len(), 1, "{source:?}");
        assert_eq!(
            (&*opened.texts[0].text, opened.envelope.as_str()),
            (source, "none")
        );
    }
}

#[test]
fn a_prefix_on_the_first_line_only_is_freed() {
    let body = "main.f()\n\t/app/main.go:9 +0x1d\ncreated by main.main in goroutine 1\n\t/app/main.go:5 +0x2e\n";
    for (first, expected) in [
        (
            "2026/01/02 15:04:05 goroutine 7 [running]:",
            "goroutine 7 [running]:",
        ),
        (
            "E0102 15:04:05.000001       1 worker.go:31] goroutine 7 [running]:",
            "goroutine 7 [running]:",
        ),
        (
            "recovered: boom goroutine 7 [running]:",
            "recovered: boom\ngoroutine 7 [running]:",
        ),
    ] {
        let source = format!("server started\n{first}\n{body}goodbye\n");
        assert_eq!(
            texts(source.as_bytes())[0].1,
            format!("server started\n{expected}\n{body}goodbye\n")
        );
    }
}

#[test]
fn a_dump_of_one_line_is_found_behind_a_plain_prefix() {
    let fatal = "fatal error: concurrent map writes";
    for prefix in [
        "2026-01-02T15:04:05Z ",
        "2026-01-02T15:04:05Z stderr F ",
        "web-1  | ",
        "[pod/web/app] ",
        "Jan  2 15:04:05 node-3 web[812]: ",
        "<11>1 2026-01-02T15:04:05Z n web 812 - - ",
    ] {
        let source = format!("{prefix}{fatal}\n");
        assert_eq!(
            texts(source.as_bytes())[0].1,
            format!("{fatal}\n"),
            "{prefix}"
        );
    }
    let recovered = "2026/01/02 15:04:05 worker recovered from panic: boom\n";
    assert_eq!(texts(recovered.as_bytes())[0].1, recovered);
}

#[test]
fn cut_sources_keep_what_they_have() {
    let dump = dump("nil-dereference/go1.19.8-all.txt");
    for wrapper in wrap::table() {
        let wrapped = (wrapper.wrap)(&dump);
        for cut in (0..wrapped.text.len()).step_by(97) {
            let opened = open(&wrapped.text[..cut]);
            let part = Wrapped {
                text: wrapped.text[..cut].to_vec(),
                places: Vec::new(),
            };
            assert_eq!(
                miscounted(&part, &opened),
                None,
                "{} cut at {cut}",
                wrapper.name
            );
        }
    }
    let (_, zap) = wrap::all()
        .into_iter()
        .find(|(name, _)| *name == "zap, dump in a field")
        .unwrap_or(("", <[u8]>::to_vec));
    let wrapped = zap(&dump);
    let opened = open(&wrapped[..wrapped.len() - 100]);
    assert!(
        opened.truncated
            && String::from_utf8_lossy(&opened.texts[0].text).contains("goroutine 19 [running]:")
    );
}

#[test]
fn masked_secrets_are_told() {
    let opened = open(b"2026-01-02T15:04:05Z goroutine *** [running]:\n2026-01-02T15:04:05Z main.f()\n2026-01-02T15:04:05Z \t/home/***/main.go:9 +0x1d\n2026-01-02T15:04:05Z exit status 2\n");
    assert!(
        opened
            .notes
            .iter()
            .any(|note| note.line == Some(1) && note.text.contains("***")),
        "{:?}",
        opened.notes
    );
}

#[test]
fn damaged_sources_are_still_accounted_for() {
    let dump = dump("map-read-write/go1.22.10-all.txt");
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for wrapper in wrap::table() {
        let whole = (wrapper.wrap)(&dump).text;
        for _ in 0..20 {
            let mut text = whole.clone();
            for _ in 0..12 {
                random = random
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                let at = (random >> 33) as usize % text.len();
                text[at] = b"\n\r\t\x1b\"\\{}[]|<&#9\x00\xff"[(random >> 20) as usize % 17];
            }
            let damaged = Wrapped {
                text,
                places: Vec::new(),
            };
            let opened = open(&damaged.text);
            assert_eq!(
                miscounted(&damaged, &opened),
                None,
                "{}: {:?}",
                wrapper.name,
                String::from_utf8_lossy(&damaged.text)
            );
        }
    }
}

#[test]
fn what_go_test_json_really_prints_is_read() {
    let folder = corpus().join("test-panic");
    let files: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|file| file.path())
        .filter(|path| path.to_string_lossy().ends_with("-test-json.txt"))
        .collect();
    assert!(!files.is_empty(), "the corpus is missing");
    for path in files {
        let bytes = std::fs::read(&path).unwrap_or_default();
        let opened = open(&bytes);
        assert_eq!(
            (opened.texts.len(), opened.envelope.as_str()),
            (1, "go test -json"),
            "{}",
            path.display()
        );
        let lines = unwrapped(&opened);
        for start in ["panic: ", "goroutine ", "testing.tRunner(", "--- FAIL: "] {
            assert!(
                lines
                    .iter()
                    .any(|(line, _, time)| line.starts_with(start.as_bytes()) && time.is_some()),
                "{start} in {}",
                path.display()
            );
        }
        assert!(
            lines.iter().all(|(line, _, _)| !line.starts_with(b"{")),
            "{}",
            path.display()
        );
    }
}
