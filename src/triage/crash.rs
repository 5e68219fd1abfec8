//! How the process died: the preamble as the report shows it, and its class.

use super::case::Case;
use super::report::{Category, CrashReport, PanicReport, SignalReport};
use super::values::{at, rfc3339, text};
use crate::analyze::accesses::{Stands, look};
use crate::analyze::conflict::{ConflictKind, MapFatal};
use crate::analyze::incident::{GoroutineRef, Incident, IncidentKind};
use crate::analyze::version::GoFacts;
use crate::goruntime::mapchecks::CheckPoint;
use crate::goruntime::mapops::MapRole;
use crate::goruntime::messages::{CrashClass, MessageRow, classify_fatal, classify_panic};
use crate::model::{Crash, DocumentId, Evidence, Item, SignalNote, TextLine};

/// The lines that say why a process died, wherever they come from.
#[derive(Clone, Copy)]
pub(super) enum LastWords<'e, 't> {
    /// A preamble of the runtime.
    Preamble(&'e Crash<'t>),
    /// `http: panic serving ADDR: message`, logged by net/http, which recovered the panic.
    Recovered { message: &'t [u8], line: TextLine },
}

/// What an incident's process said, if it said anything.
pub(super) fn last_words<'e, 't>(
    evidence: &'e Evidence<'t>,
    incident: &Incident,
) -> Option<(DocumentId, LastWords<'e, 't>)> {
    let item = incident.crash?;
    let words = match item.of(evidence)? {
        Item::Crash(crash) => LastWords::Preamble(crash),
        Item::Test(mark) => LastWords::Recovered {
            message: served_message(mark.name),
            line: mark.line,
        },
        _ => return None,
    };
    Some((item.document, words))
}

/// `127.0.0.1:42546: boom` → `boom`; an IPv6 client stands in brackets.
fn served_message(name: &[u8]) -> &[u8] {
    let message = memchr::memmem::find(name, b": ").and_then(|at| name.get(at + 2..));
    message.unwrap_or(name)
}

impl<'t> LastWords<'_, 't> {
    /// The class of the crash; `None` for a panic value of the program's own, and for signals.
    pub fn class(&self) -> Option<CrashClass> {
        self.row().map(|row| row.class)
    }

    /// The table's row for what killed the process. Of a chain of panics that is the last; where that is the program's own and only
    /// wraps the text of an earlier one, the earlier one.
    pub fn row(&self) -> Option<&'static MessageRow> {
        match self {
            LastWords::Recovered { message, .. } => classify_panic(message),
            LastWords::Preamble(crash) => match (&crash.fatal, crash.panics.split_last()) {
                (Some(fatal), _) => Some(classify_fatal(fatal.text)),
                (None, Some((last, earlier))) => classify_panic(last.value).or_else(|| {
                    let wrapped = earlier
                        .iter()
                        .rev()
                        .find(|entry| memchr::memmem::find(last.value, entry.value).is_some());
                    classify_panic(wrapped?.value)
                }),
                (None, None) => None,
            },
        }
    }

    /// True where a deferred call recovered a panic and raised it again, as it was or wrapped.
    pub fn is_raised_again(&self) -> bool {
        let LastWords::Preamble(crash) = self else {
            return false;
        };
        match crash.panics.split_last() {
            Some((last, earlier)) if crash.fatal.is_none() => {
                let recovered = earlier.iter().filter(|entry| entry.recovered);
                last.repanicked
                    || recovered
                        .into_iter()
                        .any(|entry| memchr::memmem::find(last.value, entry.value).is_some())
            }
            _ => false,
        }
    }

    /// The text of the crash.
    pub fn message(&self) -> &'t [u8] {
        match self {
            LastWords::Recovered { message, .. } => message,
            LastWords::Preamble(crash) => {
                let panic = crash.panics.last().map(|entry| entry.value);
                let signal = crash.signal_dump.as_ref().map(|dump| dump.name);
                crash
                    .fatal
                    .as_ref()
                    .map(|fatal| fatal.text)
                    .or(panic)
                    .or(signal)
                    .unwrap_or_default()
            }
        }
    }

    /// The line that says it.
    pub fn line(&self) -> TextLine {
        match self {
            LastWords::Recovered { line, .. } => *line,
            LastWords::Preamble(crash) => {
                let panic = crash.panics.last().map(|entry| entry.line);
                crash
                    .fatal
                    .as_ref()
                    .map(|fatal| fatal.line)
                    .or(panic)
                    .unwrap_or(crash.line)
            }
        }
    }

    /// `panic`, `fatal` or `signal`.
    pub fn kind(&self) -> &'static str {
        match self {
            LastWords::Preamble(crash) if crash.fatal.is_some() => "fatal",
            LastWords::Preamble(crash) if crash.panics.is_empty() => "signal",
            _ => "panic",
        }
    }
}

/// The category of a crash by its words alone; signals and the program's own panics have theirs.
pub(super) fn category(words: &LastWords<'_, '_>) -> Category {
    match words.class() {
        Some(class) => of_class(class),
        None if words.kind() == "signal" => Category::Signal,
        None => Category::CustomPanic,
    }
}

/// The verdict category of a class of messages.
pub(super) fn of_class(class: CrashClass) -> Category {
    match class {
        CrashClass::MapWriteWrite => Category::MapWriteWrite,
        CrashClass::MapReadWrite => Category::MapReadWrite,
        CrashClass::MapIterateWrite => Category::MapIterateWrite,
        CrashClass::MapCloneWrite => Category::MapCloneWrite,
        CrashClass::NilMapWrite => Category::NilMapWrite,
        CrashClass::NilDereference => Category::NilDereference,
        CrashClass::IndexOutOfRange => Category::IndexOutOfRange,
        CrashClass::TypeAssertion => Category::TypeAssertion,
        CrashClass::DivideByZero => Category::DivideByZero,
        CrashClass::ClosedChannel => Category::ClosedChannel,
        CrashClass::SyncMisuse => Category::SyncMisuse,
        CrashClass::RuntimePanic => Category::RuntimePanic,
        CrashClass::OutOfMemory => Category::OutOfMemory,
        CrashClass::StackOverflow => Category::StackOverflow,
        CrashClass::DeadlockAllAsleep => Category::DeadlockAllAsleep,
        CrashClass::TestTimeout => Category::TestTimeout,
        CrashClass::TestFailure => Category::TestFailure,
        CrashClass::RuntimeFault => Category::RuntimeFault,
    }
}

/// The conflict that a fatal error of the maps announces.
pub(super) fn map_fatal(document: DocumentId, words: &LastWords<'_, '_>) -> Option<MapFatal> {
    let row = words.row()?;
    let kind = match row.class {
        CrashClass::MapWriteWrite => ConflictKind::WriteWrite,
        CrashClass::MapReadWrite => ConflictKind::ReadWrite,
        CrashClass::MapIterateWrite => ConflictKind::IterateWrite,
        CrashClass::MapCloneWrite => ConflictKind::CloneWrite,
        _ => return None,
    };
    Some(MapFatal {
        kind,
        role: row.role?,
        document,
        line: words.line(),
    })
}

/// The conflict behind a dump whose first lines are missing (`debug.SetCrashOutput` up to 1.23, a log cut at its head): the line of the
/// innermost map frame tells which check raised it.
pub(super) fn unannounced_map_fatal(
    evidence: &Evidence<'_>,
    incident: &Incident,
    crasher: Option<GoroutineRef>,
    go: &GoFacts,
) -> Option<MapFatal> {
    if incident.kind != IncidentKind::CutCrash {
        return None;
    }
    let standing = look(evidence, &mut Stands::default(), crasher?, go)?;
    let check = standing.check?;
    let kind = ConflictKind::of(standing.op.unwrap_or(check.role.op()));
    Some(MapFatal {
        kind,
        role: check.role,
        document: crasher?.document,
        line: standing.line,
    })
}

/// The word for a role.
pub(super) fn role_word(role: MapRole) -> &'static str {
    match role {
        MapRole::Writer => "writer",
        MapRole::Reader => "reader",
        MapRole::Iterator => "iterator",
        MapRole::Cloner => "cloner",
    }
}

/// The word for a check: which of an operation's checks noticed.
pub(super) fn check_word(check: CheckPoint) -> &'static str {
    match check {
        CheckPoint::Entry => "entry",
        CheckPoint::Middle | CheckPoint::Exit | CheckPoint::ExitSmall => "exit",
    }
}

/// The crash as reported; `None` for a capture of a living process.
pub(super) fn crash_report(case: &Case<'_, '_>) -> Option<CrashReport> {
    let (document, words) = case.words?;
    let evidence = case.evidence;
    let preamble = match words {
        LastWords::Preamble(crash) => Some(crash),
        LastWords::Recovered { .. } => None,
    };
    let time = evidence
        .document(document)
        .and_then(|document| document.lines.origin(words.line()).time);
    let noticed = case
        .maps
        .noticed
        .as_ref()
        .and_then(|standing| standing.check);
    Some(CrashReport {
        kind: words.kind().to_owned(),
        message: text(words.message()),
        goroutine: case.crasher_id(),
        role: case.map_fatal.map(|fatal| role_word(fatal.role).to_owned()),
        noticed: noticed.map(|check| check_word(check.point).to_owned()),
        at: at(evidence, document, words.line()),
        time: time.map(rfc3339),
        panics: preamble.map(panics).unwrap_or_default(),
        signal: preamble.and_then(signal),
        context: preamble
            .map(|crash| crash.context.iter().map(|line| text(line)).collect())
            .unwrap_or_default(),
        times_printed: preamble
            .and_then(|crash| crash.fatal.as_ref())
            .map_or(1, |fatal| fatal.times),
        recovered: case.incident.kind == IncidentKind::RecoveredPanic,
    })
}

fn panics(crash: &Crash<'_>) -> Vec<PanicReport> {
    let report = |entry: &crate::model::PanicEntry<'_>| PanicReport {
        value: text(entry.value),
        recovered: entry.recovered,
        repanicked: entry.repanicked,
    };
    crash.panics.iter().map(report).collect()
}

fn signal(crash: &Crash<'_>) -> Option<SignalReport> {
    if let Some(SignalNote {
        name,
        code,
        addr,
        pc,
        ..
    }) = &crash.signal
    {
        return Some(SignalReport {
            name: text(name),
            code: Some(format!("{code:#x}")),
            addr: Some(addr.to_string()),
            pc: Some(pc.to_string()),
        });
    }
    let dump = crash.signal_dump.as_ref()?;
    Some(SignalReport {
        name: text(dump.name),
        code: dump.sigcode.map(|code| (code as i64).to_string()),
        addr: dump.addr.map(|addr| addr.to_string()),
        pc: dump.pc.map(|pc| pc.to_string()),
    })
}
