//! Signs of a Go version that need no line number: how arguments are printed, what headers carry, which names appear.
//!
//! ```text
//! runtime.goexit({})                            1.22 and later
//! created by main.main in goroutine 1           1.21 and later
//! goroutine 18 gp=0xc000102c40 m=nil [select]:  1.22 and later
//! panic: boom [recovered, repanicked]           1.25 and later
//! ```
//!
//! `analyze::version` intersects the ranges of all cues it finds. States and messages that exist only in some versions are cues
//! as well; their ranges stand in [`super::waits`] and [`super::messages`]. Read [`row`] and [`frame_cues`] first.

use super::frames;
use super::landmarks::goroot_relative;
use super::version::{VersionRange, Versions};

/// A sign outside of frame names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cue {
    /// `panic(0x45e0a0, 0x4b1f3c)`: an interface without braces.
    FlatArguments,
    /// Braces in some argument list.
    Braces,
    /// A `?` behind some argument.
    DoubtfulArguments,
    /// `runtime.goexit({})`.
    GoexitWithEmptyStruct,
    /// `runtime.goexit()`.
    GoexitWithoutArguments,
    /// `created by … in goroutine N`.
    ParentNamed,
    /// `created by main.f` without a parent.
    ParentMissing,
    /// `...N frames elided...`.
    ElidedCount,
    /// `...additional frames elided...` at the end of a stack.
    ElidedWithoutCount,
    /// `gp=0x… m=…` in headers.
    GpInHeader,
    /// pprof labels in headers.
    LabelsInHeader,
    /// `, synctest group N` or `, synctest bubble N` in headers.
    SynctestInHeader,
    /// A goroutine marked ` (leaked)`.
    LeakedMark,
    /// The address of a `g` lies on a 64-bit heap elsewhere than at 0xc000000000.
    HeapElsewhere,
    /// ` [recovered, repanicked]`.
    Repanicked,
    /// Every further line of a panic value is indented.
    IndentedPanicLines,
    /// Some further line of a panic value is not indented.
    RawPanicLines,
    /// `panic: +3.250000e+000`.
    LongFloat,
    /// `panic: (main.T) (0x45e0a0,0xc42000e1e0)`.
    TwoWordPanicValue,
    /// ` addr=0x…` behind `sigcode=`.
    SignalDumpAddress,
    /// The fatal line printed twice: two goroutines died at once.
    FatalTwice,
    /// A panic chain above the `fatal error: ` line.
    PanicsAboveFatal,
    /// A map error whose goroutine does not show `internal/runtime/maps.fatal`, which no level hides.
    MapErrorFromRuntime,
}

/// What a sign says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CueRow {
    /// The sign.
    pub cue: Cue,
    /// Versions that print it.
    pub versions: Versions,
    /// False where the program's own text, or a log system that changed white space, can look the same.
    pub firm: bool,
    /// For the reader.
    pub words: &'static str,
}

const UNTIL_14: Versions = &[VersionRange::until(14)];
const UNTIL_16: Versions = &[VersionRange::until(16)];
const UNTIL_20: Versions = &[VersionRange::until(20)];
const UNTIL_21: Versions = &[VersionRange::until(21)];
const UNTIL_22: Versions = &[VersionRange::until(22)];
const UNTIL_23: Versions = &[VersionRange::until(23)];
const UNTIL_24: Versions = &[VersionRange::until(24)];
const UNTIL_25: Versions = &[VersionRange::until(25)];
const UNTIL_26: Versions = &[VersionRange::until(26)];
const ONLY_17: Versions = &[VersionRange::only(17)];
const SINCE_17: Versions = &[VersionRange::since(17)];
const SINCE_18: Versions = &[VersionRange::since(18)];
const SINCE_19: Versions = &[VersionRange::since(19)];
const SINCE_20: Versions = &[VersionRange::since(20)];
const SINCE_21: Versions = &[VersionRange::since(21)];
const SINCE_22: Versions = &[VersionRange::since(22)];
const SINCE_23: Versions = &[VersionRange::since(23)];
const SINCE_24: Versions = &[VersionRange::since(24)];
const SINCE_25: Versions = &[VersionRange::since(25)];
const SINCE_26: Versions = &[VersionRange::since(26)];
const SINCE_27: Versions = &[VersionRange::since(27)];
const SWISS_SUFFIX: Versions = &[VersionRange::between(24, 25)];
const INIT_5: Versions = &[VersionRange::until(13)];
const INIT_6: Versions = &[VersionRange::between(14, 16), VersionRange::between(18, 22)];
const INIT_7: Versions = &[VersionRange::only(17), VersionRange::since(23)];

const fn sign(cue: Cue, versions: Versions, firm: bool, words: &'static str) -> CueRow {
    CueRow {
        cue,
        versions,
        firm,
        words,
    }
}

#[rustfmt::skip]
const CUES: &[CueRow] = &[
    sign(Cue::FlatArguments,          UNTIL_16, true,  "arguments without braces"),
    sign(Cue::Braces,                 SINCE_17, true,  "braces in arguments"),
    sign(Cue::DoubtfulArguments,      SINCE_18, true,  "arguments marked with ?"),
    sign(Cue::GoexitWithEmptyStruct,  SINCE_22, true,  "runtime.goexit({})"),
    sign(Cue::GoexitWithoutArguments, UNTIL_21, true,  "runtime.goexit()"),
    sign(Cue::ParentNamed,            SINCE_21, true,  "\"in goroutine N\" behind \"created by\""),
    sign(Cue::ParentMissing,          UNTIL_20, false, "\"created by\" without a goroutine"),
    sign(Cue::ElidedCount,            SINCE_21, true,  "elided frames are counted"),
    sign(Cue::ElidedWithoutCount,     UNTIL_20, true,  "elided frames are not counted"),
    sign(Cue::GpInHeader,             SINCE_22, true,  "gp= in headers"),
    sign(Cue::LabelsInHeader,         SINCE_26, true,  "labels in headers"),
    sign(Cue::SynctestInHeader,       SINCE_24, true,  "synctest bubbles in headers"),
    sign(Cue::LeakedMark,             SINCE_26, true,  "goroutines marked leaked"),
    sign(Cue::HeapElsewhere,          SINCE_26, true,  "a heap at a random address"),
    sign(Cue::Repanicked,             SINCE_25, true,  "\"[recovered, repanicked]\""),
    sign(Cue::IndentedPanicLines,     SINCE_23, false, "indented lines in a panic value"),
    sign(Cue::RawPanicLines,          UNTIL_22, false, "lines of a panic value not indented"),
    sign(Cue::LongFloat,              UNTIL_25, false, "a panic value with exponent"),
    sign(Cue::TwoWordPanicValue,      UNTIL_14, false, "a panic value as two words"),
    sign(Cue::SignalDumpAddress,      SINCE_22, true,  "addr= behind sigcode="),
    sign(Cue::FatalTwice,             UNTIL_23, false, "the fatal line printed twice"),
    sign(Cue::PanicsAboveFatal,       SINCE_26, false, "a panic above the fatal error"),
    // Firm but for builds of 1.24 and 1.25 with the classic map, and for stacks cut at their top.
    sign(Cue::MapErrorFromRuntime,    UNTIL_23, false, "a map error without internal/runtime/maps.fatal"),
];

/// What `cue` says.
pub fn row(cue: Cue) -> Option<&'static CueRow> {
    CUES.iter().find(|row| row.cue == cue)
}

/// How a name in a frame is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    /// The whole function name.
    Function(&'static str),
    /// Its beginning.
    FunctionPrefix(&'static str),
    /// Anywhere in it.
    FunctionPart(&'static str),
    /// Anywhere in it, followed by digits up to its end or to the next part.
    FunctionNumbered(&'static str),
    /// End of the path below GOROOT/src.
    StdFileEnd(&'static str),
    /// The whole path below GOROOT/src.
    StdFile(&'static str),
}

/// A name that only some versions have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameCueRow {
    name: Name,
    /// Versions that have it.
    pub versions: Versions,
    /// For the reader.
    pub words: &'static str,
}

const fn name(name: Name, versions: Versions, words: &'static str) -> FrameCueRow {
    FrameCueRow {
        name,
        versions,
        words,
    }
}

use Name::*;

#[rustfmt::skip]
const FRAME_CUES: &[FrameCueRow] = &[
    name(FunctionPart("·dwrap·"),                      ONLY_17,  "wrappers named dwrap"),
    name(FunctionNumbered(".gowrap"),                  SINCE_22, "wrappers named gowrap"),
    name(FunctionNumbered(".deferwrap"),               SINCE_22, "wrappers named deferwrap"),
    name(FunctionNumbered(".glob..func"),              UNTIL_21, "initialisers named glob."),
    name(FunctionNumbered("-range"),                   SINCE_23, "range-over-func bodies"),
    name(FunctionPart("[...]"),                        SINCE_18, "generic functions"),
    name(Function("runtime.fatal"),                    SINCE_19, "runtime.fatal"),
    name(Function("sync.fatal"),                       SINCE_19, "sync.fatal"),
    name(FunctionPrefix("sync.runtime_SemacquireRWMutex"), SINCE_20, "sync.runtime_SemacquireRWMutex"),
    name(Function("sync.runtime_SemacquireWaitGroup"), SINCE_24, "sync.runtime_SemacquireWaitGroup"),
    name(FunctionPrefix("internal/sync."),             SINCE_24, "frames of internal/sync"),
    name(FunctionPrefix("internal/runtime/maps."),     SINCE_24, "frames of internal/runtime/maps"),
    name(Function("runtime.runfinq"),                  UNTIL_24, "runtime.runfinq"),
    name(Function("runtime.runFinalizers"),            SINCE_25, "runtime.runFinalizers"),
    name(Function("runtime.runCleanups"),              SINCE_25, "runtime.runCleanups"),
    name(FunctionPrefix("net/http.(*http2"),           UNTIL_26, "HTTP/2 inside net/http"),
    name(FunctionPrefix("net/http/internal/http2."),   SINCE_27, "HTTP/2 in its own package"),
    name(StdFileEnd("_swiss.go"),                      SWISS_SUFFIX, "files *_swiss.go"),
    name(StdFileEnd("_noswiss.go"),                    SWISS_SUFFIX, "files *_noswiss.go"),
    name(StdFile("internal/runtime/maps/runtime.go"),         SINCE_26, "internal/runtime/maps/runtime.go"),
    name(StdFile("internal/runtime/maps/runtime_fast32.go"),  SINCE_26, "internal/runtime/maps/runtime_fast32.go"),
    name(StdFile("internal/runtime/maps/runtime_fast64.go"),  SINCE_26, "internal/runtime/maps/runtime_fast64.go"),
    name(StdFile("internal/runtime/maps/runtime_faststr.go"), SINCE_26, "internal/runtime/maps/runtime_faststr.go"),
    // The helper that forces collections is started by an init function, numbered by how many stand before it.
    name(Function("runtime.init.5"), INIT_5, "runtime.init.5"),
    name(Function("runtime.init.6"), INIT_6, "runtime.init.6"),
    name(Function("runtime.init.7"), INIT_7, "runtime.init.7"),
];

/// All rows whose name is in the frame `function` at `file`.
pub fn frame_cues<'f>(
    function: &'f [u8],
    file: &'f [u8],
) -> impl Iterator<Item = &'static FrameCueRow> + 'f {
    let std_file = match frames::owner(function) {
        frames::Owner::Runtime | frames::Owner::Std => goroot_relative(file),
        frames::Owner::User | frames::Owner::Cgo => None,
    };
    FRAME_CUES.iter().filter(move |row| match row.name {
        Function(name) => function == name.as_bytes(),
        FunctionPrefix(prefix) => function.starts_with(prefix.as_bytes()),
        FunctionPart(part) => memchr::memmem::find(function, part.as_bytes()).is_some(),
        FunctionNumbered(part) => is_numbered(function, part.as_bytes()),
        StdFileEnd(end) => std_file.is_some_and(|file| file.ends_with(end.as_bytes())),
        StdFile(path) => std_file.is_some_and(|file| file == path.as_bytes()),
    })
}

/// True where `part` stands in `function` and digits follow, up to the end or to a part of a closure's name.
fn is_numbered(function: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find_iter(function, part).any(|at| {
        let rest = function.get(at + part.len()..).unwrap_or_default();
        let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        digits > 0 && matches!(rest.get(digits), None | Some(b'.' | b'-'))
    })
}

/// Where 64-bit Go asked for its heap before it was given a random base (1.26): bits 32 to 39 of the address. 0xc0 on most
/// machines, 0x40 on arm64; a heap grows upwards from there.
const HEAP_BASES: &[std::ops::RangeInclusive<u64>] = &[0x40..=0x7f, 0xc0..=0xff];

/// Below lie executables, 32-bit processes, and the heaps of systems with small address spaces.
const LOWEST_HEAP: u64 = 0x40 << 32;

/// Above lie the heaps of AIX.
const HIGHEST_HEAP: u64 = 1 << 48;

/// True for a heap address that only a random heap base explains: [`Cue::HeapElsewhere`].
pub fn is_heap_elsewhere(address: u64) -> bool {
    let base = address >> 32 & 0xff;
    (LOWEST_HEAP..HIGHEST_HEAP).contains(&address)
        && !HEAP_BASES.iter().any(|bases| bases.contains(&base))
}

/// The cues that a panic value gives by its form; `value` without markers, further lines as printed.
pub fn panic_value_cues(value: &[u8]) -> Vec<Cue> {
    let mut cues = Vec::new();
    let mut lines = value.split(|&b| b == b'\n');
    let first = lines.next().unwrap_or_default();
    let further: Vec<&[u8]> = lines.filter(|line| !line.trim_ascii().is_empty()).collect();
    if !further.is_empty() {
        let indented = further.iter().all(|line| line.starts_with(b"\t"));
        cues.push(if indented {
            Cue::IndentedPanicLines
        } else {
            Cue::RawPanicLines
        });
    }
    if is_long_float(first) {
        cues.push(Cue::LongFloat);
    }
    if first.starts_with(b"(")
        && first.ends_with(b")")
        && memchr::memmem::find(first, b") (0x").is_some()
    {
        cues.push(Cue::TwoWordPanicValue);
    }
    cues
}

/// `+3.250000e+000`: sign, six decimals, three digits of exponent.
fn is_long_float(text: &[u8]) -> bool {
    let shape = b"+0.000000e+000";
    text.len() == shape.len()
        && text.iter().zip(shape).all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            b'+' => matches!(byte, b'+' | b'-'),
            _ => byte == form,
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::goruntime::version::ReleaseSet;

    fn releases(function: &str, file: &str) -> Vec<String> {
        frame_cues(function.as_bytes(), file.as_bytes())
            .map(|row| ReleaseSet::of(row.versions).to_string())
            .collect()
    }

    #[test]
    fn names_tell_their_versions() {
        assert_eq!(releases("main.main.gowrap1", "/app/main.go"), ["1.22-1.27"]);
        assert_eq!(releases("main.main·dwrap·1", "/app/main.go"), ["1.17"]);
        assert_eq!(releases("main.glob..func1", "/app/main.go"), ["1.13-1.21"]);
        assert_eq!(
            releases("main.scan.func1-range2", "/app/main.go"),
            ["1.23-1.27"]
        );
        assert_eq!(
            releases("main.(*Gen[...]).Get", "/app/main.go"),
            ["1.18-1.27"]
        );
        let swiss = "/usr/local/go/src/internal/runtime/maps/runtime_faststr_swiss.go";
        assert_eq!(releases("runtime.mapassign_faststr", swiss), ["1.24-1.25"]);
        let later = "internal/runtime/maps/runtime_faststr.go";
        assert_eq!(releases("runtime.mapassign_faststr", later), ["1.26-1.27"]);
    }

    #[test]
    fn a_programs_own_names_tell_nothing() {
        assert!(releases("main.gowrapped", "/app/main.go").is_empty());
        assert!(releases("main.(*Shop).Open", "/app/src/runtime/map_swiss.go").is_empty());
        assert!(releases("example.com/short-range.Do", "/app/x.go").is_empty());
    }

    #[test]
    fn every_cue_has_a_row_that_excludes_something() {
        for row in CUES {
            assert_eq!(super::row(row.cue), Some(row));
            let set = ReleaseSet::of(row.versions);
            assert!(!set.is_empty() && set != ReleaseSet::ALL, "{:?}", row.cue);
        }
        for row in FRAME_CUES {
            let set = ReleaseSet::of(row.versions);
            assert!(!set.is_empty() && set != ReleaseSet::ALL, "{:?}", row.name);
        }
    }

    #[test]
    fn only_a_random_base_explains_some_heaps() {
        for printed in [0x2019_7951_6000, 0xe930_0000_0000] {
            assert!(is_heap_elsewhere(printed), "{printed:#x}");
        }
        for usual in [
            0x00c0_0000_2380,
            0x00c5_1234_5600,
            0x0040_0000_2380,
            0x5a_0000,
            0x1_3000_0000,
            0x0a00_0000_0000_2380,
        ] {
            assert!(!is_heap_elsewhere(usual), "{usual:#x}");
        }
    }

    #[test]
    fn panic_values_tell_by_their_form() {
        assert_eq!(
            panic_value_cues(b"first\n\tsecond\n\t"),
            [Cue::IndentedPanicLines]
        );
        assert_eq!(panic_value_cues(b"first\nsecond"), [Cue::RawPanicLines]);
        assert_eq!(panic_value_cues(b"+3.250000e+000"), [Cue::LongFloat]);
        assert_eq!(
            panic_value_cues(b"(main.T) (0x45e0a0,0xc42000e1e0)"),
            [Cue::TwoWordPanicValue]
        );
        assert!(panic_value_cues(b"(main.T) 0xc00001c0a8").is_empty());
        assert!(panic_value_cues(b"boom").is_empty());
    }
}
