//! Outputs cut, torn and overwritten at many places: nothing panics, and what is said stays within the input.

use crate::checkout::log;
use gotriage::parse::gotest::{test_run, transcript};
use gotriage::parse::{Given, read};
use gotriage::render::ci as render;
use gotriage::triage::Options;
use gotriage::triage::annotation::Annotation;
use gotriage::triage::ci::checkout::{Checkout, Module};
use gotriage::triage::ci::report::CiReport;
use gotriage::triage::ci::review;

fn judged(bytes: &[u8]) -> CiReport {
    let opened = transcript(bytes);
    let evidence = read(&[Given {
        name: "test.log",
        bytes: bytes.len() as u64,
        opened: &opened,
        truncated: false,
        notes: Vec::new(),
    }]);
    let checkout = Checkout {
        modules: vec![Module {
            path: "example.com/app".to_owned(),
            directory: String::new(),
        }],
        ..Checkout::default()
    };
    review(
        &evidence,
        &Options::default(),
        &test_run(&evidence),
        checkout,
    )
}

/// Lines of findings are lines of the input, and every form can be written.
fn holds_together(bytes: &[u8]) {
    let report = judged(bytes);
    let lines = bytes.split(|&byte| byte == b'\n').count() as u32;
    for finding in &report.findings {
        for at in &finding.evidence {
            assert!((1..=lines).contains(&at.line), "{} of {lines}", at.line);
        }
        let at = &finding.annotation.at;
        assert!(
            at.as_ref()
                .is_none_or(|at| at.line > 0 && !at.file.starts_with('/'))
        );
    }
    let annotations: Vec<Annotation> = report
        .findings
        .iter()
        .map(|finding| finding.annotation.clone())
        .collect();
    let mut sink = Vec::new();
    let written = render::sarif::write(&annotations, &mut sink)
        .and_then(|()| render::github::write(&annotations, &mut sink))
        .and_then(|()| render::gitlab::write(&annotations, &mut sink))
        .and_then(|()| render::json(&report, &mut sink))
        .and_then(|()| render::html(&report, &mut sink))
        .and_then(|()| render::markdown(&report, &mut sink))
        .and_then(|()| render::text::write(&report, &mut sink));
    written.expect("memory takes everything");
    let mut junit = Vec::new();
    render::junit::write(&report, &mut junit).expect("memory takes everything");
    let junit = String::from_utf8(junit).expect("UTF-8");
    roxmltree::Document::parse(&junit).expect("XML whatever tests print");
}

#[test]
fn cuts_and_damage_anywhere() {
    for name in ["go1.27.3-plain", "go1.27.3-json", "go1.23.9-verbose"] {
        let whole = std::fs::read(log(name)).expect("the log");
        let step = whole.len() / 7 + 1;
        for cut in (0..whole.len()).step_by(step) {
            holds_together(&whole[..cut]);
            holds_together(&whole[cut..]);
            let mut damaged = whole.clone();
            for (offset, byte) in b"\0\"{\n\xff--- FAIL: (".iter().enumerate() {
                if let Some(place) = damaged.get_mut(cut + offset * 7) {
                    *place = *byte;
                }
            }
            holds_together(&damaged);
        }
    }
}

#[test]
fn hostile_names_stay_text() {
    let log = "=== RUN   Test<b>\u{1b}[31m\n\u{202e}x_test.go:1: ]]>&\n--- FAIL: Test<b>\u{1b}[31m (0.00s)\n# a/b\n\"><script>.go:1:1: no\u{1b}]0;x\u{7}\nFAIL\ta/b [build failed]\nFAIL\t<p>\"'&\t0.1s\n";
    holds_together(log.as_bytes());
    let report = judged(log.as_bytes());
    let mut out = Vec::new();
    render::summary::write(&report, &mut out).expect("memory takes everything");
    render::text::write(&report, &mut out).expect("memory takes everything");
    let page = String::from_utf8(out).expect("UTF-8");
    assert!(
        !page.contains('\u{1b}') && !page.contains('\u{202e}'),
        "{page}"
    );
    assert_eq!(report.tests.failed, 1);
}
