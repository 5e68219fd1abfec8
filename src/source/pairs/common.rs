//! Whether two goroutines can have the same object, and how locks stand on the ways on which they come by it.
//!
//! [`super::clash`] asks [`in_common`] where a suspicion has to be earned: without a crash. Evidence is what both sides are known to
//! reach the map from ([`Analysis::common`]); doubts that silence a pair are listed at [`in_common`].

use super::{Relation, owner_of, relation, root, type_of, variable_of};
use crate::source::facts::{Access, Held, Place};
use crate::source::flow::{Analysis, Common, Guesses, RootKind, Tie, Use, Whose};
use crate::source::program::{Ty, TypeId, VarId};

/// Calls of an interface with several implementations that a pair may need: one is a guess, two are a guess upon a guess.
const MAX_GUESSES: u32 = 1;

/// How locks stand where both goroutines belong to one program and reach the map from something that both are known to have; `None`
/// where nothing of the kind is known, or too much of it is guessed.
pub(super) fn in_common(
    analysis: &Analysis<'_>,
    place: &Place,
    left: ((&Use, &Access), Option<u32>),
    right: ((&Use, &Access), Option<u32>),
) -> Option<Relation> {
    let (one, another) = match (left.1, right.1) {
        (Some(l), Some(r)) if l == r => (Whose::Siblings(l), Whose::Siblings(r)),
        (Some(l), Some(r)) => (Whose::Goroutine(l), Whose::Goroutine(r)),
        (None, Some(r)) => (Whose::Starter(r), Whose::Goroutine(r)),
        (Some(l), None) => (Whose::Goroutine(l), Whose::Starter(l)),
        (None, None) => return None,
    };
    let (at, roots) = ([left.0.0, right.0.0], [left.1, right.1]);
    if is_element_of_list(analysis, place)
        || !analysis.are_of_one_program((at[0], roots[0]), (at[1], roots[1]))
        || are_apart(analysis, at, roots)
    {
        return None;
    }
    let starter = |id: Option<u32>| Some(root(analysis, id?)?.started?.0);
    let elsewhere = match roots.map(starter) {
        [Some(one), Some(other)] => one != other,
        _ => false,
    };
    let others = reached(analysis, place, right.0.0, another);
    let own = reached(analysis, place, left.0.0, one);
    let pairs = own
        .iter()
        .flat_map(|own| others.iter().map(move |other| (own, other)));
    let met = pairs.filter(|(own, other)| match (own.tie, other.tie) {
        (Some(own), Some(other)) => {
            own.meets(other) && !(elsewhere && is_one_of_many(analysis, own, other))
        }
        // What is no part of an object is one for all that come there; whether two of them do was asked already.
        _ => owner_of(place).is_none(),
    });
    let mut found = met.map(|(own, other)| {
        let left_use = left.0.0.holding(&own.locks);
        let right_use = right.0.0.holding(&other.locks);
        let relation = relation((&left_use, left.0.1), (&right_use, right.0.1));
        let all = own.guesses.all + other.guesses.all;
        let guesses = match relation {
            _ if one != another => all,
            // Goroutines of one kind make one guess between them. Among many implementations that is enough only where a lock tells
            // that company was expected.
            Relation::OneSided(..) => own.guesses.all.max(other.guesses.all),
            _ if own.guesses.wide + other.guesses.wide == 0 => {
                own.guesses.all.max(other.guesses.all)
            }
            _ => all,
        };
        (relation, guesses)
    });
    let open =
        found.find(|(relation, guesses)| *relation != Relation::Guarded && *guesses <= MAX_GUESSES);
    open.map(|(relation, _)| relation)
}

/// True where all that two goroutines have in common is the type of an object, and there are many of that type.
fn is_one_of_many(analysis: &Analysis<'_>, own: Tie, other: Tie) -> bool {
    let plural = |ty: TypeId| analysis.plural_types.contains(&ty);
    match (own.to, other.to) {
        (Common::Object(ty), _) | (_, Common::Object(ty)) => plural(ty),
        _ => false,
    }
}

/// True where `main` is done with its use before the other goroutine is started.
fn are_apart(analysis: &Analysis<'_>, at: [&Use; 2], roots: [Option<u32>; 2]) -> bool {
    let is_main = |id: Option<u32>| {
        id.and_then(|id| root(analysis, id))
            .is_some_and(|root| root.kind == RootKind::Main)
    };
    match roots {
        [left, Some(right)] if is_main(left) => analysis.is_over_before(at[0], right),
        [Some(left), right] if is_main(right) => analysis.is_over_before(at[1], left),
        _ => false,
    }
}

/// How a goroutine comes to a map.
struct Reached {
    tie: Option<Tie>,
    locks: Vec<Held>,
    guesses: Guesses,
}

/// The ways to a use; for a variable those by which that very variable is known, if any are.
fn reached(analysis: &Analysis<'_>, place: &Place, used: &Use, whose: Whose) -> Vec<Reached> {
    let mut ways = analysis.common(used, whose);
    if owner_of(place).is_none() {
        let variable = variable_of(place);
        ways.retain(|way| match way.tie.to {
            Common::Variable(func, id, _) => variable == Some((func, id)),
            Common::Global(id) => global_of(place) == Some(id),
            Common::Object(_) => false,
        });
        if ways.is_empty() {
            return vec![Reached {
                tie: None,
                locks: Vec::new(),
                guesses: analysis.guesses(used, whose),
            }];
        }
    }
    let ways = ways.into_iter().map(|way| Reached {
        tie: Some(way.tie),
        locks: way.locks,
        guesses: way.guesses,
    });
    ways.collect()
}

/// The package variable that a place is or hangs on.
fn global_of(place: &Place) -> Option<VarId> {
    match place {
        Place::Global(id) => Some(*id),
        Place::Part(of, _) | Place::Element(of) => global_of(of),
        _ => None,
    }
}

/// True for `parts[i]`: goroutines that share a list have their own elements as a rule, and which one is not known.
fn is_element_of_list(analysis: &Analysis<'_>, place: &Place) -> bool {
    match place {
        Place::Element(of) => {
            let list = match &**of {
                Place::Local(func, id) => {
                    let facts = analysis.facts.get(func.0 as usize);
                    let local = facts.and_then(|facts| facts.locals.get(*id as usize));
                    local.is_some_and(|local| local.is_list)
                }
                of => {
                    let ty = type_of(&analysis.program, of);
                    let ty = analysis.program.underlying(&analysis.program.pointee(&ty));
                    matches!(ty, Ty::List(_))
                }
            };
            list || is_element_of_list(analysis, of)
        }
        Place::Part(of, _) => is_element_of_list(analysis, of),
        _ => false,
    }
}
