//! Any text is a snapshot with questions, or a type with keys, or says why not; addresses lead to places and back.
//!
//! The first line is a snapshot document or a Go type, the others are questions or Go literals.
#![no_main]

use gotriage::gomap::hash::{Hasher, KeyPlan, Secrets};
use gotriage::gomap::layout::Layout;
use gotriage::gomap::locate::address::locate_address;
use gotriage::gomap::snapshot::Snapshot;
use gotriage::gomap::snapshot::answer::{Book, Found};
use gotriage::gomap::snapshot::question::{Ask, Question};
use gotriage::gomap::target::{Arch, Target};
use gotriage::gomap::types::{GoType, MapType};
use gotriage::gomap::value::Image;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut lines = bytes.split(|&byte| byte == b'\n');
    let first = lines.next().unwrap_or_default();
    if let Ok(snapshot) = Snapshot::parse(first) {
        let book = Book::open(&snapshot);
        lines.for_each(|line| ask(&book, line));
    } else if let Ok(text) = std::str::from_utf8(first) {
        let keys: Vec<&str> = lines.filter_map(|line| std::str::from_utf8(line).ok()).collect();
        for (version, arch) in [("1.23.9", Arch::Amd64), ("1.27.3", Arch::I386)] {
            write(text, &keys, version, arch);
        }
    }
});

/// Every line gets an answer, and an address has the place that trying one map after another finds.
fn ask(book: &Book<'_>, line: &[u8]) {
    let question = Question::parse(line);
    let answer = book.answer(&question);
    let json = answer.to_json(&question.id);
    assert_eq!(json["id"], question.id);
    assert!(json.get("error").is_some() || answer.found.is_ok());
    let Ok(Ask::Address(addr)) = question.ask else {
        return;
    };
    let target = &book.snapshot.target;
    if let (Ok(Found::Address(place)), Some(shot)) = (&answer.found, answer.map) {
        let entry = book.entries().iter().find(|entry| std::ptr::eq(entry.shot, shot));
        let layout = entry.and_then(|entry| entry.layout.as_ref());
        assert_eq!(locate_address(shot, layout, target, addr).as_ref(), Some(place));
        if let Some(layout) = layout {
            assert_eq!(place.address(shot, layout, target), Some(addr));
        }
    }
    if question.map.is_none() {
        let first = book.entries().iter().find_map(|entry| {
            let layout = entry.layout.as_ref();
            locate_address(entry.shot, layout, target, addr).map(|_| &entry.shot.name)
        });
        assert_eq!(answer.map.map(|shot| &shot.name), first);
    }
}

/// A type has a layout and its name is a text of the same type; a key has a hash.
fn write(text: &str, keys: &[&str], version: &str, arch: Arch) {
    let build = version.parse().expect("a version");
    let target = Target::new(build, arch).expect("a target");
    if let Ok(types) = MapType::parse(text, arch) {
        let layout = Layout::new(&target, &types);
        assert!(layout.unit().size() >= 8);
    }
    let Ok(go_type) = GoType::parse(text, arch) else {
        return;
    };
    if let Ok(again) = GoType::parse(&go_type.name, arch) {
        assert_eq!((again.size, again.align), (go_type.size, go_type.align), "{text}");
    }
    if !go_type.is_comparable() {
        return;
    }
    let secrets = Secrets {
        aeskeysched: Some(vec![7; 128]),
        hashkey: Some([1, 2, 3, 4]),
        use_aes: Some(true),
    };
    let hasher = Hasher::new(&target, &secrets).expect("secrets");
    let plan = KeyPlan::new(&target, &go_type);
    for key in keys {
        if let Ok(image) = Image::parse(key, &go_type, arch) {
            assert_eq!(image.bytes.len() as u64, go_type.size);
            let _ = plan.hash(&hasher, &image, 5);
        }
    }
}
