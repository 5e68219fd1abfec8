//! The arguments of `gotriage scan`, and those it shares with `gotriage merge`.

use super::output::{Answer, ScanFormat};
use super::{ScanSettings, bounds};
use crate::cli::redact::args::RedactArgs;
use crate::cli::shared::{GradeArg, PageArgs, size};
use crate::input::archive::Limits;
use crate::input::walk::Choice;
use crate::triage::fingerprint::Fingerprint;
use clap::{Args, ValueHint};
use globset::{Glob, GlobSet, GlobSetBuilder};
use std::path::PathBuf;

/// The scan.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  # Which crashes are there, how often, since when
  gotriage scan /var/log/pods incidents-2026.tar.zst

  # Last week's, without access logs
  gotriage scan --since 7d --exclude '**/access*' /srv/logs

  # The report on one of them
  gotriage scan --show 3f0c9a1be2d47765 /srv/logs

  # For a script, for a spreadsheet, for a ticket
  gotriage scan --format jsonl /srv/logs | jq 'select(.fingerprint) | .verdict.headline'
  gotriage scan --format csv /srv/logs > crashes.csv
  gotriage scan --format markdown /srv/logs

  # In parts, on several machines or at several times; see gotriage merge --help
  gotriage scan --format jsonl /srv/logs/a > a.jsonl
  gotriage scan --format jsonl /srv/logs/b > b.jsonl
  gotriage merge a.jsonl b.jsonl

  # For others: without tenants, users, tokens; the key lets parts be merged
  gotriage scan --redact --redact-key ~/.gotriage-key --format html /srv/logs > crashes.html

With --redact, paths and texts are cleaned. Crashes keep their fingerprint where a line of code is known, which is nearly always; without
one it is made of what is left of the message. --redact=all replaces code, and fingerprints with it: with one key they are the same in
every run. Only with a key can results be merged; addresses, numbers and hosts are then counted within each log.")]
pub struct ScanArgs {
    /// Files, directories and archives; `-` is standard input
    ///
    /// Directories are walked. gzip, zstd, bzip2, xz, tar and zip are recognised by their contents and opened, archives inside archives
    /// too; a member is named archive!member. Links are followed, and a file with several names is read once.
    #[arg(value_name = "PATH", required = true, value_hint = ValueHint::AnyPath)]
    paths: Vec<PathBuf>,
    /// Read only files below a directory that match this glob
    ///
    /// Matched against the path below the directory; `**` stands for any number of directories. May be given several times. Example:
    /// --include '**/*.log*'
    #[arg(long, value_name = "GLOB", value_parser = glob, help_heading = "Input")]
    include: Vec<Glob>,
    /// Leave out files and directories that match this glob
    ///
    /// It counts more than --include. May be given several times. Example: --exclude '**/node_modules'
    #[arg(long, value_name = "GLOB", value_parser = glob, help_heading = "Input")]
    exclude: Vec<Glob>,
    /// Archives inside archives that are opened, the outermost counted
    ///
    /// What stands deeper is left out with a remark, and the exit code is 2. 0 opens none.
    #[arg(long, value_name = "N", default_value_t = Limits::default().max_depth, value_parser = clap::value_parser!(u32).range(..=MAX_DEPTH), help_heading = "Limits")]
    max_depth: u32,
    /// Read at most this much of each compressed file or member
    ///
    /// Bytes after decompression; the suffixes K, M and G count in steps of 1024. The rest is left out with a remark, and the exit code
    /// is 2. Plain files have no limit. Default: 4G.
    #[arg(long, value_name = "SIZE", value_parser = size, help_heading = "Limits")]
    max_member: Option<u64>,
    /// Expansion of a file at which it is taken for a bomb
    ///
    /// Bytes after decompression for each byte of the file, summed over its members; 64M may always come out. The rest is left out with
    /// a remark, and the exit code is 2.
    #[arg(long, value_name = "N", default_value_t = Limits::default().max_ratio, value_parser = clap::value_parser!(u64).range(1..), help_heading = "Limits")]
    max_ratio: u64,
    /// Threads that read and search
    ///
    /// By default one for each core. The answer is the same for any number. With --redact it is one, unless there is a --redact-key.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=MAX_JOBS), help_heading = "Limits")]
    jobs: Option<u64>,
    /// Redaction.
    #[command(flatten)]
    redact: RedactArgs,
    /// Time and form.
    #[command(flatten)]
    pub answer: AnswerArgs,
}

/// Deeper nests are made by nobody; each level costs stack.
const MAX_DEPTH: i64 = 16;

/// More threads than this only wait for each other.
const MAX_JOBS: u64 = 512;

/// What is told of what was found.
#[derive(Debug, Args)]
pub struct AnswerArgs {
    /// Only incidents at or after this time
    ///
    /// By the time stamps in the logs: an RFC 3339 time, a date (UTC), or a span before now such as 7d, 12h or 30m. An incident without
    /// a time stamp is left out with a remark. Example: --since 2026-01-31
    #[arg(long, value_name = "TIME", value_parser = bounds::since, help_heading = "Time")]
    since: Option<i128>,
    /// Only incidents at or before this time
    ///
    /// As --since; a date counts to its end.
    #[arg(long, value_name = "TIME", value_parser = bounds::until, help_heading = "Time")]
    until: Option<i128>,
    /// Form of the answer
    ///
    /// `text` is a table of clusters, `jsonl` has one incident a line, for scripts and `gotriage merge`; `json` is the overview with an
    /// example of each cluster: the schema gotriage.scan/1, which `gotriage schema scan` prints. `csv` is for spreadsheets, `markdown`
    /// for tickets, `html` one file with the report of each example, for a browser.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        help_heading = "Output"
    )]
    format: ScanFormat,
    /// Print the full report on the example of one cluster
    ///
    /// As the default command prints it, in `text`, `markdown` or `json`. The first digits are enough where they tell it from the others.
    #[arg(long, value_name = "FINGERPRINT", value_parser = prefix, help_heading = "Output")]
    show: Option<String>,
    /// Show all clusters and remarks instead of the first ones
    ///
    /// Long tables of the text and Markdown are folded by default. The other forms have everything.
    #[arg(long, help_heading = "Output")]
    all: bool,
    /// Colours and width.
    #[command(flatten)]
    page: PageArgs,
    /// Exit with 1 if a cluster has this grade or a higher one
    ///
    /// The answer is the same. Healthy processes never fail.
    #[arg(long, value_name = "GRADE", help_heading = "Output")]
    fail_on: Option<GradeArg>,
}

impl AnswerArgs {
    /// As plain settings.
    pub fn settings(&self) -> Answer {
        Answer {
            since: self.since,
            until: self.until,
            format: self.format,
            show: self.show.clone(),
            all: self.all,
            page: self.page.settings(),
            fail_on: self.fail_on.map(Into::into),
        }
    }
}

impl ScanArgs {
    /// As plain settings.
    pub fn settings(&self) -> ScanSettings {
        let default = Limits::default();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let asked = self.jobs.and_then(|jobs| usize::try_from(jobs).ok());
        let redact = self.redact.settings();
        // Without a key pseudonyms are counted as they are met: in one order, whatever the machine.
        let counted = redact.as_ref().is_some_and(|redact| redact.key.is_none());
        let asked = if counted { Some(1) } else { asked };
        ScanSettings {
            paths: self.paths.clone(),
            choice: Choice {
                include: set(&self.include),
                exclude: set(&self.exclude),
            },
            limits: Limits {
                max_depth: self.max_depth,
                max_member: self.max_member.unwrap_or(default.max_member),
                max_ratio: self.max_ratio,
            },
            jobs: asked.unwrap_or(cores),
            redact,
            answer: self.answer.settings(),
        }
    }
}

fn glob(text: &str) -> Result<Glob, String> {
    Glob::new(text).map_err(|error| error.to_string())
}

/// Globs that were parsed one by one make a set.
fn set(globs: &[Glob]) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        set.add(glob.clone());
    }
    set.build().unwrap_or_default()
}

/// The beginning of a fingerprint.
fn prefix(text: &str) -> Result<String, String> {
    let whole = format!("{text:0<16}").parse::<Fingerprint>();
    match (text.is_empty(), whole) {
        (false, Ok(_)) => Ok(text.to_ascii_lowercase()),
        (_, Err(why)) => Err(why.to_string()),
        (true, _) => Err("give its first digits at least".to_owned()),
    }
}
