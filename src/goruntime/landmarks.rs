//! Which releases have a given call of the standard library on a given line.
//!
//! A traceback prints `runtime.goexit` with `…/src/runtime/asm_amd64.s:1695`, and only Go 1.22 has that line. The table holds
//! some 650 functions of the standard library in 108 releases. `analyze::version` votes with it: one site in a few hundred is
//! wrong or unlisted (a function may call from several lines), so no single site decides. Read [`sites`] first; the file is
//! searched in place, nothing is parsed before it is asked for.

use super::version::{GoBuild, GoVersion, ReleaseSet};
use std::sync::LazyLock;

/// One line per (file, function, architecture), sorted as bytes.
const TABLE: &str = include_str!("landmarks.tsv");

static ROWS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    TABLE
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect()
});

/// A line where a function was seen to stand, and the releases that have the call there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site {
    /// Source line.
    pub line: u32,
    /// `amd64` or `arm64` for files of one architecture; `None` where the file is the same on all.
    pub arch: Option<&'static str>,
    /// The releases.
    pub releases: ReleaseSet,
}

/// All known lines of `function` in `file` (relative to GOROOT/src); empty where the function is not in the table.
pub fn sites(function: &[u8], file: &[u8]) -> Vec<Site> {
    let key = |row: &'static str| {
        let mut columns = row.split('\t');
        (
            columns.next().unwrap_or("").as_bytes(),
            columns.next().unwrap_or("").as_bytes(),
        )
    };
    let start = ROWS.partition_point(|row| key(row) < (file, function));
    let rows = ROWS.get(start..).unwrap_or_default();
    rows.iter()
        .take_while(|row| key(row) == (file, function))
        .flat_map(|row| sites_of(row))
        .collect()
}

fn sites_of(row: &'static str) -> impl Iterator<Item = Site> {
    let mut columns = row.split('\t').skip(2);
    let arch = columns.next().filter(|arch| *arch != "any");
    columns.filter_map(move |column| {
        let (line, releases) = column.split_once('=')?;
        Some(Site {
            line: line.parse().ok()?,
            arch,
            releases: ReleaseSet::parse(releases)?,
        })
    })
}

/// First path elements below GOROOT/src, of all releases from 1.13.
const STD_TOP: &[&str] = &[
    "archive",
    "arena",
    "bufio",
    "builtin",
    "bytes",
    "cmd",
    "cmp",
    "compress",
    "container",
    "context",
    "crypto",
    "database",
    "debug",
    "embed",
    "encoding",
    "errors",
    "expvar",
    "flag",
    "fmt",
    "go",
    "hash",
    "html",
    "image",
    "index",
    "internal",
    "io",
    "iter",
    "log",
    "maps",
    "math",
    "mime",
    "net",
    "os",
    "path",
    "plugin",
    "reflect",
    "regexp",
    "runtime",
    "simd",
    "slices",
    "sort",
    "strconv",
    "strings",
    "structs",
    "sync",
    "syscall",
    "testing",
    "text",
    "time",
    "unicode",
    "unique",
    "unsafe",
    "uuid",
    "vendor",
    "weak",
];

/// True for the first element of a standard library path: `runtime`, `net`, `internal`.
pub fn is_std_top(element: &[u8]) -> bool {
    STD_TOP
        .binary_search_by(|top| top.as_bytes().cmp(element))
        .is_ok()
}

/// The part of a printed path below GOROOT/src: `runtime/panic.go` of `/usr/local/go/src/runtime/panic.go`, and of itself, as
/// `-trimpath` prints it. `None` for paths of other code. A user's own `…/src/sync/x.go` passes: the function has to agree too.
pub fn goroot_relative(path: &[u8]) -> Option<&[u8]> {
    split_goroot(path).map(|(_, relative)| relative)
}

fn split_goroot(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let starts_in_std = |relative: &[u8]| {
        let end = memchr::memchr(b'/', relative);
        end.and_then(|end| relative.get(..end))
            .is_some_and(is_std_top)
    };
    if starts_in_std(path) {
        return Some((&[], path));
    }
    let at = memchr::memmem::rfind_iter(path, b"/src/")
        .find(|&at| path.get(at + 5..).is_some_and(starts_in_std))?;
    Some((path.get(..at)?, path.get(at + 5..)?))
}

/// Ends of file names that belong to one architecture (GOARCH).
const ARCHITECTURES: &[&str] = &[
    "386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64",
    "ppc64le", "ppc64x", "riscv64", "s390x", "wasm",
];

/// The architecture of a file of the standard library: `amd64` of `runtime/asm_amd64.s`. `None` where the file is for all.
pub fn file_arch(file: &[u8]) -> Option<&'static str> {
    let stem = file.strip_suffix(b".s").or(file.strip_suffix(b".go"))?;
    let word = stem.rsplit(|&b| b == b'_' || b == b'/').next()?;
    ARCHITECTURES
        .iter()
        .find(|arch| arch.as_bytes() == word)
        .copied()
}

/// How many elements above `src` may name the version: `go1.22.5/x64/src`, `go-1.22.3/share/go/src`, `go/1.22.1/libexec/src`.
const VERSION_ELEMENTS: usize = 4;

/// The Go version that the installation path of the standard library itself names.
///
/// `/opt/hostedtoolcache/go/1.22.5/x64/src/…`, `/home/u/sdk/go1.21.0/src/…`,
/// `…/golang.org/toolchain@v0.0.1-go1.22.3.linux-amd64/src/…`, `/usr/lib/go-1.19/src/…` (a minor only),
/// `/usr/local/Cellar/go/1.22.1/libexec/src/…`, `/nix/store/…-go-1.22.3/share/go/src/…`.
pub fn path_version(path: &[u8]) -> Option<GoVersion> {
    let (goroot, _) = split_goroot(path)?;
    let elements: Vec<&[u8]> = goroot.split(|&b| b == b'/').collect();
    elements
        .iter()
        .enumerate()
        .rev()
        .take(VERSION_ELEMENTS)
        .find_map(|(n, element)| {
            let above = n
                .checked_sub(1)
                .and_then(|n| elements.get(n))
                .copied()
                .unwrap_or_default();
            element_version(element, above)
        })
}

fn element_version(element: &[u8], above: &[u8]) -> Option<GoVersion> {
    let text = std::str::from_utf8(element).ok()?;
    if above.starts_with(b"go") && text.starts_with("1.") {
        return text.parse().ok();
    }
    let number = ["-go1.", "-go-1."]
        .iter()
        .find_map(|mark| text.split_once(mark))
        .map(|(_, number)| number)
        .or(text.strip_prefix("go1."))
        .or(text.strip_prefix("go-1."))?;
    // `22.3.linux-amd64`: the digits end where something other than a number begins.
    let numbers: Vec<&str> = number
        .split('.')
        .take_while(|n| n.bytes().all(|b| b.is_ascii_digit()))
        .take(2)
        .collect();
    let build: GoBuild = format!("1.{}", numbers.join(".")).parse().ok()?;
    Some(build.version)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_well_formed_and_sorted() {
        let keys: Vec<Vec<&str>> = ROWS
            .iter()
            .map(|row| row.split('\t').take(3).collect())
            .collect();
        assert!(keys.is_sorted());
        let mut count = 0;
        for row in ROWS.iter() {
            let sites: Vec<Site> = sites_of(row).collect();
            assert_eq!(sites.len(), row.split('\t').count() - 3, "{row}");
            assert!(sites.iter().all(|site| !site.releases.is_empty()));
            count += sites.len();
        }
        assert_eq!(count, 6903);
        assert!(STD_TOP.is_sorted());
    }

    #[test]
    fn goexit_tells_the_minor() {
        let sites = sites(b"runtime.goexit", b"runtime/asm_amd64.s");
        let of = |line| {
            sites
                .iter()
                .find(|site| site.line == line)
                .map(|site| site.releases.to_string())
        };
        assert_eq!(of(1695).as_deref(), Some("1.22"));
        assert_eq!(of(1700).as_deref(), Some("1.23-1.24"));
        assert_eq!(of(1264).as_deref(), Some("1.27"));
        assert_eq!(of(1), None);
        assert!(sites.iter().all(|site| site.arch == Some("amd64")));
        assert!(super::sites(b"main.main", b"runtime/asm_amd64.s").is_empty());
    }

    #[test]
    fn paths_are_cut_at_the_standard_library() {
        let relative = |path: &'static str| {
            goroot_relative(path.as_bytes()).map(|path| std::str::from_utf8(path).unwrap())
        };
        assert_eq!(
            relative("/usr/local/go/src/runtime/panic.go"),
            Some("runtime/panic.go")
        );
        assert_eq!(
            relative("C:/Program Files/Go/src/net/http/server.go"),
            Some("net/http/server.go")
        );
        assert_eq!(relative("runtime/panic.go"), Some("runtime/panic.go"));
        assert_eq!(
            relative("/usr/local/go/src/vendor/golang.org/x/net/http2.go"),
            Some("vendor/golang.org/x/net/http2.go")
        );
        assert_eq!(
            relative("/build/src/go/src/runtime/proc.go"),
            Some("runtime/proc.go")
        );
        assert_eq!(relative("/app/main.go"), None);
        assert_eq!(relative("github.com/x/y@v1.2.3/f.go"), None);
        assert_eq!(relative("/home/u/src/app/main.go"), None);
        assert_eq!(relative("_testmain.go"), None);
    }

    #[test]
    fn assembly_files_tell_the_architecture() {
        assert_eq!(file_arch(b"runtime/asm_arm64.s"), Some("arm64"));
        assert_eq!(file_arch(b"syscall/zsyscall_linux_amd64.go"), Some("amd64"));
        assert_eq!(file_arch(b"runtime/panic.go"), None);
    }

    #[test]
    fn installation_paths_tell_the_version() {
        let found = |path: &str| path_version(path.as_bytes()).map(|version| version.to_string());
        for (path, version) in [
            (
                "/opt/hostedtoolcache/go/1.22.5/x64/src/runtime/panic.go",
                "1.22.5",
            ),
            (
                "C:/hostedtoolcache/windows/go/1.21.13/x64/src/runtime/panic.go",
                "1.21.13",
            ),
            ("/home/u/sdk/go1.21.0/src/net/http/server.go", "1.21.0"),
            (
                "/home/u/go/pkg/mod/golang.org/toolchain@v0.0.1-go1.22.3.linux-amd64/src/runtime/proc.go",
                "1.22.3",
            ),
            (
                "/go/pkg/mod/golang.org/toolchain@v0.0.1-go1.24.linux-arm64/src/runtime/proc.go",
                "1.24",
            ),
            ("/usr/lib/go-1.19/src/runtime/panic.go", "1.19"),
            (
                "/usr/local/Cellar/go/1.22.1/libexec/src/runtime/panic.go",
                "1.22.1",
            ),
            (
                "/opt/homebrew/Cellar/go@1.21/1.21.13/libexec/src/runtime/panic.go",
                "1.21.13",
            ),
            (
                "/nix/store/0123abcd-go-1.22.3/share/go/src/runtime/panic.go",
                "1.22.3",
            ),
            (
                "/home/u/.asdf/installs/golang/1.22.1/go/src/runtime/panic.go",
                "1.22.1",
            ),
        ] {
            assert_eq!(found(path).as_deref(), Some(version), "{path}");
        }
        for path in [
            "/usr/local/go/src/runtime/panic.go",
            "/snap/go/10455/src/runtime/panic.go",
            "runtime/panic.go",
            "/app-1.2.3/main.go",
        ] {
            assert_eq!(found(path), None, "{path}");
        }
    }
}
