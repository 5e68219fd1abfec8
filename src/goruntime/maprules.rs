//! What differs between the maps of Go's versions, one small table for each difference.
//!
//! [`rules`] looks every table up once; `gomap` computes with the answers and asks for no version itself. Each row was checked by
//! running programs of Go 1.19.8, 1.21.13, 1.22.10, 1.23.9, 1.24.11, 1.25.5, 1.26.6 and 1.27.3. There was no Go 1.20 to run: where
//! 1.19 and 1.21 differ and nobody else documents 1.20, its row is missing and the answer is `None`.

use super::version::{GoBuild, GoVersion, MapExperiment, MapLayout, VersionRange};

/// Fields of `hmap`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HmapForm {
    /// Up to 1.23.
    Plain,
    /// `noswissmap` builds of 1.24 and 1.25: `clearSeq` stands before `extra`.
    WithClearSeq,
}

/// How keys and elements stand in a Swiss group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupForm {
    /// `key elem key elem …`
    Interleaved,
    /// `key key … elem elem …`: `mapsplitgroup`.
    Split,
}

/// Where the allocator keeps the type of an object with pointers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeapForm {
    /// In a bitmap elsewhere: an object begins where its cell begins.
    Bitmap,
    /// Above [`malloc_header_above`] bytes in a word at the start of the cell: the object begins [`MALLOC_HEADER`] bytes later.
    TypeWord,
}

/// Bytes of the type word in front of an object, on 32-bit machines too.
pub const MALLOC_HEADER: u64 = 8;

/// Objects with pointers and more bytes than this have a type word in front ([`HeapForm::TypeWord`]); `word` is a pointer's bytes.
pub const fn malloc_header_above(word: u64) -> u64 {
    word * word * 8
}

/// Which words of the fallback hash come from the process's secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FallbackKeys {
    /// One, mixed into a constant; the other three are constants.
    First,
    /// All four.
    All,
}

/// How the compiler hashes structs and arrays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompositeHash {
    /// Field by field; plain fields that touch make one run of memory.
    Runs,
    /// Flattened through nested structs and arrays first; pieces of four and eight bytes by their own functions.
    Flattened,
}

/// How arm64 puts four bytes and the seed into a block before it hashes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arm64Word {
    /// The low half of the seed, then the word.
    HalfSeed,
    /// The whole seed, then the word.
    WholeSeed,
}

/// The last of arm64's three rounds over a text of 1 to 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arm64End {
    /// Without mixing columns.
    Final,
    /// As the two before it.
    Full,
}

/// Hash words of wasm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WasmHash {
    /// 64 bits.
    Wide,
    /// 32 bits.
    Narrow,
}

/// All that the maps of one Go build do in their own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapRules {
    /// Which implementation.
    pub layout: MapLayout,
    /// Classic: fields of the header.
    pub hmap: HmapForm,
    /// Classic: a table of 2^B buckets holds at most this many halves of an entry per bucket (13 is 6.5 entries).
    pub load_halves: u64,
    /// Swiss: form of a group.
    pub group: GroupForm,
    /// Swiss: the header has `tombstonePossible`, and tombstones are pruned before a table grows.
    pub prunes_tombstones: bool,
    /// Swiss: the same in the assignment to maps whose key is one pointer.
    pub prunes_for_pointer_keys: bool,
    /// Swiss: assigning to a key that is there turns a small map of eight entries into a table.
    pub full_small_update_grows: bool,
    /// Swiss: `maps.Clone` copies the seed with the structure. Classic copies `hash0` always.
    pub clone_keeps_seed: bool,
    /// The allocator.
    pub heap: HeapForm,
    /// The fallback hash.
    pub fallback: FallbackKeys,
    /// Structs and arrays as keys.
    pub composite: CompositeHash,
    /// arm64.
    pub arm64_word: Arm64Word,
    /// arm64; not known for 1.20.
    pub arm64_end: Option<Arm64End>,
    /// wasm.
    pub wasm: WasmHash,
    /// Package of `aeskeysched` and `hashkey`, as a symbol names it.
    pub secrets_package: &'static str,
    /// The variable that tells whether AES is used.
    pub use_aes_symbol: &'static str,
    /// True where `hashkey` is drawn on machines with AES too; else it is zero there, so that one that is not tells of no AES.
    pub hashkey_beside_aes: bool,
    /// True where the heap of a 64-bit process begins at a random address (not with -race).
    pub random_heap_base: bool,
}

type Rows<T> = &'static [(VersionRange, T)];

const UNTIL_21: VersionRange = VersionRange::until(21);
const SINCE_22: VersionRange = VersionRange::since(22);
const UNTIL_26: VersionRange = VersionRange::until(26);
const SINCE_27: VersionRange = VersionRange::since(27);

const LOAD_HALVES: Rows<u64> = &[
    // 1.20: golang/go issue 63438 names 1.21 as the exception.
    (VersionRange::until(20), 13),
    (VersionRange::only(21), 12),
    (SINCE_22, 13),
];
const PRUNES_TOMBSTONES: Rows<bool> = &[
    (VersionRange::until(24), false),
    (VersionRange::since(25), true),
];
const PRUNES_FOR_POINTER_KEYS: Rows<bool> = &[(UNTIL_26, false), (SINCE_27, true)];
const FULL_SMALL_UPDATE_GROWS: Rows<bool> = &[(UNTIL_26, true), (SINCE_27, false)];
const CLONE_KEEPS_SEED: Rows<bool> = &[
    (VersionRange::until(24), false),
    (VersionRange::since(25), true),
];
const HEAP: Rows<HeapForm> = &[(UNTIL_21, HeapForm::Bitmap), (SINCE_22, HeapForm::TypeWord)];
const FALLBACK: Rows<FallbackKeys> = &[
    (VersionRange::until(22), FallbackKeys::First),
    (VersionRange::since(23), FallbackKeys::All),
];
const COMPOSITE: Rows<CompositeHash> = &[
    (UNTIL_26, CompositeHash::Runs),
    (SINCE_27, CompositeHash::Flattened),
];
const ARM64_WORD: Rows<Arm64Word> = &[
    (UNTIL_26, Arm64Word::HalfSeed),
    (SINCE_27, Arm64Word::WholeSeed),
];
const ARM64_END: Rows<Arm64End> = &[
    (VersionRange::until(19), Arm64End::Final),
    (VersionRange::since(21), Arm64End::Full),
];
const WASM: Rows<WasmHash> = &[
    (VersionRange::until(25), WasmHash::Wide),
    (VersionRange::since(26), WasmHash::Narrow),
];
const SECRETS: Rows<(&str, &str)> = &[
    (UNTIL_26, ("runtime", "useAeshash")),
    (SINCE_27, ("internal/runtime/maps", "UseAeshash")),
];
// `alginit` returned before it filled hashkey where it found AES; `AlgInit` fills it first.
const HASHKEY_BESIDE_AES: Rows<bool> = &[(UNTIL_26, false), (SINCE_27, true)];
const RANDOM_HEAP_BASE: Rows<bool> = &[
    (VersionRange::until(25), false),
    (VersionRange::since(26), true),
];

fn row<T: Copy>(rows: Rows<T>, version: GoVersion) -> Option<T> {
    rows.iter()
        .find(|(range, _)| range.contains(version))
        .map(|&(_, value)| value)
}

/// The rules of a build; `None` where its experiment does not exist in its version.
pub fn rules(build: GoBuild) -> Option<MapRules> {
    let of = build.version;
    let (secrets_package, use_aes_symbol) = row(SECRETS, of)?;
    Some(MapRules {
        layout: build.map_layout()?,
        hmap: match build.map_experiment {
            Some(MapExperiment::NoSwissMap) => HmapForm::WithClearSeq,
            _ => HmapForm::Plain,
        },
        load_halves: row(LOAD_HALVES, of)?,
        group: match build.map_experiment {
            Some(MapExperiment::MapSplitGroup) => GroupForm::Split,
            _ => GroupForm::Interleaved,
        },
        prunes_tombstones: row(PRUNES_TOMBSTONES, of)?,
        prunes_for_pointer_keys: row(PRUNES_FOR_POINTER_KEYS, of)?,
        full_small_update_grows: row(FULL_SMALL_UPDATE_GROWS, of)?,
        clone_keeps_seed: row(CLONE_KEEPS_SEED, of)?,
        heap: row(HEAP, of)?,
        fallback: row(FALLBACK, of)?,
        composite: row(COMPOSITE, of)?,
        arm64_word: row(ARM64_WORD, of)?,
        arm64_end: row(ARM64_END, of),
        wasm: row(WASM, of)?,
        secrets_package,
        use_aes_symbol,
        hashkey_beside_aes: row(HASHKEY_BESIDE_AES, of)?,
        random_heap_base: row(RANDOM_HEAP_BASE, of)?,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of(text: &str) -> MapRules {
        rules(text.parse().unwrap()).unwrap()
    }

    #[test]
    fn every_known_release_has_all_rules() {
        for release in super::super::version::RELEASES {
            let build = GoBuild {
                version: release,
                map_experiment: None,
            };
            assert!(rules(build).is_some(), "{release}");
        }
    }

    #[test]
    fn the_exceptions_stand_where_they_were_seen() {
        assert_eq!(
            (
                of("1.19").load_halves,
                of("1.21.13").load_halves,
                of("1.22").load_halves
            ),
            (13, 12, 13)
        );
        assert_eq!(of("go1.24.11 X:noswissmap").hmap, HmapForm::WithClearSeq);
        assert_eq!(of("go1.27.3-X:mapsplitgroup").group, GroupForm::Split);
        assert_eq!(of("1.20").arm64_end, None);
        assert!(rules("go1.26.1-X:noswissmap".parse().unwrap()).is_none());
    }

    #[test]
    fn type_words_stand_before_objects_over_512_bytes() {
        assert_eq!(malloc_header_above(8), 512);
        assert_eq!(malloc_header_above(4), 128);
    }
}
