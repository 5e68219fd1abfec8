//! The outline of a Go file, found letter by letter: where its functions stand, which words each of them has, and what no question
//! asks for: comments, constants, tags of fields, tables of plain values.
//!
//! [`super::lower`] skims each file before the grammar parses it, which is a good deal slower. In a module that is read for a crash,
//! what stands between the braces of a function is parsed only when [`super::scope`] asks for it, and it asks by words. Strings, runes
//! and raw strings are stepped over as Go does; a file whose braces do not close has no outline and is parsed as it is.
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
    /// Comments, except those above functions, constants of the package, tags of fields, lists of nothing but literals, in bytes and
    /// in order; one may lie in another.
    pub idle: Vec<Range<usize>>,
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

/// Words that look like the end of a statement and are not: a value follows.
const BEFORE_OPERANDS: [&[u8]; 7] = [
    b"return", b"case", b"range", b"switch", b"if", b"for", b"import",
];

/// The number of a word. Behind a dot it is another one than without.
pub fn word(name: &[u8], dotted: bool) -> u32 {
    // FNV-1a: short words, and two words of one number only cost a look.
    let mut hash = 0x811c_9dc5u32;
    for &byte in name {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    hash & !1 | u32::from(dotted)
}

/// The outline of a file, words only where they are wanted; `None` where its braces or quotes do not close.
pub fn skim(text: &[u8], words: bool) -> Option<Outline> {
    let mut skimmer = Skimmer {
        text,
        at: 0,
        line: 1,
        words,
        comments: Vec::new(),
        idle: Vec::new(),
        list: None,
        last: (Token::Newline, 0..0),
    };
    let mut outline = Outline::default();
    let (mut depth, mut starts, mut ends, mut dotted) = (0usize, true, false, false);
    loop {
        let (token, from, line) = skimmer.next()?;
        let is_func = token == Token::Word && starts && skimmer.is(from, b"func");
        match token {
            Token::Newline => {}
            // What stands above a function may say something of its locks.
            _ if is_func => skimmer.comments.clear(),
            _ => skimmer.idle.append(&mut skimmer.comments),
        }
        match token {
            Token::End => break,
            Token::Newline => {
                starts |= depth == 0 && ends;
                continue;
            }
            Token::Word if is_func => {
                let span = skimmer.function(from, line, &mut outline.around)?;
                outline.funcs.push(span);
                skimmer.idle.append(&mut skimmer.comments);
                (starts, ends, dotted) = (false, true, false);
                continue;
            }
            Token::Word if starts && skimmer.is(from, b"const") => {
                skimmer.constants(from)?;
                (starts, ends, dotted) = (false, true, false);
                continue;
            }
            Token::Word if words => outline.around.push(word(skimmer.since(from), dotted)),
            Token::Word => {}
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
    outline.idle = skimmer.idle;
    outline
        .idle
        .sort_unstable_by_key(|part| (part.start, std::cmp::Reverse(part.end)));
    (depth == 0).then_some(outline)
}

/// The text without what is idle and what stands in its functions' bodies, but with all its lines.
pub fn headers(text: &[u8], outline: &Outline) -> Vec<u8> {
    let spans = outline.funcs.iter().filter(|span| !span.declares);
    let bodies = spans.filter_map(|span| span.body.clone());
    let mut idle: Vec<Range<usize>> = bodies.chain(outline.idle.iter().cloned()).collect();
    idle.sort_unstable_by_key(|range| range.start);
    without(text, &idle)
}

/// The text without what is idle, but with all its lines.
pub fn plain(text: &[u8], outline: &Outline) -> Vec<u8> {
    without(text, &outline.idle)
}

/// The text without these parts; they are in order, and one may lie in another.
fn without(text: &[u8], parts: &[Range<usize>]) -> Vec<u8> {
    let mut left = Vec::with_capacity(text.len());
    let mut from = 0;
    for part in parts.iter().filter(|part| !part.is_empty()) {
        if part.start < from {
            continue;
        }
        left.extend_from_slice(text.get(from..part.start).unwrap_or_default());
        let inside = text.get(part.clone()).unwrap_or_default();
        let lines = memchr::memchr_iter(b'\n', inside).count();
        match lines {
            // `a/* */b` are two words.
            0 => left.push(b' '),
            lines => left.resize(left.len() + lines, b'\n'),
        }
        from = part.end;
    }
    left.extend_from_slice(text.get(from..).unwrap_or_default());
    left
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
    /// Words are wanted.
    words: bool,
    /// Comments since the last token.
    comments: Vec<Range<usize>>,
    idle: Vec<Range<usize>>,
    /// Behind a brace, with nothing but literals since.
    list: Option<usize>,
    /// The last token, and where it stands.
    last: (Token, Range<usize>),
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
                    self.comments.push(from..self.at);
                    continue;
                }
                b'/' if self.text.get(self.at) == Some(&b'*') => {
                    self.comment()?;
                    self.comments.push(from..self.at);
                    continue;
                }
                b'"' | b'\'' => {
                    self.quoted(byte)?;
                    Token::Literal
                }
                b'`' => {
                    let end = self.find(b'`')?;
                    self.step(end + 1);
                    if self.is_tag(from) {
                        self.idle.push(from..self.at);
                    }
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
            self.tables(token, from);
            self.last = (token, from..self.at);
            return Some((token, from, line));
        }
    }

    /// True for `json:"name"` behind a type: nowhere else does such a literal follow what a statement could end with.
    fn is_tag(&self, from: usize) -> bool {
        let before = self.text.get(self.last.1.clone()).unwrap_or_default();
        let is_operand = self.last.0.ends() && !BEFORE_OPERANDS.contains(&before);
        is_operand && memchr::memmem::find(self.since(from), b":\"").is_some()
    }

    /// Notes lists of nothing but literals, between their braces.
    fn tables(&mut self, token: Token, from: usize) {
        match token {
            Token::Open(b'{') => self.list = Some(self.at),
            Token::Literal | Token::Newline | Token::Other(b',') => {}
            Token::Close(b'}') => {
                if let Some(start) = self.list.take() {
                    self.idle.push(start..from);
                }
            }
            _ => self.list = None,
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
            let before = (self.at, self.line, self.comments.len());
            let (token, at, _) = self.next()?;
            match token {
                _ if depth == 0
                    && ends
                    && matches!(token, Token::Newline | Token::End | Token::Other(b';')) =>
                {
                    // What ends it stays, and so does a comment before: it stands above the next function.
                    (self.at, self.line) = (before.0, before.1);
                    self.idle.extend(self.comments.drain(..before.2));
                    self.comments.clear();
                    span.bytes.end = before.0;
                    return Some(span);
                }
                Token::End => return None,
                Token::Newline => continue,
                Token::Open(b'{') if depth == 0 && !opens_type => break,
                Token::Open(_) => depth += 1,
                Token::Close(_) => depth = depth.checked_sub(1)?,
                Token::Word if self.words => around.push(word(self.since(at), false)),
                Token::Word => {}
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

    /// Steps over the constants behind a `const`.
    fn constants(&mut self, from: usize) -> Option<()> {
        let (mut depth, mut ends) = (0usize, false);
        loop {
            let (token, at, _) = self.next()?;
            let is_over = depth == 0
                && match token {
                    Token::Newline => ends,
                    Token::Other(b';') | Token::End => true,
                    _ => false,
                };
            match token {
                _ if is_over => {
                    // What ends it stays: a line's comment above the next function, too.
                    self.line -= u32::from(token == Token::Newline);
                    self.at = at;
                    let end = self.comments.first().map_or(at, |comment| comment.start);
                    self.idle.push(from..end.min(at));
                    return Some(());
                }
                Token::End => return None,
                Token::Newline => continue,
                Token::Open(_) => depth += 1,
                Token::Close(_) => depth = depth.checked_sub(1)?,
                _ => {}
            }
            self.comments.clear();
            ends = token.ends();
        }
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
                    if self.words {
                        span.words.push(word(self.since(from), dotted));
                    }
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
        let outline = skim(text.as_bytes(), true).expect("braces close");
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
        let outline = skim(text.as_bytes(), true).expect("braces close");
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
    fn comments_and_constants_are_left_out_and_lines_are_not() {
        let text = "// a\npackage a // b\n\nconst c = 1 // d\n// e\nfunc f(/* g */ x int) { // h\n\t/* i\n */ x/**/y\n}\n\n\
                    /* j */ const (\n\tk = `\n` // l\n\tm\n) // n\nvar o = 'p' // q\n// r\n";
        let outline = skim(text.as_bytes(), false).expect("braces close");
        assert_eq!(
            String::from_utf8_lossy(&plain(text.as_bytes(), &outline)),
            " \npackage a  \n\n // d\n// e\nfunc f(  x int) {  \n\t\n x y\n}\n\n\
             \u{20} \n\n\n\n \nvar o = 'p'  \n \n"
        );
        assert!(outline.around.is_empty() && outline.funcs[0].words.is_empty());
    }

    #[test]
    fn tags_and_tables_are_left_out_and_other_literals_are_not() {
        for (text, left) in [
            (
                "type a struct {\n\tb int `json:\"b\"`\n\tc []d `e:\"f\"` // g\n}",
                "type a struct {\n\tb int  \n\tc []d    \n}",
            ),
            (
                "var a = []byte{0x1f, 'b',\n\t3, // c\n}",
                "var a = []byte{\n\n}",
            ),
            (
                "var a = []b{{1, 2}, {c, 2}, -1}",
                "var a = []b{{ }, {c, 2}, -1}",
            ),
            (
                "var a = map[string]b{\"c\": {1}}",
                "var a = map[string]b{\"c\": { }}",
            ),
            (
                "func a() string { return `b:\"c\"` }",
                "func a() string { return `b:\"c\"` }",
            ),
            ("var a = b{}", "var a = b{}"),
        ] {
            let outline = skim(text.as_bytes(), false).expect("braces close");
            let plain = plain(text.as_bytes(), &outline);
            assert_eq!(String::from_utf8_lossy(&plain), left);
        }
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
            assert_eq!(skim(text.as_bytes(), true), None, "{text}");
        }
    }
}
