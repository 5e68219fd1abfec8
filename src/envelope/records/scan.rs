//! Walks through JSON, one value after the other, and says where each stands.
//!
//! Log exports are lines of JSON, arrays, objects around arrays, pretty-printed or not, with raw lines between them and cut
//! anywhere; a tree of values would lose the places and give up at the first flaw. This walk keeps a bounded stack of levels,
//! never recurses, and after a flaw goes on with the next line. Read [`Walk::next`] (the [`Event`]s in order).

/// Deepest nesting followed; log records stay far below, hostile ones must not cost memory.
const MAX_DEPTH: usize = 64;
/// Elements of an array of scalars that are told apart by their index (`["1700…", "line"]`); later ones count as this one.
const MAX_TOLD_INDEX: u64 = 4;

/// The way from the outermost value to a scalar: keys and array levels, hashed.
pub(super) type Path = u64;

/// What the walk meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event<'t> {
    /// A record begins: an outermost object, or an object or array that is an element of an array.
    Open,
    /// The innermost record ends.
    Close,
    /// A string, still escaped, without its quotes.
    Text {
        path: Path,
        key: &'t [u8],
        raw: &'t [u8],
        offset: usize,
    },
    /// A number, `true`, `false` or `null`.
    Plain {
        path: Path,
        key: &'t [u8],
        raw: &'t [u8],
        offset: usize,
    },
    /// A line, or the rest of one, that is no JSON.
    Raw { line: &'t [u8], offset: usize },
    /// The text, or the line, ended inside a value; all open records are over.
    Cut,
}

#[derive(Clone, Copy, Debug)]
struct Level<'t> {
    is_array: bool,
    is_record: bool,
    path: Path,
    index: u64,
    key: &'t [u8],
    /// The name in `{"field": "@message", "value": "…"}`.
    field: Option<&'t [u8]>,
}

/// The walk; an iterator of events.
#[derive(Debug)]
pub(super) struct Walk<'t> {
    text: &'t [u8],
    at: usize,
    levels: Vec<Level<'t>>,
    /// The last string never ended: what is open can't be trusted to go on.
    unclosed: bool,
}

impl<'t> Walk<'t> {
    /// From the start of `text`.
    pub fn new(text: &'t [u8]) -> Self {
        Self {
            text,
            at: 0,
            levels: Vec::new(),
            unclosed: false,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while self
            .peek()
            .is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
        {
            self.at += 1;
        }
    }

    /// Outside of all values: a value begins (without an event of its own where it is an array), or a raw line.
    fn outermost(&mut self) -> Option<Option<Event<'t>>> {
        loop {
            let start = self.at;
            let rest = self.text.get(start..).filter(|rest| !rest.is_empty())?;
            let end = memchr::memchr(b'\n', rest).map_or(self.text.len(), |end| start + end);
            let line = self.text.get(start..end)?;
            let blanks = line
                .iter()
                .take_while(|byte| matches!(byte, b' ' | b'\t' | b',' | b'\r'))
                .count();
            let body = line.get(blanks..).unwrap_or_default();
            if begins_value(body, self.text.get(end..).unwrap_or_default()) {
                self.at = start + blanks;
                return Some(self.value(0, b""));
            }
            self.at = (end + 1).min(self.text.len()).max(start + 1);
            let at_line_start = start == 0 || self.text.get(start - 1) == Some(&b'\n');
            let closes_only = body
                .iter()
                .all(|byte| matches!(byte, b']' | b'}' | b' ' | b',' | b'\r'));
            if !closes_only || (at_line_start && body.is_empty()) {
                return Some(Some(Event::Raw {
                    line,
                    offset: start,
                }));
            }
        }
    }

    /// The next part of the object or array that is open.
    fn inside(&mut self, level: Level<'t>) -> Option<Event<'t>> {
        self.skip_blanks();
        match self.peek() {
            None => self.cut(self.text.len()),
            Some(b',') => {
                self.at += 1;
                if let Some(level) = self.levels.last_mut() {
                    level.index += 1;
                }
                None
            }
            Some(b'}' | b']') => {
                self.at += 1;
                self.levels.pop();
                level.is_record.then_some(Event::Close)
            }
            Some(b'"') if !level.is_array => {
                let Some(key) = self.string() else {
                    return self.cut(self.at);
                };
                self.skip_blanks();
                if self.peek() != Some(b':') {
                    return self.cut(self.at);
                }
                self.at += 1;
                self.skip_blanks();
                self.member(level, key)
            }
            Some(_) if level.is_array => self.element(level),
            Some(_) => self.cut(self.at),
        }
    }

    /// The value behind `key`.
    fn member(&mut self, level: Level<'t>, key: &'t [u8]) -> Option<Event<'t>> {
        let named = level.field.filter(|_| matches!(key, b"value" | b"Value"));
        let name = named.unwrap_or(key);
        let event = self.value(mix(level.path, hash(name)), name);
        if let (b"field" | b"name", Some(Event::Text { raw, .. }), Some(level)) =
            (key, event, self.levels.last_mut())
        {
            level.field = Some(raw);
        }
        event
    }

    fn element(&mut self, level: Level<'t>) -> Option<Event<'t>> {
        let scalar = !matches!(self.peek(), Some(b'{' | b'['));
        let step = if scalar {
            1 + level.index.min(MAX_TOLD_INDEX)
        } else {
            0
        };
        self.value(mix(level.path, step), level.key)
    }

    /// A value: a scalar's event, `Open` for a record, nothing for other objects and arrays.
    fn value(&mut self, path: Path, key: &'t [u8]) -> Option<Event<'t>> {
        let offset = self.at;
        match self.peek() {
            Some(open @ (b'{' | b'[')) => {
                self.at += 1;
                let is_array = open == b'[';
                // In `[[{"field": …}, …], …]` the inner array is the record.
                let is_element = self
                    .levels
                    .last()
                    .is_some_and(|level| level.is_array && !level.is_record);
                let is_record = is_element || (self.levels.is_empty() && !is_array);
                if self.levels.len() == MAX_DEPTH {
                    return self.cut(self.at);
                }
                self.levels.push(Level {
                    is_array,
                    is_record,
                    path,
                    index: 0,
                    key,
                    field: None,
                });
                is_record.then_some(Event::Open)
            }
            Some(b'"') => {
                let closed = self.string();
                self.unclosed = closed.is_none();
                let raw = closed
                    .or_else(|| self.text.get(offset + 1..self.at))
                    .unwrap_or_default();
                Some(Event::Text {
                    path,
                    key,
                    raw,
                    offset,
                })
            }
            Some(byte) if byte.is_ascii_alphanumeric() || byte == b'-' => {
                let length = self
                    .text
                    .get(offset..)?
                    .iter()
                    .take_while(|byte| {
                        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')
                    })
                    .count();
                self.at += length;
                Some(Event::Plain {
                    path,
                    key,
                    raw: self.text.get(offset..self.at)?,
                    offset,
                })
            }
            _ => self.cut(self.at),
        }
    }

    /// A string; `None`, with the place at the end of its line, where its closing quote is missing.
    fn string(&mut self) -> Option<&'t [u8]> {
        let start = self.at + 1;
        let mut at = start;
        loop {
            let Some(step) = self
                .text
                .get(at..)
                .and_then(|rest| memchr::memchr3(b'"', b'\\', b'\n', rest))
            else {
                self.at = self.text.len();
                return None;
            };
            at += step;
            match self.text.get(at) {
                Some(b'"') => {
                    self.at = at + 1;
                    return self.text.get(start..at);
                }
                Some(b'\\') => at += 2,
                _ => {
                    self.at = at;
                    return None;
                }
            }
        }
    }

    /// Gives the open records up and goes on with the line after `from`.
    fn cut(&mut self, from: usize) -> Option<Event<'t>> {
        self.levels.clear();
        let rest = self.text.get(from..).unwrap_or_default();
        self.at = memchr::memchr(b'\n', rest).map_or(self.text.len(), |end| from + end + 1);
        Some(Event::Cut)
    }
}

impl<'t> Iterator for Walk<'t> {
    type Item = Event<'t>;

    /// The next event; `None` at the end of the text.
    fn next(&mut self) -> Option<Event<'t>> {
        loop {
            if std::mem::take(&mut self.unclosed) {
                return self.cut(self.at);
            }
            let event = match self.levels.last().copied() {
                Some(level) => self.inside(level),
                None => self.outermost()?,
            };
            if event.is_some() {
                return event;
            }
        }
    }
}

/// True where `line` opens an object or an array of JSON; `after` is what follows it.
fn begins_value(line: &[u8], after: &[u8]) -> bool {
    let mut rest = line;
    for _ in 0..MAX_DEPTH {
        let Some((&open, inner)) = rest.split_first() else {
            return false;
        };
        let inner = inner.trim_ascii_start();
        let next = inner.first().or_else(|| after.trim_ascii_start().first());
        match (open, next) {
            (b'{', Some(b'"' | b'}')) => return true,
            (b'[', Some(b'"')) => {
                return inner.is_empty() || line.ends_with(b"]") || line.ends_with(b",");
            }
            (b'[', Some(b'{' | b'[')) if !inner.is_empty() => rest = inner,
            (b'[', Some(b'{' | b'[')) => return true,
            _ => return false,
        }
    }
    false
}

/// Hash of a key: FNV-1a, enough to tell the handful of keys of a log's records apart.
pub(super) fn hash(key: &[u8]) -> Path {
    key.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn mix(parent: Path, step: u64) -> Path {
    (parent.rotate_left(5) ^ step).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(json: &str) -> Vec<(String, String)> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Walk::new(json.as_bytes())
            .filter_map(|event| match event {
                Event::Text { key, raw, .. } => Some((text(key), text(raw))),
                Event::Raw { line, .. } => Some(("raw".into(), text(line))),
                _ => None,
            })
            .collect()
    }

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.into(), value.into())
    }

    #[test]
    fn records_stand_in_lines_arrays_and_around_arrays() {
        assert_eq!(
            texts("{\"a\":\"1\"}\nplain\n{\"a\":\"2\"}\n"),
            [pair("a", "1"), pair("raw", "plain"), pair("a", "2")]
        );
        assert_eq!(
            texts("[\n  {\"a\": \"1\"},\n  {\"a\": \"2\"}\n]\n"),
            [pair("a", "1"), pair("a", "2")]
        );
        assert_eq!(
            texts("{\"events\":[{\"m\":\"x\\\"y\"}]}"),
            [pair("m", "x\\\"y")]
        );
        assert_eq!(
            texts("[[{\"field\":\"@message\",\"value\":\"x\"}]]"),
            [pair("field", "@message"), pair("@message", "x")]
        );
    }

    #[test]
    fn lines_that_only_look_like_json_are_raw() {
        assert_eq!(
            texts("[signal SIGSEGV: x]\n{not json}\n"),
            [
                pair("raw", "[signal SIGSEGV: x]"),
                pair("raw", "{not json}")
            ]
        );
    }

    #[test]
    fn a_cut_record_gives_what_it_has() {
        assert_eq!(
            texts("{\"a\":\"1\",\"b\":\"gorout"),
            [pair("a", "1"), pair("b", "gorout")]
        );
        assert_eq!(
            texts("{\"a\":\"1\n{\"a\":\"2\"}\n"),
            [pair("a", "1"), pair("a", "2")]
        );
    }

    #[test]
    fn depth_is_bounded() {
        let deep = "[".repeat(100_000);
        assert!(Walk::new(deep.as_bytes()).count() < 100_001);
    }
}
