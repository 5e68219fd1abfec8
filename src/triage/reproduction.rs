//! The smallest Go program that dies the way this process did.
//!
//! Called by the fourth step of the report and by `gotriage repro`. The Go text stands beside this file, in `reproduction/`: one
//! frame for all map conflicts, filled with a key type and two operations, and one whole program for each other way to die.
//! `tests/reproduction.rs` runs them with real Go. Read [`reproduction`] first.
//!
//! Why the map programs die with the wanted message and no other: exactly one goroutine writes where the reader, iterator or
//! cloner is to notice, because a write mark can only be taken away by a second writer; and no operation but clear adds or removes an
//! entry, so the map never grows and a clash leaves nothing half moved that could fault first. Clear does so, and is kept rare.

mod programs;

use super::report::{Category, Reproduction};
use crate::goruntime::mapops::{KeyKind, MapOp};
use crate::goruntime::version::{GoVersion, VersionRange};
use programs::{CONFLICTS, Conflict, KEYS, OLDEST_MINOR, OPERATIONS, Operation, PROGRAMS, by_user};

/// What the evidence says of the death.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The verdict.
    pub category: Category,
    /// Chooses among the programs of a category: the crash message, or, for a deadlock or a lock hang, the kind of wait most
    /// goroutines are in (`sync.Mutex.Lock`). May be empty.
    pub clue: &'a str,
    /// Map conflicts: the side that noticed. What does not fit the category is replaced by its plainest form.
    pub noticed: Option<MapAccess>,
    /// Map conflicts: the other side.
    pub other: Option<MapAccess>,
    /// Map conflicts: the key type, as far as known.
    pub key: Option<KeyKind>,
    /// The version to write for. Without one the forms that the oldest Go understands are taken.
    pub go: Option<GoVersion>,
}

/// A map operation and the package that stands between it and the user's line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapAccess {
    /// What it does.
    pub op: MapOp,
    /// Who does it.
    pub through: Through,
}

/// The package whose frames stand above the map operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Through {
    /// The user's own code.
    UserCode,
    /// encoding/json marshals the map.
    Json,
    /// fmt or a logger prints it.
    Fmt,
}

/// A program that dies with the message of this crash; `None` where none would teach anything (a panic of the program's own, memory
/// that ran out, a signal from outside) or where that Go version has no such operation.
pub fn reproduction(request: &Request<'_>) -> Option<Reproduction> {
    match request.category {
        Category::IndexOutOfRange => Some(bounds_program(request.clue)),
        Category::MapRaceReport => map_program(conflict_of_race(request), request),
        category if CONFLICTS.iter().any(|row| row.category == category) => {
            map_program(category, request)
        }
        category => PROGRAMS
            .iter()
            .find(|row| row.category == category && request.clue.contains(row.needle))
            .map(|row| plain(row.source, row.message, row.fill)),
    }
}

/// The crash that the two sides of a race report would end in.
fn conflict_of_race(request: &Request<'_>) -> Category {
    let sides = [request.noticed, request.other];
    let has = |op| sides.iter().flatten().any(|side| side.op == op);
    match () {
        () if has(MapOp::Clone) => Category::MapCloneWrite,
        () if has(MapOp::Iterate) => Category::MapIterateWrite,
        () if has(MapOp::Read) => Category::MapReadWrite,
        () => Category::MapWriteWrite,
    }
}

/// Of rows that each hold for some versions, the first that holds for `go`. Without a version: the one that holds for the newest and
/// reaches back furthest.
fn for_version<'t, T>(
    rows: impl Iterator<Item = &'t T>,
    versions: fn(&T) -> VersionRange,
    go: Option<GoVersion>,
) -> Option<&'t T> {
    let mut rows = rows;
    match go {
        Some(go) => rows.find(|row| versions(row).contains(go)),
        None => rows
            .filter(|row| versions(row).until.is_none())
            .min_by_key(|row| versions(row).since),
    }
}

/// How one side is written, given what the other does; a detour through a package that does not fit gives way to plain code.
fn written(
    access: MapAccess,
    other: MapOp,
    key: KeyKind,
    go: Option<GoVersion>,
) -> Option<&'static Operation> {
    let fitting = |access: MapAccess| {
        let rows = OPERATIONS.iter().filter(move |row| {
            row.access == access
                && (row.keys.is_empty() || row.keys.contains(&key))
                && (row.beside.is_empty() || row.beside.contains(&other))
        });
        for_version(rows, |row| row.versions, go)
    };
    fitting(access).or_else(|| fitting(by_user(access.op)))
}

fn map_program(category: Category, request: &Request<'_>) -> Option<Reproduction> {
    let conflicts = CONFLICTS.iter().filter(|row| row.category == category);
    let conflict = for_version(conflicts, |row| row.versions, request.go)?;
    let kind = request.key.unwrap_or(KeyKind::String);
    let key = KEYS.iter().find(|row| row.kind == kind)?;
    let (noticing, other) = sides(conflict, request);
    let first = written(noticing, other.op, kind, request.go)?;
    let second = written(other, noticing.op, kind, request.go)?;
    let since = format!("1.{}", first.since.max(second.since));
    let (operations, noticer) = match first.name == second.name {
        true => (first.source.to_owned(), String::new()),
        false => (
            format!("{}\n{}", first.source, second.source),
            format!(" {}", conflict.noticer.replace("@FIRST@", first.name)),
        ),
    };
    let program = include_str!("reproduction/map.go.tmpl")
        .replace("@TITLE@", conflict.title)
        .replace(" @NOTICER@", &noticer)
        .replace("@MESSAGE@", conflict.message)
        .replace("@SINCE@", &since)
        .replace(
            "@IMPORTS@",
            &import_lines(&[key.imports, first.imports, second.imports]),
        )
        .replace("@KEYFUNC@\n", key.source)
        .replace("@KEY@", key.go_type)
        .replace("@OPERATIONS@\n", &format!("\n{operations}\n"))
        .replace("@FIRST@", first.name)
        .replace("@SECOND@", second.name);
    Some(Reproduction {
        program,
        message: conflict.message.to_owned(),
        run: format!("{RUN}\n{RUN_WITH_RACE}"),
        go_since: since,
    })
}

const RUN: &str = "go run main.go";
/// The race detector needs cgo, so a C compiler, and a 64-bit machine.
const RUN_WITH_RACE: &str = "CGO_ENABLED=1 go run -race main.go";

/// The side that notices and the writer, each replaced by the plainest that fits where it does not fit the message. Of two race
/// report sides the one that can raise the message is put first.
fn sides(conflict: &Conflict, request: &Request<'_>) -> (MapAccess, MapAccess) {
    let notices = |side: &MapAccess| conflict.noticed_by.contains(&side.op);
    let swap = !request.noticed.as_ref().is_some_and(notices)
        && request.other.as_ref().is_some_and(notices);
    let (first, second) = match swap {
        true => (request.other, request.noticed),
        false => (request.noticed, request.other),
    };
    let plainest = conflict.noticed_by.first().copied().unwrap_or(MapOp::Write);
    (
        first.filter(notices).unwrap_or(by_user(plainest)),
        second
            .filter(|side| side.op.mutates())
            .unwrap_or(by_user(MapOp::Write)),
    )
}

/// The frame's own imports and those of its parts, sorted, one a line.
fn import_lines(parts: &[&[&str]]) -> String {
    let mut imports = vec!["fmt", "os", "runtime", "time"];
    imports.extend(parts.iter().copied().flatten());
    imports.sort_unstable();
    imports.dedup();
    imports
        .iter()
        .map(|path| format!("\t\"{path}\"\n"))
        .collect()
}

/// Greatest number of a message that is put into a program: it becomes the length of a real slice.
const MAX_NUMBER: i64 = 1 << 20;

/// The two numbers of `index out of range [5] with length 1`, `slice bounds out of range [:9] with capacity 4` or
/// `slice bounds out of range [3:2]`, put into the program that fails the same way.
fn bounds_program(clue: &str) -> Reproduction {
    let numbers = numbers(clue);
    let fits = |n: &i64| (0..=MAX_NUMBER).contains(n);
    match numbers.as_slice() {
        [to, capacity]
            if clue.contains("[:")
                && clue.contains("with capacity")
                && fits(to)
                && fits(capacity)
                && to > capacity =>
        {
            bounds(
                SLICE_BOUNDS,
                *to,
                *capacity,
                &format!("slice bounds out of range [:{to}] with capacity {capacity}"),
            )
        }
        [from, to]
            if clue.contains("slice bounds")
                && clue.contains(&format!("[{from}:{to}]"))
                && fits(from)
                && fits(to)
                && from > to =>
        {
            bounds(
                SLICE_CROSSED,
                *from,
                *to,
                &format!("slice bounds out of range [{from}:{to}]"),
            )
        }
        [index, length]
            if clue.contains("index out of range")
                && fits(index)
                && fits(length)
                && index >= length =>
        {
            bounds(
                INDEX,
                *index,
                *length,
                &format!("index out of range [{index}] with length {length}"),
            )
        }
        [index] if clue.contains("index out of range") && (-MAX_NUMBER..0).contains(index) => {
            bounds(INDEX, *index, 3, &format!("index out of range [{index}]"))
        }
        _ => bounds(INDEX, 3, 3, "index out of range [3] with length 3"),
    }
}

const INDEX: &str = include_str!("reproduction/index.go.tmpl");
const SLICE_BOUNDS: &str = include_str!("reproduction/slice_bounds.go.tmpl");
const SLICE_CROSSED: &str = include_str!("reproduction/slice_crossed.go.tmpl");

fn bounds(source: &str, index: i64, length: i64, text: &str) -> Reproduction {
    let (index, length) = (index.to_string(), length.to_string());
    plain(
        source,
        &format!("panic: runtime error: {text}"),
        &[("@INDEX@", &index), ("@LENGTH@", &length)],
    )
}

/// The whole numbers of a text, each with its sign; one that does not fit ends the list.
fn numbers(text: &str) -> Vec<i64> {
    text.split(|c: char| !c.is_ascii_digit() && c != '-')
        .filter(|part| part.contains(|c: char| c.is_ascii_digit()))
        .map_while(|part| part.parse().ok())
        .collect()
}

fn plain(source: &str, message: &str, fill: &[(&str, &str)]) -> Reproduction {
    let program = fill.iter().fold(
        source.replace("@MESSAGE@", message),
        |program, (mark, word)| program.replace(mark, word),
    );
    Reproduction {
        program,
        message: message.to_owned(),
        run: RUN.to_owned(),
        go_since: format!("1.{OLDEST_MINOR}"),
    }
}
