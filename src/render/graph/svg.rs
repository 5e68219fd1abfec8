//! The picture, drawn by ourselves: one SVG file without scripts, fonts or links, light or dark as the viewer prefers.
//!
//! [`text`] measures the labels, asks [`super::layout`] where they go, and writes title, legend, edges, nodes and notes. Letters are
//! of one width, so a line's length is known without a font. Whole names, lines and ids show when a node is pointed at.

use super::dot::class;
use super::label::{self, Role};
use super::layout::{Line, Placed, Point, Size, Way, layout};
use crate::model::Grade;
use crate::render::text::wrap::{Flow, width};
use crate::triage::graph::report::{Edge, EdgeKind, GraphReport, Node, NodeKind};
use anstyle::Style;
use std::borrow::Cow;
use std::fmt::Write;

/// Pixels of a letter at 12 px, and a little more for fonts that are wider than most.
const LETTER: f64 = 7.35;

/// Pixels from line to line.
const LINE: f64 = 17.0;

/// Pixels around the text of a node.
const PADDING: f64 = 10.0;

/// Pixels around the picture.
const MARGIN: f64 = 24.0;

/// Pixels between columns, where no label needs more.
const GAP: f64 = 56.0;

/// Columns of title and notes.
const PROSE: usize = 96;

/// Shared by our own pictures and those of Graphviz (see [`super::graphviz`]).
pub const STYLE: &str = "\
  text { font-family: ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace; font-size: 12px; fill: #1f2328 }
  .paper { fill: #ffffff }
  .title { font-size: 15px; font-weight: 600 }
  .head { font-weight: 600 }
  .faint { fill: #59636e }
  .box { fill: #f6f8fa; stroke: #818b98; stroke-width: 1.2 }
  .gone .box, .rest .box, .unnamed .box { fill: #ffffff; stroke: #818b98; stroke-dasharray: 5 3 }
  .map .box { fill: #fff8c5; stroke: #9a6700 }
  .object .box { fill: #ddf4ff; stroke: #0969da }
  .crashed .box { fill: #ffebe9; stroke: #cf222e; stroke-width: 2.2 }
  .crashed .head { fill: #a40e26 }
  .edge { fill: none; stroke: #59636e; stroke-width: 1.6 }
  .probable { stroke-dasharray: 7 4 }
  .possible, .unknown { stroke-dasharray: 0.1 5; stroke-linecap: round; stroke-width: 2.2 }
  .unknown { opacity: 0.6 }
  .arrow { fill: #59636e }
  .said { font-size: 11px; fill: #59636e; stroke: #ffffff; stroke-width: 4px; paint-order: stroke; stroke-linejoin: round }
  @media screen and (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .paper { fill: #0d1117 }
    .faint { fill: #9198a1 }
    .box { fill: #161b22; stroke: #6e7681 }
    .gone .box, .rest .box, .unnamed .box { fill: #0d1117; stroke: #6e7681 }
    .map .box { fill: #272115; stroke: #d29922 }
    .object .box { fill: #0c2138; stroke: #4493f8 }
    .crashed .box { fill: #341a1c; stroke: #f85149 }
    .crashed .head { fill: #ff9492 }
    .edge { stroke: #9198a1 }
    .arrow { fill: #9198a1 }
    .said { fill: #9198a1; stroke: #0d1117 }
  }
";

/// A node's lines and the box they need.
struct Label {
    lines: Vec<(Role, String)>,
    size: Size,
}

/// The graph as an SVG file.
pub fn text(graph: &GraphReport) -> String {
    drawn(graph, Dress::File)
}

/// The graph as an element of a page that has [`STYLE`] and says itself what happened. Node ids have to be unique on the page.
pub fn inline(graph: &GraphReport) -> String {
    drawn(graph, Dress::Page)
}

/// Where a picture goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dress {
    File,
    Page,
}

fn drawn(graph: &GraphReport, dress: Dress) -> String {
    let labels: Vec<Label> = graph
        .nodes
        .iter()
        .map(|node| measured(node, graph))
        .collect();
    let sizes: Vec<Size> = labels.iter().map(|label| label.size).collect();
    let (edges, lines) = lines(graph);
    let placed = layout(&sizes, &lines, GAP);
    let (title, mut subtitle) = match dress {
        Dress::File => (
            wrapped(&label::title(graph)),
            wrapped(&label::subtitle(graph)),
        ),
        Dress::Page => (Vec::new(), Vec::new()),
    };
    subtitle.truncate(3);
    let legend = label::legend(graph);
    let notes: Vec<String> = graph.notes.iter().flat_map(|note| wrapped(note)).collect();
    let top = MARGIN
        + (title.len() as f64) * (LINE + 3.0)
        + (subtitle.len() + legend.len()) as f64 * LINE
        + 20.0;
    let below = top + placed.height + 20.0;
    let prose = title.iter().map(|line| width(line) as f64 * LETTER * 1.25);
    let prose = prose.chain(
        subtitle
            .iter()
            .chain(&notes)
            .map(|line| width(line) as f64 * LETTER),
    );
    let wide = prose.fold(placed.width.max(360.0), f64::max) + 2.0 * MARGIN;
    let high = below + notes.len() as f64 * LINE + MARGIN;
    let mut page = Page {
        out: String::new(),
        marker: marker(graph, dress),
    };
    page.begin(wide, high, graph, dress);
    let at = page.head(&title, &subtitle);
    page.legend(&legend, at);
    page.out += &format!("<g transform=\"translate({MARGIN} {top:.1})\">\n");
    let middles = placed.boxes.iter().zip(&sizes);
    let middles: Vec<f64> = middles.map(|(at, size)| at.y + size.height / 2.0).collect();
    for ((edge, line), way) in edges.iter().zip(&lines).zip(&placed.ways) {
        page.edge(edge, line, way, &middles, graph);
    }
    page.nodes(graph, &labels, &placed);
    page.out += "</g>\n";
    for (n, note) in (0..).zip(&notes) {
        page.line("faint", MARGIN, below + f64::from(n) * LINE + LINE, note);
    }
    page.out += "</svg>\n";
    page.out
}

/// Name of the arrow's point: own to each picture of a page, which may hold several.
fn marker(graph: &GraphReport, dress: Dress) -> String {
    match graph.nodes.first().filter(|_| dress == Dress::Page) {
        Some(first) => format!("{}-end", first.id),
        None => "end".to_owned(),
    }
}

/// Edges whose ends are there, and how the layout sees them.
fn lines(graph: &GraphReport) -> (Vec<&Edge>, Vec<Line>) {
    let index = |id: &str| graph.nodes.iter().position(|node| node.id == id);
    let edges = graph.edges.iter().filter_map(|edge| {
        let (from, to) = (index(&edge.from)?, index(&edge.to)?);
        // The map stands between the party that noticed and the other.
        let (from, to) = match edge.kind == EdgeKind::Operated && !edge.noticed {
            true => (to, from),
            false => (from, to),
        };
        let label = width(&said(edge, graph)) as f64 * LETTER;
        Some((edge, Line { from, to, label }))
    });
    edges.unzip()
}

/// What stands at an edge. The `go` statement stands in the node it made, so that columns come close.
fn said(edge: &Edge, graph: &GraphReport) -> String {
    match edge.kind {
        EdgeKind::Created => String::new(),
        _ => label::edge(edge, graph),
    }
}

fn measured(node: &Node, graph: &GraphReport) -> Label {
    let mut lines = label::lines(node);
    let made = graph.edges.iter();
    let mut made = made.filter(|edge| edge.kind == EdgeKind::Created && edge.to == node.id);
    if let Some(site) = made.find_map(|edge| edge.site.as_ref()) {
        lines.push((Role::Faint, label::statement(site)));
    }
    let longest = lines.iter().map(|(_, line)| width(line)).max().unwrap_or(0);
    let size = Size {
        width: longest as f64 * LETTER + 2.0 * PADDING,
        height: lines.len() as f64 * LINE + 2.0 * PADDING - 4.0,
    };
    Label { lines, size }
}

fn wrapped(text: &str) -> Vec<String> {
    Flow::of(text, Style::new()).lines("", 0, PROSE)
}

struct Page {
    out: String,
    /// Name of the arrow's point.
    marker: String,
}

impl Page {
    fn begin(&mut self, wide: f64, high: f64, graph: &GraphReport, dress: Dress) {
        let style = match dress {
            Dress::File => format!("<style>\n{STYLE}</style>\n"),
            Dress::Page => String::new(),
        };
        let _ = write!(
            self.out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide:.0}\" height=\"{high:.0}\" viewBox=\"0 0 {wide:.0} {high:.0}\" \
             role=\"img\" class=\"{}\">\n<title>{}</title>\n{style}\
             <defs><marker id=\"{}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" \
             markerUnits=\"userSpaceOnUse\" orient=\"auto-start-reverse\"><path class=\"arrow\" d=\"M0 0.5 8 4 0 7.5z\"/></marker></defs>\n\
             <rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n",
            graph.kind.word(),
            escaped(&wrapped(&label::title(graph)).join(" ")),
            self.marker,
        );
    }

    /// Title and subtitle; the height they end at.
    fn head(&mut self, title: &[String], subtitle: &[String]) -> f64 {
        let mut y = MARGIN;
        for line in title {
            y += LINE + 3.0;
            self.line("title", MARGIN, y - 6.0, line);
        }
        for line in subtitle {
            y += LINE;
            self.line("faint", MARGIN, y - 6.0, line);
        }
        y
    }

    fn legend(&mut self, legend: &[(Grade, &'static str)], from: f64) {
        let mut y = from + 4.0;
        for (grade, meaning) in legend {
            y += LINE;
            let middle = y - 10.0;
            let _ = writeln!(
                self.out,
                "<path class=\"edge {}\" d=\"M{MARGIN} {middle:.1}h36\"/>",
                grade.word()
            );
            self.line("faint", MARGIN + 46.0, y - 6.0, meaning);
        }
    }

    fn line(&mut self, class: &str, x: f64, y: f64, text: &str) {
        let _ = writeln!(
            self.out,
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" xml:space=\"preserve\">{}</text>",
            escaped(text)
        );
    }

    /// An edge and its label; `middles` are the heights of the nodes' middles.
    fn edge(&mut self, edge: &Edge, line: &Line, way: &Way, middles: &[f64], graph: &GraphReport) {
        let [first, .., last] = &way.points[..] else {
            return;
        };
        // Turned for the layout twice is not turned.
        let placed_turned = edge.kind == EdgeKind::Operated && !edge.noticed;
        let arrow = match way.turned != placed_turned {
            true => "marker-start",
            false => "marker-end",
        };
        let _ = writeln!(
            self.out,
            "<path class=\"edge {}\" d=\"{}\" {arrow}=\"url(#{})\"><title>{}</title></path>",
            edge.grade.word(),
            curve(&way.points),
            self.marker,
            escaped(&about(edge))
        );
        let said = said(edge, graph);
        if said.is_empty() {
            return;
        }
        // Beside the end where lines do not meet: the party's, not that of what they share.
        let shared_is_left =
            line.to != line.from && (placed_turned || edge.kind == EdgeKind::HeldBy) != way.turned;
        let (end, at, x, anchor) = match shared_is_left {
            true => (last, line.to, last.x - 12.0, "end"),
            false => (first, line.from, first.x + 12.0, "start"),
        };
        // Of lines that end apart the lower one has its label below.
        let y = match middles.get(at).is_some_and(|middle| end.y > middle + 1.0) {
            true => end.y + 15.0,
            false => end.y - 6.0,
        };
        let _ = writeln!(
            self.out,
            "<text class=\"said\" text-anchor=\"{anchor}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>",
            escaped(&said)
        );
    }

    fn nodes(&mut self, graph: &GraphReport, labels: &[Label], placed: &Placed) {
        for ((node, label), at) in graph.nodes.iter().zip(labels).zip(&placed.boxes) {
            let crashed = if node.crashed { " crashed" } else { "" };
            let _ = writeln!(
                self.out,
                "<g class=\"{}{crashed}\" id=\"{}\"><title>{}</title>",
                class(node.kind),
                node.id,
                escaped(&label::about(node, graph))
            );
            self.frame(node, label.size, at);
            for (n, (role, line)) in (1..).zip(&label.lines) {
                let class = match role {
                    Role::Head => "head",
                    Role::Plain => "plain",
                    Role::Faint => "faint",
                };
                let y = at.y + PADDING + f64::from(n) * LINE - 6.0;
                self.line(class, at.x + PADDING, y, line);
            }
            self.out += "</g>\n";
        }
    }

    /// The box; several behind each other for several goroutines.
    fn frame(&mut self, node: &Node, size: Size, at: &Point) {
        let round = match node.kind {
            NodeKind::Map | NodeKind::Object => 14.0,
            _ => 5.0,
        };
        let sheets: &[f64] = if node.count > 1 { &[5.0, 0.0] } else { &[0.0] };
        for off in sheets {
            let _ = writeln!(
                self.out,
                "<rect class=\"box\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"{round}\"/>",
                at.x + off,
                at.y + off,
                size.width,
                size.height
            );
        }
    }
}

/// A smooth line through pairs of points: bent between columns, straight through them.
fn curve(points: &[Point]) -> String {
    let mut d = String::new();
    for (at, pair) in points.chunks_exact(2).enumerate() {
        let [from, to] = pair else { continue };
        let bend = (to.x - from.x) / 2.0;
        let start = if at == 0 { "M" } else { "L" };
        let _ = write!(
            d,
            "{start}{:.1} {:.1}C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}",
            from.x,
            from.y,
            from.x + bend,
            from.y,
            to.x - bend,
            to.y,
            to.x,
            to.y
        );
    }
    d
}

fn about(edge: &Edge) -> String {
    let mut facts = vec![edge.grade.word().to_owned()];
    facts.extend(edge.why.iter().map(|why| why.replace('-', " ")));
    facts.extend(edge.site.as_ref().map(label::place));
    facts.join("\n")
}

/// Text for XML. Characters that XML does not know at all have been made visible before.
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) && !text.contains(is_no_xml) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            _ if is_no_xml(c) => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Characters outside of XML 1.0's `Char`.
fn is_no_xml(c: char) -> bool {
    (c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}')
}
