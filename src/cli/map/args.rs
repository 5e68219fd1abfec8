//! Arguments of `gotriage map …`.
//!
//! Part of the one definition in [`super::super::args`]; read there how settings are made of arguments.

use super::explain::Operations;
use crate::cli::show::ShowArgs;
use crate::gomap::interleave::{Fill, Keys};
use crate::gomap::probe::{Debugger, Place};
use crate::gomap::target::Arch;
use crate::goruntime::version::GoBuild;
use clap::{Args, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;

/// What there is to know about maps.
#[derive(Debug, Subcommand)]
pub enum MapCommand {
    /// Show where every byte of a map lies
    Layout(LayoutArgs),
    /// Find the bucket or slot of a key, or the field at an address
    Locate(Box<LocateArgs>),
    /// Tell when a map grows, or replay what writes do to it
    Grow(Box<GrowArgs>),
    /// Say what two goroutines can do to each other on one map
    Explain(ExplainArgs),
    /// Print a debugger script that collects a map snapshot
    Probe(ProbeArgs),
}

/// Which Go, on which machine.
#[derive(Debug, Args)]
pub struct TargetArgs {
    /// Go version, as the program says it, such as 1.23.9
    ///
    /// With the experiment where there is one: "go1.24.11 X:noswissmap", go1.27.3-X:mapsplitgroup. A snapshot knows its own, as does a
    /// file of secrets; another one is refused.
    #[arg(long, value_name = "VERSION", help_heading = "Program")]
    pub go: Option<GoBuild>,
    /// Machine, as GOARCH names it
    ///
    /// amd64, arm64, 386, arm, loong64, mips64le, mipsle, ppc64le, riscv64 or wasm. Sizes and hashes depend on it. Default: that of the
    /// snapshot or file of secrets, or amd64.
    #[arg(long, value_name = "GOARCH", help_heading = "Program")]
    pub arch: Option<Arch>,
}

/// What a process hashes with.
#[derive(Debug, Args)]
pub struct SecretArgs {
    /// File with the secrets of the process's hash: a snapshot
    ///
    /// In the form of gotriage.map-snapshot/1. Version and machine are taken from it as well; maps in it are not used here.
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
    /// Used where the machine hashes without AES. Up to Go 1.26 it is zero where AES is used, so that words that are not zero tell
    /// it; from 1.27 it is filled in any case: add --use-aes. In a core: x/4gx &'runtime.hashkey', from Go 1.27
    /// &'internal/runtime/maps.hashkey'. Example: --hashkey 0x1f,0x2b,0x35,0x47
    #[arg(long, value_name = "WORDS", value_delimiter = ',', value_parser = word, help_heading = "Secrets")]
    pub hashkey: Vec<u64>,
    /// Whether the process hashes with AES instructions
    ///
    /// The variable runtime.useAeshash, from Go 1.27 internal/runtime/maps.UseAeshash. Not needed with --aeskeysched, which is
    /// zero where AES is not used. Nearly every amd64 and arm64 machine has AES; GODEBUG=cpu.aes=off turns it off.
    #[arg(long, value_name = "WHETHER", help_heading = "Secrets")]
    pub use_aes: Option<YesNo>,
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

/// Of what is one way or the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum YesNo {
    Yes,
    No,
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
    /// "abc", 42, -1, 'x', 1.5, true, nil, [16]byte{…}, struct{…}{…}, {a: 1, b: "x"}, hex:00ff…. Quote it for the shell.
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
    /// Answers are lines of JSON in the same order, whatever --format says. All questions stand in the file: --key, --addr and --map
    /// do not go with it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "snapshot", conflicts_with_all = ["key", "addr", "map"], help_heading = "Questions")]
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

/// Growth.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  # When a map grows on its way to 100,000 entries, and what it weighs then
  gotriage map grow 'map[string]int' --inserts 100000 --go 1.23
  gotriage map grow 'map[string]int' --inserts 100000 --hint 50000

  # Where each write lands: does the third hit the second bucket?
  gotriage map grow 'map[string]int' --go 1.23.9 --keys writes.txt --secrets secrets.json --seed 0x5bd1e995
  gotriage map grow --snapshot gotriage-snapshot.json --map sessions --key '\"abc\"' --key '\"abd\"'

A file of writes:
  # an insert or update is the key alone
  \"alpha\"
  delete \"alpha\"
  clear
  seed 0x5bd1e995")]
pub struct GrowArgs {
    /// Map type, as Go writes it
    ///
    /// What a pointer points to does not matter; other named types have to be written out: map[struct{a int; b string}]int. Left out
    /// with --snapshot, which knows the type.
    #[arg(value_name = "TYPE", required_unless_present = "snapshot")]
    pub map_type: Option<String>,
    /// Snapshot that knows the type, the secrets and the seed
    ///
    /// In the form of gotriage.map-snapshot/1; `-` is standard input. The entries of its map are not used: the writes have to be all
    /// since the map was made; the end of the replay is compared with it. Its seed is that of now; a map that was empty in between had
    /// another before, which a line `seed WORD` tells.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "map_type", help_heading = "Map")]
    pub snapshot: Option<PathBuf>,
    /// Map of the snapshot, by its name or header address
    ///
    /// Not needed where the snapshot has one map.
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with = "map_type",
        help_heading = "Map"
    )]
    pub map: Option<String>,
    /// The number of entries that make was told
    ///
    /// make(map[K]V, N). A map literal passes as many as it has entries. Go takes a negative number for none. Default: 0, as in
    /// map[K]V{} and make without a number.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = hint, help_heading = "Map")]
    pub hint: Option<i128>,
    /// Plan for so many inserts of distinct new keys
    ///
    /// Without it: as many entries as the map of the writes has at most, or else as the hint.
    #[arg(long, value_name = "N", help_heading = "Writes")]
    pub inserts: Option<u64>,
    /// File of writes to replay, one a line; `-` is standard input
    ///
    /// A key as a Go literal or hex:BYTES is an insert or update. `delete KEY` and `clear` are what they are in Go. `seed WORD` tells the
    /// seed that the map has had since it became empty, or in front of all writes since it was made. Empty lines and those that begin with # are skipped.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Writes")]
    pub keys: Option<PathBuf>,
    /// Key to insert, as a Go literal or hex:BYTES; may be repeated
    ///
    /// In the order given, behind the writes of --keys. "abc", 42, -1, 'x', 1.5, true, nil, [16]byte{…}, struct{…}{…}, hex:00ff….
    /// Quote it for the shell.
    #[arg(
        long,
        value_name = "LITERAL",
        allow_hyphen_values = true,
        help_heading = "Writes"
    )]
    pub key: Vec<String>,
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

/// Interleavings.
#[derive(Debug, Args)]
#[command(after_help = "\
Operations:
  write     m[k] = v, m[k]++: insert or update, whichever it is
  insert    m[k] = v of a key that is not there yet
  update    m[k] = v of a key that is there
  delete    delete(m, k)
  clear     clear(m)
  read      m[k]
  iterate   range m
  clone     maps.Clone(m)

Examples:
  # Two goroutines write: who dies, what breaks, in every state of the map
  gotriage map explain write write --go 1.23.9

  # One state of the map, step by step
  gotriage map explain insert delete --go 1.27 --keys apart --fill room")]
pub struct ExplainArgs {
    /// What goroutine A does: write, insert, update, delete, clear, read, …
    ///
    /// write (insert or update), insert, update, delete, clear, read, iterate or clone. Go's own words are known too: assign, range.
    #[arg(value_name = "OPERATION")]
    pub a: Operations,
    /// What goroutine B does, likewise
    ///
    /// The same words. Which of the two is called A makes no difference but to the number of orders in the JSON.
    #[arg(value_name = "OTHER")]
    pub b: Operations,
    /// Go version, as the program says it, such as 1.23.9
    ///
    /// With the experiment where there is one: "go1.24.11 X:noswissmap". Default: the newest that is known.
    #[arg(long, value_name = "VERSION", help_heading = "Program")]
    pub go: Option<GoBuild>,
    /// How the keys lie to each other: same, same-place or apart
    ///
    /// same: one key. same-place: two keys in one bucket or group. apart: two keys in different ones. With this or --fill one state of
    /// the map is told step by step; default then: same-place.
    #[arg(long, value_name = "RELATION", help_heading = "Map")]
    pub keys: Option<Keys>,
    /// What is in the map: empty, small, …, room, full, growing
    ///
    /// empty: nothing ever. small: a few entries in the only bucket or group. small-last: seven there. small-full: eight there. room:
    /// several buckets or groups with room. full: several, and one more entry makes it grow. split: one more entry splits a table and
    /// doubles the directory (Swiss maps only). growing: growth under way, the keys' bucket still to be evacuated; evacuated: their
    /// bucket is, another is not (both classic only). With this or --keys one state of the map is told step by step; default then: room.
    #[arg(long, value_name = "STATE", help_heading = "Map")]
    pub fill: Option<Fill>,
    /// Output.
    #[command(flatten)]
    pub show: ShowArgs,
}

/// Debugger scripts.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  # A core: the secrets of the hash, and a map by its variable
  gotriage map probe --debugger gdb --map main.sessions > probe.gdb
  gdb BINARY CORE -batch -x probe.gdb
  gotriage map locate --snapshot gotriage-snapshot.json --key '\"abc\"'

  # A map by the header in a crash's frames: runtime.mapassign_faststr(0x4b1, 0xc000012d80, …)
  gotriage map probe --debugger gdb --map 0xc000012d80='map[string]int' > probe.gdb

  # A live process: it stands still while delve reads
  gotriage map probe --debugger dlv --map main.server.users > probe.star")]
pub struct ProbeArgs {
    /// Which debugger the script is for
    ///
    /// gdb needs Python in it, as most have, and reads programs without debug information too; dlv is delve, and needs it.
    #[arg(long, value_name = "DEBUGGER", help_heading = "Debugger")]
    pub debugger: DebuggerArg,
    /// Map: header address or variable, =TYPE behind; may be repeated
    ///
    /// 0xc000012d80='map[string]int': the header, as system-level tracebacks and gotriage's step 3 name it, with its type. main.sessions
    /// or main.server.users: a variable, which the debugger looks up; =TYPE where it has no debug information (-ldflags=-w), and with dlv
    /// where types have names. Without any, the script collects the secrets of the hash alone.
    #[arg(long, value_name = "PLACE", value_parser = super::probe::place, help_heading = "Map")]
    pub map: Vec<(Place, Option<String>)>,
    /// Name of the map in the snapshot; once for each --map, in order
    ///
    /// By this name `gotriage map locate --map NAME` finds it. Default: the variable or address.
    #[arg(long, value_name = "NAME", help_heading = "Map")]
    pub name: Vec<String>,
    /// Go version, for a binary that no longer tells its own
    ///
    /// What the process says of itself comes first. With the experiment where there is one: "go1.24.11 X:noswissmap".
    #[arg(long, value_name = "VERSION", help_heading = "Program")]
    pub go: Option<GoBuild>,
}

/// Debuggers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DebuggerArg {
    /// GNU gdb.
    Gdb,
    /// Delve.
    Dlv,
}

impl From<DebuggerArg> for Debugger {
    fn from(debugger: DebuggerArg) -> Self {
        match debugger {
            DebuggerArg::Gdb => Debugger::Gdb,
            DebuggerArg::Dlv => Debugger::Delve,
        }
    }
}

/// An address or word: 0x and hexadecimal digits, or a decimal number.
pub(super) fn word(text: &str) -> Result<u64, String> {
    let parsed = match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(&digits.replace('_', ""), 16),
        None => text.parse(),
    };
    parsed.map_err(|_| {
        format!("\"{text}\" is no word of 64 bits; write 0xc000012345, or a decimal number")
    })
}

/// A number of Go's int, or of a uint64 that `make` is given as well.
fn hint(text: &str) -> Result<i128, String> {
    let range = i128::from(i64::MIN)..=i128::from(u64::MAX);
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| format!("\"{text}\" is no number of entries; write 5000"))
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
