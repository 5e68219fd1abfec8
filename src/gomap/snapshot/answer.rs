//! Questions on a snapshot are answered here: which map, which hash, which place, or why that can't be told.
//!
//! ```text
//! {"id": 1, "hash": "0x32cf…", "impl": "classic", "array": "old", "bucket": 811, "new_bucket": 2859, "tophash": 50}
//! {"id": 3, "map": "sessions", "array": "old", "bucket": 811, "overflow": null, "slot": 0, "field": "key", "offset": 0}
//! ```
//!
//! [`Book::open`] prepares what all questions share: the hasher, and for each map its layout and the plan of its key type.

use super::super::hash::{Hash, Hasher, KeyPlan, SecretsError};
use super::super::infer::Shape;
use super::super::layout::Layout;
use super::super::locate::address::{AddressPlace, locate_address};
use super::super::locate::key::{self, BucketArray, ClassicKey, SwissKey};
use super::super::types::MapType;
use super::super::value::{Image, KeyError};
use super::question::{Asked, Question};
use super::{Body, MapShot, Snapshot};
use serde_json::{Map, Value, json};

/// A snapshot, ready for questions.
#[derive(Debug)]
pub struct Book<'s> {
    /// What it was made from.
    pub snapshot: &'s Snapshot,
    hasher: Result<Hasher, SecretsError>,
    maps: Vec<Entry<'s>>,
}

/// A map of the snapshot with what its types tell.
#[derive(Debug)]
pub struct Entry<'s> {
    /// The map.
    pub shot: &'s MapShot,
    /// Its layout, where its types are known.
    pub layout: Option<Layout>,
    plan: Option<KeyPlan>,
}

/// The answer to one question.
#[derive(Clone, Debug)]
pub struct Answer<'s> {
    /// The map it is about.
    pub map: Option<&'s MapShot>,
    /// The place, or why there is none.
    pub found: Result<Found, String>,
}

/// A place.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// Of a key in a classic map.
    Classic(ClassicKey),
    /// Of a key in a Swiss map.
    Swiss(SwissKey),
    /// Of a key that hashes to another word each time.
    Random,
    /// Of a key whose hash is known, while its map's fields are not.
    HashOnly {
        /// The hash.
        hash: u64,
        /// What is missing.
        why: String,
    },
    /// Of an address.
    Address(AddressPlace),
}

/// Why a NaN has no place.
pub const RANDOM: &str = "a NaN is in the key: Go hashes it to another number at every call, so it may lie anywhere and no lookup finds it";

/// Why neither array can be named.
const NOT_TOLD_WHICH: &str = "the map is growing, and without old_evacuated the snapshot does not tell whether this old bucket has been evacuated";

impl<'s> Book<'s> {
    /// Prepares the maps of a snapshot.
    pub fn open(snapshot: &'s Snapshot) -> Self {
        let target = &snapshot.target;
        let entry = |shot: &'s MapShot| {
            let types = shot.types.as_ref().ok();
            Entry {
                shot,
                layout: types.map(|types| Layout::new(target, types)),
                plan: types.map(|types| KeyPlan::new(target, &types.key)),
            }
        };
        Self {
            snapshot,
            hasher: Hasher::new(target, &snapshot.secrets),
            maps: snapshot.maps.iter().map(entry).collect(),
        }
    }

    /// The maps, in the snapshot's order.
    pub fn entries(&self) -> &[Entry<'s>] {
        &self.maps
    }

    /// How the process hashes, or why nothing can be hashed.
    pub fn hasher(&self) -> Result<&Hasher, &SecretsError> {
        self.hasher.as_ref()
    }

    /// Answers a question.
    pub fn answer(&self, question: &Question) -> Answer<'s> {
        match &question.asked {
            Asked::Key(given) => match self.named(question.map.as_deref()) {
                Err(why) => Answer {
                    map: None,
                    found: Err(why),
                },
                Ok(entry) => Answer {
                    map: Some(entry.shot),
                    found: self.key_place(entry, |types| {
                        given.to_image(&types.key, self.snapshot.target.arch)
                    }),
                },
            },
            Asked::Address(address) => self.address(question.map.as_deref(), *address),
        }
    }

    /// The place of a key that is given as it stands in memory.
    pub fn key(&self, map: Option<&str>, image: &Image) -> Answer<'s> {
        match self.named(map) {
            Err(why) => Answer {
                map: None,
                found: Err(why),
            },
            Ok(entry) => Answer {
                map: Some(entry.shot),
                found: self.key_place(entry, |_| Ok(image.clone())),
            },
        }
    }

    /// The field an address lies in, of the named map or of any.
    pub fn address(&self, map: Option<&str>, address: u64) -> Answer<'s> {
        if map.is_some() {
            return match self.named(map) {
                Err(why) => Answer {
                    map: None,
                    found: Err(why),
                },
                Ok(entry) => Answer {
                    map: Some(entry.shot),
                    found: self
                        .in_map(entry, address)
                        .ok_or_else(|| self.outside(entry, address)),
                },
            };
        }
        let mut tried = self
            .maps
            .iter()
            .map(|entry| (entry.shot, self.in_map(entry, address)));
        match tried.find_map(|(shot, found)| found.map(|found| (shot, found))) {
            Some((shot, found)) => Answer {
                map: Some(shot),
                found: Ok(found),
            },
            None => Answer {
                map: None,
                found: Err(format!(
                    "{address:#x} lies in no header, bucket, table or group that the snapshot knows; overflow buckets of their own, and what indirect keys and elements point to, are not in it"
                )),
            },
        }
    }

    /// The map of a name or a header address; without one, the only map there is.
    fn named(&self, name: Option<&str>) -> Result<&Entry<'s>, String> {
        let Some(name) = name else {
            return match self.maps.as_slice() {
                [only] => Ok(only),
                [] => Err("the snapshot holds no map".into()),
                several => Err(format!(
                    "the snapshot holds {} maps: say which, by its name",
                    several.len()
                )),
            };
        };
        let header = name
            .strip_prefix("0x")
            .and_then(|digits| u64::from_str_radix(digits, 16).ok());
        let is = |entry: &&Entry<'_>| {
            entry.shot.name == name || header.is_some() && entry.shot.header == header
        };
        self.maps
            .iter()
            .find(is)
            .ok_or_else(|| format!("the snapshot holds no map \"{name}\""))
    }

    fn key_place(
        &self,
        entry: &Entry<'s>,
        image: impl FnOnce(&MapType) -> Result<Image, KeyError>,
    ) -> Result<Found, String> {
        let types = entry.shot.types.as_ref().map_err(ToString::to_string)?;
        let plan = entry
            .plan
            .as_ref()
            .ok_or("the map's key type is not known")?;
        let image = image(types).map_err(|error| error.to_string())?;
        let seed = seed(entry.shot)?;
        let hasher = self.hasher.as_ref().map_err(ToString::to_string)?;
        let hash = match plan
            .hash(hasher, &image, seed)
            .map_err(|error| error.to_string())?
        {
            Hash::Random => return Ok(Found::Random),
            Hash::Word(hash) => hash,
        };
        let bits = self.snapshot.target.hash_bits();
        let place = match &entry.shot.body {
            Body::Classic(shot) => key::classic(shot, hash, bits).map(Found::Classic),
            Body::Swiss(shot) => key::swiss(shot, hash, bits).map(Found::Swiss),
            Body::Unreadable(why) => return Err(why.clone()),
        };
        Ok(place.unwrap_or_else(|error| Found::HashOnly {
            hash,
            why: error.to_string(),
        }))
    }

    fn in_map(&self, entry: &Entry<'s>, address: u64) -> Option<Found> {
        let place = locate_address(
            entry.shot,
            entry.layout.as_ref()?,
            &self.snapshot.target,
            address,
        )?;
        Some(Found::Address(place))
    }

    fn outside(&self, entry: &Entry<'s>, address: u64) -> String {
        match &entry.shot.types {
            Err(error) => error.to_string(),
            Ok(_) => format!(
                "{address:#x} lies in no part of {} that the snapshot knows",
                entry.shot.name
            ),
        }
    }
}

impl Entry<'_> {
    /// Length of the current array, where the header tells it.
    pub fn shape(&self) -> Option<Shape> {
        match &self.shot.body {
            Body::Classic(shot) => shot.b.map(|b| Shape::Classic { b }),
            Body::Swiss(shot) if shot.dir_len == Some(0) => Some(Shape::Swiss {
                capacity: key::SLOTS,
            }),
            Body::Swiss(shot) => match shot.tables.as_slice() {
                [only] => only.capacity.map(|slots| Shape::Swiss {
                    capacity: u64::from(slots),
                }),
                _ => None,
            },
            Body::Unreadable(_) => None,
        }
    }
}

/// The map's own seed.
fn seed(shot: &MapShot) -> Result<u64, String> {
    let (seed, field) = match &shot.body {
        Body::Classic(shot) => (shot.hash0.map(u64::from), "hash0"),
        Body::Swiss(shot) => (shot.seed, "seed"),
        Body::Unreadable(why) => return Err(why.clone()),
    };
    seed.ok_or_else(|| {
        format!("the snapshot lacks {field} of this map, which every hash begins with")
    })
}

impl Answer<'_> {
    /// As the snapshot format writes it; `id` is the question's.
    pub fn to_json(&self, id: &Value) -> Value {
        let mut answer = Map::new();
        answer.insert("id".into(), id.clone());
        let fields = match &self.found {
            Err(why) => json!({ "error": why }),
            Ok(Found::Classic(place)) => classic(place),
            Ok(Found::Swiss(place)) => swiss(place),
            Ok(Found::Random) => json!({ "hash": null, "why": RANDOM }),
            Ok(Found::HashOnly { hash, why }) => {
                json!({ "hash": format!("{hash:#x}"), "error": why })
            }
            Ok(Found::Address(place)) => {
                if let Some(shot) = self.map {
                    answer.insert("map".into(), json!(shot.name));
                }
                address(place)
            }
        };
        if let Value::Object(fields) = fields {
            answer.extend(fields);
        }
        Value::Object(answer)
    }
}

/// A classic key's place: `array` is the one a lookup searches now, `bucket` the bucket in it.
fn classic(place: &ClassicKey) -> Value {
    let mut fields = Map::new();
    fields.insert("hash".into(), json!(format!("{:#x}", place.hash)));
    fields.insert("impl".into(), json!("classic"));
    let (array, bucket) = place.searched().unzip();
    fields.insert("array".into(), json!(array.map(BucketArray::word)));
    fields.insert("bucket".into(), json!(bucket));
    if let Some(growing) = place.growing {
        fields.insert("new_bucket".into(), json!(place.bucket));
        if array.is_none() {
            fields.insert("old_bucket".into(), json!(growing.old_bucket));
            fields.insert("why".into(), json!(NOT_TOLD_WHICH));
        }
    }
    fields.insert("tophash".into(), json!(place.tophash));
    Value::Object(fields)
}

/// A Swiss key's place; directory entry and table are -1 in a small map.
fn swiss(place: &SwissKey) -> Value {
    let (directory, table) = place.table.map_or((-1, -1), |(entry, position)| {
        (entry as i64, position as i64)
    });
    let mut fields = Map::new();
    fields.insert("hash".into(), json!(format!("{:#x}", place.hash)));
    fields.insert("impl".into(), json!("swiss"));
    fields.insert("table".into(), json!(table));
    fields.insert("directory".into(), json!(directory));
    fields.insert("h1".into(), json!(format!("{:#x}", place.h1)));
    fields.insert("h2".into(), json!(place.h2));
    fields.insert("groups".into(), json!(place.groups));
    if let Some(slots) = &place.slots {
        let slots = slots
            .iter()
            .map(|(group, slot)| json!({ "group": group, "slot": slot }));
        fields.insert("slots".into(), slots.collect());
    }
    Value::Object(fields)
}

/// What an address lies in: which part of the map, and which field of it.
fn address(place: &AddressPlace) -> Value {
    let mut fields = Map::new();
    match place {
        AddressPlace::Header(_) | AddressPlace::Extra(_) => {}
        AddressPlace::Bucket(bucket) => {
            fields.insert("array".into(), json!(bucket.array.word()));
            fields.insert("bucket".into(), json!(bucket.bucket));
            fields.insert("overflow".into(), json!(bucket.overflow));
        }
        AddressPlace::Directory { entry, .. } => {
            fields.insert("directory".into(), json!(entry));
        }
        AddressPlace::Table { table, .. } => {
            fields.insert("table".into(), json!(table));
        }
        AddressPlace::Group(group) => {
            let table = group.table.map_or(-1, |table| table as i64);
            fields.insert("table".into(), json!(table));
            fields.insert("group".into(), json!(group.group));
        }
    }
    if matches!(place, AddressPlace::Bucket(_) | AddressPlace::Group(_)) {
        fields.insert("slot".into(), json!(place.slot()));
    }
    fields.insert("field".into(), json!(place.field()));
    fields.insert("offset".into(), json!(place.offset()));
    Value::Object(fields)
}
