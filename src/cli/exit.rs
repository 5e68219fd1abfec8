//! Exit codes, decided in one place ([`Outcome::exit`]).

use crate::model::Grade;
use crate::triage::report::{Category, IncidentReport, Report};
use std::process::ExitCode;

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: the input was analysed, or what was asked for was printed.
    Analysed = 0,
    /// 1: something of the grade of `--fail-on` or above.
    Failing = 1,
    /// 2: wrong usage, unreadable input, a limit reached, an output that could not be written.
    Incomplete = 2,
    /// 3: nothing from Go was recognised.
    Nothing = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// What a run came to.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'r> {
    /// The report.
    pub report: &'r Report,
    /// An input could not be read, or not to its end.
    pub incomplete: bool,
    /// The grade of `--fail-on`.
    pub fail_on: Option<Grade>,
}

impl Outcome<'_> {
    /// The exit code. What was not read could hold anything, so 2 comes before the others.
    pub fn exit(&self) -> Exit {
        let mut incidents = self.report.incidents.iter();
        if self.incomplete {
            Exit::Incomplete
        } else if !incidents.clone().any(is_from_go) {
            Exit::Nothing
        } else if incidents.any(|incident| self.fails(incident)) {
            Exit::Failing
        } else {
            Exit::Analysed
        }
    }

    fn fails(&self, incident: &IncidentReport) -> bool {
        let verdict = &incident.verdict;
        let harmless = matches!(verdict.category, Category::Healthy | Category::None);
        let conflicts = incident.conflicts.iter().map(|conflict| conflict.grade);
        let highest = conflicts.chain([verdict.grade]).max();
        !harmless && self.fail_on.is_some_and(|grade| highest >= Some(grade))
    }
}

fn is_from_go(incident: &IncidentReport) -> bool {
    incident.verdict.category != Category::None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::triage;
    use crate::triage::report::{SCHEMA, Tool};

    fn incident(category: Category, grade: Grade) -> IncidentReport {
        let mut incident = triage::nothing();
        incident.verdict.category = category;
        incident.verdict.grade = grade;
        incident
    }

    fn exit(incidents: &[(Category, Grade)], fail_on: Option<Grade>, incomplete: bool) -> u8 {
        let incidents = incidents.iter();
        let report = Report {
            schema: SCHEMA,
            tool: Tool {
                name: "gotriage",
                version: "0",
            },
            inputs: Vec::new(),
            incidents: incidents.map(|&(c, g)| incident(c, g)).collect(),
            notes: Vec::new(),
        };
        let outcome = Outcome {
            report: &report,
            incomplete,
            fail_on,
        };
        outcome.exit() as u8
    }

    #[test]
    fn codes_are_those_of_the_contract() {
        let crash = [(Category::MapWriteWrite, Grade::Probable)];
        assert_eq!(exit(&crash, None, false), 0);
        assert_eq!(exit(&crash, None, true), 2);
        assert_eq!(exit(&[], None, false), 3);
        assert_eq!(exit(&[(Category::None, Grade::Unknown)], None, false), 3);
        assert_eq!(exit(&[], None, true), 2);
    }

    #[test]
    fn grades_fail_from_the_one_named_upwards() {
        let crash = [(Category::MapWriteWrite, Grade::Probable)];
        assert_eq!(exit(&crash, Some(Grade::Possible), false), 1);
        assert_eq!(exit(&crash, Some(Grade::Probable), false), 1);
        assert_eq!(exit(&crash, Some(Grade::Confirmed), false), 0);
        assert_eq!(exit(&crash, Some(Grade::Possible), true), 2);
    }

    #[test]
    fn healthy_processes_never_fail() {
        let healthy = (Category::Healthy, Grade::Confirmed);
        assert_eq!(exit(&[healthy], Some(Grade::Possible), false), 0);
        let both = [healthy, (Category::GoroutineLeak, Grade::Confirmed)];
        assert_eq!(exit(&both, Some(Grade::Possible), false), 1);
    }
}
