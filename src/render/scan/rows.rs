//! What the table, Markdown and CSV say of a cluster, in the same words.

use crate::render::words::place;
use crate::triage::scan::report::{Cluster, JoinedConflict, ScanNote, Side};

/// A culprit's function without the directories of its package, and its line: `cache.(*Cache).Set cache.go:31`.
pub fn culprit(cluster: &Cluster) -> String {
    cluster
        .culprit
        .as_ref()
        .map_or_else(String::new, |culprit| {
            let func = culprit.func.rsplit('/').next().unwrap_or_default();
            let file = culprit.file.rsplit(['/', '\\']).next().unwrap_or_default();
            format!("{func} {}", place(file, culprit.line))
        })
}

/// The verdict's grade, and where two fought how well the other is known: `confirmed, other side possible`.
pub fn grades(cluster: &Cluster) -> String {
    let grade = cluster.grade.word();
    match cluster.other_side {
        Some(other) => format!("{grade}, other side {}", other.word()),
        None => grade.to_owned(),
    }
}

/// `archive!member:line`.
pub fn example(cluster: &Cluster) -> String {
    place(&cluster.example.path, cluster.example.line)
}

/// A time to the second, for people: `2026-01-02 15:04:05`.
pub fn time(seen: Option<&str>) -> String {
    let seen = seen.unwrap_or_default();
    seen.get(..19).unwrap_or(seen).replace('T', " ")
}

/// `main.(*Cache): read in main.(*Cache).Get (cache.go:40), a.log:3, while …`.
pub fn joined(conflict: &JoinedConflict) -> String {
    let side = |side: &Side| {
        let file = side
            .site
            .file
            .rsplit(['/', '\\'])
            .next()
            .unwrap_or_default();
        format!(
            "{} in {} ({}) of {}",
            side.op,
            side.site.func,
            place(file, side.site.line),
            place(&side.path, side.line)
        )
    };
    let sides: Vec<String> = conflict.sides.iter().map(side).collect();
    let tie = match conflict.why.as_str() {
        "same-map-type" => "the same map type",
        _ => "the same receiver type",
    };
    format!(
        "{} ({}): {}; {tie}, {}, in two processes of one program",
        conflict.kind,
        conflict.grade.word(),
        sides.join(" against "),
        conflict.on
    )
}

/// `a.log:3: damaged or cut`.
pub fn note(note: &ScanNote) -> String {
    format!(
        "{}: {}",
        place(&note.path, note.line.unwrap_or(0)),
        note.text
    )
}
