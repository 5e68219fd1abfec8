//! Wrappers that put something before every line.

use super::{Sheet, Stamp, Wrapped, lines, never, prefixed, without_blanks};

pub fn kubectl_timestamps(dump: &[u8]) -> Wrapped {
    prefixed(dump, Stamp::nanos, |_, stamp| format!("{} ", stamp.iso()))
}

/// Fractions as Go prints them, and no blank at the end of empty lines.
pub fn docker_timestamps(dump: &[u8]) -> Wrapped {
    let mut sheet = Sheet::default();
    for (index, line) in lines(dump).into_iter().enumerate() {
        let stamp = Stamp::of(index);
        let text = [stamp.iso_trimmed().as_bytes(), b" ", line].concat();
        sheet.line(
            stamp.nanos(),
            if line.is_empty() {
                text.trim_ascii_end()
            } else {
                &text
            },
        );
    }
    sheet.done()
}

pub fn kubectl_prefix(dump: &[u8]) -> Wrapped {
    prefixed(dump, never, |_, _| {
        "[pod/web-7d4b9c6f5-x2x9q/app] ".to_owned()
    })
}

pub fn kubectl_prefix_timestamps(dump: &[u8]) -> Wrapped {
    prefixed(dump, Stamp::nanos, |_, stamp| {
        format!("[pod/web-7d4b9c6f5-x2x9q/app] {} ", stamp.iso())
    })
}

pub fn stern(dump: &[u8]) -> Wrapped {
    let mut sheet = Sheet::default();
    sheet.aside("+ web-7d4b9c6f5-x2x9q › app");
    for line in lines(dump) {
        sheet.line(None, [b"web-7d4b9c6f5-x2x9q app ", line].concat());
    }
    sheet.aside("- web-7d4b9c6f5-x2x9q › app");
    sheet.done()
}

pub fn cri(dump: &[u8]) -> Wrapped {
    prefixed(dump, Stamp::nanos, |_, stamp| {
        format!("{} stderr F ", stamp.iso())
    })
}

/// Lines longer than 40 bytes come in parts.
pub fn cri_partial(dump: &[u8]) -> Wrapped {
    let mut sheet = Sheet::default();
    for (index, line) in lines(dump).into_iter().enumerate() {
        let stamp = Stamp::of(index);
        sheet.begins(stamp.nanos());
        let mut parts = line.chunks(40).peekable();
        if line.is_empty() {
            sheet.aside(format!("{} stderr F ", stamp.iso()));
        }
        while let Some(part) = parts.next() {
            let tag = if parts.peek().is_some() { "P" } else { "F" };
            sheet.aside([format!("{} stderr {tag} ", stamp.iso()).as_bytes(), part].concat());
        }
    }
    sheet.done()
}

/// Between the parts of a line stand whole lines of stdout.
pub fn cri_two_streams(dump: &[u8]) -> Wrapped {
    let mut sheet = Sheet::default();
    for (index, line) in lines(dump).into_iter().enumerate() {
        let iso = Stamp::of(index).iso();
        sheet.begins(Stamp::of(index).nanos());
        match line.split_at_checked(30) {
            Some((head, tail)) if index % 5 == 0 => {
                sheet.aside([format!("{iso} stderr P ").as_bytes(), head].concat());
                sheet.aside(format!("{iso} stdout P GET /health"));
                sheet.aside(format!("{iso} stdout F  200 in 3 ms"));
                sheet.aside([format!("{iso} stderr F ").as_bytes(), tail].concat());
            }
            _ => sheet.aside([format!("{iso} stderr F ").as_bytes(), line].concat()),
        }
    }
    sheet.done()
}

pub fn compose(dump: &[u8]) -> Wrapped {
    let mut sheet = Sheet::default();
    sheet.aside("Attaching to db-1, web-1");
    for line in lines(dump) {
        sheet.line(None, [b"web-1  | ", line].concat());
    }
    sheet.aside("web-1 exited with code 2");
    sheet.done()
}

pub fn compose_v1(dump: &[u8]) -> Wrapped {
    let mut sheet = Sheet::default();
    sheet.aside("Attaching to shop_web_1");
    for line in lines(dump) {
        sheet.line(None, [b"web_1  | ", line].concat());
    }
    sheet.aside("shop_web_1 exited with code 2");
    sheet.done()
}

pub fn compose_colour(dump: &[u8]) -> Wrapped {
    prefixed(dump, never, |_, _| "\x1b[36mweb-1  | \x1b[0m".to_owned())
}

/// Another service logs between the lines.
pub fn compose_neighbour(dump: &[u8]) -> Wrapped {
    let mut sheet = Sheet::default();
    sheet.aside("db-1   | database system is ready to accept connections");
    for (index, line) in lines(dump).into_iter().enumerate() {
        sheet.line(None, [b"web-1  | ", line].concat());
        if index % 3 == 1 {
            sheet.aside(format!("db-1   | LOG: checkpoint {index} starting: time"));
        }
    }
    sheet.done()
}

pub fn swarm(dump: &[u8]) -> Wrapped {
    prefixed(dump, never, |_, _| {
        "shop_web.1.k3j2h1g0f9e8@node-3    | ".to_owned()
    })
}

/// Blank lines never reach the journal.
fn journal(dump: &[u8], time: fn(Stamp) -> Option<i64>, before: fn(Stamp) -> String) -> Wrapped {
    prefixed(&without_blanks(dump), time, |_, stamp| before(stamp))
}

pub fn journald(dump: &[u8]) -> Wrapped {
    journal(dump, never, |stamp| {
        format!("Jan 02 {} node-3 web[812]: ", stamp.clock())
    })
}

pub fn journald_precise(dump: &[u8]) -> Wrapped {
    journal(dump, never, |stamp| {
        format!("Jan 02 {} node-3 web[812]: ", stamp.clock_to(6))
    })
}

pub fn journald_iso(dump: &[u8]) -> Wrapped {
    journal(
        dump,
        |stamp| stamp.nanos_to(0),
        |stamp| format!("2026-01-02T{}+0000 node-3 web[812]: ", stamp.clock()),
    )
}

pub fn journald_units(dump: &[u8]) -> Wrapped {
    let mut sheet = Sheet::default();
    sheet.aside("-- Boot 0123456789abcdef0123456789abcdef --");
    sheet.aside("Jan 02 15:04:01 node-3 systemd[1]: Started Web shop.");
    for (index, line) in lines(&without_blanks(dump)).into_iter().enumerate() {
        let clock = Stamp::of(index).clock();
        sheet.line(
            None,
            [format!("Jan 02 {clock} node-3 web[812]: ").as_bytes(), line].concat(),
        );
        if index % 4 == 2 {
            sheet.aside(format!(
                "Jan 02 {clock} node-3 cron[99]: (root) CMD (job {index})"
            ));
        }
    }
    sheet.aside("Jan 02 15:04:06 node-3 systemd[1]: web.service: Main process exited, code=exited, status=2/INVALIDARGUMENT");
    sheet.done()
}

/// The newest line first; the places speak of the dump's own order.
pub fn newest_first(wrapped: Wrapped) -> Wrapped {
    let lines: Vec<&[u8]> = lines(&wrapped.text);
    let count = u32::try_from(lines.len()).unwrap_or(0);
    let text = lines
        .iter()
        .rev()
        .flat_map(|line| [line, &b"\n"[..]].concat())
        .collect();
    let places = wrapped
        .places
        .iter()
        .map(|(line, time)| (count + 1 - line, *time))
        .collect();
    Wrapped { text, places }
}

pub fn journald_reversed(dump: &[u8]) -> Wrapped {
    newest_first(journald(dump))
}

/// rsyslog spells control characters in octal.
pub fn syslog_octal(dump: &[u8]) -> Wrapped {
    let dump = String::from_utf8_lossy(&without_blanks(dump))
        .replace('\t', "#011")
        .into_bytes();
    prefixed(&dump, never, |_, stamp| {
        format!("Jan  2 {} node-3 web[812]: ", stamp.clock())
    })
}

pub fn syslog_3164(dump: &[u8]) -> Wrapped {
    prefixed(dump, never, |_, stamp| {
        format!("<11>Jan  2 {} node-3 web[812]: ", stamp.clock())
    })
}

pub fn syslog_5424(dump: &[u8]) -> Wrapped {
    prefixed(
        dump,
        |stamp| stamp.nanos_to(6),
        |_, stamp| {
            format!(
                "<11>1 2026-01-02T{}Z node-3 web 812 - - ",
                stamp.clock_to(6)
            )
        },
    )
}

pub fn heroku(dump: &[u8]) -> Wrapped {
    let mut sheet = Sheet::default();
    sheet
        .aside("2026-01-02T15:04:04.000000+00:00 heroku[web.1]: State changed from starting to up");
    for (index, line) in lines(&without_blanks(dump)).into_iter().enumerate() {
        let stamp = Stamp::of(index);
        sheet.line(
            stamp.nanos_to(6),
            [
                format!("2026-01-02T{}+00:00 app[web.1]: ", stamp.clock_to(6)).as_bytes(),
                line,
            ]
            .concat(),
        );
    }
    sheet.aside("2026-01-02T15:04:06.000000+00:00 heroku[web.1]: Process exited with status 2");
    sheet.done()
}

pub fn fly(dump: &[u8]) -> Wrapped {
    prefixed(
        dump,
        |stamp| stamp.nanos_to(3),
        |_, stamp| {
            format!(
                "2026-01-02T{}Z app[e784e903b03087] fra [info]",
                stamp.clock_to(3)
            )
        },
    )
}

pub fn nomad(dump: &[u8]) -> Wrapped {
    prefixed(dump, never, |_, _| "8ba85cef[web] ".to_owned())
}

pub fn github_raw(dump: &[u8]) -> Wrapped {
    let mut sheet = Sheet::default();
    sheet.aside("\u{feff}2026-01-02T15:04:01.0000000Z ##[group]Run go test ./...");
    sheet.aside("2026-01-02T15:04:01.1000000Z \x1b[36;1mgo test ./...\x1b[0m");
    sheet.aside("2026-01-02T15:04:01.2000000Z ##[endgroup]");
    for (index, line) in lines(dump).into_iter().enumerate() {
        let stamp = Stamp::of(index);
        sheet.line(
            stamp.nanos_to(7),
            [
                format!("2026-01-02T{}Z ", stamp.clock_to(7)).as_bytes(),
                line,
            ]
            .concat(),
        );
    }
    sheet.aside("2026-01-02T15:05:01.2000000Z ##[error]Process completed with exit code 2.");
    sheet.done()
}

/// As `gh run view --log` prints.
pub fn github_columns(dump: &[u8]) -> Wrapped {
    let mut sheet = Sheet::default();
    sheet.aside("build (ubuntu-latest)\tSet up job\t\u{feff}2026-01-02T15:04:01.0000000Z Current runner version: '2.300.0'");
    for (index, line) in lines(dump).into_iter().enumerate() {
        let stamp = Stamp::of(index);
        sheet.line(
            stamp.nanos_to(7),
            [
                format!(
                    "build (ubuntu-latest)\tRun go test\t2026-01-02T{}Z ",
                    stamp.clock_to(7)
                )
                .as_bytes(),
                line,
            ]
            .concat(),
        );
    }
    sheet.done()
}

pub fn gitlab(dump: &[u8]) -> Wrapped {
    let mut sheet = Sheet::default();
    sheet.aside(
        "2026-01-02T15:04:01.000000Z 00O \x1b[0Ksection_start:1767366241:step_script\r\x1b[0K",
    );
    for (index, line) in lines(dump).into_iter().enumerate() {
        let stamp = Stamp::of(index);
        sheet.line(
            stamp.nanos_to(6),
            [
                format!("2026-01-02T{}Z 01E ", stamp.clock_to(6)).as_bytes(),
                line,
            ]
            .concat(),
        );
    }
    sheet.done()
}

/// A line whose end came in a later write goes on behind a `+`.
pub fn gitlab_continued(dump: &[u8]) -> Wrapped {
    let mut sheet = Sheet::default();
    for (index, line) in lines(dump).into_iter().enumerate() {
        let stamp = Stamp::of(index);
        let before = format!("2026-01-02T{}Z 01E", stamp.clock_to(6));
        sheet.begins(stamp.nanos_to(6));
        match line.split_at_checked(20) {
            Some((head, tail)) if index % 4 == 0 && !tail.is_empty() => {
                sheet.aside([before.as_bytes(), b" ", head].concat());
                sheet.aside([before.as_bytes(), b"+", tail].concat());
            }
            _ => sheet.aside([before.as_bytes(), b" ", line].concat()),
        }
    }
    sheet.done()
}

pub fn azure(dump: &[u8]) -> Wrapped {
    let mut sheet = Sheet::default();
    sheet.aside("2026-01-02T15:04:01.0000000Z ##[section]Starting: go test");
    for (index, line) in lines(dump).into_iter().enumerate() {
        let stamp = Stamp::of(index);
        sheet.line(
            stamp.nanos_to(7),
            [
                format!("2026-01-02T{}Z ", stamp.clock_to(7)).as_bytes(),
                line,
            ]
            .concat(),
        );
    }
    sheet.aside("2026-01-02T15:05:01.0000000Z ##[error]Bash exited with code '2'.");
    sheet.done()
}

/// A supervisor that logs its child line by line with the standard logger.
pub fn std_log(dump: &[u8]) -> Wrapped {
    prefixed(
        dump,
        |stamp| stamp.nanos_to(6),
        |_, stamp| format!("2026/01/02 {} supervise.go:88: child: ", stamp.clock_to(6)),
    )
}

/// A prefix that no known system writes.
pub fn unknown(dump: &[u8]) -> Wrapped {
    prefixed(dump, never, |index, _| {
        format!("<<{:05}>> {{edge}} worker#{} => ", index * 7, 12)
    })
}
