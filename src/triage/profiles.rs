//! Profiles in the words of the report: what each step says of them, and the census of a capture that is a profile only.
//!
//! A profile is a sum over stacks. It has no goroutine ids, no waiting times and no creators, so nothing here names a party of a
//! conflict; two goroutines that a goroutine profile shows in one map's operations may be on two maps.

mod labels;
mod memory;
mod reported;
mod verdict;
mod waits;
mod words;

pub(super) use memory::{anatomy, lacks_maps};
pub(super) use reported::reports;
pub(super) use verdict::{culprit, headline, verdict};
pub(super) use words::{quantity, wait_word};

use super::case::Case;
use super::joins::stacks::{self, Tie, tie};
use super::maps::op_word;
use super::observe::finding;
use super::report::{At, Finding, Goroutines, Group, StateCount};
use super::values::{at, count, grouped, name, place, rfc3339, sentence, site};
use crate::analyze::accesses::user_site;
use crate::analyze::profile::{MapSite, Weighed};
use crate::model::{FrameId, Grade, Item, Profile, ProfileForm, ProfileKind, TextLine};
use std::cmp::Reverse;
use words::{bytes, duration};

/// Lines that get a sentence; the JSON has all.
const SENTENCES_MOST: usize = 5;

/// The profile behind a weighing.
fn profile<'c, 't>(case: &Case<'c, 't>, weighed: &Weighed) -> Option<&'c Profile<'t>> {
    match weighed.at.of(case.evidence)? {
        Item::Profile(profile) => Some(profile),
        _ => None,
    }
}

/// A line of a profile; 0 stands for the whole of a profile that has no lines.
fn line_of(case: &Case<'_, '_>, weighed: &Weighed, line: Option<TextLine>) -> Vec<At> {
    let binary =
        profile(case, weighed).is_some_and(|profile| profile.form == ProfileForm::Protobuf);
    let found = at(case.evidence, weighed.at.document, line.unwrap_or_default());
    vec![At {
        line: if binary { 0 } else { found.line },
        ..found
    }]
}

/// The first lines of a profile.
fn head_of(case: &Case<'_, '_>, weighed: &Weighed) -> Vec<At> {
    let line = profile(case, weighed).map(|profile| profile.line);
    line_of(case, weighed, line)
}

/// `1.2 s`, `14.7 MiB`, `12`: a number of a profile with its unit.
fn amount(case: &Case<'_, '_>, weighed: &Weighed, value: i64) -> String {
    let column =
        profile(case, weighed).and_then(|profile| profile.types.get(weighed.column).copied());
    let unit = column
        .map(|column| name(case.evidence, column.unit))
        .unwrap_or_default();
    match unit.as_str() {
        "bytes" => bytes(value),
        "nanoseconds" => duration(value),
        _ if weighed.kind.counts_goroutines() => {
            count(value.unsigned_abs(), "goroutine", "goroutines")
        }
        _ => count(value.unsigned_abs(), "sample", "samples"),
    }
}

/// `34 %` of the total.
fn share(weighed: &Weighed, part: i64) -> String {
    match weighed.total {
        0 => "0 %".to_owned(),
        total => format!("{:.0} %", part as f64 * 100.0 / total as f64),
    }
}

/// Statements for step 1: what was captured, and where most of it stands.
pub(super) fn observe(case: &Case<'_, '_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for weighed in &case.profiles {
        let Some(profile) = profile(case, weighed) else {
            continue;
        };
        findings.push(captured(case, weighed, profile));
        findings.extend(largest(case, weighed));
        findings.extend(labels::findings(case, weighed));
        findings.extend(hidden(case, weighed, profile));
    }
    findings.extend(twins(case));
    findings
}

/// Said where several profiles are of one kind: they are not added up.
fn twins(case: &Case<'_, '_>) -> Option<Finding> {
    let twin = case.profiles.iter().find(|one| is_twin(case, one))?;
    let alike: Vec<&Weighed> = case
        .profiles
        .iter()
        .filter(|one| one.kind == twin.kind)
        .collect();
    let files: Vec<String> = alike
        .iter()
        .filter_map(|one| input_name(case, one))
        .collect();
    let first = files.first().cloned().unwrap_or_default();
    let compared = match &files[..] {
        [one, other] => {
            format!(" gotriage diff {one} {other} says what grew from one to the other.")
        }
        _ => String::new(),
    };
    let said = format!(
        "{} are {} profiles: each is weighed alone and nothing is added up; where one has to stand for the process it is {first}.{compared}",
        files.join(" and "),
        twin.kind.word()
    );
    let evidence = alike.iter().flat_map(|one| head_of(case, one)).collect();
    Some(finding(said, Grade::Confirmed, evidence))
}

fn is_twin(case: &Case<'_, '_>, weighed: &Weighed) -> bool {
    let alike = case.profiles.iter().filter(|one| one.kind == weighed.kind);
    alike.count() > 1
}

/// The input that a profile stands in.
fn input_name(case: &Case<'_, '_>, weighed: &Weighed) -> Option<String> {
    let input = case.evidence.document(weighed.at.document)?.input;
    let input = case.evidence.inputs.get(input.0 as usize)?;
    Some(match input.name.as_str() {
        "-" => "standard input".to_owned(),
        name => name.to_owned(),
    })
}

fn captured(case: &Case<'_, '_>, weighed: &Weighed, profile: &Profile<'_>) -> Finding {
    let taken = profile
        .time_nanos
        .map(|nanos| format!(", taken {}", rfc3339(nanos)));
    let measured = profile
        .duration_nanos
        .map(|nanos| format!(" over {}", duration(nanos)));
    let stacks = count(weighed.groups.len() as u64, "stack", "stacks");
    let whole = match cut_from(case, weighed) {
        Some(declared) => format!(" of {} that it counts", grouped(declared)),
        None => String::new(),
    };
    let said = format!(
        "{} ({}{}{}): {}{whole} on {stacks}",
        called(case, weighed),
        profile.form.word(),
        taken.unwrap_or_default(),
        measured.unwrap_or_default(),
        amount(case, weighed, weighed.total),
    );
    match whole.is_empty() {
        true => finding(sentence(&said), Grade::Confirmed, head_of(case, weighed)),
        false => finding(
            sentence(&format!("{said}; the rest is cut off or damaged")),
            Grade::Possible,
            Vec::new(),
        ),
    }
}

/// The number in a profile's first line, where fewer were read.
fn cut_from(case: &Case<'_, '_>, weighed: &Weighed) -> Option<u64> {
    let declared = profile(case, weighed)?.declared_total?;
    (i64::try_from(declared).ok()? > weighed.total).then_some(declared)
}

/// `a goroutine profile`; programs name profiles of their own.
fn called(case: &Case<'_, '_>, weighed: &Weighed) -> String {
    let file = input_name(case, weighed).filter(|_| is_twin(case, weighed));
    match file {
        Some(file) => format!("{} in {file}", kind_named(case, weighed)),
        None => kind_named(case, weighed),
    }
}

fn kind_named(case: &Case<'_, '_>, weighed: &Weighed) -> String {
    let column = profile(case, weighed).and_then(|profile| profile.types.get(weighed.column));
    match weighed.kind {
        ProfileKind::Other => match column.map(|column| name(case.evidence, column.name)) {
            Some(named) if !named.is_empty() => format!("a profile of {named}"),
            _ => "a profile".to_owned(),
        },
        ProfileKind::Allocs => "an allocs profile".to_owned(),
        kind => format!("a {} profile", kind.word()),
    }
}

fn largest(case: &Case<'_, '_>, weighed: &Weighed) -> Option<Finding> {
    if !weighed.kind.counts_goroutines() {
        return None;
    }
    let group = weighed.groups.first().filter(|group| group.weight > 1)?;
    let doing = group.waits.map(|kind| format!(" in {}", wait_word(kind)));
    let place =
        user_site(case.evidence, group.stack).map(|id| format!(" at {}", site(case.evidence, id)));
    let said = format!(
        "The largest group with one stack is {}{}{}.",
        grouped(group.weight.unsigned_abs()),
        doing.unwrap_or_default(),
        place.unwrap_or_default()
    );
    Some(finding(
        said,
        Grade::Confirmed,
        line_of(case, weighed, group.line),
    ))
}

/// Frames that only the program can name.
fn hidden(case: &Case<'_, '_>, weighed: &Weighed, profile: &Profile<'_>) -> Option<Finding> {
    if weighed.unnamed == 0 || profile.form == ProfileForm::Folded {
        return None;
    }
    let why = match profile.form {
        ProfileForm::Text => {
            ": text profiles leave the runtime's frames out, map operations among them"
        }
        _ => "",
    };
    let how = match profile.refused_program {
        true => {
            "The program that was given is of another build; the very one that was running names them."
        }
        false => "With --exe and the program that was running they are named.",
    };
    let said = format!(
        "The innermost frames of {} are addresses without a name{why}. {how}",
        amount(case, weighed, weighed.unnamed)
    );
    Some(finding(said, Grade::Confirmed, head_of(case, weighed)))
}

/// Statements for step 2: map operations, hot code, locks.
pub(super) fn locate(case: &Case<'_, '_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for weighed in &case.profiles {
        match weighed.kind {
            ProfileKind::Heap | ProfileKind::Allocs | ProfileKind::ThreadCreate => {}
            ProfileKind::Mutex | ProfileKind::Block | ProfileKind::Contention => {
                findings.extend(waits::findings(case, weighed));
            }
            _ => findings.extend(in_maps(case, weighed)),
        }
        findings.extend(stacks::findings(case, weighed, &head_of(case, weighed)));
    }
    let counted = case
        .profiles
        .iter()
        .find(|weighed| weighed.kind.counts_goroutines());
    if let Some(weighed) = counted.filter(|_| case.incident.goroutines.is_empty()) {
        findings.push(finding(
            "Who created these goroutines is not in a profile: it merges equal stacks, and has neither ids nor creators.".into(),
            Grade::Unknown,
            head_of(case, weighed),
        ));
    }
    findings
}

/// Map operations by line; the hottest writes first where they weigh most.
fn in_maps(case: &Case<'_, '_>, weighed: &Weighed) -> Vec<Finding> {
    let mut sites: Vec<&MapSite> = weighed.map_sites.iter().collect();
    sites.sort_by_key(|site| (Reverse(site.op.mutates()), Reverse(site.weight)));
    let mut findings: Vec<Finding> = sites
        .iter()
        .take(SENTENCES_MOST)
        .map(|map| {
            let said = match weighed.kind.counts_goroutines() {
                true => {
                    let verb = if map.weight == 1 { "is" } else { "are" };
                    format!(
                        "{} {verb} inside a map operation ({}) at {}{}{}.",
                        amount(case, weighed, map.weight),
                        op_word(Some(map.op)),
                        site(case.evidence, map.site),
                        through(case, map),
                        stacks::same_stack(case, map.stack)
                    )
                }
                false => format!(
                    "{} of the {} profile ({}) is spent in map operations ({}) at {}{}{}.",
                    share(weighed, map.weight),
                    weighed.kind.word(),
                    amount(case, weighed, map.weight),
                    op_word(Some(map.op)),
                    site(case.evidence, map.site),
                    through(case, map),
                    tie(case, map.site).map_or_else(String::new, Tie::words)
                ),
            };
            finding(said, Grade::Confirmed, line_of(case, weighed, map.line))
        })
        .collect();
    let goroutines = weighed.kind.counts_goroutines() && weighed.in_maps() > 1;
    if goroutines && weighed.map_sites.iter().any(|site| site.op.mutates()) {
        findings.push(finding(
            "Several goroutines are inside map operations at once, one of them changing a map. Whether it is the same map is not in a profile: a dump with GOTRACEBACK=system prints the headers, a run with the race detector names both lines.".into(),
            Grade::Possible,
            head_of(case, weighed),
        ));
    }
    findings
}

/// The callers of a line, nearest first: `, called by main.refill ← main.main`.
fn through(case: &Case<'_, '_>, map: &MapSite) -> String {
    const CALLERS: usize = 3;
    let ids = case.evidence.symbols.frame_ids(map.stack);
    let behind = ids.iter().skip_while(|&&id| id != map.site).skip(1);
    let named: Vec<String> = behind
        .filter(|&&id| is_user(case, id))
        .take(CALLERS)
        .map(|&id| super::values::short(case.evidence, id))
        .collect();
    match named.is_empty() {
        true => String::new(),
        false => format!(", called by {}", named.join(" ← ")),
    }
}

fn is_user(case: &Case<'_, '_>, id: FrameId) -> bool {
    let symbols = &case.evidence.symbols;
    symbols.get(id).is_some_and(|frame| {
        crate::goruntime::frames::is_user(symbols.text(frame.func), symbols.text(frame.file))
    })
}

/// True where the goroutines are known from a profile only.
pub(super) fn lacks_individuals(case: &Case<'_, '_>) -> bool {
    counted(case).is_some()
}

/// True where the incident shows goroutines at all.
pub(super) fn shows_goroutines(case: &Case<'_, '_>) -> bool {
    case.census.total > 0 || counted(case).is_some()
}

/// Commands for a closer look: at the profiles that pprof reads, and with the program at texts.
pub(super) fn verify(case: &Case<'_, '_>) -> Option<String> {
    let mut lines: Vec<String> = Vec::new();
    for weighed in &case.profiles {
        let profile = profile(case, weighed)?;
        let form = profile.form;
        let input = case.evidence.document(weighed.at.document)?.input;
        let file = &case.evidence.inputs.get(input.0 as usize)?.name;
        let is_hidden =
            form == ProfileForm::Text && weighed.unnamed > 0 && !profile.refused_program;
        let is_unusable = file == "-" || file.chars().any(char::is_control);
        if is_unusable || form != ProfileForm::Protobuf && !is_hidden {
            continue;
        }
        let quoted = format!("'{}'", file.replace('\'', "'\\''"));
        if is_hidden {
            lines.push(format!(
                "gotriage --exe ./app {quoted}    # ./app: the program that was running"
            ));
            continue;
        }
        lines.push(format!("go tool pprof -top {quoted}"));
        let first = weighed.sites.first().map(|line| name_of(case, line.site));
        if let Some(func) = first {
            lines.push(format!("go tool pprof -list '{}' {quoted}", pattern(&func)));
        }
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn name_of(case: &Case<'_, '_>, id: FrameId) -> String {
    place(case.evidence, id).func
}

/// A function's name as a regular expression for a shell's single quotes.
fn pattern(func: &str) -> String {
    let mut out = String::new();
    for letter in func
        .chars()
        .filter(|letter| !letter.is_control() && *letter != '\'')
    {
        if "()[]{}*+?.|^$\\".contains(letter) {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

/// The census where a profile is all there is of the goroutines.
pub(super) fn goroutines(case: &Case<'_, '_>) -> Option<Goroutines> {
    let weighed = counted(case)?;
    let positive = |weight: i64| u64::try_from(weight).unwrap_or(0);
    let mut states: Vec<StateCount> = Vec::new();
    let mut groups = Vec::new();
    for group in &weighed.groups {
        let state = group.waits.map_or("not printed", wait_word);
        match states.iter_mut().find(|known| known.state == state) {
            Some(known) => known.count += positive(group.weight),
            None => states.push(StateCount {
                state: state.to_owned(),
                count: positive(group.weight),
                longest_wait_minutes: 0,
            }),
        }
        let ids = case.evidence.symbols.frame_ids(group.stack);
        let first = user_site(case.evidence, group.stack);
        let user_frame = first.and_then(|first| ids.iter().position(|&id| id == first));
        groups.push(Group {
            count: positive(group.weight),
            state: state.to_owned(),
            longest_wait_minutes: 0,
            goroutines: Vec::new(),
            stack: ids.iter().map(|&id| place(case.evidence, id)).collect(),
            user_frame: user_frame.and_then(|index| u32::try_from(index).ok()),
            created_by: None,
        });
    }
    states.sort_by_key(|state| Reverse(state.count));
    Some(Goroutines {
        total: positive(weighed.total),
        states,
        groups,
        in_map_operations: positive(weighed.in_maps()),
    })
}

/// The profile that counts goroutines, where no goroutine is printed one by one.
fn counted<'c>(case: &'c Case<'_, '_>) -> Option<&'c Weighed> {
    let kinds = [ProfileKind::Goroutine, ProfileKind::GoroutineLeak];
    let of = |kind| case.profiles.iter().find(|weighed| weighed.kind == kind);
    kinds
        .into_iter()
        .find_map(of)
        .filter(|_| case.incident.goroutines.is_empty())
}
