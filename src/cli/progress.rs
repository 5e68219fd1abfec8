//! A progress line on stderr, for inputs that take more than a moment and only on a terminal.
//!
//! [`super::read`] feeds it with the bytes that pipes and decompressors deliver; [`super::analyse`] tells when the analysis begins.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, stderr};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Inputs up to this size are done before a bar could be read.
const LARGE: u64 = 256 << 20;

/// Up to so many events of a trace the same holds.
const MANY: u64 = 1 << 20;

/// How often the line is drawn.
const TICK: Duration = Duration::from_millis(200);

/// Counts bytes and shows them once there are many.
#[derive(Debug)]
pub struct Progress {
    visible: bool,
    bytes: AtomicU64,
    bar: OnceLock<ProgressBar>,
}

impl Progress {
    /// Nothing is shown yet.
    pub fn new() -> Self {
        Self {
            visible: stderr().is_terminal(),
            bytes: AtomicU64::new(0),
            bar: OnceLock::new(),
        }
    }

    /// `bytes` more have been read.
    pub fn read(&self, bytes: u64) {
        let before = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let total = before.saturating_add(bytes);
        if self.visible && total > LARGE {
            self.bar().set_position(total);
        }
    }

    /// Everything is read, `bytes` in all; now it is analysed.
    pub fn analyse(&self, bytes: u64) {
        if self.visible && bytes > LARGE {
            let bar = self.bar();
            bar.set_position(bytes);
            bar.set_message("analysing");
        }
    }

    /// So many events of a trace have been put in order.
    pub fn events(&self, events: u64) {
        if self.visible && events > MANY {
            let millions = events >> 20;
            self.bar()
                .set_message(format!("{millions} million events,"));
        }
    }

    /// Takes the line off the terminal.
    pub fn finish(&self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }

    fn bar(&self) -> &ProgressBar {
        self.bar.get_or_init(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {bytes} ({elapsed})") {
                bar.set_style(style);
            }
            bar.set_message("reading");
            bar.enable_steady_tick(TICK);
            bar
        })
    }
}
