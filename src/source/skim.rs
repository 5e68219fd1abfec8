//! The outline of a Go file, found letter by letter: where its functions stand and which words each of them has.
//!
//! [`super::module`] skims the files of a module that is read for a crash: what stands between the braces of a function is parsed only
//! when [`super::scope`] asks for it, and it asks by words. Comments, strings, runes and raw strings are stepped over as Go does; a
//! file whose braces do not close has no outline and is parsed whole.
//!
//! ```go
//! func (i *Index) Put(name string) { // a function from `func` to the last brace
//!     i.byName[name]++               // words: i, .byName, name
//! }
//! ```

use std::ops::Range;

/// Functions and words of a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// Declared functions and methods, in order.
    pub funcs: Vec<Span>,
    /// Words outside of functions' bodies: what initialises package variables.
    pub around: Vec<u32>,
}

/// A declared function.
#[derive(Debug, PartialEq, Eq)]
pub struct Span {
    /// From `func` to the end, in bytes.
    pub bytes: Range<usize>,
    /// What stands between its outermost braces, in bytes; `None` for functions written elsewhere.
    pub body: Option<Range<usize>>,
    /// Line of `func`, from 1.
    pub line: u32,
    /// Words of its body, ascending; see [`word`].
    pub words: Vec<u32>,
    /// Declares types inside, which the rest of the file may mean by name.
    pub declares: bool,
}

/// The number of a word. Behind a dot it is another one than without.
pub fn word(name: &[u8], dotted: bool) -> u32 {
    // FNV-1a: short words, and two words of one number only cost a look.
    let mut hash = 0x811c_9dc5u32;
    for &byte in name {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    hash & !1 | u32::from(dotted)
}

/// The outline of a file; `None` where its braces or quotes do not close.
pub fn skim(text: &[u8]) -> Option<Outline> {
    let mut skimmer = Skimmer {
        text,
        at: 0,
        line: 1,
    };
    let mut outline = Outline::default();
    let (mut depth, mut starts, mut ends, mut dotted) = (0usize, true, false, false);
    loop {
        let (token, from, line) = skimmer.next()?;
        match token {
            Token::End => break,
            Token::Newline => {
                starts |= depth == 0 && ends;
                continue;
            }
            Token::Word if starts && skimmer.is(from, b"func") => {
                let span = skimmer.function(from, line, &mut outline.around)?;
                outline.funcs.push(span);
                (starts, ends, dotted) = (false, true, false);
                continue;
            }
            Token::Word => outline.around.push(word(skimmer.since(from), dotted)),
            Token::Open(_) => depth += 1,
            Token::Close(_) => depth = depth.checked_sub(1)?,
            Token::Other(_) | Token::Literal => {}
        }
        starts = token == Token::Other(b';') && depth == 0;
        ends = token.ends();
        dotted = token == Token::Other(b'.');
    }
    outline.around.sort_unstable();
    outline.around.dedup();
    (depth == 0).then_some(outline)
}

/// The text without what stands in its functions' bodies, but with all its lines.
pub fn headers(text: &[u8], outline: &Outline) -> Vec<u8> {
    let mut headers = Vec::with_capacity(text.len() / 2);
    let mut from = 0;
    for span in outline.funcs.iter().filter(|span| !span.declares) {
        let Some(body) = &span.body else { continue };
        headers.extend_from_slice(text.get(from..body.start).unwrap_or_default());
        let inside = text.get(body.clone()).unwrap_or_default();
        let lines = memchr::memchr_iter(b'\n', inside).count();
        headers.resize(headers.len() + lines, b'\n');
        from = body.end;
    }
    headers.extend_from_slice(text.get(from..).unwrap_or_default());
    headers
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Word,
    Literal,
    Open(u8),
    Close(u8),
    Other(u8),
    Newline,
    End,
}

impl Token {
    /// True where a line that ends with it ends a statement.
    fn ends(self) -> bool {
        matches!(self, Token::Word | Token::Literal | Token::Close(_))
    }
}

struct Skimmer<'t> {
    text: &'t [u8],
    at: usize,
    line: u32,
}

impl Skimmer<'_> {
    /// The next token, with its first byte and line; `None` where a quote or comment does not end.
    fn next(&mut self) -> Option<(Token, usize, u32)> {
        loop {
            let (from, line) = (self.at, self.line);
            let Some(&byte) = self.text.get(self.at) else {
                return Some((Token::End, from, line));
            };
            self.at += 1;
            let token = match byte {
                b' ' | b'\t' | b'\r' => continue,
                b'\n' => {
                    self.line += 1;
                    Token::Newline
                }
                b'/' if self.text.get(self.at) == Some(&b'/') => {
                    self.at = self.find(b'\n').unwrap_or(self.text.len());
                    continue;
                }
                b'/' if self.text.get(self.at) == Some(&b'*') => {
                    self.comment()?;
                    continue;
                }
                b'"' | b'\'' => {
                    self.quoted(byte)?;
                    Token::Literal
                }
                b'`' => {
                    let end = self.find(b'`')?;
                    self.step(end + 1);
                    Token::Literal
                }
                b'0'..=b'9' => {
                    self.take(|byte| is_word(byte) || byte == b'.');
                    Token::Literal
                }
                byte if is_word(byte) => {
                    self.take(is_word);
                    Token::Word
                }
                b'(' | b'[' | b'{' => Token::Open(byte),
                b')' | b']' | b'}' => Token::Close(byte),
                _ => Token::Other(byte),
            };
            return Some((token, from, line));
        }
    }

    fn find(&self, byte: u8) -> Option<usize> {
        let rest = self.text.get(self.at..)?;
        memchr::memchr(byte, rest).map(|at| self.at + at)
    }

    fn take(&mut self, wanted: impl Fn(u8) -> bool) {
        while self.text.get(self.at).is_some_and(|&byte| wanted(byte)) {
            self.at += 1;
        }
    }

    /// Goes on at a later byte, counting the lines between.
    fn step(&mut self, to: usize) {
        let between = self.text.get(self.at..to).unwrap_or_default();
        self.line += memchr::memchr_iter(b'\n', between).count() as u32;
        self.at = to;
    }

    fn comment(&mut self) -> Option<()> {
        let rest = self.text.get(self.at + 1..)?;
        let end = memchr::memmem::find(rest, b"*/")?;
        self.step(self.at + 1 + end + 2);
        Some(())
    }

    fn quoted(&mut self, quote: u8) -> Option<()> {
        loop {
            let byte = *self.text.get(self.at)?;
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'\n' => return None,
                byte if byte == quote => return Some(()),
                _ => {}
            }
        }
    }

    fn since(&self, from: usize) -> &[u8] {
        self.text.get(from..self.at).unwrap_or_default()
    }

    fn is(&self, from: usize, word: &[u8]) -> bool {
        self.since(from) == word
    }

    /// A declaration behind its `func`. The first brace outside of parentheses that opens no type opens the body.
    fn function(&mut self, from: usize, line: u32, around: &mut Vec<u32>) -> Option<Span> {
        let mut span = Span {
            bytes: from..from,
            body: None,
            line,
            words: Vec::new(),
            declares: false,
        };
        let (mut depth, mut ends, mut opens_type) = (0usize, false, false);
        loop {
            let before = self.at;
            let (token, at, _) = self.next()?;
            match token {
                Token::Newline if depth == 0 && ends => {
                    (self.at, self.line) = (self.at - 1, self.line - 1);
                    span.bytes.end = before;
                    return Some(span);
                }
                Token::End => {
                    span.bytes.end = before;
                    return (depth == 0).then_some(span);
                }
                Token::Newline => continue,
                Token::Open(b'{') if depth == 0 && !opens_type => break,
                Token::Open(_) => depth += 1,
                Token::Close(_) => depth = depth.checked_sub(1)?,
                Token::Word => around.push(word(self.since(at), false)),
                Token::Other(b';') if depth == 0 => {
                    span.bytes.end = at;
                    return Some(span);
                }
                Token::Other(_) | Token::Literal => {}
            }
            ends = token.ends();
            opens_type =
                token == Token::Word && (self.is(at, b"struct") || self.is(at, b"interface"));
        }
        let start = self.at;
        let end = self.body(&mut span)?;
        span.body = Some(start..end);
        span.bytes.end = self.at;
        span.words.sort_unstable();
        span.words.dedup();
        span.words.shrink_to_fit();
        Some(span)
    }

    /// The words of a body; returns the byte of its last brace.
    fn body(&mut self, span: &mut Span) -> Option<usize> {
        let mut depth = 1usize;
        let mut last = Token::Newline;
        loop {
            let (token, from, _) = self.next()?;
            match token {
                Token::End => return None,
                Token::Newline => continue,
                Token::Open(b'{') => depth += 1,
                Token::Close(b'}') => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(from);
                    }
                }
                Token::Word => {
                    // `x.(type)` declares nothing.
                    span.declares |= self.is(from, b"type") && last != Token::Open(b'(');
                    let dotted = last == Token::Other(b'.');
                    span.words.push(word(self.since(from), dotted));
                }
                _ => {}
            }
            last = token;
        }
    }
}

/// Letters, digits and `_`; everything beyond ASCII is taken for a letter.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bodies(text: &str) -> Vec<&str> {
        let outline = skim(text.as_bytes()).expect("braces close");
        let bodies = outline.funcs.iter().map(|span| span.body.clone());
        bodies
            .map(|body| body.map_or("-", |body| &text[body]))
            .collect()
    }

    #[test]
    fn bodies_are_told_from_the_braces_of_types() {
        let text = "package a\n\nvar f = func() { x() }\n\ntype T func(struct{ a int }) interface{ B() }\n\n\
                    func one[T interface{ ~int }](a struct{ b int }) interface{} { return '{' }\n\
                    func (t T) two() (func() error, struct{ c int }) { two.`}`; /* } */ \"}\\\"\" } // }\n\
                    func three(a int) int\n\nfunc four(\n\ta int,\n) {\n\t{}\n}\nfunc five() {}; func six() { 6 }\n";
        assert_eq!(
            bodies(text),
            [
                " return '{' ",
                " two.`}`; /* } */ \"}\\\"\" ",
                "-",
                "\n\t{}\n",
                "",
                " 6 "
            ]
        );
    }

    #[test]
    fn words_know_their_dots_and_headers_keep_their_lines() {
        let text = "package a\nfunc f() {\n\ts.get(x) // y\n}\nfunc g() { type t int }\n";
        let outline = skim(text.as_bytes()).expect("braces close");
        let mut words = [word(b"s", false), word(b"get", true), word(b"x", false)];
        words.sort_unstable();
        assert_eq!(outline.funcs[0].words, words);
        assert_eq!(outline.funcs[1].line, 5);
        assert!(outline.funcs[1].declares && !outline.funcs[0].declares);
        let headers = headers(text.as_bytes(), &outline);
        assert_eq!(
            String::from_utf8_lossy(&headers),
            "package a\nfunc f() {\n\n}\nfunc g() { type t int }\n"
        );
    }

    #[test]
    fn what_does_not_close_has_no_outline() {
        for text in [
            "func f() {",
            "func f() { \" }",
            "}",
            "/*",
            "func f(",
            "`",
            "'\n'",
        ] {
            assert_eq!(skim(text.as_bytes()), None, "{text}");
        }
    }
}
