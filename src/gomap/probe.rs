//! Debugger scripts that collect a map snapshot from a live process or a core: what `gotriage map probe` prints.
//!
//! [`script`] puts three tables in front of a script that stands in `probe/gdb.py` or `probe/dlv.star`, in the syntax that Python
//! and Starlark share with JSON:
//!
//! ```text
//! BUILDS = [
//!     {"first":13,"last":23,"experiment":"","impl":"classic","unit":"bucket","secrets":"runtime","use_aes":"useAeshash",
//!      "parts":{"8":{"hmap":[["count",0,8],["flags",8,1],…],"mapextra":[…]},"4":{…}}},
//!     …
//! ]
//! GIVEN_VERSION = "go1.23.9"
//! WANTED = [
//!     {"name":"sessions","expression":"main.sessions","type":"map[string]int","units":{"bucket/8":208,"group/8":200,…}},
//! ]
//! ```
//!
//! So offsets and sizes come from [`layout`](super::layout) and versions from [`maprules`](crate::goruntime::maprules), and the
//! scripts only walk. They learn the version and the machine from the process, so one script serves every Go whose maps are
//! [`CHECKED`](super::target::CHECKED), and later ones until they are known to differ; before, a script says that it has no rules.

use super::layout::Layout;
use super::layout::header::{Header, PADDING, map_header, mapextra, table};
use super::target::{Arch, Target};
use super::types::MapType;
use crate::goruntime::maprules::GroupForm;
use crate::goruntime::version::{GoBuild, GoVersion, MapExperiment, MapLayout, ReleaseSet};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::{self, Write};

/// Where the tables go in a script.
const TABLES: &str = "#@TABLES@\n";

/// The last minor of the rows that hold for the newest Go: later ones are read by them too, until they are known to differ.
const OPEN_END: u16 = 999;

/// One machine for each size of a pointer.
const WORDS: [(&str, Arch); 2] = [("8", Arch::Amd64), ("4", Arch::I386)];

/// Every way to build a Go version's maps.
const EXPERIMENTS: [(&str, Option<MapExperiment>); 3] = [
    ("", None),
    ("noswissmap", Some(MapExperiment::NoSwissMap)),
    ("mapsplitgroup", Some(MapExperiment::MapSplitGroup)),
];

/// Whose script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Debugger {
    /// GNU gdb, built with Python: a command file.
    Gdb,
    /// Delve: a Starlark file.
    Delve,
}

/// What a script shall collect besides the process's secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Maps; may be empty.
    pub maps: Vec<WantedMap>,
    /// For binaries that no longer tell their version; what the process says comes first.
    pub go: Option<GoBuild>,
}

/// One map to collect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedMap {
    /// Where it is.
    pub place: Place,
    /// `map[string]int`. Where the debugger doesn't know the type, bucket and group sizes come from this; without it, the fields
    /// that need a size are left out.
    pub type_text: Option<String>,
    /// Its name in the snapshot; by default the expression or address.
    pub name: Option<String>,
}

impl WantedMap {
    /// Its name in the snapshot.
    pub fn name(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.place.to_string())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Header(address) => write!(f, "{address:#x}"),
            Place::Expression(expression) => f.write_str(expression.trim()),
        }
    }
}

/// Where a map is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The address of its `hmap` or `Map`, as tracebacks print it.
    Header(u64),
    /// A variable, such as `main.sessions` or `main.server.users`, which the debugger looks up.
    Expression(String),
}

/// The script, ready to be saved and run; its first lines say how.
pub fn script(debugger: Debugger, request: &Request) -> String {
    let tables = tables(request);
    match debugger {
        Debugger::Gdb => {
            let python = include_str!("probe/gdb.py").replacen(TABLES, &tables, 1);
            format!(
                "{}set pagination off\npython\n{python}end\n",
                include_str!("probe/gdb.usage")
            )
        }
        Debugger::Delve => include_str!("probe/dlv.star").replacen(TABLES, &tables, 1),
    }
}

fn tables(request: &Request) -> String {
    let mut text = String::from(
        "# Made by gotriage from its layouts: [field, offset, bytes] by bytes of a pointer.\n",
    );
    push_list(&mut text, "BUILDS", &builds());
    let given = request.go.map_or_else(String::new, version_text);
    let _ = writeln!(text, "GIVEN_VERSION = {}", Value::from(given));
    let wanted: Vec<Value> = request.maps.iter().map(wanted_row).collect();
    push_list(&mut text, "WANTED", &wanted);
    text
}

/// Writes `NAME = […]`, a value a line.
fn push_list(text: &mut String, name: &str, rows: &[Value]) {
    let _ = writeln!(text, "{name} = [");
    for row in rows {
        let _ = writeln!(text, "    {row},");
    }
    text.push_str("]\n");
}

/// As `runtime.Version()` prints it.
fn version_text(build: GoBuild) -> String {
    let version = build.version;
    match build.map_experiment {
        None => format!("go{version}"),
        Some(MapExperiment::NoSwissMap) => format!("go{version} X:noswissmap"),
        Some(MapExperiment::MapSplitGroup) => format!("go{version}-X:mapsplitgroup"),
    }
}

/// Every build there is, neighbouring minors in one row where nothing differs.
fn builds() -> Vec<Value> {
    let minors = ReleaseSet::ALL.minors();
    let mut rows = Vec::new();
    for (experiment, map_experiment) in EXPERIMENTS {
        let mut open: Option<(u16, u16, Value)> = None;
        for &minor in &minors {
            let build = GoBuild {
                version: GoVersion::minor(minor),
                map_experiment,
            };
            let Some(facts) = build_facts(build) else {
                continue;
            };
            let last = if Some(&minor) == minors.last() {
                OPEN_END
            } else {
                minor
            };
            open = match open.take() {
                Some((first, _, same)) if same == facts => Some((first, last, same)),
                other => {
                    rows.extend(other.map(|row| build_row(row, experiment)));
                    Some((minor, last, facts))
                }
            };
        }
        rows.extend(open.map(|row| build_row(row, experiment)));
    }
    rows
}

fn build_row((first, last, facts): (u16, u16, Value), experiment: &str) -> Value {
    let mut row = json!({"first": first, "last": last, "experiment": experiment});
    if let (Value::Object(row), Value::Object(facts)) = (&mut row, facts) {
        row.extend(facts);
    }
    row
}

/// What the scripts have to know of a build; `None` where that build does not exist.
fn build_facts(build: GoBuild) -> Option<Value> {
    let rules = Target::new(build, Arch::default()).ok()?.rules;
    let mut parts = Map::new();
    for (word, arch) in WORDS {
        let target = Target::new(build, arch).ok()?;
        let headers = match rules.layout {
            MapLayout::Classic => [map_header(&target), mapextra(&target)],
            MapLayout::Swiss => [map_header(&target), table(&target)],
        };
        let rows: Map<String, Value> = headers.iter().map(part).collect();
        parts.insert(word.to_owned(), Value::Object(rows));
    }
    Some(json!({
        "impl": rules.layout.to_string(),
        "unit": unit_name(rules.layout, rules.group),
        "secrets": rules.secrets_package,
        "use_aes": rules.use_aes_symbol,
        "parts": parts,
    }))
}

fn part(header: &Header) -> (String, Value) {
    let fields = header
        .fields
        .iter()
        .filter(|field| field.name != PADDING)
        .map(|field| json!([field.name, field.offset, field.size]));
    (header.name.to_owned(), fields.collect())
}

/// The forms of bucket or group, which differ in size.
fn unit_name(layout: MapLayout, group: GroupForm) -> &'static str {
    match (layout, group) {
        (MapLayout::Classic, _) => "bucket",
        (MapLayout::Swiss, GroupForm::Interleaved) => "group",
        (MapLayout::Swiss, GroupForm::Split) => "split group",
    }
}

fn wanted_row(map: &WantedMap) -> Value {
    let mut row = Map::new();
    let field = match &map.place {
        Place::Header(_) => "header",
        Place::Expression(_) => "expression",
    };
    row.insert("name".into(), map.name().into());
    row.insert(field.into(), map.place.to_string().into());
    if let Some(type_text) = &map.type_text {
        row.insert("type".into(), type_text.as_str().into());
        row.insert("units".into(), json!(units(type_text)));
    }
    Value::Object(row)
}

/// Bytes of a bucket or group of the type in every form, `bucket/8` to `split group/4`; empty for a type that text alone does not tell.
fn units(type_text: &str) -> BTreeMap<String, u64> {
    let mut units = BTreeMap::new();
    for (word, arch) in WORDS {
        let Ok(types) = MapType::parse(type_text, arch) else {
            continue;
        };
        for (_, map_experiment) in EXPERIMENTS {
            for minor in ReleaseSet::ALL.minors() {
                let version = GoVersion::minor(minor);
                let Ok(target) = Target::new(
                    GoBuild {
                        version,
                        map_experiment,
                    },
                    arch,
                ) else {
                    continue;
                };
                let name = unit_name(target.rules.layout, target.rules.group);
                let size = Layout::new(&target, &types).unit().size();
                units.insert(format!("{name}/{word}"), size);
            }
        }
    }
    units
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::target::CHECKED;
    use super::*;
    use crate::goruntime::version::RELEASES;

    fn row_of(version: &str) -> Value {
        let build: GoBuild = version.parse().unwrap();
        let experiment = EXPERIMENTS
            .iter()
            .find(|(_, experiment)| *experiment == build.map_experiment)
            .unwrap()
            .0;
        let minor = u64::from(build.version.minor);
        let mut fitting = builds().into_iter().filter(|row| {
            row["experiment"] == experiment
                && (row["first"].as_u64().unwrap()..=row["last"].as_u64().unwrap()).contains(&minor)
        });
        let row = fitting.next().unwrap();
        assert!(fitting.next().is_none(), "two rows for {version}");
        row
    }

    fn wanted(place: Place, type_text: Option<&str>) -> WantedMap {
        WantedMap {
            place,
            type_text: type_text.map(str::to_owned),
            name: None,
        }
    }

    /// Offsets as DWARF of Go 1.23.9 and 1.24.11 programs tells them.
    #[test]
    fn builds_are_told_apart() {
        let part = |version, word: &str, name| row_of(version)["parts"][word][name].clone();
        let hmap = part("1.23.9", "8", "hmap");
        assert_eq!(hmap[4], json!(["hash0", 12, 4]));
        assert_eq!(hmap[8], json!(["extra", 40, 8]));
        let hmap = part("go1.24.11 X:noswissmap", "8", "hmap");
        assert_eq!(hmap[9], json!(["extra", 48, 8]));
        assert_eq!(part("1.21.13", "4", "hmap")[8], json!(["extra", 24, 4]));
        assert_eq!(part("1.24.11", "8", "Map")[7], json!(["clearSeq", 40, 8]));
        assert_eq!(row_of("go1.27.3-X:mapsplitgroup")["unit"], "split group");
        assert_eq!(row_of("1.27.3")["secrets"], "internal/runtime/maps");
        assert_eq!(row_of("1.31")["impl"], "swiss");
        assert!(builds().iter().all(|row| row["first"].as_u64() >= Some(19)));
        for release in RELEASES
            .iter()
            .filter(|release| CHECKED.contains(**release))
        {
            assert!(row_of(&release.to_string())["parts"]["8"].is_object());
        }
    }

    /// Sizes as the types' own sizes in programs of Go 1.23.9, 1.27.3 and 1.27.3 with mapsplitgroup.
    #[test]
    fn a_type_gives_the_size_of_every_form() {
        let row = wanted_row(&wanted(
            Place::Header(0xc000_012d80),
            Some("map[int64]struct{}"),
        ));
        assert_eq!(row["header"], "0xc000012d80");
        assert_eq!(row["name"], "0xc000012d80");
        assert_eq!(row["units"]["bucket/8"], 80);
        assert_eq!(row["units"]["group/8"], 136);
        assert_eq!(row["units"]["split group/8"], 80);
        let row = wanted_row(&wanted(Place::Header(1), Some("map[string]int")));
        assert_eq!(row["units"]["bucket/4"], 108);
    }

    /// What users ask for stays a string on one line; a gdb command file would take a line `end` for the script's.
    #[test]
    fn requests_cannot_break_out_of_the_tables() {
        let place = Place::Expression("main.m\"\nend\nshell true".into());
        let request = Request {
            maps: vec![wanted(place, Some("map[\\]\nend\n"))],
            go: Some("go1.24.11 X:noswissmap".parse().unwrap()),
        };
        let gdb = script(Debugger::Gdb, &request);
        assert_eq!(gdb.lines().filter(|line| *line == "end").count(), 1);
        assert!(gdb.ends_with("\nend\n"));
        for text in [gdb, script(Debugger::Delve, &request)] {
            assert!(text.contains(r#""expression":"main.m\"\nend\nshell true""#));
            assert!(text.contains(r#"GIVEN_VERSION = "go1.24.11 X:noswissmap""#));
            assert!(!text.contains(TABLES));
        }
    }

    #[test]
    fn no_maps_are_an_empty_list() {
        let text = script(Debugger::Gdb, &Request::default());
        assert!(text.contains("WANTED = [\n]\n"));
        assert!(text.contains("GIVEN_VERSION = \"\"\n"));
    }
}
