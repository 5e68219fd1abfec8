//! The shell of every page: head, style, navigation, foot.
//!
//! One file that needs nothing else: no font, script, picture or sheet is loaded, and a content policy in its head forbids all of them,
//! so that even a page that was tampered with sends nothing out. Light or dark is the reader's choice; paper is always light.

use super::markup::Html;
use crate::render::graph::STYLE as PICTURE_STYLE;
use std::io::{self, Write};

const STYLE: &str = include_str!("style.css");

/// Sorts tables by the column whose title is pressed; the page is whole without it.
const SORTING: &str = include_str!("sort.js");

/// Of [`SORTING`], for the content policy: no other script runs.
const SORTING_SHA256: &str = "sha256-y//MG8tdvyEXjZR89ScY/TKMWpWBFpgMhjGEaxoyJ3Q=";

/// What surrounds a page's content.
pub(super) struct Shell<'p> {
    /// For the tab and for search.
    pub title: &'p str,
    /// The tables can be sorted.
    pub sortable: bool,
    /// The program and its version.
    pub tool: String,
    /// The option that gives the same for programs.
    pub json: &'static str,
}

impl Shell<'_> {
    /// Writes the page.
    pub fn write(&self, body: Html, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(
            b"<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n",
        )?;
        out.write_all(self.head().as_bytes())?;
        out.write_all(b"</head>\n<body>\n")?;
        out.write_all(body.within("main", "").as_bytes())?;
        let foot = format!(
            "{}; everything here is in {} as well.",
            self.tool, self.json
        );
        out.write_all(Html::text(&foot).within("footer", "").as_bytes())?;
        if self.sortable {
            out.write_all(Html::own(SORTING).within("script", "").as_bytes())?;
        }
        out.write_all(b"</body>\n</html>\n")
    }

    fn head(&self) -> Html {
        let scripts = match self.sortable {
            true => format!("; script-src '{SORTING_SHA256}'"),
            false => String::new(),
        };
        let policy = format!(
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'{scripts}"
        );
        let metas: [&[(&'static str, &str)]; 5] = [
            &[("charset", "utf-8")],
            &[
                ("http-equiv", "Content-Security-Policy"),
                ("content", &policy),
            ],
            &[
                ("name", "viewport"),
                ("content", "width=device-width, initial-scale=1"),
            ],
            &[("name", "color-scheme"), ("content", "light dark")],
            &[("name", "referrer"), ("content", "no-referrer")],
        ];
        let metas: Html = metas.into_iter().map(Html::meta).collect();
        let style = Html::own(STYLE).and(Html::own(PICTURE_STYLE));
        metas
            .and(Html::text(self.title).within("title", ""))
            .and(style.within("style", ""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    /// As in RFC 4648.
    fn base64(bytes: &[u8]) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let letters = bytes.chunks(3).flat_map(|three| {
            let bits = (0..3).fold(0_u32, |bits, at| {
                bits << 8 | u32::from(three.get(at).copied().unwrap_or(0))
            });
            (0..4).map(move |at| match at <= three.len() {
                true => char::from(LETTERS[(bits >> (18 - 6 * at) & 63) as usize]),
                false => '=',
            })
        });
        letters.collect()
    }

    #[test]
    fn the_content_policy_lets_the_sorting_run() {
        assert_eq!(base64(b"any carnal pleas"), "YW55IGNhcm5hbCBwbGVhcw==");
        let digest = Sha256::digest(SORTING.as_bytes());
        assert_eq!(SORTING_SHA256, format!("sha256-{}", base64(&digest)));
    }
}
