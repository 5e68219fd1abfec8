//! The layouts that one map type has in all versions, each with the versions that have it: `gotriage map layout`.

use super::super::alloc::{self, Allocation};
use super::super::target::{Arch, CHECKED, Target};
use super::super::types::{GoType, MapType};
use super::header::{self, Header};
use super::{Cell, Layout};
use crate::goruntime::version::{GoBuild, GoVersion, MapExperiment, RELEASES, ReleaseSet};
use schemars::JsonSchema;
use serde::Serialize;

/// A layout and who has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Variant {
    /// Versions: `1.19-1.23`.
    pub go: String,
    /// The experiment it takes: `noswissmap`, `mapsplitgroup`.
    pub experiment: Option<&'static str>,
    /// What it looks like.
    #[serde(flatten)]
    pub shape: Shape,
}

/// All parts of a map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Shape {
    /// `classic` or `swiss`.
    pub implementation: String,
    /// Key.
    pub key: CellShape,
    /// Element.
    pub elem: CellShape,
    /// `hmap` or `Map`.
    pub header: PartShape,
    /// The bucket or group.
    pub unit: PartShape,
    /// `mapextra` or `table`.
    pub other: PartShape,
    /// True where the collector does not look into buckets or groups.
    pub noscan: bool,
}

/// How a key or element is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CellShape {
    /// Its type.
    #[serde(rename = "type")]
    pub go_type: String,
    /// Bytes of a value.
    pub size: u64,
    /// Alignment of a value.
    pub align: u64,
    /// Bytes it takes in its cell.
    pub stored: u64,
    /// True where its cell holds a pointer to it.
    pub indirect: bool,
}

/// A part with its fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PartShape {
    /// `hmap`, `Map`, `table`, `mapextra`, `bucket`, `group`.
    pub name: &'static str,
    /// Bytes.
    pub size: u64,
    /// Bytes of the heap cell that one gets, alone in its allocation; null above the largest size class.
    pub size_class: Option<u64>,
    /// Bytes in the cell before it: the word with its type.
    pub type_word: u64,
    /// Fields by offset.
    pub fields: Vec<FieldShape>,
}

/// A field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FieldShape {
    /// Its name.
    pub name: &'static str,
    /// Cell or slot, for those of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slot: Option<u8>,
    /// Bytes from the start of the part.
    pub offset: u64,
    /// Bytes.
    pub size: u64,
}

/// The layouts of a type on a machine: of one build, or of all that were checked.
pub fn survey(types: &MapType, arch: Arch, only: Option<GoBuild>) -> Vec<Variant> {
    if let Some(build) = only {
        let target = Target::new(build, arch).ok();
        return target
            .map(|target| single(&target, types))
            .into_iter()
            .collect();
    }
    let mut found: Vec<(Option<MapExperiment>, ReleaseSet, Shape)> = Vec::new();
    for experiment in [
        None,
        Some(MapExperiment::NoSwissMap),
        Some(MapExperiment::MapSplitGroup),
    ] {
        for version in RELEASES
            .iter()
            .copied()
            .filter(|version| CHECKED.contains(*version))
        {
            let Ok(target) = Target::new(
                GoBuild {
                    version,
                    map_experiment: experiment,
                },
                arch,
            ) else {
                continue;
            };
            let (shape, release) = (shape(&target, types), ReleaseSet::single(version));
            match found
                .iter_mut()
                .find(|(of, _, known)| *of == experiment && *known == shape)
            {
                Some((_, releases, _)) => *releases = releases.union(release),
                None => found.push((experiment, release, shape)),
            }
        }
    }
    let variant = |(experiment, releases, shape): (_, ReleaseSet, _)| Variant {
        go: releases.to_string(),
        experiment: word(experiment),
        shape,
    };
    found.into_iter().map(variant).collect()
}

fn single(target: &Target, types: &MapType) -> Variant {
    let GoBuild {
        version,
        map_experiment,
    } = target.build;
    Variant {
        go: GoVersion::to_string(&version),
        experiment: word(map_experiment),
        shape: shape(target, types),
    }
}

/// An experiment as GOEXPERIMENT names it.
pub fn word(experiment: Option<MapExperiment>) -> Option<&'static str> {
    Some(match experiment? {
        MapExperiment::NoSwissMap => "noswissmap",
        MapExperiment::MapSplitGroup => "mapsplitgroup",
    })
}

fn shape(target: &Target, types: &MapType) -> Shape {
    let layout = Layout::new(target, types);
    let (name, other) = match &layout {
        Layout::Classic(_) => ("bucket", header::mapextra(target)),
        Layout::Swiss(_) => ("group", header::table(target)),
    };
    let unit = layout.unit();
    let pieces = unit.pieces().iter().map(|piece| FieldShape {
        name: piece.field.name(),
        slot: piece.slot,
        offset: piece.start,
        size: piece.size,
    });
    let word = target.word();
    Shape {
        implementation: target.rules.layout.to_string(),
        key: cell(&types.key, word),
        elem: cell(&types.elem, word),
        header: fixed(
            &header::map_header(target),
            alloc::header_allocation(target),
        ),
        unit: PartShape {
            fields: pieces.collect(),
            ..part(
                name,
                unit.size(),
                alloc::roundup(target, unit.size(), layout.noscan()),
            )
        },
        other: fixed(&other, alloc::roundup(target, other.size, false)),
        noscan: layout.noscan(),
    }
}

fn cell(go_type: &GoType, word: u64) -> CellShape {
    let cell = Cell::of(go_type, word);
    CellShape {
        go_type: go_type.name.clone(),
        size: go_type.size,
        align: go_type.align,
        stored: cell.size,
        indirect: cell.indirect,
    }
}

fn part(name: &'static str, size: u64, allocation: Allocation) -> PartShape {
    PartShape {
        name,
        size,
        size_class: allocation.class.map(|class| class.size),
        type_word: allocation.header,
        fields: Vec::new(),
    }
}

fn fixed(header: &Header, allocation: Allocation) -> PartShape {
    let fields = header.fields.iter().map(|field| FieldShape {
        name: field.name,
        slot: None,
        offset: field.offset,
        size: field.size,
    });
    PartShape {
        fields: fields.collect(),
        ..part(header.name, header.size, allocation)
    }
}
