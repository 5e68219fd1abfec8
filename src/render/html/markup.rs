//! HTML that text from a log cannot get out of.
//!
//! [`Html`] is the only way to a page: elements, classes and attribute names are `&'static str` of this program, everything else is
//! escaped on its way in. What comes out is XML as well (every element closed, attributes quoted), so that a strict parser can check
//! it. Control characters, bidirectional overrides and their like become visible ([`escape`]).

use crate::render::escape;
use crate::render::graph::{inline, xml};
use crate::triage::graph::report::GraphReport;

/// A piece of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Html(String);

impl Html {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// One line of text.
    pub fn text(text: &str) -> Self {
        Self(xml(&escape::line(text)).into_owned())
    }

    /// Several lines of text, for `pre`: newlines and tabs stay.
    pub fn lines(text: &str) -> Self {
        Self(xml(&escape::code(text)).into_owned())
    }

    /// One line in `code`; nothing for an empty one.
    pub fn code(text: &str) -> Self {
        match text.is_empty() {
            true => Self::new(),
            false => Self::text(text).within("code", ""),
        }
    }

    /// A picture, drawn for a page.
    pub fn picture(graph: &GraphReport) -> Self {
        Self(inline(graph)).within("div", "scroll")
    }

    /// A style sheet or script of this program's own, for `style` and `script`, whose contents are not escaped.
    pub fn own(text: &'static str) -> Self {
        Self(text.to_owned())
    }

    /// A `meta` of the head.
    pub fn meta(attributes: &[(&'static str, &str)]) -> Self {
        let Self(mut out) = Self::new().with("meta", attributes);
        // It has no content and no end tag of its own.
        out.truncate(out.len() - "></meta>\n".len());
        Self(out + "/>\n")
    }

    /// An element around this; no class where `class` is empty.
    pub fn within(self, name: &'static str, class: &'static str) -> Self {
        match class {
            "" => self.with(name, &[]),
            class => self.with(name, &[("class", class)]),
        }
    }

    /// An element with attributes around this.
    pub fn with(self, name: &'static str, attributes: &[(&'static str, &str)]) -> Self {
        let mut out = String::with_capacity(self.0.len() + 32);
        out += "<";
        out += name;
        for (key, value) in attributes {
            out += " ";
            out += key;
            out += "=\"";
            out += &xml(&escape::line(value));
            out += "\"";
        }
        out += ">";
        out += &self.0;
        out += "</";
        out += name;
        out += ">";
        out += match name {
            "a" | "b" | "code" | "span" | "td" | "th" => "",
            _ => "\n",
        };
        Self(out)
    }

    /// This and more.
    pub fn and(mut self, more: Html) -> Self {
        self.0 += &more.0;
        self
    }

    /// Adds.
    pub fn push(&mut self, more: Html) {
        self.0 += &more.0;
    }

    /// Whether there is anything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl FromIterator<Html> for Html {
    fn from_iter<I: IntoIterator<Item = Html>>(pieces: I) -> Self {
        pieces.into_iter().fold(Self::new(), Self::and)
    }
}

/// A table; nothing without rows. `numbers` are the columns set to the right. Columns without any content are left out.
pub(super) fn table(head: &[&'static str], numbers: &[usize], rows: Vec<Vec<Html>>) -> Html {
    if rows.is_empty() {
        return Html::new();
    }
    let class = |at: usize| if numbers.contains(&at) { "n" } else { "" };
    let has_content = |at: usize| {
        let mut cells = rows.iter().filter_map(|row| row.get(at));
        cells.any(|cell| !cell.is_empty())
    };
    let used: Vec<bool> = (0..head.len()).map(has_content).collect();
    let is_used = |at: usize| used.get(at).copied().unwrap_or_default();
    let titles = head.iter().enumerate().filter(|(at, _)| is_used(*at));
    let titles: Html = titles
        .map(|(at, title)| Html::text(title).within("th", class(at)))
        .collect();
    let rows: Html = rows
        .into_iter()
        .map(|row| {
            let cells = row.into_iter().enumerate();
            let cells = cells.filter(|(at, _)| is_used(*at));
            let cells: Html = cells
                .map(|(at, cell)| cell.within("td", class(at)))
                .collect();
            cells.within("tr", "")
        })
        .collect();
    let head = titles.within("tr", "").within("thead", "");
    let table = head.and(rows.within("tbody", "")).within("table", "");
    table.within("div", "scroll")
}

/// Content behind a line that opens it.
pub(super) fn details(summary: Html, content: Html, open: bool) -> Html {
    let inner = summary.within("summary", "").and(content);
    match open {
        true => inner.with("details", &[("open", "open")]),
        false => inner.within("details", ""),
    }
}

/// Something to paste.
pub(super) fn block(text: &str) -> Html {
    let text = text.trim_end_matches('\n');
    Html::lines(text).within("code", "").within("pre", "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_came_from_a_log_is_never_markup() {
        let cell = Html::code("<script>alert('1')</script>\u{202e}\x1b[2J\n");
        let shown =
            "<code>&lt;script&gt;alert(&apos;1&apos;)&lt;/script&gt;\\u{202e}\\x1b[2J\\n</code>";
        assert_eq!(cell, Html(shown.to_owned()));
        let link = Html::text("a").with("a", &[("href", "\" onclick=\"x")]);
        assert_eq!(
            link,
            Html("<a href=\"&quot; onclick=&quot;x\">a</a>".to_owned())
        );
    }

    proptest! {
        #[test]
        fn any_text_parses_back_to_what_a_terminal_would_show(text in any::<String>()) {
            let page = Html::text(&text).with("p", &[("title", &text)]);
            let page = String::from_utf8_lossy(page.as_bytes()).into_owned();
            let parsed = roxmltree::Document::parse(&page);
            let parsed = parsed.map_err(|why| TestCaseError::fail(format!("{page}: {why}")))?;
            let shown = escape::line(&text);
            let shown = shown.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
            let root = parsed.root_element();
            prop_assert_eq!(root.children().filter_map(|node| node.text()).collect::<String>(), shown.clone());
            prop_assert_eq!(root.attribute("title"), Some(shown.as_str()));
        }
    }
}
