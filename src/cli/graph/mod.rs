//! `gotriage graph`: one incident as a picture.

pub mod args;

use super::analyse::with_traces;
use super::exit::Exit;
use super::output;
use super::progress::Progress;
use super::read::{self, ReadSettings};
use crate::render::graph::{GraphFormat, graphviz, write};
use crate::triage::Options;
use crate::triage::graph::report::GraphReport;
use crate::triage::graph::{GraphOptions, graph};
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// What the user asked for.
#[derive(Debug)]
pub struct GraphSettings {
    /// Inputs and limits.
    pub read: ReadSettings,
    /// What steers the analysis.
    pub options: Options,
    /// What to draw.
    pub graph: GraphOptions,
    /// Form of the graph; by the ending of the file where not set.
    pub format: Option<GraphFormat>,
    /// Who draws an SVG.
    pub layout: Layout,
    /// The file to write; none for stdout.
    pub output: Option<PathBuf>,
    /// An existing file is overwritten.
    pub force: bool,
}

/// Who draws an SVG.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// This program.
    Own,
    /// `dot`.
    Graphviz,
    /// `dot` where it is installed.
    Auto,
}

/// Reads, analyses, draws.
pub fn run(settings: &GraphSettings) -> Exit {
    let progress = Progress::new();
    let inputs = read::all(&settings.read, &progress);
    if inputs.sources.is_empty() {
        progress.finish();
        return Exit::Incomplete;
    }
    let drawn = with_traces(&inputs.sources, None, &progress, |evidence, traces| {
        let mut documents = evidence.documents.iter();
        let dumped = documents.any(|document| !document.goroutines.is_empty());
        let drawn = graph(evidence, traces, &settings.options, settings.graph);
        drawn.map(|graph| (graph, dumped))
    });
    progress.finish();
    let Some((graph, dumped)) = drawn else {
        output::complain("there is no incident of that number; the report counts them from 1");
        return Exit::Incomplete;
    };
    if graph.incident == 0 {
        output::complain("nothing can be drawn: nothing from Go was recognised");
        return match inputs.incomplete {
            true => Exit::Incomplete,
            false => Exit::Nothing,
        };
    }
    if graph.nodes.is_empty() && !dumped {
        output::complain(
            "nothing can be drawn: graphs are made of dumps (debug=2, SIGQUIT, a crash) and, but for --kind wait, of execution traces; goroutines of profiles are not drawn",
        );
        return Exit::Nothing;
    }
    for note in graph.notes.iter().filter(|_| graph.edges.is_empty()) {
        output::complain(note);
    }
    match draw(&graph, settings) {
        Ok(bytes) if put(&bytes, settings) && !inputs.incomplete => Exit::Analysed,
        Ok(_) => Exit::Incomplete,
        Err(cause) => {
            output::complain(&cause);
            Exit::Incomplete
        }
    }
}

fn put(bytes: &[u8], settings: &GraphSettings) -> bool {
    match &settings.output {
        Some(path) => output::file(path, bytes, settings.force),
        None => output::print(|out| out.write_all(bytes)),
    }
}

fn draw(graph: &GraphReport, settings: &GraphSettings) -> Result<Vec<u8>, String> {
    let format = settings.format.unwrap_or_else(|| by_ending(settings));
    let bytes = |format| {
        let mut bytes = Vec::new();
        let written = write(graph, format, &mut bytes);
        written.map_err(|cause| cause.to_string()).map(|()| bytes)
    };
    if format != GraphFormat::Svg || settings.layout == Layout::Own {
        return bytes(format);
    }
    match by_graphviz(&bytes(GraphFormat::Dot)?) {
        Ok(svg) => Ok(svg),
        Err(cause) if settings.layout == Layout::Auto && cause.kind() == ErrorKind::NotFound => {
            bytes(format)
        }
        Err(cause) if cause.kind() == ErrorKind::NotFound => {
            Err("dot is not installed; install Graphviz, or leave out --layout graphviz".to_owned())
        }
        Err(cause) => Err(format!("dot: {cause}")),
    }
}

/// The format that the ending of the file means; DOT for others and for stdout.
fn by_ending(settings: &GraphSettings) -> GraphFormat {
    let path = settings.output.as_deref();
    match path.and_then(|path| path.extension()?.to_str()) {
        Some("svg") => GraphFormat::Svg,
        Some("json") => GraphFormat::Json,
        Some("mmd" | "mermaid") => GraphFormat::Mermaid,
        _ => GraphFormat::Dot,
    }
}

/// What `dot -Tsvg` draws, dressed for light and dark.
fn by_graphviz(source: &[u8]) -> io::Result<Vec<u8>> {
    let mut dot = Command::new("dot")
        .arg("-Tsvg")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()?;
    // dot reads all of its input before it writes: neither pipe can fill up while the other waits.
    if let Some(mut stdin) = dot.stdin.take() {
        stdin.write_all(source)?;
    }
    let drawn = dot.wait_with_output()?;
    if !drawn.status.success() {
        return Err(io::Error::other(format!("ended with {}", drawn.status)));
    }
    Ok(graphviz::dressed(&String::from_utf8_lossy(&drawn.stdout)).into_bytes())
}
