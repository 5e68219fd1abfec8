//! The log as it comes in: passed through at once, kept for the analysis. [`read`] is called by [`super::run`] for pipes, and for files
//! that are passed through.
//!
//! A signal that ends the job (Ctrl-C, a cancelled workflow) ends the reading, not the report: what came so far is judged.

use super::{Log, shown};
use crate::cli::output;
use crate::input::Reading;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

/// Bytes read at once: a pipe holds as many.
const PIECE: usize = 64 << 10;

/// What the reader has to say.
enum Piece {
    Bytes(Vec<u8>),
    End,
    Broken(io::Error),
    Interrupted,
}

/// What came in.
#[derive(Default)]
struct Arrived {
    bytes: Vec<u8>,
    limited: bool,
    broken: Option<String>,
    /// Passing it on failed.
    lost: bool,
}

/// Reads a file or standard input to its end; `None`, after a message, where nothing can be read.
pub(super) fn read(file: Option<&Path>, max_bytes: u64, tee: bool) -> Option<Log> {
    let name = file.map_or("-".to_owned(), |path| path.to_string_lossy().into_owned());
    let reading = Reading {
        max_bytes,
        progress: &|_| {},
    };
    let pieces = match file {
        None => start(io::stdin()),
        Some(path) => match File::open(path) {
            Ok(file) if file.metadata().is_ok_and(|about| about.is_dir()) => {
                output::complain(&format!("{name}: a directory; pass the log inside"));
                return None;
            }
            Ok(file) => start(file),
            Err(cause) => {
                output::complain(&format!("{name}: cannot be read: {cause}"));
                return None;
            }
        },
    };
    let arrived = collect(&pieces, max_bytes, tee);
    let open_line = tee && arrived.bytes.last().is_some_and(|&last| last != b'\n');
    let incomplete = arrived.limited || arrived.lost || arrived.broken.is_some();
    if let Some(why) = &arrived.broken {
        output::complain(&format!(
            "{}: {why}; what came before is judged",
            shown(&name)
        ));
    }
    match reading.owned(name, arrived.bytes, arrived.limited) {
        Ok(mut source) => {
            source.truncated |= incomplete;
            source.notes.extend(arrived.broken);
            let incomplete = incomplete || source.limited;
            Some(Log {
                source,
                incomplete,
                open_line,
            })
        }
        Err(error) => {
            output::complain(&error.to_string());
            None
        }
    }
}

/// Reads on a thread of its own, so that a signal need not wait for the next piece.
fn start(from: impl Read + Send + 'static) -> Receiver<Piece> {
    let (sender, pieces) = channel();
    let interrupted = sender.clone();
    // Without a handler a signal ends the process as ever.
    let _ = ctrlc::set_handler(move || {
        let _ = interrupted.send(Piece::Interrupted);
    });
    thread::spawn(move || pump(from, &sender));
    pieces
}

fn pump(mut from: impl Read, to: &Sender<Piece>) {
    let mut buffer = vec![0; PIECE];
    loop {
        let piece = match from.read(&mut buffer) {
            Ok(0) => Piece::End,
            Ok(count) => Piece::Bytes(buffer.get(..count).unwrap_or_default().to_vec()),
            Err(cause) if cause.kind() == ErrorKind::Interrupted => continue,
            Err(cause) => Piece::Broken(cause),
        };
        let goes_on = matches!(piece, Piece::Bytes(_));
        if to.send(piece).is_err() || !goes_on {
            return;
        }
    }
}

fn collect(pieces: &Receiver<Piece>, max_bytes: u64, tee: bool) -> Arrived {
    let mut arrived = Arrived::default();
    let mut passing = tee;
    while let Ok(piece) = pieces.recv() {
        match piece {
            Piece::Bytes(bytes) => {
                if passing {
                    passing = pass(&bytes, &mut arrived);
                }
                let room = max_bytes.saturating_sub(arrived.bytes.len() as u64);
                let kept = bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX));
                arrived.limited |= kept < bytes.len();
                arrived.bytes.extend(bytes.get(..kept).unwrap_or_default());
                if arrived.limited && !passing {
                    break;
                }
            }
            Piece::End => break,
            Piece::Broken(cause) => {
                arrived.broken = Some(format!("reading stopped: {cause}"));
                break;
            }
            Piece::Interrupted => {
                arrived.broken = Some("interrupted by a signal".to_owned());
                break;
            }
        }
    }
    arrived
}

/// Hands a piece on; false where nobody takes it any more. A closed pipe is no failure.
fn pass(bytes: &[u8], arrived: &mut Arrived) -> bool {
    let mut out = io::stdout().lock();
    let Err(cause) = out.write_all(bytes).and_then(|()| out.flush()) else {
        return true;
    };
    if cause.kind() != ErrorKind::BrokenPipe {
        output::complain(&format!(
            "standard output: {cause}; the log is not passed on any further"
        ));
        arrived.lost = true;
    }
    false
}
