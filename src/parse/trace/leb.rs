//! LEB128 numbers, as all of a trace is written: seven bits a byte, the lowest first, the top bit set on all but the last byte.
//!
//! Go pads some of them to ten bytes (`0x85 0x80 … 0x00` is 5), to fill in the length of a batch later. Used by every grammar of
//! this room.

/// Bytes of the longest number: 64 bits.
pub(super) const LONGEST: usize = 10;

/// Reads numbers from a slice.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bytes<'t> {
    data: &'t [u8],
    at: usize,
}

impl<'t> Bytes<'t> {
    pub(super) fn new(data: &'t [u8]) -> Self {
        Self { data, at: 0 }
    }

    /// Reads on from byte `at` of `data`.
    pub(super) fn from(data: &'t [u8], at: usize) -> Self {
        Self {
            data,
            at: at.min(data.len()),
        }
    }

    /// Bytes taken so far.
    #[inline]
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Bytes left.
    #[inline]
    pub(super) fn left(&self) -> usize {
        self.data.len() - self.at
    }

    #[inline]
    pub(super) fn byte(&mut self) -> Option<u8> {
        let byte = *self.data.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    /// A number; `None` where the slice ends inside it or it has more than 64 bits.
    #[inline(always)]
    pub(super) fn number(&mut self) -> Option<u64> {
        let first = *self.data.get(self.at)?;
        if first < 0x80 {
            self.at += 1;
            return Some(u64::from(first));
        }
        // Two and three bytes are as frequent as one: times and counts.
        if let Some(&[_, second, third]) = self.data.get(self.at..self.at + 3) {
            let low = u64::from(first & 0x7f) | u64::from(second & 0x7f) << 7;
            if second < 0x80 {
                self.at += 2;
                return Some(low);
            }
            if third < 0x80 {
                self.at += 3;
                return Some(low | u64::from(third) << 14);
            }
        }
        self.longer()
    }

    fn longer(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for (place, &byte) in self.data.get(self.at..)?.iter().take(LONGEST).enumerate() {
            if place == LONGEST - 1 && byte > 1 {
                return None;
            }
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                self.at += place + 1;
                return Some(value);
            }
        }
        None
    }

    /// The next `length` bytes.
    pub(super) fn take(&mut self, length: u64) -> Option<&'t [u8]> {
        let length = usize::try_from(length).ok()?;
        let taken = self.data.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_may_be_padded() {
        let padded = [
            0x85, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, 7,
        ];
        let mut bytes = Bytes::new(&padded);
        assert_eq!(bytes.number(), Some(5));
        assert_eq!(bytes.number(), Some(7));
        assert_eq!(bytes.number(), None);
    }

    #[test]
    fn sixty_four_bits_are_the_limit() {
        let none = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(Bytes::new(&none).number(), Some(u64::MAX));
        let more = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02];
        assert_eq!(Bytes::new(&more).number(), None);
        assert_eq!(Bytes::new(&[0x80; 11]).number(), None);
        assert_eq!(Bytes::new(&[0x80]).number(), None);
    }
}
