//! Signals: the note under a panic, and the head of a dump that a signal began.
//!
//! ```text
//! [signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x4ab031]
//! [signal 0xc0000005 code=0x0 addr=0x0 pc=0x4ab031]                           Windows
//!
//! SIGQUIT: quit
//! PC=0x46d2a3 m=0 sigcode=0                                                  ` addr=0x33b` since 1.22 (SEGV, BUS)
//! signal arrived during cgo execution
//! instruction bytes: 0x48 0x3d 0x1 0xf0
//! ```
//!
//! Printed by `printpanics`/`preprintpanics` callers in runtime/panic.go and by `sighandler` in runtime/signal_unix.go. A blank line
//! and the interrupted goroutine follow a dump's head.

use super::header::{address, hexadecimal};
use crate::model::{SignalDump, SignalNote, TextLine};
use crate::parse::lines::Cursor;
use nom::Parser;
use nom::bytes::complete::{tag, take_until1};
use nom::character::complete::u64 as decimal;
use nom::combinator::{all_consuming, opt};
use nom::error::Error;
use nom::sequence::{delimited, preceded};

/// `[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x4ab031]`
pub(in crate::parse) fn signal_note(line: &[u8], number: TextLine) -> Option<SignalNote<'_>> {
    let name = take_until1::<_, _, Error<&[u8]>>(" code=0x"); // SIGSEGV: segmentation violation
    let code = preceded(tag(" code=0x"), hexadecimal);
    let (addr, pc) = (
        preceded(tag(" addr="), address),
        preceded(tag(" pc="), address),
    );
    let mut note = all_consuming(delimited(tag("[signal "), (name, code, addr, pc), tag("]")));
    let (_, (name, code, addr, pc)) = note.parse(line).ok()?;
    Some(SignalNote {
        name,
        code,
        addr,
        pc,
        line: number,
    })
}

/// The head of a signal's dump. The `PC=` line has to be there: names of signals are common in logs.
pub(in crate::parse) fn signal_dump<'t>(cursor: &mut Cursor<'t>) -> Option<SignalDump<'t>> {
    let mut ahead = *cursor;
    let line = ahead.take()?;
    let name = line.trimmed();
    if !is_signal_name(name) {
        return None;
    }
    let pc_line = ahead.take()?;
    let (pc, m, sigcode, addr) = program_counter(pc_line.trimmed())?;
    let mut dump = SignalDump {
        name,
        pc: Some(pc),
        m,
        sigcode,
        addr,
        in_cgo: false,
        line: line.number,
    };
    while let Some(next) = ahead.peek() {
        let text = next.trimmed();
        if text == b"signal arrived during cgo execution"
            || text == b"signal arrived during external code execution"
        {
            dump.in_cgo = true;
        } else if !text.starts_with(b"instruction bytes:") {
            break;
        }
        ahead.pass(&next);
    }
    *cursor = ahead;
    Some(dump)
}

type ProgramCounter = (
    crate::model::Address,
    Option<u64>,
    Option<u64>,
    Option<crate::model::Address>,
);

/// `PC=0x46d2a3 m=0 sigcode=0 addr=0x33b`; Windows prints `PC=` alone.
fn program_counter(line: &[u8]) -> Option<ProgramCounter> {
    let pc = preceded(tag::<_, _, Error<&[u8]>>("PC="), address);
    let m = opt(preceded(tag(" m="), decimal));
    let sigcode = opt(preceded(tag(" sigcode="), decimal)); // printed unsigned: -6 is 18446744073709551610
    let addr = opt(preceded(tag(" addr="), address));
    all_consuming((pc, m, sigcode, addr))
        .parse(line)
        .ok()
        .map(|(_, parts)| parts)
}

/// `SIGQUIT: quit`, `Signal 40`, `Exception 0xc0000005 0x0 0x0 0x7ff…`
fn is_signal_name(name: &[u8]) -> bool {
    let posix = name
        .strip_prefix(b"SIG")
        .and_then(|rest| memchr::memmem::find(rest, b": ").and_then(|at| rest.get(..at)));
    posix.is_some_and(|word| {
        !word.is_empty()
            && word
                .iter()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    }) || name
        .strip_prefix(b"Signal ")
        .is_some_and(|rest| !rest.is_empty() && rest.iter().all(u8::is_ascii_digit))
        || name.starts_with(b"Exception 0x")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Address;

    #[test]
    fn go1_23_note_of_a_nil_dereference() {
        let note = signal_note(
            b"[signal SIGSEGV: segmentation violation code=0x1 addr=0x18 pc=0x4ab031]",
            TextLine(1),
        )
        .unwrap();
        assert_eq!(
            (note.name, note.code, note.addr),
            (&b"SIGSEGV: segmentation violation"[..], 1, Address(0x18))
        );
        assert!(
            signal_note(
                b"[signal 0xc0000005 code=0x0 addr=0x0 pc=0x4ab031]",
                TextLine(1)
            )
            .is_some()
        );
        assert_eq!(
            signal_note(b"[signal handler installed]", TextLine(1)),
            None
        );
    }

    #[test]
    fn a_dump_needs_its_program_counter() {
        let text = b"SIGABRT: abort\nPC=0x7f96e0c2a9fc m=0 sigcode=18446744073709551610\nsignal arrived during cgo execution\n\nrest";
        let mut cursor = Cursor::new(text, 0, text.len(), 0);
        let dump = signal_dump(&mut cursor).unwrap();
        assert_eq!(
            (dump.name, dump.sigcode, dump.in_cgo),
            (&b"SIGABRT: abort"[..], Some(u64::MAX - 5), true)
        );
        assert!(cursor.peek().unwrap().is_blank());
        let log = b"SIGTERM: shutting down\nbye";
        assert_eq!(signal_dump(&mut Cursor::new(log, 0, log.len(), 0)), None);
    }
}
