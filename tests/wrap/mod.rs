//! Wraps a plain dump the way log systems, terminals and tickets do, independent of the code that takes the wrappers off.
//!
//! [`all`] gives every wrapper as a function from bytes to bytes. [`table`] also says, for each line of the dump, on which line
//! of the wrapped text it stands and with which time stamp, so that a test can hold the unwrapping to it.

#![allow(dead_code, reason = "each test binary uses its own part")]

mod lines;
mod marks;
mod nested;
mod paper;
mod records;

/// A wrapped dump and where its lines went.
#[derive(Clone, Debug, Default)]
pub struct Wrapped {
    /// The wrapped text.
    pub text: Vec<u8>,
    /// For each line of the dump, in order: the line of `text` (from 1) where it begins, and its time stamp in nanoseconds.
    pub places: Vec<(u32, Option<i64>)>,
}

/// What a wrapper does to the lines besides wrapping them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Every byte of every line can be had back.
    Nothing,
    /// Blank lines are gone.
    BlankLines,
    /// Blanks and tabs at the start and end of lines, and blank lines, may differ.
    WhiteSpace,
    /// Lines that are no line of a dump (a panic's text) may stay broken or lose characters.
    FreeText,
}

/// One wrapper.
pub struct Wrapper {
    /// Its name.
    pub name: &'static str,
    /// The wrapper.
    pub wrap: fn(&[u8]) -> Wrapped,
    /// What cannot be had back.
    pub loss: Loss,
}

/// Writes [`table`] and [`all`] from one list.
macro_rules! wrappers {
    ($($name:literal $wrap:path, $loss:ident;)*) => {
        /// Every wrapper.
        pub fn table() -> Vec<Wrapper> {
            vec![$(Wrapper { name: $name, wrap: $wrap, loss: Loss::$loss }),*]
        }

        /// Every wrapper as a function from a dump to the wrapped text.
        #[allow(clippy::type_complexity, reason = "a list of names and plain functions")]
        pub fn all() -> Vec<(&'static str, fn(&[u8]) -> Vec<u8>)> {
            vec![$(($name, |dump| $wrap(dump).text)),*]
        }
    };
}

wrappers! {
    "crlf" marks::crlf, Nothing;
    "byte order mark" marks::bom, Nothing;
    "byte order mark, crlf" marks::bom_crlf, Nothing;
    "utf-16le" marks::utf16le, Nothing;
    "utf-16be" marks::utf16be, Nothing;
    "utf-16le without a mark, crlf" marks::utf16_windows, Nothing;
    "cr line ends" marks::cr_only, Nothing;
    "progress bar" marks::progress_bar, Nothing;
    "ansi colour per line" marks::ansi, Nothing;
    "ansi as an editor shows it" marks::ansi_visible, Nothing;
    "indented by four" marks::indented, Nothing;
    "indented by a tab" marks::tab_indented, Nothing;
    "markdown fence" marks::fence, Nothing;
    "markdown quote" marks::quote, Nothing;
    "html in pre" marks::html_pre, Nothing;
    "html with br" marks::html_br, WhiteSpace;
    "html with nbsp" marks::html_nbsp, WhiteSpace;
    "typography" marks::typography, WhiteSpace;
    "padding" marks::padding, WhiteSpace;
    "escaped on one line" marks::one_line, Nothing;
    "terraform bars" marks::terraform_bars, Nothing;
    "terraform log" marks::terraform_log, Nothing;
    "terraform banner" marks::terraform_banner, Nothing;
    "fatal line twice" marks::first_line_twice, Nothing;
    "hard wrap at 80" paper::terminal_80, FreeText;
    "hard wrap at 100" paper::terminal_100, FreeText;
    "hard wrap by mail" paper::mail, FreeText;
    "print calls" paper::print_calls, FreeText;
    "print calls in json" paper::print_calls_json, Nothing;
    "kubectl --timestamps" lines::kubectl_timestamps, Nothing;
    "docker logs -t, trimmed" lines::docker_timestamps, Nothing;
    "kubectl --prefix" lines::kubectl_prefix, Nothing;
    "kubectl --prefix --timestamps" lines::kubectl_prefix_timestamps, Nothing;
    "stern" lines::stern, Nothing;
    "cri" lines::cri, Nothing;
    "cri, partial lines" lines::cri_partial, Nothing;
    "cri, partial lines of two streams" lines::cri_two_streams, Nothing;
    "compose v2" lines::compose, Nothing;
    "compose v1" lines::compose_v1, Nothing;
    "compose in colour" lines::compose_colour, Nothing;
    "compose with a neighbour" lines::compose_neighbour, Nothing;
    "swarm" lines::swarm, Nothing;
    "journald short" lines::journald, BlankLines;
    "journald short-precise" lines::journald_precise, BlankLines;
    "journald short-iso" lines::journald_iso, BlankLines;
    "journald short, other units" lines::journald_units, BlankLines;
    "journald -r" lines::journald_reversed, BlankLines;
    "syslog, octal escapes" lines::syslog_octal, BlankLines;
    "syslog rfc 3164" lines::syslog_3164, Nothing;
    "syslog rfc 5424" lines::syslog_5424, Nothing;
    "heroku" lines::heroku, BlankLines;
    "fly" lines::fly, Nothing;
    "nomad" lines::nomad, Nothing;
    "github actions, raw" lines::github_raw, Nothing;
    "github actions, columns" lines::github_columns, Nothing;
    "gitlab" lines::gitlab, Nothing;
    "gitlab, continuations" lines::gitlab_continued, Nothing;
    "azure devops" lines::azure, Nothing;
    "std log prefix" lines::std_log, Nothing;
    "unknown prefix" lines::unknown, Nothing;
    "docker json-file" records::docker, Nothing;
    "docker json-file, split" records::docker_split, Nothing;
    "journald json" records::journald_json, BlankLines;
    "journald json, bytes" records::journald_json_bytes, BlankLines;
    "journald export" records::journald_export, BlankLines;
    "zap, dump in a field" records::zap_field, Nothing;
    "json, escaped twice" records::json_twice, Nothing;
    "zerolog, a line per record" records::zerolog_lines, Nothing;
    "gcp array" records::gcp_array, Nothing;
    "gcp array, pretty, newest first" records::gcp_pretty_reversed, Nothing;
    "loki jsonl" records::loki_jsonl, Nothing;
    "loki api, newest first" records::loki_api, Nothing;
    "loki download, newest first" records::loki_download, Nothing;
    "cloudwatch events" records::cloudwatch, Nothing;
    "cloudwatch insights" records::insights, Nothing;
    "elastic hits" records::elastic, Nothing;
    "logfmt, dump in a field" records::logfmt_field, Nothing;
    "logfmt, a line per record" records::logfmt_lines, Nothing;
    "slog text behind a stamp" records::slog_text, Nothing;
    "csv, a line per record" records::csv_lines, Nothing;
    "csv, dump in a field" records::csv_field, Nothing;
    "csv, newest first" records::csv_reversed, Nothing;
    "go test -json" records::go_test, Nothing;
    "go test -json, split lines" records::go_test_split, Nothing;
    "journald over docker json" nested::journald_docker, Nothing;
    "cri over json lines" nested::cri_zerolog, Nothing;
    "docker json over compose" nested::docker_compose, Nothing;
    "github actions over go test -json" nested::github_go_test, Nothing;
    "html over journald" nested::html_journald, BlankLines;
    "loki over cri" nested::loki_cri, Nothing;
    "kubectl timestamps over ansi" nested::timestamps_ansi, Nothing;
    "csv with crlf over prefix" nested::csv_crlf_prefix, Nothing;
    "quote over fence over syslog" nested::quote_fence_syslog, Nothing;
    "utf-16 over json over html" nested::utf16_json_html, Nothing;
}

/// 2026-01-02T15:04:05Z in seconds since 1970.
const START: i64 = 1_767_366_245;
/// Nanoseconds from one line to the next; ends in zeros, so that trimmed fractions differ in length.
const STEP: i64 = 1_234_500;

/// The stamp of the nth line.
#[derive(Clone, Copy)]
pub struct Stamp(i64);

impl Stamp {
    /// Of line `index`.
    pub fn of(index: usize) -> Self {
        Self(i64::try_from(index).unwrap_or(0) * STEP)
    }

    /// Nanoseconds since 1970.
    pub fn nanos(self) -> Option<i64> {
        Some(START * 1_000_000_000 + self.0)
    }

    /// Rounded down to a unit of `digits` digits behind the second.
    pub fn nanos_to(self, digits: u32) -> Option<i64> {
        let unit = 10i64.pow(9 - digits);
        self.nanos().map(|nanos| nanos / unit * unit)
    }

    /// `15:04:05`.
    pub fn clock(self) -> String {
        let second = 15 * 3600 + 4 * 60 + 5 + self.0 / 1_000_000_000;
        format!(
            "{:02}:{:02}:{:02}",
            second / 3600,
            second / 60 % 60,
            second % 60
        )
    }

    /// `15:04:05.123456` with so many digits.
    pub fn clock_to(self, digits: usize) -> String {
        let fraction = format!("{:09}", self.0 % 1_000_000_000);
        format!("{}.{}", self.clock(), &fraction[..digits])
    }

    /// `2026-01-02T15:04:05.123456789Z`.
    pub fn iso(self) -> String {
        format!("2026-01-02T{}Z", self.clock_to(9))
    }

    /// As Go prints it: without zeros at the end of the fraction.
    pub fn iso_trimmed(self) -> String {
        let whole = self.iso();
        let digits = whole
            .trim_end_matches('Z')
            .trim_end_matches('0')
            .trim_end_matches('.');
        format!("{digits}Z")
    }
}

/// The lines of a dump.
pub fn lines(dump: &[u8]) -> Vec<&[u8]> {
    let body = dump.strip_suffix(b"\n").unwrap_or(dump);
    body.split(|&byte| byte == b'\n').collect()
}

/// Writes a wrapped text and keeps count of its lines.
#[derive(Default)]
pub struct Sheet {
    wrapped: Wrapped,
    line: u32,
}

impl Sheet {
    /// A line that is the wrapper's own, or another program's.
    pub fn aside(&mut self, text: impl AsRef<[u8]>) {
        self.wrapped.text.extend_from_slice(text.as_ref());
        self.wrapped.text.push(b'\n');
        self.line += 1;
    }

    /// The next line of the dump, wrapped: `text` may go over several lines.
    pub fn line(&mut self, time: Option<i64>, text: impl AsRef<[u8]>) {
        self.begins(time);
        self.more(text);
    }

    /// A line of the dump begins on the line written next.
    pub fn begins(&mut self, time: Option<i64>) {
        self.wrapped.places.push((self.line + 1, time));
    }

    /// Further lines of a line of the dump.
    pub fn more(&mut self, text: impl AsRef<[u8]>) {
        for line in lines(text.as_ref()) {
            self.aside(line);
        }
    }

    /// What was written.
    pub fn done(self) -> Wrapped {
        self.wrapped
    }
}

/// Each line behind what `before` says for its number.
pub fn prefixed(
    dump: &[u8],
    time: fn(Stamp) -> Option<i64>,
    before: impl Fn(usize, Stamp) -> String,
) -> Wrapped {
    let mut sheet = Sheet::default();
    for (index, line) in lines(dump).into_iter().enumerate() {
        let stamp = Stamp::of(index);
        sheet.line(
            time(stamp),
            [before(index, stamp).as_bytes(), line].concat(),
        );
    }
    sheet.done()
}

/// No time stamp.
pub fn never(_: Stamp) -> Option<i64> {
    None
}

/// Every line changed by `change`, one for one.
pub fn changed(dump: &[u8], change: impl Fn(&[u8]) -> Vec<u8>) -> Wrapped {
    let mut sheet = Sheet::default();
    for line in lines(dump) {
        sheet.line(None, change(line));
    }
    sheet.done()
}

/// The dump without its blank lines; `places` of the wrappers that drop them speak of the rest.
pub fn without_blanks(dump: &[u8]) -> Vec<u8> {
    lines(dump)
        .into_iter()
        .filter(|line| !line.trim_ascii().is_empty())
        .flat_map(|line| [line, b"\n"].concat())
        .collect()
}

/// One wrapper in another: lines and stamps of the outer for the lines that the inner made.
pub fn over(outer: fn(&[u8]) -> Wrapped, inner: Wrapped) -> Wrapped {
    let outer = outer(&inner.text);
    let places = inner.places.iter().map(|(line, time)| {
        let (outer_line, outer_time) = outer.places[*line as usize - 1];
        (outer_line, time.or(outer_time))
    });
    Wrapped {
        places: places.collect(),
        text: outer.text,
    }
}
