//! The zoo: whatever lies in a directory of logs, made here.

#![allow(clippy::unwrap_used)] // helpers of tests fail as tests do

use super::*;
use std::io::Write;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const TEXT: &[u8] = b"fatal error: concurrent map writes\n\ngoroutine 7 [running]:\n";

/// Names and contents of what is found, and remarks.
#[derive(Debug, Default)]
struct Seen {
    texts: Vec<(String, Vec<u8>)>,
    remarks: Vec<Remark>,
}

impl Visitor for Seen {
    fn text(&mut self, name: &str, stream: &mut dyn Read) {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        self.texts.push((name.to_owned(), bytes));
    }

    fn remark(&mut self, remark: Remark) {
        self.remarks.push(remark);
    }
}

impl Seen {
    fn names(&self) -> Vec<&str> {
        self.texts.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// The one remark, which has to make the scan incomplete.
    fn remark(&self) -> &Remark {
        assert_eq!(self.remarks.len(), 1, "{:?}", self.remarks);
        assert!(self.remarks[0].incomplete);
        &self.remarks[0]
    }
}

fn visited(bytes: &[u8], limits: Limits) -> Seen {
    let mut seen = Seen::default();
    let length = bytes.len() as u64;
    let mut file = Cursor::new(bytes);
    visit("a", Origin::Seekable(&mut file, length), limits, &mut seen);
    seen
}

fn all(bytes: &[u8]) -> Seen {
    let seen = visited(bytes, Limits::default());
    let mut piped = Seen::default();
    let limits = Limits::default();
    visit("a", Origin::Stream(&mut &*bytes), limits, &mut piped);
    assert!(seen.texts == piped.texts, "a pipe gives what a file gives");
    seen
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn packed(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bzip2.write_all(bytes).unwrap();
    let options = lzma_rust2::XzOptions::with_preset(1);
    let mut xz = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    xz.write_all(bytes).unwrap();
    vec![
        ("gzip", gzip(bytes)),
        ("zstd", zstd::encode_all(bytes, 1).unwrap()),
        ("bzip2", bzip2.finish().unwrap()),
        ("xz", xz.finish().unwrap()),
    ]
}

fn tar(members: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.as_ustar_mut().unwrap().name[..name.len()].copy_from_slice(name);
        header.set_cksum();
        builder.append(&header, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in members {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn compression_comes_off_and_archives_open() {
    for (name, bytes) in packed(TEXT) {
        let seen = all(&bytes);
        assert_eq!(seen.texts, [("a".to_owned(), TEXT.to_vec())], "{name}");
        assert_eq!(seen.remarks, []);
    }
    let plain = tar(&[(b"pod/crash.log", TEXT), (b"b", b"quiet\n")]);
    for (name, bytes) in packed(&plain) {
        let seen = all(&bytes);
        assert_eq!(seen.names(), ["a!pod/crash.log", "a!b"], "{name}");
        assert_eq!(seen.texts[0].1, TEXT);
    }
    let seen = all(&zip(&[("x/y.log", TEXT), ("z", b"")]));
    assert_eq!(seen.names(), ["a!x/y.log", "a!z"]);
    assert_eq!(seen.remarks, []);
}

#[test]
fn archives_in_archives_open_to_a_depth() {
    let inner = tar(&[(b"crash.log", TEXT)]);
    let middle = zip(&[("node.tar.gz", &gzip(&inner))]);
    let outer = tar(&[(b"nodes.zip", &middle), (b"last", TEXT)]);
    let seen = all(&outer);
    assert_eq!(
        seen.names(),
        ["a!nodes.zip!node.tar.gz!crash.log", "a!last"]
    );
    for (max_depth, names, stopped) in [
        (2, vec!["a!last"], "a!nodes.zip!node.tar.gz"),
        (1, vec!["a!last"], "a!nodes.zip"),
        (0, vec![], "a"),
    ] {
        let seen = visited(
            &outer,
            Limits {
                max_depth,
                ..Limits::default()
            },
        );
        assert_eq!(seen.names(), names);
        assert_eq!(seen.remark().path, stopped);
        assert!(seen.remark().text.contains("--max-depth"));
    }
}

#[test]
fn cut_archives_give_what_comes_before() {
    let long: Vec<u8> = (0..200_000u32)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    for (name, bytes) in packed(&long) {
        let seen = all(&bytes[..bytes.len() / 2]);
        let text = seen.texts.first().map_or(&[][..], |(_, bytes)| bytes);
        assert!(long.starts_with(text), "{name}");
        assert!(seen.remark().text.contains("damaged or cut"), "{name}");
    }
    let archive = tar(&[(b"first", TEXT), (b"second", &long)]);
    let seen = all(&archive[..archive.len() / 2]);
    assert_eq!(seen.texts[0], ("a!first".to_owned(), TEXT.to_vec()));
    assert!(!seen.remarks.is_empty());
    let archive = zip(&[("first", TEXT), ("second", &long)]);
    let seen = all(&archive[..archive.len() / 2]);
    assert_eq!(seen.texts[0], ("a!first".to_owned(), TEXT.to_vec()));
    assert!(seen.remarks[0].text.contains("this zip is damaged or cut"));
}

#[test]
fn corrupt_members_do_not_hide_the_others() {
    let mut archive = zip(&[("bad", &TEXT.repeat(20)), ("good", TEXT)]);
    // Behind the local header and the name.
    archive[40] ^= 0xff;
    let seen = all(&archive);
    assert_eq!(
        seen.texts.last().unwrap(),
        &("a!good".to_owned(), TEXT.to_vec())
    );
    assert_eq!(seen.remark().path, "a!bad");
}

#[test]
fn names_that_lie_do_not_matter() {
    let seen = all(&tar(&[(b"crash.gz", TEXT), (b"crash.txt", &gzip(TEXT))]));
    assert_eq!(seen.texts[0].1, TEXT);
    assert_eq!(seen.texts[1].1, TEXT);
    assert_eq!(seen.remarks, []);
}

#[test]
fn names_that_are_no_text_are_shown_as_far_as_they_are() {
    let seen = all(&tar(&[(b"caf\xe9.log", TEXT)]));
    assert_eq!(seen.names(), ["a!caf\u{fffd}.log"]);
}

#[test]
fn bombs_are_stopped() {
    let zeros = vec![0u8; 80 << 20];
    let bomb = gzip(&zeros);
    let limits = Limits {
        max_ratio: 10,
        ..Limits::default()
    };
    let seen = visited(&bomb, limits);
    assert!(seen.texts[0].1.len() <= 65 << 20);
    assert!(seen.remark().text.contains("--max-ratio"));
    // Many members, each of them harmless.
    let part = gzip(&zeros[..20 << 20]);
    let many = zip(&[
        ("1", &part),
        ("2", &part),
        ("3", &part),
        ("4", &part),
        ("5", &part),
    ]);
    let seen = visited(&many, limits);
    assert!(seen.texts.len() < 5);
    assert!(
        seen.remarks
            .iter()
            .any(|remark| remark.text.contains("--max-ratio"))
    );
}

#[test]
fn members_have_a_largest_size() {
    let limits = Limits {
        max_member: 10,
        ..Limits::default()
    };
    let seen = visited(&tar(&[(b"long", TEXT), (b"short", b"0123456789")]), limits);
    assert_eq!(seen.texts[0].1, TEXT[..10]);
    assert_eq!(seen.texts[1].1, b"0123456789");
    assert_eq!(seen.remark().path, "a!long");
}

/// PKWARE's first encryption and AES alike: the general purpose flag says it.
#[test]
fn encrypted_members_are_named() {
    let mut archive = zip(&[("secret.log", TEXT), ("open.log", TEXT)]);
    for signature in [&b"PK\x03\x04"[..], b"PK\x01\x02"] {
        let at = memchr::memmem::find(&archive, signature).unwrap();
        let flags = at + if signature == b"PK\x03\x04" { 6 } else { 8 };
        archive[flags] |= 1;
    }
    let seen = all(&archive);
    assert_eq!(seen.names(), ["a!open.log"]);
    assert_eq!(seen.remark().path, "a!secret.log");
    assert!(seen.remark().text.contains("encrypted"));
}

#[test]
fn what_holds_no_text_is_left_out() {
    let seen = all(b"7z\xbc\xaf\x27\x1c rest of it");
    assert!(seen.remark().text.contains("7z"));
    let seen = all(b"\x7fELF rest of it");
    assert!(seen.texts.is_empty() && !seen.remarks[0].incomplete);
    let seen = all(b"");
    assert_eq!(seen.texts, [("a".to_owned(), Vec::new())]);
}
