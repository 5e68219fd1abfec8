//! Which packages one program has together: goroutines of two programs never meet.
//!
//! A program is a `main` package, or the user of a package that none in the module imports, with all that it imports.
//! [`super::super::pairs`] asks [`Analysis::are_of_one_program`].

use super::graph::NodeId;
use super::roots::RootKind;
use super::{Analysis, Use};
use crate::source::facts::CallKind;
use crate::source::program::{PackageId, Program};
use std::collections::{BTreeSet, HashSet, VecDeque};

/// Callers of callers looked at for the programs that a function is part of.
const MAX_CALLERS: usize = 20_000;

/// Packages that one program, or one user of a library, has together.
pub(super) struct Programs {
    /// The packages that each package imported by no other one needs, a bit for each.
    needed: Vec<Vec<u64>>,
}

impl Programs {
    pub(super) fn new(program: &Program<'_>) -> Self {
        let count = program.packages.len();
        let mut imported = vec![false; count];
        for package in &program.packages {
            for id in &package.imports {
                if let Some(slot) = imported.get_mut(id.0 as usize) {
                    *slot = true;
                }
            }
        }
        let tops = imported
            .iter()
            .zip(0u32..)
            .filter(|(imported, _)| !**imported);
        let needed = tops.map(|(_, top)| {
            let mut bits = vec![0u64; count.div_ceil(64)];
            let mut open = vec![top];
            while let Some(id) = open.pop() {
                let bit = 1u64 << (id % 64);
                match bits.get_mut(id as usize / 64) {
                    Some(word) if *word & bit == 0 => *word |= bit,
                    _ => continue,
                }
                let package = program.packages.get(id as usize);
                open.extend(
                    package
                        .iter()
                        .flat_map(|package| &package.imports)
                        .map(|id| id.0),
                );
            }
            bits
        });
        Self {
            needed: needed.collect(),
        }
    }

    /// True where one program, or one user of the module, needs all of these packages.
    fn are_together(&self, packages: &[u32]) -> bool {
        let has = |bits: &[u64], id: u32| {
            let word = bits.get(id as usize / 64).copied().unwrap_or(0);
            word >> (id % 64) & 1 == 1
        };
        let mut all = self.needed.iter();
        all.any(|bits| packages.iter().all(|&id| has(bits, id)))
    }
}

impl Analysis<'_> {
    /// True where one program can have both uses and the goroutines of both roots.
    pub fn are_of_one_program(
        &self,
        left: (&Use, Option<u32>),
        right: (&Use, Option<u32>),
    ) -> bool {
        let mut packages = Vec::new();
        let mut mains = Vec::new();
        for (used, root) in [left, right] {
            let root = root.and_then(|id| self.roots.get(id as usize));
            let is_main = root.is_some_and(|root| root.kind == RootKind::Main);
            if is_main && mains.is_empty() {
                // All mains are one root: which of them gets to the line is asked here.
                mains = self.mains_before(used.node);
            }
            let root = root.filter(|_| !is_main);
            let starter = root.map(|root| root.started.map_or(root.node, |(node, _)| node));
            let nodes = starter.into_iter().chain([used.node]);
            packages.extend(nodes.filter_map(|node| Some(self.package(node)?.0)));
        }
        if mains.is_empty() {
            return self.programs.are_together(&packages);
        }
        mains.into_iter().any(|main| {
            packages.push(main.0);
            let together = self.programs.are_together(&packages);
            packages.pop();
            together
        })
    }

    fn package(&self, node: NodeId) -> Option<PackageId> {
        let (_, _, func) = self.part(node)?;
        Some(self.program.func(func)?.package)
    }

    /// The packages of the `main` functions from which calls lead to a node.
    fn mains_before(&self, node: NodeId) -> Vec<PackageId> {
        let mut seen = HashSet::from([node]);
        let mut open = VecDeque::from([node]);
        let mut mains = BTreeSet::new();
        while let Some(node) = open.pop_front() {
            let main = self.package(node).filter(|&id| {
                let package = self.program.package(id);
                package.is_some_and(|package| package.is_main)
            });
            mains.extend(main);
            if seen.len() > MAX_CALLERS {
                break;
            }
            let calls = self
                .graph
                .to(node)
                .filter(|link| link.kind == CallKind::Call);
            open.extend(
                calls
                    .map(|link| link.from)
                    .filter(|&from| seen.insert(from)),
            );
        }
        mains.into_iter().collect()
    }
}
