//! The words in a frame's parentheses.
//!
//! Go prints memory words, not Go values: `(0xc00012a000, {0xc00003a010?, 0x5}, ...)`. A word marked `?` may be stale and proves
//! nothing; Go 1.17 prints such words without the mark.

use super::{Address, TextLine};

/// One piece of an argument list, in printing order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgToken {
    /// A word; `doubtful` where it carries a `?`.
    Word {
        /// The bits of the word.
        value: u64,
        /// Printed with a `?`.
        doubtful: bool,
    },
    /// `{`: a struct, string, slice, interface or array begins.
    Open,
    /// `}`.
    Close,
    /// `...`: more words than the runtime prints.
    More,
    /// `_`: a word too far away to be printed.
    Unprinted,
}

/// A parsed argument list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Args {
    /// The pieces in order.
    pub tokens: Vec<ArgToken>,
}

/// The arguments of one frame of a goroutine's stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrameArgs {
    /// The list between the parentheses; empty for inlined frames, which print `(...)`.
    pub args: Args,
    /// `fp=`, `sp=`, `pc=` (system level).
    pub registers: Option<(Address, Address, Address)>,
    /// The function line; `None` for lines that stand in the place of a frame.
    pub line: Option<TextLine>,
}

impl Args {
    /// The pieces of top-level argument `n` (from 0): one word, or everything between a pair of braces.
    pub fn argument(&self, n: usize) -> Option<&[ArgToken]> {
        let (mut depth, mut index, mut start) = (0usize, 0usize, 0usize);
        for (at, token) in self.tokens.iter().enumerate() {
            match token {
                ArgToken::Open => {
                    if depth == 0 {
                        start = at + 1;
                    }
                    depth += 1;
                    continue;
                }
                ArgToken::Close => {
                    depth = depth.saturating_sub(1);
                    if depth > 0 {
                        continue;
                    }
                }
                _ if depth > 0 => continue,
                _ => start = at,
            }
            if index == n {
                let end = if *token == ArgToken::Close {
                    at
                } else {
                    at + 1
                };
                return self.tokens.get(start..end);
            }
            index += 1;
        }
        None
    }

    /// Word `word` of top-level argument `n`, if it was printed without a `?`.
    pub fn firm(&self, n: usize, word: usize) -> Option<u64> {
        match self.words(n).nth(word)? {
            (value, false) => Some(value),
            _ => None,
        }
    }

    /// The words of top-level argument `n` with their doubt marks, inner braces flattened.
    pub fn words(&self, n: usize) -> impl Iterator<Item = (u64, bool)> {
        self.argument(n)
            .unwrap_or_default()
            .iter()
            .filter_map(|token| match *token {
                ArgToken::Word { value, doubtful } => Some((value, doubtful)),
                _ => None,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(value: u64) -> ArgToken {
        ArgToken::Word {
            value,
            doubtful: false,
        }
    }

    #[test]
    fn arguments_are_split_at_the_outer_level() {
        // (0x1, {0x2, {0x3?}}, 0x4)
        let doubtful = ArgToken::Word {
            value: 3,
            doubtful: true,
        };
        let tokens = vec![
            word(1),
            ArgToken::Open,
            word(2),
            ArgToken::Open,
            doubtful,
            ArgToken::Close,
            ArgToken::Close,
            word(4),
        ];
        let args = Args { tokens };
        assert_eq!(args.firm(0, 0), Some(1));
        assert_eq!(args.firm(1, 0), Some(2));
        assert_eq!(args.firm(1, 1), None);
        assert_eq!(args.words(1).collect::<Vec<_>>(), [(2, false), (3, true)]);
        assert_eq!(args.firm(2, 0), Some(4));
        assert_eq!(args.argument(3), None);
    }
}
