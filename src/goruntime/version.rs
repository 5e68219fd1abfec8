//! Go versions, ranges of them, and sets of known releases.
//!
//! Every table of this room names the versions it speaks of with these types; `analyze::version` intersects them. Read
//! [`GoVersion`] first, then [`ReleaseSet`]. A version without a patch number ("1.23") stands for the whole minor.

use std::fmt;
use std::str::FromStr;

/// `1.23` (any release of that minor) or `1.23.9`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GoVersion {
    /// The 23 of 1.23.9.
    pub minor: u16,
    /// The 9 of 1.23.9; `None` where only the minor is known. The first release of a minor has patch 0, under 1.21 too.
    pub patch: Option<u16>,
}

/// Why a text is no Go version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VersionError {
    /// `devel go1.28-3f2a1b…`: a build from the development tree, whose lines match no release.
    #[error(
        "\"{0}\" is a development build of Go, not a release; name the release it is nearest to, such as 1.27"
    )]
    Development(String),
    /// Anything else.
    #[error("\"{0}\" is not a Go version; write it like 1.23, 1.23.9 or go1.23.9")]
    Malformed(String),
}

/// The map implementation of a Go version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MapLayout {
    /// `hmap` with buckets of eight and overflow chains.
    Classic,
    /// Swiss tables: groups of eight slots under a control word.
    Swiss,
}

/// A build-time choice that changes maps and shows in the version string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MapExperiment {
    /// `noswissmap`: the classic map, possible in 1.24 and 1.25.
    NoSwissMap,
    /// `mapsplitgroup`: keys and elements of a group stand apart, possible in 1.27.
    MapSplitGroup,
}

/// What `go version` and `runtime.Version()` say: the release and the experiments it was built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GoBuild {
    /// The release.
    pub version: GoVersion,
    /// The one experiment that concerns maps, if it was on.
    pub map_experiment: Option<MapExperiment>,
}

/// Versions from `since` to `until`, both included; an open end is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionRange {
    /// First version.
    pub since: Option<GoVersion>,
    /// Last version; without a patch number, all patches of that minor.
    pub until: Option<GoVersion>,
}

/// The versions a table row holds for: the union of some ranges. An empty list is never.
pub type Versions = &'static [VersionRange];

/// Which map a Go version has, by range and experiment; the first row that fits counts.
const MAP_LAYOUTS: &[(VersionRange, Option<MapExperiment>, MapLayout)] = &[
    (VersionRange::until(23), None, MapLayout::Classic),
    (
        VersionRange::between(24, 25),
        Some(MapExperiment::NoSwissMap),
        MapLayout::Classic,
    ),
    (VersionRange::since(24), None, MapLayout::Swiss),
    (
        VersionRange::since(27),
        Some(MapExperiment::MapSplitGroup),
        MapLayout::Swiss,
    ),
];

/// The releases the tables were checked against: minor, patches.
const RELEASES_BY_MINOR: [(u16, &[u16]); 15] = [
    (13, &[0, 3, 4, 5, 6, 8, 9, 10, 11, 12, 14]),
    (14, &[0, 1, 2, 3, 4, 6, 9, 10, 11, 13, 15]),
    (15, &[0, 2, 3, 4, 6, 8]),
    (16, &[0, 2, 3, 4, 5, 6, 7, 8]),
    (17, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]),
    (18, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
    (19, &[0, 1, 2, 3, 4, 5, 8]),
    (20, &[0, 1, 2, 3, 4, 5, 6]),
    (21, &[0, 1, 2, 3, 4, 5, 13]),
    (22, &[0, 1, 10]),
    (23, &[1, 2, 3, 4, 9]),
    (24, &[3, 11]),
    (25, &[0, 1, 2, 3, 4, 5]),
    (26, &[0, 1, 2, 3, 4, 5, 6]),
    (27, &[0, 1, 2, 3]),
];

/// Number of known releases.
pub const RELEASE_COUNT: usize = 108;

/// The known releases, oldest first.
pub const RELEASES: [GoVersion; RELEASE_COUNT] = flatten_releases();

const fn flatten_releases() -> [GoVersion; RELEASE_COUNT] {
    let mut releases = [GoVersion {
        minor: 0,
        patch: None,
    }; RELEASE_COUNT];
    let (mut next, mut row) = (0, 0);
    while row < RELEASES_BY_MINOR.len() {
        let (minor, patches) = RELEASES_BY_MINOR[row];
        let mut column = 0;
        while column < patches.len() {
            releases[next] = GoVersion {
                minor,
                patch: Some(patches[column]),
            };
            next += 1;
            column += 1;
        }
        row += 1;
    }
    assert!(next == RELEASE_COUNT);
    releases
}

impl GoVersion {
    /// All releases of a minor.
    pub const fn minor(minor: u16) -> Self {
        Self { minor, patch: None }
    }

    /// One release.
    pub const fn release(minor: u16, patch: u16) -> Self {
        Self {
            minor,
            patch: Some(patch),
        }
    }

    const fn lowest(self) -> (u16, u16) {
        (
            self.minor,
            match self.patch {
                Some(patch) => patch,
                None => 0,
            },
        )
    }

    const fn highest(self) -> (u16, u16) {
        (
            self.minor,
            match self.patch {
                Some(patch) => patch,
                None => u16::MAX,
            },
        )
    }

    /// The map implementation of this version, built without experiments.
    pub fn map_layout(self) -> Option<MapLayout> {
        GoBuild {
            version: self,
            map_experiment: None,
        }
        .map_layout()
    }
}

impl GoBuild {
    /// The map implementation of this build; `None` where that experiment does not exist in that version.
    pub fn map_layout(self) -> Option<MapLayout> {
        MAP_LAYOUTS
            .iter()
            .find(|(range, experiment, _)| {
                *experiment == self.map_experiment && range.contains(self.version)
            })
            .map(|&(_, _, layout)| layout)
    }
}

impl fmt::Display for GoVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.patch {
            Some(patch) => write!(f, "1.{}.{patch}", self.minor),
            None => write!(f, "1.{}", self.minor),
        }
    }
}

impl fmt::Display for MapLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MapLayout::Classic => "classic",
            MapLayout::Swiss => "swiss",
        })
    }
}

impl FromStr for GoVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        text.parse::<GoBuild>().map(|build| build.version)
    }
}

/// `1.23`, `1.23.9`, `go1.23.9`, `go1.24rc1`, `go1.24.11 X:noswissmap`, `go1.27.3-X:mapsplitgroup`.
impl FromStr for GoBuild {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let malformed = || VersionError::Malformed(text.to_owned());
        let trimmed = text.trim();
        if trimmed.starts_with("devel") {
            return Err(VersionError::Development(text.to_owned()));
        }
        let number = trimmed.strip_prefix("go").unwrap_or(trimmed);
        let end = number.find([' ', '-', '+']).unwrap_or(number.len());
        let (number, suffix) = number.split_at(end);
        let version = parse_number(number).ok_or_else(malformed)?;
        let experiments = suffix.split_once("X:").map_or("", |(_, list)| list);
        let map_experiment = experiments.split([',', ' ']).find_map(|name| match name {
            "noswissmap" => Some(MapExperiment::NoSwissMap),
            "mapsplitgroup" => Some(MapExperiment::MapSplitGroup),
            _ => None,
        });
        Ok(GoBuild {
            version,
            map_experiment,
        })
    }
}

/// `1.23`, `1.23.9`, `1.24rc1` (no patch: its lines may be those of no release).
fn parse_number(text: &str) -> Option<GoVersion> {
    let (minor, rest) = split_digits(text.strip_prefix("1.")?)?;
    if rest.is_empty() {
        return Some(GoVersion::minor(minor));
    }
    if let Some(patch) = rest.strip_prefix('.') {
        let (patch, rest) = split_digits(patch)?;
        return rest.is_empty().then_some(GoVersion::release(minor, patch));
    }
    let number = rest.strip_prefix("rc").or(rest.strip_prefix("beta"))?;
    split_digits(number)?
        .1
        .is_empty()
        .then_some(GoVersion::minor(minor))
}

fn split_digits(text: &str) -> Option<(u16, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    Some((digits.parse().ok()?, rest))
}

impl VersionRange {
    /// Every version.
    pub const ALL: VersionRange = VersionRange {
        since: None,
        until: None,
    };

    /// 1.`minor` and later.
    pub const fn since(minor: u16) -> Self {
        Self {
            since: Some(GoVersion::minor(minor)),
            until: None,
        }
    }

    /// 1.`minor` and earlier.
    pub const fn until(minor: u16) -> Self {
        Self {
            since: None,
            until: Some(GoVersion::minor(minor)),
        }
    }

    /// From 1.`first` to 1.`last`, both included.
    pub const fn between(first: u16, last: u16) -> Self {
        Self {
            since: Some(GoVersion::minor(first)),
            until: Some(GoVersion::minor(last)),
        }
    }

    /// Only the releases of 1.`minor`.
    pub const fn only(minor: u16) -> Self {
        Self::between(minor, minor)
    }

    /// This release and later ones.
    pub const fn since_release(first: GoVersion) -> Self {
        Self {
            since: Some(first),
            until: None,
        }
    }

    /// True where `version`, or some release of it if its patch is unknown, lies in the range.
    pub fn contains(&self, version: GoVersion) -> bool {
        self.since
            .is_none_or(|since| version.highest() >= since.lowest())
            && self
                .until
                .is_none_or(|until| version.lowest() <= until.highest())
    }

    /// `1.22`, `1.14-1.17`, `1.23.1-1.23.4`: one range as the data files write it.
    pub fn parse(text: &str) -> Option<Self> {
        let (since, until) = text.split_once('-').unwrap_or((text, text));
        Some(Self {
            since: Some(parse_number(since)?),
            until: Some(parse_number(until)?),
        })
    }
}

/// True where one of the ranges contains `version`.
pub fn any_contains(ranges: &[VersionRange], version: GoVersion) -> bool {
    ranges.iter().any(|range| range.contains(version))
}

/// A set of known releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReleaseSet(u128);

impl ReleaseSet {
    /// No release.
    pub const EMPTY: ReleaseSet = ReleaseSet(0);
    /// All known releases.
    pub const ALL: ReleaseSet = ReleaseSet((1 << RELEASE_COUNT) - 1);

    /// The known releases in any of `ranges`.
    pub fn of(ranges: &[VersionRange]) -> Self {
        let sets = ranges.iter().map(|range| Self::within(*range));
        sets.fold(Self::EMPTY, Self::union)
    }

    /// Those in one range: they follow each other in [`RELEASES`].
    fn within(range: VersionRange) -> Self {
        let before = |count: usize| (1u128 << count) - 1;
        let start = range.since.map_or(0, |since| {
            RELEASES.partition_point(|release| release.highest() < since.lowest())
        });
        let end = range.until.map_or(RELEASE_COUNT, |until| {
            RELEASES.partition_point(|release| release.lowest() <= until.highest())
        });
        ReleaseSet(before(end) & !before(start))
    }

    /// `1.13-1.14,1.16.2`: comma-separated ranges as the data files write them.
    pub fn parse(text: &str) -> Option<Self> {
        text.split(',').try_fold(Self::EMPTY, |set, part| {
            Some(set.union(Self::of(&[VersionRange::parse(part)?])))
        })
    }

    /// Releases in either.
    pub fn union(self, other: Self) -> Self {
        ReleaseSet(self.0 | other.0)
    }

    /// Releases in both.
    pub fn intersect(self, other: Self) -> Self {
        ReleaseSet(self.0 & other.0)
    }

    /// True where no release is in the set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Number of releases.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// True where every release of `self` is in `other`.
    pub fn is_subset(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Only this release; empty for one that is not known.
    pub fn single(release: GoVersion) -> Self {
        RELEASES
            .binary_search(&release)
            .map_or(Self::EMPTY, |n| ReleaseSet(1 << n))
    }

    /// True where `version`, or some release of it if its patch is unknown, is in the set.
    pub fn contains(self, version: GoVersion) -> bool {
        let wanted = match version.patch {
            Some(_) => Self::single(version),
            None => Self::of(&[VersionRange {
                since: Some(version),
                until: Some(version),
            }]),
        };
        !self.intersect(wanted).is_empty()
    }

    /// The releases, oldest first.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = GoVersion> {
        RELEASES
            .iter()
            .enumerate()
            .filter(move |(n, _)| self.0 >> n & 1 == 1)
            .map(|(_, &release)| release)
    }

    /// The minors with a release in the set, ascending.
    pub fn minors(self) -> Vec<u16> {
        let mut minors: Vec<u16> = self.iter().map(|release| release.minor).collect();
        minors.dedup();
        minors
    }

    /// The minor all releases of the set belong to.
    pub fn only_minor(self) -> Option<u16> {
        match self.minors().as_slice() {
            [minor] => Some(*minor),
            _ => None,
        }
    }

    /// True where all known releases of a minor are in the set.
    fn has_whole(self, minor: u16) -> bool {
        Self::of(&[VersionRange::only(minor)]).is_subset(self)
    }
}

/// `1.13-1.14, 1.16.2-1.16.5`: runs of neighbouring releases, whole minors without a patch number.
impl fmt::Display for ReleaseSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        let mut rest = self.0;
        while rest != 0 {
            let start = rest.trailing_zeros() as usize;
            let length = (!(rest >> start)).trailing_zeros() as usize;
            let run = ReleaseSet(rest & !(u128::MAX << (start + length)));
            rest &= !run.0;
            let (Some(first), Some(last)) = (run.iter().next(), run.iter().next_back()) else {
                break;
            };
            let short = |version: GoVersion| match run.has_whole(version.minor) {
                true => GoVersion::minor(version.minor),
                false => version,
            };
            write!(f, "{separator}{}", short(first))?;
            if short(first) != short(last) {
                write!(f, "-{}", short(last))?;
            }
            separator = ", ";
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn version(text: &str) -> GoVersion {
        text.parse().unwrap()
    }

    #[test]
    fn sets_hold_what_their_ranges_contain() {
        for text in [
            "1.13",
            "1.14-1.17",
            "1.23.1-1.23.4",
            "1.20-1.22.3",
            "1.30",
            "1.22-1.13",
        ] {
            let range = VersionRange::parse(text).unwrap();
            let set = ReleaseSet::of(&[range]);
            for release in RELEASES {
                assert_eq!(
                    set.contains(release),
                    range.contains(release),
                    "{text} {release:?}"
                );
            }
        }
        assert_eq!(ReleaseSet::of(&[VersionRange::ALL]), ReleaseSet::ALL);
    }

    #[test]
    fn version_strings_of_go_itself_are_read() {
        assert_eq!(version("1.23"), GoVersion::minor(23));
        assert_eq!(version("go1.23.9"), GoVersion::release(23, 9));
        assert_eq!(version("go1.24rc1"), GoVersion::minor(24));
        let build: GoBuild = "go1.24.11 X:noswissmap".parse().unwrap();
        assert_eq!(build.version, GoVersion::release(24, 11));
        assert_eq!(build.map_layout(), Some(MapLayout::Classic));
        let build: GoBuild = "go1.27.3-X:mapsplitgroup".parse().unwrap();
        assert_eq!(
            (build.version.to_string(), build.map_layout()),
            ("1.27.3".into(), Some(MapLayout::Swiss))
        );
    }

    #[test]
    fn what_is_no_release_is_refused_with_its_text() {
        let refused = "devel go1.28-3f2a1b".parse::<GoVersion>().unwrap_err();
        assert_eq!(
            refused,
            VersionError::Development("devel go1.28-3f2a1b".into())
        );
        for text in [
            "",
            "go",
            "1.",
            "2.1",
            "1.23.x",
            "1.23.",
            "1.99999999",
            "1.23rc",
            "one",
        ] {
            assert_eq!(
                text.parse::<GoVersion>(),
                Err(VersionError::Malformed(text.into())),
                "{text}"
            );
        }
    }

    #[test]
    fn versions_are_ordered_and_a_minor_stands_for_its_releases() {
        assert!(version("1.9.7") < version("1.13"));
        assert!(version("1.23.10") > version("1.23.9"));
        assert!(VersionRange::since(24).contains(version("1.24.3")));
        assert!(!VersionRange::until(23).contains(version("1.24")));
        let late = VersionRange::since_release(GoVersion::release(23, 4));
        assert!(
            late.contains(version("1.23"))
                && late.contains(version("1.23.9"))
                && !late.contains(version("1.23.3"))
        );
    }

    #[test]
    fn the_swiss_map_came_with_24() {
        assert_eq!(version("1.23.9").map_layout(), Some(MapLayout::Classic));
        assert_eq!(version("1.24").map_layout(), Some(MapLayout::Swiss));
        let impossible = GoBuild {
            version: version("1.26"),
            map_experiment: Some(MapExperiment::NoSwissMap),
        };
        assert_eq!(impossible.map_layout(), None);
    }

    #[test]
    fn sets_are_printed_as_they_are_written() {
        for text in [
            "1.13-1.27",
            "1.22",
            "1.13-1.14, 1.16.2-1.16.5",
            "1.22.10-1.23.2",
            "1.23.9-1.25",
            "1.25.3",
        ] {
            let set = ReleaseSet::parse(&text.replace(", ", ",")).unwrap();
            assert_eq!(set.to_string(), text);
        }
        assert_eq!(ReleaseSet::ALL.len(), RELEASE_COUNT);
        assert_eq!(ReleaseSet::parse("1.21-1.22").unwrap().minors(), [21, 22]);
        assert!(
            ReleaseSet::ALL.contains(version("1.19"))
                && !ReleaseSet::ALL.contains(version("1.19.7"))
        );
        assert!(RELEASES.is_sorted());
    }
}
