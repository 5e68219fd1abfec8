//! Colours: a handful of roles, none of which carries meaning alone.
//!
//! [`super::page::Page`] asks for a role, never for a colour. The plain palette prints no escape sequence at all.

use crate::model::Grade;
use anstyle::{AnsiColor, Effects, Style};

/// One style for each role.
#[derive(Clone, Copy, Debug, Default)]
pub struct Palette {
    /// Running text.
    pub plain: Style,
    /// Section headings and what is to be read first.
    pub strong: Style,
    /// References, rules, table heads: there when looked for.
    pub faint: Style,
    /// Source lines.
    pub place: Style,
    confirmed: Style,
    probable: Style,
    possible: Style,
}

impl Palette {
    /// For a terminal that shows colours.
    pub fn coloured() -> Self {
        let bold = Style::new().effects(Effects::BOLD);
        Self {
            plain: Style::new(),
            strong: bold,
            faint: Style::new().effects(Effects::DIMMED),
            place: AnsiColor::Cyan.on_default(),
            confirmed: bold.fg_color(Some(AnsiColor::Red.into())),
            probable: AnsiColor::Yellow.on_default(),
            possible: AnsiColor::Blue.on_default(),
        }
    }

    /// The style of a grade's mark.
    pub fn grade(&self, grade: Grade) -> Style {
        match grade {
            Grade::Confirmed => self.confirmed,
            Grade::Probable => self.probable,
            Grade::Possible => self.possible,
            Grade::Unknown => self.faint,
        }
    }
}

/// `text` in `style`; in the plain style the text alone.
pub fn paint(text: &str, style: Style) -> String {
    if style == Style::new() || text.is_empty() {
        return text.to_owned();
    }
    format!("{style}{text}{style:#}")
}
