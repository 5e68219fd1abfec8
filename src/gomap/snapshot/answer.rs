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
use super::super::infer::Shape;
use super::super::layout::Layout;
use super::super::locate::address::{AddressPlace, Region, locate_in, regions};
use super::super::locate::index::RegionIndex;
use super::super::locate::key::{self, ClassicKey, SwissKey};
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
    /// Positions in `maps`, of the first with that name.
    names: HashMap<&'s str, usize>,
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
            names.entry(shot.name.as_str()).or_insert(at);
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
                found: Err(format!(
                    "{address:#x} lies in no header, bucket, table or group that the snapshot knows; overflow buckets of their own, and what indirect keys and elements point to, are not in it"
                )),
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
                    "the snapshot holds {} maps: say which, by its name",
                    several.len()
                )),
            };
        };
        let header = name
            .strip_prefix("0x")
            .and_then(|digits| u64::from_str_radix(digits, 16).ok());
        let by_header = header.and_then(|header| self.headers.get(&header));
        let first = self.names.get(name).into_iter().chain(by_header).min();
        first
            .and_then(|&at| self.maps.get(at))
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
        self.in_region(entry, entry.index.owner(address)?, address)
    }

    fn in_region(&self, entry: &Entry<'s>, region: usize, address: u64) -> Option<Found> {
        let region = entry.regions.get(region)?;
        let layout = entry.layout.as_ref();
        let place = locate_in(region, layout, &self.snapshot.target, address)?;
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
///
/// # Errors
/// What the snapshot lacks, in a sentence.
pub fn seed(shot: &MapShot) -> Result<u64, String> {
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
        serde_json::to_value(AnswerLine::new(self, id)).unwrap_or_default()
    }
}
