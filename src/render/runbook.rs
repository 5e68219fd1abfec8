//! A runbook as text, Markdown or JSON. `cli` calls [`write`].

use super::escape::{code_block, code_span, markdown as prose};
use super::sheet::{self, Block};
use super::{Format, json};
use crate::triage::runbook::Runbook;
use std::io::{self, Write};

/// Writes `book` to `out`.
///
/// # Errors
/// Those of `out`.
pub fn write(book: &Runbook, format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Text(options) => sheet::write(&blocks(book), options, out),
        Format::Json => json::pretty(book, out),
        Format::Markdown { .. } | Format::Html { .. } => out.write_all(page(book).as_bytes()),
    }
}

fn title(book: &Runbook) -> String {
    let go = book.go.as_ref();
    let go = go.map_or_else(String::new, |go| format!(" (Go {go})"));
    match book.category {
        Some(category) => format!("Runbook for {}{go}", category.word()),
        None => format!("Runbook: how to look into a Go process{go}"),
    }
}

/// Over the captures.
fn captures_title(book: &Runbook) -> &'static str {
    match book.category {
        Some(_) => "What settles it, best first",
        None => "Captures, those that do least to the process first",
    }
}

fn blocks(book: &Runbook) -> Vec<Block> {
    let labelled = |name: &str, text: &str| Block::Labelled(name.to_owned(), text.to_owned());
    let mut blocks = vec![Block::Heading(title(book))];
    if !book.now.is_empty() {
        blocks.push(Block::Heading("Right now".to_owned()));
        let steps = (1..).zip(&book.now);
        blocks.extend(steps.map(|(n, step)| Block::Prose(format!("{n}. {step}"))));
    }
    blocks.push(Block::Heading(captures_title(book).to_owned()));
    for capture in &book.captures {
        blocks.push(Block::Prose(format!("{}:", capitalised(&capture.title))));
        blocks.push(Block::Code(format!(
            "{}\n{}",
            capture.command, capture.read
        )));
        blocks.push(labelled("shows", &capture.shows));
        blocks.push(labelled("hides", &capture.hides));
        blocks.push(labelled("costs", &capture.cost));
    }
    if !book.commands.is_empty() {
        blocks.push(Block::Heading("These show more".to_owned()));
        blocks.push(Block::Code(book.commands.join("\n")));
    }
    if !book.missing.is_empty() {
        blocks.push(Block::Heading("What the report lacks".to_owned()));
        for gap in &book.missing {
            blocks.push(Block::Prose(format!(
                "{}: {}.",
                capitalised(&gap.what),
                gap.why
            )));
            blocks.push(labelled("next time", &gap.how));
        }
    }
    if let Some(repair) = &book.repair {
        blocks.push(Block::Heading("The repair that lasts".to_owned()));
        blocks.push(Block::Prose(repair.clone()));
    }
    blocks
}

fn page(book: &Runbook) -> String {
    let mut out = format!("# {}\n", prose(&title(book)));
    if !book.now.is_empty() {
        out += "\n## Right now\n\n";
        for (n, step) in (1..).zip(&book.now) {
            out += &format!("{n}. {}\n", prose(step));
        }
    }
    out += &format!("\n## {}\n", captures_title(book));
    for capture in &book.captures {
        let lines = format!("{}\n{}", capture.command, capture.read);
        out += &format!(
            "\n### {}\n\n{}\n- **Shows:** {}\n- **Hides:** {}\n- **Costs:** {}\n",
            prose(&capitalised(&capture.title)),
            code_block("sh", &lines),
            prose(&capture.shows),
            prose(&capture.hides),
            prose(&capture.cost)
        );
    }
    if !book.commands.is_empty() {
        let lines = code_block("sh", &book.commands.join("\n"));
        out += &format!("\n## These show more\n\n{lines}");
    }
    if !book.missing.is_empty() {
        out += "\n## What the report lacks\n\n";
        for gap in &book.missing {
            let (what, why) = (prose(&gap.what), prose(&gap.why));
            out += &format!("- **{what}**: {why}. Next time: {}\n", code_span(&gap.how));
        }
    }
    if let Some(repair) = &book.repair {
        out += &format!("\n## The repair that lasts\n\n{}\n", prose(repair));
    }
    out
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}
