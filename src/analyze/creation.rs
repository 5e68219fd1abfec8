//! Who created whom: the forest of `created by … in goroutine N` lines, and the `go` statements behind it.
//!
//! `triage` asks for the [`Forest::chain`] of every party, back to `main`, and for the sites with the most live goroutines. Go 1.21
//! and later name the creator; before, only the site is known, unless the program ran with `GODEBUG=tracebackancestors=N`.
//! Creators that have ended, or are not in the text, stand in the forest as gone. Read [`forest`] first.

use super::incident::{GoroutineRef, Incident};
use crate::model::{Ancestor, Evidence, FrameId, Goroutine, GoroutineId};
use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cmp::Reverse;

/// How many edges a report lists. Nobody reads more, and a forest of millions would drown what is read; those on the chains of the
/// parties are always listed.
pub const LISTED_EDGES: usize = 2_000;

/// How many creators are listed for one site; their number is always known.
pub const LISTED_PARENTS: usize = 100;

/// How long a chain may grow. A goroutine that starts its successor and ends makes a chain as long as the process has lived.
pub const CHAIN_LINKS: usize = 1_000;

/// One step up: the `go` statement that made a goroutine, and who ran it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The `go` statement.
    pub site: FrameId,
    /// The goroutine that ran it; `None` where the text does not say (before Go 1.21).
    pub parent: Option<GoroutineId>,
    /// True where the block of that goroutine is in the text.
    pub present: bool,
}

/// Why a chain goes no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChainEnd {
    /// At goroutine 1, which runs `main.main`.
    Main,
    /// The last parent is not in the text.
    ParentGone,
    /// The text names sites only (before Go 1.21), or the runtime itself made the goroutine.
    ParentUnknown,
    /// The block of the last goroutine does not say who created it: it broke off.
    SiteMissing,
    /// The links run in a circle, which no process does: the text mixes processes.
    Circle,
    /// [`CHAIN_LINKS`] reached.
    TooLong,
}

/// The way from a goroutine to `main`, nearest creator first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The steps.
    pub links: Vec<Link>,
    /// Why it ends.
    pub end: ChainEnd,
}

/// One goroutine made by another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Who made it; `None` where the text does not say.
    pub parent: Option<GoroutineId>,
    /// What was made.
    pub child: GoroutineId,
    /// The `go` statement.
    pub site: FrameId,
}

/// One `go` statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The statement.
    pub site: FrameId,
    /// Goroutines it made that are in the text.
    pub goroutines: u32,
    /// How many goroutines ran it.
    pub parent_count: u32,
    /// How many of those are not in the text.
    pub gone_parents: u32,
    /// The first [`LISTED_PARENTS`] of them, ascending.
    pub parents: Vec<GoroutineId>,
}

/// The creation forest of an incident.
pub struct Forest<'e, 't> {
    incident: &'e Incident,
    evidence: &'e Evidence<'t>,
    /// Node n is goroutine n of the incident; gone creators follow behind. Edges run from creator to created.
    graph: DiGraph<(), (), u32>,
    /// `go` statements by live goroutines, most first; equal numbers in the order of the lowest id made there.
    pub sites: Vec<Site>,
    /// Creators that are named but not in the text.
    pub gone_parents: u32,
    /// Goroutines with a site but without a creator's id.
    pub without_parent: u32,
}

/// Builds the forest. Time n log n in the goroutines, for the look-up of creators; about 24 bytes for each.
pub fn forest<'e, 't>(incident: &'e Incident, evidence: &'e Evidence<'t>) -> Forest<'e, 't> {
    let count = incident.goroutines.len();
    let mut graph = DiGraph::with_capacity(count, count);
    for _ in &incident.goroutines {
        graph.add_node(());
    }
    let mut gone: FxHashMap<GoroutineId, NodeIndex<u32>> = FxHashMap::default();
    let mut sites = SiteCounter::default();
    let mut without_parent = 0;
    // Goroutines made in one loop stand together and have one creator: most look-ups are repeated ones.
    let mut last: Option<(GoroutineId, NodeIndex<u32>)> = None;
    for &(_, position) in incident.ids() {
        let block = incident.goroutines.get(position as usize);
        let Some(goroutine) = block.and_then(|block| block.of(evidence)) else {
            continue;
        };
        let Some(site) = goroutine.created_by else {
            continue;
        };
        let Some(parent) = parent_of(goroutine, evidence, block) else {
            sites.count(site, None);
            without_parent += 1;
            continue;
        };
        let node = match last {
            Some((id, node)) if id == parent => node,
            _ => match incident.position(parent) {
                Some(at) => NodeIndex::new(at as usize),
                None => *gone.entry(parent).or_insert_with(|| graph.add_node(())),
            },
        };
        last = Some((parent, node));
        graph.add_edge(node, NodeIndex::new(position as usize), ());
        sites.count(site, Some((parent, node.index() >= count)));
    }
    Forest {
        incident,
        evidence,
        gone_parents: gone.len() as u32,
        graph,
        sites: sites.finish(),
        without_parent,
    }
}

/// The creator's id: as printed, else that of the nearest ancestor.
fn parent_of(
    goroutine: &Goroutine,
    evidence: &Evidence<'_>,
    block: Option<&GoroutineRef>,
) -> Option<GoroutineId> {
    goroutine
        .parent
        .or_else(|| Some(ancestors(evidence, *block?).first()?.id))
}

fn ancestors<'e>(evidence: &'e Evidence<'_>, block: GoroutineRef) -> &'e [Ancestor] {
    let scheduling = || {
        let extra = block.of(evidence)?.extra?;
        let document = evidence.document(block.document)?;
        document.scheduling.get(extra as usize)
    };
    scheduling().map_or(&[], |scheduling| &scheduling.ancestors)
}

#[derive(Default)]
struct SiteCounter {
    index: FxHashMap<FrameId, u32>,
    sites: Vec<Site>,
    /// Site, creator, and whether the creator is gone.
    parents: Vec<(u32, GoroutineId, bool)>,
}

impl SiteCounter {
    fn count(&mut self, site: FrameId, parent: Option<(GoroutineId, bool)>) {
        let at = *self.index.entry(site).or_insert(self.sites.len() as u32);
        if at as usize == self.sites.len() {
            self.sites.push(Site {
                site,
                goroutines: 0,
                parent_count: 0,
                gone_parents: 0,
                parents: Vec::new(),
            });
        }
        if let Some(known) = self.sites.get_mut(at as usize) {
            known.goroutines += 1;
        }
        if let Some((id, gone)) = parent
            && self.parents.last() != Some(&(at, id, gone))
        {
            self.parents.push((at, id, gone));
        }
    }

    fn finish(mut self) -> Vec<Site> {
        self.parents.sort_unstable();
        self.parents.dedup();
        for &(at, id, gone) in &self.parents {
            let Some(site) = self.sites.get_mut(at as usize) else {
                continue;
            };
            site.parent_count += 1;
            site.gone_parents += u32::from(gone);
            if site.parents.len() < LISTED_PARENTS {
                site.parents.push(id);
            }
        }
        self.sites.sort_by_key(|site| Reverse(site.goroutines));
        self.sites
    }
}

/// Where a walk up stands: at a block of the text, or at an ancestor that another block's `[originating from …]` sections show.
#[derive(Clone, Copy)]
enum Standing<'e> {
    Block(GoroutineRef),
    Ancestor(&'e [Ancestor]),
}

impl<'e> Forest<'e, '_> {
    /// The chain of creators of a goroutine. Time and memory by its length, at most [`CHAIN_LINKS`].
    pub fn chain(&self, goroutine: GoroutineRef) -> Chain {
        let mut links = Vec::new();
        let mut visited: FxHashSet<GoroutineId> = FxHashSet::default();
        visited.extend(goroutine.of(self.evidence).map(|g| g.id));
        let mut standing = Standing::Block(goroutine);
        let end = loop {
            let (site, parent, ancestors) = match self.step(standing) {
                Ok(step) => step,
                Err(end) => break end,
            };
            let block = parent.and_then(|id| self.incident.find(id));
            let present = block.is_some();
            links.push(Link {
                site,
                parent,
                present,
            });
            let Some(id) = parent else {
                break ChainEnd::ParentUnknown;
            };
            if !visited.insert(id) {
                break ChainEnd::Circle;
            }
            if links.len() >= CHAIN_LINKS {
                break ChainEnd::TooLong;
            }
            standing = match block {
                Some(block) => Standing::Block(block),
                None if ancestors.is_empty() => break ChainEnd::ParentGone,
                None => Standing::Ancestor(ancestors),
            };
        };
        Chain { links, end }
    }

    /// The site, the creator, and the ancestors from the creator on.
    #[allow(clippy::type_complexity)]
    fn step(
        &self,
        standing: Standing<'e>,
    ) -> Result<(FrameId, Option<GoroutineId>, &'e [Ancestor]), ChainEnd> {
        let (id, site, parent, ancestors) = match standing {
            Standing::Block(block) => {
                let goroutine = block.of(self.evidence).ok_or(ChainEnd::ParentGone)?;
                let ancestors = ancestors(self.evidence, block);
                (
                    goroutine.id,
                    goroutine.created_by,
                    goroutine.parent,
                    ancestors,
                )
            }
            Standing::Ancestor(ancestors) => {
                let (nearest, further) = ancestors.split_first().ok_or(ChainEnd::ParentGone)?;
                (nearest.id, nearest.created_by, None, further)
            }
        };
        match site {
            Some(site) => Ok((
                site,
                parent.or(ancestors.first().map(|next| next.id)),
                ancestors,
            )),
            None if id == GoroutineId(1) => Err(ChainEnd::Main),
            None => Err(ChainEnd::SiteMissing),
        }
    }

    /// The creator of the goroutine at a position of [`Incident::goroutines`], where the text names it.
    pub fn creator(&self, position: u32) -> Option<GoroutineId> {
        let block = self.incident.goroutines.get(position as usize)?;
        parent_of(block.of(self.evidence)?, self.evidence, Some(block))
    }

    /// Goroutines that this one created and that are in the text, by the forest's own order.
    pub fn children(&self, id: GoroutineId) -> impl Iterator<Item = GoroutineId> {
        let node = self.incident.position(id);
        node.into_iter().flat_map(|at| {
            let children = self
                .graph
                .neighbors_directed(NodeIndex::new(at as usize), Direction::Outgoing);
            children.filter_map(|child| {
                let block = self.incident.goroutines.get(child.index())?;
                block.of(self.evidence).map(|goroutine| goroutine.id)
            })
        })
    }

    /// At most [`LISTED_EDGES`] edges, and how many were left out. Those on the chains of `asked` come first and are always listed,
    /// the others by ascending id of the created goroutine.
    pub fn edges(&self, asked: &[GoroutineRef]) -> (Vec<Edge>, u64) {
        let mut edges = Vec::new();
        let mut listed: FxHashSet<GoroutineId> = FxHashSet::default();
        for &party in asked {
            let Some(mut child) = party.of(self.evidence).map(|g| g.id) else {
                continue;
            };
            for link in self.chain(party).links {
                if !listed.insert(child) {
                    break;
                }
                edges.push(Edge {
                    parent: link.parent,
                    child,
                    site: link.site,
                });
                let Some(parent) = link.parent else { break };
                child = parent;
            }
        }
        let mut omitted = 0;
        for &(id, position) in self.incident.ids() {
            let block = self.incident.goroutines.get(position as usize);
            let Some(goroutine) = block.and_then(|block| block.of(self.evidence)) else {
                continue;
            };
            let Some(site) = goroutine.created_by.filter(|_| !listed.contains(&id)) else {
                continue;
            };
            if edges.len() < LISTED_EDGES {
                let parent = parent_of(goroutine, self.evidence, block);
                edges.push(Edge {
                    parent,
                    child: id,
                    site,
                });
            } else {
                omitted += 1;
            }
        }
        (edges, omitted)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // helpers of tests fail as tests do
mod tests {
    use super::*;
    use crate::analyze::incident::incidents;
    use crate::analyze::testing::on_texts;

    fn goroutine(id: u32, function: &str, parent: Option<u32>) -> String {
        let creator = parent.map_or(String::new(), |parent| {
            format!("created by main.start{id} in goroutine {parent}\n\t/app/main.go:{id} +0x1d\n")
        });
        format!("goroutine {id} [select]:\n{function}(...)\n\t/app/main.go:90\n{creator}\n")
    }

    /// The chain of goroutine `id`: parents with their presence, and the end.
    fn chain(text: &str, id: u64) -> (Vec<(Option<u64>, bool)>, ChainEnd) {
        on_texts(&[text], |evidence| {
            let incident = &incidents(evidence, false)[0];
            let forest = forest(incident, evidence);
            let chain = forest.chain(incident.find(GoroutineId(id)).unwrap());
            let links = chain.links.iter();
            let links = links.map(|link| (link.parent.map(|id| id.0), link.present));
            (links.collect(), chain.end)
        })
    }

    #[test]
    fn a_chain_leads_back_to_main_or_to_a_creator_that_is_gone() {
        let text = [
            goroutine(1, "main.main", None),
            goroutine(20, "main.serve", Some(1)),
            goroutine(31, "main.work", Some(20)),
            goroutine(40, "main.lost", Some(35)),
        ]
        .concat();
        assert_eq!(
            chain(&text, 31),
            (vec![(Some(20), true), (Some(1), true)], ChainEnd::Main)
        );
        assert_eq!(
            chain(&text, 40),
            (vec![(Some(35), false)], ChainEnd::ParentGone)
        );
        assert_eq!(chain(&text, 1), (vec![], ChainEnd::Main));
    }

    #[test]
    fn circles_and_goroutines_that_made_themselves_end() {
        let text = [
            goroutine(7, "main.a", Some(8)),
            goroutine(8, "main.b", Some(7)),
            goroutine(9, "main.c", Some(9)),
        ]
        .concat();
        assert_eq!(
            chain(&text, 7),
            (vec![(Some(8), true), (Some(7), true)], ChainEnd::Circle)
        );
        assert_eq!(chain(&text, 9), (vec![(Some(9), true)], ChainEnd::Circle));
    }

    #[test]
    fn a_very_long_chain_is_cut() {
        let text: String = (1..=3000)
            .map(|id| goroutine(id, "main.next", (id > 1).then(|| id - 1)))
            .collect();
        let (links, end) = chain(&text, 3000);
        assert_eq!((links.len(), end), (CHAIN_LINKS, ChainEnd::TooLong));
        assert_eq!(chain(&text, 500).1, ChainEnd::Main);
    }

    #[test]
    fn before_1_21_only_ancestors_name_creators() {
        let plain = "goroutine 20 [select]:\nmain.work(...)\n\t/app/main.go:9\ncreated by main.lvl2\n\t/app/main.go:7 +0x1d\n";
        assert_eq!(
            chain(plain, 20),
            (vec![(None, false)], ChainEnd::ParentUnknown)
        );
        let text = format!(
            "{plain}[originating from goroutine 19]:\nmain.lvl2(...)\n\t/app/main.go:7 +0x1d\n\
             created by main.lvl1\n\t/app/main.go:5 +0x1d\n[originating from goroutine 1]:\nmain.main(...)\n\t/app/main.go:3 +0x1d\n"
        );
        assert_eq!(
            chain(&text, 20),
            (vec![(Some(19), false), (Some(1), false)], ChainEnd::Main)
        );
    }

    #[test]
    fn sites_are_ranked_and_edges_on_asked_chains_are_always_listed() {
        let mut text = goroutine(1, "main.main", None);
        for id in 0..LISTED_EDGES as u32 + 50 {
            text += &goroutine(100 + id, "main.work", Some(90 + id % 3))
                .replace(&format!("main.start{}", 100 + id), "main.start")
                .replace(&format!("main.go:{} +", 100 + id), "main.go:7 +");
        }
        text += &goroutine(20, "main.a", Some(1));
        on_texts(&[&text], |evidence| {
            let incident = &incidents(evidence, false)[0];
            let forest = forest(incident, evidence);
            let counts: Vec<_> = forest
                .sites
                .iter()
                .map(|site| (site.goroutines, site.parent_count, site.gone_parents))
                .collect();
            assert_eq!(counts, [(LISTED_EDGES as u32 + 50, 3, 3), (1, 1, 0)]);
            assert_eq!(forest.sites[0].parents, [90, 91, 92].map(GoroutineId));
            assert_eq!(forest.gone_parents, 3);
            let last = GoroutineId(100 + LISTED_EDGES as u64 + 49);
            let (edges, omitted) = forest.edges(&[incident.find(last).unwrap()]);
            assert_eq!((edges.len(), omitted), (LISTED_EDGES, 51));
            assert_eq!(edges[0].child, last);
            assert_eq!(edges[1].child, GoroutineId(20));
            assert_eq!(
                forest.children(GoroutineId(1)).collect::<Vec<_>>(),
                [GoroutineId(20)]
            );
        });
    }
}
