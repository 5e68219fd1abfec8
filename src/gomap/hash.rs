//! From a key and a map's seed to a hash, as this build on this machine computes it.
//!
//! ```text
//!   key type ──► KeyPlan: pieces of memory, floats, strings, interfaces      ([`pieces`]: what is hashed, in which order)
//!                   │
//!   key, seed ──────┴──► word of piece 1 ──► seed of piece 2 ──► …           ([`compose`]: how pieces make one word)
//!                          ▲
//!   secrets ────────► Hasher: bytes, word32, word64                          ([`aes_amd64`], [`aes_386`], [`aes_arm64`],
//!                                                                             [`fallback64`], [`fallback32`])
//! ```
//!
//! `snapshot` hashes keys with [`hash_key`], or with a [`KeyPlan`] where there are many keys of one type. The secrets come
//! from a core or a live process: no traceback prints them, and without them nobody can tell a key's bucket.

mod aes_386;
mod aes_amd64;
mod aes_arm64;
pub mod compose;
mod fallback32;
mod fallback64;
mod pieces;
mod rounds;
#[cfg(test)]
mod tests;

pub use compose::{KeyPlan, hash_key};
pub(super) use pieces::is_plain;

use super::target::{Arch, Target};
use std::fmt;

/// What a process hashes with; drawn at its start, the same for all its maps, printed nowhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secrets {
    /// `aeskeysched`: 128 bytes (32-bit machines use the first 64).
    pub aeskeysched: Option<Vec<u8>>,
    /// `hashkey`: four words.
    pub hashkey: Option<[u64; 4]>,
    /// Whether AES instructions are used (`useAeshash`).
    pub use_aes: Option<bool>,
}

impl Secrets {
    /// Takes over what `other` knows.
    pub fn prefer(&mut self, other: Secrets) {
        self.aeskeysched = other.aeskeysched.or(self.aeskeysched.take());
        self.hashkey = other.hashkey.or(self.hashkey);
        self.use_aes = other.use_aes.or(self.use_aes);
    }
}

/// Why nothing can be hashed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretsError {
    /// A secret that the function needs was not given.
    #[error("the hash needs {symbol} of the process ({bytes} bytes), which no traceback prints")]
    Missing {
        /// Symbol with its package: `runtime.aeskeysched`.
        symbol: String,
        /// Bytes it has.
        bytes: u64,
    },
    /// Not as many bytes as the secret has.
    #[error("{symbol} has {wanted} bytes, not {given}")]
    Size {
        /// Symbol with its package.
        symbol: String,
        /// Bytes it has.
        wanted: u64,
        /// Bytes given.
        given: u64,
    },
    /// Only `hashkey` is known, of a version that fills it whether AES is used or not.
    #[error(
        "Go {version} fills hashkey with AES and without, so it does not tell how this process hashes: say whether {symbol} is true (\"use_aes\" in a snapshot, --use-aes yes or no), or give aeskeysched"
    )]
    AesUnsaid {
        /// Version of Go.
        version: String,
        /// Symbol with its package: `internal/runtime/maps.UseAeshash`.
        symbol: String,
    },
    /// `use_aes` and `aeskeysched` exclude each other.
    #[error(
        "{0} is zero, which Go leaves it only where AES is not used, but use_aes is true: they are not of the same process"
    )]
    NoSchedule(String),
    /// This machine has no AES hash.
    #[error("Go hashes without AES on {0}")]
    NoAes(String),
    /// Facts of that version are not known.
    #[error("how Go {0} ends the arm64 hash of 1 to 16 bytes is not known")]
    UnknownEnd(String),
}

/// A key's hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hash {
    /// The word; 32-bit hashes in the low half.
    Word(u64),
    /// Another word at every call: a NaN is in the key.
    Random,
}

/// Which of Go's hashes a process uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Algorithm {
    AesAmd64,
    Aes386,
    AesArm64,
    Fallback64,
    Fallback32,
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Algorithm::AesAmd64 => "AES (amd64)",
            Algorithm::Aes386 => "AES (386)",
            Algorithm::AesArm64 => "AES (arm64)",
            Algorithm::Fallback64 => "fallback (64-bit)",
            Algorithm::Fallback32 => "fallback (32-bit)",
        })
    }
}

/// The word functions of one process. Seeds and results of 32-bit hashes stand in the low half of a word.
#[derive(Clone, Debug)]
pub struct Hasher(Words);

/// [`Hasher`], by algorithm.
#[derive(Clone, Debug)]
enum Words {
    AesAmd64(aes_amd64::AesAmd64),
    Aes386(aes_386::Aes386),
    AesArm64(aes_arm64::AesArm64),
    Fallback64(fallback64::Fallback64),
    Fallback32(fallback32::Fallback32),
}

impl Hasher {
    /// The functions that a process of `target` with these secrets uses.
    ///
    /// Where the secrets don't say whether AES is used, the schedule does: Go leaves it zero where it is not. `hashkey` says as much
    /// only in versions that leave it zero where AES is used.
    ///
    /// # Errors
    /// [`SecretsError`] where a secret that is needed is missing or has another size, and where it can't be known how the version
    /// hashes.
    pub fn new(target: &Target, secrets: &Secrets) -> Result<Self, SecretsError> {
        let words = match algorithm(target, secrets)? {
            Algorithm::AesAmd64 => {
                Words::AesAmd64(aes_amd64::AesAmd64::new(aeskeysched(target, secrets)?))
            }
            Algorithm::Aes386 => Words::Aes386(aes_386::Aes386::new(aeskeysched(target, secrets)?)),
            Algorithm::AesArm64 => {
                let end = target
                    .rules
                    .arm64_end
                    .ok_or_else(|| SecretsError::UnknownEnd(target.build.version.to_string()))?;
                let schedule = aeskeysched(target, secrets)?;
                Words::AesArm64(aes_arm64::AesArm64::new(
                    schedule,
                    target.rules.arm64_word,
                    end,
                ))
            }
            Algorithm::Fallback64 => Words::Fallback64(fallback64::Fallback64::new(
                hashkey(target, secrets)?,
                target.rules.fallback,
            )),
            Algorithm::Fallback32 => {
                Words::Fallback32(fallback32::Fallback32::new(hashkey(target, secrets)?))
            }
        };
        Ok(Self(words))
    }

    /// `memhash` and `strhash`.
    #[inline]
    pub fn bytes(&self, data: &[u8], seed: u64) -> u64 {
        match &self.0 {
            Words::AesAmd64(words) => words.bytes(data, seed),
            Words::Aes386(words) => words.bytes(data, seed),
            Words::AesArm64(words) => words.bytes(data, seed),
            Words::Fallback64(words) => words.bytes(data, seed),
            Words::Fallback32(words) => words.bytes(data, seed),
        }
    }

    /// `memhash32`: another word than [`Hasher::bytes`] of the same four bytes.
    #[inline]
    pub fn word32(&self, value: u32, seed: u64) -> u64 {
        match &self.0 {
            Words::AesAmd64(words) => words.word32(value, seed),
            Words::Aes386(words) => words.word32(value, seed),
            Words::AesArm64(words) => words.word32(value, seed),
            Words::Fallback64(words) => words.word32(value, seed),
            Words::Fallback32(words) => words.word32(value, seed),
        }
    }

    /// `memhash64`: another word than [`Hasher::bytes`] of the same eight bytes.
    #[inline]
    pub fn word64(&self, value: u64, seed: u64) -> u64 {
        match &self.0 {
            Words::AesAmd64(words) => words.word64(value, seed),
            Words::Aes386(words) => words.word64(value, seed),
            Words::AesArm64(words) => words.word64(value, seed),
            Words::Fallback64(words) => words.word64(value, seed),
            Words::Fallback32(words) => words.word64(value, seed),
        }
    }

    /// Which hash it is.
    pub fn algorithm(&self) -> Algorithm {
        match &self.0 {
            Words::AesAmd64(_) => Algorithm::AesAmd64,
            Words::Aes386(_) => Algorithm::Aes386,
            Words::AesArm64(_) => Algorithm::AesArm64,
            Words::Fallback64(_) => Algorithm::Fallback64,
            Words::Fallback32(_) => Algorithm::Fallback32,
        }
    }
}

/// The machine's AES hash or fallback, by what the secrets say.
fn algorithm(target: &Target, secrets: &Secrets) -> Result<Algorithm, SecretsError> {
    let fallback = match target.hash_bits() {
        32 => Algorithm::Fallback32,
        _ => Algorithm::Fallback64,
    };
    let aes = match target.arch {
        Arch::Amd64 => Some(Algorithm::AesAmd64),
        Arch::I386 => Some(Algorithm::Aes386),
        Arch::Arm64 => Some(Algorithm::AesArm64),
        _ => None,
    };
    let schedule = secrets.aeskeysched.as_ref().filter(|all| !all.is_empty());
    let is_filled = schedule.map(|bytes| bytes.iter().any(|&byte| byte != 0));
    let has_key = secrets.hashkey.is_some_and(|words| words != [0; 4]);
    let beside_aes = target.rules.hashkey_beside_aes;
    match (aes, secrets.use_aes) {
        (Some(_), Some(true)) if is_filled == Some(false) => {
            Err(SecretsError::NoSchedule(symbol(target, "aeskeysched")))
        }
        (Some(aes), Some(true)) => Ok(aes),
        (None, Some(true)) => Err(SecretsError::NoAes(target.arch.to_string())),
        (_, Some(false)) | (None, None) => Ok(fallback),
        (Some(aes), None) if is_filled == Some(true) => Ok(aes),
        (Some(_), None) if has_key && (!beside_aes || is_filled == Some(false)) => Ok(fallback),
        (Some(_), None) if has_key => Err(SecretsError::AesUnsaid {
            version: target.build.version.to_string(),
            symbol: symbol(target, target.rules.use_aes_symbol),
        }),
        // Nothing that is filled: most processes use AES, so its schedule is what to ask for.
        (Some(_), None) => Err(missing(target, "aeskeysched", schedule_bytes(target))),
    }
}

/// Bytes of `aeskeysched`, by the machine's word.
fn schedule_bytes(target: &Target) -> u64 {
    target.word() * 16
}

fn aeskeysched<'a>(target: &Target, secrets: &'a Secrets) -> Result<&'a [u8], SecretsError> {
    let wanted = schedule_bytes(target);
    let given = secrets
        .aeskeysched
        .as_deref()
        .ok_or_else(|| missing(target, "aeskeysched", wanted))?;
    // A snapshot of a 32-bit process may carry as many bytes as a 64-bit one has; the first 64 count.
    if ![wanted, LARGEST_SCHEDULE].contains(&(given.len() as u64)) {
        return Err(SecretsError::Size {
            symbol: symbol(target, "aeskeysched"),
            wanted,
            given: given.len() as u64,
        });
    }
    Ok(given)
}

/// Bytes of `aeskeysched` on 64-bit machines.
const LARGEST_SCHEDULE: u64 = 128;

fn hashkey(target: &Target, secrets: &Secrets) -> Result<[u64; 4], SecretsError> {
    secrets
        .hashkey
        .ok_or_else(|| missing(target, "hashkey", target.word() * 4))
}

fn missing(target: &Target, name: &str, bytes: u64) -> SecretsError {
    SecretsError::Missing {
        symbol: symbol(target, name),
        bytes,
    }
}

fn symbol(target: &Target, name: &str) -> String {
    format!("{}.{name}", target.rules.secrets_package)
}
