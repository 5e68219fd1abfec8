//! What of an output of `go test` is code though no frame names it: packages, tests, files that did not compile.
//!
//! ```text
//! ok  <TAB>example.com/app/store<TAB>0.011s         the package
//! --- FAIL: TestLogin/alice (0.00s)                 the test; what stands behind the slash is data
//! store/store.go:12:3: undefined: x                 the file
//! {"Action":"output","Package":"example.com/app/store","Test":"TestLogin","Output":"…"}
//! ```
//!
//! Called by [`super::Cleaner`] for every input; read [`learn`].

use super::learn::{Code, is_own};
use super::{Redaction, Scope, given};
use crate::model::{CallLine, PackageRun};
use crate::parse::gotest::{test_run, transcript};
use crate::parse::read;
use memchr::memmem;
use rustc_hash::FxHashSet;

/// One of these stands in every output that has something to learn from.
const WORDS: [&[u8]; 6] = [
    b"ok  \t",
    b"FAIL\t",
    b"--- FAIL: ",
    b"=== RUN ",
    b"\"Action\":",
    b"found unexpected goroutines:",
];

/// Adds what a text names.
pub fn learn(text: &[u8], redaction: &Redaction, code: &mut Code) {
    if !WORDS.iter().any(|word| memmem::find(text, word).is_some()) {
        return;
    }
    let opened = transcript(text);
    let evidence = read(&[given("", text, &opened)]);
    let own = redaction.scope == Scope::All;
    for package in &test_run(&evidence).packages {
        add(package, own, redaction, code);
    }
}

fn add(package: &PackageRun<'_>, own: bool, redaction: &Redaction, code: &mut Code) {
    for test in &package.tests {
        let function = test.name.split('/').next().unwrap_or_default();
        code.test(function.as_bytes(), own);
    }
    let leaked = package.leaks.iter().flat_map(|report| &report.goroutines);
    let calls = leaked.flat_map(|leaked| leaked.stack.iter().chain(&leaked.created_by));
    for CallLine { func, file, .. } in calls {
        code.frame(func, file, own && is_own(func, file, &FxHashSet::default()));
        if !own {
            code.below(&redaction.roots, file);
        }
    }
    if own {
        return;
    }
    code.path(package.path.as_bytes());
    if !package.path.contains('/') {
        code.names.insert(package.path.as_bytes().to_vec());
    }
    for place in package.builds.iter().filter_map(|error| error.at.as_ref()) {
        code.path(place.file.as_bytes());
    }
}
