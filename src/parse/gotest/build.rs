//! What the compiler, the linker and vet say of packages that `go test` could not build.
//!
//! ```text
//! # example.com/app/broken [example.com/app/broken.test]
//! broken/broken.go:6:9: cannot use names (variable of type []string) as int value in return statement
//! ./call.go:9:13: not enough arguments in call to f
//! <TAB>have ()
//! <TAB>want (int)
//! # example.com/app/vetted
//! # [example.com/app/vetted]                                vet, Go 1.21 and later; before it the first line alone
//! vetted/vetted.go:8:22: fmt.Sprintf format %s has arg n of wrong type int
//! ```
//!
//! Paths are relative to where `go test` ran. A block ends where something else begins.

use super::marks::mark;
use crate::model::{BuildError, BuildPlace, DocumentId};
use crate::parse::lines::Cursor;

/// Lines of one remark that are kept: a linker lists every reference to a symbol.
const MOST_LINES: usize = 20;

/// A block: the package, and what was said of it.
pub(super) struct Block {
    pub path: String,
    pub errors: Vec<BuildError>,
}

/// The block at the cursor, which is left behind it; the cursor stays where there is none.
pub(super) fn block(cursor: &mut Cursor<'_>, document: DocumentId) -> Option<Block> {
    let mut ahead = *cursor;
    let heading = heading(ahead.take()?.bytes)?;
    let mut vet = false;
    let mut errors: Vec<BuildError> = Vec::new();
    while let Some(line) = ahead.peek() {
        let text = line.bytes;
        if text == format!("# [{}]", heading.path).as_bytes() {
            vet = true;
            ahead.pass(&line);
            continue;
        }
        if ends(text) {
            break;
        }
        let said = String::from_utf8_lossy(text).into_owned();
        match placed(&said) {
            Some((at, message)) => errors.push(BuildError {
                document,
                line: line.number,
                vet: vet || said.starts_with("vet: "),
                at: Some(at),
                message: message.to_owned(),
            }),
            None => add(&mut errors, said, document, line.number),
        }
        ahead.pass(&line);
    }
    if errors.is_empty() {
        return None;
    }
    *cursor = ahead;
    let path = heading.tested().to_owned();
    Some(Block { path, errors })
}

/// A further line of the last remark, or one of the linker's.
fn add(
    errors: &mut Vec<BuildError>,
    said: String,
    document: DocumentId,
    line: crate::model::TextLine,
) {
    match errors.last_mut() {
        Some(last) => {
            if last.message.lines().count() < MOST_LINES {
                last.message.push('\n');
                last.message.push_str(&said);
            }
        }
        None => errors.push(BuildError {
            document,
            line,
            vet: false,
            at: None,
            message: said,
        }),
    }
}

/// `# example.com/app [example.com/app.test]`
struct Heading<'l> {
    path: &'l str,
    variant: &'l str,
}

impl<'l> Heading<'l> {
    /// The package whose test binary was to be built: `example.com/app` of `example.com/app_test [example.com/app.test]`.
    fn tested(&self) -> &'l str {
        let variant = self.variant.strip_prefix('[');
        let binary = variant.and_then(|variant| variant.strip_suffix(']'));
        let named = binary.unwrap_or(self.path);
        named.strip_suffix(".test").unwrap_or(named)
    }
}

fn heading(line: &[u8]) -> Option<Heading<'_>> {
    let text = std::str::from_utf8(line).ok()?.strip_prefix("# ")?;
    let (path, variant) = text.split_once(' ').unwrap_or((text, ""));
    let is_path = !path.is_empty()
        && path
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte));
    let is_variant = variant.is_empty() || variant.starts_with('[') && variant.ends_with(']');
    (is_path && is_variant).then_some(Heading { path, variant })
}

fn ends(line: &[u8]) -> bool {
    line.is_empty()
        || line.starts_with(b"# ")
        || line.starts_with(b"panic: ")
        || mark(line).is_some()
}

/// `broken/broken.go:6:9: message`, behind `vet: ` too
fn placed(line: &str) -> Option<(BuildPlace, &str)> {
    let line = line.strip_prefix("vet: ").unwrap_or(line);
    if line.starts_with(char::is_whitespace) {
        return None;
    }
    let behind = line.find(".go:")? + ".go".len();
    let (file, rest) = line.split_at_checked(behind)?;
    let rest = rest.strip_prefix(':')?;
    let (number, rest) = rest.split_once(':')?;
    let line = number.parse().ok().filter(|&line| line > 0)?;
    // The column, where there is one.
    let message = match rest.split_once(": ") {
        Some((column, message)) if column.bytes().all(|byte| byte.is_ascii_digit()) => message,
        _ => rest.trim_start(),
    };
    let file = file.to_owned();
    Some((BuildPlace { file, line }, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Place, whether it is vet's, message.
    type Error = (String, bool, String);

    fn read(text: &str) -> Option<(String, Vec<Error>)> {
        let mut cursor = Cursor::new(text.as_bytes(), 0, text.len(), 0);
        let block = block(&mut cursor, DocumentId(0))?;
        let errors = block.errors.into_iter().map(|error| {
            let at = error.at.map(|at| format!("{}:{}", at.file, at.line));
            (at.unwrap_or_default(), error.vet, error.message)
        });
        Some((block.path, errors.collect()))
    }

    #[test]
    fn go1_27_compiler_and_vet() {
        let text = "# a/broken [a/broken.test]\nbroken/b.go:5:2: declared and not used: n\n./c.go:9:13: not enough arguments\n\thave ()\nFAIL\ta/broken [build failed]\n";
        let errors = vec![
            (
                "broken/b.go:5".into(),
                false,
                "declared and not used: n".into(),
            ),
            (
                "./c.go:9".into(),
                false,
                "not enough arguments\n\thave ()".into(),
            ),
        ];
        assert_eq!(read(text), Some(("a/broken".into(), errors)));
        let text = "# a/vetted\n# [a/vetted]\nvetted/v.go:8:22: wrong type\n";
        let errors = vec![("vetted/v.go:8".into(), true, "wrong type".into())];
        assert_eq!(read(text), Some(("a/vetted".into(), errors)));
    }

    #[test]
    fn go1_23_linker() {
        let text =
            "# a.test\n/usr/bin/ld: cannot find -lfoo\ncollect2: error: ld returned 1\n\nnext";
        let said = "/usr/bin/ld: cannot find -lfoo\ncollect2: error: ld returned 1";
        let errors = vec![(String::new(), false, said.into())];
        assert_eq!(read(text), Some(("a".into(), errors)));
    }

    #[test]
    fn near_misses() {
        assert_eq!(read("# two words\nx.go:1:1: no\n"), None);
        assert_eq!(read("# a\n\nx.go:1:1: no\n"), None);
        assert_eq!(read("#a\nx.go:1:1: no\n"), None);
    }
}
