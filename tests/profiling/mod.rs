//! Profiles for tests, read as the program reads them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests fail as tests do

use crate::pipeline;
use gotriage::model::{Evidence, Item, Profile};

/// Hands the one profile of some bytes on.
pub fn with_profile<T>(bytes: &[u8], look: impl FnOnce(&Evidence<'_>, &Profile<'_>) -> T) -> T {
    pipeline::with_evidence(&[("-", bytes)], |evidence| {
        let items = evidence
            .documents
            .iter()
            .flat_map(|document| &document.items);
        let mut profiles = items.filter_map(|item| match item {
            Item::Profile(profile) => Some(profile),
            _ => None,
        });
        let profile = profiles.next().expect("a profile");
        assert!(profiles.next().is_none(), "two profiles");
        look(evidence, profile)
    })
}
