//! Wrappers of editors, tickets, terminals: encodings, markup, indentation.

use super::{Sheet, Wrapped, changed, lines, never, prefixed};

/// The dump as it is.
pub fn plain(dump: &[u8]) -> Wrapped {
    changed(dump, <[u8]>::to_vec)
}

pub fn crlf(dump: &[u8]) -> Wrapped {
    changed(dump, |line| [line, b"\r"].concat())
}

pub fn bom(dump: &[u8]) -> Wrapped {
    let wrapped = plain(dump);
    Wrapped {
        text: [b"\xef\xbb\xbf", &wrapped.text[..]].concat(),
        ..wrapped
    }
}

pub fn bom_crlf(dump: &[u8]) -> Wrapped {
    let wrapped = crlf(dump);
    Wrapped {
        text: [b"\xef\xbb\xbf", &wrapped.text[..]].concat(),
        ..wrapped
    }
}

fn utf16(wrapped: Wrapped, mark: bool, unit: fn(u16) -> [u8; 2]) -> Wrapped {
    let text = String::from_utf8_lossy(&wrapped.text).into_owned();
    let mark = if mark { "\u{feff}" } else { "" };
    Wrapped {
        text: mark
            .encode_utf16()
            .chain(text.encode_utf16())
            .flat_map(unit)
            .collect(),
        ..wrapped
    }
}

pub fn utf16le(dump: &[u8]) -> Wrapped {
    utf16(plain(dump), true, u16::to_le_bytes)
}

pub fn utf16be(dump: &[u8]) -> Wrapped {
    utf16(plain(dump), true, u16::to_be_bytes)
}

pub fn utf16_windows(dump: &[u8]) -> Wrapped {
    utf16(crlf(dump), false, u16::to_le_bytes)
}

pub fn cr_only(dump: &[u8]) -> Wrapped {
    let wrapped = plain(dump);
    Wrapped {
        text: wrapped
            .text
            .iter()
            .map(|byte| if *byte == b'\n' { b'\r' } else { *byte })
            .collect(),
        ..wrapped
    }
}

/// A progress bar wrote on the line on which a header came to stand.
pub fn progress_bar(dump: &[u8]) -> Wrapped {
    changed(dump, |line| {
        if line.starts_with(b"goroutine ") {
            [b"  3% [=>   ]\r 17% [==>  ]\r", line].concat()
        } else {
            line.to_vec()
        }
    })
}

pub fn ansi(dump: &[u8]) -> Wrapped {
    changed(dump, |line| [b"\x1b[31m", line, b"\x1b[0m"].concat())
}

pub fn ansi_visible(dump: &[u8]) -> Wrapped {
    changed(dump, |line| [b"^[[1;31m", line, b"^[[0m"].concat())
}

pub fn indented(dump: &[u8]) -> Wrapped {
    prefixed(dump, never, |_, _| "    ".to_owned())
}

pub fn tab_indented(dump: &[u8]) -> Wrapped {
    prefixed(dump, never, |_, _| "\t".to_owned())
}

pub fn fence(dump: &[u8]) -> Wrapped {
    let mut sheet = Sheet::default();
    sheet.aside("### What happened");
    sheet.aside("It died:");
    sheet.aside("```text");
    for line in lines(dump) {
        sheet.line(None, line);
    }
    sheet.aside("```");
    sheet.aside("Version 1.2");
    sheet.done()
}

pub fn quote(dump: &[u8]) -> Wrapped {
    let mut sheet = Sheet::default();
    sheet.aside("On Friday the operator wrote:");
    for line in lines(dump) {
        sheet.line(
            None,
            if line.is_empty() {
                b">".to_vec()
            } else {
                [b"> ", line].concat()
            },
        );
    }
    sheet.done()
}

fn escape_html(line: &[u8]) -> Vec<u8> {
    line.iter()
        .flat_map(|byte| match byte {
            b'&' => b"&amp;".to_vec(),
            b'<' => b"&lt;".to_vec(),
            b'>' => b"&gt;".to_vec(),
            b'"' => b"&#34;".to_vec(),
            b'\'' => b"&#39;".to_vec(),
            b'+' => b"&#43;".to_vec(),
            byte => vec![*byte],
        })
        .collect()
}

/// As Go's html/template escapes.
pub fn html_pre(dump: &[u8]) -> Wrapped {
    let mut sheet = Sheet::default();
    sheet.aside("<html><body>");
    sheet.aside("<pre class=\"log\">");
    for line in lines(dump) {
        sheet.line(None, escape_html(line));
    }
    sheet.aside("</pre>");
    sheet.aside("</body></html>");
    sheet.done()
}

/// All on one line, ended by `<br>`; tabs are gone.
pub fn html_br(dump: &[u8]) -> Wrapped {
    let mut wrapped = Wrapped {
        text: b"<div>".to_vec(),
        places: Vec::new(),
    };
    for line in lines(dump) {
        wrapped.places.push((1, None));
        wrapped
            .text
            .extend(escape_html(&[line.trim_ascii_start(), b""].concat()));
        wrapped.text.extend_from_slice(b"<br />");
    }
    wrapped.text.extend_from_slice(b"</div>\n");
    wrapped
}

pub fn html_nbsp(dump: &[u8]) -> Wrapped {
    changed(dump, |line| {
        let escaped = escape_html(line.trim_ascii_start());
        let indent: &[u8] = if line.starts_with(b"\t") || line.starts_with(b" ") {
            b"&nbsp;&nbsp;&nbsp;&nbsp;"
        } else {
            b""
        };
        [indent, &escaped, b"<br>"].concat()
    })
}

/// What a chat makes of tabs and three dots; only on lines that are no free text.
pub fn typography(dump: &[u8]) -> Wrapped {
    changed(dump, |line| {
        let text = String::from_utf8_lossy(line).into_owned();
        let frame = (text.starts_with('\t')
            && (text.contains(".go:") || text.ends_with("unavailable")))
            || text.ends_with("(...)");
        if frame {
            text.replace('\t', "\u{a0}\u{a0}\u{a0}\u{a0}")
                .replace("...", "…")
                .into_bytes()
        } else {
            line.to_vec()
        }
    })
}

pub fn padding(dump: &[u8]) -> Wrapped {
    changed(dump, |line| {
        format!("{:<120}", String::from_utf8_lossy(line)).into_bytes()
    })
}

fn go_quoted(dump: &[u8]) -> String {
    String::from_utf8_lossy(dump)
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
        .replace('\t', "\\t")
}

/// The dump as `%q` prints it, behind a logger's text.
pub fn one_line(dump: &[u8]) -> Wrapped {
    let mut sheet = Sheet::default();
    sheet.aside("server started");
    sheet.aside(format!(
        "worker died, its stack: \"{}\" (restarting)",
        go_quoted(dump)
    ));
    let places = lines(dump).iter().map(|_| (2, None)).collect();
    Wrapped {
        places,
        ..sheet.done()
    }
}

pub fn terraform_bars(dump: &[u8]) -> Wrapped {
    let mut sheet = Sheet::default();
    sheet.aside("╷");
    sheet.aside("│ Error: Request cancelled");
    sheet.aside("│ ");
    for line in lines(dump) {
        sheet.line(None, ["│ ".as_bytes(), line].concat());
    }
    sheet.aside("╵");
    sheet.done()
}

/// Plugin output in Terraform's own log, as releases before 0.14 wrote it.
pub fn terraform_log(dump: &[u8]) -> Wrapped {
    prefixed(
        dump,
        |stamp| stamp.nanos_to(3),
        |_, stamp| {
            format!(
                "2026-01-02T{}Z [DEBUG] plugin.terraform-provider-aws_v2.8.0_x4: ",
                stamp.clock_to(3)
            )
        },
    )
}

pub fn terraform_banner(dump: &[u8]) -> Wrapped {
    let mut sheet = Sheet::default();
    sheet.aside("Stack trace from the terraform-provider-aws_v5.1.0_x5 plugin:");
    sheet.aside("");
    for line in lines(dump) {
        sheet.line(None, line);
    }
    sheet.aside("");
    sheet.aside("Error: The terraform-provider-aws_v5.1.0_x5 plugin crashed!");
    sheet.done()
}

/// Runners repeat the line on which a job failed.
pub fn first_line_twice(dump: &[u8]) -> Wrapped {
    let mut sheet = Sheet::default();
    sheet.aside("Error: process ended with exit code 2");
    for line in lines(dump) {
        sheet.line(None, line);
    }
    sheet.done()
}
