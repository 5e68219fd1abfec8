//! Pages: well-formed, self-contained, whole without scripts, and deaf to what logs say.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)] // helpers of tests fail as tests do

mod pipeline;
mod reports;
mod support;

use gotriage::render::Format;
use gotriage::triage::report::Report;
use roxmltree::{Document, Node, ParsingOptions};
use std::collections::BTreeSet;
use std::process::Command;

const PAGE: Format = Format::Html { all: false };

fn page(report: &Report) -> String {
    String::from_utf8(pipeline::printed(report, PAGE)).expect("UTF-8")
}

fn parsed(page: &str) -> Document<'_> {
    let options = ParsingOptions {
        allow_dtd: true,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(page, options).unwrap_or_else(|why| unreachable!("{why}\n{page}"))
}

/// Elements that a page may have; those with an effect of their own are not among them.
const ELEMENTS: [&str; 46] = [
    "html", "head", "meta", "title", "style", "body", "main", "footer", "article", "nav", "h1",
    "h2", "h3", "p", "a", "b", "code", "pre", "span", "div", "ul", "ol", "li", "dl", "dt", "dd",
    "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "svg", "defs", "marker",
    "path", "rect", "g", "text", "script", "br", "hr", "em", "small",
];

/// Checks that nothing on the page acts, loads or leaves it, and that its ids are its own.
fn inert(page: &str, scripts: usize) {
    let document = parsed(page);
    let elements = || document.descendants().filter(Node::is_element);
    let mut ids = BTreeSet::new();
    for element in elements() {
        let name = element.tag_name().name();
        assert!(ELEMENTS.contains(&name), "<{name}>");
        for attribute in element.attributes() {
            let (key, value) = (attribute.name(), attribute.value());
            assert!(
                !key.starts_with("on") && key != "src" && key != "style",
                "{key}={value}"
            );
            assert!(key != "href" || value.starts_with('#'), "{value}");
            assert!(
                !value.contains("url(") || value.starts_with("url(#"),
                "{value}"
            );
            assert!(
                key != "id" || ids.insert(value.to_owned()),
                "id {value} twice"
            );
        }
    }
    let anchors = elements().filter_map(|element| element.attribute("href"));
    for anchor in anchors {
        assert!(
            ids.contains(anchor.trim_start_matches('#')),
            "{anchor} leads nowhere"
        );
    }
    let markers = elements().flat_map(|element| element.attributes());
    for marker in markers.filter_map(|attribute| attribute.value().strip_prefix("url(#")) {
        assert!(ids.contains(marker.trim_end_matches(')')), "{marker}");
    }
    let of = |name: &str| {
        elements()
            .filter(|element| element.has_tag_name(name))
            .count()
    };
    let all = |name: &str| elements().filter(|e| e.tag_name().name() == name).count();
    assert_eq!((all("script"), of("object")), (scripts, 0));
    let styles = elements().filter(|element| element.tag_name().name() == "style");
    for style in styles.filter_map(|style| style.text()) {
        assert!(
            !style.contains("@import") && !style.contains("url("),
            "a sheet that loads"
        );
    }
}

/// All text that a reader sees, blanks apart.
fn shown(page: &str) -> String {
    let document = parsed(page);
    let text = document.root_element().descendants();
    let text = text.filter(|node| {
        let within = node.parent().map(|parent| parent.tag_name().name());
        node.is_text() && !matches!(within, Some("style" | "script"))
    });
    let text: String = text.filter_map(|node| node.text()).collect();
    text.split_whitespace().collect()
}

#[test]
fn pages_of_real_dumps_are_well_formed_and_say_what_the_report_says() {
    let truths = support::manifest();
    for truth in truths.iter().step_by(41) {
        let report = pipeline::report(&[("dump.log", &truth.bytes())]);
        let page = page(&report);
        inert(&page, 0);
        let text = shown(&page);
        for incident in &report.incidents {
            let findings = incident.steps.iter().flat_map(|step| &step.findings);
            let told = findings.map(|finding| &finding.text);
            for sentence in told.chain([&incident.verdict.headline]) {
                let sentence: String = sentence.split_whitespace().collect();
                let start: String = sentence.chars().take(200).collect();
                assert!(text.contains(&start), "{}: {sentence}", truth.file);
            }
        }
    }
}

#[test]
fn both_parties_and_the_map_are_in_the_picture() {
    let truths = support::manifest();
    let dump = "map-write-write/go1.23.9-system.txt";
    let truth = truths.iter().find(|truth| truth.file.ends_with(dump));
    let bytes = truth.expect("in the manifest").bytes();
    let page = page(&pipeline::report(&[("dump.log", &bytes)]));
    let document = parsed(&page);
    let pictures = document.descendants();
    let pictures: Vec<Node<'_, '_>> = pictures
        .filter(|node| node.tag_name().name() == "svg")
        .collect();
    let [conflict, creation] = &pictures[..] else {
        unreachable!("{} pictures", pictures.len())
    };
    let words = |picture: &Node<'_, '_>| {
        let text = picture.descendants().filter(Node::is_text);
        text.filter_map(|node| node.text()).collect::<String>()
    };
    for wanted in [
        "goroutine 20, died",
        "goroutine 19",
        "map m1 at 0x",
        "write",
    ] {
        assert!(words(conflict).contains(wanted), "{wanted}");
    }
    // Goroutine 1 started 18, 19 and 20: the programs' go statements are at lines 50 to 52.
    for wanted in ["goroutine 1", "main.go:50", "main.go:51", "main.go:52"] {
        assert!(words(creation).contains(wanted), "{wanted}");
    }
    let edges = creation.descendants();
    let edges = edges.filter(|node| {
        node.attribute("class")
            .is_some_and(|c| c.starts_with("edge ") && node.attribute("marker-end").is_some())
    });
    assert_eq!(edges.count(), 3);
}

/// What somebody may write into a log to act on whoever reads the page.
const ATTACKS: [&str; 9] = [
    "</code></pre><script>alert(1)</script>",
    "\" onmouseover=\"alert(1)",
    "' autofocus onfocus='alert(1)",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "</title><script>alert(1)</script>",
    "]]></style><script>alert(1)</script>",
    "javascript:alert(1)",
    "&lt;script&gt;\u{202e}\u{7}\u{0}",
];

#[test]
fn attacks_from_the_log_stay_text() {
    for attack in ATTACKS {
        let dump = format!(
            "fatal error: concurrent map writes {attack}\n\ngoroutine 7 [{attack}]:\nmain.{attack}(0x1)\n\t/app/{attack}.go:20 +0x45\ncreated by main.{attack} in goroutine 1\n\t/app/x{attack}.go:9 +0x1c\n\n\
             goroutine 8 [running]:\nmain.f(0x1)\n\t/app/{attack}.go:20 +0x45\npanic: {attack}\n\ngoroutine 1 [running]:\nmain.main()\n\t/app/main.go:1\n"
        );
        let name = format!("{attack}.log");
        inert(&page(&pipeline::report(&[(&name, dump.as_bytes())])), 0);
        // And where no grammar stands between: every text of a report.
        let mut evil = |text: &str| format!("{text}{attack}");
        let report = reports::Filler {
            text: &mut evil,
            number: &mut |n| n,
        }
        .report();
        let page = page(&report);
        inert(&page, 0);
        let visible: String = "alert(1)".split_whitespace().collect();
        assert!(!attack.contains("alert") || shown(&page).contains(&visible));
    }
}

#[test]
fn a_page_without_anything_from_go_says_what_to_try() {
    let page = page(&reports::nothing());
    inert(&page, 0);
    assert!(shown(&page).contains("kill-QUITPID"));
}

#[test]
fn the_same_report_gives_the_same_page() {
    let report = reports::plain();
    assert_eq!(page(&report), page(&report));
}

fn run(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_gotriage"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(arguments)
        .output()
        .expect("gotriage runs");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn the_page_of_a_scan_lists_every_cluster_and_shows_examples() {
    let folders = ["corpus/dumps/map-write-write", "corpus/dumps/lock-cycle"];
    let [first, second] = folders;
    let page = run(&["scan", "--format", "html", first, second]);
    inert(&page, 1);
    let json = run(&["scan", "--format", "json", first, second]);
    let report: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let clusters = report["clusters"].as_array().expect("clusters");
    assert!(clusters.len() > 1);
    let text = shown(&page);
    for cluster in clusters {
        let print = cluster["fingerprint"].as_str().expect("a fingerprint");
        assert!(text.contains(print), "{print}");
    }
    assert!(text.contains("1.Observe") && text.contains("4.Verifyandmitigate"));
    let document = parsed(&page);
    let rows = document.descendants();
    let rows = rows.filter(|node| {
        let within = |name: &str| {
            node.ancestors()
                .any(|above| above.attribute("class") == Some(name))
        };
        node.tag_name().name() == "tr" && within("sortable")
    });
    assert_eq!(rows.count(), clusters.len() + 1);
}

#[test]
fn the_difference_of_two_captures_is_a_page() {
    let captures = [
        "corpus/captures/leak/go1.27.3-before.txt",
        "corpus/captures/leak/go1.27.3-after.txt",
    ];
    let page = run(&["diff", "--format", "html", captures[0], captures[1]]);
    inert(&page, 1);
    assert!(shown(&page).contains("goroutine-leak"));
}
