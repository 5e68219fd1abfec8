//! Text from logs, made harmless for where it goes: a terminal, a Markdown page, a JSON file on a terminal.
//!
//! Called by every renderer at the last step, and by `cli` for messages that quote a path. [`is_hostile`] is the one
//! definition of what may not pass.

use std::borrow::Cow;
use std::fmt::Write;

/// Characters that move the cursor, reorder, hide or join their neighbours: control characters of both ranges, bidirectional
/// controls, line separators, zero-width and variation characters, tags, interlinear marks.
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// One line for a terminal: `\x1b`, `\n`, `\u{202e}` in place of the hostile; a tab becomes a space.
pub fn line(text: &str) -> Cow<'_, str> {
    visible(text, |_| false)
}

/// Several lines for a terminal, to be pasted: as [`line`], but newlines and tabs stay.
pub fn code(text: &str) -> Cow<'_, str> {
    visible(text, |c| c == '\t' || c == '\n')
}

fn visible(text: &str, harmless: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if !is_hostile(c) || harmless(c) {
            out.push(c);
        } else {
            push_visible(&mut out, c);
        }
    }
    Cow::Owned(out)
}

fn push_visible(out: &mut String, c: char) {
    let _ = match c {
        '\n' => out.write_str("\\n"),
        '\r' => out.write_str("\\r"),
        '\t' => out.write_str(" "),
        '\0'..='\x7f' => write!(out, "\\x{:02x}", u32::from(c)),
        _ => write!(out, "\\u{{{:x}}}", u32::from(c)),
    };
}

/// JSON text with the hostile characters inside its strings as `\u` escapes. (The serializer has escaped those below U+0020;
/// its own newlines stand outside of strings.)
pub fn json(text: &str) -> Cow<'_, str> {
    let raw = |c: char| c != '\n' && is_hostile(c);
    if !text.contains(raw) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 64);
    let mut units = [0; 2];
    for c in text.chars() {
        if raw(c) {
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// One line of Markdown prose. Marks up nothing, links nothing, mentions nobody: punctuation with a meaning gets a backslash or an
/// entity, and an empty comment breaks up what code hosts turn into links (`@name`, `#12`, `https://`, `www.`).
pub fn markdown(text: &str) -> String {
    const BREAK: &str = "<!-- -->";
    let text = line(text);
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' => out.extend(['\\', c]),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            _ => out.push(c),
        }
        let linked = match c {
            '@' | '#' => true,
            ':' => rest.as_str().starts_with("//"),
            'w' | 'W' => rest.as_str().starts_with('.'),
            _ => false,
        };
        if linked {
            out.push_str(BREAK);
        }
    }
    out
}

/// A Markdown code span around one line: as many backticks as it takes; a bar is escaped, for tables.
pub fn code_span(text: &str) -> String {
    let text = line(text).replace('|', "\\|");
    if text.trim().is_empty() {
        return String::new();
    }
    let ticks = "`".repeat(longest_run(&text, '`') + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// A Markdown code block: the fence is longer than any run of backticks inside. Ends with a newline.
pub fn code_block(lang: &str, text: &str) -> String {
    let text = code(text);
    let fence = "`".repeat((longest_run(&text, '`') + 1).max(3));
    let end = if text.ends_with('\n') { "" } else { "\n" };
    format!("{fence}{lang}\n{text}{end}{fence}\n")
}

fn longest_run(text: &str, wanted: char) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == wanted { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_drives_a_terminal_becomes_visible() {
        assert_eq!(line("a\x1b[31mred\x07"), "a\\x1b[31mred\\x07");
        assert_eq!(line("one\ntwo\tthree\r"), "one\\ntwo three\\r");
        assert_eq!(line("\u{9b}2J \u{202e}evil"), "\\u{9b}2J \\u{202e}evil");
        assert_eq!(code("\tx := 1\n\x1b]0;t\x07"), "\tx := 1\n\\x1b]0;t\\x07");
        assert_eq!(
            line("日本語 naïve map[string]…"),
            "日本語 naïve map[string]…"
        );
    }

    #[test]
    fn markdown_prose_has_no_markup_left() {
        assert_eq!(
            markdown("a *b* `c` <img> | @ops #12"),
            "a \\*b\\* \\`c\\` &lt;img&gt; \\| @<!-- -->ops #<!-- -->12"
        );
        assert_eq!(
            markdown("https://x.io: www.y"),
            "https:<!-- -->//x.io: www<!-- -->.y"
        );
    }

    #[test]
    fn spans_and_fences_outgrow_their_backticks() {
        assert_eq!(code_span("a"), "`a`");
        assert_eq!(code_span("a``b"), "```a``b```");
        assert_eq!(code_span("`a"), "`` `a ``");
        assert_eq!(code_span("a|b"), "`a\\|b`");
        assert_eq!(code_block("go", "x\n````\n"), "`````go\nx\n````\n`````\n");
        assert_eq!(code_block("sh", "ls"), "```sh\nls\n```\n");
    }

    proptest! {
        #[test]
        fn nothing_hostile_passes(text in any::<String>()) {
            prop_assert!(!line(&text).contains(is_hostile));
            prop_assert!(!markdown(&text).contains(is_hostile));
            prop_assert!(!code_span(&text).contains(is_hostile));
            prop_assert!(!code(&text).contains(|c| is_hostile(c) && c != '\t' && c != '\n'));
        }

        #[test]
        fn json_escapes_are_the_same_value(text in any::<String>()) {
            let plain = serde_json::to_string(&text).unwrap_or_default();
            let safe = json(&plain).into_owned();
            prop_assert!(!safe.contains(is_hostile));
            let back: Result<String, _> = serde_json::from_str(&safe);
            prop_assert_eq!(back.ok(), Some(text));
        }
    }
}
