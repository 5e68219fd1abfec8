//! Numbers of literals as the bits that stand in memory.
//!
//! Go's constants are exact and rounded once, to the type they get; so are these: `16777217` as a `float32` is rounded from its
//! digits, not from a `float64`. Called by [`super::literal`].
//!
//! ```text
//! 1_0.2_5   017 (octal 15)   017.5 (decimal)   0x1.8p-1074 (hexadecimal: halves by hand)   010i (10i, not octal)
//! ```

use super::super::tokens::integer;
use super::expression::{Expr, What};

/// A width of floating-point numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    Single,
    Double,
}

/// Bits of `math.NaN()`.
const NAN_DOUBLE: u64 = 0x7ff8_0000_0000_0001;

/// Bits of `float32(math.NaN())`.
const NAN_SINGLE: u64 = 0x7fc0_0000;

impl Width {
    /// The width of so many bytes.
    pub fn of(bytes: u64) -> Self {
        if bytes == 4 {
            Width::Single
        } else {
            Width::Double
        }
    }

    fn sign_bit(self) -> u64 {
        match self {
            Width::Single => 1 << 31,
            Width::Double => 1 << 63,
        }
    }

    /// Bits of the significand behind the implied one.
    fn fraction_bits(self) -> u32 {
        match self {
            Width::Single => 23,
            Width::Double => 52,
        }
    }

    /// The exponent of the least bit of the smallest numbers.
    fn least_exponent(self) -> i64 {
        match self {
            Width::Single => -149,
            Width::Double => -1074,
        }
    }

    fn infinity(self) -> u64 {
        match self {
            Width::Single => u64::from(f32::INFINITY.to_bits()),
            Width::Double => f64::INFINITY.to_bits(),
        }
    }

    /// A number's bits, or those of the number with the other sign.
    fn signed(self, bits: u64, minus: bool) -> u64 {
        bits ^ if minus { self.sign_bit() } else { 0 }
    }

    /// NaN and the infinities.
    fn special(self, value: f64) -> u64 {
        match self {
            _ if value == f64::NEG_INFINITY => self.signed(self.infinity(), true),
            _ if value.is_infinite() => self.infinity(),
            Width::Single => NAN_SINGLE,
            Width::Double => NAN_DOUBLE,
        }
    }

    /// The bits of an unsigned literal without its `i`.
    fn parse(self, text: &str) -> Result<u64, &'static str> {
        let bits = if is_hexadecimal(text) {
            self.hexadecimal(text)
        } else if let Some(value) = integer(text).filter(|_| text.starts_with('0')) {
            // Octal and binary; a leading 0 alone makes 017 octal and leaves 017.5 decimal.
            Some(self.round(value, 0, false))
        } else {
            self.decimal(text)
        };
        match bits {
            None => Err("the number is malformed"),
            Some(bits) if bits == self.infinity() => Err("the number is too large"),
            Some(bits) => Ok(bits),
        }
    }

    fn decimal(self, text: &str) -> Option<u64> {
        let digits: String = text.chars().filter(|&c| c != '_').collect();
        let numeric = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
        if !digits.chars().all(numeric) || is_bare_octal(&digits) {
            return None;
        }
        match self {
            Width::Single => Some(u64::from(digits.parse::<f32>().ok()?.to_bits())),
            Width::Double => Some(digits.parse::<f64>().ok()?.to_bits()),
        }
    }

    /// `0x1.8p-3`, `0xff`
    fn hexadecimal(self, text: &str) -> Option<u64> {
        let digits = text.get(2..)?;
        let (digits, exponent) = match digits.split_once(['p', 'P']) {
            Some((digits, exponent)) => (digits, exponent.parse::<i64>().ok()?),
            None if digits.contains('.') => return None,
            None => (digits, 0),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let (mut value, mut scale, mut lost, mut any) = (0u128, 0i64, false, false);
        for (c, behind_point) in whole
            .chars()
            .map(|c| (c, false))
            .chain(fraction.chars().map(|c| (c, true)))
            .filter(|&(c, _)| c != '_')
        {
            any = true;
            let digit = c.to_digit(16)?;
            // 128 bits hold more than any width; what comes later only decides how to round.
            if value >> 124 == 0 {
                value = value << 4 | u128::from(digit);
                scale -= if behind_point { 4 } else { 0 };
            } else {
                lost |= digit != 0;
                scale += if behind_point { 0 } else { 4 };
            }
        }
        let exponent = exponent.checked_add(scale)?;
        any.then(|| self.round(value, exponent, lost))
    }

    /// The nearest number to value * 2^exponent (`lost`: a little more), of two equally near ones the even one.
    fn round(self, value: u128, exponent: i64, lost: bool) -> u64 {
        if value == 0 {
            return 0;
        }
        let precision = i64::from(self.fraction_bits()) + 1;
        let length = i64::from(u128::BITS - value.leading_zeros());
        // The exponent of the least bit that is kept.
        let least = exponent
            .saturating_add(length - precision)
            .max(self.least_exponent());
        let drop = least.saturating_sub(exponent);
        let kept = if drop <= 0 {
            value << drop.unsigned_abs().min(127)
        } else if drop > 128 {
            0
        } else {
            let shifted = value.checked_shr(drop as u32).unwrap_or(0);
            let half = 1u128 << (drop - 1);
            let below = value & (half - 1) != 0 || lost;
            let odd = shifted & 1 == 1;
            shifted + u128::from(value & half != 0 && (below || odd))
        };
        // Adding the significand, implied one included, to the exponent's field carries where rounding made it longer.
        let step = (least - self.least_exponent()) as u128;
        let bits = (step << self.fraction_bits()).checked_add(kept);
        let infinity = u128::from(self.infinity());
        bits.map_or(infinity, |bits| bits.min(infinity)) as u64
    }
}

fn is_hexadecimal(text: &str) -> bool {
    text.starts_with("0x") || text.starts_with("0X")
}

/// `089`: an octal number with digits it does not have.
fn is_bare_octal(digits: &str) -> bool {
    digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit())
}

/// True where a number without type becomes an `int`, not a `float64`.
pub(super) fn is_integer(text: &str) -> bool {
    match is_hexadecimal(text) {
        true => !text.contains(['.', 'p', 'P']),
        false => !text.contains(['.', 'e', 'E']),
    }
}

/// The value of a whole number: `42`, `-'a'`, `1e3`.
pub(super) fn whole(expr: &Expr<'_>) -> Option<i128> {
    match &expr.what {
        What::Char(value) => Some(i128::from(*value)),
        What::Number(text) => whole_text(text)?.try_into().ok(),
        What::Signed { minus, inner } if !matches!(inner.what, What::Signed { .. }) => {
            let value = whole(inner)?;
            Some(if *minus { -value } else { value })
        }
        _ => None,
    }
}

/// The value of an integer, also where it is written as a float with nothing behind the point.
fn whole_text(text: &str) -> Option<u128> {
    /// All whole numbers up to here are floats.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if is_integer(text) {
        return integer(text);
    }
    let value = f64::from_bits(Width::Double.parse(text).ok()?);
    (value.fract() == 0.0 && value <= EXACT).then_some(value as u128)
}

/// The bits of a real number.
pub(super) fn real(expr: &Expr<'_>, width: Width) -> Result<u64, &'static str> {
    match &expr.what {
        What::Number(text) if !text.ends_with('i') => width.parse(text),
        What::Char(value) => Ok(width.round(u128::from(*value), 0, false)),
        What::Special {
            value,
            imaginary: false,
        } => Ok(width.special(*value)),
        What::Signed { minus, inner } if !matches!(inner.what, What::Signed { .. }) => {
            Ok(width.signed(real(inner, width)?, *minus))
        }
        _ => Err("a real number expected"),
    }
}

/// The bits of `2i`, `-Infi`; `None` where there is no `i`.
fn imaginary(expr: &Expr<'_>, width: Width) -> Option<Result<u64, &'static str>> {
    match &expr.what {
        What::Number(text) => Some(width.parse(without_i(text)?)),
        What::Special {
            value,
            imaginary: true,
        } => Some(Ok(width.special(*value))),
        What::Signed { minus, inner } if !matches!(inner.what, What::Signed { .. }) => {
            let bits = imaginary(inner, width)?;
            Some(bits.map(|bits| width.signed(bits, *minus)))
        }
        _ => None,
    }
}

/// The bits of a complex number's real and imaginary part.
pub(super) fn complex(expr: &Expr<'_>, width: Width) -> Result<(u64, u64), &'static str> {
    match &expr.what {
        What::Complex {
            real: first,
            imaginary: second,
            call: true,
            ..
        } => Ok((real(first, width)?, real(second, width)?)),
        What::Complex {
            real: first,
            minus,
            imaginary: second,
            call: false,
        } => {
            let bits =
                imaginary(second, width).ok_or("an imaginary part such as 2i expected")??;
            Ok((real(first, width)?, width.signed(bits, *minus)))
        }
        _ => match imaginary(expr, width) {
            Some(bits) => Ok((0, bits?)),
            None => Ok((real(expr, width)?, 0)),
        },
    }
}

/// The digits of an imaginary number. Those of a decimal one may begin with zeros: `010i` is 10i.
fn without_i(text: &str) -> Option<&str> {
    let digits = text.strip_suffix('i')?;
    if digits.bytes().all(|b| b.is_ascii_digit() || b == b'_') {
        let significant = digits.trim_start_matches(['0', '_']);
        return Some(if significant.is_empty() {
            "0"
        } else {
            significant
        });
    }
    Some(digits)
}
