//! The program's build and machine, which together decide every size and every hash.
//!
//! Everything in this room begins with a [`Target`]. 64-bit little-endian machines come first; 32-bit ones differ in sizes and hashes.

use crate::goruntime::maprules::{MapRules, WasmHash, rules};
use crate::goruntime::version::{GoBuild, VersionRange};
use std::fmt;
use std::str::FromStr;

/// A machine, as GOARCH names it. Big-endian machines are not among them: their control words are read in another order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Arch {
    #[default]
    Amd64,
    I386,
    Arm64,
    Arm,
    Loong64,
    Mips64le,
    Mipsle,
    Ppc64le,
    Riscv64,
    Wasm,
}

/// Name and pointer size of every machine.
const ARCHES: &[(&str, Arch, u64)] = &[
    ("amd64", Arch::Amd64, 8),
    ("386", Arch::I386, 4),
    ("arm64", Arch::Arm64, 8),
    ("arm", Arch::Arm, 4),
    ("loong64", Arch::Loong64, 8),
    ("mips64le", Arch::Mips64le, 8),
    ("mipsle", Arch::Mipsle, 4),
    ("ppc64le", Arch::Ppc64le, 8),
    ("riscv64", Arch::Riscv64, 8),
    ("wasm", Arch::Wasm, 8),
];

/// Machines whose bytes stand the other way round.
const BIG_ENDIAN: &[&str] = &["mips", "mips64", "ppc64", "s390x"];

/// The minors whose maps were compared with running programs; 1.20 stands between two that agree in all but what its rules leave open.
pub const CHECKED: VersionRange = VersionRange::between(19, 27);

/// Why there are no rules for a build or machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// A machine with big-endian words.
    #[error("{0} is big-endian; only little-endian machines are computed")]
    BigEndian(String),
    /// Not a GOARCH.
    #[error("\"{0}\" is no GOARCH; write amd64, arm64, 386, arm, …")]
    UnknownArch(String),
    /// A version whose maps nobody compared with a real one.
    #[error(
        "the maps of Go {0} were not checked against a real one; those of 1.19 to 1.27 were, and --go names the version to compute with"
    )]
    Unchecked(String),
    /// An experiment that the version does not have.
    #[error(
        "Go {0} has no map of that experiment: noswissmap exists in 1.24 and 1.25, mapsplitgroup from 1.27"
    )]
    NoSuchBuild(String),
}

/// A build on a machine, with its rules looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Release and experiment.
    pub build: GoBuild,
    /// Machine.
    pub arch: Arch,
    /// What this build does in its own way.
    pub rules: MapRules,
}

impl Arch {
    /// Bytes of a pointer.
    pub fn word(self) -> u64 {
        ARCHES
            .iter()
            .find(|(_, arch, _)| *arch == self)
            .map_or(8, |&(_, _, word)| word)
    }
}

impl FromStr for Arch {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        if BIG_ENDIAN.contains(&text) {
            return Err(TargetError::BigEndian(text.to_owned()));
        }
        ARCHES
            .iter()
            .find(|(name, _, _)| *name == text)
            .map(|&(_, arch, _)| arch)
            .ok_or_else(|| TargetError::UnknownArch(text.to_owned()))
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = ARCHES.iter().find(|(_, arch, _)| arch == self);
        f.write_str(row.map_or("", |(name, _, _)| name))
    }
}

impl Target {
    /// The build on the machine.
    ///
    /// # Errors
    /// [`TargetError::NoSuchBuild`] for an experiment that the version does not have, [`TargetError::Unchecked`] outside [`CHECKED`].
    pub fn new(build: GoBuild, arch: Arch) -> Result<Self, TargetError> {
        if !CHECKED.contains(build.version) {
            return Err(TargetError::Unchecked(build.version.to_string()));
        }
        let rules =
            rules(build).ok_or_else(|| TargetError::NoSuchBuild(build.version.to_string()))?;
        Ok(Self { build, arch, rules })
    }

    /// Bytes of a pointer.
    pub fn word(&self) -> u64 {
        self.arch.word()
    }

    /// Bits of a map hash: those of a pointer, but for wasm's.
    pub fn hash_bits(&self) -> u32 {
        match (self.arch, self.rules.wasm) {
            (Arch::Wasm, WasmHash::Narrow) => 32,
            (arch, _) => arch.word() as u32 * 8,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn machines_are_named_as_go_names_them() {
        for (name, arch, _) in ARCHES {
            assert_eq!(name.parse::<Arch>().as_ref(), Ok(arch));
            assert_eq!(&arch.to_string(), name);
        }
        assert_eq!(
            "s390x".parse::<Arch>(),
            Err(TargetError::BigEndian("s390x".into()))
        );
        assert_eq!(
            "x86".parse::<Arch>(),
            Err(TargetError::UnknownArch("x86".into()))
        );
    }

    #[test]
    fn only_what_was_checked_is_computed() {
        for (version, checked) in [
            ("1.18.9", false),
            ("1.19", true),
            ("1.27.3", true),
            ("1.28", false),
        ] {
            let target = Target::new(version.parse().unwrap(), Arch::Amd64);
            assert_eq!(target.is_ok(), checked, "{version}");
        }
    }

    #[test]
    fn wasm_hashes_narrowed() {
        let bits = |version: &str| {
            Target::new(version.parse().unwrap(), Arch::Wasm)
                .unwrap()
                .hash_bits()
        };
        assert_eq!((bits("1.25.5"), bits("1.26.0")), (64, 32));
    }
}
