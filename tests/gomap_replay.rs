//! Replays against what Go did: corpus/maps/map-history holds real histories, operation by operation.
//!
//! ```text
//! {"history":"ints","go_version":"go1.24.11","arch":"amd64","secrets":{…},"type":"map[int]int","hint":null,"state":{"used":0,…,"seed":"0x…"}}
//! {"op":"insert","key":{"lit":"8"},"state":{"used":9,"dir_len":1,…}}        a state where it changed in more than the count
//! {"history":"ints","end":{…}}                                              the whole map as it was left
//! {"map":"ints","key":{"lit":"642","mem":"8202…"},"hash":"0x…",…,"slot":3}  where some of its entries lie
//! ```
//!
//! Every hash is computed here, from the secrets and the seed of the moment.

use gotriage::gomap::grow::replay::path::AssignPath;
use gotriage::gomap::grow::replay::{Array, KeyId, Outcome, Place, Replay, State, word};
use gotriage::gomap::hash::{Hasher, KeyPlan, Secrets};
use gotriage::gomap::layout::Layout;
use gotriage::gomap::target::{Arch, Target};
use gotriage::gomap::types::{GoType, Kind, MapType, Scalar};
use gotriage::gomap::value::{Image, Ref, Referent};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

type Failure = Box<dyn std::error::Error>;

/// One map and its replay.
struct Map {
    target: Target,
    types: MapType,
    layout: Layout,
    hasher: Hasher,
    plan: KeyPlan,
    replay: Replay,
    seed: u64,
    /// The state that was printed last, without the count and the room left.
    shape: Value,
    ids: BTreeMap<String, KeyId>,
    end: Value,
    places: BTreeMap<KeyId, (u64, Place)>,
}

#[derive(Default)]
struct Counts {
    maps: usize,
    operations: usize,
    states: usize,
    entries: usize,
}

fn histories() -> std::io::Result<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/maps/map-history");
    let mut files = std::fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}

#[test]
fn a_replay_does_what_go_did() -> Result<(), Failure> {
    let files = histories()?;
    // Classic and Swiss, with and without experiments, 64 and 32 bits.
    assert!(files.len() >= 13, "{} histories", files.len());
    for file in files {
        let mut counts = Counts::default();
        replay_file(&file, &mut counts)
            .map_err(|failure| format!("{}: {failure}", file.display()))?;
        // Nothing is compared where nothing is read.
        let Counts {
            maps,
            operations,
            states,
            entries,
        } = counts;
        assert!(
            maps >= 10 && operations > 5_000 && states > 100 && entries > 300,
            "{}: {maps} maps, {operations} operations, {states} states, {entries} entries",
            file.display()
        );
    }
    Ok(())
}

fn replay_file(file: &Path, counts: &mut Counts) -> Result<(), Failure> {
    let text = String::from_utf8(zstd::decode_all(std::fs::File::open(file)?)?)?;
    let mut map = None;
    for (number, line) in (1..).zip(text.lines()) {
        let value: Value = serde_json::from_str(line)?;
        line_of(&value, &mut map, counts)
            .map_err(|failure| format!("line {number}: {failure}\n{line:.300}"))?;
    }
    Ok(())
}

fn line_of(line: &Value, map: &mut Option<Map>, counts: &mut Counts) -> Result<(), Failure> {
    if line.get("secrets").is_some() {
        counts.maps += 1;
        *map = Some(Map::new(line)?);
        return Ok(());
    }
    let map = map.as_mut().ok_or("no history begun")?;
    if let Some(op) = line["op"].as_str() {
        counts.operations += 1;
        counts.states += usize::from(line.get("state").is_some());
        map.operation(op, line)
    } else if let Some(end) = line.get("end") {
        map.ended(end)
    } else {
        counts.entries += 1;
        map.entry(line)
    }
}

impl Map {
    fn new(line: &Value) -> Result<Self, Failure> {
        let build = text(line, "go_version")?.parse()?;
        let target = Target::new(build, text(line, "arch")?.parse::<Arch>()?)?;
        let types = map_type(text(line, "type")?, target.word())?;
        let layout = Layout::new(&target, &types);
        let path = AssignPath::of(&types, target.word());
        let hint = line["hint"].as_u64().unwrap_or(0);
        let mut map = Self {
            hasher: Hasher::new(&target, &secrets(&line["secrets"])?)?,
            plan: KeyPlan::new(&target, &types.key),
            replay: Replay::new(&target, &layout, path, hint)?,
            target,
            types,
            layout,
            seed: 0,
            shape: Value::Null,
            ids: BTreeMap::new(),
            end: Value::Null,
            places: BTreeMap::new(),
        };
        map.check_state(&line["state"])?;
        map.seed = seed(&line["state"])?;
        Ok(map)
    }

    fn operation(&mut self, op: &str, line: &Value) -> Result<(), Failure> {
        let event = if op == "clear" {
            self.replay.clear()?
        } else {
            let (key, hash) = self.key(&line["key"])?;
            match op {
                "delete" => self.replay.delete(key, hash)?,
                _ => self.replay.assign(key, hash)?,
            }
        };
        let expected = match event.outcome {
            Outcome::Inserted => "insert",
            Outcome::Updated => "update",
            Outcome::Deleted { .. } => "delete",
            Outcome::Cleared => "clear",
            Outcome::Absent | Outcome::Nothing => "nothing",
        };
        same("outcome", expected, op)?;
        let Some(state) = line.get("state") else {
            // Not printed, so nothing but the count and the room changed.
            same("a new seed", event.seed_redrawn, false)?;
            return same(
                "shape",
                shape(&json_state(&self.replay)),
                self.shape.clone(),
            );
        };
        self.check_state(state)?;
        let now = seed(state)?;
        same("a new seed", event.seed_redrawn, now != self.seed)?;
        if event.seed_redrawn {
            self.seed = now;
            self.replay.reseeded();
        }
        Ok(())
    }

    /// Compares a printed state, field by field.
    fn check_state(&mut self, state: &Value) -> Result<(), Failure> {
        let ours = json_state(&self.replay);
        same("state", &ours, &known_fields(state))?;
        self.shape = shape(&ours);
        Ok(())
    }

    fn ended(&mut self, end: &Value) -> Result<(), Failure> {
        self.end = end.clone();
        self.places = self
            .replay
            .places()
            .into_iter()
            .map(|(key, hash, place)| (key, (hash, place)))
            .collect();
        let entries = number(end, "count").or_else(|_| number(end, "used"))?;
        same("entries", self.places.len() as u64, entries)?;
        same("count", self.replay.count(), entries)
    }

    fn entry(&self, line: &Value) -> Result<(), Failure> {
        let id = self.ids.get(key_name(&line["key"])?);
        let id = id.ok_or("a key that was never written")?;
        let &(hash, place) = self.places.get(id).ok_or("a key that is not in our map")?;
        same("hash", hash, number(line, "hash")?)?;
        let slot = number(line, "slot")?;
        match place {
            Place::Bucket {
                array,
                bucket,
                link,
                cell,
                slot: ours,
            } => {
                let name = if array == Array::Old { "old" } else { "new" };
                same("array", name, text(line, "array")?)?;
                same("bucket", bucket, number(line, "bucket")?)?;
                same("chain", u64::from(link), number(line, "chain")?)?;
                same("slot", u64::from(ours), slot)?;
                self.check_cell(array, cell, number(line, "bucket_addr")?)
            }
            Place::Small { slot: ours } => {
                same("dir_len", number(&self.end, "dir_len")?, 0)?;
                same("slot", u64::from(ours), slot)
            }
            Place::Table {
                table,
                group,
                slot: ours,
            } => {
                let theirs = &self.end["tables"][number(line, "table")? as usize];
                same("table", table, number(theirs, "index")?)?;
                same("group", group, number(line, "group")?)?;
                same("slot", u64::from(ours), slot)
            }
        }
    }

    /// The bucket's address against the cell of the array that we take it for.
    fn check_cell(&self, array: Array, cell: Option<u64>, addr: u64) -> Result<(), Failure> {
        let Layout::Classic(layout) = &self.layout else {
            return Err("a bucket in a Swiss map".into());
        };
        if array == Array::Old {
            return Ok(());
        }
        let base = number(&self.end, "buckets")?;
        let cells = number(&self.end, "allocated_buckets")?;
        let theirs = addr
            .checked_sub(base)
            .map(|offset| offset / layout.bucket_size)
            .filter(|&at| at < cells);
        same("cell", cell, theirs)
    }

    /// The key's number and its hash under the seed of the moment.
    fn key(&mut self, key: &Value) -> Result<(KeyId, u64), Failure> {
        let next = KeyId(self.ids.len() as u32);
        let id = *self.ids.entry(key_name(key)?.to_owned()).or_insert(next);
        let image = image(key, &self.types.key, self.target.word())?;
        let hash = self.plan.hash(&self.hasher, &image, self.seed)?;
        Ok((id, word(&hash)?))
    }
}

/// Our state, in the names that histories use.
fn json_state(replay: &Replay) -> Value {
    match replay.state() {
        State::Classic(state) => json!({
            "count": state.count, "B": state.b, "noverflow": state.noverflow, "nevacuate": state.nevacuate,
            "growing": state.growing, "flags": u64::from(state.same_size) * 8,
        }),
        State::Swiss(state) => {
            let tables = state.tables.iter().map(|table| {
                json!({
                    "index": table.index, "used": table.used, "capacity": table.capacity,
                    "growth_left": table.growth_left, "local_depth": table.local_depth,
                })
            });
            let mut json = json!({
                "used": state.used, "dir_len": state.dir_len, "global_depth": state.global_depth,
                "tables": tables.collect::<Vec<_>>(),
            });
            if let Some(possible) = state.tombstone_possible {
                json["tombstone_possible"] = possible.into();
            }
            json
        }
    }
}

/// A printed state without the seed, which no replay knows.
fn known_fields(state: &Value) -> Value {
    let mut state = state.clone();
    if let Some(fields) = state.as_object_mut() {
        fields.remove("seed");
        fields.remove("hash0");
        if fields.contains_key("used") {
            fields.entry("tables").or_insert(json!([]));
        }
    }
    state
}

/// A state without what changes at each operation.
fn shape(state: &Value) -> Value {
    let mut state = state.clone();
    let remove = |value: &mut Value, names: &[&str]| {
        if let Some(fields) = value.as_object_mut() {
            fields.retain(|name, _| !names.contains(&name.as_str()));
        }
    };
    remove(&mut state, &["count", "used"]);
    for table in state["tables"].as_array_mut().into_iter().flatten() {
        remove(table, &["used", "growth_left"]);
    }
    state
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, ours: T, theirs: T) -> Result<(), Failure> {
    if ours == theirs {
        return Ok(());
    }
    Err(format!("{what}: {ours:?}, in Go {theirs:?}").into())
}

fn text<'v>(value: &'v Value, name: &str) -> Result<&'v str, Failure> {
    value[name]
        .as_str()
        .ok_or_else(|| format!("no text {name}").into())
}

/// A number, or one in hexadecimal with its prefix.
fn number(value: &Value, name: &str) -> Result<u64, Failure> {
    hexadecimal(&value[name]).or_else(|_| {
        value[name]
            .as_u64()
            .ok_or_else(|| format!("no number {name}").into())
    })
}

fn hexadecimal(value: &Value) -> Result<u64, Failure> {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x"));
    Ok(u64::from_str_radix(digits.ok_or("no 0x")?, 16)?)
}

fn seed(state: &Value) -> Result<u64, Failure> {
    number(state, "seed").or_else(|_| number(state, "hash0"))
}

fn bytes(hex: &str) -> Result<Vec<u8>, Failure> {
    (0..hex.len())
        .step_by(2)
        .map(|at| Ok(u8::from_str_radix(hex.get(at..at + 2).ok_or("odd")?, 16)?))
        .collect()
}

fn secrets(value: &Value) -> Result<Secrets, Failure> {
    let mut hashkey = [0; 4];
    for (word, text) in hashkey
        .iter_mut()
        .zip(value["hashkey"].as_array().into_iter().flatten())
    {
        *word = hexadecimal(text)?;
    }
    Ok(Secrets {
        aeskeysched: Some(bytes(text(value, "aeskeysched")?)?),
        hashkey: Some(hashkey),
        use_aes: value["use_aes"].as_bool(),
    })
}

fn go_type(name: &str, size: u64, align: u64, kind: Kind) -> GoType {
    GoType {
        name: name.to_owned(),
        size,
        align,
        kind,
    }
}

/// The types of the histories; their maps all have int elements.
fn map_type(text: &str, word: u64) -> Result<MapType, Failure> {
    let signed = Kind::Scalar(Scalar::Int { signed: true });
    let int = go_type("int", word, word, signed.clone());
    let key = match text {
        "map[int]int" => int.clone(),
        "map[string]int" => go_type("string", 2 * word, word, Kind::String),
        "map[*int64]int" => go_type("*int64", word, word, Kind::Pointer),
        "map[[2]int64]int" => {
            let elem = Box::new(go_type("int64", 8, word, signed));
            go_type("[2]int64", 16, word, Kind::Array { len: 2, elem })
        }
        other => return Err(format!("{other} is new").into()),
    };
    Ok(MapType { key, elem: int })
}

/// What a key is called: its literal, or a pointer's memory.
fn key_name(key: &Value) -> Result<&str, Failure> {
    text(key, "lit").or_else(|_| text(key, "mem"))
}

fn image(key: &Value, of: &GoType, word: u64) -> Result<Image, Failure> {
    let plain = |bytes| Image {
        bytes,
        refs: Vec::new(),
    };
    let Ok(literal) = text(key, "lit") else {
        return Ok(plain(bytes(text(key, "mem")?)?));
    };
    Ok(match &of.kind {
        Kind::String => Image {
            bytes: vec![0; 2 * word as usize],
            refs: vec![Ref {
                offset: 0,
                referent: Referent::Str(literal.trim_matches('"').as_bytes().to_vec()),
            }],
        },
        Kind::Array { .. } => {
            let inner = literal
                .strip_prefix("[2]int64{")
                .and_then(|rest| rest.strip_suffix('}'));
            let mut bytes = Vec::new();
            for item in inner.ok_or("no array")?.split(", ") {
                bytes.extend(item.parse::<i64>()?.to_le_bytes());
            }
            plain(bytes)
        }
        _ => {
            let mut bytes = literal.parse::<i64>()?.to_le_bytes().to_vec();
            bytes.truncate(of.size as usize);
            plain(bytes)
        }
    })
}
