//! Many changes of state at once, still in the bytes of the trace: what a reader has checked, whoever adds up may spell out.
//!
//! ```text
//! 10 a5 08 2f 87 07    GoStart: dt, goroutine, its count
//! 15 04 01 f5 07 16    GoUnblock: dt, goroutine, its count, stack
//! 14 04 0c 17          GoBlock: dt, reason, stack
//! ```
//!
//! Go 1.22 to 1.27 write so. Nearly all of a trace consists of these three, and a value for each would cost more to hand from one
//! thread to another than to read it again. Read [`Passages`] first, then [`Passages::each`].

use super::{ABSENT, Context, Event, EventKind, GoState, GoTransition, NO_SLOT, StackRef, Tables};

/// How long a tick is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tick {
    /// A whole number of ns: 64 everywhere but on Windows.
    Whole(u64),
    /// Anything else. Go's reader multiplies as floating point and cuts off; so must who wants to agree with it.
    Odd(f64),
}

impl Tick {
    /// `ticks` in ns.
    #[inline(always)]
    pub fn ns(self, ticks: u64) -> i64 {
        match self {
            Tick::Whole(ns) => ticks.wrapping_mul(ns) as i64,
            Tick::Odd(ns) => (ticks as f64 * ns) as i64,
        }
    }
}

/// The numbers of strings that may be reasons in [`Passages`] are below this. Every generation registers its reasons first.
pub const REASON_PLACES: usize = 24;

/// The first bytes of the three events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Firsts {
    /// A goroutine starts to run.
    pub start: u8,
    /// The running one blocks.
    pub block: u8,
    /// One that waits can run again.
    pub wake: u8,
}

/// One of the three events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passing {
    /// A goroutine starts to run.
    Start {
        /// Its number.
        id: u64,
    },
    /// The running one blocks.
    Block {
        /// Number of the string that tells why, below [`REASON_PLACES`].
        reason: u64,
        /// Number of its stack.
        stack: u64,
    },
    /// One that waits can run again.
    Wake {
        /// Its number.
        id: u64,
        /// Number of the stack of who wakes it.
        stack: u64,
    },
}

/// Events of one thread, one after the other, with none of another thread between them.
#[derive(Clone, Copy, Debug)]
pub struct Passages<'b> {
    /// Begins with their bytes, and does not end before eight bytes after the beginning of the last event.
    pub bytes: &'b [u8],
    /// How many bytes they have.
    pub length: usize,
    /// Where in the file they begin.
    pub offset: usize,
    /// How many events.
    pub events: u64,
    /// Time to which the first one adds its own, in ns.
    pub before: i64,
    /// Time of the last one. None is earlier than the one before it, the first not earlier than `before`.
    pub until: i64,
    /// How their times are written.
    pub tick: Tick,
    /// How they begin.
    pub firsts: Firsts,
    /// Who is at work before the first one.
    pub context: Context,
}

impl Passages<'_> {
    /// Hands them to `take` one after the other, each with its time. Returns the time of the last.
    #[inline(always)]
    pub fn each(&self, mut take: impl FnMut(i64, Passing)) -> i64 {
        let Passages { tick, firsts, .. } = *self;
        let (mut at, mut done) = (self.before, 0);
        while done < self.length
            && let Some(mut window) = self.bytes.get(done..).and_then(Window::of)
        {
            let first = window.byte();
            at = at.wrapping_add(tick.ns(window.number()));
            let passing = if first == firsts.block {
                let (reason, stack) = (window.number(), window.number());
                Passing::Block { reason, stack }
            } else {
                let id = window.number();
                window.number();
                match first == firsts.start {
                    true => Passing::Start { id },
                    false => Passing::Wake {
                        id,
                        stack: window.number(),
                    },
                }
            };
            done += window.used();
            take(at, passing);
        }
        at
    }
}

impl Passages<'_> {
    /// The same as events, each with its transition. `slot` knows the slots of the goroutines.
    pub fn events(
        &self,
        slot: &mut dyn FnMut(u64) -> u32,
        tables: &Tables<'_>,
        mut take: impl FnMut(Event, GoTransition),
    ) {
        let mut context = self.context;
        self.each(|at, passing| {
            let (stack, change) = match passing {
                Passing::Start { id } => (
                    StackRef::NONE,
                    GoTransition::plain(id, slot(id), GoState::Runnable, GoState::Running),
                ),
                Passing::Wake { id, stack } => (
                    tables.stack(stack),
                    GoTransition::plain(id, slot(id), GoState::Waiting, GoState::Runnable),
                ),
                Passing::Block { reason, stack } => {
                    let stack = tables.stack(stack);
                    let change = GoTransition {
                        reason: tables.known_word(reason),
                        stack,
                        ..GoTransition::plain(
                            context.goroutine,
                            context.slot,
                            GoState::Running,
                            GoState::Waiting,
                        )
                    };
                    (stack, change)
                }
            };
            let event = Event {
                at,
                context,
                stack,
                kind: EventKind::Goroutine(change),
            };
            take(event, change);
            (context.goroutine, context.slot) = match passing {
                Passing::Start { id } => (id, change.slot),
                Passing::Block { .. } => (ABSENT, NO_SLOT),
                Passing::Wake { .. } => return,
            };
        });
    }
}

/// Eight bytes in a register, for short LEB128 numbers one after the other. What it gives holds only if [`Window::is_whole`] says so
/// afterwards.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    bits: u64,
    used: u32,
}

impl Window {
    /// The first eight bytes.
    #[inline(always)]
    pub fn of(bytes: &[u8]) -> Option<Window> {
        let next = bytes.first_chunk()?;
        Some(Window {
            bits: u64::from_le_bytes(*next),
            used: 0,
        })
    }

    /// The bytes that are not taken, the first one lowest.
    #[inline(always)]
    pub fn bits(&self) -> u64 {
        self.bits
    }

    /// True where so many numbers end in these eight bytes, of which none is taken.
    #[inline(always)]
    pub fn has_ends<const COUNT: u32>(&self) -> bool {
        let mut ends = !self.bits & 0x8080_8080_8080_8080;
        for _ in 1..COUNT {
            ends &= ends.wrapping_sub(1);
        }
        ends != 0
    }

    /// How many bytes were taken.
    #[inline(always)]
    pub fn used(&self) -> usize {
        self.used as usize
    }

    /// True where no more was taken than was there.
    #[inline(always)]
    pub fn is_whole(&self) -> bool {
        self.used <= 8
    }

    /// A byte.
    #[inline(always)]
    pub fn byte(&mut self) -> u8 {
        let byte = self.bits as u8;
        self.bits >>= 8;
        self.used += 1;
        byte
    }

    /// A number of up to three bytes.
    #[inline(always)]
    pub fn number(&mut self) -> u64 {
        let bits = self.bits;
        let low = bits & 0x7f;
        if bits & 0x80 == 0 {
            self.bits = bits >> 8;
            self.used += 1;
            return low;
        }
        let low = low | bits >> 1 & 0x3f80;
        if bits & 0x8000 == 0 {
            self.bits = bits >> 16;
            self.used += 2;
            return low;
        }
        self.bits = bits >> 24;
        self.used += match bits & 0x80_0000 {
            0 => 3,
            _ => 16,
        };
        low | bits >> 2 & 0x1f_c000
    }
}
