//! Arguments of `gotriage map …`.
//!
//! Part of the one definition in [`super::super::args`]; read there how settings are made of arguments.

use crate::cli::args::{ColourArg, MAX_WIDTH};
use crate::gomap::target::Arch;
use crate::goruntime::version::GoBuild;
use crate::render::MIN_WIDTH;
use clap::{Args, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;

/// What there is to know about maps.
#[derive(Debug, Subcommand)]
pub enum MapCommand {
    /// Show where every byte of a map lies
    Layout(LayoutArgs),
    /// Find the bucket or slot of a key, or the field at an address
    Locate(Box<LocateArgs>),
}

/// Which Go, on which machine.
#[derive(Debug, Args)]
pub struct TargetArgs {
    /// Go version, as the program says it, such as 1.23.9
    ///
    /// With the experiment where there is one: "go1.24.11 X:noswissmap", go1.27.3-X:mapsplitgroup. A snapshot knows its own.
    #[arg(long, value_name = "VERSION", help_heading = "Program")]
    pub go: Option<GoBuild>,
    /// Machine, as GOARCH names it
    ///
    /// amd64, arm64, 386, arm, loong64, mips64le, mipsle, ppc64le, riscv64 or wasm. Sizes and hashes depend on it. Default: amd64.
    #[arg(long, value_name = "GOARCH", help_heading = "Program")]
    pub arch: Option<Arch>,
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
    /// Colours in the text
    ///
    /// `auto` colours on a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE colours everywhere.
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        help_heading = "Output"
    )]
    pub color: ColourArg,
    /// Show long lists in full
    ///
    /// They are folded in the text by default. JSON is never folded.
    #[arg(long, help_heading = "Output")]
    pub all: bool,
    /// Columns of the text
    ///
    /// By default the width of the terminal, or COLUMNS where it is set, or 80 into a file or pipe. At least 20.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(MIN_WIDTH as u64..=MAX_WIDTH), help_heading = "Output")]
    pub width: Option<u64>,
}

/// Forms of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ShowFormat {
    /// For terminals.
    Text,
    /// For programs.
    Json,
}

/// What a process hashes with.
#[derive(Debug, Args)]
pub struct SecretArgs {
    /// File with the secrets of the process's hash: a snapshot
    ///
    /// In the form of gotriage.map-snapshot/1. Maps in it are not used here.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Secrets")]
    pub secrets: Option<PathBuf>,
    /// The variable aeskeysched, 256 hexadecimal digits
    ///
    /// 128 bytes of the package runtime, from Go 1.27 of internal/runtime/maps. In a core: gdb BIN CORE, then x/128xb
    /// &'runtime.aeskeysched'. Used where the machine hashes with AES.
    #[arg(long, value_name = "HEX", help_heading = "Secrets")]
    pub aeskeysched: Option<String>,
    /// The variable hashkey, four words with commas
    ///
    /// Used where the machine hashes without AES, which is then assumed unless --aeskeysched is given too. In a core: x/4gx
    /// &'runtime.hashkey'. Example: --hashkey 0x1f,0x2b,0x35,0x47
    #[arg(long, value_name = "WORDS", value_delimiter = ',', value_parser = word, help_heading = "Secrets")]
    pub hashkey: Vec<u64>,
    /// The map's own seed: hash0, or seed from Go 1.24
    ///
    /// hash0 is a 32-bit word at offset 12 of the hmap (8 on 32-bit machines), seed the second word of a Swiss map's header.
    #[arg(
        long,
        visible_alias = "hash0",
        value_name = "WORD",
        value_parser = word,
        help_heading = "Secrets"
    )]
    pub seed: Option<u64>,
}

/// Layouts.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gotriage map layout 'map[string]int'
  gotriage map layout 'map[struct{a int32; b string}]float64' --go 1.23
  gotriage map layout 'map[[16]byte]*T' --go 1.27 --format json")]
pub struct LayoutArgs {
    /// Map type, as Go writes it
    ///
    /// What a pointer points to does not matter; other named types have to be written out: map[struct{a int; b string}]int.
    #[arg(value_name = "TYPE")]
    pub map_type: String,
    /// Build and machine.
    #[command(flatten)]
    pub target: TargetArgs,
    /// Output.
    #[command(flatten)]
    pub show: ShowArgs,
}

/// Places.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  # A snapshot of a process's maps
  gotriage map locate --snapshot gotriage-snapshot.json --map sessions --key '\"abc\"'
  gotriage map locate --snapshot gotriage-snapshot.json --addr 0xc0007b6838

  # Many questions at once, a line of JSON each
  gotriage map locate --snapshot gotriage-snapshot.json --queries questions.jsonl

  # Fields read by hand
  gotriage map locate --go 1.23.9 --type 'map[string]int' --key '\"abc\"' --secrets secrets.json \\
      --seed 0x5bd1e995 --field B=5 --field oldbuckets=0x0

  # Only an address of a race report: what it can be
  gotriage map locate --go 1.27 --type 'map[string]int64' --addr 0x3617a5556098")]
pub struct LocateArgs {
    /// Snapshot of a process's maps: gotriage.map-snapshot/1
    ///
    /// JSON with the process's secrets and the fields of its maps; `-` is standard input.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["map_type", "field"], help_heading = "Map")]
    pub snapshot: Option<PathBuf>,
    /// Map of the snapshot, by its name or header address
    ///
    /// Not needed where the snapshot has one map; for --addr all maps are tried.
    #[arg(long, value_name = "NAME", requires = "snapshot", help_heading = "Map")]
    pub map: Option<String>,
    /// Map type, where there is no snapshot
    ///
    /// As Go writes it: 'map[string]int'. With --go and, for keys, the secrets, --seed and --field.
    #[arg(long = "type", value_name = "TYPE", help_heading = "Map")]
    pub map_type: Option<String>,
    /// A field of the map's header, where there is no snapshot
    ///
    /// NAME=VALUE, by the snapshot format's names. Classic: header, flags, B, buckets, oldbuckets, nevacuate. Swiss: header, dir_ptr, dir_len,
    /// global_depth, and of the one table: groups, capacity, ctrls. Example: --field B=5 --field buckets=0xc000100000
    #[arg(long, value_name = "FIELD", value_parser = field, help_heading = "Map")]
    pub field: Vec<(String, String)>,
    /// Key, as a Go literal or hex:BYTES; may be repeated
    ///
    /// \"abc\", 42, -1, 'x', 1.5, true, nil, [16]byte{…}, struct{…}{…}, {a: 1, b: \"x\"}, hex:00ff…. Quote it for the shell.
    #[arg(
        long,
        value_name = "LITERAL",
        allow_hyphen_values = true,
        help_heading = "Questions"
    )]
    pub key: Vec<String>,
    /// Address to name the field of; may be repeated
    ///
    /// Of a race report, a fault, a watchpoint. Several addresses without known bases are taken for ones of the same array.
    #[arg(long, value_name = "ADDRESS", value_parser = word, help_heading = "Questions")]
    pub addr: Vec<u64>,
    /// File of questions, a line of JSON each; `-` is standard input
    ///
    /// Answers are lines of JSON in the same order, whatever --format says.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "snapshot", help_heading = "Questions")]
    pub queries: Option<PathBuf>,
    /// Build and machine.
    #[command(flatten)]
    pub target: TargetArgs,
    /// Secrets.
    #[command(flatten)]
    pub secrets: SecretArgs,
    /// Output.
    #[command(flatten)]
    pub show: ShowArgs,
}

/// An address or word: 0x and hexadecimal digits, or a decimal number.
fn word(text: &str) -> Result<u64, String> {
    let parsed = match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(&digits.replace('_', ""), 16),
        None => text.parse(),
    };
    parsed.map_err(|_| {
        format!("\"{text}\" is no word of 64 bits; write 0xc000012345, or a decimal number")
    })
}

/// `B=5`
fn field(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => {
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err(format!(
            "\"{text}\" is no field; write NAME=VALUE, such as B=5 or buckets=0xc000100000"
        )),
    }
}
