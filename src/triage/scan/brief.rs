//! What the overview has to know of an incident, without the incident: a scan of a year's logs finds more of them than fit into
//! memory. [`Brief::of`] is made for each as it is found; the incidents themselves are kept as lines on disk by `cli::scan`.

use super::report::ScanIncident;
use crate::goruntime::frames;
use crate::model::Grade;
use crate::triage::fingerprint::Fingerprint;
use crate::triage::report::{Category, Place};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// An incident in short. Ordered by path and line; what is equal there, by its contents.
#[derive(Clone, Debug)]
pub struct Brief {
    /// Where.
    pub path: String,
    /// Its line.
    pub line: u32,
    /// SHA-256 of its line of JSON: two that are equal are one incident, read twice.
    pub digest: [u8; 32],
    /// What it shares with its like.
    pub fingerprint: Fingerprint,
    /// Verdict.
    pub category: Category,
    /// That of the verdict.
    pub grade: Grade,
    /// How well the other side of a map conflict is known.
    pub other_side: Option<Grade>,
    /// Goroutines in the text: of equal grades, the one that shows more is the example.
    pub goroutines: u64,
    /// Its time stamps as nanoseconds since 1970, and as printed.
    pub seen: Option<Stamps>,
    /// Go version.
    pub go: Option<String>,
    /// What the goroutine that noticed did, in conflicts over maps.
    pub side: Option<OwnSide>,
    /// Which of the kept lines it is.
    pub kept: usize,
}

/// First and last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamps {
    /// Nanoseconds since 1970.
    pub first: i128,
    /// As printed.
    pub first_text: String,
    /// Nanoseconds since 1970.
    pub last: i128,
    /// As printed.
    pub last_text: String,
}

/// The side of a conflict that the log shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnSide {
    /// `read`, `write`, …
    pub op: String,
    /// Its line of user code.
    pub site: Place,
    /// Receiver types, and types of maps, that it is tied to: `why` and the type.
    pub on: BTreeSet<(Tie, String)>,
    /// Directory of the program's main package, where a frame shows it.
    pub main: Option<String>,
    /// True where the log itself ties the other side to it.
    pub whole: bool,
}

/// What two logs may have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tie {
    /// Methods of one type, from one directory.
    Receiver,
    /// A map type that is printed, in one package.
    MapType,
}

impl Brief {
    /// Of an incident whose line of JSON is `line`.
    pub fn of(incident: &ScanIncident, line: &[u8], kept: usize) -> Self {
        let report = &incident.incident;
        let conflict = report.conflicts.first();
        let conflict = conflict.filter(|_| is_map_conflict(report.verdict.category));
        Self {
            path: incident.path.clone(),
            line: incident.line,
            digest: Sha256::digest(line).into(),
            fingerprint: incident.fingerprint,
            category: report.verdict.category,
            grade: report.verdict.grade,
            other_side: conflict.map(|conflict| conflict.grade),
            goroutines: report.goroutines.total,
            seen: stamps(incident),
            go: report.go.version.clone(),
            side: own_side(incident),
            kept,
        }
    }

    /// Whether it happened within the bounds (nanoseconds since 1970); `None` where no stamp tells.
    pub fn is_within(&self, since: Option<i128>, until: Option<i128>) -> Option<bool> {
        if since.is_none() && until.is_none() {
            return Some(true);
        }
        let seen = self.seen.as_ref()?;
        let early = since.is_some_and(|since| seen.last < since);
        let late = until.is_some_and(|until| seen.first > until);
        Some(!early && !late)
    }
}

/// Categories in which two goroutines fought over a map.
pub fn is_map_conflict(category: Category) -> bool {
    matches!(
        category,
        Category::MapWriteWrite
            | Category::MapReadWrite
            | Category::MapIterateWrite
            | Category::MapCloneWrite
            | Category::MapRaceReport
    )
}

fn stamps(incident: &ScanIncident) -> Option<Stamps> {
    let nanos = |text: &str| Some(text.parse::<jiff::Timestamp>().ok()?.as_nanosecond());
    let first_text = incident.first_seen.clone()?;
    let last_text = incident.last_seen.clone()?;
    Some(Stamps {
        first: nanos(&first_text)?,
        last: nanos(&last_text)?,
        first_text,
        last_text,
    })
}

fn own_side(incident: &ScanIncident) -> Option<OwnSide> {
    let report = &incident.incident;
    if !is_map_conflict(report.verdict.category) {
        return None;
    }
    let conflict = report.conflicts.first();
    let noticed = conflict.and_then(|conflict| conflict.participants.first());
    let named = noticed.and_then(|party| {
        let site = Place {
            func: party.func.clone()?,
            file: party.file.clone()?,
            line: party.line?,
        };
        Some((party.op.clone(), site))
    });
    let by_role = || {
        let role = report.crash.as_ref()?.role.as_deref()?;
        let op = match role {
            "writer" => "write",
            "reader" => "read",
            "iterator" => "iterate",
            _ => "clone",
        };
        Some((op.to_owned(), report.verdict.culprit.clone()?))
    };
    let (op, site) = named.or_else(by_role)?;
    let map_types = report.maps.iter().filter_map(|map| map.go_type.as_deref());
    let package = String::from_utf8_lossy(frames::package(site.func.as_bytes())).into_owned();
    let mut on: BTreeSet<(Tie, String)> = map_types
        .map(|go_type| (Tie::MapType, format!("{go_type} in {package}")))
        .collect();
    on.extend(receiver_type(&site).map(|name| (Tie::Receiver, name)));
    Some(OwnSide {
        op,
        on,
        main: main_directory(incident),
        whole: conflict.is_some_and(|conflict| conflict.grade >= Grade::Probable),
        site,
    })
}

/// `main.(*Cache)` of `main.(*Cache).Set.func1`; type arguments left out.
fn receiver_type(site: &Place) -> Option<String> {
    let receiver = frames::receiver(site.func.as_bytes())?;
    let name = String::from_utf8_lossy(receiver.type_name).into_owned();
    let name = name.split('[').next().unwrap_or_default();
    let package = String::from_utf8_lossy(receiver.package);
    Some(match receiver.pointer {
        true => format!("{package}.(*{name})"),
        false => format!("{package}.{name}"),
    })
}

/// Where the program's main package lies: two programs that share a library do not share its maps.
fn main_directory(incident: &ScanIncident) -> Option<String> {
    let report = &incident.incident;
    let stacks = report.goroutines.groups.iter().flat_map(|group| {
        let creator = group.created_by.iter();
        let creator = creator.map(|site| (site.func.as_str(), site.file.as_str()));
        let frames = group.stack.iter();
        frames
            .map(|place| (place.func.as_str(), place.file.as_str()))
            .chain(creator)
    });
    let own = stacks.filter(|(func, _)| func.starts_with("main."));
    own.filter_map(|(_, file)| directory(file))
        .min()
        .map(str::to_owned)
}

/// The directory of a path, `None` for a bare name.
pub(super) fn directory(file: &str) -> Option<&str> {
    let end = file.rfind(['/', '\\'])?;
    file.get(..end)
}
