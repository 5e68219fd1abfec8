//! Which places a parameter stands for: those of the arguments of all callers.

use super::Analysis;
use super::graph::{Graph, NodeId};
use crate::source::facts::{CallKind, Held, Place};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// A map that is handed through more calls than this is followed no further.
const MAX_STEPS: usize = 6;

/// A parameter with more origins than this is that of a helper for everything.
pub(in crate::source) const MAX_ORIGINS: usize = 6;

/// Places looked at for one parameter: helpers that call each other with many maps would be gone through again and again.
const MAX_VISITS: usize = 200;

/// Arguments by parameter.
pub(super) struct Origins {
    params: HashMap<Place, BTreeSet<Place>>,
    /// The calls that hand on each argument, by parameter: caller and locks held there.
    calls: HashMap<Place, Vec<(Place, NodeId, Vec<Held>)>>,
}

impl Origins {
    pub(super) fn new(graph: &Graph) -> Self {
        let mut params: HashMap<Place, BTreeSet<Place>> = HashMap::new();
        let mut calls: HashMap<Place, Vec<(Place, NodeId, Vec<Held>)>> = HashMap::new();
        for link in graph.links() {
            if link.kind == CallKind::Callback {
                continue;
            }
            let Some((func, part)) = graph.part_of(link.to) else {
                continue;
            };
            for (arg, at) in link.args.iter().zip(0..) {
                if let Some(place) = &arg.place {
                    let param = Place::Param(func, part, at);
                    if link.kind == CallKind::Call {
                        let call = (place.clone(), link.from, link.held.clone());
                        calls.entry(param.clone()).or_default().push(call);
                    }
                    params.entry(param).or_default().insert(place.clone());
                }
            }
        }
        Self { params, calls }
    }

    /// The places that a place may be; itself where nothing is known of its callers.
    pub(super) fn of(&self, place: &Place) -> Vec<Place> {
        let mut found = BTreeSet::new();
        self.collect(place, MAX_STEPS, &mut { MAX_VISITS }, &mut found);
        match found.is_empty() || found.len() > MAX_ORIGINS {
            true => vec![place.clone()],
            false => found.into_iter().collect(),
        }
    }

    /// The calls that hand this very map to the parameter that `place` starts at, each with its locks.
    pub(super) fn calls_with(&self, place: &Place, origin: &Place) -> Vec<(NodeId, &[Held])> {
        let (param, origin) = match (place, origin) {
            (Place::Element(of), Place::Element(origin)) => (&**of, &**origin),
            (place, origin) => (place, origin),
        };
        let calls = self.calls.get(param).into_iter().flatten();
        calls
            .take(MAX_VISITS)
            .filter(|(arg, ..)| arg == origin || self.of(arg).contains(origin))
            .map(|(_, from, held)| (*from, &held[..]))
            .collect()
    }

    fn collect(&self, place: &Place, steps: usize, visits: &mut usize, into: &mut BTreeSet<Place>) {
        let Some(left) = visits.checked_sub(1).filter(|_| into.len() <= MAX_ORIGINS) else {
            return;
        };
        *visits = left;
        match place {
            Place::Param(..) if steps > 0 => match self.params.get(place) {
                Some(origins) => {
                    for origin in origins.iter().filter(|origin| *origin != place) {
                        self.collect(origin, steps - 1, visits, into);
                    }
                }
                None => {
                    into.insert(place.clone());
                }
            },
            Place::Param(..) => {}
            Place::Part(of, name) => {
                let mut whole = BTreeSet::new();
                self.collect(of, steps, visits, &mut whole);
                let parts = whole.into_iter();
                into.extend(parts.map(|of| Place::Part(Arc::new(of), name.clone())));
            }
            Place::Element(of) => {
                let mut whole = BTreeSet::new();
                self.collect(of, steps, visits, &mut whole);
                let parts = whole.into_iter();
                into.extend(parts.map(|of| Place::Element(Arc::new(of))));
            }
            _ => {
                into.insert(place.clone());
            }
        }
    }
}

impl Analysis<'_> {
    /// The place that a parameter stands for in one goroutine: `callers` are the functions on its stack behind this node, each with
    /// the line of its call. The place itself where the stack does not lead further.
    pub fn on_stack(&self, place: &Place, node: NodeId, callers: &[(NodeId, u32)]) -> Place {
        let (mut place, mut callee) = (place.clone(), node);
        for &(caller, line) in callers {
            let Some(argument) = self.argument(&place, callee, caller, line) else {
                break;
            };
            (place, callee) = (argument, caller);
        }
        place
    }

    /// What a call at this line hands to the parameter that a place starts at.
    fn argument(&self, place: &Place, callee: NodeId, caller: NodeId, line: u32) -> Option<Place> {
        match place {
            Place::Param(func, part, at) => {
                if self.graph.node(*func, *part) != callee {
                    return None;
                }
                let mut calls = self.graph.from(caller);
                let call = calls.find(|link| link.to == callee && link.line == line)?;
                call.args.get(usize::from(*at))?.place.clone()
            }
            Place::Part(of, name) => {
                let of = self.argument(of, callee, caller, line)?;
                Some(Place::Part(Arc::new(of), name.clone()))
            }
            Place::Element(of) => {
                let of = self.argument(of, callee, caller, line)?;
                Some(Place::Element(Arc::new(of)))
            }
            _ => None,
        }
    }
}
