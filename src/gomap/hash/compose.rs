//! From a key's image to its hash: each piece's hash is the seed of the next.
//!
//! `snapshot` calls [`hash_key`] and [`KeyPlan`]. The steps, as package runtime does them (`alg.go`):
//!
//! ```text
//!     memory, string    memhash of the bytes, or memhash32, memhash64
//!     float             0 and -0: c1 * (c0 ^ seed); NaN: the same with a random number; else memhash of 4 or 8 bytes
//!     interface         nil: the seed; else c1 * hash of (dynamic value, seed ^ c0)
//! ```
//!
//! Which pieces a type has, and that dynamic values go by rules of their own: [`super::pieces`].

use super::pieces::{Piece, dynamic, is_comparable, map_key};
use super::{Hash, Hasher};
use crate::gomap::target::Target;
use crate::gomap::types::{GoType, MAX_DEPTH};
use crate::gomap::value::{Dynamic, Image, KeyError, Referent};

/// Go's constants for what has no bytes to hash, by the bits of a hash.
const C32: (u64, u64) = (2_860_486_313, 3_267_000_013);
const C64: (u64, u64) = (33_054_211_828_000_289, 23_344_194_077_549_503);

/// Turns over an array of elements without bytes. Other arrays end with the image; these could have any length, and nobody has such
/// keys.
const MAX_EMPTY_TURNS: u64 = 1 << 16;

/// How the keys of one type are hashed in one build.
#[derive(Clone, Debug)]
pub struct KeyPlan {
    key: GoType,
    pieces: Vec<Piece>,
    comparable: bool,
    word: u64,
    hash_bits: u32,
}

/// The hash of one key: [`KeyPlan::new`] and [`KeyPlan::hash`] in one.
///
/// # Errors
/// As [`KeyPlan::hash`].
pub fn hash_key(
    hasher: &Hasher,
    target: &Target,
    key_type: &GoType,
    image: &Image,
    seed: u64,
) -> Result<Hash, KeyError> {
    KeyPlan::new(target, key_type).hash(hasher, image, seed)
}

impl KeyPlan {
    /// The plan for keys of a type, as the compiler of that version makes it.
    pub fn new(target: &Target, key_type: &GoType) -> Self {
        Self {
            key: key_type.clone(),
            pieces: map_key(target, key_type),
            comparable: is_comparable(key_type),
            word: target.word(),
            hash_bits: target.hash_bits(),
        }
    }

    /// The key's hash under a map's seed (`hash0` or `seed`); `hasher` is of the same target.
    ///
    /// # Errors
    /// [`KeyError::Size`] and [`KeyError::MissingReferent`] where the image is incomplete (an empty string and a nil interface need
    /// no referent), [`KeyError::Unhashable`] where Go panics, [`KeyError::TooLarge`] beyond what can be a key in practice.
    pub fn hash(&self, hasher: &Hasher, image: &Image, seed: u64) -> Result<Hash, KeyError> {
        if !self.comparable {
            return Err(KeyError::Unhashable(self.key.name.clone()));
        }
        let mask = u64::MAX >> (64 - self.hash_bits.clamp(1, 64));
        let mut walk = Walk {
            hasher,
            word: self.word,
            mask,
            constants: if self.hash_bits == 32 { C32 } else { C64 },
            random: false,
            empty_turns: 0,
        };
        let value = Value::new(&self.key, image)?;
        let hash = walk.pieces(&self.pieces, &value, 0, seed & mask, 0)?;
        Ok(match walk.random {
            true => Hash::Random,
            false => Hash::Word(hash),
        })
    }
}

/// A value whose image has the right size.
struct Value<'a> {
    go_type: &'a GoType,
    image: &'a Image,
}

impl<'a> Value<'a> {
    fn new(go_type: &'a GoType, image: &'a Image) -> Result<Self, KeyError> {
        let value = Self { go_type, image };
        match image.bytes.len() as u64 == go_type.size {
            true => Ok(value),
            false => Err(value.size_error()),
        }
    }

    fn size_error(&self) -> KeyError {
        KeyError::Size {
            go_type: self.go_type.name.clone(),
            wanted: self.go_type.size,
            given: self.image.bytes.len() as u64,
        }
    }

    /// Fails only for types whose parts reach beyond their size.
    #[inline]
    fn bytes(&self, offset: u64, size: u64) -> Result<&'a [u8], KeyError> {
        let range = usize::try_from(offset)
            .ok()
            .zip(usize::try_from(offset.saturating_add(size)).ok());
        range
            .and_then(|(start, end)| self.image.bytes.get(start..end))
            .ok_or_else(|| self.size_error())
    }

    fn number(&self, offset: u64, size: u64) -> Result<u64, KeyError> {
        let bytes = self.bytes(offset, size)?;
        Ok(bytes
            .iter()
            .rfold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    fn referent(&self, offset: u64) -> Option<&'a Referent> {
        let refs = &self.image.refs;
        let at = refs
            .binary_search_by_key(&offset, |reference| reference.offset)
            .ok()?;
        refs.get(at).map(|reference| &reference.referent)
    }
}

/// One key on its way.
struct Walk<'a> {
    hasher: &'a Hasher,
    /// Bytes of a pointer.
    word: u64,
    /// The bits of a hash.
    mask: u64,
    /// c0 and c1.
    constants: (u64, u64),
    /// Set by the first NaN.
    random: bool,
    /// See [`MAX_EMPTY_TURNS`].
    empty_turns: u64,
}

impl Walk<'_> {
    /// `depth` counts interfaces within interfaces.
    fn pieces(
        &mut self,
        pieces: &[Piece],
        value: &Value,
        base: u64,
        seed: u64,
        depth: usize,
    ) -> Result<u64, KeyError> {
        let mut hash = seed;
        for piece in pieces {
            hash = match *piece {
                Piece::Bytes { offset, size } => {
                    let bytes = value.bytes(base.saturating_add(offset), size)?;
                    self.hasher.bytes(bytes, hash)
                }
                Piece::Word32 { offset } => {
                    let number = value.number(base.saturating_add(offset), 4)?;
                    self.hasher.word32(number as u32, hash)
                }
                Piece::Word64 { offset } => {
                    let number = value.number(base.saturating_add(offset), 8)?;
                    self.hasher.word64(number, hash)
                }
                Piece::Float { offset, size } => {
                    self.float(value.bytes(base.saturating_add(offset), size)?, hash)
                }
                Piece::Str { offset } => self.string(value, base.saturating_add(offset), hash)?,
                Piece::Iface { offset } => {
                    self.interface(value, base.saturating_add(offset), hash, depth)?
                }
                Piece::Repeat {
                    offset,
                    turns,
                    stride,
                    ref body,
                } => {
                    if stride == 0 {
                        self.empty_turns = self.empty_turns.saturating_add(turns);
                    }
                    if self.empty_turns > MAX_EMPTY_TURNS {
                        return Err(KeyError::TooLarge("an array of too many empty elements"));
                    }
                    let mut turn_base = base.saturating_add(offset);
                    let mut chained = hash;
                    for _ in 0..turns {
                        chained = self.pieces(body, value, turn_base, chained, depth)?;
                        turn_base = turn_base.saturating_add(stride);
                    }
                    chained
                }
            };
        }
        Ok(hash)
    }

    fn float(&mut self, bytes: &[u8], seed: u64) -> u64 {
        let float = match (bytes.first_chunk(), bytes.first_chunk()) {
            (Some(bytes), _) => f64::from_le_bytes(*bytes),
            (None, Some(bytes)) => f64::from(f32::from_le_bytes(*bytes)),
            _ => f64::NAN,
        };
        if float == 0.0 {
            return self.constant(seed ^ self.constants.0);
        }
        self.random |= float.is_nan();
        self.hasher.bytes(bytes, seed)
    }

    fn string(&self, value: &Value, offset: u64, seed: u64) -> Result<u64, KeyError> {
        let bytes = match value.referent(offset) {
            Some(Referent::Str(bytes)) => bytes.as_slice(),
            _ if value.number(offset.saturating_add(self.word), self.word)? == 0 => b"",
            _ => {
                return Err(KeyError::MissingReferent {
                    what: "string",
                    offset,
                });
            }
        };
        Ok(self.hasher.bytes(bytes, seed))
    }

    fn interface(
        &mut self,
        value: &Value,
        offset: u64,
        seed: u64,
        depth: usize,
    ) -> Result<u64, KeyError> {
        let inside = match value.referent(offset) {
            Some(Referent::Iface(None)) => return Ok(seed),
            Some(Referent::Iface(Some(inside))) => inside,
            _ if value.number(offset, self.word)? == 0 => return Ok(seed),
            _ => {
                return Err(KeyError::MissingReferent {
                    what: "interface",
                    offset,
                });
            }
        };
        let Dynamic { go_type, image } = &**inside;
        if !is_comparable(go_type) {
            return Err(KeyError::Unhashable(go_type.name.clone()));
        }
        if depth >= MAX_DEPTH {
            return Err(KeyError::TooLarge("interfaces nested too deeply"));
        }
        let inner = Value::new(go_type, image)?;
        let seed = (seed ^ self.constants.0) & self.mask;
        let hash = self.pieces(&dynamic(go_type), &inner, 0, seed, depth + 1)?;
        Ok(self.constant(hash))
    }

    fn constant(&self, word: u64) -> u64 {
        self.constants.1.wrapping_mul(word) & self.mask
    }
}
