//! One processor's events, decoded one at a time. Read [`Lane::advance`] first.

use super::super::leb::Bytes;
use super::index::Stretch;
use super::shape::{MAX_ARGUMENTS, SHAPES, Shape, number, sized_numbers, skip, text};
use crate::goruntime::tracewire::v1;
use crate::model::trace::{ABSENT, Context, DamageKind, Damages, NO_SLOT};

/// Events of other goroutines looked over for the one that ends a system call. Between a goroutine's own two events a processor
/// writes hardly any.
const LOOK_AHEAD: usize = 64;

/// A decoded event.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Head {
    /// Its number.
    pub(super) number: u8,
    /// When, in ticks.
    pub(super) tick: u64,
    /// Its arguments after `dt`, the stack last.
    pub(super) arguments: [u64; MAX_ARGUMENTS],
}

/// Where a lane is read.
#[derive(Clone, Copy)]
struct Cursor<'t> {
    head: Head,
    /// The message of a `UserLog`.
    text: &'t [u8],
    bytes: Bytes<'t>,
    /// Where the current batch's events end.
    end: usize,
    /// Where `head` begins.
    at: usize,
    /// The batch that comes next.
    next: usize,
}

/// A processor.
pub(super) struct Lane<'t> {
    /// Its number, or `ABSENT`.
    pub(super) proc: u64,
    /// The thread that holds it, or `ABSENT`.
    pub(super) thread: u64,
    /// True once it was told to run or to be idle.
    pub(super) told: bool,
    goroutine: u64,
    slot: u32,
    cursor: Cursor<'t>,
    file: &'t [u8],
    stretches: Vec<Stretch>,
}

impl<'t> Lane<'t> {
    pub(super) fn new(proc: u64, stretches: Vec<Stretch>, file: &'t [u8]) -> Self {
        Self {
            proc,
            thread: ABSENT,
            told: false,
            goroutine: 0,
            slot: NO_SLOT,
            cursor: Cursor {
                head: Head::default(),
                text: &[],
                bytes: Bytes::new(&[]),
                end: 0,
                at: 0,
                next: 0,
            },
            file,
            stretches,
        }
    }

    /// The event that comes next.
    #[inline]
    pub(super) fn head(&self) -> &Head {
        &self.cursor.head
    }

    /// The message of the event that comes next, if it is a `UserLog`.
    pub(super) fn text(&self) -> &'t [u8] {
        self.cursor.text
    }

    /// Where in the file that event begins.
    pub(super) fn offset(&self) -> usize {
        self.cursor.at
    }

    /// Reads the next event; false where there is none.
    #[inline]
    pub(super) fn advance(&mut self, damage: &mut Damages) -> bool {
        self.cursor
            .advance(self.file, &self.stretches, Some(damage))
    }

    /// The goroutine that runs on it, and its slot; 0 for none.
    #[inline]
    pub(super) fn goroutine(&self) -> (u64, u32) {
        (self.goroutine, self.slot)
    }

    /// Puts a goroutine on it.
    #[inline]
    pub(super) fn run(&mut self, goroutine: u64, slot: u32) {
        (self.goroutine, self.slot) = (goroutine, slot);
    }

    /// Takes its goroutine off.
    #[inline]
    pub(super) fn leave(&mut self) {
        self.run(0, NO_SLOT);
    }

    /// Who is at work.
    #[inline]
    pub(super) fn context(&self) -> Context {
        Context {
            thread: self.thread,
            proc: self.proc,
            goroutine: match self.goroutine {
                0 => ABSENT,
                id => id,
            },
            slot: self.slot,
        }
    }

    /// When the system call that the head begins blocks, in ticks: the next event of the same goroutine, which stands on the same
    /// processor, says so, or else the call does not block.
    pub(super) fn blocks_at(&self) -> Option<u64> {
        let mut cursor = self.cursor;
        for _ in 0..LOOK_AHEAD {
            if !cursor.advance(self.file, &self.stretches, None) {
                return None;
            }
            let head = &cursor.head;
            let other = match head.number {
                v1::GO_SYS_EXIT | v1::GO_SYS_EXIT_LOCAL | v1::GO_WAITING | v1::GO_IN_SYSCALL => {
                    head.arguments[0] != self.goroutine
                }
                _ => false,
            };
            if !other {
                return (head.number == v1::GO_SYS_BLOCK).then_some(head.tick);
            }
        }
        None
    }
}

impl<'t> Cursor<'t> {
    /// Reads the next event of the lane.
    #[inline]
    fn advance(
        &mut self,
        file: &'t [u8],
        stretches: &[Stretch],
        mut damage: Option<&mut Damages>,
    ) -> bool {
        loop {
            self.at = self.bytes.position();
            if self.at < self.end && self.quick_event() {
                return true;
            }
            if self.at >= self.end {
                let Some(stretch) = stretches.get(self.next) else {
                    return false;
                };
                self.next += 1;
                self.bytes = Bytes::from(file, stretch.start);
                self.end = stretch.end;
                self.head.tick = stretch.ticks;
                continue;
            }
            match self.event() {
                Some(true) => return true,
                Some(false) => {}
                None => {
                    let lost = self.bytes.position().saturating_sub(self.at);
                    if let Some(damage) = &mut damage {
                        damage.add(DamageKind::BrokenEvent, self.at, lost);
                    }
                }
            }
        }
    }

    /// Decodes an event of few and short numbers; false where it is another, which stays to be decoded.
    #[inline(always)]
    fn quick_event(&mut self) -> bool {
        let Some(mut window) = self.bytes.window() else {
            return false;
        };
        let first = window.byte();
        let (Shape::Numbers(count), number) = (SHAPES[usize::from(first)], number(first)) else {
            return false;
        };
        let delta = window.number();
        let mut arguments = [0; MAX_ARGUMENTS];
        if count > 1 {
            arguments[0] = window.number();
        }
        if count > 2 {
            arguments[1] = window.number();
        }
        let timed = !matches!(number, v1::FREQUENCY | v1::TIMER_GOROUTINE);
        if count > 3 || !timed || !self.bytes.skip(&window) {
            return false;
        }
        self.head.number = number;
        self.head.tick = self.head.tick.wrapping_add(delta);
        self.head.arguments = arguments;
        true
    }

    /// Decodes one; false where it is no timed event, `None` where its numbers do not fit into it.
    #[inline(never)]
    fn event(&mut self) -> Option<bool> {
        let first = self.bytes.byte()?;
        let number = number(first);
        match SHAPES[usize::from(first)] {
            Shape::Numbers(count) if !matches!(number, v1::FREQUENCY | v1::TIMER_GOROUTINE) => {
                self.head.number = number;
                numbers(&mut self.head, count, &mut self.bytes)?;
            }
            Shape::Sized(count) if number != v1::CPU_SAMPLE => {
                self.sized(number, count)?;
            }
            Shape::SizedText(count) => {
                let fits = self.sized(number, count);
                self.text = text(&mut self.bytes).ok()?;
                fits?;
            }
            shape => {
                if skip(shape, &mut self.bytes).is_err() {
                    self.end = 0;
                    return None;
                }
                return Some(false);
            }
        }
        Some(true)
    }

    #[inline]
    fn sized(&mut self, number: u8, count: u8) -> Option<()> {
        let mut bytes = Bytes::new(sized_numbers(&mut self.bytes).ok()?);
        self.head.number = number;
        numbers(&mut self.head, count, &mut bytes)?;
        (bytes.left() == 0).then_some(())
    }
}

/// `dt` and `count - 1` arguments.
#[inline]
fn numbers(head: &mut Head, count: u8, bytes: &mut Bytes<'_>) -> Option<()> {
    let delta = bytes.number()?;
    head.tick = head.tick.wrapping_add(delta);
    for argument in head.arguments.iter_mut().take(usize::from(count) - 1) {
        *argument = bytes.number()?;
    }
    Some(())
}
