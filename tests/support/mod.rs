//! The corpus and its manifest, for tests. The manifest says what is true of each dump: written from the programs' marked lines and
//! by scripts that know nothing of gotriage (see corpus/README.md).
#![allow(dead_code, clippy::expect_used, clippy::panic)]

use serde::Deserialize;
use std::path::{Path, PathBuf};

/// A line of the program that races, fails or must not be blamed.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Site {
    pub file: String,
    pub line: u32,
    #[serde(default)]
    pub op: Option<String>,
    #[serde(default)]
    pub func: Option<String>,
}

/// What is true of one dump.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Truth {
    pub file: String,
    pub scenario: String,
    pub go: String,
    pub level: String,
    pub category: String,
    pub category_also: Vec<String>,
    pub message: Option<String>,
    pub crash_goroutine: Option<u64>,
    pub crash_site: Option<Site>,
    pub crash_op: Option<String>,
    pub goroutine_ids: Vec<u64>,
    pub states: std::collections::BTreeMap<String, u64>,
    pub racing: Vec<Site>,
    pub racing_visible: Vec<Site>,
    pub racing_pairs: Vec<Vec<Site>>,
    pub partner_goroutines: Vec<u64>,
    pub not_blamed: Vec<Site>,
    pub bystander_goroutines: Vec<u64>,
    pub incidents: usize,
    pub incident_list: Vec<Truth>,
    pub key_kind: Option<String>,
}

impl Truth {
    /// The dump itself.
    pub fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.path()).unwrap_or_else(|error| panic!("{}: {error}", self.file))
    }

    /// The goroutines of all its incidents.
    pub fn all_goroutine_ids(&self) -> Vec<u64> {
        match &self.incident_list[..] {
            [] => self.goroutine_ids.clone(),
            list => list
                .iter()
                .flat_map(|incident| incident.goroutine_ids.clone())
                .collect(),
        }
    }

    /// Where it lies.
    pub fn path(&self) -> PathBuf {
        corpus().join(&self.file)
    }
}

/// The corpus directory.
pub fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// The contents of a file, decompressed.
pub fn unpacked(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    match bytes.as_slice() {
        [0x1f, 0x8b, ..] => {
            let mut out = Vec::new();
            std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut out)
                .expect("gzip");
            out
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => zstd::decode_all(&bytes[..]).expect("zstd"),
        _ => bytes,
    }
}

/// All dumps of the manifest, in its order.
pub fn manifest() -> Vec<Truth> {
    let path = corpus().join("manifest.json");
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let truths: Vec<Truth> =
        serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let truths: Vec<Truth> = truths
        .into_iter()
        .filter(|t| !t.category.is_empty())
        .collect();
    assert!(
        truths.len() > 100,
        "the manifest has shrunk to {} dumps",
        truths.len()
    );
    truths
}

/// Runs a check over all dumps and fails once, with every complaint.
pub fn for_all(check: impl Fn(&Truth) -> Result<(), String>) {
    let truths = manifest();
    let complaints: Vec<String> = truths
        .iter()
        .filter_map(|truth| {
            check(truth)
                .err()
                .map(|complaint| format!("{}: {complaint}", truth.file))
        })
        .collect();
    assert!(
        complaints.is_empty(),
        "{} of {} dumps:\n{}",
        complaints.len(),
        truths.len(),
        complaints.join("\n")
    );
}
