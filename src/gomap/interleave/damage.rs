//! What is broken when both goroutines are through, without a word from anybody.
//!
//! The two operations are also run one after the other, in both orders, on the same machine. Whatever a key, the count or an answer
//! is after neither of the two is damage. Keys are compared one by one: that a as one order leaves it stands beside b as the other
//! leaves it is no damage here. Read [`Orders::damage`].

use super::machine::Machine;
use super::memory::{Answer, Elem, KEYS, Memory, OTHERS, Thread};
use super::{Damage, Operation};

/// What one order leaves.
struct Final {
    contents: [Option<Elem>; KEYS],
    answers: [Answer; 2],
}

/// What the two orders leave.
pub struct Orders([Final; 2]);

impl Orders {
    /// Runs both.
    pub fn new(machine: &Machine) -> Self {
        Self([[0, 1], [1, 0]].map(|order| {
            let (mut memory, mut threads) = machine.start();
            for who in order {
                while machine.next(who, &threads[who]).is_some() {
                    machine.step(who, &mut memory, &mut threads);
                }
            }
            Final {
                contents: machine.contents(&memory).unwrap_or_default(),
                answers: threads.map(|thread| thread.answer),
            }
        }))
    }

    /// The kinds of damage in a state that both have finished in, sorted.
    pub fn damage(&self, machine: &Machine, memory: &Memory, threads: &[Thread; 2]) -> Vec<Damage> {
        let mut found = Vec::new();
        let mut note = |is: bool, damage: Damage| {
            if is && !found.contains(&damage) {
                found.push(damage);
            }
        };
        note(memory.flag, Damage::FlagLeftSet);
        for (who, thread) in threads.iter().enumerate() {
            note(thread.stray, Damage::StrayAccess);
            note(thread.answer.flag, Damage::CloneFlagSet);
            note(
                self.is_wrong(machine, who, &thread.answer),
                Damage::WrongAnswer,
            );
        }
        match machine.contents(memory) {
            None => note(true, Damage::StrayAccess),
            Some(contents) => {
                for (key, &elem) in contents.iter().enumerate() {
                    if let Some(damage) = self.of_key(key, elem) {
                        note(true, damage);
                    }
                }
                note(
                    memory.count != entries(machine, &contents),
                    Damage::CountWrong,
                );
            }
        }
        found.sort_unstable();
        found
    }

    fn of_key(&self, key: usize, is: Option<Elem>) -> Option<Damage> {
        let [one, other] = [0, 1].map(|order| self.0[order].contents[key]);
        match (is, one, other) {
            _ if is == one || is == other => None,
            (None, ..) => Some(Damage::EntryLost),
            (Some(_), None, None) => Some(Damage::EntryReturns),
            (Some(_), ..) => Some(Damage::WrongElement),
        }
    }

    fn is_wrong(&self, machine: &Machine, who: usize, answer: &Answer) -> bool {
        let known = [0, 1].map(|order| &self.0[order].answers[who]);
        let elems_wrong = (0..KEYS).any(|key| {
            known
                .iter()
                .all(|known| known.elems[key] != answer.elems[key])
        });
        let miscounted = machine.operation(who) == Operation::Clone
            && answer
                .count
                .is_some_and(|count| count != entries(machine, &answer.elems));
        answer.keyless || elems_wrong || miscounted
    }
}

/// Entries that a map of these contents should count.
fn entries(machine: &Machine, contents: &[Option<Elem>; KEYS]) -> u8 {
    let seen = contents.iter().flatten().count() as u8;
    let unseen = contents[OTHERS].map_or(0, |_| machine.unseen());
    seen + unseen
}
