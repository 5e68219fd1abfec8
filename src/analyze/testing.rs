//! For tests of this room: evidence from texts, as `cli` would make it.

use crate::analyze::version::{GoFacts, VersionSource};
use crate::envelope::{self, Opened};
use crate::goruntime::version::{GoVersion, ReleaseSet, VersionRange};
use crate::model::Evidence;
use crate::parse::{self, Given};

/// Runs `check` on the evidence of these texts, each an input of its own.
pub(crate) fn on_texts<R>(texts: &[&str], check: impl FnOnce(&Evidence<'_>) -> R) -> R {
    let opened: Vec<Opened<'_>> = texts
        .iter()
        .map(|text| envelope::open(text.as_bytes()))
        .collect();
    on_opened(&opened, check)
}

/// Runs `check` on the evidence of these sources.
pub(crate) fn on_opened<R>(opened: &[Opened<'_>], check: impl FnOnce(&Evidence<'_>) -> R) -> R {
    let given: Vec<Given<'_>> = opened
        .iter()
        .map(|opened| Given {
            name: "text",
            bytes: opened.texts.iter().map(|text| text.text.len() as u64).sum(),
            opened,
            truncated: false,
            notes: Vec::new(),
        })
        .collect();
    check(&parse::read(&given))
}

/// A Go minor that is known.
pub(crate) fn go(minor: u16) -> GoFacts {
    GoFacts {
        version: Some(GoVersion::minor(minor)),
        candidates: ReleaseSet::of(&[VersionRange::only(minor)])
            .iter()
            .collect(),
        from: VersionSource::Override,
        reasons: Vec::new(),
        map_layout: GoVersion::minor(minor).map_layout(),
        arch: None,
    }
}
