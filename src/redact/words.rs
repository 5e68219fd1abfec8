//! The words that stay: Go's own, those of log systems, and plain words that error messages are made of.
//!
//! ```text
//! goroutine running semacquire … stderr severity kubernetes … connection refused after timeout …
//! ```
//!
//! What is not in the list is somebody's, and is replaced. A word gets in where it says what happened and never who it happened to:
//! no names of people, places, companies or products beyond those that Go and log systems print themselves.

use rustc_hash::FxHashSet;
use std::sync::OnceLock;

const WORDS: &str = include_str!("words.txt");

/// Fields whose number is a time.
const TIMES: [&[u8]; 16] = [
    b"ts",
    b"time",
    b"timestamp",
    b"date",
    b"datetime",
    b"asctime",
    b"created",
    b"eventtime",
    b"ingestiontime",
    b"receivetimestamp",
    b"realtime",
    b"monotonic",
    b"__realtime_timestamp",
    b"timestampnanos",
    b"logged_at",
    b"created_at",
];

/// Whether a word stays, whatever its case.
pub fn stays(word: &[u8]) -> bool {
    static KNOWN: OnceLock<FxHashSet<&'static [u8]>> = OnceLock::new();
    let known = KNOWN.get_or_init(|| WORDS.split_ascii_whitespace().map(str::as_bytes).collect());
    match word.iter().any(u8::is_ascii_uppercase) {
        true => known.contains(word.to_ascii_lowercase().as_slice()),
        false => known.contains(word),
    }
}

/// Whether numbers behind this word are times; it is in lower case.
pub fn is_time(word: &[u8]) -> bool {
    TIMES.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_in_lower_case() {
        let words: Vec<&str> = WORDS.split_ascii_whitespace().collect();
        assert!(words.is_sorted() && words.len() > 1_000);
        for word in words {
            assert!(
                word.len() > 1 && word == word.to_ascii_lowercase(),
                "{word}"
            );
        }
    }

    #[test]
    fn go_speaks_and_people_do_not() {
        for stays_word in ["goroutine", "Semacquire", "PANIC", "refused", "stderr"] {
            assert!(stays(stays_word.as_bytes()), "{stays_word}");
        }
        for somebody in ["alice", "Acme", "berlin", "hunter2", "visa", "anon1"] {
            assert!(!stays(somebody.as_bytes()), "{somebody}");
        }
    }
}
