//! A type tree as a snapshot gives it, for types that a name does not tell.
//!
//! ```json
//! {"name": "main.Key", "kind": "struct", "size": 24, "align": 8, "fields": [
//!     {"name": "id", "off": 0, "type": {"name": "main.ID", "kind": "int32"}},
//!     {"name": "host", "off": 8, "type": {"name": "string", "kind": "string"}}]}
//! {"name": "[16]uint8", "kind": "array", "len": 16, "elem": "uint8"}
//! {"name": "main.Stringer", "kind": "interface", "methods": 1}
//! ```
//!
//! Kinds are those of reflect's `Kind.String()`. Sizes, alignments and offsets may be left out, then they are computed; where they
//! are given they have to fit together, and a struct's are believed (Go aligns a few types of its own more strictly). A text in
//! place of a tree is read as a type. [`super::MapType::with_trees`] and interface values in questions call [`go_type`].

use super::super::target::Arch;
use super::{GoType, Kind, MAX_DEPTH, TOO_DEEP, TypeError, resolve};
use serde_json::Value;

/// The strictest alignment that a tree may ask for; Go's types need 8 at most, cgo's vectors may need more.
const STRICTEST_ALIGN: u64 = 64;

/// Reads a tree.
///
/// # Errors
/// [`TypeError::Inconsistent`] where it lacks a part or contradicts itself; errors of texts in it.
pub fn go_type(tree: &Value, arch: Arch) -> Result<GoType, TypeError> {
    Reader { arch }.read(tree, 0)
}

struct Reader {
    arch: Arch,
}

/// A node of the tree.
struct Node<'v> {
    value: &'v Value,
    name: &'v str,
}

impl<'v> Node<'v> {
    fn wrong(&self, why: impl Into<String>) -> TypeError {
        TypeError::Inconsistent {
            name: self.name.to_owned(),
            why: why.into(),
        }
    }

    fn child(&self, field: &str) -> Result<&'v Value, TypeError> {
        let child = self.value.get(field).filter(|child| !child.is_null());
        child.ok_or_else(|| self.wrong(format!("\"{field}\" is missing")))
    }

    /// A number that may be left out.
    fn number(&self, field: &str) -> Result<Option<u64>, TypeError> {
        match self.value.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_u64() {
                Some(number) => Ok(Some(number)),
                None => Err(self.wrong(format!("\"{field}\" is no whole number"))),
            },
        }
    }
}

impl Reader {
    fn read(&self, tree: &Value, depth: usize) -> Result<GoType, TypeError> {
        if depth >= MAX_DEPTH {
            return Err(TypeError::TooLarge(TOO_DEEP));
        }
        if let Value::String(text) = tree {
            return GoType::parse(text, self.arch);
        }
        let text = |field| tree.get(field).and_then(Value::as_str);
        let kind = text("kind").unwrap_or_default();
        let node = Node {
            value: tree,
            name: text("name").unwrap_or(kind),
        };
        let go_type = match kind {
            "array" => self.array(&node, depth)?,
            "struct" => return self.structure(&node, depth),
            "" => return Err(node.wrong("\"kind\" is missing")),
            _ => self.leaf(&node, kind)?,
        };
        check(&node, &go_type)?;
        Ok(go_type)
    }

    /// Kinds whose insides don't matter.
    fn leaf(&self, node: &Node<'_>, kind: &str) -> Result<GoType, TypeError> {
        let (kind, words) = match kind {
            "ptr" | "chan" => (Kind::Pointer, 1),
            "func" | "map" => (Kind::Reference, 1),
            "slice" => (Kind::Slice, 3),
            "interface" => {
                let empty = is_empty_interface(node)?;
                (Kind::Interface { empty }, 2)
            }
            // The other names of basic types are no kinds.
            "byte" | "rune" | "any" | "error" => return Err(node.wrong(unknown_kind(kind))),
            _ => {
                let basic = resolve::basic(kind, self.arch);
                let basic = basic.ok_or_else(|| node.wrong(unknown_kind(kind)))?;
                let name = node.name.to_owned();
                return Ok(GoType { name, ..basic });
            }
        };
        Ok(resolve::of_words(
            node.name.to_owned(),
            kind,
            words,
            self.arch,
        ))
    }

    fn array(&self, node: &Node<'_>, depth: usize) -> Result<GoType, TypeError> {
        let elem = self.read(node.child("elem")?, depth + 1)?;
        let len = node.number("len")?;
        let len = len.ok_or_else(|| node.wrong("\"len\" is missing"))?;
        let name = match node.name {
            "array" => format!("[{len}]{}", elem.name),
            name => name.to_owned(),
        };
        resolve::array(name, len, elem, self.arch)
    }

    fn structure(&self, node: &Node<'_>, depth: usize) -> Result<GoType, TypeError> {
        let align = node.number("align")?;
        if align.is_some_and(|align| !align.is_power_of_two() || align > STRICTEST_ALIGN) {
            return Err(node.wrong("\"align\" is no power of two up to 64"));
        }
        let size = node.number("size")?;
        let fields = match node.value.get("fields") {
            // struct {}: producers leave an empty list out.
            None | Some(Value::Null) if size == Some(0) => &Vec::new(),
            _ => {
                let fields = node.child("fields")?.as_array();
                fields.ok_or_else(|| node.wrong("\"fields\" is no list"))?
            }
        };
        let mut placed = resolve::Placed::default();
        for field in fields {
            let name = field.get("name").and_then(Value::as_str);
            let field = Node {
                value: field,
                name: node.name,
            };
            let name = name.ok_or_else(|| field.wrong("a field has no \"name\""))?;
            let go_type = self.read(field.child("type")?, depth + 1)?;
            let offset = field.number("off")?;
            if offset.is_some_and(|offset| !offset.is_multiple_of(go_type.align.max(1))) {
                return Err(field.wrong(format!("field {name} is not aligned")));
            }
            placed.push(node.name, name.to_owned(), go_type, offset, self.arch)?;
        }
        let name = node.name.to_owned();
        placed.into_type(name, size, align, self.arch)
    }
}

fn unknown_kind(kind: &str) -> String {
    format!("\"{kind}\" is no kind of package reflect")
}

/// `methods` is their number, a list of them, or true; nothing means none.
fn is_empty_interface(node: &Node<'_>) -> Result<bool, TypeError> {
    match node.value.get("methods") {
        None | Some(Value::Null | Value::Bool(false)) => Ok(true),
        Some(Value::Bool(true)) => Ok(false),
        Some(Value::Array(methods)) => Ok(methods.is_empty()),
        Some(_) => Ok(node.number("methods")? == Some(0)),
    }
}

/// Compares what the tree says of a size and an alignment with what follows from its kind.
fn check(node: &Node<'_>, go_type: &GoType) -> Result<(), TypeError> {
    let facts = [("size", go_type.size), ("align", go_type.align)];
    for (field, computed) in facts {
        if let Some(given) = node.number(field)?.filter(|&given| given != computed) {
            return Err(node.wrong(format!(
                "\"{field}\" is {given}, but its kind and parts make {computed} on this machine"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(tree: Value) -> Result<GoType, TypeError> {
        go_type(&tree, Arch::Amd64)
    }

    fn why(tree: &Value) -> String {
        go_type(tree, Arch::Amd64).unwrap_err().to_string()
    }

    #[test]
    fn a_tree_without_numbers_is_laid_out_by_go() {
        let key = read(json!({"name": "main.Key", "kind": "struct", "fields": [
            {"name": "id", "type": {"name": "main.ID", "kind": "int32"}},
            {"name": "_", "type": "[3]byte"},
            {"name": "tags", "type": {"kind": "array", "len": 2, "elem": {"kind": "string"}}}]}))
        .unwrap();
        let same =
            GoType::parse("struct{ id int32; _ [3]byte; tags [2]string }", Arch::Amd64).unwrap();
        assert_eq!(
            (key.name.as_str(), key.size, key.align),
            ("main.Key", 40, 8)
        );
        let offsets = |go_type: &GoType| match &go_type.kind {
            Kind::Struct { fields } => fields.iter().map(|field| field.offset).collect(),
            _ => Vec::new(),
        };
        assert_eq!(offsets(&key), [0, 4, 8]);
        assert_eq!(offsets(&key), offsets(&same));
    }

    #[test]
    fn a_structs_own_offsets_are_believed() {
        // sync/atomic.Int64 is aligned to 8 bytes on 32-bit machines too.
        let tree = json!({"name": "main.S", "kind": "struct", "size": 16, "align": 8, "fields": [
            {"name": "a", "off": 0, "type": "int32"},
            {"name": "b", "off": 8, "type": {"name": "atomic.Int64", "kind": "struct", "size": 8, "align": 8,
                "fields": [{"name": "v", "off": 0, "type": "int64"}]}}]});
        let s = go_type(&tree, Arch::I386).unwrap();
        assert_eq!((s.size, s.align), (16, 8));
    }

    #[test]
    fn an_empty_struct_needs_no_list() {
        let empty = read(json!({"name": "struct {}", "kind": "struct", "size": 0, "align": 1}));
        assert_eq!(empty, GoType::parse("struct{}", Arch::Amd64));
    }

    #[test]
    fn contradictions_are_named() {
        let int_field = |off: u64| json!({"name": "a", "off": off, "type": "int64"});
        let structure = |size: u64, fields: Vec<Value>| json!({"name": "main.S", "kind": "struct", "size": size, "fields": fields});
        for (tree, expected) in [
            (
                json!({"name": "main.ID", "kind": "int32", "size": 8}),
                "\"size\" is 8",
            ),
            (
                json!({"name": "main.ID", "kind": "int32", "align": 8}),
                "\"align\" is 8",
            ),
            (
                json!({"name": "a", "kind": "array", "len": 3, "size": 4, "elem": "byte"}),
                "\"size\" is 4",
            ),
            (
                json!({"name": "a", "kind": "array", "elem": "byte"}),
                "\"len\" is missing",
            ),
            (
                json!({"name": "a", "kind": "array", "len": -1, "elem": "byte"}),
                "no whole number",
            ),
            (json!({"name": "a", "kind": "integer"}), "no kind"),
            (json!({"name": "a", "kind": "byte"}), "no kind"),
            (json!({"name": "a"}), "\"kind\" is missing"),
            (json!(5), "\"kind\" is missing"),
            (structure(8, vec![int_field(8)]), "its fields end at 16"),
            (structure(16, vec![int_field(4)]), "not aligned"),
            (
                structure(16, vec![int_field(0), int_field(0)]),
                "inside the one before",
            ),
            (
                json!({"name": "main.S", "kind": "struct"}),
                "\"fields\" is missing",
            ),
            (
                json!({"name": "main.S", "kind": "struct", "align": 3, "fields": []}),
                "power of two",
            ),
        ] {
            let why = why(&tree);
            assert!(why.contains(expected), "{tree}: {why}");
        }
        let huge = json!({"name": "a", "kind": "array", "len": u64::MAX, "elem": "int"});
        assert!(matches!(read(huge), Err(TypeError::TooLarge(_))));
        let far = structure(8, vec![int_field(u64::MAX - 7)]);
        assert!(matches!(read(far), Err(TypeError::TooLarge(_))));
    }

    #[test]
    fn methods_in_every_spelling() {
        for (methods, empty) in [
            (json!(null), true),
            (json!(0), true),
            (json!([]), true),
            (json!(false), true),
            (json!(2), false),
            (json!(["String"]), false),
            (json!(true), false),
        ] {
            let tree = json!({"name": "main.I", "kind": "interface", "methods": methods});
            assert_eq!(read(tree).unwrap().kind, Kind::Interface { empty });
        }
    }

    #[test]
    fn depth_is_bounded() {
        let mut tree = json!("int");
        for _ in 0..MAX_DEPTH {
            tree = json!({"kind": "array", "len": 1, "elem": tree});
        }
        assert_eq!(read(tree), Err(TypeError::TooLarge(TOO_DEEP)));
    }
}
