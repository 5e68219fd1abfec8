//! Build constraints: which files `go build` takes for a system.
//!
//! ```go
//! //go:build linux && (amd64 || !cgo)
//! // +build linux,amd64 darwin
//! ```
//!
//! and names such as `poll_linux.go`, `sum_windows_amd64.go`. [`super::module`] asks [`is_built`] for each file.

/// Systems and architectures that names and constraints speak of, by what they are.
const SYSTEMS: &[&str] = &[
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "hurd",
    "illumos",
    "ios",
    "js",
    "linux",
    "nacl",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "wasip1",
    "windows",
    "zos",
];
const ARCHITECTURES: &[&str] = &[
    "386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64",
    "ppc64le", "riscv64", "s390x", "wasm",
];
const UNIX: &[&str] = &[
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "hurd",
    "illumos",
    "ios",
    "linux",
    "netbsd",
    "openbsd",
    "solaris",
];

/// Constraints stand above the package clause; a licence may stand above them.
const MAX_HEAD_LINES: usize = 200;

/// Terms of one constraint; more than that nobody writes.
const MAX_TERMS: usize = 256;

/// What files are chosen for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// GOOS.
    pub system: String,
    /// GOARCH.
    pub architecture: String,
}

impl Default for Target {
    fn default() -> Self {
        Target {
            system: "linux".into(),
            architecture: "amd64".into(),
        }
    }
}

impl Target {
    /// The system that the frames of a dump betray by their file names.
    pub fn of_files<'f>(files: impl Iterator<Item = &'f str>) -> Self {
        let mut target = Target::default();
        for file in files {
            let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
            let (system, architecture) = suffixes(name);
            if let Some(system) = system {
                target.system = system.to_owned();
            }
            if let Some(architecture) = architecture {
                target.architecture = architecture.to_owned();
            }
        }
        target
    }

    fn has(&self, tag: &str) -> bool {
        tag == self.system
            || tag == self.architecture
            || (tag == "unix" && UNIX.contains(&self.system.as_str()))
            || matches!(tag, "cgo" | "gc")
            || tag
                .strip_prefix("go1.")
                .is_some_and(|minor| minor.parse::<u32>().is_ok())
    }
}

/// True where `go build` for the target takes this file.
pub fn is_built(path: &str, text: &[u8], target: &Target) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let (system, architecture) = suffixes(name);
    if system.is_some_and(|system| system != target.system)
        || architecture.is_some_and(|architecture| architecture != target.architecture)
    {
        return false;
    }
    let mut plus = true;
    for line in text.split(|&b| b == b'\n').take(MAX_HEAD_LINES) {
        let line = String::from_utf8_lossy(line);
        let line = line.trim();
        if line.starts_with("package ") {
            break;
        }
        if let Some(rest) = line.strip_prefix("//go:build ") {
            return evaluate(rest, target);
        }
        let old = line.strip_prefix("//").map(str::trim_start);
        if let Some(rest) = old.and_then(|line| line.strip_prefix("+build ")) {
            plus &= rest
                .split_whitespace()
                .any(|all| all.split(',').all(|tag| signed(tag, target)));
        }
    }
    plus
}

fn signed(tag: &str, target: &Target) -> bool {
    match tag.strip_prefix('!') {
        Some(tag) => !target.has(tag),
        None => target.has(tag),
    }
}

/// `poll_linux_arm64_test.go` names linux and arm64.
fn suffixes(name: &str) -> (Option<&str>, Option<&str>) {
    let stem = name.strip_suffix(".go").unwrap_or(name);
    let stem = stem.strip_suffix("_test").unwrap_or(stem);
    let mut parts = stem.rsplit('_');
    let last = parts.next().unwrap_or_default();
    // A file called linux.go has no suffix.
    if last == stem {
        return (None, None);
    }
    if ARCHITECTURES.contains(&last) {
        let before = parts.next().filter(|part| SYSTEMS.contains(part));
        let is_all = before.is_some_and(|before| stem.len() == before.len() + 1 + last.len());
        return (before.filter(|_| !is_all), Some(last));
    }
    (Some(last).filter(|last| SYSTEMS.contains(last)), None)
}

/// A `//go:build` expression: `!` before `&&` before `||`, parentheses. Read with two stacks, not by descent.
fn evaluate(text: &str, target: &Target) -> bool {
    let mut values: Vec<bool> = Vec::new();
    let mut operators: Vec<&str> = Vec::new();
    for token in tokens(text).into_iter().take(MAX_TERMS) {
        match token {
            "(" | "!" => operators.push(token),
            ")" => {
                while operators.last().is_some_and(|&top| top != "(") {
                    apply(&mut operators, &mut values);
                }
                operators.pop();
                negate(&mut operators, &mut values);
            }
            "&&" | "||" => {
                while operators
                    .last()
                    .is_some_and(|&top| top != "(" && (top == "&&" || token == "||"))
                {
                    apply(&mut operators, &mut values);
                }
                operators.push(token);
            }
            tag => {
                values.push(target.has(tag));
                negate(&mut operators, &mut values);
            }
        }
    }
    while !operators.is_empty() {
        apply(&mut operators, &mut values);
    }
    values.pop().unwrap_or(true)
}

fn negate(operators: &mut Vec<&str>, values: &mut [bool]) {
    while operators.last() == Some(&"!") {
        operators.pop();
        if let Some(value) = values.last_mut() {
            *value = !*value;
        }
    }
}

fn apply(operators: &mut Vec<&str>, values: &mut Vec<bool>) {
    let operator = operators.pop();
    if !matches!(operator, Some("&&" | "||")) {
        return;
    }
    if let (Some(right), Some(left)) = (values.pop(), values.pop()) {
        values.push(match operator {
            Some("&&") => left && right,
            _ => left || right,
        });
    }
}

fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let length = match rest.as_bytes() {
            [b'(' | b')' | b'!', ..] => 1,
            [b'&', b'&', ..] | [b'|', b'|', ..] => 2,
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || "()!&|".contains(c));
                end.unwrap_or(rest.len()).max(1)
            }
        };
        // A character of more than one byte is part of a word, never cut.
        let Some((token, after)) = rest.split_at_checked(length) else {
            break;
        };
        tokens.push(token);
        rest = after.trim_start();
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(path: &str, text: &str) -> bool {
        is_built(path, text.as_bytes(), &Target::default())
    }

    #[test]
    fn names_choose_systems() {
        assert!(built("a/poll_linux.go", "package a\n"));
        assert!(!built("a/poll_windows.go", "package a\n"));
        assert!(!built("a/sum_linux_arm64.go", "package a\n"));
        assert!(built("a/linux.go", "package a\n"));
        assert!(built("a/windows.go", "package a\n"));
        assert!(built("a/cache_store.go", "package a\n"));
    }

    #[test]
    fn constraints_are_evaluated() {
        for (constraint, taken) in [
            ("linux", true),
            ("!linux", false),
            ("ignore", false),
            ("linux && !cgo || amd64", true),
            ("windows || darwin && amd64", false),
            ("!(windows || plan9)", true),
            ("unix && go1.21", true),
            ("integration", false),
        ] {
            let text = format!("// Licence.\n\n//go:build {constraint}\n\npackage a\n");
            assert_eq!(built("a.go", &text), taken, "{constraint}");
        }
        assert!(built(
            "a.go",
            "// +build linux,amd64 windows\n\npackage a\n"
        ));
        assert!(!built(
            "a.go",
            "// +build linux\n// +build !amd64\n\npackage a\n"
        ));
    }

    #[test]
    fn damaged_constraints_are_no_panic() {
        for text in ["((((", "&& ||", ")!", "é&", "a b c", "!!"] {
            let _ = evaluate(text, &Target::default());
        }
    }
}
