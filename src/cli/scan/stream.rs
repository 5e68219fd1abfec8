//! A pipe that is read on a thread of its own: Ctrl-C ends the scan though nothing comes out of the pipe.

use super::is_stopped;
use std::io::{self, ErrorKind, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// Bytes read at once: a pipe holds as many.
const PIECE: usize = 64 << 10;

/// Pieces that wait to be searched; a reader that is faster waits.
const WAITING: usize = 16;

/// How long a Ctrl-C goes unnoticed.
const TICK: Duration = Duration::from_millis(50);

/// What comes out of the pipe.
pub struct Stream {
    pieces: Receiver<io::Result<Vec<u8>>>,
    piece: Vec<u8>,
    given: usize,
}

impl Stream {
    /// Begins to read.
    pub fn new(from: impl Read + Send + 'static) -> Self {
        let (sender, pieces) = sync_channel(WAITING);
        thread::spawn(move || pump(from, &sender));
        Self {
            pieces,
            piece: Vec::new(),
            given: 0,
        }
    }
}

fn pump(mut from: impl Read, to: &SyncSender<io::Result<Vec<u8>>>) {
    loop {
        let mut piece = vec![0; PIECE];
        let read = from.read(&mut piece);
        let ended = !matches!(read, Ok(1..));
        let read = read.map(|count| {
            piece.truncate(count);
            piece
        });
        if matches!(&read, Err(cause) if cause.kind() == ErrorKind::Interrupted) {
            continue;
        }
        if to.send(read).is_err() || ended {
            return;
        }
    }
}

impl Read for Stream {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.given == self.piece.len() {
            self.piece = match self.pieces.recv_timeout(TICK) {
                Ok(piece) => piece?,
                Err(RecvTimeoutError::Timeout) if is_stopped() => {
                    return Err(io::Error::other("interrupted"));
                }
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
            };
            self.given = 0;
            if self.piece.is_empty() {
                return Ok(0);
            }
        }
        let count = self.piece.get(self.given..).unwrap_or_default().read(to)?;
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_comes_through_whole() {
        let bytes: Vec<u8> = (0..300_000_u32).map(|n| n as u8).collect();
        let mut stream = Stream::new(io::Cursor::new(bytes.clone()));
        let mut read = Vec::new();
        stream.read_to_end(&mut read).unwrap();
        assert!(read == bytes);
        assert_eq!(stream.read(&mut [0; 9]).unwrap(), 0, "and ends");
    }
}
