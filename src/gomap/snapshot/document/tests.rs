//! Documents as producers write them, and as they should not.

use super::*;
use serde_json::json;

/// A document with these maps, of a version with classic maps.
fn document(maps: Value) -> Value {
    json!({"schema": SCHEMA, "go_version": "go1.23.9", "os": "linux", "arch": "amd64", "maps": maps})
}

fn parse(document: &Value) -> Result<Snapshot, SnapshotError> {
    Snapshot::parse(document.to_string().as_bytes())
}

/// The body of a document's only map.
fn body_of(go_version: &str, mut map: Value) -> Body {
    map["type"] = "map[int]int".into();
    let mut document = document(json!([map]));
    document["go_version"] = go_version.into();
    parse(&document).unwrap().maps.remove(0).body
}

fn why_unreadable(go_version: &str, map: Value) -> String {
    match body_of(go_version, map) {
        Body::Unreadable(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_classic_map_in_growth() {
    // Captured from Go 1.23.9: 100 integers and one more.
    let map = json!({"name": "growing", "type": "map[int]int", "impl": "classic", "header": "0xc000074000", "count": 101,
        "flags": 0, "B": 5, "noverflow": 0, "hash0": "0x707d3ec6", "buckets": "0xc0003c0000", "oldbuckets": "0xc0003c0a80",
        "nevacuate": 2, "extra": "0x0", "next_overflow": "0x0", "allocated_buckets": 34,
        "old_evacuated": "1100000001000010", "unknown": [1, 2]});
    let snapshot = parse(&document(json!([map]))).unwrap();
    let shot = &snapshot.maps[0];
    assert_eq!(
        (shot.name.as_str(), shot.header),
        ("growing", Some(0xc000074000))
    );
    assert_eq!(shot.types.as_ref().unwrap().to_string(), "map[int]int");
    let Body::Classic(body) = &shot.body else {
        panic!("{:?}", shot.body);
    };
    assert_eq!(
        (body.count, body.b, body.hash0),
        (Some(101), Some(5), Some(0x707d3ec6))
    );
    assert_eq!((body.oldbuckets, body.extra), (Some(0xc0003c0a80), Some(0)));
    let evacuated = body.old_evacuated.as_ref().unwrap();
    let numbers: Vec<usize> = (0..16).filter(|&old| evacuated[old]).collect();
    assert_eq!(numbers, [0, 1, 9, 14]);
}

#[test]
fn a_swiss_map_with_a_table() {
    // Captured from Go 1.27.3.
    let map = json!({"impl": "swiss", "header": "0x253e8fb0e120", "used": 20, "seed": "0x9ba2e1323afa11cb",
        "dir_ptr": "0x253e8fb16018", "dir_len": 1, "global_depth": 0, "global_shift": 64, "writing": 0,
        "tombstone_possible": false, "clear_seq": 0, "directory": [0], "tables": [{"addr": "0x253e8fb1a040", "used": 20,
        "capacity": 32, "growth_left": 8, "local_depth": 0, "index": -1, "groups": "0x253e8fb46000", "length_mask": 3,
        "ctrls": "6a4b67651b3580804f644e3558808080060219730a1766807708808080808080"}]});
    let Body::Swiss(body) = body_of("go1.27.3", map) else {
        panic!();
    };
    assert_eq!(
        (body.seed, body.dir_len),
        (Some(0x9ba2e1323afa11cb), Some(1))
    );
    assert_eq!(body.tombstone_possible, Some(false));
    let table = &body.tables[0];
    assert_eq!((table.capacity, table.index), (Some(32), Some(-1)));
    let ctrls = table.ctrls.as_ref().unwrap();
    assert_eq!((ctrls.len(), ctrls[0], ctrls[31]), (32, 0x6a, 0x80));
}

#[test]
fn a_small_swiss_map() {
    let map = json!({"dir_len": 0, "dir_ptr": "0x253e8fb423f0", "small_ctrls": "7b6e808080808080"});
    let Body::Swiss(body) = body_of("go1.24.11", map) else {
        panic!();
    };
    assert_eq!(
        body.small_ctrls,
        Some([0x7b, 0x6e, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80])
    );
    assert_eq!((body.used, body.directory), (None, None));
}

#[test]
fn secrets_alone() {
    let mut alone = document(json!(null));
    alone["secrets"] = json!({"aeskeysched": "0f".repeat(128), "hashkey": ["0x1", 2, "0xffffffffffffffff", "0x0"], "use_aes": 1});
    let snapshot = parse(&alone).unwrap();
    assert!(snapshot.maps.is_empty());
    assert_eq!(snapshot.secrets.aeskeysched, Some(vec![15; 128]));
    assert_eq!(snapshot.secrets.hashkey, Some([1, 2, u64::MAX, 0]));
    assert_eq!(snapshot.secrets.use_aes, Some(true));
    alone["secrets"] = json!({"aeskeysched": "0f".repeat(64), "use_aes": null});
    assert_eq!(
        parse(&alone).unwrap().secrets.aeskeysched,
        Some(vec![15; 64])
    );
    for (field, value) in [
        ("aeskeysched", json!("0f")),
        ("aeskeysched", json!("0g".repeat(128))),
        ("aeskeysched", json!([1, 2])),
        ("hashkey", json!([1, 2, 3])),
        ("hashkey", json!("0x1")),
        ("hashkey", json!([1, 2, 3, -4])),
        ("hashkey", json!([1, 2, 3, "0x+4"])),
        ("use_aes", json!("yes")),
        ("use_aes", json!(2)),
    ] {
        alone["secrets"] = json!({field: value});
        let error = parse(&alone).unwrap_err().to_string();
        assert!(error.contains(field), "{error}");
    }
}

#[test]
fn what_concerns_all_maps() {
    let error = |field: &str, value: Value| {
        let mut document = document(json!([]));
        document[field] = value;
        parse(&document).unwrap_err().to_string()
    };
    assert_eq!(
        error("schema", json!("gotriage.report/1")),
        "the snapshot's schema is \"gotriage.report/1\"; this version of gotriage reads \"gotriage.map-snapshot/1\""
    );
    assert!(error("schema", json!(null)).contains("is \"\""));
    assert_eq!(
        error("arch", json!(null)),
        "the snapshot does not say its arch, which decides how maps lie and hash; add \"arch\": \"amd64\", or what GOARCH was"
    );
    assert!(error("arch", json!("s390x")).contains("big-endian"));
    assert!(
        error("go_version", json!(null)).contains("add \"go_version\": \"go1.27.3\", or give --go")
    );
    assert!(error("go_version", json!("devel go1.28")).contains("development"));
    assert!(error("maps", json!({})).contains("a list of maps"));
    assert!(matches!(
        Snapshot::parse(b"{\"schema\": "),
        Err(SnapshotError::Json(_))
    ));
    assert!(matches!(
        Snapshot::parse(b"[]"),
        Err(SnapshotError::Schema { .. })
    ));
}

#[test]
fn a_build_from_the_caller_overrides_the_documents() {
    let build: GoBuild = "go1.24.11 X:noswissmap".parse().unwrap();
    let mut document = document(json!([{"type": "map[int]int", "impl": "classic"}]));
    document["go_version"] = json!("devel go1.25");
    let snapshot = Snapshot::parse_with(document.to_string().as_bytes(), Some(build)).unwrap();
    assert_eq!(snapshot.target.build, build);
    assert!(matches!(snapshot.maps[0].body, Body::Classic(_)));
    document["go_version"] = json!(null);
    let snapshot = Snapshot::parse_with(document.to_string().as_bytes(), Some(build)).unwrap();
    assert_eq!(snapshot.go_version, "go1.24.11");
}

#[test]
fn a_map_that_cannot_be_read_costs_no_other() {
    let maps = json!([
        5,
        {"name": "named", "type": "map[main.Key]int"},
        {"name": "broken", "type": "map[int]int", "B": 900},
        {"name": "wrong tree", "type": "map[main.Key]int", "key_type": {"name": "main.Key", "kind": "int32", "size": 5}},
        {"name": "header", "type": "map[int]int", "header": "c000"},
        {"name": "good", "type": "map[main.Key]int", "key_type": {"name": "main.Key", "kind": "int32"}},
    ]);
    let snapshot = parse(&document(maps)).unwrap();
    let readable = |map: &MapShot| (map.types.is_ok(), !matches!(map.body, Body::Unreadable(_)));
    let found: Vec<(bool, bool)> = snapshot.maps.iter().map(readable).collect();
    assert_eq!(
        found,
        [
            (false, false),
            (false, true),
            (true, false),
            (false, true),
            (true, false),
            (true, true)
        ]
    );
    assert_eq!(
        snapshot.maps[5].types.as_ref().unwrap().to_string(),
        "map[main.Key]int"
    );
}

#[test]
fn a_tree_for_one_side_leaves_the_other_to_the_text() {
    let types = |map: Value| parse(&document(json!([map]))).unwrap().maps.remove(0).types;
    let tree = json!({"name": "main.T", "kind": "int16"});
    let sizes =
        |types: Result<MapType, TypeError>| types.map(|types| (types.key.size, types.elem.size));
    assert_eq!(
        sizes(types(json!({"type": "map[main.T]int", "key_type": tree}))),
        Ok((2, 8))
    );
    assert_eq!(
        sizes(types(json!({"type": "map[int]main.T", "elem_type": tree}))),
        Ok((8, 2))
    );
    assert_eq!(
        sizes(types(
            json!({"type": "main.Registry", "key_type": tree, "elem_type": "byte"})
        )),
        Ok((2, 1))
    );
    assert_eq!(
        types(json!({"type": "map[main.T]main.U", "key_type": tree})),
        Err(TypeError::Named("main.U".into()))
    );
    assert_eq!(
        types(
            json!({"type": "m", "key_type": {"name": "[]int", "kind": "slice"}, "elem_type": tree})
        ),
        Err(TypeError::NotComparable("[]int".into()))
    );
}

#[test]
fn contradictions_are_named() {
    for (map, why) in [
        (
            json!({"impl": "swiss"}),
            "a swiss map, but Go 1.23.9 as built has classic maps",
        ),
        (json!({"impl": "cuckoo"}), "impl"),
        (json!({"B": 64}), "B is 64"),
        (json!({"B": 256}), "B is 256, not a number that fits"),
        (json!({"hash0": "0x100000000"}), "hash0"),
        (json!({"buckets": "0x10000000000000000"}), "buckets"),
        (json!({"buckets": "c000"}), "buckets"),
        (json!({"old_evacuated": "012"}), "old_evacuated"),
        (
            json!({"B": 3, "flags": 0, "old_evacuated": "01010101"}),
            "8 old buckets, but B and flags make 4",
        ),
        (
            json!({"B": 3, "flags": 8, "old_evacuated": "0101"}),
            "4 old buckets, but B and flags make 8",
        ),
        (
            json!({"B": 3, "allocated_buckets": 7}),
            "but B makes 8 buckets",
        ),
    ] {
        let found = why_unreadable("go1.23.9", map.clone());
        assert!(found.contains(why), "{map}: {found}");
    }
    for (map, why) in [
        (
            json!({"impl": "classic"}),
            "a classic map, but Go 1.27.3 as built has swiss maps",
        ),
        (
            json!({"dir_len": 2, "directory": [0], "tables": [{}]}),
            "dir_len is 2",
        ),
        (
            json!({"directory": [0, 1], "tables": [{}]}),
            "names table 1",
        ),
        (
            json!({"directory": [-1], "tables": [{}]}),
            "directory is [-1], not",
        ),
        (json!({"global_depth": 64}), "global_depth is 64"),
        (json!({"small_ctrls": "80"}), "small_ctrls"),
        (json!({"tables": 1}), "not a list"),
        (
            json!({"tables": [{}, {"capacity": 70000}]}),
            "table 1: capacity",
        ),
        (json!({"tables": [{"length_mask": 4}]}), "power of two"),
        (
            json!({"tables": [{"length_mask": u64::MAX}]}),
            "power of two",
        ),
        (
            json!({"tables": [{"length_mask": 3, "capacity": 16}]}),
            "makes 32 slots",
        ),
        (
            json!({"tables": [{"length_mask": 0, "ctrls": "80"}]}),
            "1 bytes for 8 slots",
        ),
        (
            json!({"tables": [{"capacity": 16, "ctrls": "8080808080808080"}]}),
            "8 bytes for 16 slots",
        ),
        (json!({"tables": [{"ctrls": "80"}]}), "eight a group"),
        (json!({"tables": [{"index": "x"}]}), "index"),
    ] {
        let found = why_unreadable("go1.27.3", map.clone());
        assert!(found.contains(why), "{map}: {found}");
    }
}

#[test]
fn a_document_cut_anywhere_is_an_error() {
    let text = document(json!([{"name": "é", "type": "map[int]int", "header": "0xc000074000"}]))
        .to_string();
    for end in 0..text.len() {
        assert!(Snapshot::parse(&text.as_bytes()[..end]).is_err());
    }
}
