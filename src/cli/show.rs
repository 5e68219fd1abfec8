//! Results that are a sheet of text or a JSON value: the arguments that say how they are printed, and the printing.
//!
//! [`ShowArgs`] serves the commands of `gotriage map` and `gotriage trace`; reports have formats of their own and share [`PageArgs`].

use super::args::{ColourArg, MAX_WIDTH};
use super::exit::Exit;
use super::output::{self, Colour, OutputFormat};
use crate::render::sheet::Block;
use crate::render::{Format, MIN_WIDTH, escape, sheet};
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::io;

/// How text looks.
#[derive(Debug, Args)]
pub struct PageArgs {
    /// Colours in the text
    ///
    /// `auto` colours on a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE colours everywhere.
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        help_heading = "Output"
    )]
    color: ColourArg,
    /// Columns of the text
    ///
    /// By default the width of the terminal, or COLUMNS where it is set, or 80 into a file or pipe. At least 20.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(MIN_WIDTH as u64..=MAX_WIDTH), help_heading = "Output")]
    width: Option<u64>,
}

impl PageArgs {
    /// When to colour.
    pub fn colour(&self) -> Colour {
        self.color.into()
    }

    /// Columns, if set.
    pub fn width(&self) -> Option<usize> {
        self.width.and_then(|width| usize::try_from(width).ok())
    }
}

/// How results are printed.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Form of the result
    ///
    /// `text` is for a terminal, `json` for programs.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        help_heading = "Output"
    )]
    pub format: ShowFormat,
    /// Show long lists in full
    ///
    /// They are folded in the text by default. JSON is never folded.
    #[arg(long, help_heading = "Output")]
    pub all: bool,
    /// Colours and width.
    #[command(flatten)]
    page: PageArgs,
}

/// Forms of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ShowFormat {
    /// For terminals.
    Text,
    /// For programs.
    Json,
}

impl ShowArgs {
    /// Prints the blocks as text, or the value as JSON.
    pub fn print(&self, result: &impl Serialize, blocks: impl FnOnce() -> Vec<Block>) -> Exit {
        let format = match self.format {
            ShowFormat::Text => OutputFormat::Text,
            ShowFormat::Json => OutputFormat::Json,
        };
        let printed = match output::format(format, self.page.colour(), self.page.width(), self.all)
        {
            Format::Text(options) => output::print(|out| sheet::write(&blocks(), options, out)),
            _ => output::print(|out| {
                let text = serde_json::to_string_pretty(result).map_err(io::Error::other)?;
                writeln!(out, "{}", escape::json(&text))
            }),
        };
        match printed {
            true => Exit::Analysed,
            false => Exit::Incomplete,
        }
    }
}
