//! What is kept of a Go file: declarations and bodies without literals, comments and punctuation.
//!
//! [`super::lower`] makes a [`File`] from the grammar's tree and drops the tree at once; [`super::program`] resolves names across
//! files, [`super::walk`] goes through the bodies. A million lines are held in this form, so nodes are small and names are shared
//! within a file. Lines count from 1.

use super::skim::Outline;
use std::path::PathBuf;
use std::sync::Arc;

/// An identifier or import path, shared within its file.
pub type Name = Arc<str>;

/// One source file.
#[derive(Debug)]
pub struct File {
    /// Path below the directory that was opened, with forward slashes.
    pub path: String,
    /// Where it is.
    pub disk: PathBuf,
    /// The package clause's name.
    pub package: Name,
    /// Imports with the name they are used by, where one is written.
    pub imports: Vec<(Option<Name>, Name)>,
    /// Type declarations, those inside functions included.
    pub types: Vec<TypeDecl>,
    /// Package variables.
    pub vars: Vec<VarDecl>,
    /// Functions and methods.
    pub funcs: Vec<FuncDecl>,
    /// First line with a syntax error.
    pub error: Option<u32>,
    /// Lines of the file.
    pub lines: u32,
    /// Where its bodies are, if they are parsed when asked for.
    pub deferred: Option<Deferred>,
}

/// A file of which only the declarations are parsed: the bodies of [`File::funcs`] are empty.
#[derive(Debug)]
pub struct Deferred {
    /// The whole text.
    pub text: Vec<u8>,
    /// Its functions, each where it is in [`File::funcs`].
    pub outline: Outline,
}

/// `type Name[T any] = Type`.
#[derive(Debug)]
pub struct TypeDecl {
    /// Its name.
    pub name: Name,
    /// What it stands for.
    pub ty: TypeExpr,
    /// Type parameters.
    pub params: Vec<Name>,
    /// `type A = B`.
    pub alias: bool,
}

/// `var a, b T = x, y`.
#[derive(Debug)]
pub struct VarDecl {
    /// Names, `_` included.
    pub names: Vec<Name>,
    /// Type, where written.
    pub ty: Option<TypeExpr>,
    /// Values, where written.
    pub values: Vec<Expr>,
    /// Line of the first name.
    pub line: u32,
}

/// A function or method declaration.
#[derive(Debug)]
pub struct FuncDecl {
    /// Its name.
    pub name: Name,
    /// Receiver.
    pub receiver: Option<Param>,
    /// Type parameters, those of a generic receiver included.
    pub type_params: Vec<Name>,
    /// Signature and body.
    pub func: Func,
    /// The comment above it says that a lock is held by the caller.
    pub claims_lock: bool,
}

/// Signature and body of a declared function or a function literal.
#[derive(Debug)]
pub struct Func {
    /// Parameters and results.
    pub signature: Signature,
    /// Statements; empty for functions without a body.
    pub body: Vec<Stmt>,
    /// First line.
    pub line: u32,
    /// Last line.
    pub end: u32,
}

/// Parameters and results.
#[derive(Debug, Default)]
pub struct Signature {
    /// One for each name, or for each type where there are no names.
    pub params: Vec<Param>,
    /// The same for results.
    pub results: Vec<Param>,
    /// `...T` as the last.
    pub variadic: bool,
}

/// A parameter, result or receiver.
#[derive(Debug)]
pub struct Param {
    /// Its name, where it has one.
    pub name: Option<Name>,
    /// Its type.
    pub ty: TypeExpr,
}

/// A type as written.
#[derive(Debug)]
pub enum TypeExpr {
    /// Left out, or nothing that matters here.
    Unknown,
    /// `pkg.Name`, `Name`; type arguments are dropped.
    Name(Option<Name>, Name),
    /// `*T`
    Pointer(Box<TypeExpr>),
    /// `[]T`, `[4]T`
    List(Box<TypeExpr>),
    /// `map[K]V`
    Map(Box<(TypeExpr, TypeExpr)>),
    /// `chan T`
    Chan(Box<TypeExpr>),
    /// `func(…) …`
    Func(Box<Signature>),
    /// `struct{…}`
    Struct(Vec<FieldDecl>),
    /// Method names and embedded interfaces.
    Interface(Vec<(Name, Signature)>, Vec<TypeExpr>),
}

/// A field; embedded ones carry the name of their type.
#[derive(Debug)]
pub struct FieldDecl {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: TypeExpr,
    /// Embedded.
    pub embedded: bool,
}

/// An expression.
#[derive(Debug)]
pub enum Expr {
    /// Operators, conversions without a type, literals: what it is made of.
    Parts(Vec<Expr>),
    /// A name.
    Name(Name),
    /// `x.name`
    Select(Box<Expr>, Name, u32),
    /// `x[i]`
    Index(Box<(Expr, Expr)>, u32),
    /// `f(…)`
    Call(Box<Call>),
    /// `*x`
    Star(Box<Expr>),
    /// `&x`
    Address(Box<Expr>),
    /// `!x`
    Not(Box<Expr>),
    /// `<-x`
    Receive(Box<Expr>),
    /// `a && b`
    And(Box<(Expr, Expr)>),
    /// `T{…}`
    Composite(Box<TypeExpr>, Vec<Element>),
    /// `func(…) {…}`
    Func(Box<Func>),
    /// `x.(T)`; `x.(type)` without a type.
    Assert(Box<Expr>, Option<Box<TypeExpr>>),
    /// A type in the place of an expression: `make(map[int]int)`.
    Type(Box<TypeExpr>),
    /// `x[a:b]`
    Slice(Box<Expr>, Vec<Expr>),
}

/// A call.
#[derive(Debug)]
pub struct Call {
    /// What is called.
    pub func: Expr,
    /// Arguments.
    pub args: Vec<Expr>,
    /// First line.
    pub line: u32,
}

/// An element of a composite literal.
#[derive(Debug)]
pub struct Element {
    /// `key:`
    pub key: Option<Expr>,
    /// Value.
    pub value: Expr,
}

/// A statement with its first line.
#[derive(Debug)]
pub struct Stmt {
    /// Line from 1.
    pub line: u32,
    /// Last line of a simple statement; the first one of the others.
    pub last: u32,
    /// What it is.
    pub kind: StmtKind,
}

/// The kinds of statements.
#[derive(Debug)]
pub enum StmtKind {
    /// A call, a receive.
    Expr(Expr),
    /// `a, b = x, y`; `define` for `:=`, `op` for `+=` and the like.
    Assign {
        /// Left side.
        left: Vec<Expr>,
        /// Right side.
        right: Vec<Expr>,
        /// `:=`
        define: bool,
        /// `+=`, `|=`, …
        op: bool,
    },
    /// `x++`, `x--`
    IncDec(Expr),
    /// `var` inside a function.
    Vars(Vec<VarDecl>),
    /// `ch <- v`
    Send(Expr, Expr),
    /// `go f()`
    Go(Expr),
    /// `defer f()`
    Defer(Expr),
    /// `return …`
    Return(Vec<Expr>),
    /// `{ … }`, and what follows a label.
    Block(Vec<Stmt>),
    /// `if`
    If(Box<If>),
    /// `for`, but not over a range.
    For(Box<For>),
    /// `for … range`
    Range(Box<Range>),
    /// `switch` of values or types.
    Switch(Box<Switch>),
    /// `select`
    Select(Vec<Clause>, bool),
    /// `break`, `continue`, `goto`
    Leave,
    /// Nothing of interest.
    Nothing,
}

/// `if init; cond {…} else {…}`
#[derive(Debug)]
pub struct If {
    /// `init;`
    pub init: Option<Stmt>,
    /// Condition.
    pub cond: Expr,
    /// Body.
    pub then: Vec<Stmt>,
    /// The other branch.
    pub otherwise: Option<Vec<Stmt>>,
}

/// `for init; cond; post {…}`
#[derive(Debug)]
pub struct For {
    /// `init;`
    pub init: Option<Stmt>,
    /// Condition; a loop without one ends by leaving it.
    pub cond: Option<Expr>,
    /// `; post`
    pub post: Option<Stmt>,
    /// Body.
    pub body: Vec<Stmt>,
}

/// `for k, v := range x {…}`
#[derive(Debug)]
pub struct Range {
    /// Up to two variables.
    pub vars: Vec<Expr>,
    /// `:=`
    pub define: bool,
    /// What is ranged over.
    pub over: Expr,
    /// Body.
    pub body: Vec<Stmt>,
}

/// `switch init; bind := value.(type) {…}`
#[derive(Debug)]
pub struct Switch {
    /// `init;`
    pub init: Option<Stmt>,
    /// The variable of a type switch.
    pub bind: Option<Name>,
    /// What is switched on.
    pub value: Option<Expr>,
    /// Clauses.
    pub clauses: Vec<Clause>,
    /// There is a `default`.
    pub default: bool,
}

/// A clause of `switch` or `select`.
#[derive(Debug, Default)]
pub struct Clause {
    /// The communication of a `select`.
    pub comm: Option<Stmt>,
    /// Values of a case.
    pub values: Vec<Expr>,
    /// Types of a case.
    pub types: Vec<TypeExpr>,
    /// Body.
    pub body: Vec<Stmt>,
}

/// The name of a variable that is a plain name.
pub fn plain_name(expr: &Expr) -> Option<&Name> {
    match expr {
        Expr::Name(name) => Some(name),
        _ => None,
    }
}
