//! The arguments of `gotriage graph`; see [`crate::cli::shared`] for those that others take, too.

use super::{GraphSettings, Layout};
use crate::cli::shared::InputArgs;
use crate::render::graph::GraphFormat;
use crate::triage::graph::GraphOptions;
use crate::triage::graph::report::GraphKind;
use clap::{Args, ValueEnum, ValueHint};
use std::path::PathBuf;

/// With more nodes no layout ends in time, and no reader.
const MAX_NODES: u64 = 1_000;

/// The pictures.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  # A picture for the ticket
  gotriage graph crash.log -o creation.svg
  gotriage graph --kind conflict crash.log -o conflict.svg

  # For Markdown on a code host, for Graphviz, for a script
  gotriage graph --kind wait --format mermaid goroutines.txt
  gotriage graph --kind wake trace.out -o wake.svg
  gotriage graph crash.log | dot -Tpng > creation.png
  gotriage graph --format json crash.log | jq '.nodes[] | select(.crashed)'")]
pub struct GraphArgs {
    /// Inputs.
    #[command(flatten)]
    input: InputArgs,
    /// What to draw: who created whom, fought, waits or woke
    ///
    /// `creation` leads from creators to what they created, `conflict` from the goroutine that noticed over the map to the other
    /// parties, `wait` from waiting goroutines to locks and channels and on to those that hold them, `wake` from those who woke others
    /// to the woken, with counts and reasons. `wake` is made of an execution trace, the others of a dump; without one, `creation` and
    /// `conflict` are made of a trace as well.
    #[arg(
        long,
        value_name = "KIND",
        default_value = "creation",
        help_heading = "Graph"
    )]
    kind: KindArg,
    /// Take the incident with this number, counted from 1
    ///
    /// By default the first one that has anything to draw. The report numbers its incidents.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Graph")]
    incident: Option<u32>,
    /// Draw at most this many nodes
    ///
    /// Goroutines that look alike and come from alike creators share a node. What still finds no room is counted, the smallest
    /// first; the goroutine that died and the parties of conflicts always stand alone. Default: 40; more than some hundred nobody
    /// can read.
    #[arg(long, value_name = "N", default_value = "40", hide_default_value = true, value_parser = clap::value_parser!(u64).range(4..=MAX_NODES), help_heading = "Graph")]
    nodes: u64,
    /// Form of the graph; by default what the file's ending says
    ///
    /// `dot` is for Graphviz, `mermaid` for Markdown on code hosts, `svg` a picture for browsers, light or dark as they prefer, and
    /// `json` for programs: the schema gotriage.graph/1. Without it a file's ending decides (.svg, .json, .mmd), and DOT is written
    /// where that says nothing.
    #[arg(long, value_name = "FORMAT", help_heading = "Output")]
    format: Option<GraphFormatArg>,
    /// Who draws an SVG
    ///
    /// `own` is this program, `graphviz` its command `dot`, which has to be installed, `auto` whichever is there, Graphviz first.
    #[arg(
        long,
        value_name = "WHO",
        default_value = "own",
        help_heading = "Output"
    )]
    layout: LayoutArg,
    /// Write to this file instead of standard output
    ///
    /// An existing file is kept unless --force is given.
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    output: Option<PathBuf>,
    /// Overwrite the file of --output
    ///
    /// Without it an existing file is an error.
    #[arg(long, requires = "output", help_heading = "Output")]
    force: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum KindArg {
    Creation,
    Conflict,
    Wait,
    Wake,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum GraphFormatArg {
    Dot,
    Mermaid,
    Json,
    Svg,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LayoutArg {
    Own,
    Graphviz,
    Auto,
}

impl GraphArgs {
    /// As plain settings.
    pub fn settings(&self) -> GraphSettings {
        GraphSettings {
            read: self.input.settings(),
            options: self.input.options(),
            graph: GraphOptions {
                kind: match self.kind {
                    KindArg::Creation => GraphKind::Creation,
                    KindArg::Conflict => GraphKind::Conflict,
                    KindArg::Wait => GraphKind::Wait,
                    KindArg::Wake => GraphKind::Wake,
                },
                incident: self.incident,
                most: usize::try_from(self.nodes).unwrap_or(usize::MAX),
            },
            format: self.format.map(|format| match format {
                GraphFormatArg::Dot => GraphFormat::Dot,
                GraphFormatArg::Mermaid => GraphFormat::Mermaid,
                GraphFormatArg::Json => GraphFormat::Json,
                GraphFormatArg::Svg => GraphFormat::Svg,
            }),
            layout: match self.layout {
                LayoutArg::Own => Layout::Own,
                LayoutArg::Graphviz => Layout::Graphviz,
                LayoutArg::Auto => Layout::Auto,
            },
            output: self.output.clone(),
            force: self.force,
        }
    }
}
