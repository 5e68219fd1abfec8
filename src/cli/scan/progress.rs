//! A bar on stderr while a scan runs: how much of the files is read, how fast, how long it will take. Only on a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, stderr};
use std::time::Duration;

/// How often it is drawn.
const TICK: Duration = Duration::from_millis(100);

/// The bar, if there is anybody to see it.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    /// For so many bytes of files; 0 where only pipes are read.
    pub fn new(bytes: u64) -> Self {
        let bar = stderr().is_terminal().then(|| {
            let (length, template) = match bytes {
                0 => (
                    None,
                    "{spinner} {bytes} read, {binary_bytes_per_sec}, {elapsed}{msg}",
                ),
                _ => (
                    Some(bytes),
                    "{wide_bar} {bytes} of {total_bytes}, {binary_bytes_per_sec}, {eta} left{msg}",
                ),
            };
            let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.enable_steady_tick(TICK);
            bar
        });
        Self { bar }
    }

    /// So many bytes more of the files were read.
    pub fn read(&self, bytes: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(bytes);
        }
    }

    /// So many incidents are known.
    pub fn found(&self, incidents: usize) {
        if let Some(bar) = &self.bar {
            bar.set_message(format!(", {incidents} found"));
        }
    }

    /// Takes the bar off the terminal.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
