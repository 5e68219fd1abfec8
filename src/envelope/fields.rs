//! The shape of a line's prefix: literals, words, numbers, time stamps and blanks, learnt from one line and matched on others.
//!
//! ```text
//! 2026-01-02T15:04:05.123456789Z stderr F |          Stamp Blank Word Blank Word Blank
//! web-1    | |                                       Word Blanks '|' Blank
//! Jan 02 15:04:05 node-3 app[812]: |                 Stamp Blank Word Blank Word '[' Digits ']' ':' Blank
//! build<TAB>Run tests<TAB>2026-01-02T15:04:05Z |     Column Column Stamp Blank
//! ```
//!
//! `prefix` learns with [`Shape::of`] and takes off with [`Shape::strip`].

use super::stamp;
use super::streams::Writer;

/// Most fields of a prefix; longer ones are free text.
const MAX_FIELDS: usize = 48;

/// One field of a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// A time stamp.
    Stamp,
    /// One or more digits.
    Digits,
    /// Letters, digits and the signs of names, addresses and paths.
    Word,
    /// Anything up to a TAB, and the TAB.
    Column,
    /// `00O ` or `01E+` of a GitLab runner: stream, and whether the line goes on from the one before.
    Runner,
    /// One byte that is none of the others.
    Literal(u8),
    /// One or more blanks, this many where they end the prefix.
    Blanks(usize),
}

/// A prefix in its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    fields: Vec<Field>,
    /// The words seen in each place of a prefix that has nothing but words: then it must be one of these.
    words: Vec<Vec<Vec<u8>>>,
}

/// What a prefix said.
#[derive(Clone, Debug, Default)]
pub(super) struct Heads {
    /// Bytes of the prefix.
    pub length: usize,
    /// Its first time stamp.
    pub time: Option<i64>,
    /// Who wrote the line.
    pub writer: Writer,
    /// `P` of a container runtime: the line goes on in the writer's next one.
    pub goes_on: bool,
    /// `+` of a GitLab runner: the line continues the writer's line before.
    pub continues: bool,
}

impl Shape {
    /// The shape of all of `prefix`; `None` for an empty one and for one of too many fields.
    pub fn of(prefix: &[u8]) -> Option<Self> {
        let mut fields = Vec::new();
        let mut words = Vec::new();
        let columns = prefix
            .iter()
            .rposition(|&byte| byte == b'\t')
            .map_or(0, |tab| tab + 1);
        let mut at = 0;
        while at < prefix.len() {
            let rest = prefix.get(at..)?;
            let (field, length) = if at < columns {
                column(rest)?
            } else {
                field(rest)?
            };
            if matches!(field, Field::Word | Field::Digits) {
                words.push(vec![rest.get(..length)?.to_vec()]);
            }
            fields.push(field);
            at += length;
            if fields.len() > MAX_FIELDS {
                return None;
            }
        }
        let marked = fields
            .iter()
            .any(|field| matches!(field, Field::Stamp | Field::Literal(_) | Field::Column));
        (!fields.is_empty()).then_some(Self {
            fields,
            words: if marked { Vec::new() } else { words },
        })
    }

    /// True where `other` has the same fields; its words are then known here too.
    pub fn absorbs(&mut self, other: &Self) -> bool {
        let same = self.fields == other.fields;
        if same {
            for (seen, new) in self.words.iter_mut().zip(&other.words) {
                seen.extend(
                    new.iter()
                        .filter(|word| !seen.contains(word))
                        .cloned()
                        .collect::<Vec<_>>(),
                );
            }
        }
        same
    }

    /// This shape without its last fields, where a prefix may end too: behind blanks, a bar, a bracket or a colon.
    pub fn shortened(&self) -> Option<Self> {
        let mut fields = self.fields.clone();
        fields.pop();
        while fields.last().is_some_and(|last| {
            !matches!(last, Field::Blanks(_) | Field::Column | Field::Literal(_))
        }) {
            fields.pop();
        }
        let kept = fields
            .iter()
            .filter(|field| matches!(field, Field::Word | Field::Digits))
            .count();
        let words = self.words.iter().take(kept).cloned().collect();
        (!fields.is_empty()).then_some(Self { fields, words })
    }

    /// True for blanks alone.
    pub fn is_indentation(&self) -> bool {
        self.fields
            .iter()
            .all(|field| matches!(field, Field::Blanks(_) | Field::Literal(b'\t')))
    }

    /// True where the prefix begins with a time stamp.
    pub fn begins_with_stamp(&self) -> bool {
        self.fields.first() == Some(&Field::Stamp)
    }

    /// Takes the prefix off `line`: what it said, with its length; `None` where the line has another shape.
    ///
    /// The last blanks may be missing where the line ends with the prefix: many systems trim them.
    pub fn strip(&self, line: &[u8], heads: &mut Heads) -> Option<()> {
        heads.writer.clear();
        (heads.time, heads.goes_on, heads.continues, heads.length) = (None, false, false, 0);
        let mut at = 0;
        let mut words = self.words.iter();
        let last = self.fields.len().saturating_sub(1);
        for (index, field) in self.fields.iter().enumerate() {
            let rest = line.get(at..)?;
            if rest.is_empty() && index == last && matches!(field, Field::Blanks(_)) {
                break;
            }
            let length = match field {
                Field::Stamp => {
                    let stamp = stamp::parse(rest)?;
                    heads.time = heads.time.or(stamp.time);
                    stamp.length
                }
                Field::Digits => rest.iter().take_while(|byte| byte.is_ascii_digit()).count(),
                Field::Word => word_length(rest),
                Field::Literal(byte) => usize::from(rest.first() == Some(byte)),
                Field::Blanks(count) if index == last => blanks_at_end(rest, *count),
                Field::Blanks(_) => rest.iter().take_while(|byte| **byte == b' ').count(),
                Field::Runner => runner(rest).unwrap_or(0),
                Field::Column => memchr::memchr(b'\t', rest).map_or(0, |tab| tab + 1),
            };
            let text = rest.get(..length).filter(|text| !text.is_empty())?;
            if matches!(field, Field::Word | Field::Digits)
                && !self.words.is_empty()
                && words
                    .next()
                    .is_none_or(|seen| !seen.iter().any(|word| word == text))
            {
                return None;
            }
            self.note(index, text, heads);
            at += length;
        }
        heads.length = at;
        Some(())
    }

    /// What a field says about the line's writer.
    fn note(&self, index: usize, text: &[u8], heads: &mut Heads) {
        match self.fields.get(index) {
            Some(Field::Word) => match text {
                b"stdout" | b"stderr" => heads.writer.std = text.to_vec(),
                b"F" | b"P" if self.follows_std(index, heads) => heads.goes_on = text == b"P",
                _ if is_name(text) => heads.writer.add(text),
                _ => {}
            },
            Some(Field::Runner) => heads.continues = text.ends_with(b"+"),
            Some(Field::Digits) if self.is_bracketed(index) => heads.writer.add(text),
            Some(Field::Column) if stamp::parse(text).is_some() => {
                heads.time = heads
                    .time
                    .or(stamp::parse(text).and_then(|stamp| stamp.time))
            }
            Some(Field::Column) => heads.writer.add(text.strip_suffix(b"\t").unwrap_or(text)),
            _ => {}
        }
    }

    /// `stderr F`: the word of a container runtime that says whether the line is whole.
    fn follows_std(&self, index: usize, heads: &Heads) -> bool {
        !heads.writer.std.is_empty()
            && matches!(
                index
                    .checked_sub(1)
                    .and_then(|before| self.fields.get(before)),
                Some(Field::Blanks(_))
            )
    }

    /// `app[812]`: a process id.
    fn is_bracketed(&self, index: usize) -> bool {
        let around = index
            .checked_sub(1)
            .and_then(|before| Some((self.fields.get(before)?, self.fields.get(index + 1)?)));
        matches!(around, Some((Field::Literal(b'['), Field::Literal(b']'))))
    }
}

/// Words that are levels or colours of a logger, not names.
const LEVELS: [&[u8]; 12] = [
    b"info",
    b"warn",
    b"warning",
    b"error",
    b"err",
    b"debug",
    b"fatal",
    b"panic",
    b"trace",
    b"critical",
    b"notice",
    b"dpanic",
];

/// True for words that may name who wrote the line: not a level, not a source position, not a file.
fn is_name(text: &[u8]) -> bool {
    let lower = text.to_ascii_lowercase();
    text != b"-" && !LEVELS.contains(&&*lower) && !lower.windows(3).any(|part| part == b".go")
}

fn column(rest: &[u8]) -> Option<(Field, usize)> {
    memchr::memchr(b'\t', rest).map(|tab| {
        (
            if tab == 0 {
                Field::Literal(b'\t')
            } else {
                Field::Column
            },
            tab + 1,
        )
    })
}

/// The field at the start of `rest`, and its length.
fn field(rest: &[u8]) -> Option<(Field, usize)> {
    if let Some(stamp) = stamp::parse(rest) {
        return Some((Field::Stamp, stamp.length));
    }
    let blanks = rest.iter().take_while(|byte| **byte == b' ').count();
    if blanks > 0 {
        return Some((Field::Blanks(blanks), blanks));
    }
    if let Some(length) = runner(rest) {
        return Some((Field::Runner, length));
    }
    let word = word_length(rest);
    if word == 0 {
        return rest.first().map(|&byte| (Field::Literal(byte), 1));
    }
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    Some((
        if digits == word {
            Field::Digits
        } else {
            Field::Word
        },
        word,
    ))
}

/// Length of a GitLab runner's mark at the start of `rest`.
fn runner(rest: &[u8]) -> Option<usize> {
    let mark = rest.get(..4)?;
    matches!(mark, [b'0'..=b'9', b'0'..=b'9', b'O' | b'E', b' ' | b'+']).then_some(4)
}

/// Length of the word at the start of `rest`: a `:` belongs to it where a letter or digit follows.
fn word_length(rest: &[u8]) -> usize {
    let mut length = 0;
    while let Some(&byte) = rest.get(length) {
        let inner = byte == b':'
            && length > 0
            && rest.get(length + 1).is_some_and(u8::is_ascii_alphanumeric);
        let plain = byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'_' | b'-' | b'.' | b'/' | b'@' | b'%' | b'+' | b'~' | b'*' | b'$'
            );
        if !inner && !plain {
            break;
        }
        length += 1;
    }
    length
}

/// The blanks that end a prefix: exactly as many as learnt, or all of a line that has nothing else.
fn blanks_at_end(rest: &[u8], count: usize) -> usize {
    let found = rest
        .iter()
        .take_while(|byte| **byte == b' ')
        .take(count)
        .count();
    if found == count || found == rest.len() {
        found
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strip<'l>(prefix: &str, line: &'l str) -> Option<(&'l str, Heads)> {
        let mut heads = Heads::default();
        Shape::of(prefix.as_bytes())?.strip(line.as_bytes(), &mut heads)?;
        line.get(heads.length..).map(|rest| (rest, heads))
    }

    #[test]
    fn fields_vary_and_the_rest_stays() {
        let (rest, heads) = strip(
            "2026-01-02T15:04:05.1Z stderr F ",
            "2026-01-02T15:04:05.123456Z stdout P \t/app/main.go:9",
        )
        .unwrap_or_default();
        assert_eq!(rest, "\t/app/main.go:9");
        assert!(heads.goes_on && heads.time.is_some() && heads.writer.std == b"stdout");
        assert_eq!(
            strip("web-1  | ", "database-1 |   main.f()").map(|(rest, _)| rest),
            Some("  main.f()")
        );
        assert_eq!(
            strip(
                "Jan  2 15:04:05 node app[12]: ",
                "Jan 12 01:02:03 node2 app[99999]: x"
            )
            .map(|(rest, _)| rest),
            Some("x")
        );
        assert_eq!(
            strip(
                "build\tRun go test\t2026-01-02T15:04:05Z ",
                "lint\tx\t2026-01-02T15:04:06Z a"
            )
            .map(|(rest, _)| rest),
            Some("a")
        );
    }

    #[test]
    fn a_trimmed_empty_line_matches() {
        assert_eq!(
            strip("web-1  | ", "web-1  |").map(|(rest, _)| rest),
            Some("")
        );
        assert_eq!(
            strip("2026-01-02T15:04:05Z ", "2026-01-02T15:04:05Z").map(|(rest, _)| rest),
            Some("")
        );
    }

    #[test]
    fn other_shapes_are_refused() {
        for line in [
            "goroutine 1 [running]:",
            "main.main()",
            "\t/app/main.go:9 +0x1d",
            "exit status 2",
        ] {
            assert!(
                strip("2026-01-02T15:04:05.1Z stderr F ", line).is_none(),
                "{line}"
            );
            assert!(strip("web-1  | ", line).is_none(), "{line}");
            assert!(strip("web app ", line).is_none(), "{line}");
        }
    }
}
