//! Every way in: plain, compressed, cut, damaged, limited, refused.

#![allow(clippy::unwrap_used)] // helpers of tests fail as tests do

use super::*;
use std::io::Write;
use std::path::PathBuf;

const TEXT: &[u8] = b"fatal error: concurrent map writes\n\ngoroutine 7 [running]:\n";

/// A directory of its own, gone at the end.
struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("gotriage-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn reading(max_bytes: u64) -> Reading<'static> {
    Reading {
        max_bytes,
        progress: &|_| {},
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

#[test]
fn plain_files_are_mapped_whole() {
    let dir = Dir::new("plain");
    let source = reading(1000).file(&dir.file("a", TEXT)).unwrap();
    assert_eq!(source.bytes(), TEXT);
    assert!(matches!(source.bytes, Bytes::Mapped(_)));
    assert!(!source.truncated && source.notes.is_empty());
}

#[test]
fn an_empty_file_is_empty() {
    let dir = Dir::new("empty");
    let source = reading(1000).file(&dir.file("a", b"")).unwrap();
    assert_eq!(source.bytes(), b"");
    assert!(!source.truncated);
}

#[test]
fn members_and_frames_are_joined_whatever_the_name() {
    let dir = Dir::new("members");
    let (head, tail) = TEXT.split_at(20);
    for (name, packed) in [
        ("a.txt", [gzip(head), gzip(tail)].concat()),
        ("b.txt", [zstd(head), zstd(tail)].concat()),
        (
            "c.txt",
            [b"\x5e\x2a\x4d\x18\x01\0\0\0x".to_vec(), zstd(TEXT)].concat(),
        ),
        ("d.txt", gzip(&zstd(TEXT))),
    ] {
        let source = reading(1000).file(&dir.file(name, &packed)).unwrap();
        assert_eq!(source.bytes(), TEXT, "{name}");
        assert!(!source.truncated && source.notes.is_empty(), "{name}");
    }
}

#[test]
fn cut_compression_keeps_what_came_before() {
    let dir = Dir::new("cut");
    let long: Vec<u8> = (0..200_000u32)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    for (name, packed) in [("gz", gzip(&long)), ("zst", zstd(&long))] {
        let cut = &packed[..packed.len() / 2];
        let source = reading(u64::MAX).file(&dir.file(name, cut)).unwrap();
        assert!(source.bytes().len() > long.len() / 4, "{name}");
        assert!(long.starts_with(source.bytes()), "{name}");
        assert!(source.truncated && !source.limited, "{name}");
        assert_eq!(source.notes.len(), 1, "{name}");
    }
}

#[test]
fn rubbish_behind_a_member_is_noted() {
    let dir = Dir::new("rubbish");
    let packed = [gzip(TEXT), b"rubbish".to_vec()].concat();
    let source = reading(1000).file(&dir.file("a.gz", &packed)).unwrap();
    assert_eq!(source.bytes(), TEXT);
    assert!(source.truncated && source.notes.len() == 1);
}

#[test]
fn the_limit_counts_bytes_after_decompression() {
    let dir = Dir::new("limit");
    let whole = TEXT.len() as u64;
    for (name, bytes) in [("a", TEXT.to_vec()), ("b", gzip(TEXT)), ("c", zstd(TEXT))] {
        let path = dir.file(name, &bytes);
        let limit = bytes.len() as u64 - 1;
        if limit < whole {
            let source = reading(limit).file(&path).unwrap();
            assert!(source.limited && source.truncated, "{name}");
            assert!(TEXT.starts_with(source.bytes()), "{name}");
            assert!(
                source.notes.last().unwrap().contains("--max-bytes"),
                "{name}"
            );
        }
        let all = reading(whole.max(bytes.len() as u64)).file(&path).unwrap();
        assert!(!all.limited && all.bytes() == TEXT, "{name}");
    }
}

#[test]
fn what_yields_nothing_says_what_to_do() {
    let dir = Dir::new("errors");
    dir.file("crash.log", TEXT);
    let reading = reading(1000);
    let missing = reading.file(&dir.0.join("crash.lgo")).unwrap_err();
    assert!(missing.to_string().ends_with("crash.log?"), "{missing}");
    let lost = reading.file(&dir.0.join("zzz")).unwrap_err().to_string();
    assert!(lost.ends_with("no such file"), "{lost}");
    let directory = reading.file(&dir.0).unwrap_err().to_string();
    assert!(directory.contains("gotriage scan"), "{directory}");
    let lz4 = reading
        .file(&dir.file("x.lz4", b"\x04\x22\x4d\x18"))
        .unwrap_err();
    assert!(lz4.to_string().contains("lz4 -dc"), "{lz4}");
    let damaged = reading
        .file(&dir.file("x.gz", b"\x1f\x8b\x08garbage"))
        .unwrap_err();
    assert!(damaged.to_string().contains("gzip -dc"), "{damaged}");
}

#[test]
fn profiles_are_handed_on_unpacked() {
    let dir = Dir::new("profiles");
    let profile = b"\x5a\x04\x08\x01\x10\x02\x60\x01";
    let source = reading(1000)
        .file(&dir.file("p.pb.gz", &gzip(profile)))
        .unwrap();
    assert_eq!(source.bytes(), profile);
}

#[test]
fn members_of_an_archive_are_inputs() {
    let dir = Dir::new("members-of");
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in [("pod/a.log", TEXT), ("b.log.gz", &gzip(TEXT)[..])] {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        builder.append_data(&mut header, name, bytes).unwrap();
    }
    let path = dir.file("logs.tar.gz", &gzip(&builder.into_inner().unwrap()));
    let read = reading(1_000_000).inputs(&path).unwrap();
    let names = read
        .sources
        .iter()
        .map(|source| source.name.rsplit('/').next().unwrap());
    assert_eq!(names.collect::<Vec<_>>(), ["a.log", "logs.tar.gz!b.log.gz"]);
    assert!(read.sources.iter().all(|source| source.bytes() == TEXT));
    let several = reading(1_000_000).file(&path).unwrap_err().to_string();
    assert!(several.contains("several members"), "{several}");
    let limited = reading(20_000).inputs(&dir.file("long.tar", &{
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(5_000);
        builder
            .append_data(&mut header, "long", &[b'.'; 5_000][..])
            .unwrap();
        builder.into_inner().unwrap()
    }));
    assert_eq!(limited.unwrap().sources[0].bytes().len(), 5_000);
}
