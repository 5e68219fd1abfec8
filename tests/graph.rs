//! Graphs against what the dumps say, found by plain searches of their text, and against what may never happen to a picture: text
//! from a log that leaves its place, a file that its readers refuse, a picture of a hundred thousand boxes.

#![allow(clippy::expect_used, clippy::unwrap_used)] // helpers of tests fail as tests do

mod pipeline;
mod support;

use gotriage::render::graph::{GraphFormat, write};
use gotriage::triage::Options;
use gotriage::triage::graph::report::{EdgeKind, GraphKind, GraphReport, Node, NodeKind};
use gotriage::triage::graph::{GraphOptions, graph};
use regex::Regex;
use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

const KINDS: [GraphKind; 3] = [GraphKind::Creation, GraphKind::Conflict, GraphKind::Wait];

fn drawn(text: &[u8], kind: GraphKind, most: usize) -> GraphReport {
    pipeline::with_evidence(&[("dump.txt", text)], |evidence| {
        let asked = GraphOptions {
            kind,
            incident: None,
            most,
        };
        graph(evidence, &[], &Options::default(), asked).expect("no incident was named")
    })
}

fn printed(graph: &GraphReport, format: GraphFormat) -> String {
    let mut out = Vec::new();
    write(graph, format, &mut out).expect("writing to memory");
    String::from_utf8(out).expect("UTF-8")
}

fn with_goroutine(graph: &GraphReport, id: u64) -> Option<&Node> {
    let mut nodes = graph.nodes.iter();
    nodes.find(|node| node.numbering.is_none() && node.goroutines.contains(&id))
}

/// Goroutines of a dump and who created them, by a plain search of its lines.
fn creators(text: &str) -> BTreeMap<u64, u64> {
    let header = Regex::new(r"^goroutine (\d+) .*\[.*\]:?$").expect("a pattern");
    let made = Regex::new(r"^created by .* in goroutine (\d+)$").expect("a pattern");
    let mut found = BTreeMap::new();
    let mut current = None;
    for line in text.lines() {
        let number = |pattern: &Regex| pattern.captures(line)?.get(1)?.as_str().parse().ok();
        match (number(&header), number(&made), current) {
            (Some(id), _, _) => current = Some(id),
            (_, Some(creator), Some(id)) => {
                found.insert(id, creator);
            }
            _ => {}
        }
    }
    found.remove(&0);
    found
}

#[test]
fn every_goroutine_is_drawn_once_and_below_its_printed_creator() {
    let mut checked = 0;
    support::for_all(|truth| {
        // Texts of several processes have one number for several goroutines, and race reports numbers of their own.
        if truth.incidents > 1 || !truth.incident_list.is_empty() || truth.level == "race" {
            return Ok(());
        }
        let bytes = truth.bytes();
        let graph = drawn(&bytes, GraphKind::Creation, 1_000);
        if counted(&graph) != truth.goroutine_ids.len() as u64 {
            return Err(format!("{} goroutines are drawn", counted(&graph)));
        }
        for (child, creator) in creators(&String::from_utf8_lossy(&bytes)) {
            let of = |id| with_goroutine(&graph, id).map(|node| node.id.clone());
            let (Some(from), Some(to)) = (of(creator), of(child)) else {
                // A node names its first twenty only.
                let folded = graph.nodes.iter().any(|node| node.count > 20);
                match folded {
                    true => continue,
                    false => return Err(format!("{creator} or {child} is not drawn")),
                }
            };
            let is_edge = graph
                .edges
                .iter()
                .any(|edge| edge.kind == EdgeKind::Created && edge.from == from && edge.to == to);
            if !is_edge {
                return Err(format!("no edge from {creator} to {child}"));
            }
        }
        Ok(())
    });
    for truth in support::manifest() {
        checked += creators(&String::from_utf8_lossy(&truth.bytes())).len();
    }
    assert!(checked > 2_000, "{checked} creators in the corpus");
}

/// Goroutines that the nodes of a creation forest stand for.
fn counted(graph: &GraphReport) -> u64 {
    let shown = graph.nodes.iter();
    let shown = shown.filter(|node| matches!(node.kind, NodeKind::Goroutines | NodeKind::Rest));
    shown.map(|node| node.count).sum()
}

#[test]
fn what_finds_no_room_is_counted() {
    for truth in support::manifest().iter().step_by(9) {
        if truth.incidents > 1 || !truth.incident_list.is_empty() {
            continue;
        }
        let graph = drawn(&truth.bytes(), GraphKind::Creation, 4);
        assert!(graph.nodes.len() <= 4, "{}", truth.file);
        assert_eq!(
            counted(&graph),
            truth.goroutine_ids.len() as u64,
            "{}",
            truth.file
        );
    }
}

#[test]
fn the_one_that_died_is_marked_and_alone() {
    support::for_all(|truth| {
        if truth.incidents > 1 || !truth.incident_list.is_empty() {
            return Ok(());
        }
        let graph = drawn(&truth.bytes(), GraphKind::Creation, 40);
        let marked: Vec<u64> = graph
            .nodes
            .iter()
            .filter(|node| node.crashed)
            .flat_map(|node| node.goroutines.clone())
            .collect();
        let died: Vec<u64> = truth.crash_goroutine.into_iter().collect();
        match marked == died {
            true => Ok(()),
            false => Err(format!("marked {marked:?}, died {died:?}")),
        }
    });
}

#[test]
fn innocent_lines_take_no_part_in_a_conflict() {
    let mut drawn_edges = 0;
    for truth in support::manifest() {
        let graph = drawn(&truth.bytes(), GraphKind::Conflict, 40);
        for edge in &graph.edges {
            let Some(site) = &edge.site else { continue };
            drawn_edges += 1;
            let file = site.file.rsplit('/').next();
            let blamed = truth
                .not_blamed
                .iter()
                .any(|line| line.line == site.line && line.file.rsplit('/').next() == file);
            assert!(!blamed, "{}: {site:?}", truth.file);
        }
    }
    assert!(drawn_edges > 200, "{drawn_edges} edges");
}

#[test]
fn forty_waiters_for_one_lock_are_one_node_with_its_holder_behind() {
    let path = support::corpus().join("dumps/lock-hang/go1.27.3-debug2.txt");
    let graph = drawn(&std::fs::read(path).expect("a dump"), GraphKind::Wait, 40);
    let lock = graph
        .nodes
        .iter()
        .find(|node| node.kind == NodeKind::Object)
        .expect("the lock");
    assert!(
        lock.name
            .as_deref()
            .is_some_and(|name| name.starts_with("sync.Mutex 0x"))
    );
    let (waits, held): (Vec<_>, Vec<_>) = graph
        .edges
        .iter()
        .partition(|edge| edge.kind == EdgeKind::WaitsFor);
    let [waits] = &waits[..] else {
        unreachable!("{waits:?}")
    };
    let waiters = graph
        .nodes
        .iter()
        .find(|node| node.id == waits.from)
        .expect("waiters");
    assert_eq!((waiters.count, &waits.to), (40, &lock.id));
    let holder = graph
        .nodes
        .iter()
        .find(|node| held.iter().any(|edge| edge.to == node.id));
    let site = holder
        .and_then(|node| node.site.as_ref())
        .expect("a holder");
    assert_eq!(site.func, "main.callBank");
}

#[test]
fn a_ring_of_locks_is_a_ring() {
    let path = support::corpus().join("dumps/lock-cycle/go1.27.3-debug2.txt");
    let graph = drawn(&std::fs::read(path).expect("a dump"), GraphKind::Wait, 40);
    let mut graph_of = petgraph::graphmap::DiGraphMap::<&str, ()>::new();
    for edge in &graph.edges {
        graph_of.add_edge(&edge.from, &edge.to, ());
    }
    let rings = petgraph::algo::tarjan_scc(&graph_of);
    // Two goroutines and the two locks they took in opposite order.
    assert!(rings.iter().any(|ring| ring.len() == 4), "{rings:?}");
}

/// A dump of this many goroutines of three kinds: servers of main, handlers of servers, writers of handlers that are gone.
fn crowd(count: u64) -> String {
    let mut text = String::from("goroutine 1 [IO wait]:\nmain.main()\n\t/app/main.go:9 +0x1\n\n");
    for id in 2..=count {
        let (func, creator) = match id % 3 {
            0 => ("main.serve", "main.main in goroutine 1".to_owned()),
            1 => (
                "main.handle",
                format!("main.serve in goroutine {}", (id - 1).max(3) / 3 * 3),
            ),
            _ => (
                "main.write",
                format!("main.gone in goroutine {}", id + 1_000_000),
            ),
        };
        text += &format!(
            "goroutine {id} [select, 7 minutes]:\n{func}(0x1)\n\t/app/main.go:20 +0x1\ncreated by {creator}\n\t/app/main.go:30 +0x1\n\n"
        );
    }
    text
}

#[test]
fn a_hundred_thousand_goroutines_of_three_kinds_are_a_few_nodes() {
    let text = crowd(100_000);
    let graph = drawn(text.as_bytes(), GraphKind::Creation, 40);
    let mut kinds: Vec<(NodeKind, u64)> = graph
        .nodes
        .iter()
        .map(|node| (node.kind, node.count))
        .collect();
    kinds.sort_by_key(|(_, count)| *count);
    assert!(graph.nodes.len() <= 7, "{kinds:?}");
    assert_eq!(graph.folded.goroutines, 100_000);
    assert!(kinds.contains(&(NodeKind::Gone, 33_333)), "{kinds:?}");
    assert!(printed(&graph, GraphFormat::Svg).len() < 20_000);
    assert!(printed(&graph, GraphFormat::Dot).contains("× 33,333 goroutines"));
}

/// A crash whose every name tries to leave its place.
fn hostile() -> String {
    let mut text = String::from("fatal error: concurrent map writes\n\n");
    let names = [
        "main.f\"];evil[label=\"",
        "main.<script>alert(1)</script>",
        "main.a&lt;b&b]]>",
        "main.\\N\\G\\\"",
        "main.`%%{init:{}}%%`",
        "main.\u{202e}x\u{7}\u{1b}]0;t\u{7}",
        "main.--> z; click z href \"javascript:x\"",
        "main.日本語\u{fffe}",
    ];
    for (id, name) in (7..).zip(names) {
        let state = if id == 7 { "running" } else { name };
        text += &format!(
            "goroutine {id} [{state}]:\n{name}(0xc000012345)\n\t/app/{name}.go:20 +0x45\ncreated by {name} in goroutine 1\n\t/app/x\"y<z>.go:9 +0x1c\n\n"
        );
    }
    text
}

/// An SVG as XML, which it must be, without anything that runs or loads.
fn inert_xml(svg: &str) {
    let document =
        roxmltree::Document::parse(svg).unwrap_or_else(|error| unreachable!("{error}\n{svg}"));
    for node in document.descendants().filter(|node| node.is_element()) {
        let known = [
            "svg", "title", "style", "defs", "marker", "path", "rect", "g", "text",
        ];
        assert!(known.contains(&node.tag_name().name()), "{node:?}");
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            assert!(!name.starts_with("on") && name != "href", "{name}");
            assert!(!value.contains("url(") || value == "url(#end)", "{value}");
        }
    }
}

#[test]
fn text_from_logs_stays_where_it_is_put() {
    for kind in KINDS {
        let graph = drawn(hostile().as_bytes(), kind, 40);
        assert!(kind == GraphKind::Wait || graph.nodes.len() > 1, "{kind:?}");
        inert_xml(&printed(&graph, GraphFormat::Svg));
        let json: serde_json::Value =
            serde_json::from_str(&printed(&graph, GraphFormat::Json)).expect("JSON");
        assert_eq!(json["schema"], "gotriage.graph/1");
        let mermaid = printed(&graph, GraphFormat::Mermaid);
        for line in mermaid.lines().filter(|line| !line.starts_with("  %%")) {
            let markup = line
                .replace("<br/>", "")
                .replace("-->", "")
                .replace("-.->", "");
            assert!(!markup.contains(['<', '>', '`', '%', '{', '\\']), "{line}");
            assert!(markup.matches('"').count() <= 2, "{line}");
        }
        for format in [GraphFormat::Dot, GraphFormat::Mermaid, GraphFormat::Svg] {
            let text = printed(&graph, format);
            let control = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
            assert!(!text.contains(control), "{format:?}");
        }
    }
}

#[test]
fn pictures_of_real_dumps_are_xml() {
    for truth in support::manifest().iter().step_by(3) {
        let bytes = truth.bytes();
        for kind in KINDS {
            inert_xml(&printed(&drawn(&bytes, kind, 40), GraphFormat::Svg));
        }
    }
}

/// What `dot` makes of a DOT text; none where Graphviz is not installed.
fn by_graphviz(dot: &str, format: &str) -> Option<String> {
    let mut child = Command::new("dot")
        .arg(format)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(dot.as_bytes()).expect("dot reads");
    drop(stdin);
    let output = child.wait_with_output().expect("dot ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && !said.contains("yntax"),
        "{said}\n{dot}"
    );
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn graphviz_sees_the_nodes_and_edges_that_are_meant() {
    for kind in KINDS {
        let graph = drawn(hostile().as_bytes(), kind, 40);
        let Some(plain) = by_graphviz(&printed(&graph, GraphFormat::Dot), "-Tplain") else {
            return;
        };
        let of = |word: &str| plain.lines().filter(|line| line.starts_with(word)).count();
        assert_eq!(
            (of("node "), of("edge ")),
            (graph.nodes.len(), graph.edges.len())
        );
    }
}

#[test]
fn the_schema_describes_what_is_printed() {
    let output = Command::new(env!("CARGO_BIN_EXE_gotriage"))
        .args(["schema", "graph"])
        .output()
        .expect("gotriage runs");
    let schema: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let schema = jsonschema::draft202012::new(&schema).expect("a schema");
    for truth in support::manifest().iter().step_by(5) {
        for kind in KINDS {
            let json = printed(&drawn(&truth.bytes(), kind, 40), GraphFormat::Json);
            let json = serde_json::from_str(&json).expect("JSON");
            assert!(schema.is_valid(&json), "{}", truth.file);
        }
    }
    assert!(!schema.is_valid(&serde_json::json!({"schema": "gotriage.graph/1"})));
}
