//! One incident on a page: verdict, the four steps, what is missing. Tables of the steps are [`super::steps`]' business.

use super::markup::{Html, block, details};
use super::steps;
use crate::model::Grade;
use crate::render::words::{self, Inputs, mark};
use crate::triage::report::{CrashReport, Finding, IncidentReport, Missing, Place, Step};

/// Evidence references behind a statement.
const REFERENCES: usize = 8;

/// What an incident's content is made with.
#[derive(Clone, Copy)]
pub(super) struct Sheet<'p, 'r> {
    /// Names of the inputs.
    pub inputs: &'p Inputs<'r>,
    /// Before every id on the page: `i2`.
    pub anchor: &'p str,
    /// Long lists stand in full.
    pub all: bool,
}

impl Sheet<'_, '_> {
    /// How many of a list are shown.
    pub fn fold(&self, limit: usize) -> usize {
        if self.all { usize::MAX } else { limit }
    }

    /// Which were left out.
    pub fn more(&self, left_out: usize, noun: &str) -> Html {
        match left_out {
            0 => Html::new(),
            more => {
                let more = words::counted(more as u64, &format!("more {noun}"));
                let text = format!("… {more}; --all shows them");
                Html::text(&text).within("p", "faint")
            }
        }
    }
}

/// Everything about an incident; the heading is the caller's.
pub(super) fn content(incident: &IncidentReport, sheet: Sheet<'_, '_>) -> Html {
    let steps = incident.steps.iter();
    let steps: Html = steps.map(|step| told(step, incident, sheet)).collect();
    facts(incident, sheet)
        .and(steps)
        .and(missing(&incident.missing))
}

/// `● confirmed`, in its colour.
pub(super) fn graded(grade: Grade) -> Html {
    let class = match grade {
        Grade::Confirmed => "grade confirmed-is",
        Grade::Probable => "grade probable-is",
        Grade::Possible => "grade possible-is",
        Grade::Unknown => "grade unknown-is",
    };
    Html::text(&format!("{} {}", mark(grade), grade.word())).within("span", class)
}

/// `/app/main.go:20 in main.updateCache`.
pub(super) fn at_place(place: &Place) -> Html {
    let at = words::place(&place.file, place.line);
    match at.is_empty() {
        true => Html::code(&place.func),
        false => Html::code(&at)
            .and(Html::text(" in "))
            .and(Html::code(&place.func)),
    }
}

fn facts(incident: &IncidentReport, sheet: Sheet<'_, '_>) -> Html {
    let verdict = &incident.verdict;
    let what = graded(verdict.grade)
        .and(Html::text(" "))
        .and(Html::code(verdict.category.word()));
    let mut facts = vec![("Verdict", what)];
    facts.extend(
        verdict
            .culprit
            .iter()
            .map(|place| ("Open first", at_place(place))),
    );
    if let Some(crash) = &incident.crash {
        facts.push((
            "Printed at",
            Html::text(&words::crash_place(crash, sheet.inputs)),
        ));
    }
    facts.push(("Go", Html::text(&words::go(&incident.go))));
    if let Some(traceback) = &incident.traceback {
        facts.push(("Shown", Html::text(&words::traceback(traceback))));
    }
    let facts = facts.into_iter().map(|(name, fact)| {
        let name = Html::text(name).within("dt", "");
        name.and(fact.within("dd", ""))
    });
    let message = incident.crash.iter().map(message).collect();
    let class = match verdict.grade {
        Grade::Confirmed => "verdict confirmed-edge",
        Grade::Probable => "verdict probable-edge",
        Grade::Possible => "verdict possible-edge",
        Grade::Unknown => "verdict",
    };
    let facts: Html = facts.collect();
    facts.within("dl", "").and(message).within("div", class)
}

fn message(crash: &CrashReport) -> Html {
    let before = crash.context.iter().map(String::as_str);
    let message = words::clip(&crash.message);
    let lines: Vec<&str> = before.chain([message.as_ref()]).collect();
    block(&lines.join("\n")).within("div", "wrap")
}

fn told(step: &Step, incident: &IncidentReport, sheet: Sheet<'_, '_>) -> Html {
    let anchor = format!("{}-step{}", sheet.anchor, step.n);
    let heading = Html::text(&format!("{}. {}", step.n, step.title));
    let findings = step.findings.iter();
    let findings: Html = findings.map(|finding| statement(finding, sheet)).collect();
    let findings = match findings.is_empty() {
        true => findings,
        false => findings.within("ul", "told"),
    };
    heading
        .with("h2", &[("id", &anchor)])
        .and(findings)
        .and(steps::tables(step, incident, sheet))
}

/// A statement with its grade and places, as an item of a list.
pub(super) fn statement(finding: &Finding, sheet: Sheet<'_, '_>) -> Html {
    let mut line = Html::text(&words::clip(&finding.text));
    if !finding.advice {
        let class = match finding.grade {
            Grade::Confirmed => "mark confirmed-is",
            Grade::Probable => "mark probable-is",
            Grade::Possible => "mark possible-is",
            Grade::Unknown => "mark unknown-is",
        };
        let places = sheet.inputs.all(&finding.evidence, REFERENCES);
        let told = match places.as_str() {
            "" => format!(" [{}]", finding.grade.word()),
            places => format!(" [{}: {places}]", finding.grade.word()),
        };
        line = Html::text(mark(finding.grade))
            .within("span", class)
            .and(line)
            .and(Html::text(&told).within("span", "faint"));
    }
    let items = finding.items.iter();
    let items: Html = items
        .map(|item| Html::text(&words::clip(item)).within("li", ""))
        .collect();
    if !items.is_empty() {
        line.push(items.within("ol", ""));
    }
    if let Some(code) = &finding.code {
        // A whole program is not what one reads first.
        let long = code.text.lines().count() > 12;
        line.push(match (long, code.lang) {
            (true, "go") => details(Html::text("The program"), block(&code.text), false),
            _ => block(&code.text),
        });
    }
    line.within("li", "")
}

fn missing(missing: &[Missing]) -> Html {
    if missing.is_empty() {
        return Html::new();
    }
    let told = missing.iter().map(|one| {
        let how = match one.how.contains('\n') {
            true => block(&one.how),
            false => Html::text(" Next time: ").and(Html::code(&one.how)),
        };
        Html::text(&one.what)
            .within("b", "")
            .and(Html::text(&format!(": {}.", one.why.trim_end_matches('.'))))
            .and(how)
            .within("li", "")
    });
    let told: Html = told.collect();
    Html::text("Missing evidence")
        .within("h2", "")
        .and(told.within("ul", ""))
}
