//! All arguments of all commands, looked at as a set.

use super::*;
use clap::{Arg, CommandFactory};
use std::collections::BTreeSet;

/// Every command with its own arguments; those of clap itself (`--help`, `--version`) left out.
fn commands() -> Vec<(String, Vec<Arg>)> {
    let mut root = Cli::command();
    root.build();
    let mut all = Vec::new();
    let mut open = vec![&root];
    while let Some(command) = open.pop() {
        let arguments = command.get_arguments();
        let own = arguments.filter(|arg| arg.get_id() != "help" && arg.get_id() != "version");
        all.push((command.get_name().to_owned(), own.cloned().collect()));
        let subcommands = command.get_subcommands();
        open.extend(subcommands.filter(|command| command.get_name() != "help"));
    }
    all
}

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_argument_has_a_short_line_and_a_paragraph() {
    for (command, arguments) in commands() {
        for argument in arguments {
            let id = argument.get_id();
            let short = argument
                .get_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            let long = argument
                .get_long_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!((10..=70).contains(&short.len()), "{command} {id}: {short}");
            assert!(!short.ends_with('.'), "{command} {id}: {short}");
            assert!(
                long.len() > short.len() && long.ends_with(|c| c != ' '),
                "{command} {id}"
            );
        }
    }
}

#[test]
fn options_are_lower_case_and_stand_alone() {
    for (command, arguments) in commands() {
        let mut seen = BTreeSet::new();
        for argument in arguments
            .iter()
            .filter(|argument| !argument.is_positional())
        {
            let long = argument.get_long().unwrap_or_default();
            assert!(
                long.len() > 1,
                "{command}: {:?} has no long form",
                argument.get_id()
            );
            assert!(
                long.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'),
                "{long}"
            );
            assert!(seen.insert(long.to_owned()), "{command}: --{long} twice");
            if let Some(short) = argument.get_short() {
                assert!(seen.insert(short.to_string()), "{command}: -{short} twice");
            }
            assert!(
                argument.get_help_heading().is_some(),
                "{command}: --{long} has no heading"
            );
        }
    }
}

#[test]
fn values_are_named_and_switches_have_none() {
    for (command, arguments) in commands() {
        for argument in arguments {
            let takes = argument.get_action().takes_values();
            let id = argument.get_id();
            if !takes {
                assert!(argument.get_possible_values().is_empty(), "{command} {id}");
                continue;
            }
            let names = argument.get_value_names().unwrap_or_default();
            assert!(!names.is_empty(), "{command} {id}");
            for name in names {
                assert!(
                    name.chars().all(|c| c.is_ascii_uppercase()),
                    "{command} {id}: {name}"
                );
            }
        }
    }
}

#[test]
fn sizes_have_units() {
    assert_eq!(size("1048576"), Ok(1 << 20));
    assert_eq!(size("500M"), Ok(500 << 20));
    assert_eq!(size("4g"), Ok(4 << 30));
    for wrong in ["", "0", "M", "-1", "1.5G", "5T", "99999999999G", "1 M"] {
        assert!(size(wrong).is_err(), "{wrong}");
    }
}
