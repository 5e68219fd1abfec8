//! From the grammar's tree of one file to [`File`], the compact form; the tree is dropped here.
//!
//! [`super::module`] calls [`Reader::file`] or [`Reader::headers`] once per file, in parallel. Grammar: tree-sitter-go; node names below are its own.
//!
//! ```go
//! package store                            // package_clause
//! import log "github.com/acme/log"         // import_declaration
//! type Index struct{ byName map[string]int } // type_declaration
//! func (i *Index) Put(name string) {       // method_declaration
//!     i.byName[name]++                     // inc_statement of an index_expression
//! }
//! ```
//!
//! Nesting is bounded: what lies deeper than [`MAX_NESTING`] is taken for an unknown expression or an empty block.

mod exprs;
mod stmts;
mod types;

use super::ast::{Deferred, Expr, File, Func, FuncDecl, Name, Param, TypeDecl, TypeExpr, VarDecl};
use super::skim::{Span, headers, plain, skim};
use rustc_hash::{FxHashMap, FxHashSet};
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::sync::Arc;
use tree_sitter::{Language, Node, Parser, Point, Range};

/// Deeper than people write, and shallow enough for the stack of a worker ([`super::module::WORKER_STACK`]).
const MAX_NESTING: u32 = 200;

/// Comments of this many bytes above a function are read for claims about locks.
const MAX_DOC: usize = 4096;

/// What a worker reads files with.
pub struct Reader {
    parser: Parser,
    /// The grammar's numbers of its fields, by name.
    fields: FxHashMap<String, u16>,
}

impl Reader {
    /// A reader; `None` where the grammar does not fit the parser.
    pub fn new() -> Option<Self> {
        let mut parser = Parser::new();
        let grammar: Language = tree_sitter_go::LANGUAGE.into();
        parser.set_language(&grammar).ok()?;
        let ids = 1..=grammar.field_count() as u16;
        let fields = ids.filter_map(|id| Some((grammar.field_name_for_id(id)?.to_owned(), id)));
        let fields = fields.collect();
        Some(Self { parser, fields })
    }

    /// Reads a file. `None` where the parser gives up on it.
    pub fn file(&mut self, path: String, disk: PathBuf, text: &[u8]) -> Option<File> {
        if let Some(outline) = skim(text, false) {
            let read = self.parsed(path.clone(), disk.clone(), &plain(text, &outline))?;
            if read.error.is_none() {
                return Some(read);
            }
        }
        self.parsed(path, disk, text)
    }

    /// Reads the declarations of a file and leaves its functions' bodies for [`Reader::function`]. A file in which the two would not be
    /// told apart for certain is read whole.
    pub fn headers(&mut self, path: String, disk: PathBuf, text: Vec<u8>) -> Option<File> {
        if let Some(mut outline) = skim(&text, true) {
            let read = self.parsed(path.clone(), disk.clone(), &headers(&text, &outline))?;
            let pairs = read.funcs.iter().zip(&outline.funcs);
            let agree = read.funcs.len() == outline.funcs.len()
                && pairs
                    .into_iter()
                    .all(|(decl, span)| decl.func.line == span.line);
            if agree && read.error.is_none() {
                outline.idle = Vec::new();
                let deferred = Some(Deferred { text, outline });
                return Some(File { deferred, ..read });
            }
        }
        self.file(path, disk, &text)
    }

    /// The function that stands there, with its body.
    pub fn function(&mut self, text: &[u8], span: &Span) -> Option<Func> {
        let point = |row: u32| Point {
            row: row.saturating_sub(1) as usize,
            column: 0,
        };
        let range = Range {
            start_byte: span.bytes.start,
            end_byte: span.bytes.end,
            start_point: point(span.line),
            // Behind every line of the file: only the bytes count.
            end_point: point(u32::MAX),
        };
        self.parser.set_included_ranges(&[range]).ok()?;
        let tree = self.parser.parse(text, None);
        self.parser.set_included_ranges(&[]).ok()?;
        let tree = tree?;
        let mut lowering = Lowering::new(text, &self.fields);
        let declared = lowering.children(tree.root_node()).into_iter();
        let mut functions = declared
            .filter(|node| matches!(node.kind(), "function_declaration" | "method_declaration"));
        functions.next().map(|node| lowering.func(node))
    }

    /// A text as the grammar sees it.
    fn parsed(&mut self, path: String, disk: PathBuf, text: &[u8]) -> Option<File> {
        let tree = self.parser.parse(text, None)?;
        let mut lowering = Lowering::new(text, &self.fields);
        let root = tree.root_node();
        let mut file = File {
            path,
            disk,
            package: lowering.name(""),
            imports: Vec::new(),
            types: Vec::new(),
            vars: Vec::new(),
            funcs: Vec::new(),
            error: root.has_error().then(|| first_error(root)),
            lines: memchr::memchr_iter(b'\n', text).count() as u32,
            deferred: None,
        };
        let mut doc: Option<Node<'_>> = None;
        for node in lowering.children(root) {
            lowering.declaration(node, doc, &mut file);
            doc = match node.kind() {
                "comment" => Some(doc.unwrap_or(node)),
                _ => None,
            };
        }
        file.types.append(&mut lowering.types);
        Some(file)
    }
}

/// Line of the first damaged place.
fn first_error(root: Node<'_>) -> u32 {
    let mut cursor = root.walk();
    loop {
        let node = cursor.node();
        if node.is_error() || node.is_missing() {
            break;
        }
        let inside = node.has_error() && cursor.goto_first_child();
        if !inside && !cursor.goto_next_sibling() {
            break;
        }
    }
    line(cursor.node())
}

/// The state of one file's reading.
pub(super) struct Lowering<'t> {
    text: &'t [u8],
    fields: &'t FxHashMap<String, u16>,
    names: FxHashSet<Name>,
    /// Declarations met inside functions.
    types: Vec<TypeDecl>,
    depth: u32,
}

/// First line of a node, from 1.
pub(super) fn line(node: Node<'_>) -> u32 {
    node.start_position().row as u32 + 1
}

/// Last line of a node, from 1.
pub(super) fn last_line(node: Node<'_>) -> u32 {
    node.end_position().row as u32 + 1
}

impl<'t> Lowering<'t> {
    fn new(text: &'t [u8], fields: &'t FxHashMap<String, u16>) -> Self {
        Self {
            text,
            fields,
            names: FxHashSet::default(),
            types: Vec::new(),
            depth: 0,
        }
    }

    /// Named children, comments included.
    fn children<'n>(&self, node: Node<'n>) -> Vec<Node<'n>> {
        let mut cursor = node.walk();
        node.named_children(&mut cursor).collect()
    }

    /// Named children without comments.
    fn parts<'n>(&self, node: Node<'n>) -> Vec<Node<'n>> {
        let mut parts = self.children(node);
        parts.retain(|part| part.kind() != "comment");
        parts
    }

    fn field<'n>(&self, node: Node<'n>, name: &str) -> Option<Node<'n>> {
        node.child_by_field_id(*self.fields.get(name)?)
    }

    fn fields<'n>(&self, node: Node<'n>, name: &str) -> Vec<Node<'n>> {
        let Some(id) = self.fields.get(name).copied().and_then(NonZeroU16::new) else {
            return Vec::new();
        };
        let mut cursor = node.walk();
        let found = node.children_by_field_id(id, &mut cursor);
        found.filter(Node::is_named).collect()
    }

    fn str(&self, node: Node<'_>) -> &'t str {
        let bytes = self.text.get(node.byte_range()).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    fn name(&mut self, text: &str) -> Name {
        if let Some(known) = self.names.get(text) {
            return known.clone();
        }
        let name: Name = Arc::from(text);
        self.names.insert(name.clone());
        name
    }

    fn name_of(&mut self, node: Node<'_>) -> Name {
        let text = self.str(node);
        self.name(text)
    }

    /// Runs `inner` one level deeper; `None` beyond the bound.
    fn deeper<R>(&mut self, inner: impl FnOnce(&mut Self) -> R) -> Option<R> {
        if self.depth >= MAX_NESTING {
            return None;
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        Some(result)
    }

    fn declaration(&mut self, node: Node<'_>, doc: Option<Node<'_>>, file: &mut File) {
        match node.kind() {
            "package_clause" => {
                if let Some(&name) = self.parts(node).first() {
                    file.package = self.name_of(name);
                }
            }
            "import_declaration" => self.imports(node, file),
            "type_declaration" => self.type_declaration(node),
            "var_declaration" => {
                let vars = self.var_declaration(node);
                file.vars.extend(vars);
            }
            "function_declaration" | "method_declaration" => {
                let claims_lock = doc.is_some_and(|doc| self.claims_lock(doc, node));
                let decl = self.function(node, claims_lock);
                file.funcs.extend(decl);
            }
            _ => {}
        }
    }

    fn imports(&mut self, node: Node<'_>, file: &mut File) {
        for part in self.parts(node) {
            match part.kind() {
                "import_spec_list" => self.imports(part, file),
                "import_spec" => {
                    let Some(path) = self.field(part, "path") else {
                        continue;
                    };
                    let path = self.str(path).trim_matches(['"', '`']);
                    let path = self.name(path);
                    let name = self.field(part, "name").map(|name| self.name_of(name));
                    file.imports.push((name, path));
                }
                _ => {}
            }
        }
    }

    fn type_declaration(&mut self, node: Node<'_>) {
        for spec in self.parts(node) {
            if !matches!(spec.kind(), "type_spec" | "type_alias") {
                continue;
            }
            let (Some(name), Some(ty)) = (self.field(spec, "name"), self.field(spec, "type"))
            else {
                continue;
            };
            let decl = TypeDecl {
                name: self.name_of(name),
                ty: self.type_expr(ty),
                params: self.type_params(spec),
                alias: spec.kind() == "type_alias",
            };
            self.types.push(decl);
        }
    }

    fn type_params(&mut self, node: Node<'_>) -> Vec<Name> {
        let Some(list) = self.field(node, "type_parameters") else {
            return Vec::new();
        };
        let mut names = Vec::new();
        for param in self.parts(list) {
            for name in self.fields(param, "name") {
                names.push(self.name_of(name));
            }
        }
        names
    }

    fn var_declaration(&mut self, node: Node<'_>) -> Vec<VarDecl> {
        let mut vars = Vec::new();
        for part in self.parts(node) {
            match part.kind() {
                "var_spec_list" => vars.extend(self.var_declaration(part)),
                "var_spec" => vars.push(self.var_spec(part)),
                _ => {}
            }
        }
        vars
    }

    fn var_spec(&mut self, spec: Node<'_>) -> VarDecl {
        let names = self.fields(spec, "name");
        let values = self.field(spec, "value");
        VarDecl {
            names: names.into_iter().map(|name| self.name_of(name)).collect(),
            ty: self.field(spec, "type").map(|ty| self.type_expr(ty)),
            values: values.map(|list| self.expr_list(list)).unwrap_or_default(),
            line: line(spec),
        }
    }

    fn function(&mut self, node: Node<'_>, claims_lock: bool) -> Option<FuncDecl> {
        let name = self.field(node, "name")?;
        let receiver = self.field(node, "receiver");
        let mut type_params = self.type_params(node);
        if let Some(list) = receiver {
            self.receiver_type_params(list, &mut type_params);
        }
        let receiver = receiver.and_then(|list| self.params(list).0.pop());
        Some(FuncDecl {
            name: self.name_of(name),
            receiver,
            type_params,
            func: self.func(node),
            claims_lock,
        })
    }

    /// `(c *Cache[K, V])` brings K and V along.
    fn receiver_type_params(&mut self, list: Node<'_>, into: &mut Vec<Name>) {
        let mut node = list;
        for _ in 0..6 {
            let next = match node.kind() {
                "parameter_list" => self.parts(node).first().copied(),
                "parameter_declaration" => self.field(node, "type"),
                "pointer_type" | "parenthesized_type" => self.parts(node).first().copied(),
                "generic_type" => self.field(node, "type_arguments"),
                "type_arguments" => {
                    for argument in self.parts(node) {
                        into.push(self.name_of(argument));
                    }
                    None
                }
                _ => None,
            };
            let Some(next) = next else { return };
            node = next;
        }
    }

    /// Signature and body of a declaration or a literal.
    fn func(&mut self, node: Node<'_>) -> Func {
        let signature = self.signature(node);
        let body = self.field(node, "body");
        Func {
            signature,
            body: body.map(|body| self.block(body)).unwrap_or_default(),
            line: line(node),
            end: last_line(node),
        }
    }

    /// `c.mu must be held`, `caller holds the lock`: the words people use where a function relies on its caller.
    fn claims_lock(&self, doc: Node<'_>, function: Node<'_>) -> bool {
        let from = doc
            .start_byte()
            .max(function.start_byte().saturating_sub(MAX_DOC));
        let text = self
            .text
            .get(from..function.start_byte())
            .unwrap_or_default();
        let text = String::from_utf8_lossy(text).to_lowercase();
        let speaks_of_lock = ["lock", "mutex", "mu ", "mu.", "mtx"];
        let speaks_of_holding = ["held", "hold", "locked", "acquire", "protected", "under "];
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        let unsafe_said = [
            "not thread-safe",
            "not thread safe",
            "not goroutine safe",
            "not concurrency safe",
            "not safe for concurrent",
            "single-threaded",
            "not be called concurrently",
        ];
        has(&speaks_of_lock) && has(&speaks_of_holding) || has(&unsafe_said)
    }

    fn params(&mut self, list: Node<'_>) -> (Vec<Param>, bool) {
        let mut params = Vec::new();
        let mut variadic = false;
        for part in self.parts(list) {
            let Some(ty) = self.field(part, "type") else {
                continue;
            };
            let rest = part.kind() == "variadic_parameter_declaration";
            variadic |= rest;
            let names = self.fields(part, "name");
            let mut one = |lowering: &mut Self, name: Option<Name>| {
                let ty = lowering.type_expr(ty);
                let ty = match rest {
                    true => TypeExpr::List(Box::new(ty)),
                    false => ty,
                };
                params.push(Param { name, ty });
            };
            if names.is_empty() {
                one(self, None);
            }
            for name in names {
                let name = self.name_of(name);
                one(self, Some(name));
            }
        }
        (params, variadic)
    }

    fn expr_list(&mut self, list: Node<'_>) -> Vec<Expr> {
        if list.kind() != "expression_list" {
            return vec![self.expr(list)];
        }
        let parts = self.parts(list);
        parts.into_iter().map(|part| self.expr(part)).collect()
    }
}
