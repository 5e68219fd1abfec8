//! The line that opens a goroutine.
//!
//! ```text
//! goroutine 24 [chan receive, 5 minutes, locked to thread]:
//! goroutine 7 gp=0xc000102380 m=3 mp=0xc000100008 [running]:                     1.22 on, system level
//! goroutine 9 gp=0xc0001028c0 m=nil [select (no cases), 2 minutes]:
//! goroutine 27 [chan receive (leaked)]:                                          1.26 experiment, 1.27
//! goroutine 35 [sleep (durable), synctest bubble 8]:                             1.25 on
//! goroutine 24 [chan receive] {job: "re index", tenant: "a\"b", z: plain}:       1.27 on
//! goroutine 24 [chan receive labels:{"job": "re index", "tenant": "acme"}]:      1.26 with GODEBUG=tracebacklabels=1
//! ```
//!
//! Printed by `goroutineheader` in runtime/traceback.go, all versions. What follows is a body (`block.rs`) or, for a goroutine
//! that was just made, nothing.

use crate::model::{Address, GoroutineFlags, GoroutineId};
use nom::branch::alt;
use nom::bytes::complete::{escaped, is_not, tag, take_till, take_until, take_while1};
use nom::character::complete::{anychar, char, u64 as decimal};
use nom::combinator::{eof, map, map_opt, opt, recognize, value};
use nom::multi::separated_list0;
use nom::sequence::{delimited, preceded, separated_pair, terminated};
use nom::{IResult, Parser};

/// A header's parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::parse) struct Header<'t> {
    pub id: GoroutineId,
    /// `gp=… m=… mp=…`.
    pub thread: Option<Thread>,
    /// Wait reason or state without suffixes.
    pub state: &'t [u8],
    pub wait_minutes: Option<u32>,
    pub bubble: Option<u64>,
    pub labels: Option<&'t [u8]>,
    pub flags: GoroutineFlags,
}

/// `gp=0xc000102380 m=3 mp=0xc000100008`, or `m=nil` for a goroutine that does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::parse) struct Thread {
    pub gp: Address,
    pub m: Option<u64>,
    pub mp: Option<Address>,
}

/// What the square brackets say behind the reason.
#[derive(Clone, Copy)]
enum Suffix {
    Minutes(u32),
    Locked,
    Bubble(u64),
}

/// A whole header line, leading blanks taken off.
pub(in crate::parse) fn header(line: &[u8]) -> Option<Header<'_>> {
    let (rest, (id, thread)) = opening(line).ok()?;
    let (_, (status, labels)) = closed(rest).ok()?;
    Some(build(id, thread, status, labels))
}

/// The head of a header whose end is lost: the status is cut, or the colon is missing.
pub(in crate::parse) fn damaged_header(line: &[u8]) -> Option<Header<'_>> {
    let (rest, (id, thread)) = opening(line).ok()?;
    let (_, status) = take_till::<_, _, nom::error::Error<&[u8]>>(|byte| byte == b']')
        .parse(rest)
        .ok()?;
    let mut header = build(id, thread, status, None);
    header.flags.insert(GoroutineFlags::DAMAGED_HEADER);
    Some(header)
}

fn build<'t>(
    id: u64,
    thread: Option<Thread>,
    status: &'t [u8],
    labels: Option<&'t [u8]>,
) -> Header<'t> {
    let mut header = Header {
        id: GoroutineId(id),
        thread,
        state: status,
        wait_minutes: None,
        bubble: None,
        labels,
        flags: GoroutineFlags::default(),
    };
    read_status(status, &mut header);
    header
}

/// `goroutine 7 gp=0xc000102380 m=3 mp=0xc000100008 [`
fn opening(i: &[u8]) -> IResult<&[u8], (u64, Option<Thread>)> {
    let id = preceded(tag("goroutine "), decimal); // 7
    (id, terminated(opt(preceded(tag(" "), thread)), tag(" ["))).parse(i)
}

/// `gp=0xc000102380 m=3 mp=0xc000100008` or `gp=0xc000102380 m=nil`
fn thread(i: &[u8]) -> IResult<&[u8], Thread> {
    let gp = preceded(tag("gp="), address);
    let running = map(
        (
            preceded(tag(" m="), decimal),
            preceded(tag(" mp="), address),
        ),
        |(m, mp)| (Some(m), Some(mp)),
    );
    let parked = value((None, None), tag(" m=nil"));
    map((gp, alt((running, parked))), |(gp, (m, mp))| Thread {
        gp,
        m,
        mp,
    })
    .parse(i)
}

/// `0xc000102380`
pub(in crate::parse) fn address(i: &[u8]) -> IResult<&[u8], Address> {
    map(preceded(tag("0x"), hexadecimal), Address).parse(i)
}

/// Hexadecimal digits of at most 64 bits.
pub(in crate::parse) fn hexadecimal(i: &[u8]) -> IResult<&[u8], u64> {
    map_opt(
        take_while1(|byte: u8| byte.is_ascii_hexdigit()),
        |digits: &[u8]| {
            (digits.len() <= 16).then(|| {
                digits.iter().fold(0u64, |sum, &digit| {
                    sum << 4 | u64::from((digit as char).to_digit(16).unwrap_or_default())
                })
            })
        },
    )
    .parse(i)
}

/// What the brackets hold, and the labels in or behind them.
type StatusAndLabels<'t> = (&'t [u8], Option<&'t [u8]>);

/// `chan receive, 5 minutes]:`, `chan receive] {job: "re index"}:` or `chan receive labels:{"job": "re index"}]:`
fn closed(i: &[u8]) -> IResult<&[u8], StatusAndLabels<'_>> {
    let behind = (
        terminated(take_till(|byte| byte == b']'), tag("]")),
        opt(delimited(tag(" {"), labels, tag("}"))),
    );
    let inside = (
        take_until(" labels:{"),
        map(delimited(tag(" labels:{"), labels, tag("}]")), Some),
    );
    terminated(alt((inside, behind)), (char(':'), eof)).parse(i)
}

/// `job: "re index", tenant: "a\"b", z: plain/x_1.2`
fn labels(i: &[u8]) -> IResult<&[u8], &[u8]> {
    recognize(separated_list0(
        tag(", "),
        separated_pair(label_text, tag(": "), label_text),
    ))
    .parse(i)
}

/// A bare word, or a Go-quoted string where the runtime found anything outside `[A-Za-z0-9./_]`.
fn label_text(i: &[u8]) -> IResult<&[u8], &[u8]> {
    let inner = opt(escaped(is_not("\\\""), '\\', anychar));
    let quoted = recognize(delimited(char('"'), inner, char('"')));
    let bare = nom::bytes::complete::take_while(|byte: u8| {
        byte.is_ascii_alphanumeric() || b"./_".contains(&byte)
    });
    alt((quoted, bare)).parse(i)
}

/// Splits `chan receive (leaked), 5 minutes, locked to thread` into reason, marks and suffixes.
fn read_status<'t>(status: &'t [u8], header: &mut Header<'t>) {
    let mut parts = Parts(Some(status));
    let Some(mut reason) = parts.next() else {
        return;
    };
    for part in parts {
        match suffix(part) {
            Ok((_, Suffix::Minutes(minutes))) => header.wait_minutes = Some(minutes),
            Ok((_, Suffix::Locked)) => header.flags.insert(GoroutineFlags::LOCKED),
            Ok((_, Suffix::Bubble(number))) => header.bubble = Some(number),
            Err(_) => header.flags.insert(GoroutineFlags::DAMAGED_HEADER),
        }
    }
    for (mark, flag) in MARKS {
        while let Some(shorter) = reason.strip_suffix(*mark) {
            header.flags.insert(*flag);
            reason = shorter;
        }
    }
    if reason.ends_with(b" (durable)") || reason.ends_with(b" (synctest)") {
        header.flags.insert(GoroutineFlags::DURABLE);
    }
    header.state = reason;
}

/// Marks behind a reason, in the reverse of the order in which they are printed.
const MARKS: &[(&[u8], GoroutineFlags)] = &[
    (b" (scan)", GoroutineFlags::SCAN),
    (b" (leaked)", GoroutineFlags::LEAKED),
];

/// `5 minutes`, `locked to thread`, `synctest bubble 8`
fn suffix(i: &[u8]) -> IResult<&[u8], Suffix> {
    let minutes = map_opt(terminated(decimal, tag(" minutes")), |n| {
        u32::try_from(n).ok().map(Suffix::Minutes)
    });
    let locked = value(Suffix::Locked, tag("locked to thread"));
    let bubble = map(
        preceded(
            alt((tag("synctest bubble "), tag("synctest group "))),
            decimal,
        ),
        Suffix::Bubble,
    );
    terminated(alt((minutes, locked, bubble)), eof).parse(i)
}

/// The pieces of a status between `, `.
struct Parts<'t>(Option<&'t [u8]>);

impl<'t> Iterator for Parts<'t> {
    type Item = &'t [u8];

    fn next(&mut self) -> Option<&'t [u8]> {
        let rest = self.0?;
        let cut = memchr::memchr(b',', rest).filter(|&at| rest.get(at + 1) == Some(&b' '));
        let (part, next) = match cut {
            Some(at) => (rest.get(..at)?, rest.get(at + 2..)),
            None => (rest, None),
        };
        self.0 = next;
        Some(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(line: &str) -> String {
        String::from_utf8_lossy(header(line.as_bytes()).unwrap().state).into_owned()
    }

    #[test]
    fn go1_19_wait_time_and_thread_lock() {
        let header = header(b"goroutine 24 [chan receive, 5 minutes, locked to thread]:").unwrap();
        assert_eq!(
            (header.id, header.state),
            (GoroutineId(24), &b"chan receive"[..])
        );
        assert_eq!(header.wait_minutes, Some(5));
        assert!(header.flags.has(GoroutineFlags::LOCKED));
    }

    #[test]
    fn go1_22_system_level() {
        let running =
            header(b"goroutine 7 gp=0xc000102380 m=3 mp=0xc000100008 [running]:").unwrap();
        let thread = Thread {
            gp: Address(0xc000102380),
            m: Some(3),
            mp: Some(Address(0xc000100008)),
        };
        assert_eq!(running.thread, Some(thread));
        let parked =
            header(b"goroutine 9 gp=0xc0001028c0 m=nil [select (no cases), 2 minutes]:").unwrap();
        assert_eq!(parked.thread.unwrap().m, None);
        assert_eq!(parked.state, b"select (no cases)");
    }

    #[test]
    fn go1_27_labels_may_hold_what_looks_like_an_end() {
        let line = br#"goroutine 24 [chan receive] {job: "re ]: index", tenant: "a\"b}:", z: plain/x_1.2}:"#;
        let header = header(line).unwrap();
        assert_eq!(
            header.labels,
            Some(&br#"job: "re ]: index", tenant: "a\"b}:", z: plain/x_1.2"#[..])
        );
        assert_eq!(header.state, b"chan receive");
    }

    #[test]
    fn go1_26_labels_stand_inside_the_brackets() {
        let line = br#"goroutine 9 gp=0x2cd79fe941e0 m=0 mp=0x5aa340 [running labels:{"job": "a]: b", "tenant": "x_1.2"}]:"#;
        let header = header(line).unwrap();
        assert_eq!(header.state, b"running");
        assert_eq!(
            header.labels,
            Some(&br#""job": "a]: b", "tenant": "x_1.2""#[..])
        );
    }

    #[test]
    fn empty_labels_are_printed_bare() {
        assert_eq!(
            header(b"goroutine 4 [running] {: , b: }:").unwrap().labels,
            Some(&b": , b: "[..])
        );
        assert_eq!(
            header(br#"goroutine 4 [running] {a: ""}:"#).unwrap().labels,
            Some(&br#"a: """#[..])
        );
    }

    #[test]
    fn marks_leave_the_reason() {
        assert_eq!(
            state("goroutine 27 [chan receive (leaked)]:"),
            "chan receive"
        );
        assert_eq!(
            state("goroutine 35 [sleep (durable), synctest bubble 8]:"),
            "sleep (durable)"
        );
        assert_eq!(state("goroutine 3 [GC worker (idle)]:"), "GC worker (idle)");
        assert_eq!(
            state("goroutine 3 [chan receive (nil chan)]:"),
            "chan receive (nil chan)"
        );
        let leaked = header(b"goroutine 27 [chan receive (leaked) (scan)]:").unwrap();
        assert!(leaked.flags.has(GoroutineFlags::LEAKED) && leaked.flags.has(GoroutineFlags::SCAN));
    }

    #[test]
    fn what_only_resembles_a_header_is_refused() {
        for line in [
            "goroutine 5 running",
            "goroutine x [running]:",
            "goroutine 5 [running]",
            "goroutine 5 [running]: and",
        ] {
            assert_eq!(header(line.as_bytes()), None, "{line}");
        }
        assert!(
            damaged_header(b"goroutine 5 [chan rec")
                .unwrap()
                .flags
                .has(GoroutineFlags::DAMAGED_HEADER)
        );
    }
}
