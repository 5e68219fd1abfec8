//! Expressions.

use super::{Lowering, line};
use crate::source::ast::{Call, Element, Expr, TypeExpr};
use tree_sitter::Node;

impl Lowering<'_> {
    /// An expression; literals have no parts.
    pub(super) fn expr(&mut self, node: Node<'_>) -> Expr {
        self.deeper(|lowering| lowering.expr_inside(node))
            .unwrap_or(Expr::Parts(Vec::new()))
    }

    /// A flat table of the grammar's expression nodes.
    fn expr_inside(&mut self, node: Node<'_>) -> Expr {
        match node.kind() {
            "identifier" | "type_identifier" | "field_identifier" | "package_identifier"
            | "blank_identifier" => Expr::Name(self.name_of(node)),
            "parenthesized_expression" | "variadic_argument" | "literal_element" => {
                match self.parts(node).first() {
                    Some(&inner) => self.expr(inner),
                    None => Expr::Parts(Vec::new()),
                }
            }
            "selector_expression" => self.selector(node),
            "index_expression" => Expr::Index(
                Box::new((
                    self.field_expr(node, "operand"),
                    self.field_expr(node, "index"),
                )),
                line(node),
            ),
            "slice_expression" => {
                let bounds = ["start", "end", "capacity"];
                let bounds = bounds.into_iter().filter_map(|name| self.field(node, name));
                let bounds: Vec<Node<'_>> = bounds.collect();
                Expr::Slice(
                    Box::new(self.field_expr(node, "operand")),
                    bounds.into_iter().map(|bound| self.expr(bound)).collect(),
                )
            }
            "call_expression" => self.call(node),
            "type_conversion_expression" => Expr::Call(Box::new(Call {
                func: Expr::Type(Box::new(self.typed(node, "type"))),
                args: vec![self.field_expr(node, "operand")],
                line: line(node),
            })),
            "type_assertion_expression" => Expr::Assert(
                Box::new(self.field_expr(node, "operand")),
                Some(Box::new(self.typed(node, "type"))),
            ),
            "type_instantiation_expression" => Expr::Type(Box::new(self.type_expr(node))),
            "unary_expression" => self.unary(node),
            "binary_expression" => self.binary(node),
            "composite_literal" => {
                let ty = self.typed(node, "type");
                let body = self.field(node, "body");
                let elements = body.map(|body| self.elements(body)).unwrap_or_default();
                Expr::Composite(Box::new(ty), elements)
            }
            "literal_value" => Expr::Composite(Box::new(TypeExpr::Unknown), self.elements(node)),
            "func_literal" => Expr::Func(Box::new(self.func(node))),
            "map_type" | "slice_type" | "array_type" | "channel_type" | "pointer_type"
            | "struct_type" | "function_type" | "interface_type" | "generic_type"
            | "qualified_type" | "parenthesized_type" => Expr::Type(Box::new(self.type_expr(node))),
            _ => Expr::Parts(Vec::new()),
        }
    }

    fn field_expr(&mut self, node: Node<'_>, field: &str) -> Expr {
        match self.field(node, field) {
            Some(inner) => self.expr(inner),
            None => Expr::Parts(Vec::new()),
        }
    }

    fn typed(&mut self, node: Node<'_>, field: &str) -> TypeExpr {
        match self.field(node, field) {
            Some(ty) => self.type_expr(ty),
            None => TypeExpr::Unknown,
        }
    }

    fn selector(&mut self, node: Node<'_>) -> Expr {
        let operand = self.field_expr(node, "operand");
        match self.field(node, "field") {
            Some(field) => Expr::Select(Box::new(operand), self.name_of(field), line(field)),
            None => operand,
        }
    }

    fn call(&mut self, node: Node<'_>) -> Expr {
        let func = self.field_expr(node, "function");
        let list = self.field(node, "arguments");
        let args = list.map(|list| self.parts(list)).unwrap_or_default();
        Expr::Call(Box::new(Call {
            func,
            args: args.into_iter().map(|arg| self.expr(arg)).collect(),
            line: line(node),
        }))
    }

    fn unary(&mut self, node: Node<'_>) -> Expr {
        let operand = Box::new(self.field_expr(node, "operand"));
        let operator = self.field(node, "operator").map(|operator| operator.kind());
        match operator {
            Some("*") => Expr::Star(operand),
            Some("&") => Expr::Address(operand),
            Some("!") => Expr::Not(operand),
            Some("<-") => Expr::Receive(operand),
            _ => Expr::Parts(vec![*operand]),
        }
    }

    /// Long sums lean to the left; they are flattened without going deeper.
    fn binary(&mut self, node: Node<'_>) -> Expr {
        if self.operator(node) == Some("&&") {
            let left = self.field_expr(node, "left");
            let right = self.field_expr(node, "right");
            return Expr::And(Box::new((left, right)));
        }
        let mut parts = Vec::new();
        let mut at = node;
        loop {
            parts.push(self.field_expr(at, "right"));
            let Some(left) = self.field(at, "left") else {
                break;
            };
            if left.kind() != "binary_expression" || self.operator(left) == Some("&&") {
                parts.push(self.expr(left));
                break;
            }
            at = left;
        }
        parts.retain(|part| !matches!(part, Expr::Parts(inner) if inner.is_empty()));
        parts.reverse();
        Expr::Parts(parts)
    }

    fn elements(&mut self, body: Node<'_>) -> Vec<Element> {
        let mut elements = Vec::new();
        for part in self.parts(body) {
            let element = match part.kind() {
                "keyed_element" => Element {
                    key: Some(self.field_expr(part, "key")),
                    value: self.field_expr(part, "value"),
                },
                _ => Element {
                    key: None,
                    value: self.expr(part),
                },
            };
            // Tables of plain values are the bulk of many files and say nothing.
            if !matches!((&element.key, &element.value), (None, Expr::Parts(parts)) if parts.is_empty())
            {
                elements.push(element);
            }
        }
        elements
    }

    /// The operator of a binary or unary expression.
    fn operator<'n>(&self, node: Node<'n>) -> Option<&'n str> {
        let operator = self.field(node, "operator")?;
        Some(operator.kind())
    }
}
