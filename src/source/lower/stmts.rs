//! Statements.

use super::{Lowering, last_line, line};
use crate::source::ast::{Clause, Expr, For, If, Range, Stmt, StmtKind, Switch, TypeExpr};
use tree_sitter::Node;

impl Lowering<'_> {
    /// The statements of a block, or of anything that holds a `statement_list`.
    pub(super) fn block(&mut self, node: Node<'_>) -> Vec<Stmt> {
        self.deeper(|lowering| lowering.statements(node))
            .unwrap_or_default()
    }

    fn statements(&mut self, node: Node<'_>) -> Vec<Stmt> {
        let mut statements = Vec::new();
        for part in self.parts(node) {
            match part.kind() {
                "statement_list" => {
                    for inner in self.parts(part) {
                        self.statement_into(inner, &mut statements);
                    }
                }
                _ => self.statement_into(part, &mut statements),
            }
        }
        statements.shrink_to_fit();
        statements
    }

    fn statement_into(&mut self, node: Node<'_>, into: &mut Vec<Stmt>) {
        let stmt = self.statement(node);
        if !matches!(stmt.kind, StmtKind::Nothing) {
            into.push(stmt);
        }
    }

    fn statement(&mut self, node: Node<'_>) -> Stmt {
        let kind = self
            .deeper(|lowering| lowering.statement_kind(node))
            .unwrap_or(StmtKind::Nothing);
        let simple = !matches!(
            kind,
            StmtKind::Block(_)
                | StmtKind::If(_)
                | StmtKind::For(_)
                | StmtKind::Range(_)
                | StmtKind::Switch(_)
                | StmtKind::Select(..)
        );
        let first = line(node);
        let last = if simple { last_line(node) } else { first };
        Stmt {
            line: first,
            last,
            kind,
        }
    }

    /// A flat table of the grammar's statement nodes.
    fn statement_kind(&mut self, node: Node<'_>) -> StmtKind {
        let first = |lowering: &Self| lowering.parts(node).first().copied();
        match node.kind() {
            "expression_statement" => match first(self) {
                Some(inner) => StmtKind::Expr(self.expr(inner)),
                None => StmtKind::Nothing,
            },
            "assignment_statement" => {
                let operator = self.field(node, "operator").map(|o| o.kind());
                self.assignment(node, false, operator.is_some_and(|o| o != "="))
            }
            "short_var_declaration" => self.assignment(node, true, false),
            "receive_statement" => self.receive(node),
            "inc_statement" | "dec_statement" => match first(self) {
                Some(inner) => StmtKind::IncDec(self.expr(inner)),
                None => StmtKind::Nothing,
            },
            "var_declaration" => self.vars(node),
            "type_declaration" => {
                self.type_declaration(node);
                StmtKind::Nothing
            }
            "send_statement" => {
                let channel = self.named(node, "channel");
                StmtKind::Send(channel, self.named(node, "value"))
            }
            "go_statement" | "defer_statement" => match first(self) {
                Some(inner) if node.kind() == "go_statement" => StmtKind::Go(self.expr(inner)),
                Some(inner) => StmtKind::Defer(self.expr(inner)),
                None => StmtKind::Nothing,
            },
            "return_statement" => {
                let list = first(self).map(|list| self.expr_list(list));
                StmtKind::Return(list.unwrap_or_default())
            }
            "block" => StmtKind::Block(self.block(node)),
            "labeled_statement" => {
                let inner = self.parts(node).into_iter().skip(1);
                let inner: Vec<Node<'_>> = inner.collect();
                StmtKind::Block(inner.into_iter().map(|node| self.statement(node)).collect())
            }
            "if_statement" => self.if_statement(node),
            "for_statement" => self.for_statement(node),
            "expression_switch_statement" | "type_switch_statement" => self.switch(node),
            "select_statement" => self.select(node),
            "break_statement" | "continue_statement" | "goto_statement" => StmtKind::Leave,
            "empty_statement" | "const_declaration" | "fallthrough_statement" | "comment" => {
                StmtKind::Nothing
            }
            // A simple statement in an odd place of a damaged file, or a bare expression.
            _ => StmtKind::Expr(self.expr(node)),
        }
    }

    fn named(&mut self, node: Node<'_>, field: &str) -> Expr {
        match self.field(node, field) {
            Some(inner) => self.expr(inner),
            None => Expr::Parts(Vec::new()),
        }
    }

    fn list(&mut self, node: Node<'_>, field: &str) -> Vec<Expr> {
        let list = self.field(node, field);
        list.map(|list| self.expr_list(list)).unwrap_or_default()
    }

    fn assignment(&mut self, node: Node<'_>, define: bool, op: bool) -> StmtKind {
        StmtKind::Assign {
            left: self.list(node, "left"),
            right: self.list(node, "right"),
            define,
            op,
        }
    }

    fn receive(&mut self, node: Node<'_>) -> StmtKind {
        let left = self.list(node, "left");
        let right = vec![self.named(node, "right")];
        match left.is_empty() {
            true => StmtKind::Expr(right.into_iter().next().unwrap_or(Expr::Parts(Vec::new()))),
            false => StmtKind::Assign {
                left,
                right,
                define: true,
                op: false,
            },
        }
    }

    fn vars(&mut self, node: Node<'_>) -> StmtKind {
        StmtKind::Vars(self.var_declaration(node))
    }

    fn optional(&mut self, node: Node<'_>, field: &str) -> Option<Stmt> {
        self.field(node, field).map(|inner| self.statement(inner))
    }

    fn if_statement(&mut self, node: Node<'_>) -> StmtKind {
        let otherwise = self
            .field(node, "alternative")
            .map(|other| match other.kind() {
                "if_statement" => vec![self.statement(other)],
                _ => self.block(other),
            });
        let then = self.field(node, "consequence");
        StmtKind::If(Box::new(If {
            init: self.optional(node, "initializer"),
            cond: self.named(node, "condition"),
            then: then.map(|then| self.block(then)).unwrap_or_default(),
            otherwise,
        }))
    }

    fn for_statement(&mut self, node: Node<'_>) -> StmtKind {
        let body = self.field(node, "body");
        let head = self
            .parts(node)
            .into_iter()
            .find(|part| Some(part.id()) != body.map(|body| body.id()));
        let body = body.map(|body| self.block(body)).unwrap_or_default();
        match head {
            Some(head) if head.kind() == "range_clause" => {
                let vars = self.list(head, "left");
                let mut cursor = head.walk();
                let define = head.children(&mut cursor).any(|child| child.kind() == ":=");
                StmtKind::Range(Box::new(Range {
                    vars,
                    define,
                    over: self.named(head, "right"),
                    body,
                }))
            }
            Some(head) if head.kind() == "for_clause" => StmtKind::For(Box::new(For {
                init: self.optional(head, "initializer"),
                cond: self.field(head, "condition").map(|cond| self.expr(cond)),
                post: self.optional(head, "update"),
                body,
            })),
            head => StmtKind::For(Box::new(For {
                init: None,
                cond: head.map(|cond| self.expr(cond)),
                post: None,
                body,
            })),
        }
    }

    fn switch(&mut self, node: Node<'_>) -> StmtKind {
        let bind = self.field(node, "alias");
        let bind = bind.and_then(|list| self.parts(list).first().copied());
        let (mut clauses, mut default) = (Vec::new(), false);
        for part in self.parts(node) {
            match part.kind() {
                "expression_case" | "type_case" | "default_case" => {
                    default |= part.kind() == "default_case";
                    clauses.push(self.clause(part));
                }
                _ => {}
            }
        }
        StmtKind::Switch(Box::new(Switch {
            init: self.optional(node, "initializer"),
            bind: bind.map(|name| self.name_of(name)),
            value: self.field(node, "value").map(|value| self.expr(value)),
            clauses,
            default,
        }))
    }

    fn clause(&mut self, node: Node<'_>) -> Clause {
        let types = match node.kind() {
            "type_case" => self.fields(node, "type"),
            _ => Vec::new(),
        };
        let values = self.list(node, "value");
        let body = self
            .parts(node)
            .into_iter()
            .find(|part| part.kind() == "statement_list");
        let body = body.map(|body| self.statements_of(body));
        let types: Vec<TypeExpr> = types.into_iter().map(|ty| self.type_expr(ty)).collect();
        Clause {
            comm: self.optional(node, "communication"),
            values,
            types,
            body: body.unwrap_or_default(),
        }
    }

    fn statements_of(&mut self, list: Node<'_>) -> Vec<Stmt> {
        self.deeper(|lowering| {
            let mut statements = Vec::new();
            for part in lowering.parts(list) {
                lowering.statement_into(part, &mut statements);
            }
            statements.shrink_to_fit();
            statements
        })
        .unwrap_or_default()
    }

    fn select(&mut self, node: Node<'_>) -> StmtKind {
        let (mut clauses, mut default) = (Vec::new(), false);
        for part in self.parts(node) {
            if matches!(part.kind(), "communication_case" | "default_case") {
                default |= part.kind() == "default_case";
                clauses.push(self.clause(part));
            }
        }
        StmtKind::Select(clauses, default)
    }
}
