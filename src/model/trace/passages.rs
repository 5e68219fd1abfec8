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
    /// True where the longest time of a [`Passing`] has less than 2^48 ns.
    pub fn is_short(self) -> bool {
        const LONGEST: u32 = 1 << 20;
        match self {
            Tick::Whole(ns) => ns < u64::from(LONGEST),
            Tick::Odd(ns) => ns < f64::from(LONGEST),
        }
    }

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

/// The first byte of `GoStart`, in all headers from `go 1.22` to `go 1.26`.
pub const START: u8 = 16;

/// That of `GoBlock`.
pub const BLOCK: u8 = 20;

/// That of `GoUnblock`.
pub const WAKE: u8 = 21;

/// One of the three events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passing {
    /// A goroutine starts to run.
    Start {
        /// Its number.
        id: u64,
        /// Which one this is of its changes that are counted.
        count: u64,
    },
    /// The running one blocks.
    Block {
        /// Number of the string that tells why.
        reason: u64,
        /// Number of its stack.
        stack: u64,
    },
    /// One that waits can run again.
    Wake {
        /// Its number.
        id: u64,
        /// Which one this is of its changes that are counted.
        count: u64,
        /// Number of the stack of who wakes it.
        stack: u64,
    },
}

/// Bytes that [`Passing::read`] looks at. An event has no more.
pub const REACH: usize = 16;

impl Passing {
    /// Reads an event: its time since the one before, in ticks, what it is, and how many bytes it has. `None` where it is none of the
    /// three, or where its numbers are long, as hardly ever: beyond 28 bits, or more than eight bytes up to the second one or behind it.
    #[inline(always)]
    pub fn read(bytes: &[u8; REACH]) -> Option<(u64, Passing, usize)> {
        let mut window = Window::of(bytes)?;
        let first = window.byte();
        let (ticks, number) = (window.number(), window.number());
        let used = window.used();
        if used > REACH - 8 {
            return None;
        }
        let mut window = Window::of(&bytes[used..])?;
        let passing = match first {
            START => Passing::Start {
                id: number,
                count: window.number(),
            },
            BLOCK => Passing::Block {
                reason: number,
                stack: window.number(),
            },
            WAKE => Passing::Wake {
                id: number,
                count: window.number(),
                stack: window.number(),
            },
            _ => return None,
        };
        let whole = window.is_whole();
        whole.then_some((ticks, passing, used + window.used()))
    }
}

/// Events of one thread, one after the other, with none of another thread between them.
#[derive(Clone, Copy, Debug)]
pub struct Passages<'b> {
    /// Begins with their bytes, and does not end before [`REACH`] bytes after the beginning of the last event.
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
    /// Who is at work before the first one.
    pub context: Context,
}

impl Passages<'_> {
    /// They, one after the other, each with its time since the one before, in ticks.
    #[inline(always)]
    pub fn each(&self) -> Each<'_> {
        // So much that what begins behind the last event is too short.
        let end = self.bytes.len().min(self.length + REACH - 1);
        Each {
            rest: self.bytes.get(..end).unwrap_or_default(),
        }
    }
}

/// Goes over [`Passages`].
#[derive(Clone, Debug)]
pub struct Each<'b> {
    rest: &'b [u8],
}

impl Iterator for Each<'_> {
    type Item = (u64, Passing);

    #[inline(always)]
    fn next(&mut self) -> Option<(u64, Passing)> {
        let (ticks, passing, length) = Passing::read(self.rest.first_chunk()?)?;
        self.rest = self.rest.get(length..)?;
        Some((ticks, passing))
    }
}

impl Passages<'_> {
    /// They as events, each with its transition. `slot` knows the slots of the goroutines.
    pub fn events(
        &self,
        slot: &mut dyn FnMut(u64) -> u32,
        tables: &Tables<'_>,
        mut take: impl FnMut(Event, GoTransition),
    ) {
        let (mut at, mut context) = (self.before, self.context);
        for (ticks, passing) in self.each() {
            at = at.wrapping_add(self.tick.ns(ticks));
            let (stack, change) = match passing {
                Passing::Start { id, .. } => (
                    StackRef::NONE,
                    GoTransition::plain(id, slot(id), GoState::Runnable, GoState::Running),
                ),
                Passing::Wake { id, stack, .. } => (
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
                Passing::Start { id, .. } => (id, change.slot),
                Passing::Block { .. } => (ABSENT, NO_SLOT),
                Passing::Wake { .. } => continue,
            };
        }
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

    /// A number of up to four bytes.
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
        let low = low | bits >> 2 & 0x1f_c000;
        if bits & 0x80_0000 == 0 {
            self.bits = bits >> 24;
            self.used += 3;
            return low;
        }
        self.bits = bits >> 32;
        self.used += match bits & 0x8000_0000 {
            0 => 4,
            _ => 16,
        };
        low | bits >> 3 & 0xfe0_0000
    }
}
