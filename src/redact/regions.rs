//! Which bytes of a line are data whatever they say, and which numbers are Go's.
//!
//! ```text
//! goroutine 24 [chan receive] {job: "re index", tenant: acme}:     labels: nothing stays
//! panic: no plan for "gold"                                         inside quotes of a panic value: nothing stays
//! panic: runtime error: index out of range [70000] with length 3    Go's own sentence: its numbers stay
//! 3: 49152 [7: 114688] @ 0x4935c1 0x46f2a1                          a profile: its numbers and addresses stay
//! ```

use regex::bytes::Regex;
use std::ops::Range;
use std::sync::OnceLock;

/// What is special about a piece of a line.
#[derive(Debug, Default)]
pub struct Regions {
    /// Nothing stays, not even words of the list.
    strict: Vec<Range<usize>>,
    /// From here on numbers are Go's.
    gos: Option<usize>,
    profile: bool,
}

/// The forms that are looked for.
struct Forms {
    labels: Regex,
    panic: Regex,
    sentence: Regex,
    gos: Regex,
    profile: Regex,
}

fn forms() -> Option<&'static Forms> {
    static FORMS: OnceLock<Option<Forms>> = OnceLock::new();
    let made = FORMS.get_or_init(|| {
        let new = |form: &str| Regex::new(form).ok();
        Some(Forms {
            labels: new(r"(?:goroutine \d+ [^{}]{0,200}\] |# labels: |goroutine \d+ [^{}]{0,200} labels:)\{([^{}]*)\}")?,
            panic: new(r"\bpanic: (.*)")?,
            sentence: new(
                r"^(?:runtime error: |assignment to entry in nil map|close of |send on closed channel|interface conversion: |sync: |test timed out after |test executed panic\(nil\)|unexpected call to os\.Exit|value method |deadlock: )",
            )?,
            gos: new(
                r"\bfatal error: |\bruntime: |\bSCHED \d|\bgc \d+ @|scvg: |(?:heap|goroutine|goroutineleak|threadcreate) profile: |cycles/second=|sampling period=|\[signal |\bFound \d+ data race",
            )?,
            profile: new(r"(?:^|[^\w.])\d+(?:: \d+ \[\d+: \d+\])? @(?: 0x[0-9a-f]+)*\s*(?:\\n)?$|#(?:\t|\\t)0x[0-9a-f]+|^# [A-Z]\w+ = ")?,
        })
    });
    made.as_ref()
}

impl Regions {
    /// Of a piece of a line, which may be that of a record.
    pub fn of(text: &[u8], record: bool) -> Self {
        let mut regions = Self::default();
        // Most lines are frames and have none.
        let worth = |needle: &[u8]| memchr::memmem::find(text, needle).is_some();
        let Some(forms) = forms() else { return regions };
        if worth(b"{") {
            let found = forms.labels.captures_iter(text);
            let labels = found.filter_map(|found| Some(found.get(1)?.range()));
            regions.strict.extend(labels);
        }
        if worth(b"panic: ")
            && let Some(value) = forms.panic.captures(text).and_then(|found| found.get(1))
        {
            match forms.sentence.is_match(value.as_bytes()) {
                true => regions.gos = Some(value.start()),
                false => quotes(value.as_bytes(), value.start(), record, &mut regions.strict),
            }
        } else {
            regions.gos = forms.gos.find(text).map(|found| found.start());
        }
        regions.profile =
            (worth(b" @") || worth(b"#") || worth(b" = ")) && forms.profile.is_match(text);
        regions
    }

    /// All of a text.
    pub fn strict(text: &[u8]) -> Self {
        let all = 0..text.len();
        Self {
            strict: vec![all],
            ..Self::default()
        }
    }

    /// Whether nothing stays there.
    pub fn is_strict(&self, at: usize) -> bool {
        self.strict.iter().any(|range| range.contains(&at))
    }

    /// Whether a number there is Go's.
    pub fn is_gos(&self, at: usize) -> bool {
        self.gos.is_some_and(|from| at >= from)
    }

    /// Whether the line is one of a profile: addresses are those of code.
    pub fn is_profile(&self) -> bool {
        self.profile
    }
}

/// What stands between quotes. In a record they are escaped, and one that is not ends the value.
fn quotes(value: &[u8], start: usize, record: bool, into: &mut Vec<Range<usize>>) {
    let mut open: Option<(usize, u8)> = None;
    for (at, &byte) in value.iter().enumerate() {
        let escaped = at.checked_sub(1).and_then(|at| value.get(at)) == Some(&b'\\');
        match open {
            _ if record && byte == b'"' && !escaped => break,
            None if byte == b'"' || byte == b'`' => open = Some((at + 1, byte)),
            Some((from, quote)) if quote == byte => {
                into.push(start + from..start + at);
                open = None;
            }
            _ => {}
        }
    }
    // One that does not end is no pair, but what follows may be a value that goes on in the next line.
    if let Some((from, _)) = open.filter(|_| !record) {
        into.push(start + from..start + value.len());
    }
}

/// Whether a line is a record with fields, where numbers beside a dump are no lines of it.
pub fn is_record(line: &[u8]) -> bool {
    let first = line.iter().find(|byte| !byte.is_ascii_whitespace());
    matches!(first, Some(b'{' | b'"')) || memchr::memmem::find(line, b"\\n").is_some()
}
