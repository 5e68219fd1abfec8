//! What of an image `==` looks at: two keys are one where their identities are equal.
//!
//! Padding, blank fields and the words of strings and interfaces do not count, and -0 is 0. NaN keys, which equal nothing, are not
//! told apart here: they have no hash to begin with.

use super::super::types::{GoType, Kind};
use super::{Dynamic, Image, Ref, Referent};

/// Digits of a float without its sign.
const SIGN: u8 = 0x80;

impl Image {
    /// The image with everything zeroed that `==` does not look at.
    pub fn identity(&self, go_type: &GoType) -> Image {
        let mut identity = Image {
            bytes: vec![0; self.bytes.len()],
            refs: Vec::new(),
        };
        self.copy(go_type, 0, &mut identity);
        identity
    }

    fn copy(&self, go_type: &GoType, offset: u64, out: &mut Image) {
        match &go_type.kind {
            Kind::Scalar(_) | Kind::Pointer | Kind::Reference | Kind::Slice => {
                self.copy_bytes(offset, go_type.size, out)
            }
            Kind::Float => self.copy_float(offset, go_type.size, out),
            Kind::Complex => {
                let half = go_type.size / 2;
                self.copy_float(offset, half, out);
                self.copy_float(offset + half, half, out);
            }
            Kind::String | Kind::Interface { .. } => {
                let found = self.refs.iter().find(|there| there.offset == offset);
                out.refs.extend(found.map(Ref::identity));
            }
            Kind::Array { len, elem } => {
                for n in (0..*len).take(self.bytes.len()) {
                    self.copy(elem, offset + n * elem.size, out);
                }
            }
            Kind::Struct { fields } => {
                for field in fields.iter().filter(|field| field.name != "_") {
                    self.copy(&field.go_type, offset + field.offset, out);
                }
            }
        }
    }

    fn copy_bytes(&self, offset: u64, size: u64, out: &mut Image) {
        let (from, to) = (offset as usize, (offset + size) as usize);
        if let (Some(source), Some(target)) =
            (self.bytes.get(from..to), out.bytes.get_mut(from..to))
        {
            target.copy_from_slice(source);
        }
    }

    fn copy_float(&self, offset: u64, size: u64, out: &mut Image) {
        let range = offset as usize..(offset + size) as usize;
        let is_zero = self.bytes.get(range).is_some_and(|bytes| match bytes {
            [rest @ .., last] => last & !SIGN == 0 && rest.iter().all(|byte| *byte == 0),
            [] => true,
        });
        if !is_zero {
            self.copy_bytes(offset, size, out);
        }
    }
}

impl Ref {
    fn identity(&self) -> Ref {
        let referent = match &self.referent {
            Referent::Iface(Some(dynamic)) => {
                let Dynamic { go_type, image } = dynamic.as_ref();
                let image = image.identity(go_type);
                Referent::Iface(Some(Box::new(Dynamic {
                    go_type: go_type.clone(),
                    image,
                })))
            }
            plain => plain.clone(),
        };
        Ref {
            offset: self.offset,
            referent,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::super::target::Arch;
    use super::super::super::types::MapType;
    use super::*;

    fn same(key: &str, a: &str, b: &str) -> bool {
        let types = MapType::parse(&format!("map[{key}]int"), Arch::Amd64).unwrap();
        let identity = |literal| {
            Image::parse(literal, &types.key, Arch::Amd64)
                .unwrap()
                .identity(&types.key)
        };
        identity(a) == identity(b)
    }

    #[test]
    fn spellings_of_one_value_are_one_key() {
        assert!(same("int", "16", "0x10"));
        assert!(same("string", r#""\x61""#, "`a`"));
        assert!(same("float64", "0", "-0.0"));
        assert!(same(
            "struct{_ int; a int8; b int64}",
            "{a: 1, b: 2}",
            "hex:090909090909090901090909090909090200000000000000"
        ));
        assert!(same("any", "'a'", "int32(97)"));
    }

    #[test]
    fn different_values_are_different_keys() {
        assert!(!same("float64", "1", "-1.0"));
        assert!(!same("any", "1", "int32(1)"));
        assert!(!same("any", "nil", "0"));
        assert!(!same("[2]string", r#"{"ab", "c"}"#, r#"{"a", "bc"}"#));
    }
}
