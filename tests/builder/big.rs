//! Large captures of a living process: many goroutines on few stacks, as a server under load has them.

use super::print::{self, Labels};
use super::{Arg, Creation, Dump, Frame, Goroutine, Place};

/// Kinds of goroutines: state, and the functions from the innermost on.
/// A state and its frames: function, file, line.
type Kind = (&'static str, &'static [(&'static str, &'static str, u32)]);

const KINDS: [Kind; 4] = [
    (
        "IO wait",
        &[
            (
                "internal/poll.runtime_pollWait",
                "/usr/local/go/src/runtime/netpoll.go",
                351,
            ),
            (
                "internal/poll.(*pollDesc).wait",
                "/usr/local/go/src/internal/poll/fd_poll_runtime.go",
                84,
            ),
            ("net.(*conn).Read", "/usr/local/go/src/net/net.go", 194),
            (
                "bufio.(*Reader).Peek",
                "/usr/local/go/src/bufio/bufio.go",
                148,
            ),
            (
                "net/http.(*conn).serve",
                "/usr/local/go/src/net/http/server.go",
                2079,
            ),
        ],
    ),
    (
        "sync.Mutex.Lock",
        &[
            (
                "internal/sync.runtime_SemacquireMutex",
                "/usr/local/go/src/runtime/sema.go",
                95,
            ),
            (
                "internal/sync.(*Mutex).lockSlow",
                "/usr/local/go/src/internal/sync/mutex.go",
                149,
            ),
            (
                "example.com/shop/cart.(*Store).Add",
                "/app/cart/store.go",
                41,
            ),
            ("example.com/shop/cart.Handle", "/app/cart/handler.go", 77),
        ],
    ),
    (
        "chan receive",
        &[
            (
                "example.com/shop/jobs.(*Pool).worker",
                "/app/jobs/pool.go",
                58,
            ),
            (
                "example.com/shop/jobs.(*Pool).Start.func1",
                "/app/jobs/pool.go",
                31,
            ),
        ],
    ),
    (
        "select",
        &[
            (
                "example.com/shop/feed.(*Watcher).loop",
                "/app/feed/watch.go",
                102,
            ),
            (
                "golang.org/x/sync/errgroup.(*Group).Go.func1",
                "/go/pkg/mod/golang.org/x/sync@v0.7.0/errgroup/errgroup.go",
                78,
            ),
        ],
    ),
];

/// Text of at least `bytes` bytes, ending with a whole goroutine; the same for the same size.
pub fn capture(bytes: usize) -> String {
    let mut out = String::with_capacity(bytes + 4096);
    let mut id = 0;
    while out.len() < bytes {
        id += 1;
        let one = Dump {
            goroutines: vec![goroutine(id)],
            ..Dump::default()
        };
        if id > 1 {
            out.push('\n');
        }
        out.push_str(&print::dump(&one, Labels::Behind));
    }
    out
}

fn goroutine(id: u64) -> Goroutine {
    let (state, funcs) =
        KINDS[(id.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 60) as usize % KINDS.len()];
    let frames = funcs.iter().map(|&(func, file, line)| Frame::Call {
        func: func.into(),
        args: vec![
            Arg::Word(0x00c0_0000_0000 + id * 0x40, false),
            Arg::Group(vec![Arg::Word(id, true), Arg::Word(0x5, false)]),
        ],
        place: place(file, line, line % 7 * 16 + 5),
        registers: None,
    });
    Goroutine {
        id,
        state: state.into(),
        minutes: id.is_multiple_of(5).then_some((id % 90) as u32 + 1),
        frames: Some(frames.collect()),
        created: Some(Creation {
            func: "net/http.(*Server).Serve".into(),
            parent: Some(id / 1000 + 1),
            place: place("/usr/local/go/src/net/http/server.go", 3454, 0x485),
        }),
        ..Goroutine::default()
    }
}

fn place(file: &str, line: u32, offset: u32) -> Place {
    Place {
        file: file.into(),
        line,
        offset: Some(offset),
    }
}
