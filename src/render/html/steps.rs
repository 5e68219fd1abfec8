//! What stands below the statements of a step: pictures, tables, stacks, programs.

use super::incident::Sheet;
use super::markup::{Html, block, details, table};
use super::pictures;
use crate::render::fold;
use crate::render::words;
use crate::triage::report::{
    Breakpoints, Conflict, CreationSite, Group, IncidentReport, KeySeen, MapReport, Participant,
    ProfileLine, ProfileReport, Reproduction, Step, Wait,
};

/// Rows of a folded table: what one looks through without searching.
const ROWS: usize = 20;

/// Frames of a folded stack.
const FRAMES: usize = 24;

/// Ids beside a group, links of a chain, references behind a reason.
const IDS: usize = 24;
const LINKS: usize = 12;
const REFERENCES: usize = 8;

/// Pictures and tables of a step.
pub(super) fn tables(step: &Step, incident: &IncidentReport, sheet: Sheet<'_, '_>) -> Html {
    match step.n {
        1 => states(incident, sheet)
            .and(waits(&words::shared_waits(&incident.waits), sheet))
            .and(groups(incident, sheet))
            .and(profiles(incident, sheet)),
        2 => conflicts(incident, sheet)
            .and(creation(incident, sheet))
            .and(sites(&incident.creation.sites, sheet)),
        3 => maps(&incident.maps, sheet),
        4 => programs(step, incident),
        _ => Html::new(),
    }
}

fn number(n: u64) -> Html {
    Html::text(&words::count(n))
}

fn states(incident: &IncidentReport, sheet: Sheet<'_, '_>) -> Html {
    let states = &incident.goroutines.states;
    let shown = states.len().min(sheet.fold(ROWS));
    let rows = states.iter().take(shown).map(|state| {
        vec![
            number(state.count),
            Html::text(&state.state),
            Html::text(&words::waited(state.longest_wait_minutes).unwrap_or_default()),
        ]
    });
    table(
        &["Goroutines", "State", "Longest wait"],
        &[0],
        rows.collect(),
    )
    .and(sheet.more(states.len() - shown, "state"))
}

fn waits(waits: &[&Wait], sheet: Sheet<'_, '_>) -> Html {
    let shown = waits.len().min(sheet.fold(ROWS));
    let rows = waits.iter().take(shown).map(|wait| {
        let site = wait.sites.first();
        let site = site.map(|site| words::place(&site.file, site.line));
        let holder = wait.holder.map(|id| format!("goroutine {id}"));
        vec![
            number(wait.waiters),
            Html::text(&wait.kind),
            Html::code(wait.address.as_deref().unwrap_or_default()),
            Html::text(&words::wait(wait.longest_wait_minutes)),
            Html::text(&holder.unwrap_or_default()),
            Html::code(&site.unwrap_or_default()),
        ]
    });
    let head = ["Waiters", "On", "Address", "Longest", "Held by", "At"];
    titled(
        "Waiting for the same thing",
        table(&head, &[0], rows.collect()),
    )
    .and(sheet.more(waits.len() - shown, "wait"))
}

/// Under a heading; nothing where there is nothing.
fn titled(title: &str, content: Html) -> Html {
    match content.is_empty() {
        true => content,
        false => Html::text(title).within("h3", "").and(content),
    }
}

fn groups(incident: &IncidentReport, sheet: Sheet<'_, '_>) -> Html {
    let shown = fold::groups(incident, ROWS, sheet.all);
    if shown.is_empty() {
        return Html::new();
    }
    let more = sheet.more(incident.goroutines.groups.len() - shown.len(), "group");
    let groups = shown.into_iter().map(|group| {
        let crashed = fold::has_crashed(incident, group);
        stack(group, crashed, sheet)
    });
    titled("Groups of equal stacks", groups.collect()).and(more)
}

fn stack(group: &Group, crashed: bool, sheet: Sheet<'_, '_>) -> Html {
    let mut head = format!("{} × {}", words::count(group.count), group.state);
    if group.longest_wait_minutes > 0 {
        head += &format!(", up to {}", words::wait(group.longest_wait_minutes));
    }
    if !group.goroutines.is_empty() {
        let ids = words::ids(&group.goroutines, IDS);
        head += &format!("; goroutine {ids}");
    }
    if crashed {
        head += " (crashed)";
    }
    let (above, frames, below) = fold::frames(group, FRAMES, sheet.all);
    let mut lines: Vec<String> = words::left_out(above, "above").into_iter().collect();
    lines.extend(frames.iter().map(|frame| {
        let at = words::place(&frame.file, frame.line);
        format!("{}\n    {at}", frame.func).trim_end().to_owned()
    }));
    lines.extend(words::left_out(below, "below"));
    let site = group.created_by.as_ref();
    lines.extend(site.map(|site| format!("created by {}", words::created_by(site))));
    details(Html::text(&head), block(&lines.join("\n")), crashed)
}

fn profiles(incident: &IncidentReport, sheet: Sheet<'_, '_>) -> Html {
    let profiles = incident.profiles.iter();
    profiles.map(|profile| weighed(profile, sheet)).collect()
}

fn weighed(profile: &ProfileReport, sheet: Sheet<'_, '_>) -> Html {
    let head = ["Weight", "Function", "At", "Does"];
    let lines = |lines: &[ProfileLine]| {
        let shown = lines.len().min(sheet.fold(ROWS));
        let rows = lines.iter().take(shown).map(|line| {
            vec![
                Html::text(&line.weight.to_string()),
                Html::code(&line.func),
                Html::code(&words::place(&line.file, line.line)),
                Html::text(line.does.as_deref().unwrap_or_default()),
            ]
        });
        table(&head, &[0], rows.collect()).and(sheet.more(lines.len() - shown, "line"))
    };
    let input = sheet.inputs.name(profile.input);
    let unit = format!("{} ({}, {})", input, profile.counts, profile.unit);
    let hot = titled(
        &format!("Map operations in {unit}"),
        lines(&profile.map_operations),
    );
    hot.and(titled(&format!("Lines of {unit}"), lines(&profile.lines)))
}

fn conflicts(incident: &IncidentReport, sheet: Sheet<'_, '_>) -> Html {
    let conflicts = &incident.conflicts;
    let picture = pictures::conflict(incident, sheet.anchor);
    let picture = picture.iter().map(Html::picture).collect();
    let shown = conflicts.len().min(sheet.fold(ROWS));
    let told = conflicts.iter().take(shown);
    let told: Html = told.map(|conflict| fought(conflict, sheet)).collect();
    titled("Who fought over which map", picture)
        .and(told)
        .and(sheet.more(conflicts.len() - shown, "conflict"))
}

fn fought(conflict: &Conflict, sheet: Sheet<'_, '_>) -> Html {
    let title = format!(
        "Conflict {}: {} on {}, ",
        conflict.rank, conflict.kind, conflict.map
    );
    let title = Html::text(&title).and(super::incident::graded(conflict.grade));
    let rows = conflict.participants.iter();
    let rows = rows.map(|party| side(party, sheet)).collect();
    let head = ["Goroutine", "Did", "In", "At", "Receiver", "Created by"];
    let why = match words::reasons(&conflict.evidence, sheet.inputs, REFERENCES).as_str() {
        "" => Html::new(),
        why => Html::text(&format!("Evidence: {why}")).within("p", "faint"),
    };
    title.within("h3", "").and(table(&head, &[], rows)).and(why)
}

fn side(party: &Participant, sheet: Sheet<'_, '_>) -> Vec<Html> {
    let file = party.file.as_deref().unwrap_or_default();
    let at = words::place(file, party.line.unwrap_or_default());
    let shown = party.chain.len().min(sheet.fold(LINKS));
    let links = party.chain.iter().take(shown).enumerate();
    let mut links: Html = links
        .map(|(at, link)| {
            let arrow = if at == 0 { "" } else { " ← " };
            Html::text(arrow).and(Html::code(&words::chain_link(link)))
        })
        .collect();
    if shown < party.chain.len() {
        links.push(Html::text(&format!(
            " ← {} more",
            party.chain.len() - shown
        )));
    }
    vec![
        Html::text(&words::party_id(party)),
        Html::text(&party.op),
        Html::code(party.func.as_deref().unwrap_or("unknown")),
        Html::code(&at),
        Html::code(party.receiver.as_deref().unwrap_or_default()),
        links,
    ]
}

fn creation(incident: &IncidentReport, sheet: Sheet<'_, '_>) -> Html {
    let picture = pictures::creation(incident, sheet.anchor);
    let picture: Html = picture.iter().map(Html::picture).collect();
    titled("Who created whom", picture)
}

fn sites(sites: &[CreationSite], sheet: Sheet<'_, '_>) -> Html {
    if sites.is_empty() {
        return Html::new();
    }
    let shown = sites.len().min(sheet.fold(ROWS));
    let rows = sites.iter().take(shown).map(|site| {
        vec![
            number(site.goroutines),
            Html::code(&site.func),
            Html::code(&words::place(&site.file, site.line)),
            Html::text(&words::ids(&site.parents, IDS)),
        ]
    });
    let head = ["Live", "Created by", "At", "In goroutine"];
    let rows = table(&head, &[0], rows.collect());
    let more = sheet.more(sites.len() - shown, "site");
    let title = Html::text("Goroutines by creation site");
    details(title, rows.and(more), false)
}

fn maps(maps: &[MapReport], sheet: Sheet<'_, '_>) -> Html {
    let shown = maps.len().min(sheet.fold(ROWS));
    let known = |fact: &Option<String>| match fact {
        Some(fact) => Html::code(fact),
        None => Html::text("not known"),
    };
    let rows = maps.iter().take(shown).map(|map| {
        vec![
            Html::text(&map.id),
            known(&map.go_type),
            known(&map.header),
            known(&map.key_kind),
            known(&map.layout),
            Html::text(&map.identified_by),
        ]
    });
    let head = ["Map", "Type", "Header", "Keys", "Layout", "Tied by"];
    let keys = maps.iter().take(shown).map(|map| keys(map, sheet));
    table(&head, &[], rows.collect())
        .and(sheet.more(maps.len() - shown, "map"))
        .and(keys.collect())
}

fn keys(map: &MapReport, sheet: Sheet<'_, '_>) -> Html {
    let shown = map.keys.len().min(sheet.fold(ROWS));
    let row = |key: &KeySeen| {
        let length = key.length.map(|n| words::counted(n, "byte"));
        vec![
            Html::text(&key.goroutine.map(|id| id.to_string()).unwrap_or_default()),
            Html::code(key.value.as_deref().unwrap_or_default()),
            Html::code(key.pointer.as_deref().unwrap_or_default()),
            Html::text(&length.unwrap_or_default()),
        ]
    };
    let rows = map.keys.iter().take(shown).map(row).collect();
    let head = ["Goroutine", "Key", "Pointer", "Length"];
    let title = format!("Keys of {} in argument lists", map.id);
    titled(&title, table(&head, &[0], rows)).and(sheet.more(map.keys.len() - shown, "key"))
}

fn programs(step: &Step, incident: &IncidentReport) -> Html {
    let shown = |text: &str| {
        let code = |finding: &crate::triage::report::Finding| match &finding.code {
            Some(code) => code.text == text,
            None => false,
        };
        step.findings.iter().any(code)
    };
    let program = incident.reproduction.iter();
    let program = program.filter(|program| !shown(&program.program));
    let program: Html = program.map(reproduction).collect();
    let scripts = incident.breakpoints.iter();
    let scripts = scripts.filter(|breakpoints| !shown(&breakpoints.script));
    let scripts: Html = scripts.map(script).collect();
    program.and(scripts)
}

fn reproduction(program: &Reproduction) -> Html {
    let about = format!(
        "Dies with \"{}\"; needs Go {} or later; run it with: {}",
        program.message, program.go_since, program.run
    );
    let about = Html::text(&about).within("p", "");
    let title = Html::text("A program that dies the same way");
    details(title, about.and(block(&program.program)), false)
}

fn script(breakpoints: &Breakpoints) -> Html {
    let title = format!("Breakpoints for {}", breakpoints.debugger);
    details(Html::text(&title), block(&breakpoints.script), false)
}
