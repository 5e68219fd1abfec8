//! `gotriage map layout`: where every byte of a map lies, by Go version.

use super::args::LayoutArgs;
use super::{Done, show};
use crate::gomap::layout::survey::{Variant, survey};
use crate::gomap::target::Target;
use crate::gomap::types::MapType;
use crate::render::map;
use serde::Serialize;

#[derive(Serialize)]
struct Layouts {
    schema: &'static str,
    #[serde(rename = "type")]
    map_type: String,
    arch: String,
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
