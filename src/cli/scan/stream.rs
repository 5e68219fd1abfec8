//! A pipe that is read on a thread of its own: Ctrl-C ends the scan though nothing comes out of the pipe.

use super::is_stopped;
use std::io::{self, ErrorKind, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// Bytes read at once, and what a pipe is asked to hold (64 KiB else): the fewer the pieces, the less the processes wait for each other.
const PIECE: usize = 1 << 20;

/// Pieces that wait to be searched; a reader that is faster waits.
const WAITING: usize = 2;

/// How long a Ctrl-C goes unnoticed.
const TICK: Duration = Duration::from_millis(50);

/// A part of what comes: so many bytes at the beginning of a buffer.
type Piece = (Vec<u8>, usize);

/// What comes out of the pipe.
pub struct Stream {
    pieces: Receiver<io::Result<Piece>>,
    /// Buffers to be filled again.
    spent: SyncSender<Vec<u8>>,
    piece: Piece,
    given: usize,
}

impl Stream {
    /// Begins to read.
    pub fn new(from: impl Read + Send + 'static) -> Self {
        let (sender, pieces) = sync_channel(WAITING);
        let (spent, buffers) = sync_channel(WAITING + 2);
        thread::spawn(move || pump(from, &sender, &buffers));
        Self {
            pieces,
            spent,
            piece: Piece::default(),
            given: 0,
        }
    }
}

/// Lets a pipe hold more at once, where the system can.
#[cfg(target_os = "linux")]
pub fn widen(pipe: impl std::os::fd::AsFd) {
    // What is no pipe, or has reached its user's limit, stays as it is.
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, PIECE);
}

/// The same where it can't.
#[cfg(not(target_os = "linux"))]
pub fn widen<P>(_pipe: P) {}

fn pump(mut from: impl Read, to: &SyncSender<io::Result<Piece>>, buffers: &Receiver<Vec<u8>>) {
    loop {
        let mut buffer = buffers.try_recv().unwrap_or_default();
        buffer.resize(PIECE, 0);
        let read = from.read(&mut buffer);
        let ended = !matches!(read, Ok(1..));
        let read = read.map(|count| (buffer, count));
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
        while self.given == self.piece.1 {
            let next = match self.pieces.recv_timeout(TICK) {
                Ok(piece) => piece?,
                Err(RecvTimeoutError::Timeout) if is_stopped() => {
                    return Err(io::Error::other("interrupted"));
                }
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
            };
            let (spent, _) = std::mem::replace(&mut self.piece, next);
            // A buffer that nobody takes back is let go.
            let _ = self.spent.try_send(spent);
            self.given = 0;
            if self.piece.1 == 0 {
                return Ok(0);
            }
        }
        let (buffer, filled) = &self.piece;
        let mut left = buffer.get(self.given..*filled).unwrap_or_default();
        let count = left.read(to)?;
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_comes_through_whole() {
        let bytes: Vec<u8> = (0..7_000_000_u32).map(|n| (n >> 3) as u8).collect();
        let mut stream = Stream::new(io::Cursor::new(bytes.clone()));
        let mut read = Vec::new();
        stream.read_to_end(&mut read).unwrap();
        assert!(read == bytes);
        assert_eq!(stream.read(&mut [0; 9]).unwrap(), 0, "and ends");
    }
}
