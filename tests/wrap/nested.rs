//! Wrappers in wrappers, as they come from real pipelines.

use super::{Wrapped, lines, marks, over, records};

/// A node's journal that holds the container runtime's JSON.
pub fn journald_docker(dump: &[u8]) -> Wrapped {
    over(lines::journald_iso, records::docker(dump))
}

pub fn cri_zerolog(dump: &[u8]) -> Wrapped {
    over(lines::cri, records::zerolog_lines(dump))
}

pub fn docker_compose(dump: &[u8]) -> Wrapped {
    over(records::docker, lines::compose(dump))
}

pub fn github_go_test(dump: &[u8]) -> Wrapped {
    over(lines::github_raw, records::go_test(dump))
}

pub fn html_journald(dump: &[u8]) -> Wrapped {
    over(marks::html_pre, lines::journald(dump))
}

pub fn loki_cri(dump: &[u8]) -> Wrapped {
    over(records::loki_jsonl, lines::cri(dump))
}

pub fn timestamps_ansi(dump: &[u8]) -> Wrapped {
    over(lines::kubectl_timestamps, marks::ansi(dump))
}

pub fn csv_crlf_prefix(dump: &[u8]) -> Wrapped {
    over(
        marks::crlf,
        over(records::csv_lines, lines::kubectl_prefix(dump)),
    )
}

pub fn quote_fence_syslog(dump: &[u8]) -> Wrapped {
    over(marks::quote, over(marks::fence, lines::syslog_5424(dump)))
}

pub fn utf16_json_html(dump: &[u8]) -> Wrapped {
    over(
        marks::utf16le,
        over(records::zerolog_lines, marks::html_pre(dump)),
    )
}
