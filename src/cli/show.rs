//! Results that are a sheet of text or a JSON value: the arguments that say how they are printed, and the printing.
//!
//! [`ShowArgs`] serves the commands of `gotriage map` and `gotriage trace`; reports have formats of their own.

use super::exit::Exit;
use super::output::{self, OutputFormat};
use super::shared::PageArgs;
use crate::render::sheet::Block;
use crate::render::{Format, escape, sheet};
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::io;

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
        let printed = match self.page.settings().format(format, self.all) {
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
