//! What stands in the place of a word, a number or an address: the same for the same, everywhere in a run.
//!
//! ```text
//! alice → anon1     bob → anon2     alice → anon1
//! ```
//!
//! Pseudonyms are counted in the order in which the originals first appear, so they say nothing but "the same as there", and nothing
//! can be computed back. A cleaned text has them in that very order: cleaning it again changes nothing. With a key they are drawn from
//! the word by HMAC-SHA-256 instead, equal in all runs with that key, and carry a check by which the next run knows them.

use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};

/// What every pseudonym of a word begins with.
const MARK: &str = "anon";

/// Letters of a drawn pseudonym (32 of them, five bits each) and how many are drawn; 40 bits keep a million words apart.
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
const DRAWN: usize = 8;

/// Letters that check a drawn pseudonym: one in a million words of that form would pass.
const CHECK: usize = 4;

/// Block of SHA-256 in bytes, for HMAC.
const BLOCK: usize = 64;

/// The key of `--redact-key`.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; 32]);

impl std::fmt::Debug for Key {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Key(…)")
    }
}

impl Key {
    /// Of any bytes.
    pub fn new(secret: &[u8]) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// HMAC-SHA-256 (RFC 2104).
    fn mac(&self, message: &[u8]) -> [u8; 32] {
        let padded = |pad: u8| {
            let mut block = [pad; BLOCK];
            for (byte, key) in block.iter_mut().zip(self.0) {
                *byte ^= key;
            }
            block
        };
        let inner = Sha256::new().chain_update(padded(0x36));
        let inner = inner.chain_update(message).finalize();
        let outer = Sha256::new().chain_update(padded(0x5c));
        outer.chain_update(inner).finalize().into()
    }
}

/// All pseudonyms of a run.
#[derive(Debug, Default)]
pub struct Pseudonyms {
    key: Option<Key>,
    words: FxHashMap<Vec<u8>, String>,
    /// By number of digits.
    digits: FxHashMap<usize, FxHashMap<Vec<u8>, u64>>,
    hosts4: FxHashMap<Vec<u8>, u32>,
    hosts6: FxHashMap<Vec<u8>, u32>,
}

impl Pseudonyms {
    /// None yet.
    pub fn new(key: Option<Key>) -> Self {
        Self {
            key,
            ..Self::default()
        }
    }

    /// True where words are drawn.
    pub fn is_keyed(&self) -> bool {
        self.key.is_some()
    }

    /// True before the first one.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
            && self.digits.is_empty()
            && self.hosts4.is_empty()
            && self.hosts6.is_empty()
    }

    /// For a word.
    pub fn word(&mut self, word: &[u8]) -> &str {
        let next = self.words.len() + 1;
        let key = &self.key;
        self.words
            .entry(word.to_vec())
            .or_insert_with(|| match key {
                None => format!("{MARK}{next}"),
                Some(_) if is_drawn(word) => String::from_utf8_lossy(word).into_owned(),
                Some(key) => drawn(&key.mac(word)),
            })
    }

    /// For a decimal number: another one of as many digits.
    pub fn digits(&mut self, digits: &[u8]) -> String {
        let class = self.digits.entry(digits.len()).or_default();
        let next = class.len() as u64;
        let n = *class.entry(digits.to_vec()).or_insert(next);
        let width = digits.len();
        format!("1{n:0>rest$}", rest = width.saturating_sub(1))
    }

    /// For an IPv4 address.
    pub fn ipv4(&mut self, address: &[u8]) -> String {
        let next = self.hosts4.len() as u32 + 1;
        let n = *self.hosts4.entry(address.to_vec()).or_insert(next);
        let [_, high, middle, low] = n.to_be_bytes();
        format!("10.{high}.{middle}.{low}")
    }

    /// For an IPv6 address.
    pub fn ipv6(&mut self, address: &[u8]) -> String {
        let next = self.hosts6.len() as u32 + 1;
        let n = *self.hosts6.entry(address.to_vec()).or_insert(next);
        format!("fd00::{n:x}")
    }
}

fn drawn(bytes: &[u8; 32]) -> String {
    let mut name = MARK.to_owned();
    name.extend(bytes.iter().take(DRAWN).map(|byte| letter(*byte)));
    let check = check(&name);
    name + &check
}

fn check(name: &str) -> String {
    let digest = Sha256::digest(name.as_bytes());
    digest
        .iter()
        .take(CHECK)
        .map(|byte| letter(*byte))
        .collect()
}

fn letter(byte: u8) -> char {
    LETTERS
        .get(usize::from(byte & 31))
        .map_or('a', |letter| char::from(*letter))
}

/// Whether a word is a drawn pseudonym.
fn is_drawn(word: &[u8]) -> bool {
    let Ok(word) = std::str::from_utf8(word) else {
        return false;
    };
    let split = word.split_at_checked(MARK.len() + DRAWN);
    split.is_some_and(|(name, end)| name.starts_with(MARK) && end == check(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_words_have_equal_names_in_the_order_of_sight() {
        let mut names = Pseudonyms::new(None);
        let told: Vec<String> = [b"alice".as_slice(), b"bob", b"alice", b"Alice"]
            .iter()
            .map(|word| names.word(word).to_owned())
            .collect();
        assert_eq!(told, ["anon1", "anon2", "anon1", "anon3"]);
        assert_eq!(names.digits(b"4111111111111111"), "1000000000000000");
        assert_eq!(names.digits(b"4222222222222222"), "1000000000000001");
        assert_eq!(names.digits(b"55555"), "10000");
        assert_eq!(names.ipv4(b"203.0.113.9"), "10.0.0.1");
    }

    #[test]
    fn a_key_gives_the_same_names_in_every_run_and_no_others() {
        let name =
            |key: &[u8], word: &[u8]| Pseudonyms::new(Some(Key::new(key))).word(word).to_owned();
        let first = name(b"k", b"alice");
        assert_eq!(first, name(b"k", b"alice"));
        assert_ne!(first, name(b"other", b"alice"));
        assert_ne!(first, name(b"k", b"bob"));
        assert_eq!(first, name(b"k", first.as_bytes()), "known again");
        assert_eq!(first, name(b"other", first.as_bytes()), "known to others");
        assert_ne!(name(b"k", b"anonabcdefghijkl"), "anonabcdefghijkl");
    }

    #[test]
    fn the_mac_is_that_of_rfc_2104() {
        // The key is hashed first: this is HMAC-SHA-256 with SHA-256("k") as its key, as Python's hmac computes it.
        let mac = Key::new(b"k").mac(b"alice");
        let hex: String = mac
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(hex, "d3d3ba4ccd123fe7");
    }
}
