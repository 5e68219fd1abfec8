//! GitHub Actions: workflow commands, which become annotations of the run and of the changed lines.
//!
//! ```text
//! ::error file=store/cache.go,line=20,title=map-write-write::goroutine 8 wrote …%0Aprobably goroutine 9
//! ```
//!
//! A runner reads them from the standard output of a step. It shows ten annotations of each level for a step and keeps the others in the
//! log. Everything from a log is escaped by the runner's rules: a command ends with its line.

use crate::render::escape;
use crate::triage::annotation::{Annotation, Level};
use std::io::{self, Write};

/// Writes one command for each annotation.
///
/// # Errors
/// Those of `out`.
pub fn write(annotations: &[Annotation], out: &mut dyn Write) -> io::Result<()> {
    annotations
        .iter()
        .try_for_each(|annotation| command(annotation, out))
}

fn command(annotation: &Annotation, out: &mut dyn Write) -> io::Result<()> {
    let name = match annotation.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    };
    write!(out, "::{name} ")?;
    if let Some(at) = &annotation.at {
        write!(out, "file={},line={},", property(&at.file), at.line)?;
        if let Some(end) = at.end_line {
            write!(out, "endLine={end},")?;
        }
    }
    let title = property(&annotation.title);
    write!(out, "title={title}::{}", data(&annotation.message))?;
    for other in &annotation.related {
        let (file, message) = (data(&other.file), data(&other.message));
        write!(out, "%0A{file}:{}: {message}", other.line)?;
    }
    out.write_all(b"\n")
}

/// Text behind the `::`.
fn data(text: &str) -> String {
    let text = escape::code(text);
    text.replace('%', "%25").replace('\n', "%0A")
}

/// A value between the command's name and the `::`, where commas and colons part.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::triage::annotation::{Lines, Related, Rule};

    fn annotation() -> Annotation {
        Annotation {
            rule: Rule {
                id: "map-write-write",
                description: "Two goroutines wrote one map",
            },
            level: Level::Error,
            at: Some(Lines {
                file: "a,b/c:d.go".into(),
                line: 7,
                end_line: None,
            }),
            title: "100% sure: two, not one".into(),
            message: "first\r\nsecond :: third".into(),
            fingerprint: "f".into(),
            related: vec![Related {
                file: "x.go".into(),
                line: 3,
                message: "the other".into(),
            }],
            flows: Vec::new(),
        }
    }

    fn written(annotation: Annotation) -> String {
        let mut out = Vec::new();
        write(&[annotation], &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// What a runner makes of a line: its properties are parted at commas, at `=`, and unescaped.
    fn read_back(line: &str) -> (String, Vec<(String, String)>, String) {
        let unescape = |text: &str, property: bool| {
            let mut text = text.replace("%0D", "\r").replace("%0A", "\n");
            if property {
                text = text.replace("%3A", ":").replace("%2C", ",");
            }
            text.replace("%25", "%")
        };
        let line = line.strip_prefix("::").unwrap();
        let (head, data) = line.split_once("::").unwrap();
        let (name, properties) = head.split_once(' ').unwrap();
        let properties = properties.split(',').map(|pair| {
            let (key, value) = pair.split_once('=').unwrap();
            (key.to_owned(), unescape(value, true))
        });
        (name.to_owned(), properties.collect(), unescape(data, false))
    }

    #[test]
    fn a_runner_reads_back_what_was_meant() {
        let text = written(annotation());
        assert_eq!(text.matches('\n').count(), 1, "a command is one line");
        let (name, properties, data) = read_back(text.trim_end());
        assert_eq!(name, "error");
        let wanted = [
            ("file", "a,b/c:d.go"),
            ("line", "7"),
            ("title", "100% sure: two, not one"),
        ];
        let wanted = wanted.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(properties, wanted);
        assert_eq!(data, "first\\r\nsecond :: third\nx.go:3: the other");
    }

    #[test]
    fn without_a_place_there_is_a_title_alone() {
        let text = written(Annotation {
            at: None,
            level: Level::Note,
            ..annotation()
        });
        assert!(text.starts_with("::notice title=100%25 sure%3A two%2C not one::"));
    }
}
