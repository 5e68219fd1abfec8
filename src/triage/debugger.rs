//! Debugger commands with a dump's own functions and lines filled in, for delve and for gdb.
//!
//! Called by the fourth step of the report. Which runtime function raises a message, and what a map function calls its map, depend on
//! the Go version: those are rows. The scripts of each approach were run with delve 1.20 and gdb 13 on programs of Go 1.19 and 1.27,
//! those for map conflicts on 1.23 as well; the rows for Go up to 1.18 were not. Read [`breakpoints`] first.
//!
//! Names and paths come from a log, and gdb scripts can run a shell: what is not plainly a path or a function is left out
//! ([`is_plain`]).

mod functions;

use super::report::{Breakpoints, Category, Place};
use crate::goruntime::mapops::{KeyKind, MapOp};
use crate::goruntime::version::{GoVersion, MapLayout, VersionRange};
use functions::{APPROACHES, Approach, MAP_FUNCTIONS};
use std::fmt::Write;

/// What the evidence offers to stop at.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The verdict.
    pub category: Category,
    /// The Go version, as far as known.
    pub go: Option<GoVersion>,
    /// Lines of user code that take part, the culprit first.
    pub places: &'a [Place],
    /// What the parties do to the map, with the key type as far as known.
    pub operations: &'a [(MapOp, Option<KeyKind>)],
    /// The map's header where it was printed firmly. It is an address of the process that died and of its core, and means nothing
    /// in another run.
    pub header: Option<&'a str>,
}

/// Most user lines a script stops at: each stop halts the whole process.
const MAX_PLACES: usize = 6;

/// The scripts for this death; empty where a debugger has nothing to catch.
pub fn breakpoints(request: &Request<'_>) -> Vec<Breakpoints> {
    let approach = APPROACHES.iter().find(|(category, versions, _)| {
        *category == request.category && holds(versions, request.go)
    });
    let Some(&(_, _, approach)) = approach else {
        return Vec::new();
    };
    vec![
        Breakpoints {
            debugger: "dlv",
            script: delve(approach, request),
        },
        Breakpoints {
            debugger: "gdb",
            script: gdb(approach, request),
        },
    ]
}

/// An unknown version is taken for a new one.
fn holds(versions: &VersionRange, go: Option<GoVersion>) -> bool {
    match go {
        Some(go) => versions.contains(go),
        None => versions.until.is_none(),
    }
}

fn delve(approach: Approach, request: &Request<'_>) -> String {
    let mut script = String::from(match approach {
        Approach::Attach => DELVE_ATTACH,
        Approach::Dies(_) | Approach::Watch => DELVE_RUN,
    });
    if approach == Approach::Attach {
        return script;
    }
    for (n, place) in stops(request.places).enumerate() {
        let n = n + 1;
        line(&mut script, format_args!("# {}", comment(&place.func)));
        line(
            &mut script,
            format_args!("trace party{n} {}:{}", place.file, place.line),
        );
        line(
            &mut script,
            format_args!("condition -hitcount party{n} <= 3"),
        );
        line(&mut script, format_args!("on party{n} stack 4"));
    }
    script.push_str(match approach {
        Approach::Dies(functions) if functions.contains(&"runtime.sigpanic") => DELVE_SIGNAL,
        Approach::Dies(functions) if functions.contains(&"runtime.gopanic") => DELVE_PANIC,
        _ => DELVE_FATAL,
    });
    delve_map(&mut script, request);
    script
}

const DELVE_RUN: &str = "\
# Build with: go build -gcflags='all=-N -l' -o app .     (so that arguments can be read)
# Run with:   dlv exec ./app --init THIS_FILE -- ARGS    (add --check-go-version=false if delve is older than Go)
# Each line below is reported with its goroutine for the first three visits; stopping longer would keep the parties apart.
";

const DELVE_FATAL: &str = "\
# delve stops by itself where the runtime gives up. Then: who noticed, and where everyone else stands at that moment.
continue
goroutine
stack 12 -full
goroutines -with user -t 12
";

const DELVE_PANIC: &str = "\
# delve stops by itself at a panic that nobody recovers. For one that is recovered (net/http does): break runtime.gopanic
continue
goroutine
stack 12 -full
";

const DELVE_SIGNAL: &str = "\
# runtime.sigpanic runs on the faulting goroutine; the frame below it is the faulting line.
break fault runtime.sigpanic
continue
goroutine
stack 12 -full
";

const DELVE_ATTACH: &str = "\
# Run with: dlv attach PID --init THIS_FILE     (the process stands still meanwhile; leave with \"quit\" and answer no)
# A delve older than the program's Go names wait reasons wrongly; the lines are right.
goroutines -with user -group userloc
goroutines -with user -t 8
# One of them in full:    goroutine N stack 12 -full
# From a core instead:    gcore PID ; dlv core ./app core.PID --init THIS_FILE
";

/// The part that needs the very process, or its core: the header is an address there.
fn delve_map(script: &mut String, request: &Request<'_>) {
    let Some(header) = request.header.filter(|text| is_address(text)) else {
        return;
    };
    line(
        script,
        format_args!(
            "# {header} was the map in the process that died. In its core (dlv core ./app CORE):"
        ),
    );
    line(
        script,
        format_args!("#   print {}({header})", delve_type(request.go)),
    );
    line(
        script,
        format_args!(
            "# In a live process the map lies elsewhere: take its address from the stack above, then stop at it alone:"
        ),
    );
    for (function, variable) in map_functions(request) {
        line(script, format_args!("#   break {function}"));
        line(
            script,
            format_args!("#   condition N uintptr({variable}) == ADDRESS"),
        );
    }
}

fn gdb(approach: Approach, request: &Request<'_>) -> String {
    let mut script = String::from(match approach {
        Approach::Attach => GDB_ATTACH,
        Approach::Dies(_) | Approach::Watch => GDB_RUN,
    });
    if approach == Approach::Attach {
        return script;
    }
    for place in stops(request.places) {
        line(
            &mut script,
            format_args!("tbreak -source \"{}\" -line {}", place.file, place.line),
        );
        script.push_str("commands\n  silent\n");
        let path = place.file.replace('%', "%%");
        let reached = format!("{path}:{}", place.line);
        line(
            &mut script,
            format_args!("  {}", gdb_goroutine(&reached, request.go)),
        );
        script.push_str("  info args\n  continue\nend\n");
    }
    let Approach::Dies(functions) = approach else {
        script.push_str("run\n");
        return script;
    };
    for function in functions {
        line(&mut script, format_args!("break '{function}'"));
    }
    script.push_str(GDB_STOPPED);
    line(
        &mut script,
        format_args!("{}", gdb_goroutine("stopped", request.go)),
    );
    script.push_str("backtrace 12\nthread apply all backtrace 8\n");
    gdb_map(&mut script, request);
    script
}

const GDB_RUN: &str = "\
# Build with: go build -gcflags='all=-N -l' -o app .
# Run with:   gdb -q -x THIS_FILE --args ./app ARGS      ($r14 is the goroutine on amd64, since Go 1.17; write $x28 on arm64)
set pagination off
set language c
set breakpoint pending on
set print elements 80
handle SIGURG nostop noprint pass
";

/// All threads stand still at a breakpoint, so the other party is caught inside its own map operation.
const GDB_STOPPED: &str = "\
run
# Stopped: the goroutine that noticed, and every other one that was on a processor at that moment.
";

/// Versions that keep the current goroutine in a register.
const GOROUTINE_IN_REGISTER: VersionRange = VersionRange::since(17);

/// The gdb command that prints `what` and the goroutine that is there, where a register tells.
fn gdb_goroutine(what: &str, go: Option<GoVersion>) -> String {
    match holds(&GOROUTINE_IN_REGISTER, go) {
        true => {
            format!("printf \"{what} in goroutine %ld\\n\", ((struct 'runtime.g' *) $r14)->goid")
        }
        false => format!("printf \"{what}\\n\""),
    }
}

const GDB_ATTACH: &str = "\
# Run with: gdb -q -p PID -x THIS_FILE          (the process stands still meanwhile)
# gdb alone shows threads, and a goroutine that waits has none; Go's own script adds: info goroutines, goroutine N bt
set pagination off
thread apply all backtrace 8
# A copy to look at later: gcore PID. Last, because it fails where Go is installed elsewhere (see: go env GOROOT):
source /usr/local/go/src/runtime/runtime-gdb.py
info goroutines
";

fn gdb_map(script: &mut String, request: &Request<'_>) {
    let Some(header) = request.header.filter(|text| is_address(text)) else {
        return;
    };
    line(
        script,
        format_args!(
            "# {header} was the map in the process that died. In its core (gdb ./app CORE):"
        ),
    );
    line(
        script,
        format_args!("#   print *(struct '{}' *) {header}", map_type(request.go)),
    );
    line(
        script,
        format_args!(
            "# In a live process the map lies elsewhere: take its address from the backtrace, then stop at it alone:"
        ),
    );
    for (function, variable) in map_functions(request) {
        let variable = variable.replace('.', "->");
        line(
            script,
            format_args!("#   break '{function}' if {variable} == ADDRESS"),
        );
    }
}

/// The functions behind the operations, each with its name for the map, in the order given and without repeats.
fn map_functions(request: &Request<'_>) -> Vec<(&'static str, &'static str)> {
    let mut found = Vec::new();
    for (op, key) in request.operations {
        let rows = MAP_FUNCTIONS.iter().filter(|row| {
            row.op == *op
                && (row.key.is_none() || row.key == *key)
                && holds(&row.versions, request.go)
        });
        for row in rows {
            for function in row.functions {
                if !found.contains(&(*function, row.header)) {
                    found.push((*function, row.header));
                }
            }
        }
    }
    found
}

fn is_swiss(go: Option<GoVersion>) -> bool {
    go.and_then(GoVersion::map_layout) != Some(MapLayout::Classic)
}

fn map_type(go: Option<GoVersion>) -> &'static str {
    match is_swiss(go) {
        true => "internal/runtime/maps.Map",
        false => "runtime.hmap",
    }
}

fn delve_type(go: Option<GoVersion>) -> String {
    match is_swiss(go) {
        true => format!("*(*\"{}\")", map_type(go)),
        false => format!("*(*{})", map_type(go)),
    }
}

/// The user lines that can be named to a debugger, without repeats.
fn stops(places: &[Place]) -> impl Iterator<Item = &Place> {
    let usable = move |n: &usize| {
        places.get(*n).is_some_and(|place| {
            let earlier = places.iter().take(*n);
            place.line > 0
                && is_plain(&place.file)
                && !earlier.into_iter().any(|other| same_line(other, place))
        })
    };
    (0..places.len())
        .filter(usable)
        .filter_map(|n| places.get(n))
        .take(MAX_PLACES)
}

fn same_line(one: &Place, other: &Place) -> bool {
    (&one.file, one.line) == (&other.file, other.line)
}

/// True for a path that both debuggers read as a path and as nothing else: no blank, quote, backslash or control character. The
/// path of a Windows build (`C:/app/main.go`) is one.
fn is_plain(path: &str) -> bool {
    !path.is_empty()
        && !path.starts_with(['-', '*', '#'])
        && path
            .chars()
            .all(|c| c.is_alphanumeric() || "/._-+@~!%:=,()[]".contains(c))
}

/// A function name as a comment: one line, nothing that drives a terminal.
fn comment(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).collect()
}

fn is_address(text: &str) -> bool {
    text.strip_prefix("0x").is_some_and(|digits| {
        !digits.is_empty() && digits.len() <= 16 && digits.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

fn line(script: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(script, "{text}");
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn place(file: &str, line: u32) -> Place {
        Place {
            func: "main.set".into(),
            file: file.into(),
            line,
        }
    }

    fn scripts(request: &Request<'_>) -> (String, String) {
        let [delve, gdb] = <[Breakpoints; 2]>::try_from(breakpoints(request)).unwrap();
        assert_eq!((delve.debugger, gdb.debugger), ("dlv", "gdb"));
        (delve.script, gdb.script)
    }

    fn writers<'a>(go: &str, places: &'a [Place]) -> Request<'a> {
        Request {
            category: Category::MapWriteWrite,
            go: go.parse().ok(),
            places,
            operations: &[
                (MapOp::Write, Some(KeyKind::String)),
                (MapOp::Delete, Some(KeyKind::String)),
            ],
            header: Some("0xc00009e150"),
        }
    }

    #[test]
    fn names_are_those_of_the_version() {
        let (delve, gdb) = scripts(&writers("1.18.1", &[]));
        assert!(
            gdb.contains("break 'runtime.throw'")
                && delve.contains("print *(*runtime.hmap)(0xc00009e150)")
        );
        let (delve, gdb) = scripts(&writers("1.23.9", &[]));
        assert!(
            gdb.contains("break 'runtime.fatal'")
                && gdb.contains("break 'runtime.mapdelete_faststr' if h == ADDRESS")
        );
        assert!(
            delve
                .contains("break runtime.mapassign_faststr\n#   condition N uintptr(h) == ADDRESS")
        );
        let (delve, gdb) = scripts(&writers("1.24", &[]));
        assert!(
            gdb.contains("'internal/runtime/maps.(*Map).Delete' if m == ADDRESS")
                && !gdb.contains("mapdelete_faststr")
        );
        assert!(delve.contains("print *(*\"internal/runtime/maps.Map\")(0xc00009e150)"));
    }

    #[test]
    fn no_register_is_read_before_go_kept_the_goroutine_in_one() {
        let places = [place("/app/100%/a.go", 20)];
        let (_, gdb) = scripts(&writers("1.16", &places));
        assert!(gdb.contains("printf \"/app/100%%/a.go:20\\n\"\n") && !gdb.contains("->goid"));
    }

    #[test]
    fn user_lines_stand_once_and_in_order() {
        let places = [
            place("/app/a.go", 20),
            place("C:/app/b.go", 7),
            place("/app/a.go", 20),
        ];
        let (delve, gdb) = scripts(&writers("1.27", &places));
        assert!(
            delve.contains("trace party1 /app/a.go:20")
                && delve.contains("trace party2 C:/app/b.go:7")
        );
        assert!(!delve.contains("party3"));
        assert_eq!(gdb.matches("tbreak").count(), 2);
    }

    #[test]
    fn a_log_cannot_put_commands_into_a_script() {
        let places = [
            place("/a.go\nshell id", 1),
            place("/a.go if $_shell(\"id\")", 2),
            place("/a\" -line 1\nshell id", 3),
            place("", 4),
        ];
        let mut request = writers("1.27", &places);
        request.header = Some("0x1\nshell id");
        let (delve, gdb) = scripts(&request);
        for script in [delve, gdb] {
            assert!(
                !script.contains("shell")
                    && !script.contains("party1")
                    && !script.contains("tbreak")
            );
        }
        let mut named = place("/app/a.go", 1);
        named.func = "main.f\nexit".into();
        assert!(
            scripts(&writers("1.27", &[named]))
                .0
                .contains("# main.fexit\n")
        );
    }

    #[test]
    fn what_nothing_raises_is_not_inspected_after_it_ended() {
        let places = [place("/app/a.go", 20)];
        let mut request = writers("1.27", &places);
        request.category = Category::MapRaceReport;
        let (_, gdb) = scripts(&request);
        assert!(gdb.ends_with("end\nrun\n"));
    }

    #[test]
    fn a_hang_is_attached_to_and_health_is_left_alone() {
        let mut request = writers("1.22", &[]);
        request.category = Category::LockHang;
        let (delve, gdb) = scripts(&request);
        assert!(
            delve.contains("dlv attach PID")
                && gdb.contains("gcore PID")
                && !gdb.contains("\nrun\n")
        );
        request.category = Category::Healthy;
        assert!(breakpoints(&request).is_empty());
    }
}
