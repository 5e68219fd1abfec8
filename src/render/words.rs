//! Phrases and numbers that the text and Markdown reports share.
//!
//! Nothing here escapes: callers pass what comes out through [`super::escape`].

use crate::model::Grade;
use crate::triage::report::{
    At, Category, ChainLink, ConflictEvidence, CrashReport, CreatedBy, GoReport, InputReport,
    Participant, Report, Traceback, Wait,
};
use std::borrow::Cow;

/// What a page says when nothing from Go was recognised: what to try, and the command for it.
pub const NOTHING_FOUND: [(&str, &str); 3] = [
    (
        "A crash prints to standard error. In containers the run that died is the previous one:",
        "kubectl logs --previous POD | gotriage",
    ),
    (
        "A process that still runs shows its goroutines over net/http/pprof:",
        "curl -s 'http://HOST:PORT/debug/pprof/goroutine?debug=2' | gotriage",
    ),
    (
        "Any Go process prints all goroutines and ends on SIGQUIT:",
        "kill -QUIT PID",
    ),
];

/// Characters of one statement; panic values may hold megabytes.
const MAX_STATEMENT: usize = 4_000;

/// `text` as far as a statement may go, and what is left out.
pub fn clip(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(MAX_STATEMENT) {
        None => Cow::Borrowed(text),
        Some((end, _)) => {
            let kept = text.get(..end).unwrap_or_default();
            let left = count((text.len() - end) as u64);
            Cow::Owned(format!(
                "{kept}… ({left} bytes more; --format json has them)"
            ))
        }
    }
}

/// `1,234,567`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 goroutine`, `12 goroutines`.
pub fn counted(n: u64, noun: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(n))
}

/// A wait as the runtime counts it: in full minutes, less than one is not told.
pub fn wait(minutes: u32) -> String {
    match minutes {
        0 => "< 1 min".to_owned(),
        1..=119 => format!("{minutes} min"),
        120..=2879 => format!("{} h {} min", minutes / 60, minutes % 60),
        _ => format!("{} d {} h", minutes / 1440, minutes % 1440 / 60),
    }
}

/// A wait worth telling of a state: one of a full minute or more.
pub fn waited(minutes: u32) -> Option<String> {
    (minutes > 0).then(|| wait(minutes))
}

/// `… 3 frames below`, unless none were left out.
pub fn left_out(frames: usize, side: &str) -> Option<String> {
    (frames > 0).then(|| format!("… {} {side}", counted(frames as u64, "frame")))
}

/// The mark in front of a graded statement; the word stands beside it everywhere.
pub fn mark(grade: Grade) -> &'static str {
    match grade {
        Grade::Confirmed => "●",
        Grade::Probable => "◐",
        Grade::Possible => "○",
        Grade::Unknown => "?",
    }
}

/// `main.go:20`; the file alone where the line is not known.
pub fn place(file: &str, line: u32) -> String {
    match (file.is_empty(), line) {
        (true, _) => String::new(),
        (_, 0) => file.to_owned(),
        _ => format!("{file}:{line}"),
    }
}

/// Up to `limit` goroutine ids, and how many more.
pub fn ids(ids: &[u64], limit: usize) -> String {
    ids_of(ids, ids.len() as u64, limit)
}

/// Up to `limit` of the ids that are known of `total`, and how many more.
pub fn ids_of(ids: &[u64], total: u64, limit: usize) -> String {
    let shown: Vec<String> = ids.iter().take(limit).map(u64::to_string).collect();
    let tail = match total.saturating_sub(shown.len() as u64) {
        0 => String::new(),
        more => format!(" and {} more", count(more)),
    };
    shown.join(", ") + &tail
}

/// The inputs by number, with the shortest name that tells them apart.
#[derive(Debug)]
pub struct Inputs<'r>(Vec<(u32, &'r str)>);

impl<'r> Inputs<'r> {
    /// The names of a report's inputs.
    pub fn of(report: &'r Report) -> Self {
        let paths = report.inputs.iter();
        let paths: Vec<(u32, &str)> = paths.map(|input| (input.id, input.path.as_str())).collect();
        Self::named(&paths)
    }

    /// The names of inputs with these numbers and paths.
    pub fn named(paths: &[(u32, &'r str)]) -> Self {
        let base = |path: &'r str| match path.rsplit_once(['/', '\\']) {
            Some((_, name)) if !name.is_empty() => name,
            _ => path,
        };
        let names = paths.iter().map(|&(id, path)| {
            let name = base(path);
            let unique = paths
                .iter()
                .filter(|(_, other)| base(other) == name)
                .count()
                == 1;
            let label = if unique { name } else { path };
            (id, if label == "-" { "stdin" } else { label })
        });
        Self(names.collect())
    }

    /// For pages that refer to no input.
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// An input's name.
    pub fn name(&self, id: u32) -> &'r str {
        let found = self.0.iter().find(|(input, _)| *input == id);
        found.map_or("input", |(_, name)| name)
    }

    /// `crash.log:61`.
    pub fn at(&self, at: At) -> String {
        format!("{}:{}", self.name(at.input), at.line)
    }

    /// Up to `limit` places, and how many more: `lines 2, 61` of the only input, `crash.log:2, 61; goroutines.txt:9` of several.
    pub fn all(&self, places: &[At], limit: usize) -> String {
        let mut grouped: Vec<(u32, Vec<String>)> = Vec::new();
        for at in places.iter().take(limit) {
            match grouped.last_mut() {
                Some((input, lines)) if *input == at.input => lines.push(at.line.to_string()),
                _ => grouped.push((at.input, vec![at.line.to_string()])),
            }
        }
        let group = |(input, lines): &(u32, Vec<String>)| match (self.0.len(), lines.len()) {
            // A binary profile or a trace has no lines.
            (0 | 1, _) if lines.iter().all(|line| line == "0") => "the capture".to_owned(),
            _ if lines.iter().all(|line| line == "0") => self.name(*input).to_owned(),
            (0 | 1, 1) => format!("line {}", lines.join(", ")),
            (0 | 1, _) => format!("lines {}", lines.join(", ")),
            _ => format!("{}:{}", self.name(*input), lines.join(", ")),
        };
        let shown: Vec<String> = grouped.iter().map(group).collect();
        match places.len().saturating_sub(limit) {
            0 => shown.join("; "),
            more => format!("{} and {} more", shown.join("; "), count(more as u64)),
        }
    }
}

/// Incidents printed in full by a folded report; a crash loop prints the same one thousands of times.
pub const INCIDENTS: usize = 20;

/// The sentence for a report without incidents: a form that is not read, or nothing at all.
pub fn nothing_found(report: &Report) -> String {
    let unread = report
        .incidents
        .iter()
        .find(|incident| incident.verdict.category == Category::None);
    let headline = unread.map_or("nothing from Go was recognised", |incident| {
        incident.verdict.headline.as_str()
    });
    let (first, rest) = headline.split_at_checked(1).unwrap_or_default();
    format!("{}{rest}.", first.to_ascii_uppercase())
}

/// Waits worth a row: for locks, and those that several goroutines share. One goroutine at one channel stands in its group.
pub fn shared_waits(waits: &[Wait]) -> Vec<&Wait> {
    waits
        .iter()
        .filter(|wait| wait.waiters > 1 || wait.kind.starts_with("sync."))
        .collect()
}

/// `crash.log:2; at 2026-03-01T10:00:00Z; goroutine 24 (writer); noticed on exit: …`.
pub fn crash_place(crash: &CrashReport, inputs: &Inputs<'_>) -> String {
    let mut parts = vec![inputs.at(crash.at)];
    parts.extend(crash.time.iter().map(|time| format!("at {time}")));
    parts.extend(crash.goroutine.map(|id| match &crash.role {
        Some(role) => format!("goroutine {id} ({role})"),
        None => format!("goroutine {id}"),
    }));
    parts.extend(crash.noticed.as_deref().map(noticed));
    if crash.times_printed > 1 {
        parts.push(format!("printed {} times", crash.times_printed));
    }
    if crash.recovered {
        parts.push("recovered by net/http, the process lived on".to_owned());
    }
    parts.join("; ")
}

/// `24`, `24 (race)` for a number of the race detector's own, `not in the text`.
pub fn party_id(party: &Participant) -> String {
    match (party.goroutine, party.numbering.as_deref()) {
        (None, _) => "not in the text".to_owned(),
        (Some(id), None) => id.to_string(),
        (Some(id), Some("race-detector")) => format!("{id} (race)"),
        (Some(id), Some(other)) => format!("{id} ({other})"),
    }
}

/// What it means that a map fatal was noticed on entry or on exit.
pub fn noticed(when: &str) -> String {
    match when {
        "entry" => "noticed on entry: the other was inside first".to_owned(),
        "exit" => "noticed on exit: the other came in meanwhile".to_owned(),
        other => format!("noticed on {other}"),
    }
}

/// `1.27 (swiss maps), told by landmarks; fits 1.27.0 to 1.27.3`.
pub fn go(go: &GoReport) -> String {
    let fits = match go.candidates.as_slice() {
        [first, .., last] => format!("; fits {first} to {last}"),
        _ => String::new(),
    };
    let Some(version) = &go.version else {
        return format!("version not known{fits}; --go VERSION sets it");
    };
    let layout = go.map_layout.as_ref();
    let layout = layout.map_or_else(String::new, |layout| format!(" ({layout} maps)"));
    let from = match go.from.as_str() {
        "override" => ", as given by --go",
        "path" => ", told by a path in the dump",
        "landmarks" => ", told by line numbers of the runtime",
        "cues" => ", told by the form of the dump",
        _ => "",
    };
    format!("{version}{layout}{from}{fits}")
}

/// `GOTRACEBACK=all: goroutines other than the crashing one are printed`, or what the flags say where no reason is given.
pub fn traceback(traceback: &Traceback) -> String {
    let level = match traceback.level.as_str() {
        "debug=2" => "a capture with debug=2".to_owned(),
        level => format!("GOTRACEBACK={level}"),
    };
    let shown = match (
        traceback.shows_runtime_frames,
        traceback.shows_other_goroutines,
    ) {
        (true, true) => "all goroutines with the runtime's frames",
        (false, true) => "all goroutines without the runtime's frames",
        (true, false) => "the crashing goroutine alone, with the runtime's frames",
        (false, false) => "the crashing goroutine alone, without the runtime's frames",
    };
    match traceback.from.as_str() {
        "" => format!("{level}: {shown}"),
        from => format!("{level}: {from}"),
    }
}

/// `main.main (main.go:36) in goroutine 1`.
pub fn created_by(site: &CreatedBy) -> String {
    let parent = site.goroutine;
    let parent = parent.map_or_else(String::new, |id| format!(" in goroutine {id}"));
    format!("{} ({}){parent}", site.func, place(&site.file, site.line))
}

/// One step of a chain: `main.main (main.go:36) in goroutine 1, which is gone`.
pub fn chain_link(link: &ChainLink) -> String {
    let parent = match (link.goroutine, link.present) {
        (None, _) => String::new(),
        (Some(id), _) if link.input.is_some() => format!(" in goroutine {id}"),
        (Some(id), true) => format!(" in goroutine {id}"),
        (Some(id), false) => format!(" in goroutine {id}, not in the text"),
    };
    let site = &link.site;
    let says = match link.input {
        Some(_) => ", says the trace",
        None => "",
    };
    format!(
        "{} ({}){parent}{says}",
        site.func,
        place(&site.file, site.line)
    )
}

/// `same map header (crash.log:9, crash.log:61); …`: each reason once, in the order they first appear.
pub fn reasons(evidence: &[ConflictEvidence], inputs: &Inputs<'_>, limit: usize) -> String {
    let mut grouped: Vec<(&str, Vec<At>)> = Vec::new();
    for one in evidence {
        let at = At {
            input: one.input,
            line: one.line,
        };
        match grouped.iter_mut().find(|(why, _)| *why == one.why) {
            Some((_, places)) => places.push(at),
            None => grouped.push((&one.why, vec![at])),
        }
    }
    let told = grouped.iter().map(|(why, places)| {
        let why = why.replace('-', " ");
        format!("{why} ({})", inputs.all(places, limit))
    });
    told.collect::<Vec<_>>().join("; ")
}

/// `1,234 lines = 1,200 parsed + 34 set aside + 0 not understood`; `17 stacks of a binary profile`, which has no lines.
pub fn line_accounting(report: &Report, input: &InputReport) -> String {
    let incidents = report.incidents.iter();
    let mut profiles = incidents.flat_map(|incident| &incident.profiles);
    if let Some(binary) = profiles.find(|profile| profile.input == input.id && input.lines == 0) {
        return format!("{} of a binary profile", counted(binary.stacks, "stack"));
    }
    format!(
        "{} = {} parsed + {} set aside + {} not understood",
        counted(input.lines, "line"),
        count(input.parsed_lines),
        count(input.set_aside_lines),
        count(input.unparsed_lines),
    )
}

/// `8,074 bytes; wrapped by cri + json; holds dump; cut`.
pub fn input_nature(input: &InputReport) -> String {
    let mut parts = vec![counted(input.bytes, "byte")];
    parts.push(match input.envelope.as_str() {
        "none" => "no wrapper".to_owned(),
        envelope => format!("wrapped by {envelope}"),
    });
    parts.push(match input.holds.as_slice() {
        [] => "nothing from Go".to_owned(),
        holds => format!("holds {}", holds.join(", ")),
    });
    if input.truncated {
        parts.push("ends before it should".to_owned());
    }
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let shown: Vec<String> = [0, 999, 1_000, 26_044, 1_234_567]
            .into_iter()
            .map(count)
            .collect();
        assert_eq!(shown, ["0", "999", "1,000", "26,044", "1,234,567"]);
    }

    #[test]
    fn waits_are_told_in_the_largest_two_units() {
        let shown: Vec<String> = [0, 1, 119, 120, 2879, 2880].into_iter().map(wait).collect();
        let expected = [
            "< 1 min",
            "1 min",
            "119 min",
            "2 h 0 min",
            "47 h 59 min",
            "2 d 0 h",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn long_id_lists_end_with_how_many_more() {
        assert_eq!(ids(&[1, 2, 3], 3), "1, 2, 3");
        assert_eq!(ids(&[1, 2, 3], 2), "1, 2 and 1 more");
    }
}
