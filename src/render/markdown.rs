//! The report as Markdown, for tickets, pull requests and CI summaries (GitHub's flavour; reads well on other hosts).
//!
//! Called by [`super::write`]. Verdict and steps stand open, what is long is behind `<details>`. Text from logs is escaped as prose
//! or put into code spans and fences that it cannot leave ([`super::escape`]).

use super::escape::{code_block, code_span, markdown as prose};
use super::fold;
use super::words::{self, Inputs, mark};
use crate::triage::report::{
    Category, Conflict, CreationSite, Finding, Group, IncidentReport, Missing, Participant, Place,
    Report, Reproduction, Step, Wait,
};
use std::io::{self, Write};

/// Rows of a folded table; a comment on a code host holds 65,536 characters.
const ROWS: usize = 8;

/// Frames of a folded stack.
const FRAMES: usize = 12;

/// Evidence references behind a statement.
const REFERENCES: usize = 5;

/// Writes `report` to `out`.
pub fn write(report: &Report, all: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page {
        out,
        all,
        inputs: Inputs::of(report),
    };
    let found = report.incidents.iter();
    let found = found.filter(|incident| incident.verdict.category != Category::None);
    let found: Vec<&IncidentReport> = found.collect();
    if found.is_empty() {
        page.nothing(report)?;
    }
    let shown = found.len().min(page.fold(words::INCIDENTS));
    for (at, one) in found.iter().take(shown).enumerate() {
        if found.len() > 1 {
            page.line(&format!("# Incident {} of {}\n", at + 1, found.len()))?;
        }
        page.incident(one)?;
    }
    page.more(found.len() - shown, "incident")?;
    page.read(report)
}

struct Page<'r> {
    out: &'r mut dyn Write,
    all: bool,
    inputs: Inputs<'r>,
}

impl Page<'_> {
    fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{text}")
    }

    fn fold(&self, limit: usize) -> usize {
        if self.all { usize::MAX } else { limit }
    }

    /// A table of cells that are Markdown already; nothing without rows.
    fn table(&mut self, head: &[&str], rows: Vec<Vec<String>>) -> io::Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        self.line(&format!("| {} |", head.join(" | ")))?;
        self.line(&format!("|{}", " --- |".repeat(head.len())))?;
        for row in rows {
            self.line(&format!("| {} |", row.join(" | ")))?;
        }
        self.line("")
    }

    /// Content behind a summary.
    fn details(
        &mut self,
        summary: &str,
        content: impl FnOnce(&mut Self) -> io::Result<()>,
    ) -> io::Result<()> {
        self.line(&format!("<details><summary>{summary}</summary>\n"))?;
        content(self)?;
        self.line("</details>\n")
    }

    fn more(&mut self, left_out: usize, noun: &str) -> io::Result<()> {
        match left_out {
            0 => Ok(()),
            more => {
                let more = words::counted(more as u64, &format!("more {noun}"));
                self.line(&format!("… {more}; `--all` shows them\n"))
            }
        }
    }

    fn incident(&mut self, incident: &IncidentReport) -> io::Result<()> {
        self.verdict(incident)?;
        for step in &incident.steps {
            self.step(step, incident)?;
        }
        self.missing(&incident.missing)
    }

    fn verdict(&mut self, incident: &IncidentReport) -> io::Result<()> {
        let verdict = &incident.verdict;
        self.line(&format!("## {}\n", prose(&verdict.headline)))?;
        let grade = verdict.grade;
        let mut facts = vec![format!(
            "**Verdict:** {} {} `{}`",
            mark(grade),
            grade.word(),
            verdict.category.word()
        )];
        let culprit = verdict.culprit.as_ref();
        facts.extend(culprit.map(|place| format!("**Open first:** {}", at_place(place))));
        if let Some(crash) = &incident.crash {
            let place = words::crash_place(crash, &self.inputs);
            facts.push(format!("**Printed at:** {}", prose(&place)));
        }
        facts.push(format!("**Go:** {}", prose(&words::go(&incident.go))));
        if let Some(traceback) = &incident.traceback {
            facts.push(format!(
                "**Shown:** {}",
                prose(&words::traceback(traceback))
            ));
        }
        for fact in facts {
            self.line(&format!("- {fact}"))?;
        }
        self.line("")?;
        match &incident.crash {
            Some(crash) => self.line(&code_block("text", &words::clip(&crash.message))),
            None => Ok(()),
        }
    }

    fn step(&mut self, step: &Step, incident: &IncidentReport) -> io::Result<()> {
        self.line(&format!("### {}. {}\n", step.n, prose(step.title)))?;
        for finding in &step.findings {
            self.finding(finding)?;
        }
        self.line("")?;
        match step.n {
            1 => self.observe(incident),
            2 => self.locate(incident),
            3 => self.anatomy(incident),
            4 => self.verify(incident),
            _ => Ok(()),
        }
    }

    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        let references = self.inputs.all(&finding.evidence, REFERENCES);
        let references = match references.as_str() {
            "" => String::new(),
            places => format!(": {}", prose(places)),
        };
        let grade = finding.grade;
        let text = prose(&finding.text);
        self.line(&match finding.advice {
            true => format!("- {text}"),
            false => format!("- {} {text} ({}{references})", mark(grade), grade.word()),
        })?;
        for (item, n) in finding.items.iter().zip(1..) {
            self.line(&format!("  {n}. {}", prose(item)))?;
        }
        match &finding.code {
            Some(code) => {
                let block = code_block(code.lang, &code.text);
                self.line(&format!("\n{}", indented(&block)))
            }
            None => Ok(()),
        }
    }

    fn observe(&mut self, incident: &IncidentReport) -> io::Result<()> {
        let goroutines = &incident.goroutines;
        let states = &goroutines.states;
        let shown = states.len().min(self.fold(ROWS));
        let rows = states.iter().take(shown).map(|state| {
            vec![
                words::count(state.count),
                code_span(&state.state),
                words::waited(state.longest_wait_minutes).unwrap_or_default(),
            ]
        });
        self.table(&["goroutines", "state", "longest wait"], rows.collect())?;
        self.more(states.len() - shown, "state")?;
        self.waits(&words::shared_waits(&incident.waits))?;
        let shown = fold::groups(incident, ROWS, self.all);
        if shown.is_empty() {
            return Ok(());
        }
        self.details("Groups of equal stacks", |page| {
            for group in &shown {
                page.group(group)?;
            }
            page.more(goroutines.groups.len() - shown.len(), "group")
        })
    }

    fn waits(&mut self, waits: &[&Wait]) -> io::Result<()> {
        let shown = waits.len().min(self.fold(ROWS));
        let rows = waits.iter().take(shown).map(|wait| {
            let site = wait.sites.first();
            let site = site.map(|site| words::place(&site.file, site.line));
            vec![
                words::count(wait.waiters),
                code_span(&wait.kind),
                code_span(wait.address.as_deref().unwrap_or_default()),
                prose(&words::wait(wait.longest_wait_minutes)),
                wait.holder
                    .map_or_else(String::new, |id| format!("goroutine {id}")),
                code_span(&site.unwrap_or_default()),
            ]
        });
        let head = ["waiters", "on", "address", "longest", "held by", "at"];
        self.table(&head, rows.collect())?;
        self.more(waits.len() - shown, "wait")
    }

    fn group(&mut self, group: &Group) -> io::Result<()> {
        let ids = match group.goroutines.is_empty() {
            true => String::new(),
            false => format!(": goroutine {}", words::ids(&group.goroutines, ROWS)),
        };
        let count = words::count(group.count);
        let state = code_span(&group.state);
        self.line(&format!("{count} × {state}{ids}\n"))?;
        let (above, shown, below) = fold::frames(group, FRAMES, self.all);
        let mut lines: Vec<String> = words::left_out(above, "above").into_iter().collect();
        lines.extend(shown.iter().map(frame_line));
        lines.extend(words::left_out(below, "below"));
        let site = group.created_by.as_ref();
        lines.extend(site.map(|site| format!("created by {}", words::created_by(site))));
        self.line(&code_block("text", &lines.join("\n")))
    }

    fn locate(&mut self, incident: &IncidentReport) -> io::Result<()> {
        let conflicts = &incident.conflicts;
        let shown = conflicts.len().min(self.fold(ROWS));
        for conflict in conflicts.iter().take(shown) {
            self.conflict(conflict)?;
        }
        self.more(conflicts.len() - shown, "conflict")?;
        self.sites(&incident.creation.sites)
    }

    fn conflict(&mut self, conflict: &Conflict) -> io::Result<()> {
        self.line(&format!(
            "**Conflict {}**: {} on {}, {} {}\n",
            conflict.rank,
            prose(&conflict.kind),
            prose(&conflict.map),
            mark(conflict.grade),
            conflict.grade.word(),
        ))?;
        let rows = conflict.participants.iter().map(party).collect();
        self.table(&["goroutine", "did", "in", "at", "created by"], rows)?;
        match words::reasons(&conflict.evidence, &self.inputs, REFERENCES).as_str() {
            "" => Ok(()),
            why => self.line(&format!("Evidence: {}\n", prose(why))),
        }
    }

    fn sites(&mut self, sites: &[CreationSite]) -> io::Result<()> {
        if sites.is_empty() {
            return Ok(());
        }
        let shown = sites.len().min(self.fold(ROWS));
        let rows = sites.iter().take(shown).map(|site| {
            vec![
                words::count(site.goroutines),
                code_span(&site.func),
                code_span(&words::place(&site.file, site.line)),
            ]
        });
        let rows = rows.collect();
        self.details("Goroutines by creation site", |page| {
            page.table(&["live", "created by", "at"], rows)?;
            page.more(sites.len() - shown, "site")
        })
    }

    fn anatomy(&mut self, incident: &IncidentReport) -> io::Result<()> {
        let shown = incident.maps.len().min(self.fold(ROWS));
        let rows = incident.maps.iter().take(shown).map(|map| {
            let known = |fact: &Option<String>| match fact {
                Some(fact) => code_span(fact),
                None => "not known".to_owned(),
            };
            vec![
                prose(&map.id),
                known(&map.go_type),
                known(&map.header),
                known(&map.key_kind),
                known(&map.layout),
                prose(&map.identified_by),
            ]
        });
        let head = ["map", "type", "header", "keys", "layout", "tied by"];
        self.table(&head, rows.collect())?;
        self.more(incident.maps.len() - shown, "map")
    }

    fn verify(&mut self, incident: &IncidentReport) -> io::Result<()> {
        if let Some(program) = &incident.reproduction {
            self.reproduction(program)?;
        }
        for breakpoints in &incident.breakpoints {
            let summary = format!("Breakpoints for {}", prose(breakpoints.debugger));
            self.details(&summary, |page| {
                page.line(&code_block("text", &breakpoints.script))
            })?;
        }
        Ok(())
    }

    fn reproduction(&mut self, program: &Reproduction) -> io::Result<()> {
        self.details("A program that dies the same way", |page| {
            page.line(&format!(
                "Dies with {}; needs Go {} or later; run it with {}\n",
                code_span(&program.message),
                prose(&program.go_since),
                code_span(&program.run),
            ))?;
            page.line(&code_block("go", &program.program))
        })
    }

    fn missing(&mut self, missing: &[Missing]) -> io::Result<()> {
        if missing.is_empty() {
            return Ok(());
        }
        self.line("### Missing evidence\n")?;
        for one in missing {
            self.line(&format!("- **{}**: {}", prose(&one.what), prose(&one.why)))?;
            match one.how.contains('\n') {
                true => self.line(&format!("\n{}", indented(&code_block("sh", &one.how))))?,
                false => self.line(&format!("  Next time: {}", code_span(&one.how)))?,
            }
        }
        self.line("")
    }

    fn nothing(&mut self, report: &Report) -> io::Result<()> {
        self.line(&format!(
            "## {}\n",
            prose(words::nothing_found(report).trim_end_matches('.'))
        ))?;
        for (advice, command) in words::NOTHING_FOUND {
            self.line(&format!(
                "{}\n\n{}",
                prose(advice),
                code_block("sh", command)
            ))?;
        }
        Ok(())
    }

    fn read(&mut self, report: &Report) -> io::Result<()> {
        self.line("### Read\n")?;
        for input in &report.inputs {
            let name = code_span(self.inputs.name(input.id));
            let nature = prose(&words::input_nature(input));
            let lines = words::line_accounting(report, input);
            self.line(&format!("- {name}: {nature}; {lines}"))?;
        }
        let shown = report.notes.len().min(self.fold(ROWS));
        for note in report.notes.iter().take(shown) {
            let name = self.inputs.name(note.input);
            let line = note
                .line
                .map_or_else(String::new, |line| format!(":{line}"));
            let place = code_span(&format!("{name}{line}"));
            self.line(&format!("- {place}: {}", prose(&note.text)))?;
        }
        self.line("")?;
        self.more(report.notes.len() - shown, "note")
    }
}

/// `main.updateCache` at `/app/main.go:20`, as code.
fn at_place(place: &Place) -> String {
    let at = words::place(&place.file, place.line);
    match at.as_str() {
        "" => code_span(&place.func),
        at => format!("{} in {}", code_span(at), code_span(&place.func)),
    }
}

fn frame_line(frame: &Place) -> String {
    let at = words::place(&frame.file, frame.line);
    format!("{} {at}", frame.func).trim_end().to_owned()
}

fn party(party: &Participant) -> Vec<String> {
    let file = party.file.as_deref().unwrap_or_default();
    let created = party.chain.iter().map(words::chain_link);
    let created: Vec<String> = created.map(|link| code_span(&link)).collect();
    vec![
        prose(&words::party_id(party)),
        prose(&party.op),
        party
            .func
            .as_deref()
            .map_or_else(|| "unknown".to_owned(), code_span),
        code_span(&words::place(file, party.line.unwrap_or_default())),
        created.join(" ← "),
    ]
}

/// A block as part of a list item.
fn indented(block: &str) -> String {
    let lines = block.lines().map(|line| match line.is_empty() {
        true => "\n".to_owned(),
        false => format!("  {line}\n"),
    });
    lines.collect()
}
