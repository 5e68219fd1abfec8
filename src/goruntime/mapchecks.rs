//! Where the runtime notices that two goroutines use one map, and which of its checks a line is.
//!
//! Under the frame that raises the error (`runtime.fatal`, `internal/runtime/maps.fatal`, `runtime.throw`) stands the map function at
//! the line of a check: `runtime.mapassign_faststr(…)` at `runtime/map_faststr.go:232` is the entry check of Go 1.23. `analyze` says
//! with it what the crashing goroutine was doing and who came first. Read [`check_at`] first.

use super::mapops::MapRole;
use super::version::{GoVersion, ReleaseSet};
use std::sync::LazyLock;

const TABLE: &str = include_str!("map_checks.tsv");

/// When, in the course of a map operation, the check looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CheckPoint {
    /// Before the operation: another goroutine was already writing when this one came.
    Entry,
    /// Halfway: another goroutine began to write, or filled the map, while this one was inside.
    Middle,
    /// After the operation: this writer came first, and another entered or left meanwhile.
    Exit,
    /// The same, after an assignment to a map of at most eight entries.
    ExitSmall,
}

/// One check and the lines it stands on.
#[derive(Clone, Debug)]
pub struct MapCheck {
    /// Path below GOROOT/src.
    pub file: &'static str,
    /// Function name as a traceback prints it.
    pub function: &'static str,
    /// True for `fatal` (the program is at fault; obeys GOTRACEBACK), false for `throw`.
    pub user_level: bool,
    /// When it looks.
    pub point: CheckPoint,
    /// What the goroutine that runs it is doing.
    pub role: MapRole,
    /// What it prints behind `fatal error: `.
    pub message: &'static str,
    /// Line and the releases that have it there.
    pub lines: Vec<(u32, ReleaseSet)>,
}

static CHECKS: LazyLock<Vec<MapCheck>> = LazyLock::new(|| {
    TABLE
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(parse_row)
        .collect()
});

fn parse_row(row: &'static str) -> Option<MapCheck> {
    let mut columns = row.split('\t');
    let (file, function) = (columns.next()?, columns.next()?);
    let user_level = columns.next()? == "fatal";
    let point = match columns.next()? {
        "entry" => CheckPoint::Entry,
        "mid" => CheckPoint::Middle,
        "exit" => CheckPoint::Exit,
        "exit-small" => CheckPoint::ExitSmall,
        _ => return None,
    };
    let role = match columns.next()? {
        "writer" => MapRole::Writer,
        "reader" => MapRole::Reader,
        "iterator" => MapRole::Iterator,
        "cloner" => MapRole::Cloner,
        _ => return None,
    };
    let message = columns.next()?;
    let lines = columns
        .map(|column| {
            let (line, releases) = column.split_once('=')?;
            Some((line.parse().ok()?, ReleaseSet::parse(releases)?))
        })
        .collect::<Option<_>>()?;
    Some(MapCheck {
        file,
        function,
        user_level,
        point,
        role,
        message,
        lines,
    })
}

/// All checks, sorted by file and function.
pub fn checks() -> &'static [MapCheck] {
    &CHECKS
}

/// The check at this line of `function`; with `version`, only one that this version has there. `None` where no check is known
/// there, or where releases disagree on which it is.
pub fn check_at(
    function: &[u8],
    file: &[u8],
    line: u32,
    version: Option<GoVersion>,
) -> Option<&'static MapCheck> {
    let mut found = CHECKS.iter().filter(|check| {
        check.function.as_bytes() == function
            && check.file.as_bytes() == file
            && check.lines.iter().any(|&(known, releases)| {
                known == line && version.is_none_or(|version| has_neighbourhood(releases, version))
            })
    });
    let check = found.next()?;
    found
        .all(|other| (other.point, other.role) == (check.point, check.role))
        .then_some(check)
}

/// True where `releases` has the version or, for a patch that is in no table, a release of its minor.
fn has_neighbourhood(releases: ReleaseSet, version: GoVersion) -> bool {
    let known = ReleaseSet::ALL.contains(version);
    releases.contains(if known {
        version
    } else {
        GoVersion::minor(version.minor)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_read() {
        let rows = TABLE.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(CHECKS.len(), rows);
        assert_eq!(
            CHECKS
                .iter()
                .flat_map(|check| &check.lines)
                .map(|(_, releases)| releases.len())
                .min(),
            Some(1)
        );
    }

    #[test]
    fn entry_and_exit_are_told_apart_by_line_and_version() {
        let at = |function: &str, file: &str, line, version: &str| {
            check_at(
                function.as_bytes(),
                file.as_bytes(),
                line,
                version.parse().ok(),
            )
            .map(|check| (check.point, check.role))
        };
        let faststr = "runtime.mapassign_faststr";
        assert_eq!(
            at(faststr, "runtime/map_faststr.go", 232, "1.23.9"),
            Some((CheckPoint::Entry, MapRole::Writer))
        );
        assert_eq!(
            at(faststr, "runtime/map_faststr.go", 315, "1.23"),
            Some((CheckPoint::Exit, MapRole::Writer))
        );
        assert_eq!(at(faststr, "runtime/map_faststr.go", 232, "1.22"), None);
        let swiss = "internal/runtime/maps/runtime_faststr.go";
        assert_eq!(
            at(faststr, swiss, 303, "1.27.3"),
            Some((CheckPoint::ExitSmall, MapRole::Writer))
        );
        assert_eq!(
            at("runtime.mapiternext", "runtime/map.go", 869, "1.22.7"),
            Some((CheckPoint::Entry, MapRole::Iterator))
        );
        let without_version = check_at(
            b"internal/runtime/maps.(*Iter).Next",
            b"internal/runtime/maps/table.go",
            683,
            None,
        );
        assert_eq!(
            without_version.map(|check| check.message),
            Some("concurrent map iteration and map write")
        );
    }
}
