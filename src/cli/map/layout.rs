//! `gotriage map layout`: where every byte of a map lies, by Go version.

use super::args::LayoutArgs;
use super::{Done, show};
use crate::gomap::layout::survey::{Variant, survey};
use crate::gomap::target::Target;
use crate::gomap::types::MapType;
use crate::render::map;
use schemars::JsonSchema;
use serde::Serialize;

/// What `--format json` prints.
#[derive(Serialize, JsonSchema)]
pub struct Layouts {
    /// Always `gotriage.map-layout/1`.
    schema: &'static str,
    /// The map type, as Go writes it.
    #[serde(rename = "type")]
    map_type: String,
    /// The machine, as GOARCH names it.
    arch: String,
    /// A layout for each row of versions that have it.
    layouts: Vec<Variant>,
}

/// Prints the layouts of a type.
pub fn run(args: &LayoutArgs) -> Done {
    let arch = args.target.arch.unwrap_or_default();
    if let Some(build) = args.target.go {
        Target::new(build, arch)?;
    }
    let types = MapType::parse(&args.map_type, arch)?;
    let result = Layouts {
        schema: "gotriage.map-layout/1",
        map_type: types.to_string(),
        arch: arch.to_string(),
        layouts: survey(&types, arch, args.target.go),
    };
    show(&args.show, &result, || {
        map::layout::sheet(&result.map_type, &result.arch, &result.layouts)
    })
}
