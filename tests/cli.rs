//! The program as users meet it: arguments, files, pipes, messages, exit codes.

#![allow(clippy::expect_used)] // helpers of tests fail as tests do

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// Go 1.23, GOTRACEBACK=single.
const CRASH: &[u8] = b"fatal error: concurrent map writes

goroutine 7 [running]:
main.update(...)
\t/app/main.go:20
main.worker(0x1)
\t/app/main.go:14 +0x45
created by main.main in goroutine 1
\t/app/main.go:9 +0x1c
exit status 2
";

const NOTHING: &[u8] = b"GET / 200\nGET /favicon.ico 404\n";

/// A directory of its own, gone at the end.
struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("gotriage-cli-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a directory");
        Self(path)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).expect("a file");
        path
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn gotriage(arguments: &[impl AsRef<OsStr>]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gotriage"));
    command.args(arguments).stdin(Stdio::null());
    for name in ["COLUMNS", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command
}

fn run(arguments: &[impl AsRef<OsStr>]) -> Output {
    gotriage(arguments).output().expect("gotriage runs")
}

fn start(arguments: &[&str]) -> Child {
    let mut command = gotriage(arguments);
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("gotriage starts")
}

fn pipe(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = start(arguments);
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input).expect("the pipe is read");
    drop(stdin);
    child.wait_with_output().expect("gotriage ends")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("ended by itself")
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).expect("UTF-8")
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).expect("UTF-8")
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).expect("stdout is JSON")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("to memory");
    encoder.finish().expect("to memory")
}

#[test]
fn help_shows_uses_and_exit_codes() {
    for flag in ["-h", "--help"] {
        let help = run(&[flag]);
        assert_eq!(code(&help), 0);
        assert!(stderr(&help).is_empty());
        for part in [
            "debug=2' | gotriage",
            "kubectl logs -p",
            "--fail-on",
            "Exit codes:",
        ] {
            assert!(stdout(&help).contains(part), "{flag}: {part}");
        }
        assert!(
            stdout(&help)
                .lines()
                .all(|line| line.chars().count() <= 100)
        );
    }
    assert!(stdout(&run(&["-h"])).len() < stdout(&run(&["--help"])).len());
    for subcommand in ["repro", "diff", "graph", "schema", "man", "completions"] {
        let help = run(&["help", subcommand]);
        assert_eq!(code(&help), 0);
        assert!(stdout(&help).contains(&format!("Usage: gotriage {subcommand}")));
    }
    assert_eq!(
        stdout(&run(&["--version"])),
        concat!("gotriage ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn wrong_usage_is_exit_2_on_stderr() {
    for arguments in [
        &["--no-such-option"][..],
        &["--format", "yaml"],
        &["--go", "latest", "x"],
        &["--go", "2.0", "x"],
        &["--width", "5"],
        &["--max-bytes", "lots"],
        &["--fail-on", "certain"],
        &["repro", "--force"],
        &["graph", "--kind", "family"],
        &["graph", "--nodes", "1"],
        &["schema", "everything"],
        &["completions", "basic"],
    ] {
        let output = run(arguments);
        assert_eq!(code(&output), 2, "{arguments:?}");
        assert!(stdout(&output).is_empty(), "{arguments:?}");
        assert!(stderr(&output).contains("error:"), "{arguments:?}");
    }
}

#[test]
fn a_file_a_dash_a_pipe_and_a_redirection_say_the_same() {
    let dir = Dir::new("same");
    let path = dir.file("-", CRASH);
    let redirected = gotriage(&["--format", "json"])
        .stdin(std::fs::File::open(&path).expect("opens"))
        .output()
        .expect("gotriage runs");
    let piped = pipe(&["--format", "json"], CRASH);
    let dashed = pipe(&["--format", "json", "-"], CRASH);
    assert_eq!(code(&piped), 0, "{}", stderr(&piped));
    assert_eq!(piped.stdout, dashed.stdout);
    assert_eq!(piped.stdout, redirected.stdout);
    assert_eq!(json(&piped)["inputs"][0]["path"], "-");
    let mut named = json(&run(&[
        OsStr::new("--format"),
        OsStr::new("json"),
        path.as_os_str(),
    ]));
    named["inputs"][0]["path"] = "-".into();
    assert_eq!(named, json(&piped));
}

#[test]
fn the_verdict_is_on_the_first_lines() {
    let output = pipe(&[], CRASH);
    let first: Vec<&str> = stdout(&output).lines().take(4).collect();
    let first = first.join("\n");
    assert!(
        first.contains("map-write-write") && first.contains("/app/main.go:20"),
        "{first}"
    );
    assert!(!stdout(&output).contains('\u{1b}'));
    assert!(stderr(&output).is_empty(), "{}", stderr(&output));
}

#[test]
fn compressed_files_are_read_whatever_their_name() {
    let dir = Dir::new("compressed");
    let zstd = zstd::encode_all(CRASH, 1).expect("to memory");
    for (name, bytes) in [
        ("a.gz", gzip(CRASH)),
        ("b.zst", zstd),
        ("c.log", gzip(CRASH)),
    ] {
        let path = dir.file(name, &bytes);
        let output = run(&[OsStr::new("--format=json"), path.as_os_str()]);
        assert_eq!(code(&output), 0, "{name}");
        assert_eq!(json(&output)["inputs"][0]["bytes"], CRASH.len(), "{name}");
        assert_eq!(
            json(&output)["incidents"][0]["crash"]["goroutine"],
            7,
            "{name}"
        );
    }
    let piped = pipe(&["--format=json"], &gzip(CRASH));
    assert_eq!(json(&piped)["inputs"][0]["bytes"], CRASH.len());
}

#[test]
fn cut_compression_is_analysed_and_noted() {
    let dir = Dir::new("cut");
    let long = [CRASH, &NOTHING.repeat(5_000)].concat();
    let packed = gzip(&long);
    let path = dir.file("cut.gz", &packed[..packed.len() - 12]);
    let output = run(&[OsStr::new("--format=json"), path.as_os_str()]);
    let report = json(&output);
    assert_eq!(report["inputs"][0]["truncated"], true);
    assert_eq!(report["incidents"][0]["crash"]["goroutine"], 7);
    let notes = report["notes"].to_string();
    assert!(
        notes.contains("gzip") && notes.contains("damaged or cut"),
        "{notes}"
    );
}

#[test]
fn a_limit_that_is_reached_is_exit_2_with_a_report() {
    let output = pipe(&["--max-bytes", "300", "--format=json"], &CRASH.repeat(2));
    assert_eq!(code(&output), 2);
    let report = json(&output);
    assert_eq!(report["inputs"][0]["bytes"], 300);
    assert_eq!(report["incidents"][0]["crash"]["goroutine"], 7);
    assert!(report["notes"].to_string().contains("--max-bytes"));
}

#[test]
fn unreadable_files_are_told_and_the_others_analysed() {
    let dir = Dir::new("unreadable");
    let crash = dir.file("crash.log", CRASH);
    let bzip2 = dir.file("old.bz2", b"BZh91AY&SY");
    let missing = dir.0.join("crash.lgo");
    let paths = [
        OsStr::new("--format=json"),
        missing.as_os_str(),
        dir.0.as_os_str(),
        bzip2.as_os_str(),
        crash.as_os_str(),
    ];
    let output = run(&paths);
    assert_eq!(code(&output), 2);
    assert_eq!(json(&output)["incidents"][0]["crash"]["goroutine"], 7);
    assert_eq!(json(&output)["inputs"].as_array().map(Vec::len), Some(1));
    let messages: Vec<&str> = stderr(&output).lines().collect();
    assert_eq!(messages.len(), 3, "{messages:?}");
    assert!(messages.iter().all(|line| line.starts_with("gotriage: ")));
    assert!(messages[0].contains("did you mean") && messages[0].ends_with("crash.log?"));
    assert!(messages[1].contains("a directory; pass the files of one incident"));
    assert!(messages[2].contains("bzip2 -dc"));
}

#[test]
fn without_any_readable_file_there_is_no_report() {
    let output = run(&["/no/such/file"]);
    assert_eq!(code(&output), 2);
    assert!(stdout(&output).is_empty());
    assert_eq!(stderr(&output), "gotriage: /no/such/file: no such file\n");
}

#[test]
fn an_unreadable_snapshot_is_told_and_the_report_goes_on() {
    let dir = Dir::new("snapshot");
    let crash = dir.file("crash.log", CRASH);
    let wrong = dir.file("wrong.json", b"{\"schema\": \"gotriage.report/1\"}");
    for (option, path, why) in [
        ("--snapshot", wrong.as_os_str(), "gotriage.map-snapshot/1"),
        ("--secrets", crash.as_os_str(), "not JSON"),
        ("--snapshot", OsStr::new("-"), "standard input is for logs"),
        ("--secrets", OsStr::new("/no/such/file"), "no such file"),
    ] {
        let output = run(&[
            OsStr::new("--format=json"),
            OsStr::new(option),
            path,
            crash.as_os_str(),
        ]);
        assert_eq!(code(&output), 2, "{option}");
        assert_eq!(json(&output)["incidents"][0]["crash"]["goroutine"], 7);
        let message = stderr(&output);
        assert!(message.starts_with("gotriage: ") && message.contains(why));
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

#[test]
fn secrets_complete_a_snapshot_that_lacks_them() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/maps/map-crash-snapshot");
    let name = |end: &str| corpus.join(format!("go1.23.9-amd64-crash.{end}"));
    let whole = std::fs::read(name("json")).expect("the snapshot");
    let mut bare: serde_json::Value = serde_json::from_slice(&whole).expect("JSON");
    let secrets = bare["secrets"].take();
    let mut only = bare.clone();
    only["maps"] = serde_json::json!([]);
    only["secrets"] = secrets;
    let dir = Dir::new("secrets");
    let bare = dir.file("bare.json", bare.to_string().as_bytes());
    let only = dir.file("only.json", only.to_string().as_bytes());
    let places = |options: &[(&str, &Path)]| {
        let text = name("txt");
        let options = options.iter();
        let options = options.flat_map(|(option, path)| [OsStr::new(option), path.as_os_str()]);
        let fixed = [OsStr::new("--format=json"), text.as_os_str()];
        let output = run(&options.chain(fixed).collect::<Vec<_>>());
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        json(&output)["incidents"][0]["places"].clone()
    };
    let whole = places(&[("--snapshot", &name("json"))]);
    assert!(whole[0]["where"]["bucket"].is_u64(), "{whole}");
    assert_eq!(
        places(&[("--snapshot", &bare), ("--secrets", &only)]),
        whole
    );
    for lacking in [
        places(&[("--snapshot", &bare)]),
        places(&[("--secrets", &only)]),
    ] {
        assert!(lacking[0]["where"].is_null(), "{lacking}");
        assert_eq!(lacking[0]["grade"], "unknown");
    }
}

#[test]
fn names_cannot_drive_the_terminal() {
    let output = run(&["/no/\u{1b}[2Jsuch"]);
    assert!(stderr(&output).contains("\\x1b[2J"));
    assert!(!stderr(&output).contains('\u{1b}'));
}

#[test]
fn nothing_from_go_is_exit_3() {
    for format in ["text", "markdown"] {
        let output = pipe(&["--format", format], NOTHING);
        assert_eq!(code(&output), 3, "{format}");
        let shown = stdout(&output);
        assert!(
            shown.contains("Nothing from Go was recognised"),
            "{format}: {shown}"
        );
        assert!(
            shown.contains("debug=2") && shown.contains("2 lines"),
            "{format}: {shown}"
        );
    }
    assert_eq!(code(&pipe(&["--format=json"], NOTHING)), 3);
    assert_eq!(code(&run(&[] as &[&str])), 3, "an empty standard input");
}

#[test]
fn fail_on_decides_between_0_and_1() {
    assert_eq!(code(&pipe(&["--fail-on", "possible"], CRASH)), 1);
    assert_eq!(code(&pipe(&[], CRASH)), 0);
    assert_eq!(code(&pipe(&["--fail-on", "possible"], NOTHING)), 3);
}

#[test]
fn output_is_the_same_every_time() {
    for format in ["text", "json", "markdown"] {
        let first = pipe(&["--format", format], CRASH);
        assert_eq!(
            first.stdout,
            pipe(&["--format", format], CRASH).stdout,
            "{format}"
        );
        assert!(first.stdout.ends_with(b"\n"), "{format}");
    }
}

#[test]
fn width_and_colour_follow_options_and_environment() {
    let rule = |output: &Output| {
        let mut headings = stdout(output)
            .lines()
            .filter(|line| line.starts_with("Read "));
        headings.next().map(|line| line.chars().count())
    };
    assert_eq!(rule(&pipe(&[], CRASH)), Some(80));
    assert_eq!(rule(&pipe(&["--width", "132"], CRASH)), Some(132));
    assert!(stdout(&pipe(&["--color", "always"], CRASH)).contains('\u{1b}'));
    assert!(!stdout(&pipe(&["--color=always", "--format=json"], CRASH)).contains('\u{1b}'));
}

#[test]
fn a_closed_pipe_ends_quietly() {
    // Long enough for the pipe's buffer to fill: every group in full.
    let mut log = b"goroutine 1 [running]:\nmain.main()\n\t/app/main.go:1 +0x1\n\n".to_vec();
    for id in 2..3_000 {
        let goroutine =
            format!("goroutine {id} [select]:\nmain.f{id}()\n\t/app/f.go:{id} +0x1\n\n");
        log.extend_from_slice(goroutine.as_bytes());
    }
    for arguments in [&["--format=json", "-"][..], &["--all", "-"]] {
        let mut child = start(arguments);
        let mut stdin = child.stdin.take().expect("a pipe");
        let mut shown = child.stdout.take().expect("a pipe");
        stdin.write_all(&log).expect("read");
        drop(stdin);
        shown.read_exact(&mut [0; 10]).expect("a beginning");
        drop(shown);
        let output = child.wait_with_output().expect("ends");
        assert_eq!(code(&output), 0, "{arguments:?}");
        assert!(stderr(&output).is_empty(), "{}", stderr(&output));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    let dir = Dir::new("full");
    let path = dir.file("crash.log", CRASH);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let output = gotriage(&[path])
        .stdout(full.expect("/dev/full"))
        .output()
        .expect("gotriage runs");
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("standard output"));
}

#[test]
fn repro_writes_a_program_and_keeps_what_exists() {
    let dir = Dir::new("repro");
    let crash = dir.file("crash.log", CRASH);
    let main = dir.0.join("main.go");
    let repro = |more: &[&str]| {
        let mut command = gotriage(&["repro"]);
        command.arg(&crash).args(more);
        command.output().expect("gotriage runs")
    };
    let printed = repro(&[]);
    assert_eq!(code(&printed), 0, "{}", stderr(&printed));
    assert!(
        stdout(&printed).starts_with("package main") || stdout(&printed).contains("\npackage main")
    );
    let name = main.to_str().expect("UTF-8");
    let written = repro(&["-o", name]);
    assert_eq!(code(&written), 0);
    assert!(stdout(&written).is_empty() && stderr(&written).contains("go run"));
    assert_eq!(std::fs::read(&main).expect("written"), printed.stdout);
    std::fs::write(&main, "precious").expect("written");
    let refused = repro(&["-o", name]);
    assert_eq!(code(&refused), 2);
    assert!(stderr(&refused).contains("--force"));
    assert_eq!(std::fs::read(&main).expect("kept"), b"precious");
    assert_eq!(code(&repro(&["-o", name, "--force"])), 0);
    assert_eq!(std::fs::read(&main).expect("written"), printed.stdout);
    assert_eq!(code(&repro(&["--incident", "2"])), 2);
    assert_eq!(code(&pipe(&["repro"], NOTHING)), 3);
}

#[test]
fn graphs_take_their_form_from_the_file_they_go_to() {
    let dir = Dir::new("graph");
    let log = dir.file("crash.log", CRASH);
    let graph = |more: &[&str]| {
        let mut command = gotriage(&["graph"]);
        command.arg(&log).args(more).current_dir(&dir.0);
        command.output().expect("gotriage runs")
    };
    assert!(stdout(&graph(&[])).starts_with("digraph gotriage {\n"));
    for (name, begins) in [
        ("g.svg", "<svg xmlns="),
        ("g.json", "{\n"),
        ("g.mmd", "flowchart LR\n"),
        ("g.txt", "digraph"),
    ] {
        assert_eq!(code(&graph(&["-o", name])), 0);
        let written = std::fs::read_to_string(dir.0.join(name)).expect("the graph");
        assert!(written.starts_with(begins), "{name}");
    }
    let refused = graph(&["-o", "g.svg"]);
    assert_eq!(code(&refused), 2);
    assert!(stderr(&refused).contains("--force overwrites it"));
    assert_eq!(code(&graph(&["-o", "g.svg", "--force"])), 0);
    assert_eq!(code(&graph(&["--incident", "2"])), 2);
    let conflict = graph(&["--kind", "conflict", "--format", "json"]);
    assert_eq!(json(&conflict)["nodes"][1]["crashed"], true);
    let none = graph(&["--kind", "wait"]);
    assert_eq!(code(&none), 0);
    assert!(stderr(&none).contains("waits for another"));
    assert_eq!(code(&pipe(&["graph"], NOTHING)), 3);
}

#[test]
fn completions_are_printed_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = run(&["completions", shell]);
        assert_eq!(code(&output), 0);
        assert!(stdout(&output).contains("fail-on"), "{shell}");
    }
}

/// `gotriage man man` brings the pages up to date.
#[test]
fn manual_pages_are_fresh() {
    let dir = Dir::new("man");
    let output = run(&[OsStr::new("man"), dir.0.as_os_str()]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("man");
    let names = |path: &Path| {
        let entries = std::fs::read_dir(path).expect("a directory");
        let mut names: Vec<_> = entries
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(&kept), names(&dir.0));
    let mut all = String::new();
    for name in names(&dir.0) {
        let fresh = std::fs::read_to_string(dir.0.join(&name)).expect("a page");
        let page = std::fs::read_to_string(kept.join(&name)).expect("a page");
        assert!(
            fresh == page,
            "man/{} is out of date: gotriage man man",
            name.display()
        );
        all += &fresh;
    }
    let printed = run(&["man"]);
    assert_eq!(printed.stdout.len(), all.len());
    assert_eq!(code(&run(&["man", "/no/such/directory"])), 2);
}
