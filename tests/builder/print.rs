//! From a [`Dump`] to text, with the punctuation of runtime/traceback.go, runtime/panic.go and runtime/signal_unix.go.

use super::{Ancestor, Arg, Cause, Creation, Dump, Frame, Goroutine, Mark, Place};
use std::fmt::Write;

/// Where a release prints the labels of a goroutine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Labels {
    /// Go 1.26: `[chan receive labels:{"job": "re index"}]:`.
    Inside,
    /// Go 1.27: `[chan receive] {job: "re index"}:`.
    Behind,
}

/// The whole text.
pub fn dump(dump: &Dump, labels: Labels) -> String {
    let mut out = String::new();
    cause(&mut out, &dump.cause);
    for (index, goroutine) in dump.goroutines.iter().enumerate() {
        // One empty line stands before every goroutine; the first of a capture opens its text.
        if index > 0 || !out.is_empty() {
            out.push('\n');
        }
        self::goroutine(&mut out, goroutine, labels);
    }
    if !dump.registers.is_empty() {
        out.push('\n');
    }
    for (name, value) in &dump.registers {
        line(&mut out, format_args!("{name:<7}{value:#x}"));
    }
    out
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").unwrap();
}

fn cause(out: &mut String, cause: &Cause) {
    for context in &cause.context {
        line(out, format_args!("{context}"));
    }
    for (index, panic) in cause.panics.iter().enumerate() {
        let indent = if index == 0 { "" } else { "\t" };
        let mark = match panic.mark {
            Mark::None => "",
            Mark::Recovered => " [recovered]",
            Mark::Repanicked => " [recovered, repanicked]",
        };
        line(out, format_args!("{indent}panic: {}{mark}", panic.value));
    }
    if let Some((text, times)) = &cause.fatal {
        let indent = if cause.panics.is_empty() { "" } else { "\t" };
        for _ in 0..*times {
            line(out, format_args!("{indent}fatal error: {text}"));
        }
    }
    if let Some(note) = &cause.note {
        let super::Note {
            name,
            code,
            addr,
            pc,
        } = note;
        line(
            out,
            format_args!("[signal {name} code={code:#x} addr={addr:#x} pc={pc:#x}]"),
        );
    }
    if let Some(signal) = &cause.signal {
        line(out, format_args!("{}", signal.name));
        let super::Signal { pc, m, sigcode, .. } = signal;
        let addr = signal
            .addr
            .map_or(String::new(), |addr| format!(" addr={addr:#x}"));
        line(
            out,
            format_args!("PC={pc:#x} m={m} sigcode={sigcode}{addr}"),
        );
        if signal.in_cgo {
            line(out, format_args!("signal arrived during cgo execution"));
        }
    }
}

fn goroutine(out: &mut String, goroutine: &Goroutine, labels: Labels) {
    header(out, goroutine, labels);
    match &goroutine.frames {
        Some(frames) => frames.iter().for_each(|frame| self::frame(out, frame)),
        None => line(
            out,
            format_args!("\tgoroutine running on other thread; stack unavailable"),
        ),
    }
    if let Some(created) = &goroutine.created {
        creation(out, created);
    }
    for ancestor in &goroutine.ancestors {
        self::ancestor(out, ancestor);
    }
}

fn header(out: &mut String, goroutine: &Goroutine, labels: Labels) {
    write!(out, "goroutine {}", goroutine.id).unwrap();
    match goroutine.thread {
        Some((gp, Some((m, mp)))) => write!(out, " gp={gp:#x} m={m} mp={mp:#x}").unwrap(),
        Some((gp, None)) => write!(out, " gp={gp:#x} m=nil").unwrap(),
        None => {}
    }
    write!(out, " [{}", goroutine.state).unwrap();
    if goroutine.leaked {
        out.push_str(" (leaked)");
    }
    if goroutine.scan {
        out.push_str(" (scan)");
    }
    if let Some(minutes) = goroutine.minutes {
        write!(out, ", {minutes} minutes").unwrap();
    }
    if goroutine.locked {
        out.push_str(", locked to thread");
    }
    if let Some(bubble) = goroutine.bubble {
        write!(out, ", synctest bubble {bubble}").unwrap();
    }
    match (&goroutine.labels, labels) {
        (None, _) => out.push(']'),
        (Some(pairs), Labels::Inside) => write!(out, " labels:{{{pairs}}}]").unwrap(),
        (Some(pairs), Labels::Behind) => write!(out, "] {{{pairs}}}").unwrap(),
    }
    out.push_str(":\n");
}

fn frame(out: &mut String, frame: &Frame) {
    match frame {
        Frame::Call {
            func,
            args,
            place,
            registers,
        } => {
            line(out, format_args!("{func}({})", self::args(args)));
            let registers = registers.map_or(String::new(), |(fp, sp, pc)| {
                format!(" fp={fp:#x} sp={sp:#x} pc={pc:#x}")
            });
            line(out, format_args!("\t{}{registers}", self::place(place)));
        }
        Frame::Inlined { func, place } => {
            line(out, format_args!("{func}(...)"));
            line(out, format_args!("\t{}", self::place(place)));
        }
        Frame::Elided(0) => line(out, format_args!("...additional frames elided...")),
        Frame::Elided(count) => line(out, format_args!("...{count} frames elided...")),
        Frame::Foreign { pc } => line(out, format_args!("non-Go function at pc={pc:#x}")),
    }
}

fn args(args: &[Arg]) -> String {
    let words: Vec<String> = args.iter().map(arg).collect();
    words.join(", ")
}

fn arg(arg: &Arg) -> String {
    match arg {
        Arg::Word(value, false) => format!("{value:#x}"),
        Arg::Word(value, true) => format!("{value:#x}?"),
        Arg::Group(inner) => format!("{{{}}}", args(inner)),
        Arg::More => "...".to_owned(),
        Arg::Unprinted => "_".to_owned(),
    }
}

fn place(place: &Place) -> String {
    let offset = place
        .offset
        .map_or(String::new(), |offset| format!(" +{offset:#x}"));
    format!("{}:{}{offset}", place.file, place.line)
}

fn creation(out: &mut String, creation: &Creation) {
    let parent = creation
        .parent
        .map_or(String::new(), |id| format!(" in goroutine {id}"));
    line(out, format_args!("created by {}{parent}", creation.func));
    line(out, format_args!("\t{}", place(&creation.place)));
}

fn ancestor(out: &mut String, ancestor: &Ancestor) {
    line(
        out,
        format_args!("[originating from goroutine {}]:", ancestor.id),
    );
    for (func, at) in &ancestor.frames {
        line(out, format_args!("{func}(...)"));
        line(out, format_args!("\t{}", place(at)));
    }
    if let Some(created) = &ancestor.created {
        creation(out, created);
    }
}
