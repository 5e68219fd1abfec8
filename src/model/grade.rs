//! The four grades of evidence a claim can carry.

/// How far a claim is carried by its evidence; ordered, `Confirmed` is the highest.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// The other party is not in the evidence.
    Unknown,
    /// Tied only by kind: same function, same creation site, same package.
    Possible,
    /// The runtime named one party; a printed fact ties the other to the same object.
    Probable,
    /// The runtime or the race detector said it of these parties, or two goroutines stand in operations on one printed map header.
    Confirmed,
}

impl Grade {
    /// The word printed in every output format.
    pub fn word(self) -> &'static str {
        match self {
            Grade::Unknown => "unknown",
            Grade::Possible => "possible",
            Grade::Probable => "probable",
            Grade::Confirmed => "confirmed",
        }
    }
}
