//! `gotriage man`: one manual page for each command, from the definitions of [`super::args`].
//!
//! The pages in `man/` are these; a test compares them.

use super::args::Cli;
use super::exit::Exit;
use super::output;
use bstr::ByteSlice;
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use std::io;
use std::path::Path;

/// A page and its file name.
struct ManPage {
    name: String,
    text: Vec<u8>,
}

/// Prints all pages, or writes each to its file in `directory`.
pub fn run(directory: Option<&Path>) -> Exit {
    let pages = match pages() {
        Ok(pages) => pages,
        Err(cause) => {
            output::complain(&format!("manual pages: {cause}"));
            return Exit::Incomplete;
        }
    };
    let done = match directory {
        None => output::print(|out| pages.iter().try_for_each(|page| out.write_all(&page.text))),
        Some(directory) => pages.iter().all(|page| save(page, directory)),
    };
    if done {
        Exit::Analysed
    } else {
        Exit::Incomplete
    }
}

fn save(page: &ManPage, directory: &Path) -> bool {
    let path = directory.join(&page.name);
    match std::fs::write(&path, &page.text) {
        Ok(()) => true,
        Err(cause) => {
            output::complain(&format!(
                "{}: cannot be written: {cause}; pass a directory that exists",
                path.display()
            ));
            false
        }
    }
}

/// A command and all below it.
fn with_subcommands(command: &Command) -> Vec<Command> {
    let below = command.get_subcommands().flat_map(with_subcommands);
    std::iter::once(command.clone()).chain(below).collect()
}

/// The program's own page first.
fn pages() -> io::Result<Vec<ManPage>> {
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    with_subcommands(&root)
        .into_iter()
        .map(|command| {
            let man = Man::new(command);
            let mut text = Vec::new();
            man.render(&mut text)?;
            Ok(ManPage {
                name: man.get_filename(),
                text: text.replace(b".SH EXTRA\n", b".SH EXAMPLES\n"),
            })
        })
        .collect()
}
