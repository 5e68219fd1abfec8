//! Amounts and states of profiles in words.

use crate::goruntime::waits::WaitKind;
use crate::triage::values::grouped;

/// `14.7 MiB`.
pub(super) fn bytes(value: i64) -> String {
    const UNITS: [&str; 5] = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let (mut value, mut unit) = (value as f64, 0);
    while value.abs() >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let word = UNITS.get(unit).copied().unwrap_or_default();
    if unit == 0 {
        format!("{value} {word}")
    } else {
        format!("{value:.1} {word}")
    }
}

/// `1.2 s`.
pub(super) fn duration(nanoseconds: i64) -> String {
    match nanoseconds as f64 {
        ns if ns.abs() >= 1e9 => format!("{:.1} s", ns / 1e9),
        ns if ns.abs() >= 1e6 => format!("{:.1} ms", ns / 1e6),
        ns if ns.abs() >= 1e3 => format!("{:.1} µs", ns / 1e3),
        ns => format!("{ns} ns"),
    }
}

/// A number in its unit: `1.2 MiB`, `34.0 ms`, `1,204`.
pub(in crate::triage) fn quantity(unit: &str, value: i64) -> String {
    match unit {
        "bytes" => bytes(value),
        "nanoseconds" => duration(value),
        _ => {
            let sign = if value < 0 { "-" } else { "" };
            format!("{sign}{}", grouped(value.unsigned_abs()))
        }
    }
}

/// The states that headers of goroutines print, as words.
pub(in crate::triage) fn wait_word(kind: WaitKind) -> &'static str {
    match kind {
        WaitKind::Running => "running",
        WaitKind::Runnable => "runnable",
        WaitKind::Syscall => "syscall",
        WaitKind::ChanReceive => "chan receive",
        WaitKind::ChanSend => "chan send",
        WaitKind::ChanNil => "a nil channel",
        WaitKind::Select => "select",
        WaitKind::SelectEmpty => "select (no cases)",
        WaitKind::Mutex => "sync.Mutex.Lock",
        WaitKind::RwMutexWrite => "sync.RWMutex.Lock",
        WaitKind::RwMutexRead => "sync.RWMutex.RLock",
        WaitKind::Semaphore => "semacquire",
        WaitKind::WaitGroup => "sync.WaitGroup.Wait",
        WaitKind::Cond => "sync.Cond.Wait",
        WaitKind::Sleep => "sleep",
        WaitKind::Io => "IO wait",
        WaitKind::Coroutine => "coroutine",
        WaitKind::Synctest => "synctest",
        WaitKind::System => "the runtime's own work",
        WaitKind::Gone => "dead",
    }
}
