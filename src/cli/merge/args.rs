//! The arguments of `gotriage merge`; what is told is asked for as in `gotriage scan`.

use super::MergeSettings;
use crate::cli::scan::args::AnswerArgs;
use clap::{Args, ValueHint};
use std::path::PathBuf;

/// The merge.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  # Two halves, one answer: as one scan of both would have printed it
  gotriage merge a.jsonl b.jsonl

  # One scan for each directory, four at a time
  ls -d /srv/logs/*/ | parallel -j4 'gotriage scan --format jsonl {} > {#}.jsonl'
  gotriage merge *.jsonl

  # Merged parts can be merged again
  gotriage merge --format jsonl monday.jsonl tuesday.jsonl > week.jsonl")]
pub struct MergeArgs {
    /// What gotriage scan --format jsonl wrote; `-` is standard input
    ///
    /// Compressed or not, in any order and grouping. An incident that stands in several of them counts once. Redacted results can be
    /// merged where they were made with one --redact-key.
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// Time and form.
    #[command(flatten)]
    answer: AnswerArgs,
}

impl MergeArgs {
    /// As plain settings.
    pub fn settings(&self) -> MergeSettings {
        MergeSettings {
            files: self.files.clone(),
            answer: self.answer.settings(),
        }
    }
}
