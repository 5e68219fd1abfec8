//! The whole way from bytes to report, against the manifest: category, crashing goroutine, count, parties.

mod pipeline;
mod support;

use gotriage::model::Grade;
use gotriage::triage::report::{Conflict, IncidentReport, Participant, Report};
use support::{Site, Truth};

fn triaged(bytes: &[u8]) -> Report {
    pipeline::report(&[("dump", bytes)])
}

/// The incident of a dump that holds one.
fn only<'r>(truth: &Truth, report: &'r Report) -> Result<&'r IncidentReport, String> {
    match &report.incidents[..] {
        [only] => Ok(only),
        many => Err(format!(
            "{} incidents, {} expected",
            many.len(),
            truth.incidents
        )),
    }
}

fn for_single(check: impl Fn(&Truth, &IncidentReport) -> Result<(), String>) {
    support::for_all(|truth| match truth.incidents {
        1 => check(truth, only(truth, &triaged(&truth.bytes()))?),
        _ => Ok(()),
    });
}

fn word(incident: &IncidentReport) -> &'static str {
    incident.verdict.category.word()
}

#[test]
fn every_process_that_died_is_an_incident() {
    support::for_all(|truth| {
        let found = triaged(&truth.bytes()).incidents.len();
        if found == truth.incidents {
            Ok(())
        } else {
            Err(format!("{found} incidents, {} expected", truth.incidents))
        }
    });
}

/// True for texts that hold no word and no frame of what they died of: up to Go 1.23 the file of `debug.SetCrashOutput` lacks the
/// fatal error, and at user level nothing else names the map. That a goroutine died is all that can be said.
fn says_nothing_of_its_cause(truth: &Truth) -> bool {
    truth.scenario == "setcrashoutput" && truth.go.starts_with("1.23") && truth.level != "system"
}

#[test]
fn the_category_is_right() {
    for_single(|truth, incident| {
        if says_nothing_of_its_cause(truth) {
            let modest = incident.verdict.grade <= Grade::Possible;
            return if modest {
                Ok(())
            } else {
                Err("claims a cause that is not in the text".into())
            };
        }
        let right = word(incident) == truth.category
            || truth
                .category_also
                .iter()
                .any(|also| also == word(incident));
        if right {
            Ok(())
        } else {
            Err(format!(
                "{} ({}), should be {}",
                word(incident),
                incident.verdict.grade.word(),
                truth.category
            ))
        }
    });
}

#[test]
fn the_goroutine_that_died_is_named() {
    for_single(|truth, incident| {
        let found = incident.crash.as_ref().and_then(|crash| crash.goroutine);
        let expected = truth.crash_goroutine.filter(|_| incident.crash.is_some());
        if found == expected {
            Ok(())
        } else {
            Err(format!("{found:?}, should be {expected:?}"))
        }
    });
}

#[test]
fn goroutines_are_counted_by_id() {
    for_single(|truth, incident| {
        let (found, expected) = (incident.goroutines.total, truth.goroutine_ids.len() as u64);
        if found == expected {
            Ok(())
        } else {
            Err(format!("{found}, should be {expected}"))
        }
    });
}

#[test]
fn the_message_is_the_one_printed() {
    for_single(|truth, incident| {
        let (Some(expected), Some(crash)) = (&truth.message, &incident.crash) else {
            return Ok(());
        };
        let said = crash.message.contains(expected.as_str())
            || crash
                .panics
                .iter()
                .any(|panic| panic.value.contains(expected.as_str()));
        if said {
            Ok(())
        } else {
            Err(format!("{:?}, should hold {expected:?}", crash.message))
        }
    });
}

fn is_at(participant: &Participant, site: &Site) -> bool {
    participant.line == Some(site.line)
        && participant
            .file
            .as_deref()
            .is_some_and(|file| file.ends_with(&site.file))
}

fn all_participants(incident: &IncidentReport) -> impl Iterator<Item = (&Conflict, &Participant)> {
    incident.conflicts.iter().flat_map(|conflict| {
        conflict
            .participants
            .iter()
            .map(move |participant| (conflict, participant))
    })
}

#[test]
fn a_confirmed_conflict_is_never_wrong() {
    for_single(|truth, incident| {
        for (conflict, participant) in
            all_participants(incident).filter(|(conflict, _)| conflict.grade == Grade::Confirmed)
        {
            if participant.line.is_some()
                && !truth.racing.iter().any(|site| is_at(participant, site))
            {
                return Err(format!(
                    "confirmed {} names {:?}:{:?}",
                    conflict.kind, participant.file, participant.line
                ));
            }
        }
        Ok(())
    });
}

#[test]
fn the_crash_site_is_a_racing_line() {
    for_single(|truth, incident| {
        let (Some(expected), Some(conflict)) = (&truth.crash_site, incident.conflicts.first())
        else {
            return Ok(());
        };
        if truth.racing.is_empty() || incident.crash.is_none() {
            return Ok(());
        }
        let first = &conflict.participants[0];
        if is_at(first, expected) {
            Ok(())
        } else {
            Err(format!(
                "{:?}:{:?}, should be {expected:?}",
                first.file, first.line
            ))
        }
    });
}

#[test]
fn both_racing_lines_are_named_where_both_stand_in_the_text() {
    for_single(|truth, incident| {
        if truth.partner_goroutines.is_empty()
            || truth.racing.is_empty()
            || incident.crash.is_none()
        {
            return Ok(());
        }
        let mut partners =
            all_participants(incident).filter_map(|(_, participant)| participant.goroutine);
        if partners.any(|id| truth.partner_goroutines.contains(&id)) {
            return Ok(());
        }
        let named: Vec<_> = all_participants(incident)
            .map(|(conflict, p)| (conflict.grade.word(), p.goroutine, p.line))
            .collect();
        Err(format!(
            "partners {:?} not among {named:?}",
            truth.partner_goroutines
        ))
    });
}

#[test]
fn the_innocent_are_not_blamed() {
    for_single(|truth, incident| {
        let is_partner = |participant: &Participant| {
            participant
                .goroutine
                .is_some_and(|id| truth.partner_goroutines.contains(&id))
        };
        for (conflict, participant) in all_participants(incident) {
            let line = truth
                .not_blamed
                .iter()
                .find(|site| is_at(participant, site));
            let bystander = participant
                .goroutine
                .filter(|id| truth.bystander_goroutines.contains(id) && incident.crash.is_some());
            // A bystander at the racing line of its own private map can't be told from the partner by text alone. Then the partner has
            // to be named as well, no less surely, and nobody beyond doubt.
            let told_apart = conflict.grade == Grade::Confirmed
                || !all_participants(incident)
                    .any(|(other, party)| is_partner(party) && other.grade >= conflict.grade);
            if line.is_some() || bystander.is_some() && told_apart {
                return Err(format!(
                    "{} blames {:?} at {:?}",
                    conflict.grade.word(),
                    participant.goroutine,
                    participant.line
                ));
            }
        }
        if truth.racing.is_empty() && !incident.conflicts.is_empty() {
            return Err(format!(
                "a map conflict is claimed: {:?}",
                incident.conflicts[0].participants
            ));
        }
        Ok(())
    });
}

#[test]
fn every_line_is_accounted_for() {
    support::for_all(|truth| {
        let report = triaged(&truth.bytes());
        let input = &report.inputs[0];
        let sum = input.parsed_lines + input.set_aside_lines + input.unparsed_lines;
        if sum == input.lines {
            Ok(())
        } else {
            Err(format!("{sum} of {} lines", input.lines))
        }
    });
}

#[test]
fn the_version_is_among_the_candidates() {
    for_single(|truth, incident| {
        if incident.goroutines.total == 0 {
            return Ok(());
        }
        let told = incident.go.version.as_deref().unwrap_or_default();
        let right =
            truth.go == told || truth.go.starts_with(&format!("{told}.")) || told.is_empty();
        if right {
            Ok(())
        } else {
            Err(format!("{told}, should be {}", truth.go))
        }
    });
}
