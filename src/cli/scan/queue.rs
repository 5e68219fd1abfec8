//! Work for several threads, some of which makes more of it: the parts of a large file are known only when it has been swept.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard};

/// Jobs that wait, and how many are being done.
pub struct Queue<J> {
    state: Mutex<State<J>>,
    changed: Condvar,
}

struct State<J> {
    waiting: VecDeque<J>,
    running: usize,
}

impl<J> Queue<J> {
    /// With these jobs to begin with.
    pub fn new(jobs: impl IntoIterator<Item = J>) -> Self {
        let waiting = jobs.into_iter().collect();
        Self {
            state: Mutex::new(State {
                waiting,
                running: 0,
            }),
            changed: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state
            .lock()
            .unwrap_or_else(|poison| poison.into_inner())
    }

    /// More work; what belongs to a begun file goes first.
    pub fn push(&self, job: J) {
        self.lock().waiting.push_front(job);
        self.changed.notify_one();
    }

    /// Does jobs until none is left and none can come.
    pub fn work(&self, mut run: impl FnMut(J)) {
        while let Some(job) = self.take() {
            // A job that panics still counts as done, else the other threads would wait for ever.
            let done = Done(self);
            run(job);
            drop(done);
        }
    }

    fn take(&self) -> Option<J> {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.waiting.pop_front() {
                state.running += 1;
                return Some(job);
            }
            if state.running == 0 {
                return None;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(|poison| poison.into_inner());
        }
    }
}

struct Done<'q, J>(&'q Queue<J>);

impl<J> Drop for Done<'_, J> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.running -= 1;
        if state.running == 0 {
            self.0.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn jobs_that_make_jobs_are_all_done() {
        let queue = Queue::new([5u32, 3, 1]);
        let done = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    queue.work(|job| {
                        done.fetch_add(1, Ordering::Relaxed);
                        if job > 0 {
                            queue.push(job - 1);
                        }
                    });
                });
            }
        });
        assert_eq!(done.load(Ordering::Relaxed), 6 + 4 + 2);
    }
}
