//! Logs, archives and runs for the tests of scans.
#![allow(dead_code, clippy::unwrap_used)] // helpers of tests fail as tests do

use serde_json::Value;
use std::io::{Cursor, Write};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Go 1.26, the default traceback: one goroutine.
pub const WRITER: &[u8] = b"fatal error: concurrent map writes

goroutine 7 [running]:
internal/runtime/maps.fatal({0x4a3b2c?, 0x5?})
\t/usr/local/go/src/runtime/panic.go:1046 +0x18
main.(*Cache).Set(0xc000012345, {0x4b1234, 0x3})
\t/app/cache.go:31 +0x45
created by main.main in goroutine 1
\t/app/main.go:9 +0x1c
exit status 2
";

/// The same program, on another day.
pub const READER: &[u8] = b"fatal error: concurrent map read and map write

goroutine 9 [running]:
internal/runtime/maps.fatal({0x4a3b2c?, 0x5?})
\t/usr/local/go/src/runtime/panic.go:1046 +0x18
main.(*Cache).Get(0xc000012345, {0x4b1234, 0x3})
\t/app/cache.go:40 +0x45
created by main.main in goroutine 1
\t/app/main.go:10 +0x1c
exit status 2
";

/// A directory of its own, gone at the end.
pub struct Dir(pub PathBuf);

impl Dir {
    pub fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("gotriage-scan-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    pub fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Logs of a program's life: crashes of both sides, twice the same, a pipe of restarts, an archive, nothing, and a cut one.
pub fn logs(dir: &Dir) -> Vec<String> {
    let stamped = |time: &str, log: &[u8]| [format!("{time} up\n").as_bytes(), log].concat();
    let files = [
        ("a.log", stamped("2026-01-01T00:00:00Z", WRITER)),
        ("b.log", stamped("2026-03-01T00:00:00Z", WRITER)),
        ("c.log", READER.to_vec()),
        ("d.log", [WRITER, READER, WRITER].concat()),
        ("e.zip", zip(&[("x.log", WRITER), ("y.log", READER)])),
        ("f.log", b"GET / 200\n".to_vec()),
        ("g.log.gz", gzip(READER)),
        ("h.log.gz", gzip(&WRITER.repeat(50))[..60].to_vec()),
    ];
    let path = |(name, bytes): (&str, Vec<u8>)| dir.file(name, &bytes).to_str().unwrap().to_owned();
    files.into_iter().map(path).collect()
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

pub fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub fn gotriage(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gotriage"));
    command.args(arguments).stdin(Stdio::null());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command.env("COLUMNS", "140");
    command
}

pub fn run(arguments: &[&str]) -> Output {
    gotriage(arguments).output().unwrap()
}

pub fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The lines of `--format jsonl`.
pub fn lines(output: &Output) -> Vec<Value> {
    let text = stdout(output);
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
