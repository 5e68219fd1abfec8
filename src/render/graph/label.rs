//! What stands in a node and at an edge, in words; the same for every picture.
//!
//! Lines are of bounded length and escaped as for a terminal line; each format escapes them again for its own syntax.

use crate::model::Grade;
use crate::render::escape;
use crate::render::text::wrap::{middle, path};
use crate::render::words::{self, count};
use crate::triage::graph::report::{Edge, EdgeKind, GraphKind, GraphReport, Node, NodeKind};
use crate::triage::report::Place;

/// Columns of a line: a node must stay a box that fits beside others.
pub const COLUMNS: usize = 44;

/// Ids named in a picture.
const IDS: usize = 4;

/// How a line is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Who it is.
    Head,
    /// Where it stands.
    Plain,
    /// What may be looked up.
    Faint,
}

/// The lines of a node, first the one that says who it is.
pub fn lines(node: &Node) -> Vec<(Role, String)> {
    let mut lines = vec![(Role::Head, middle(&clean(&head(node)), COLUMNS))];
    if let Some(doing) = doing(node) {
        lines.push((Role::Plain, middle(&clean(&doing), COLUMNS)));
    }
    if let Some(site) = &node.site {
        lines.push(match node.kind {
            NodeKind::Origin => (Role::Faint, statement(site)),
            _ => (Role::Plain, place(site)),
        });
    }
    if node.count > 1 && !node.goroutines.is_empty() {
        let ids = |shown| words::ids_of(&node.goroutines, node.count, shown);
        let fitting = (1..=IDS).rev().map(ids);
        let mut fitting = fitting.skip_while(|ids| ids.len() > COLUMNS);
        lines.push((Role::Faint, fitting.next().unwrap_or_default()));
    }
    lines
}

fn head(node: &Node) -> String {
    let first = node.goroutines.first();
    let many = |noun: &str| format!("× {} {noun}", count(node.count));
    match (node.kind, &node.name, first) {
        (NodeKind::Rest, Some(name), _) => format!("… {name}"),
        (NodeKind::Origin, Some(name), _) if node.count == 1 => short(name),
        (NodeKind::Origin, Some(name), _) => format!("× {} {}", count(node.count), short(name)),
        (NodeKind::Goroutines, Some(name), _) => format!("× {} {name}", count(node.count)),
        (_, Some(name), _) => name.clone(),
        (NodeKind::Unnamed, _, Some(id)) => format!("goroutine {id} of the race detector"),
        (NodeKind::Unnamed, ..) => "a goroutine, number not known".to_owned(),
        (_, _, Some(id)) if node.count == 1 && node.crashed => format!("✖ goroutine {id}, died"),
        (_, _, Some(id)) if node.count == 1 => format!("goroutine {id}"),
        _ => many("goroutines"),
    }
}

fn doing(node: &Node) -> Option<String> {
    match (node.kind, &node.state) {
        (NodeKind::Gone, _) => Some("ended, or not in the text".to_owned()),
        (NodeKind::Rest, _) => Some(words::counted(node.count, "goroutine")),
        (NodeKind::Goroutines, None) => Some("in several states".to_owned()),
        (_, Some(state)) => Some(match words::waited(node.longest_wait_minutes) {
            Some(wait) if node.count > 1 => format!("{state}, up to {wait}"),
            Some(wait) => format!("{state}, {wait}"),
            None => state.clone(),
        }),
        (NodeKind::Object, None) => words::waited(node.longest_wait_minutes),
        _ => None,
    }
}

/// What stands at an edge; empty where the kind of graph says it all.
pub fn edge(edge: &Edge, graph: &GraphReport) -> String {
    let text = match edge.kind {
        EdgeKind::Created => edge.site.as_ref().map(statement).unwrap_or_default(),
        EdgeKind::WaitsFor => match edge.grade {
            Grade::Confirmed => String::new(),
            grade => grade.word().to_owned(),
        },
        EdgeKind::HeldBy => match edge.grade {
            Grade::Confirmed => "held by".to_owned(),
            Grade::Probable => "probably held by".to_owned(),
            Grade::Possible | Grade::Unknown => "may be held by".to_owned(),
        },
        EdgeKind::Operated => operated(edge, graph),
        EdgeKind::Woke => woke(edge),
    };
    middle(&clean(&text), COLUMNS)
}

/// `194×: chan receive`, the most frequent reasons as far as there is room.
fn woke(edge: &Edge) -> String {
    let reasons = edge.wakes.iter().map(|wake| wake.reason.as_str());
    let named: Vec<&str> = reasons.filter(|reason| !reason.is_empty()).collect();
    let times = format!("{}×", count(edge.times.unwrap_or(0)));
    match named.is_empty() {
        true => times,
        false => format!("{times}: {}", named.join(", ")),
    }
}

/// `#1 write: same map header`; the rank only where there are several conflicts.
fn operated(edge: &Edge, graph: &GraphReport) -> String {
    let mut ranks: Vec<u32> = graph
        .edges
        .iter()
        .flat_map(|edge| edge.conflicts.clone())
        .collect();
    ranks.sort_unstable();
    ranks.dedup();
    let mut text = String::new();
    if ranks.len() > 1 {
        let own: Vec<String> = edge
            .conflicts
            .iter()
            .map(|rank| format!("#{rank}"))
            .collect();
        text = own.join(" ") + " ";
    }
    let why = edge.why.first().map(|why| why.replace('-', " "));
    let op = edge.op.as_deref().filter(|op| *op != "unknown");
    let said: Vec<&str> = op.into_iter().chain(why.as_deref()).collect();
    text + &said.join(": ")
}

/// `go at main.startWorkers main.go:26`.
pub fn statement(site: &Place) -> String {
    format!("go at {}", place(site))
}

/// `main.(*Cache).Set main.go:41`, of at most [`COLUMNS`].
pub fn place(site: &Place) -> String {
    let func = clean(&short(&site.func));
    let file = site.file.rsplit(['/', '\\']).next().unwrap_or(&site.file);
    let file = middle(&clean(&words::place(file, site.line)), COLUMNS / 2);
    let room = COLUMNS.saturating_sub(file.chars().count() + 1);
    format!("{} {file}", path(&func, room))
        .trim_end()
        .to_owned()
}

/// A function's name from the last element of its package path on.
fn short(func: &str) -> String {
    let end = func.find(['[', '(']).unwrap_or(func.len());
    let package = func.get(..end).unwrap_or_default().rfind('/');
    func.get(package.map_or(0, |slash| slash + 1)..)
        .unwrap_or(func)
        .to_owned()
}

/// Everything that is known of a node, for those who point at it; one fact a line.
pub fn about(node: &Node, graph: &GraphReport) -> String {
    let mut facts = vec![head(node)];
    facts.extend(doing(node));
    if let Some(site) = &node.site {
        facts.push(format!(
            "at {} ({})",
            site.func,
            words::place(&site.file, site.line)
        ));
    }
    if node.count > 1 && !node.goroutines.is_empty() {
        let shown = node.goroutines.len();
        facts.push(words::ids_of(&node.goroutines, node.count, shown));
    }
    let inputs = graph.inputs.iter();
    facts.extend(node.evidence.iter().filter_map(|at| {
        let input = inputs.clone().find(|input| input.id == at.input)?;
        Some(format!("{}:{}", input.path, at.line))
    }));
    let facts: Vec<String> = facts.iter().map(|fact| clean(&words::clip(fact))).collect();
    facts.join("\n")
}

/// The line under the title.
pub fn subtitle(graph: &GraphReport) -> String {
    let kind = match graph.kind {
        GraphKind::Creation => "who created whom",
        GraphKind::Conflict => "who fought over which map",
        GraphKind::Wait => "who waits for what",
        GraphKind::Wake => "who woke whom",
    };
    let names = graph.inputs.iter().map(|input| match input.path.as_str() {
        "-" => "standard input",
        path => path.rsplit(['/', '\\']).next().unwrap_or(path),
    });
    let names: Vec<&str> = names.collect();
    clean(&words::clip(&format!("{kind}; from {}", names.join(", "))))
}

/// The headline of the verdict, bounded and on one line.
pub fn title(graph: &GraphReport) -> String {
    let verdict = &graph.verdict;
    let title = format!("{} [{}]", verdict.headline, verdict.grade.word());
    clean(&words::clip(&title))
}

/// What the grades that occur mean in this kind of graph.
pub fn legend(graph: &GraphReport) -> Vec<(Grade, &'static str)> {
    let meaning = |grade| match (graph.kind, grade) {
        (GraphKind::Wake, Grade::Confirmed) => "confirmed: the trace has it",
        (GraphKind::Creation, Grade::Confirmed) => "confirmed: the creator is printed",
        (GraphKind::Creation, Grade::Probable) => "probable: only one goroutine runs main.main",
        (GraphKind::Creation, _) => "possible: the only goroutine in that function",
        (_, Grade::Confirmed) => "confirmed",
        (_, Grade::Probable) => "probable",
        (_, Grade::Possible) => "possible",
        (_, Grade::Unknown) => "unknown: not in the text",
    };
    let grades = [
        Grade::Confirmed,
        Grade::Probable,
        Grade::Possible,
        Grade::Unknown,
    ];
    let used = |grade: &Grade| graph.edges.iter().any(|edge| edge.grade == *grade);
    let used = grades.into_iter().filter(used);
    used.map(|grade| (grade, meaning(grade))).collect()
}

fn clean(text: &str) -> String {
    escape::line(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_keep_the_function_and_the_line() {
        let at = |func: &str, file: &str| {
            place(&Place {
                func: func.to_owned(),
                file: file.to_owned(),
                line: 41,
            })
        };
        assert_eq!(
            at("example.com/app/cache.(*Store).Set", "/app/cache/store.go"),
            "cache.(*Store).Set store.go:41"
        );
        assert_eq!(at("main.sum[...]", ""), "main.sum[...]");
        let long = at(&"f".repeat(500), &"g".repeat(500));
        assert!(long.chars().count() <= COLUMNS, "{long}");
        assert!(long.ends_with("41"), "{long}");
        assert_eq!(at("a\x1b[2J\nb", "c\n.go"), "a\\x1b[2J\\nb c\\n.go:41");
    }
}
