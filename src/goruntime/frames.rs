//! Names of functions: whose code a frame is, what wraps it, and how a reader would write it.
//!
//! ```text
//! main.(*Cache).Set                       method of *main.Cache
//! main.(*Gen[...]).Get                    generic type (1.18 and later)
//! example.com/app/my%2epkg.Do             the dot of the last path element escaped; %252e in inlined closures of 1.27
//! main.main.gowrap1, main.f.deferwrap2    wrappers of go and defer statements (1.22 and later)
//! main.main·dwrap·1                       the same in 1.17
//! main.(*S).lock-fm                       a method value
//! main.run-range1                         the body of a range over a function (1.23 and later)
//! ```
//!
//! `analyze` asks for the first frame of user code; `render` for short names. Read [`owner`] first.

use super::landmarks::is_std_top;
use std::borrow::Cow;

/// Whose code a function is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// The program itself, or a module it uses.
    User,
    /// The runtime: `runtime`, `internal/runtime/…`, `panic`.
    Runtime,
    /// Another package of the standard library.
    Std,
    /// C code, or the bridge to it.
    Cgo,
}

/// The package path of a function name, escapes left in: `main`, `net/http`, `example.com/app/my%2epkg`. Empty for C symbols.
pub fn package(function: &[u8]) -> &[u8] {
    // Type arguments may hold paths of their own; they come after the package.
    let name_end = memchr::memchr2(b'[', b'(', function).unwrap_or(function.len());
    let plain = function.get(..name_end).unwrap_or(function);
    let last_element = memchr::memrchr(b'/', plain).map_or(0, |slash| slash + 1);
    let element = plain.get(last_element..).unwrap_or_default();
    match memchr::memchr(b'.', element) {
        Some(dot) => function.get(..last_element + dot).unwrap_or_default(),
        None => &[],
    }
}

/// The function name without its package: `(*Cache).Set`, `main.func1`.
pub fn short_name(function: &[u8]) -> &[u8] {
    let package = package(function);
    if package.is_empty() {
        return function;
    }
    function.get(package.len() + 1..).unwrap_or_default()
}

/// `cache.(*Cache).Set` of `example.com/app/cache.(*Cache).Set`: the last path element, as source code would write it.
pub fn display_name(function: &[u8]) -> Cow<'_, [u8]> {
    let package = package(function);
    let start = memchr::memrchr(b'/', package).map_or(0, |slash| slash + 1);
    unescape(function.get(start..).unwrap_or_default())
}

/// Go escapes a name at most twice; the bound keeps `%252525…` from costing a pass for each byte.
const UNESCAPE_PASSES: usize = 4;

/// Turns `%2e` and its like back, as often as they were escaped (twice in inlined closures of Go 1.27).
pub fn unescape(name: &[u8]) -> Cow<'_, [u8]> {
    let mut text = Cow::Borrowed(name);
    for _ in 0..UNESCAPE_PASSES {
        match unescape_once(&text) {
            Some(once) => text = Cow::Owned(once),
            None => break,
        }
    }
    text
}

/// `None` where nothing is escaped.
fn unescape_once(name: &[u8]) -> Option<Vec<u8>> {
    let escaped = |at: usize| -> Option<u8> {
        let digits = name.get(at + 1..at + 3)?;
        let digit = |b: u8| (b as char).to_digit(16);
        let &[high, low] = digits else { return None };
        Some((digit(high)? * 16 + digit(low)?) as u8)
    };
    let mut out = Vec::new();
    let mut rest = 0;
    for at in memchr::memchr_iter(b'%', name) {
        if let Some(byte) = escaped(at).filter(|_| at >= rest) {
            out.extend_from_slice(name.get(rest..at)?);
            out.push(byte);
            rest = at + 3;
        }
    }
    if rest == 0 {
        return None;
    }
    out.extend_from_slice(name.get(rest..)?);
    Some(out)
}

/// Bridges between Go and C that have no package of their own.
const CGO_PREFIXES: &[&[u8]] = &[b"_cgoexp_", b"_cgo_", b"crosscall", b"non-Go function"];

/// Hash and comparison functions that the compiler writes for key types; `type..` up to Go 1.19.
const TYPE_ALGORITHMS: &[&[u8]] = &[b"type:.hash.", b"type:.eq.", b"type..hash.", b"type..eq."];

/// Whose code `function` is. Commands of the Go distribution (`cmd/…`) and packages vendored into it count as the standard
/// library's; `main` is the user's.
pub fn owner(function: &[u8]) -> Owner {
    if function == b"panic"
        || TYPE_ALGORITHMS
            .iter()
            .any(|prefix| function.starts_with(prefix))
    {
        return Owner::Runtime;
    }
    if CGO_PREFIXES
        .iter()
        .any(|prefix| function.starts_with(prefix))
    {
        return Owner::Cgo;
    }
    let package = package(function);
    if package.is_empty() {
        return Owner::Cgo;
    }
    if package == b"main" && short_name(function).starts_with(b"_Cfunc_") {
        return Owner::Cgo;
    }
    let top = package.split(|&b| b == b'/').next().unwrap_or_default();
    if !is_std_top(top) {
        return Owner::User;
    }
    if package == b"runtime"
        || package.starts_with(b"internal/runtime/")
        || package.starts_with(b"runtime/internal/")
    {
        return Owner::Runtime;
    }
    Owner::Std
}

/// True for the program's own code and its modules. `<autogenerated>` frames are wrappers that the compiler wrote.
pub fn is_user(function: &[u8], file: &[u8]) -> bool {
    owner(function) == Owner::User && !is_wrapper(function, file)
}

/// True for frames the compiler wrote: `go` and `defer` wrappers, method values, promoted methods.
pub fn is_wrapper(function: &[u8], file: &[u8]) -> bool {
    file == b"<autogenerated>" || function.ends_with(b"-fm") || wrapper_suffix(function).is_some()
}

/// True for the wrapper of a `defer` statement in the program's own code: its line is the statement's. That of a `go` statement is the
/// innermost frame of a goroutine that has not begun, and says nothing.
pub fn is_defer_statement(function: &[u8]) -> bool {
    let digits = function.iter().rev().take_while(|b| b.is_ascii_digit());
    let stem = function.get(..function.len() - digits.count());
    let named = stem.is_some_and(|stem| stem.ends_with(b".deferwrap"));
    named && wrapper_suffix(function).is_some() && owner(function) == Owner::User
}

/// Marks before the number of a wrapper: 1.22 and later, then 1.17.
const WRAPPER_MARKS: &[&[u8]] = &[b".gowrap", b".deferwrap", "·dwrap·".as_bytes()];

fn wrapper_suffix(function: &[u8]) -> Option<usize> {
    let digits = function
        .iter()
        .rev()
        .take_while(|b| b.is_ascii_digit())
        .count();
    let stem = function.get(..function.len() - digits)?;
    let mark = WRAPPER_MARKS.iter().find(|mark| stem.ends_with(mark))?;
    (digits > 0).then(|| stem.len() - mark.len())
}

/// The function a wrapper was made for: `main.main` of `main.main.gowrap1`, `main.(*S).lock` of `main.(*S).lock-fm`; the name itself
/// where it is no wrapper.
pub fn unwrapped(function: &[u8]) -> &[u8] {
    let function = function.strip_suffix(b"-fm").unwrap_or(function);
    wrapper_suffix(function)
        .and_then(|end| function.get(..end))
        .unwrap_or(function)
}

/// The receiver of a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Receiver<'n> {
    /// Package path, escapes left in.
    pub package: &'n [u8],
    /// Type name, with `[...]` for generic types: `Cache`, `Gen[...]`.
    pub type_name: &'n [u8],
    /// True for `(*Cache)`: the first word of the arguments is the address of the object.
    pub pointer: bool,
    /// Method name, closures of it included: `Set`, `Set.func1`.
    pub method: &'n [u8],
}

impl Receiver<'_> {
    /// True inside a closure of the method, whose arguments are not the receiver.
    pub fn is_closure(&self) -> bool {
        memchr::memchr2(b'.', b'-', self.method).is_some()
    }
}

/// The receiver in a function's name. Only pointer receivers are certain: `main.T.M` looks like `main.f.func1`, so names whose last
/// part is one the compiler invents are taken for closures.
pub fn receiver(function: &[u8]) -> Option<Receiver<'_>> {
    let package = package(function);
    let name = short_name(function);
    if let Some(rest) = name.strip_prefix(b"(*") {
        let close = memchr::memmem::find(rest, b").")?;
        let (type_name, method) = (rest.get(..close)?, rest.get(close + 2..)?);
        return Some(Receiver {
            package,
            type_name,
            pointer: true,
            method,
        });
    }
    let dot = memchr::memmem::find(name, b"].")
        .map(|at| at + 1)
        .or(memchr::memchr(b'.', name))?;
    let (type_name, method) = (name.get(..dot)?, name.get(dot + 1..)?);
    (!is_compiler_made(type_name) && !is_compiler_made(method)).then_some(Receiver {
        package,
        type_name,
        pointer: false,
        method,
    })
}

/// `func1`, `gowrap2`, `1`, `init`, `glob.`: parts of closure names.
fn is_compiler_made(part: &[u8]) -> bool {
    let head = part
        .split(|&b| b == b'.' || b == b'-')
        .next()
        .unwrap_or_default();
    let stem = head.trim_ascii_end();
    let letters = stem.iter().take_while(|b| !b.is_ascii_digit()).count();
    let (word, digits) = stem.split_at(letters);
    let numbered = digits.iter().all(u8::is_ascii_digit) && !digits.is_empty();
    match word {
        b"" | b"init" | b"glob" => true,
        b"func" | b"gowrap" | b"deferwrap" => numbered,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> &str {
        std::str::from_utf8(bytes).unwrap_or("?")
    }

    #[test]
    fn the_package_ends_at_the_first_dot_of_its_last_element() {
        for (function, expected) in [
            ("main.(*Cache).Set", "main"),
            ("net/http.(*conn).serve", "net/http"),
            ("example.com/app/my%2epkg.Do", "example.com/app/my%2epkg"),
            ("gopkg.in/yaml%2ev3.Unmarshal", "gopkg.in/yaml%2ev3"),
            ("internal/sync.(*HashTrieMap[...]).Load", "internal/sync"),
            ("main.GFunc[go.shape.struct { a/b.T }]", "main"),
            ("main.init.0.func44", "main"),
            ("x_cgo_thread_start", ""),
        ] {
            assert_eq!(text(package(function.as_bytes())), expected, "{function}");
        }
    }

    #[test]
    fn names_are_shown_as_source_writes_them() {
        for (function, expected) in [
            ("example.com/app/my%252epkg.Closure.1", "my.pkg.Closure.1"),
            ("example.com/app/cache.(*Cache).Set", "cache.(*Cache).Set"),
            ("main.main", "main.main"),
            ("main.f%zz", "main.f%zz"),
            ("crash%", "crash%"),
        ] {
            assert_eq!(text(&display_name(function.as_bytes())), expected);
        }
    }

    #[test]
    fn the_owner_follows_from_the_package() {
        for (function, expected) in [
            ("panic", Owner::Runtime),
            ("runtime.gopark", Owner::Runtime),
            ("type:.eq.main.Part", Owner::Runtime),
            ("type..hash.main.Part", Owner::Runtime),
            ("internal/runtime/maps.fatal", Owner::Runtime),
            ("runtime/debug.Stack", Owner::Std),
            ("internal/sync.(*Mutex).lockSlow", Owner::Std),
            ("vendor/golang.org/x/net/http2.f", Owner::Std),
            ("encoding/json.(*encodeState).marshal", Owner::Std),
            ("main.main", Owner::User),
            ("shop/internal/cache.(*Cache).Set", Owner::User),
            ("github.com/x/runtime.Do", Owner::User),
            ("main._Cfunc_crash", Owner::Cgo),
            ("_cgoexp_bd59d5a2d323_goCallback", Owner::Cgo),
            ("abort", Owner::Cgo),
        ] {
            assert_eq!(owner(function.as_bytes()), expected, "{function}");
        }
    }

    #[test]
    fn wrappers_are_seen_through() {
        for (wrapper, inner) in [
            ("main.main.gowrap1", "main.main"),
            ("main.f.deferwrap12", "main.f"),
            ("main.main·dwrap·1", "main.main"),
            ("main.(*S).lock-fm", "main.(*S).lock"),
        ] {
            assert!(is_wrapper(wrapper.as_bytes(), b"/app/main.go"), "{wrapper}");
            assert_eq!(
                is_defer_statement(wrapper.as_bytes()),
                wrapper.contains("deferwrap"),
                "{wrapper}"
            );
            assert_eq!(text(unwrapped(wrapper.as_bytes())), inner);
        }
        for function in ["main.main.func1", "main.gowrap", "main.f.gowrapper2x"] {
            assert!(
                !is_wrapper(function.as_bytes(), b"/app/main.go"),
                "{function}"
            );
            assert_eq!(text(unwrapped(function.as_bytes())), function);
        }
        assert!(is_wrapper(b"main.(*T).Get", b"<autogenerated>"));
    }

    #[test]
    fn receivers_are_told_from_closures() {
        let parts = |function: &'static str| {
            receiver(function.as_bytes())
                .map(|r| (text(r.type_name), r.pointer, text(r.method), r.is_closure()))
        };
        assert_eq!(
            parts("main.(*Cache).Set"),
            Some(("Cache", true, "Set", false))
        );
        assert_eq!(
            parts("main.(*Gen[...]).Get"),
            Some(("Gen[...]", true, "Get", false))
        );
        assert_eq!(
            parts("main.(*Cache).Set.func1"),
            Some(("Cache", true, "Set.func1", true))
        );
        assert_eq!(
            parts("main.Cache.Len"),
            Some(("Cache", false, "Len", false))
        );
        assert_eq!(
            parts("main.Pair[...].Each"),
            Some(("Pair[...]", false, "Each", false))
        );
        for closure in [
            "main.main.func1",
            "main.init.0.func44",
            "main.glob..func1",
            "main.init.func1",
            "main.main",
            "main.f.gowrap1",
            "main.GFunc[...]",
        ] {
            assert_eq!(parts(closure), None, "{closure}");
        }
    }
}
