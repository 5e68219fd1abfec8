//! Types as written.

use super::Lowering;
use crate::source::ast::{FieldDecl, Signature, TypeExpr};
use tree_sitter::Node;

impl Lowering<'_> {
    /// A type; what has no bearing on maps, locks or calls is [`TypeExpr::Unknown`].
    pub(super) fn type_expr(&mut self, node: Node<'_>) -> TypeExpr {
        self.deeper(|lowering| lowering.type_inside(node))
            .unwrap_or(TypeExpr::Unknown)
    }

    fn type_inside(&mut self, node: Node<'_>) -> TypeExpr {
        let first = |lowering: &Self| lowering.parts(node).first().copied();
        match node.kind() {
            "type_identifier" | "identifier" | "field_identifier" => {
                TypeExpr::Name(None, self.name_of(node))
            }
            "qualified_type" | "selector_expression" => self.qualified(node),
            "generic_type" => self.field_type(node, "type"),
            "type_instantiation_expression" => self.field_type(node, "type"),
            "pointer_type" => match first(self) {
                Some(to) => TypeExpr::Pointer(Box::new(self.type_expr(to))),
                None => TypeExpr::Unknown,
            },
            "parenthesized_type" | "type_elem" => match first(self) {
                Some(inner) => self.type_expr(inner),
                None => TypeExpr::Unknown,
            },
            "slice_type" | "array_type" | "implicit_length_array_type" => {
                TypeExpr::List(Box::new(self.field_type(node, "element")))
            }
            "channel_type" => TypeExpr::Chan(Box::new(self.field_type(node, "value"))),
            "map_type" => TypeExpr::Map(Box::new((
                self.field_type(node, "key"),
                self.field_type(node, "value"),
            ))),
            "function_type" => TypeExpr::Func(Box::new(self.signature(node))),
            "struct_type" => self.struct_type(node),
            "interface_type" => self.interface_type(node),
            _ => TypeExpr::Unknown,
        }
    }

    fn field_type(&mut self, node: Node<'_>, field: &str) -> TypeExpr {
        match self.field(node, field) {
            Some(ty) => self.type_expr(ty),
            None => TypeExpr::Unknown,
        }
    }

    fn qualified(&mut self, node: Node<'_>) -> TypeExpr {
        let package = self.field(node, "package").or(self.field(node, "operand"));
        let name = self.field(node, "name").or(self.field(node, "field"));
        let (Some(package), Some(name)) = (package, name) else {
            return TypeExpr::Unknown;
        };
        TypeExpr::Name(Some(self.name_of(package)), self.name_of(name))
    }

    fn struct_type(&mut self, node: Node<'_>) -> TypeExpr {
        let mut fields = Vec::new();
        let lists = self.parts(node);
        let declarations = lists.into_iter().flat_map(|list| self.parts(list));
        for declaration in declarations.collect::<Vec<_>>() {
            let Some(ty) = self.field(declaration, "type") else {
                continue;
            };
            let names = self.fields(declaration, "name");
            if names.is_empty() {
                let starred = self.text.get(declaration.start_byte()) == Some(&b'*');
                let ty = self.type_expr(ty);
                let Some(name) = type_name(&ty) else { continue };
                let ty = match starred {
                    true => TypeExpr::Pointer(Box::new(ty)),
                    false => ty,
                };
                fields.push(FieldDecl {
                    name,
                    ty,
                    embedded: true,
                });
                continue;
            }
            for name in names {
                fields.push(FieldDecl {
                    name: self.name_of(name),
                    ty: self.type_expr(ty),
                    embedded: false,
                });
            }
        }
        TypeExpr::Struct(fields)
    }

    fn interface_type(&mut self, node: Node<'_>) -> TypeExpr {
        let (mut methods, mut embedded) = (Vec::new(), Vec::new());
        for part in self.parts(node) {
            match (part.kind(), self.field(part, "name")) {
                ("method_elem", Some(name)) => {
                    methods.push((self.name_of(name), self.signature(part)));
                }
                ("type_elem", _) => embedded.push(self.type_expr(part)),
                _ => {}
            }
        }
        TypeExpr::Interface(methods, embedded)
    }

    /// Parameters and results of anything that has them.
    pub(super) fn signature(&mut self, node: Node<'_>) -> Signature {
        let params = self.field(node, "parameters");
        let (params, variadic) = params.map(|list| self.params(list)).unwrap_or_default();
        let results = match self.field(node, "result") {
            Some(list) if list.kind() == "parameter_list" => self.params(list).0,
            Some(one) => vec![crate::source::ast::Param {
                name: None,
                ty: self.type_expr(one),
            }],
            None => Vec::new(),
        };
        Signature {
            params,
            results,
            variadic,
        }
    }
}

/// The name an embedded field goes by.
fn type_name(ty: &TypeExpr) -> Option<crate::source::ast::Name> {
    match ty {
        TypeExpr::Name(_, name) => Some(name.clone()),
        TypeExpr::Pointer(to) => type_name(to),
        _ => None,
    }
}
