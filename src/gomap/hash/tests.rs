//! One process of real Go for each algorithm, what is refused, and what is no plain word. `tests/gomap_hashes.rs` compares every
//! length, every version and keys of many types.

#![allow(clippy::unwrap_used)]

use super::pieces::{Piece, dynamic, map_key};
use super::*;
use crate::gomap::types::{Field, GoType, Kind, MAX_DEPTH, Scalar};
use crate::gomap::value::{Dynamic, Image, KeyError, Ref, Referent};

/// What a process hashed with, and what it made of the bytes 1, 2, 3 … of several lengths.
struct Process {
    version: &'static str,
    arch: &'static str,
    algorithm: Algorithm,
    /// In hex; empty where it is zero.
    aeskeysched: &'static str,
    hashkey: [u64; 4],
    word32: u64,
    word64: u64,
    bytes: [(usize, u64); 10],
}

/// Of all hashes below, cut to the machine's word.
const SEED: u64 = 0x0123_4567_89ab_cdef;
const WORD32: u32 = 0xdead_beef;
const WORD64: u64 = 0xfeed_face_cafe_beef;

const PROCESSES: &[Process] = &[
    Process {
        version: "1.27.3",
        arch: "amd64",
        algorithm: Algorithm::AesAmd64,
        aeskeysched: "accf784d682b1fcb462414b5cfe396e58224e839e7bf86c35af48616bb6a01e6\
             2940f5a575a67a811f29d65a205c26334da590d203bbe01072e78559a7ef965b\
             6d1e3923f02e0b6e416ad57fdff2c49f47cc7fc28900c44dcb4a750462703b12\
             41957189e8627b57045f4cb3c32e512f7ccc465d1afc575388d7dd9c21ef14ef",
        hashkey: [
            0x5b7f_a404_97af_87a3,
            0x3059_ab2e_3c0e_8e78,
            0xfeee_815e_cc6c_4dd1,
            0xefcf_a16f_7dbc_54e0,
        ],
        word32: 0xbf73_469c_ea7b_5a0f,
        word64: 0x9b59_3293_65c1_906d,
        bytes: [
            (0, 0xacae_ebe5_db1d_fc59),
            (3, 0x96b8_5e8d_b62e_ba30),
            (7, 0x0a98_9228_1f9b_8024),
            (15, 0x1115_25be_9b70_7e90),
            (16, 0xcb13_d667_31f9_e403),
            (17, 0xe4eb_c96a_5777_26c0),
            (33, 0x07ac_3600_682a_8fba),
            (65, 0x3abe_30cd_dcec_b378),
            (129, 0x25b0_a134_be39_cc80),
            (600, 0xa5df_397d_54aa_03bb),
        ],
    },
    Process {
        version: "1.27.3",
        arch: "386",
        algorithm: Algorithm::Aes386,
        aeskeysched: "59eeb73f2d2e7d4435559ad1b9199f27fd246518a2334950cdc112d5fb92efbc\
             311bae36bb77389220e9d6a665599fb6957c3dbe35ea6ed65d81637b2ce72bfb",
        hashkey: [0x90d8_98ed, 0x82a6_68fa, 0x4eee_9e35, 0xa105_681e],
        word32: 0x52cd_e389,
        word64: 0x3e93_b5e4,
        bytes: [
            (0, 0x4160_d181),
            (3, 0xaff9_48e0),
            (7, 0x147b_9a48),
            (15, 0xbefd_081e),
            (16, 0x593e_b6d2),
            (17, 0x19fe_4ee3),
            (33, 0x0d90_5dc7),
            (65, 0xb5ea_051b),
            (129, 0xfdc6_bb64),
            (600, 0x3a89_97f1),
        ],
    },
    Process {
        version: "1.27.3",
        arch: "arm64",
        algorithm: Algorithm::AesArm64,
        aeskeysched: "6c1cdaf8ef2721b7f17704ddd5f69f9c9655012d46d0a0c3bb6cecd3a8f35c6e\
             7e5b6c90766c7311fcf5847deda27e0e0a0396b9ac09f8cd378c464d35374b27\
             1c56d50b00180ae407a48b9d228cce927b6450f08b3652342b007c7e2d3898ed\
             8e54b5e3c97eb0942e5524c80a14534df7399de9deffe60d2239862111eb4a04",
        hashkey: [
            0xa975_0769_6c65_7b85,
            0x168d_8d9e_ec2a_748c,
            0xb67c_049c_2c45_2a07,
            0x3acd_5e5c_0435_75ae,
        ],
        word32: 0x225a_a85c_ff07_17d3,
        word64: 0x3616_6369_7339_f6e8,
        bytes: [
            (0, 0x2462_e0ef_d0c0_700a),
            (3, 0xdfee_78ee_119b_ecad),
            (7, 0xbf96_81c5_e12a_95eb),
            (15, 0x94d6_e9a5_d418_4e31),
            (16, 0xaafb_96de_dc42_2024),
            (17, 0xf0b5_144a_a11d_6600),
            (33, 0x39a8_4719_a32d_4226),
            (65, 0x1c0a_15c5_2054_7293),
            (129, 0x1028_8d3e_6809_7539),
            (600, 0xa344_7101_3374_60aa),
        ],
    },
    Process {
        version: "1.19.8",
        arch: "arm64",
        algorithm: Algorithm::AesArm64,
        aeskeysched: "57192c138022515644aaa78889628754ff9ba578d4eb1bd9959f106c9abaf8f3\
             046727f24f08996234a1cae94ed9860feb3b5ec4be6bceacf94604ad70a3684e\
             c61bdff712bf3b756ff648ef141e917fdc62eade701c09ddd07de0bfd1d5a44d\
             21f53c1d701bebb6aa882f0159ca81844ceb542bac56627e88a34c84308532dd",
        hashkey: [0; 4],
        word32: 0x673b_9dfd_6aef_a752,
        word64: 0x4fb0_4bd4_93e2_b98a,
        bytes: [
            (0, 0x77c5_5673_2d31_b930),
            (3, 0x7205_5bd5_98ff_eacf),
            (7, 0xa5b7_5a60_d089_c0dd),
            (15, 0xca8a_c104_5e9c_339a),
            (16, 0x480c_b04a_ffff_13c0),
            (17, 0xbce7_8857_204f_cb86),
            (33, 0x03f4_a417_051a_f3cb),
            (65, 0xe575_4772_d9f2_a813),
            (129, 0x209e_beba_f4e4_27af),
            (600, 0xda85_b859_2ed7_f7fb),
        ],
    },
    Process {
        version: "1.27.3",
        arch: "amd64",
        algorithm: Algorithm::Fallback64,
        aeskeysched: "",
        hashkey: [
            0xbe5c_98bb_c7b5_5562,
            0xf777_5375_cb45_1d2b,
            0x08c2_da9f_3fb9_4899,
            0xe785_f548_bd42_1cc8,
        ],
        word32: 0xb37d_44dc_467d_6585,
        word64: 0x7424_1de4_09cb_3fc5,
        bytes: [
            (0, 0xbf7f_dddc_4e1e_988d),
            (3, 0xf9ef_da30_e1a1_d2ec),
            (7, 0xc17d_1782_7a80_a5ef),
            (15, 0x533d_0079_b85f_c645),
            (16, 0x7781_5257_df7b_cc68),
            (17, 0x2428_ccbf_da53_e037),
            (33, 0x7229_c4e1_b1a7_5cbc),
            (65, 0x98ec_ea45_8b43_8299),
            (129, 0x1f48_d86c_1361_0665),
            (600, 0x739c_c1bf_5481_047d),
        ],
    },
    Process {
        version: "1.22.10",
        arch: "amd64",
        algorithm: Algorithm::Fallback64,
        aeskeysched: "",
        hashkey: [
            0x19f3_7335_8d68_4ab3,
            0xfa8a_ba5a_54ff_0a99,
            0x413b_b75e_edaa_0485,
            0x3859_df82_f19b_4b05,
        ],
        word32: 0x5bea_e81b_3f4c_44c0,
        word64: 0x7be3_f569_5246_6aef,
        bytes: [
            (0, 0xb8a6_2b36_7c7e_e373),
            (3, 0x3dd5_d253_a240_2eca),
            (7, 0xce64_c5ba_9e61_2ce4),
            (15, 0x5cff_d553_f427_ea55),
            (16, 0x2faa_db65_332e_00ea),
            (17, 0xa3f9_6ea2_f9ae_8e7e),
            (33, 0x27ee_6527_60bc_bef8),
            (65, 0x1aa7_ac51_c5b6_8917),
            (129, 0x8a53_1e56_32ae_2b13),
            (600, 0xe9c2_ca35_0f6c_ed77),
        ],
    },
    Process {
        version: "1.27.3",
        arch: "arm",
        algorithm: Algorithm::Fallback32,
        aeskeysched: "",
        hashkey: [0x3549_9a15, 0x9326_ebee, 0x6a5e_ff21, 0x15d5_953b],
        word32: 0x1dcd_8fc1,
        word64: 0xd9b8_e0af,
        bytes: [
            (0, 0xd41d_d373),
            (3, 0x870c_bbd9),
            (7, 0x0364_ffbd),
            (15, 0x343f_5d0e),
            (16, 0x15dd_9f47),
            (17, 0x8e15_4cd4),
            (33, 0xd026_2dbc),
            (65, 0xd40b_a4bc),
            (129, 0x51b3_aed8),
            (600, 0xee35_1a7a),
        ],
    },
];

fn target(version: &str, arch: &str) -> Target {
    Target::new(version.parse().unwrap(), arch.parse().unwrap()).unwrap()
}

fn secrets(process: &Process) -> Secrets {
    let schedule = match process.aeskeysched {
        "" => vec![0; 128],
        digits => crate::gomap::value::from_hex(digits).unwrap(),
    };
    Secrets {
        aeskeysched: Some(schedule),
        hashkey: Some(process.hashkey),
        use_aes: None,
    }
}

#[test]
fn hashes_are_those_of_go() {
    let data: Vec<u8> = (1..=600).map(|n| n as u8).collect();
    for process in PROCESSES {
        let target = target(process.version, process.arch);
        let hasher = Hasher::new(&target, &secrets(process)).unwrap();
        let name = format!("{} of {}", hasher.algorithm(), process.version);
        assert_eq!(hasher.algorithm(), process.algorithm, "{name}");
        assert_eq!(hasher.word32(WORD32, SEED), process.word32, "{name}");
        assert_eq!(hasher.word64(WORD64, SEED), process.word64, "{name}");
        for (length, hash) in process.bytes {
            assert_eq!(
                hasher.bytes(&data[..length], SEED),
                hash,
                "{name}: {length}"
            );
        }
    }
}

#[test]
fn a_missing_secret_is_named_with_its_package() {
    let ask = |version, arch, use_aes| {
        let secrets = Secrets {
            use_aes,
            ..Secrets::default()
        };
        Hasher::new(&target(version, arch), &secrets).unwrap_err()
    };
    let missing = |symbol: &str, bytes| SecretsError::Missing {
        symbol: symbol.into(),
        bytes,
    };
    assert_eq!(
        ask("1.26", "amd64", None),
        missing("runtime.aeskeysched", 128)
    );
    assert_eq!(
        ask("1.27", "386", Some(true)),
        missing("internal/runtime/maps.aeskeysched", 64)
    );
    assert_eq!(
        ask("1.26", "amd64", Some(false)),
        missing("runtime.hashkey", 32)
    );
    assert_eq!(ask("1.21", "arm", None), missing("runtime.hashkey", 16));
    assert_eq!(
        ask("1.21", "riscv64", Some(true)),
        SecretsError::NoAes("riscv64".into())
    );
}

#[test]
fn hashkey_tells_of_no_aes_only_where_aes_leaves_it_zero() {
    let ask = |version, arch, aeskeysched, use_aes| {
        let secrets = Secrets {
            aeskeysched,
            hashkey: Some([1, 2, 3, 4]),
            use_aes,
        };
        Hasher::new(&target(version, arch), &secrets).map(|hasher| hasher.algorithm())
    };
    assert_eq!(ask("1.26", "amd64", None, None), Ok(Algorithm::Fallback64));
    let unsaid = ask("1.27.3", "amd64", None, None);
    assert_eq!(
        unsaid,
        Err(SecretsError::AesUnsaid {
            version: "1.27.3".into(),
            symbol: "internal/runtime/maps.UseAeshash".into()
        })
    );
    assert_eq!(
        ask("1.27.3", "386", Some(vec![]), None).is_err(),
        unsaid.is_err()
    );
    // The schedule says it, and so does the machine; or the user.
    for (arch, schedule, use_aes, wanted) in [
        ("amd64", Some(vec![0; 128]), None, Algorithm::Fallback64),
        ("amd64", Some(vec![7; 128]), None, Algorithm::AesAmd64),
        ("amd64", None, Some(false), Algorithm::Fallback64),
        ("riscv64", None, None, Algorithm::Fallback64),
        ("arm", None, None, Algorithm::Fallback32),
    ] {
        assert_eq!(ask("1.27.3", arch, schedule, use_aes), Ok(wanted), "{arch}");
    }
}

#[test]
fn secrets_that_fit_no_process_are_refused() {
    let with = |arch, aeskeysched: &[u8], hashkey| {
        let secrets = Secrets {
            aeskeysched: Some(aeskeysched.to_vec()),
            hashkey: Some(hashkey),
            use_aes: None,
        };
        Hasher::new(&target("1.20", arch), &secrets).map(|hasher| hasher.algorithm())
    };
    assert_eq!(
        with("amd64", &[1; 64], [0; 4]),
        Err(SecretsError::Size {
            symbol: "runtime.aeskeysched".into(),
            wanted: 128,
            given: 64
        })
    );
    assert_eq!(with("386", &[1; 128], [0; 4]), Ok(Algorithm::Aes386));
    assert_eq!(
        with("arm64", &[1; 128], [0; 4]),
        Err(SecretsError::UnknownEnd("1.20".into()))
    );
    assert_eq!(with("arm64", &[0; 128], [1; 4]), Ok(Algorithm::Fallback64));
    assert!(matches!(
        with("amd64", &[0; 128], [0; 4]),
        Err(SecretsError::Missing { .. })
    ));
}

fn of(name: &str, size: u64, kind: Kind) -> GoType {
    GoType {
        name: name.into(),
        size,
        align: size.clamp(1, 8),
        kind,
    }
}

fn int32() -> GoType {
    of("int32", 4, Kind::Scalar(Scalar::Int { signed: true }))
}

fn string() -> GoType {
    of("string", 16, Kind::String)
}

fn any() -> GoType {
    of("interface {}", 16, Kind::Interface { empty: true })
}

fn array(len: u64, elem: GoType) -> GoType {
    let size = len * elem.size;
    of(
        "array",
        size,
        Kind::Array {
            len,
            elem: Box::new(elem),
        },
    )
}

fn structure(size: u64, fields: &[(&str, u64, GoType)]) -> GoType {
    let fields = fields.iter().map(|(name, offset, go_type)| Field {
        name: (*name).into(),
        offset: *offset,
        go_type: go_type.clone(),
    });
    of(
        "struct",
        size,
        Kind::Struct {
            fields: fields.collect(),
        },
    )
}

fn image(bytes: &[u8], referent: Option<Referent>) -> Image {
    let refs = referent.map(|referent| Ref {
        offset: 0,
        referent,
    });
    Image {
        bytes: bytes.to_vec(),
        refs: refs.into_iter().collect(),
    }
}

fn boxed(go_type: GoType, image: Image) -> Option<Referent> {
    Some(Referent::Iface(Some(Box::new(Dynamic { go_type, image }))))
}

/// By the secrets of the first process.
fn hash(key_type: &GoType, image: &Image) -> Result<Hash, KeyError> {
    let process = &PROCESSES[0];
    let target = target(process.version, process.arch);
    let hasher = Hasher::new(&target, &secrets(process)).unwrap();
    hash_key(&hasher, &target, key_type, image, SEED)
}

#[test]
fn a_nan_anywhere_makes_the_hash_random() {
    let float = of("float64", 8, Kind::Float);
    let nan = f64::NAN.to_le_bytes();
    assert_eq!(hash(&float, &image(&nan, None)), Ok(Hash::Random));
    let narrow = of("float32", 4, Kind::Float);
    assert_eq!(
        hash(&narrow, &image(&f32::NAN.to_le_bytes(), None)),
        Ok(Hash::Random)
    );
    let inside = boxed(float.clone(), image(&nan, None));
    assert_eq!(hash(&any(), &image(&[1; 16], inside)), Ok(Hash::Random));
    let pair = array(2, float);
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&nan);
    assert_eq!(hash(&pair, &image(&bytes, None)), Ok(Hash::Random));
}

#[test]
fn what_go_cannot_hash_is_named_by_the_outermost_type() {
    let slice = of("[]int", 24, Kind::Slice);
    let holder = GoType {
        name: "main.Holder".into(),
        ..structure(24, &[("s", 0, slice.clone())])
    };
    for (go_type, name) in [(slice, "[]int"), (holder, "main.Holder")] {
        let inside = boxed(go_type.clone(), image(&[0; 24], None));
        let panics = Err(KeyError::Unhashable(name.into()));
        assert_eq!(hash(&any(), &image(&[1; 16], inside)), panics);
        assert_eq!(hash(&go_type, &image(&[0; 24], None)), panics);
    }
}

#[test]
fn only_what_is_empty_needs_no_referent() {
    let empty = hash(&string(), &image(&[0; 16], Some(Referent::Str(Vec::new()))));
    assert!(matches!(empty, Ok(Hash::Word(_))));
    assert_eq!(hash(&string(), &image(&[0; 16], None)), empty);
    assert_eq!(hash(&any(), &image(&[0; 16], None)), Ok(Hash::Word(SEED)));
    assert_eq!(
        hash(&any(), &image(&[1; 16], Some(Referent::Iface(None)))),
        Ok(Hash::Word(SEED))
    );
    let missing = |what| Err(KeyError::MissingReferent { what, offset: 0 });
    assert_eq!(hash(&string(), &image(&[1; 16], None)), missing("string"));
    assert_eq!(hash(&any(), &image(&[1; 16], None)), missing("interface"));
    let wrong = image(&[1; 16], Some(Referent::Str(Vec::new())));
    assert_eq!(hash(&any(), &wrong), missing("interface"));
}

#[test]
fn images_of_another_size_are_refused() {
    let size = |given| {
        Err(KeyError::Size {
            go_type: "int32".into(),
            wanted: 4,
            given,
        })
    };
    assert_eq!(hash(&int32(), &image(&[0; 3], None)), size(3));
    let inside = boxed(int32(), image(&[0; 5], None));
    assert_eq!(hash(&any(), &image(&[1; 16], inside)), size(5));
    // A tree that contradicts itself: the field reaches beyond the struct.
    let beyond = structure(
        4,
        &[
            ("a", 0, int32()),
            ("_", 4, int32()),
            ("b", u64::MAX - 2, int32()),
        ],
    );
    assert!(matches!(
        hash(&beyond, &image(&[0; 4], None)),
        Err(KeyError::Size { .. })
    ));
}

#[test]
fn hashing_ends_however_large_the_type() {
    let blank = structure(
        0,
        &[("_", 0, structure(0, &[])), ("a", 0, structure(0, &[]))],
    );
    let vast = array(u64::MAX, blank.clone());
    let nested = array(1 << 16, array(1 << 16, blank));
    let process = &PROCESSES[0];
    let hasher = Hasher::new(&target(process.version, process.arch), &secrets(process)).unwrap();
    for (key_type, version) in [(vast, "1.26"), (nested, "1.26")] {
        let hash = hash_key(
            &hasher,
            &target(version, "amd64"),
            &key_type,
            &image(&[], None),
            SEED,
        );
        assert!(matches!(hash, Err(KeyError::TooLarge(_))), "{hash:?}");
    }
    let mut deep = image(&[0; 16], None);
    for _ in 0..=MAX_DEPTH {
        deep = image(&[1; 16], boxed(any(), deep));
    }
    assert!(matches!(hash(&any(), &deep), Err(KeyError::TooLarge(_))));
}

#[test]
fn the_three_procedures_take_a_struct_apart_differently() {
    let inner = structure(24, &[("d", 0, int32()), ("e", 8, string())]);
    let outer = structure(32, &[("a", 0, int32()), ("b", 4, int32()), ("c", 8, inner)]);
    let bytes = |offset, size| Piece::Bytes { offset, size };
    let word = |offset| Piece::Word32 { offset };
    let text = Piece::Str { offset: 16 };
    assert_eq!(
        map_key(&target("1.26", "amd64"), &outer),
        [bytes(0, 8), bytes(8, 4), text.clone()]
    );
    assert_eq!(
        map_key(&target("1.27", "amd64"), &outer),
        [bytes(0, 12), text.clone()]
    );
    assert_eq!(dynamic(&outer), [word(0), word(4), word(8), text]);
}
