//! What a step of unwrapping gives back. Every step is a function from a layer (and a look at it) to [`Peeled`] or `None`.

use super::EnvelopeNote;
use super::streams::Assembled;
use super::text::Layer;

/// What came out from under one wrapper.
#[derive(Debug, Default)]
pub(super) struct Peeled {
    /// What the wrapper is called in the envelope's name; empty for repairs that are no wrapper.
    pub name: String,
    /// The texts that were inside.
    pub layers: Vec<Layer<'static>>,
    /// What was done to them that a reader has to know.
    pub notes: Vec<EnvelopeNote>,
    /// The wrapper shows that the source was cut.
    pub truncated: bool,
}

impl Peeled {
    /// One text out of a wrapper called `name`.
    pub fn one(name: &str, layer: Layer<'static>) -> Self {
        Self {
            name: name.to_owned(),
            layers: vec![layer],
            ..Self::default()
        }
    }

    /// The same with something to tell.
    pub fn noted(name: &str, layer: Layer<'static>, note: String) -> Self {
        Self {
            notes: vec![EnvelopeNote {
                line: None,
                text: note,
            }],
            ..Self::one(name, layer)
        }
    }

    /// Texts put together from records.
    pub fn assembled(name: &str, assembled: Assembled) -> Self {
        let notes = match assembled.joined {
            0 => Vec::new(),
            1 => vec![EnvelopeNote {
                line: None,
                text: "1 line joined from partial ones".to_owned(),
            }],
            count => vec![EnvelopeNote {
                line: None,
                text: format!("{count} lines joined from partial ones"),
            }],
        };
        Self {
            name: name.to_owned(),
            layers: assembled.layers,
            notes,
            truncated: false,
        }
    }
}
