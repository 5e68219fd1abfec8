//! The `gotriage` program: arguments in, exit code out. Everything else is in the library, from [`gotriage::cli::run`] on.

use std::process::ExitCode;

fn main() -> ExitCode {
    gotriage::cli::run(std::env::args_os()).into()
}
