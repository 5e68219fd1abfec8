//! Questions on a snapshot are answered here: which map, which hash, which place, or why that can't be told.
//!
//! ```text
//! {"id": 1, "hash": "0x32cf…", "impl": "classic", "array": "old", "bucket": 811, "new_bucket": 2859, "tophash": 50}
//! {"id": 3, "map": "sessions", "array": "old", "bucket": 811, "overflow": null, "slot": 0, "field": "key", "offset": 0}
//! ```
//!
//! [`Book::open`] prepares what all questions share: the hasher, for each map its layout, the plan of its key type and where its
//! parts lie, and over all maps their names and addresses, so that a question costs the same in a snapshot of thousands of maps.

use super::super::hash::{Hash, Hasher, KeyPlan, SecretsError};
use super::super::infer::{KnownArray, Shape};
use super::super::layout::Layout;
use super::super::locate::address::{AddressPlace, Region, RegionPart, locate_in, regions};
use super::super::locate::index::RegionIndex;
use super::super::locate::key::{self, BucketArray, ClassicKey, SwissKey};
use super::super::target::Target;
use super::super::types::MapType;
use super::super::value::{Image, KeyError};
use super::line::AnswerLine;
use super::question::{Ask, Question};
use super::{Body, MapShot, Snapshot};
use serde_json::Value;
use std::collections::HashMap;

/// A snapshot, ready for questions.
#[derive(Debug)]
pub struct Book<'s> {
    /// What it was made from.
    pub snapshot: &'s Snapshot,
    hasher: Result<Hasher, SecretsError>,
    maps: Vec<Entry<'s>>,
    /// Positions in `maps` of those with that name.
    names: HashMap<&'s str, Vec<usize>>,
    /// The same by header.
    headers: HashMap<u64, usize>,
    /// Positions in `maps`, and in the regions of that map.
    regions: RegionIndex<(usize, usize)>,
}

/// A map of the snapshot with what its types tell.
#[derive(Debug)]
pub struct Entry<'s> {
    /// The map.
    pub shot: &'s MapShot,
    /// Its layout, where its types are known.
    pub layout: Option<Layout>,
    plan: Option<KeyPlan>,
    regions: Vec<Region>,
    /// Positions in `regions`.
    index: RegionIndex<usize>,
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

impl<'s> Book<'s> {
    /// Prepares the maps of a snapshot.
    pub fn open(snapshot: &'s Snapshot) -> Self {
        let target = &snapshot.target;
        let maps = snapshot.maps.iter().map(|shot| Entry::new(shot, target));
        let maps: Vec<Entry<'s>> = maps.collect();
        let (mut names, mut headers) = (HashMap::new(), HashMap::new());
        for (at, shot) in snapshot.maps.iter().enumerate() {
            let same: &mut Vec<usize> = names.entry(shot.name.as_str()).or_default();
            same.push(at);
            shot.header
                .map(|header| headers.entry(header).or_insert(at));
        }
        let numbered = maps.iter().enumerate();
        let all = numbered.flat_map(|(map, entry)| {
            let own = entry.regions.iter().enumerate();
            own.map(move |(at, region)| (region.base, region.last(), (map, at)))
        });
        let regions = RegionIndex::new(all);
        Self {
            snapshot,
            hasher: Hasher::new(target, &snapshot.secrets),
            maps,
            names,
            headers,
            regions,
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
        match &question.ask {
            Err(error) => Answer {
                map: None,
                found: Err(error.to_string()),
            },
            Ok(Ask::Key(given)) => match self.named(question.map.as_deref()) {
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
            Ok(Ask::Address(address)) => self.address(question.map.as_deref(), *address),
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
        let owner = self.regions.owner(address);
        let entry = owner.and_then(|(map, region)| Some((self.maps.get(map)?, region)));
        let found = entry.and_then(|(entry, region)| {
            let place = self.in_region(entry, region, address)?;
            Some((entry.shot, place))
        });
        match found {
            Some((shot, found)) => Answer {
                map: Some(shot),
                found: Ok(found),
            },
            None => Answer {
                map: None,
                found: Err(match self.maps.as_slice() {
                    [only] => self.outside(only, address),
                    _ => format!(
                        "{address:#x} lies in no header, bucket, table or group whose place is known; {ELSEWHERE}"
                    ),
                }),
            },
        }
    }

    /// The map of a name or a header address; without one, the only map there is.
    ///
    /// # Errors
    /// Why none is meant, in a sentence.
    pub fn named(&self, name: Option<&str>) -> Result<&Entry<'s>, String> {
        let Some(name) = name else {
            return match self.maps.as_slice() {
                [only] => Ok(only),
                [] => Err("the snapshot holds no map".into()),
                several => Err(format!(
                    "the snapshot holds {} maps; say which: {}",
                    several.len(),
                    self.listed()
                )),
            };
        };
        let header = name
            .strip_prefix("0x")
            .and_then(|digits| u64::from_str_radix(digits, 16).ok());
        let by_header = header.and_then(|header| self.headers.get(&header));
        let by_name = self.names.get(name).map_or(&[][..], Vec::as_slice);
        let at = match (by_name, by_header) {
            ([], None) => {
                let listed = self.listed();
                return Err(format!(
                    "the snapshot holds no map \"{name}\"; it has {listed}"
                ));
            }
            ([], Some(at)) | ([at], _) => at,
            (several, _) => {
                return Err(format!(
                    "{} maps of the snapshot are called \"{name}\"; say the header of the one that is meant: {}",
                    several.len(),
                    listed(several.iter().filter_map(|&at| {
                        let header = self.maps.get(at)?.shot.header?;
                        Some(format!("{header:#x}"))
                    }))
                ));
            }
        };
        let nothing = || format!("the snapshot holds no map \"{name}\"");
        self.maps.get(*at).ok_or_else(nothing)
    }

    /// The names of the maps, for those who named none.
    fn listed(&self) -> String {
        match self.maps.as_slice() {
            [] => "none".to_owned(),
            maps => listed(maps.iter().map(|entry| entry.shot.name.clone())),
        }
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
        self.in_region(entry, entry.index.owner(address)?, address)
    }

    fn in_region(&self, entry: &Entry<'s>, region: usize, address: u64) -> Option<Found> {
        let region = entry.regions.get(region)?;
        let layout = entry.layout.as_ref();
        let place = locate_in(region, layout, &self.snapshot.target, address)?;
        Some(Found::Address(place))
    }

    fn outside(&self, entry: &Entry<'s>, address: u64) -> String {
        if let Err(error) = &entry.shot.types {
            return error.to_string();
        }
        let parts = entry.regions.iter().map(|region| {
            let (name, from, to) = (part_name(region.part), region.base, region.last());
            format!("{name} {from:#x} to {to:#x}")
        });
        match entry.regions.is_empty() {
            true => {
                format!("{address:#x} can't be placed: no address of a part of this map is known")
            }
            false => format!(
                "{address:#x} lies outside the parts of this map whose places are known, {}; {ELSEWHERE}",
                listed(parts)
            ),
        }
    }
}

impl<'s> Entry<'s> {
    fn new(shot: &'s MapShot, target: &Target) -> Self {
        let types = shot.types.as_ref().ok();
        let layout = types.map(|types| Layout::new(target, types));
        let regions = regions(shot, layout.as_ref(), target);
        let numbered = regions.iter().enumerate();
        let index = RegionIndex::new(numbered.map(|(at, region)| (region.base, region.last(), at)));
        Self {
            shot,
            plan: types.map(|types| KeyPlan::new(target, &types.key)),
            layout,
            regions,
            index,
        }
    }

    /// What the header tells of the current array, or of the only table's.
    pub fn array(&self) -> KnownArray {
        let base = match &self.shot.body {
            Body::Classic(shot) => shot.buckets,
            Body::Swiss(shot) if shot.dir_len == Some(0) => shot.dir_ptr,
            Body::Swiss(shot) => match shot.tables.as_slice() {
                [only] => only.groups,
                _ => None,
            },
            Body::Unreadable(_) => None,
        };
        KnownArray {
            shape: self.shape(),
            base: base.filter(|&base| base != 0),
        }
    }

    /// Length of the current array.
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

/// Names or parts in a message, of which a snapshot may hold any number.
const LISTED: usize = 20;

/// `a, b, c and 4 more`
fn listed(names: impl Iterator<Item = String>) -> String {
    let mut names: Vec<String> = names.collect();
    let more = names.len().saturating_sub(LISTED);
    names.truncate(LISTED);
    match more {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

/// What no snapshot holds.
const ELSEWHERE: &str = "overflow buckets that were allocated one by one, and what pointers to large keys and elements point to, lie elsewhere";

/// As Go's source names what points to the part.
fn part_name(part: RegionPart) -> &'static str {
    match part {
        RegionPart::Header => "header",
        RegionPart::Extra => "extra",
        RegionPart::Buckets { array, .. } => match array {
            BucketArray::New => "buckets",
            BucketArray::Old => "oldbuckets",
        },
        RegionPart::Directory => "directory",
        RegionPart::Table(_) => "table",
        RegionPart::Groups(_) => "groups",
    }
}

/// The map's own seed.
///
/// # Errors
/// What is not known, in a sentence.
pub fn seed(shot: &MapShot) -> Result<u64, String> {
    let (seed, field) = match &shot.body {
        Body::Classic(shot) => (shot.hash0.map(u64::from), "hash0"),
        Body::Swiss(shot) => (shot.seed, "seed"),
        Body::Unreadable(why) => return Err(why.clone()),
    };
    seed.ok_or_else(|| format!("{field} of this map is not known, which every hash begins with"))
}

impl Answer<'_> {
    /// As the snapshot format writes it; `id` is the question's.
    pub fn to_json(&self, id: &Value) -> Value {
        serde_json::to_value(AnswerLine::new(self, id)).unwrap_or_default()
    }
}
