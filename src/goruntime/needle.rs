//! Fixed strings that are looked for in line after line.
//!
//! What a fast search needs to know of a string takes longer to make than a search of a line; a [`Needle`] makes it once. For the
//! grammars and [`super::anchors`].

use memchr::memmem::Finder;
use std::sync::OnceLock;

/// A fixed string.
#[derive(Debug)]
pub struct Needle {
    text: &'static [u8],
    finder: OnceLock<Finder<'static>>,
}

impl Needle {
    /// For a constant.
    pub const fn new(text: &'static [u8]) -> Self {
        Self {
            text,
            finder: OnceLock::new(),
        }
    }

    fn finder(&self) -> &Finder<'static> {
        self.finder.get_or_init(|| Finder::new(self.text))
    }

    /// Where it first begins in a line.
    pub fn find(&self, line: &[u8]) -> Option<usize> {
        self.finder().find(line)
    }

    /// All places where it begins, from left to right; they do not overlap.
    pub fn find_iter<'n>(&'n self, line: &'n [u8]) -> impl Iterator<Item = usize> + 'n {
        self.finder().find_iter(line)
    }

    /// What stands behind its first place in a line.
    pub fn behind<'l>(&self, line: &'l [u8]) -> Option<&'l [u8]> {
        line.get(self.find(line)? + self.text.len()..)
    }

    /// Whether it stands in a line.
    pub fn is_in(&self, line: &[u8]) -> bool {
        self.find(line).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needles_are_found_where_they_stand() {
        static NEEDLE: Needle = Needle::new(b".go:");
        assert_eq!(NEEDLE.find(b"a.go:1 b.go:2"), Some(1));
        assert_eq!(
            NEEDLE.find_iter(b"a.go:1 b.go:2").collect::<Vec<_>>(),
            [1, 8]
        );
        assert_eq!(NEEDLE.behind(b"a.go:1"), Some(&b"1"[..]));
        assert!(!NEEDLE.is_in(b"a.go"));
    }
}
