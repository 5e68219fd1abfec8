//! DOT, the language of Graphviz: for `dot -Tsvg`, and for everything else that reads it.
//!
//! Nodes and edges carry a `class` beside plain colours, so that [`super::graphviz`] can dress the SVG that Graphviz draws.
//!
//! ```text
//! n2 [label="goroutine 24\lrunning\lmain.worker main.go:44\l", class="goroutines crashed", color="#cf222e"];
//! n1 -> n2 [label="go at main.main main.go:36", style=solid];
//! ```

use super::label;
use crate::model::Grade;
use crate::triage::graph::report::{Edge, EdgeKind, GraphReport, Node, NodeKind};
use std::fmt::Write;

/// The graph in DOT.
pub fn text(graph: &GraphReport) -> String {
    let mut out = String::from("digraph gotriage {\n");
    let title = [label::title(graph), label::subtitle(graph)];
    let below = graph.notes.iter().map(String::as_str);
    let told: Vec<&str> = title.iter().map(String::as_str).chain(below).collect();
    let _ = writeln!(
        out,
        "  graph [rankdir=LR, fontname=\"monospace\", fontsize=11, labelloc=t, labeljust=l, bgcolor=transparent, label={}];",
        left(told.iter().copied())
    );
    out.push_str(
        "  node [shape=box, style=\"rounded,filled\", fontname=\"monospace\", fontsize=11];\n",
    );
    out.push_str("  edge [fontname=\"monospace\", fontsize=10];\n");
    for node in &graph.nodes {
        write_node(&mut out, node, graph);
    }
    for edge in &graph.edges {
        write_edge(&mut out, edge, graph);
    }
    out.push_str("}\n");
    out
}

fn write_node(out: &mut String, node: &Node, graph: &GraphReport) {
    let lines = label::lines(node);
    let (line, fill) = colours(node);
    let crashed = if node.crashed { " crashed" } else { "" };
    let _ = writeln!(
        out,
        "  {} [label={}, tooltip={}, class=\"{}{crashed}\", color=\"{line}\", fillcolor=\"{fill}\"{}];",
        node.id,
        left(lines.iter().map(|(_, text)| text.as_str())),
        quoted(&label::about(node, graph)),
        class(node.kind),
        if node.count > 1 {
            ", peripheries=2"
        } else {
            ""
        },
    );
}

fn write_edge(out: &mut String, edge: &Edge, graph: &GraphReport) {
    // The map stands between the party that noticed and the other: the other's edge is turned for the layout only.
    let turned = edge.kind == EdgeKind::Operated && !edge.noticed;
    let (from, to) = match turned {
        true => (&edge.to, &edge.from),
        false => (&edge.from, &edge.to),
    };
    let _ = writeln!(
        out,
        "  {from} -> {to} [label={}, class=\"{}\", style={}{}];",
        quoted(&label::edge(edge, graph)),
        edge.grade.word(),
        match edge.grade {
            Grade::Confirmed => "solid",
            Grade::Probable => "dashed",
            Grade::Possible | Grade::Unknown => "dotted",
        },
        if turned { ", dir=back" } else { "" },
    );
}

/// The class of a kind of node, in DOT and SVG alike.
pub fn class(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Goroutines => "goroutines",
        NodeKind::Gone => "gone",
        NodeKind::Unnamed => "unnamed",
        NodeKind::Map => "map",
        NodeKind::Object => "object",
        NodeKind::Origin => "origin",
        NodeKind::Rest => "rest",
    }
}

/// Line and fill for readers without our style sheet.
fn colours(node: &Node) -> (&'static str, &'static str) {
    match node.kind {
        _ if node.crashed => ("#cf222e", "#ffebe9"),
        NodeKind::Map => ("#9a6700", "#fff8c5"),
        NodeKind::Object => ("#0969da", "#ddf4ff"),
        NodeKind::Gone | NodeKind::Rest | NodeKind::Unnamed => ("#8c959f", "#ffffff"),
        NodeKind::Goroutines | NodeKind::Origin => ("#57606a", "#f6f8fa"),
    }
}

/// Lines set to the left: `\l` ends each.
fn left<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let lines: String = lines.map(|line| escaped(line) + "\\l").collect();
    format!("\"{lines}\"")
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// Text for a quoted string. Graphviz gives meaning to backslashes (`\N`, `\G`) and to HTML entities inside of it.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            '&' => out.push_str("&amp;"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_quotes() {
        assert_eq!(quoted("a\"];b[\\N"), "\"a\\\"];b[\\\\N\"");
        assert_eq!(quoted("&lt;"), "\"&amp;lt;\"");
        assert_eq!(left(["a", "b\\"].into_iter()), "\"a\\lb\\\\\\l\"");
    }
}
