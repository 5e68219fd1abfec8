//! Inputs without what is somebody's: tenants, users, tokens, hosts, paths, panic values, the log lines around a dump.
//!
//! One mechanism serves `--redact` of every command and `gotriage redact`: [`clean`] rewrites the bytes of the inputs before anything else
//! looks at them, so no output can hold what the report never saw. It keeps only what it knows to be Go's, a log system's or plain error
//! text ([`words`]), and code ([`learn`]); all else is replaced ([`rewrite`]) by pseudonyms that are equal where the originals were
//! ([`pseudonyms`], [`addresses`]). Lines stay lines, so line numbers are those of the original. [`TABLE`] says what stays.
//!
//! Called by `cli`: [`clean`] for inputs that are at hand together, a [`Cleaner`] for those of a scan. May use `envelope` and `parse` to
//! learn what is code ([`learn`], [`testruns`]), `model` and `goruntime`. Knows nothing of reports.

mod addresses;
mod learn;
mod outline;
mod profile;
mod pseudonyms;
mod regions;
mod rewrite;
mod testruns;
mod words;

pub use pseudonyms::Key;

use crate::envelope::{self, Opened};
use crate::goruntime::anchors;
use crate::parse::Given;
use addresses::Addresses;
use learn::{Code, learn, start_of_test};
use outline::outline;
use pseudonyms::Pseudonyms;
use rewrite::Rewriter;
use std::borrow::Cow;

/// What becomes of what: shown by `gotriage redact --help`.
pub const TABLE: [(&str, &str); 9] = [
    (
        "functions, types, packages of frames",
        "kept; with =all those of the program's own modules are replaced, the standard library and public modules stay",
    ),
    (
        "file names and lines",
        "kept; directories replaced, but for those that name the package, GOROOT and the module cache",
    ),
    ("goroutine ids, states, waits, counts, offsets", "kept"),
    (
        "addresses",
        "replaced; equal ones stay equal, those within 64 KiB of each other as far apart as they were",
    ),
    (
        "other words of memory (arguments)",
        "replaced from 0x100 on; equal ones stay equal",
    ),
    ("pprof labels", "keys and values replaced"),
    (
        "panic values, log lines",
        "words that Go, log systems and error messages use are kept, all others, and all that is quoted in a panic value, replaced",
    ),
    (
        "hosts, IP addresses, e-mail addresses, tokens, hashes",
        "replaced; loopback addresses and ports stay",
    ),
    (
        "numbers",
        "those Go printed, times, and up to four digits kept; others replaced by as many digits",
    ),
];

/// What counts as somebody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Data; code stays, since whoever is to help needs it.
    Data,
    /// The program's own code as well.
    All,
}

/// How inputs are cleaned.
#[derive(Clone, Debug)]
pub struct Redaction {
    /// What is replaced.
    pub scope: Scope,
    /// For pseudonyms that are equal in several runs.
    pub key: Option<Key>,
    /// Directories that hold code: of the paths of frames, what stands behind one of them is code as well. The directories themselves
    /// are somebody's.
    pub roots: Vec<String>,
}

/// One input.
#[derive(Clone, Copy, Debug)]
pub struct Dirty<'b> {
    /// Its path, which is cleaned as well.
    pub name: &'b str,
    /// Its bytes, decompressed.
    pub bytes: &'b [u8],
}

/// An input without what is somebody's.
#[derive(Clone, Debug)]
pub struct Clean {
    /// Its path.
    pub name: String,
    /// Its bytes, or why they can't be cleaned.
    pub bytes: Result<Vec<u8>, NotCleanable>,
    /// Its wrapper is off: lines are counted in the bare text.
    pub unwrapped: bool,
}

/// Why an input is not cleaned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotCleanable {
    /// Its strings stand in checked batches of a binary form.
    #[error(
        "is an execution trace, which can't be redacted; leave it out, or read it without --redact"
    )]
    Trace,
    /// What stands behind the damage would stay.
    #[error("is a damaged binary profile, which can't be redacted; capture it again")]
    DamagedProfile,
}

/// Cleans the inputs of one run together: what is equal in several stays equal.
pub fn clean(inputs: &[Dirty<'_>], redaction: &Redaction) -> Vec<Clean> {
    Cleaner::new(redaction.clone()).clean(inputs)
}

/// What cleans inputs one after the other, when a run has more of them than fit into memory: the pseudonyms stay, and what is code is
/// learnt for each call anew.
#[derive(Debug)]
pub struct Cleaner {
    redaction: Redaction,
    names: Pseudonyms,
    addresses: Addresses,
}

impl Cleaner {
    /// Without a pseudonym yet.
    pub fn new(redaction: Redaction) -> Self {
        Self {
            names: Pseudonyms::new(redaction.key.clone()),
            addresses: Addresses::default(),
            redaction,
        }
    }

    /// Cleans inputs that belong together.
    ///
    /// A wrapper that cuts words in two (a hard wrap, partial lines of a container's log) hides what they are. Where the parse of a
    /// cleaned text shows that, it is cleaned without its wrapper.
    ///
    /// With a key each call stands alone, so that it does not matter in which run a text is cleaned: words are drawn, and what is counted
    /// (addresses, numbers, hosts) is counted within the call. Without one, all is counted over all calls.
    pub fn clean(&mut self, inputs: &[Dirty<'_>]) -> Vec<Clean> {
        if self.redaction.key.is_some() {
            *self = Self::new(self.redaction.clone());
        }
        // In UTF-16 no word could be told from its neighbour.
        let texts = inputs.iter().map(|input| envelope::decoded(input.bytes));
        let names = inputs.iter().map(|input| input.name);
        let mut named: Vec<(&str, Cow<'_, [u8]>)> = names.zip(texts).collect();
        let is_first = self.names.is_empty();
        let first = self.attempt(&named);
        let mut unwrapped = vec![false; named.len()];
        for ((clean, (_, text)), flag) in first.iter().zip(&mut named).zip(&mut unwrapped) {
            if let Ok(cleaned) = &clean.bytes
                && let Some(bare) = without_wrapper(text, cleaned)
            {
                *text = Cow::Owned(bare);
                *flag = true;
            }
        }
        if !unwrapped.contains(&true) {
            return first;
        }
        if is_first {
            *self = Self::new(self.redaction.clone());
        }
        let second = self.attempt(&named).into_iter().zip(unwrapped);
        second
            .map(|(clean, unwrapped)| Clean { unwrapped, ..clean })
            .collect()
    }

    /// A path beside the texts: no code is known.
    pub fn path(&mut self, name: &str) -> String {
        let code = Code::default();
        let mut rewriter = Rewriter::new(&code, &mut self.names, &mut self.addresses);
        path(name, &mut rewriter)
    }

    fn attempt(&mut self, inputs: &[(&str, Cow<'_, [u8]>)]) -> Vec<Clean> {
        let opened: Vec<_> = inputs
            .iter()
            .map(|(_, text)| envelope::open(text))
            .collect();
        let each = inputs.iter().zip(&opened);
        let all: Vec<Given<'_>> = each
            .map(|((name, text), opened)| given(name, text, opened))
            .collect();
        let (mut code, lines) = learn(&all, &self.redaction);
        for (_, text) in inputs {
            testruns::learn(text, &self.redaction, &mut code);
        }
        for one in &opened {
            for text in &one.texts {
                self.addresses.learn(&text.text);
            }
        }
        rename(&mut code, &mut self.names);
        let mut rewriter = Rewriter::new(&code, &mut self.names, &mut self.addresses);
        let each = inputs.iter().zip(&lines);
        let cleaned: Vec<_> = each
            .map(|((_, text), lines)| match () {
                () if anchors::trace_header(text).is_some() => Err(NotCleanable::Trace),
                () if anchors::is_profile(text) => {
                    profile::clean(text, &mut rewriter).ok_or(NotCleanable::DamagedProfile)
                }
                () => Ok(rewriter.text(text, lines)),
            })
            .collect();
        // Names come last: pseudonyms of the texts must not depend on what a file is called.
        let named = inputs.iter().zip(cleaned);
        named
            .map(|((name, _), bytes)| Clean {
                name: path(name, &mut rewriter),
                bytes,
                unwrapped: false,
            })
            .collect()
    }
}

/// A text without its wrapper, where cleaning it in its wrapper has broken words.
fn without_wrapper(text: &[u8], cleaned: &[u8]) -> Option<Vec<u8>> {
    if anchors::is_profile(text) || outline(text) == outline(cleaned) {
        return None;
    }
    let bare = envelope::open(text);
    if bare.envelope == "none" {
        return None;
    }
    let parts: Vec<&[u8]> = bare.texts.iter().map(|one| one.text.as_ref()).collect();
    Some(parts.join(&b"\n"[..]))
}

fn given<'t>(name: &'t str, text: &[u8], opened: &'t Opened<'t>) -> Given<'t> {
    Given {
        name,
        bytes: text.len() as u64,
        opened,
        truncated: false,
        notes: Vec::new(),
    }
}

/// A path as given, the archive and its member each by itself; that of standard input is no path.
fn path(name: &str, rewriter: &mut Rewriter<'_>) -> String {
    let mut clean = |part: &str| match part {
        "-" => part.to_owned(),
        // Behind a slash a bare name is an element of a path.
        part => {
            let clean = rewriter.alone(format!("/{part}").as_bytes(), false);
            String::from_utf8_lossy(&clean).chars().skip(1).collect()
        }
    };
    let parts: Vec<String> = name.split('!').map(&mut clean).collect();
    parts.join("!")
}

/// Gives the program's own functions their new names; the frame's form (receivers, closures, tests) stays.
fn rename(code: &mut Code, names: &mut Pseudonyms) {
    for func in std::mem::take(&mut code.own) {
        let shown = renamed(&func, names);
        code.functions.insert(func, shown);
    }
}

fn renamed(func: &[u8], names: &mut Pseudonyms) -> Vec<u8> {
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
    let mut out = Vec::with_capacity(func.len());
    let mut rest = func;
    while let Some(first) = rest.first() {
        let length = rest.iter().take_while(|byte| is_letter(byte)).count();
        if length == 0 {
            out.push(*first);
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        let (word, after) = rest.split_at(length);
        let start = start_of_test(word);
        match (is_compilers(word), start) {
            (true, _) => out.extend_from_slice(word),
            (false, Some(start)) => {
                out.extend_from_slice(start);
                out.push(b'_');
                out.extend_from_slice(names.word(word).as_bytes());
            }
            (false, None) => out.extend_from_slice(names.word(word).as_bytes()),
        }
        rest = after;
    }
    out
}

/// Words that the compiler and the linker put into names, and those that Go gives a meaning.
fn is_compilers(word: &[u8]) -> bool {
    let letters = word
        .iter()
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    let (letters, number) = word.split_at(letters);
    let numbered = [
        &b"func"[..],
        b"gowrap",
        b"deferwrap",
        b"range",
        b"init",
        b"dwrap",
        b"v",
        b"",
    ];
    let known = [&b"main"[..], b"glob", b"fm", b"struct", b"go", b"shape"];
    known.contains(&word)
        || number.iter().all(u8::is_ascii_digit) && numbered.contains(&letters)
        // `github.com`: the host of a public package says nothing.
        || [&b"github"[..], b"com", b"org", b"net", b"io", b"gitlab", b"internal", b"cmd", b"pkg"].contains(&word)
}
