//! `gotriage ci` on real outputs of `go test`: what it finds against the marked lines of the programs that were tested, its files
//! against the schemas of those who read them, and what happens where reading or writing fails.

#![allow(clippy::expect_used, clippy::panic)] // helpers of tests fail as tests do

#[path = "ci/checkout.rs"]
mod checkout;
#[path = "ci/damage.rs"]
mod damage;
#[path = "ci/failures.rs"]
mod failures;
#[path = "ci/formats.rs"]
mod formats;
#[path = "ci/places.rs"]
mod places;
#[path = "ci/redaction.rs"]
mod redaction;
