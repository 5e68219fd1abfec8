//! Mermaid, the language of diagrams in Markdown on code hosts.
//!
//! ```text
//! flowchart LR
//!   n1["goroutine 1<br/>chan receive<br/>main.main main.go#58;40"]
//!   n1 -->|"go at main.main main.go#58;36"| n2
//!   class n2 crashed
//! ```
//!
//! Whatever is neither a letter, a digit nor one of a few plain signs is written as `#code;`, so no text can end a label, start a
//! directive or become markup.

use super::{dot, label};
use crate::model::Grade;
use crate::triage::graph::report::{Edge, EdgeKind, GraphReport, Node, NodeKind};
use std::fmt::Write;

/// The graph in Mermaid.
pub fn text(graph: &GraphReport) -> String {
    let mut out = String::from("flowchart LR\n");
    let told = [label::title(graph), label::subtitle(graph)];
    for line in told.iter().chain(&graph.notes) {
        // A comment ends with its line; braces would begin a directive.
        let _ = writeln!(out, "  %% {}", line.replace(['{', '}', '\n'], " "));
    }
    for node in &graph.nodes {
        let _ = writeln!(out, "  {}{}", node.id, shape(node));
    }
    for edge in &graph.edges {
        write_edge(&mut out, edge, graph);
    }
    out.push_str("  classDef crashed stroke:#cf222e,stroke-width:3px\n");
    out.push_str("  classDef map stroke:#9a6700,stroke-width:2px\n");
    out.push_str("  classDef object stroke:#0969da,stroke-width:2px\n");
    out.push_str("  classDef gone stroke-dasharray:4 3\n");
    for node in &graph.nodes {
        let class = match node.kind {
            _ if node.crashed => "crashed",
            NodeKind::Map | NodeKind::Object => dot::class(node.kind),
            NodeKind::Gone | NodeKind::Unnamed | NodeKind::Rest => "gone",
            NodeKind::Goroutines | NodeKind::Origin => continue,
        };
        let _ = writeln!(out, "  class {} {class}", node.id);
    }
    out
}

fn shape(node: &Node) -> String {
    let lines: Vec<String> = label::lines(node)
        .iter()
        .map(|(_, line)| escaped(line))
        .collect();
    let label = lines.join("<br/>");
    match node.kind {
        NodeKind::Map | NodeKind::Object => format!("([\"{label}\"])"),
        _ if node.count > 1 => format!("[[\"{label}\"]]"),
        _ => format!("[\"{label}\"]"),
    }
}

fn write_edge(out: &mut String, edge: &Edge, graph: &GraphReport) {
    // Mermaid has no line of dots beside that of dashes: the label tells which it is.
    let arrow = match edge.grade {
        Grade::Confirmed => "-->",
        _ => "-.->",
    };
    let mut text = label::edge(edge, graph);
    // The words of the other kinds say how sure they are.
    let graded = matches!(edge.kind, EdgeKind::Created | EdgeKind::Operated);
    if graded && edge.grade != Grade::Confirmed {
        let gap = if text.is_empty() { "" } else { " " };
        text = format!("{text}{gap}[{}]", edge.grade.word());
    }
    let label = match text.as_str() {
        "" => String::new(),
        text => format!("|\"{}\"|", escaped(text)),
    };
    let _ = writeln!(out, "  {} {arrow}{label} {}", edge.from, edge.to);
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            _ if c.is_alphanumeric() => out.push(c),
            ' ' | '.' | ',' | '/' | '_' | '-' | '(' | ')' | '…' | '×' | '✖' => out.push(c),
            _ => {
                let _ = write!(out, "#{};", u32::from(c));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_signs_stand_as_they_are() {
        assert_eq!(escaped("main.(*Cache).Set"), "main.(#42;Cache).Set");
        assert_eq!(escaped("\"]-->x;"), "#34;#93;--#62;x#59;");
        assert_eq!(escaped("<img>`%%{"), "#60;img#62;#96;#37;#37;#123;");
    }
}
