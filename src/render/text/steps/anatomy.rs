//! Step 3: the maps that take part, and the keys seen in argument lists.

use super::super::page::Page;
use super::super::table::Fit;
use crate::render::words;
use crate::triage::report::{IncidentReport, KeySeen, MapReport};
use std::io;

/// Maps and keys of one map in a folded report.
const MAPS: usize = 5;
const KEYS: usize = 6;

/// The tables of step 3.
pub fn write(page: &mut Page<'_>, incident: &IncidentReport) -> io::Result<()> {
    let maps = &incident.maps;
    let shown = maps.len().min(page.fold(MAPS));
    let columns = [
        ("MAP", Fit::Whole),
        ("TYPE", Fit::Middle),
        ("HEADER", Fit::Whole),
        ("KEYS", Fit::Whole),
        ("LAYOUT", Fit::Whole),
        ("TIED BY", Fit::Middle),
    ];
    let rows = maps.iter().take(shown).map(row).collect();
    page.table("", &columns, rows)?;
    page.folded(maps.len() - shown, "map")?;
    for map in maps.iter().take(shown) {
        keys(page, map)?;
    }
    Ok(())
}

fn row(map: &MapReport) -> Vec<String> {
    let unknown = || "unknown".to_owned();
    vec![
        map.id.clone(),
        map.go_type.clone().unwrap_or_else(unknown),
        map.header
            .clone()
            .unwrap_or_else(|| "not printed".to_owned()),
        map.key_kind.clone().unwrap_or_else(unknown),
        map.layout.clone().unwrap_or_else(unknown),
        map.identified_by.clone(),
    ]
}

fn keys(page: &mut Page<'_>, map: &MapReport) -> io::Result<()> {
    let shown = map.keys.len().min(page.fold(KEYS));
    let row = |key: &KeySeen| {
        vec![
            key.goroutine.map_or_else(String::new, |id| id.to_string()),
            key.value.clone().unwrap_or_default(),
            key.pointer.clone().unwrap_or_default(),
            key.length
                .map_or_else(String::new, |n| words::counted(n, "byte")),
        ]
    };
    let columns = [
        ("GOROUTINE", Fit::Number),
        ("KEY", Fit::Middle),
        ("POINTER", Fit::Whole),
        ("LENGTH", Fit::Whole),
    ];
    let rows = map.keys.iter().take(shown).map(row).collect();
    page.table(
        &format!("Keys of {} in argument lists", map.id),
        &columns,
        rows,
    )?;
    page.folded(map.keys.len() - shown, "key")
}
