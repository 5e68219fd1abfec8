//! `gotriage completions`: a shell's completion script, from the definitions of [`super::args`].

use super::args::Cli;
use super::exit::Exit;
use super::output;
use clap::CommandFactory;
use clap_complete::Shell;

/// Prints the script.
pub fn run(shell: Shell) -> Exit {
    // The generator panics on a closed pipe, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "gotriage", &mut script);
    let printed = output::print(|out| out.write_all(&script));
    if printed {
        Exit::Analysed
    } else {
        Exit::Incomplete
    }
}
