//! What a folded report shows of long lists of goroutines; the same choice for text and Markdown.
//!
//! The goroutine that crashed comes first, then the largest groups that run user code; what the runtime keeps for itself is shown
//! only where there is nothing else. Of a stack the call that left user code and the user's frames below it are shown.

use crate::triage::report::{Group, IncidentReport, Place};

/// Up to `limit` groups in the order to print, all of them with `all`.
pub fn groups(incident: &IncidentReport, limit: usize, all: bool) -> Vec<&Group> {
    let mut groups: Vec<&Group> = incident.goroutines.groups.iter().collect();
    groups.sort_by_key(|group| (!has_crashed(incident, group), group.user_frame.is_none()));
    if all {
        return groups;
    }
    let telling = groups
        .iter()
        .filter(|group| group.user_frame.is_some() || has_crashed(incident, group));
    let telling = telling.count();
    groups.truncate(if telling == 0 {
        limit
    } else {
        telling.min(limit)
    });
    groups
}

/// Whether the goroutine that crashed is one of the group.
pub fn has_crashed(incident: &IncidentReport, group: &Group) -> bool {
    let crashed = incident.crash.as_ref().and_then(|crash| crash.goroutine);
    crashed.is_some_and(|id| group.goroutines.contains(&id))
}

/// The frames of a stack to print, and how many are left out above and below.
pub fn frames(group: &Group, limit: usize, all: bool) -> (usize, &[Place], usize) {
    let stack = group.stack.as_slice();
    if all || stack.len() <= limit {
        return (0, stack, 0);
    }
    let user = group.user_frame.map_or(0, |at| at as usize);
    let first = user.saturating_sub(1).min(stack.len() - limit);
    let end = first + limit;
    (
        first,
        stack.get(first..end).unwrap_or_default(),
        stack.len() - end,
    )
}
