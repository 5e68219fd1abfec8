//! Hashes against Go's own: every line of `corpus/maps/hashes/vectors.jsonl.zst` is what one process of some Go version on some
//! machine made of bytes, words and keys of many types (`corpus/programs/map-hashes`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use gotriage::gomap::hash::{Hash, Hasher, Secrets, hash_key};
use gotriage::gomap::target::Target;
use gotriage::gomap::types::{Field, GoType, Kind, Scalar};
use gotriage::gomap::value::{Dynamic, Image, Ref, Referent};
use serde_json::Value;
use std::collections::BTreeMap;

/// Where the program starts its chains.
const FIRST_SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// One process.
struct Run {
    name: String,
    target: Target,
    secrets: Secrets,
    line: Value,
}

fn runs() -> Vec<Run> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/corpus/maps/hashes/vectors.jsonl.zst"
    );
    let packed = std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let text = String::from_utf8(zstd::decode_all(&packed[..]).unwrap()).unwrap();
    text.lines()
        .map(|line| run(serde_json::from_str(line).unwrap()))
        .collect()
}

fn run(line: Value) -> Run {
    let (version, arch) = (text(&line["go_version"]), text(&line["arch"]));
    let target = Target::new(version.parse().unwrap(), arch.parse().unwrap()).unwrap();
    let hashkey: Vec<u64> = list(&line["hashkey"]).iter().map(number).collect();
    let secrets = Secrets {
        aeskeysched: Some(hex(&line["aeskeysched"])),
        hashkey: Some(hashkey.try_into().unwrap()),
        use_aes: line["use_aes"].as_bool(),
    };
    Run {
        name: format!("{version} {arch} AES {}", line["use_aes"]),
        target,
        secrets,
        line,
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn number(value: &Value) -> u64 {
    u64::from_str_radix(text(value).strip_prefix("0x").unwrap(), 16).unwrap()
}

fn hex(value: &Value) -> Vec<u8> {
    let digits = text(value).as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn first_seed(target: &Target) -> u64 {
    FIRST_SEED & (u64::MAX >> (64 - 8 * target.word()))
}

#[test]
fn every_version_and_machine_is_there() {
    let mut seen = BTreeMap::new();
    for run in runs() {
        let algorithm = Hasher::new(&run.target, &run.secrets).unwrap().algorithm();
        let minors: &mut Vec<u16> = seen.entry(algorithm.to_string()).or_default();
        minors.push(run.target.build.version.minor);
        minors.dedup();
    }
    let seen: Vec<_> = seen
        .iter()
        .map(|(name, minors)| (&**name, &**minors))
        .collect();
    let all: &[u16] = &[19, 21, 22, 23, 24, 25, 26, 27];
    assert_eq!(
        seen,
        [
            ("AES (386)", &[19, 26, 27][..]),
            ("AES (amd64)", all),
            ("AES (arm64)", &[19, 21, 26, 27]),
            ("fallback (32-bit)", &[19, 26, 27]),
            ("fallback (64-bit)", all),
        ]
    );
}

#[test]
fn bytes_of_every_length_hash_as_in_go() {
    for run in runs() {
        let hasher = Hasher::new(&run.target, &run.secrets).unwrap();
        let mut hash = first_seed(&run.target);
        for (length, low) in hex(&run.line["lengths"]).into_iter().enumerate() {
            let data: Vec<u8> = (0..length).map(|n| (n * 7 + length) as u8).collect();
            hash = hasher.bytes(&data, hash);
            assert_eq!(hash as u8, low, "{}: {length} bytes", run.name);
        }
        assert_eq!(hash, number(&run.line["last"]), "{}", run.name);
    }
}

#[test]
fn words_hash_as_in_go() {
    for run in runs() {
        let hasher = Hasher::new(&run.target, &run.secrets).unwrap();
        let (mut hash32, mut hash64) = (first_seed(&run.target), first_seed(&run.target));
        let (word32, word64) = (list(&run.line["word32"]), list(&run.line["word64"]));
        assert_eq!((word32.len(), word64.len()), (8, 8));
        for (n, (wanted32, wanted64)) in (1..).zip(word32.iter().zip(word64)) {
            let value = FIRST_SEED.wrapping_mul(n);
            hash32 = hasher.word32(value as u32, hash32);
            hash64 = hasher.word64(value, hash64);
            assert_eq!(hash32, number(wanted32), "{}: word {n}", run.name);
            assert_eq!(hash64, number(wanted64), "{}: word {n}", run.name);
        }
    }
}

#[test]
fn keys_of_many_types_hash_as_in_go() {
    for run in runs() {
        let hasher = Hasher::new(&run.target, &run.secrets).unwrap();
        let keys = list(&run.line["keys"]);
        assert!(keys.len() >= 90, "{}", run.name);
        for key in keys {
            let key_type = go_type(&key["key_type"]);
            let image = image(&key["key"]);
            let hash = hash_key(
                &hasher,
                &run.target,
                &key_type,
                &image,
                number(&key["seed"]),
            );
            let mask = u64::MAX >> (64 - run.target.hash_bits());
            assert_eq!(
                hash,
                Ok(Hash::Word(number(&key["hash"]) & mask)),
                "{}: {} {}",
                run.name,
                key_type.name,
                key["key"]
            );
        }
    }
}

#[test]
fn secrets_say_by_themselves_whether_aes_is_used() {
    for run in runs() {
        let told = Hasher::new(&run.target, &run.secrets).unwrap().algorithm();
        let untold = Secrets {
            use_aes: None,
            ..run.secrets.clone()
        };
        let found = Hasher::new(&run.target, &untold).unwrap().algorithm();
        assert_eq!(found, told, "{}", run.name);
    }
}

fn go_type(tree: &Value) -> GoType {
    let kind = match text(&tree["kind"]) {
        "bool" => Kind::Scalar(Scalar::Bool),
        "float32" | "float64" => Kind::Float,
        "complex64" | "complex128" => Kind::Complex,
        "string" => Kind::String,
        "ptr" => Kind::Pointer,
        "interface" => Kind::Interface {
            empty: tree["methods"].is_null(),
        },
        "array" => Kind::Array {
            len: tree["len"].as_u64().unwrap_or(0),
            elem: Box::new(go_type(&tree["elem"])),
        },
        "struct" => Kind::Struct {
            fields: list(&tree["fields"]).iter().map(field).collect(),
        },
        integer => Kind::Scalar(Scalar::Int {
            signed: integer.starts_with("int"),
        }),
    };
    GoType {
        name: text(&tree["name"]).to_owned(),
        size: tree["size"].as_u64().unwrap(),
        align: tree["align"].as_u64().unwrap(),
        kind,
    }
}

fn field(field: &Value) -> Field {
    Field {
        name: text(&field["name"]).to_owned(),
        offset: field["off"].as_u64().unwrap(),
        go_type: go_type(&field["type"]),
    }
}

fn image(value: &Value) -> Image {
    let refs = list(&value["refs"]).iter().map(|reference| Ref {
        offset: reference["off"].as_u64().unwrap(),
        referent: match &reference["str"] {
            Value::Null => Referent::Iface(Some(Box::new(Dynamic {
                go_type: go_type(&reference["iface"]["type"]),
                image: image(&reference["iface"]),
            }))),
            bytes => Referent::Str(hex(bytes)),
        },
    });
    Image {
        bytes: hex(&value["mem"]),
        refs: refs.collect(),
    }
}
