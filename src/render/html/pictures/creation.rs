//! How the parties of an incident and its largest groups came to be: creators to the left, what they created to the right.
//!
//! The goroutine that died and the parties of conflicts stand alone; others stand with their group. Before Go 1.21 a dump names no
//! creator, so the function of the `go` statement stands for it.

use super::{IDS, Picture, group_of};
use crate::model::Grade;
use crate::triage::graph::report::{Edge, EdgeKind, GraphKind, GraphReport, Node, NodeKind};
use crate::triage::report::{CreatedBy, Group, IncidentReport, Place};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Nodes of the picture: what fits a page and can be read on it.
const NODES: usize = 24;

/// Goroutines that stand alone.
const ALONE: usize = 10;

/// Who created whom; `None` where nobody's creator is known.
pub(in super::super) fn creation(incident: &IncidentReport, anchor: &str) -> Option<GraphReport> {
    let mut tree = Tree {
        incident,
        alone: principals(incident),
        picture: Picture::new(GraphKind::Creation, incident, anchor),
        placed: BTreeMap::new(),
        open: VecDeque::new(),
    };
    for id in tree.alone.clone() {
        tree.place(Who::Alone(id));
        tree.grow();
    }
    let mut left_out = (0, 0);
    for (at, group) in incident.goroutines.groups.iter().enumerate() {
        if group.user_frame.is_none() || tree.rest(group) == 0 {
            continue;
        }
        // Its creators need room as well.
        if tree.picture.graph.nodes.len() + 2 > NODES {
            left_out = (left_out.0 + 1, left_out.1 + group.count);
            continue;
        }
        tree.place(Who::Group(tree.first_like(at)));
        tree.grow();
    }
    let mut graph = tree.picture.graph;
    if left_out.0 > 0 {
        graph.notes.push(format!(
            "{} smaller groups with {} goroutines are not drawn.",
            left_out.0, left_out.1
        ));
    }
    (!graph.edges.is_empty()).then_some(graph)
}

/// What a node stands for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    /// A goroutine by its id.
    Alone(u64),
    /// The group at this position, and those like it.
    Group(usize),
    /// Creators that are not in the text.
    Gone(Vec<u64>),
    /// Known by the function of its `go` statement alone.
    Function(String),
}

struct Tree<'r, 'p> {
    incident: &'r IncidentReport,
    alone: BTreeSet<u64>,
    picture: Picture<'p>,
    placed: BTreeMap<Who, String>,
    open: VecDeque<(String, CreatedBy)>,
}

impl Tree<'_, '_> {
    /// The node's id, new or known; a new one's creator is looked for by [`Tree::grow`].
    fn place(&mut self, who: Who) -> String {
        if let Some(known) = self.placed.get(&who) {
            return known.clone();
        }
        let (shown, made) = self.shown(&who);
        let id = self.picture.add(shown);
        if let Some(made) = made {
            self.open.push_back((id.clone(), made));
        }
        self.placed.insert(who, id.clone());
        id
    }

    fn shown(&self, who: &Who) -> (Node, Option<CreatedBy>) {
        match who {
            Who::Alone(id) => {
                let group = group_of(self.incident, Some(*id));
                let died = self.incident.crash.as_ref();
                let died = died.and_then(|crash| crash.goroutine);
                let mut shown = self.group_node(group);
                shown.crashed = died == Some(*id);
                shown.goroutines = vec![*id];
                shown.count = 1;
                (shown, group.and_then(|group| group.created_by.clone()))
            }
            Who::Group(at) => {
                let groups = &self.incident.goroutines.groups;
                let like = (*at..groups.len()).filter(|&other| self.first_like(other) == *at);
                let like: Vec<&Group> = like.filter_map(|other| groups.get(other)).collect();
                let mut shown = self.group_node(like.first().copied());
                let ids = like.iter().flat_map(|group| &group.goroutines);
                let ids = ids.filter(|id| !self.alone.contains(id));
                shown.goroutines = ids.take(IDS).copied().collect();
                shown.count = like.iter().map(|group| self.rest(group)).sum();
                let made = like.first().and_then(|group| group.created_by.clone());
                (shown, made)
            }
            Who::Gone(ids) => {
                let mut shown = Node::of(NodeKind::Gone);
                shown.count = ids.len() as u64;
                shown.goroutines = ids.iter().take(IDS).copied().collect();
                (shown, None)
            }
            Who::Function(func) => {
                let mut shown = Node::of(NodeKind::Unnamed);
                shown.site = Some(Place {
                    func: func.clone(),
                    file: String::new(),
                    line: 0,
                });
                (shown, None)
            }
        }
    }

    fn group_node(&self, group: Option<&Group>) -> Node {
        Node {
            state: group.map(|group| group.state.clone()),
            longest_wait_minutes: group.map_or(0, |group| group.longest_wait_minutes),
            site: group.and_then(stands).cloned(),
            ..Node::of(NodeKind::Goroutines)
        }
    }

    /// Goroutines of a group that do not stand alone.
    fn rest(&self, group: &Group) -> u64 {
        let alone = group.goroutines.iter();
        let alone = alone.filter(|id| self.alone.contains(id)).count() as u64;
        group.count.saturating_sub(alone)
    }

    /// The first group that a reader would not tell from this one: state, line, `go` statement and creator.
    fn first_like(&self, at: usize) -> usize {
        let groups = &self.incident.goroutines.groups;
        let look = |group: &Group| {
            let made = group.created_by.as_ref();
            let made = made.map(|made| (made.file.clone(), made.line, made.goroutine));
            (group.state.clone(), stands(group).cloned(), made)
        };
        let Some(own) = groups.get(at).map(look) else {
            return at;
        };
        let first = groups.iter().take(at).position(|group| look(group) == own);
        first.unwrap_or(at)
    }

    /// Places creators until all that can be known are there.
    fn grow(&mut self) {
        while let Some((child, made)) = self.open.pop_front() {
            // A ring of creators cannot be: ids in damaged text may make one.
            if self.picture.graph.nodes.len() >= 2 * NODES {
                continue;
            }
            let (who, grade) = self.creator(&made);
            let creator = self.place(who);
            if creator == child {
                continue;
            }
            let mut edge = Edge::between(EdgeKind::Created, grade, &creator, &child);
            edge.why = vec![match grade {
                Grade::Confirmed => "printed-creator".to_owned(),
                _ => "only-goroutine-in-that-function".to_owned(),
            }];
            edge.site = Some(Place {
                func: made.func,
                file: made.file,
                line: made.line,
            });
            self.picture.graph.edges.push(edge);
        }
    }

    fn creator(&self, made: &CreatedBy) -> (Who, Grade) {
        let parents = match made.goroutine {
            Some(id) => vec![id],
            None => self.parents(made),
        };
        let known = |&id: &u64| match self.alone.contains(&id) {
            true => Some(Who::Alone(id)),
            false => self.group_at(id).map(|at| Who::Group(self.first_like(at))),
        };
        let mut known: Vec<Option<Who>> = parents.iter().map(known).collect();
        known.dedup();
        match known.as_slice() {
            [] => self.by_function(&made.func),
            [Some(one)] => (one.clone(), Grade::Confirmed),
            _ => (Who::Gone(parents), Grade::Confirmed),
        }
    }

    /// The only goroutine in the function of the `go` statement, as far as there is only one.
    fn by_function(&self, func: &str) -> (Who, Grade) {
        let groups = self.incident.goroutines.groups.iter().enumerate();
        let mut inside =
            groups.filter(|(_, group)| group.stack.iter().any(|frame| frame.func == func));
        let grade = match func {
            "main.main" => Grade::Probable,
            _ => Grade::Possible,
        };
        match (inside.next(), inside.next()) {
            (Some((at, group)), None) if group.count == 1 => {
                let alone = group.goroutines.iter().find(|id| self.alone.contains(id));
                let who = alone.map_or(Who::Group(self.first_like(at)), |&id| Who::Alone(id));
                (who, grade)
            }
            _ => (Who::Function(func.to_owned()), Grade::Confirmed),
        }
    }

    /// The creators of a group whose members have several, or, before Go 1.21, none that is printed.
    fn parents(&self, made: &CreatedBy) -> Vec<u64> {
        let mut sites = self.incident.creation.sites.iter();
        let site = sites.find(|site| {
            (&site.func, &site.file, site.line) == (&made.func, &made.file, made.line)
        });
        site.map_or_else(Vec::new, |site| site.parents.clone())
    }

    fn group_at(&self, id: u64) -> Option<usize> {
        let mut groups = self.incident.goroutines.groups.iter();
        groups.position(|group| group.goroutines.contains(&id))
    }
}

/// The frame a group stands at: the first of user code, else the innermost.
fn stands(group: &Group) -> Option<&Place> {
    group.stack.get(group.user_frame.unwrap_or(0) as usize)
}

/// The goroutine that died, and who is at least probably a party.
fn principals(incident: &IncidentReport) -> BTreeSet<u64> {
    let died = incident.crash.as_ref().and_then(|crash| crash.goroutine);
    let conflicts = incident.conflicts.iter();
    let conflicts = conflicts.filter(|conflict| conflict.grade >= Grade::Probable);
    let parties = conflicts.flat_map(|conflict| &conflict.participants);
    // The race detector's numbers are its own.
    let parties = parties.filter(|party| party.numbering.is_none());
    let parties = parties.filter_map(|party| party.goroutine);
    let known = died.into_iter().chain(parties);
    let known = known.filter(|&id| group_of(incident, Some(id)).is_some());
    known.take(ALONE).collect()
}
