//! `gotriage map probe`: the debugger script that collects a snapshot, on stdout; what it lacks is said on stderr.

use super::args::{ProbeArgs, word};
use super::{Done, Refused};
use crate::cli::exit::Exit;
use crate::cli::output;
use crate::gomap::probe::{Place, Request, WantedMap, script};
use crate::gomap::target::{Arch, Target};
use crate::gomap::types::MapType;

/// Headers begin at a multiple of this on every machine.
const HEADER_ALIGN: u64 = 4;

const NO_MAP: &str = "\
gotriage: no --map given, so the script collects the secrets of the hash alone (for --secrets). To have a map too, find its header:
  - in a crash at GOTRACEBACK=system: the second word of runtime.mapassign*, mapaccess*, mapdelete* and mapiterinit, such as
    0xc000012d80 in runtime.mapassign_faststr(0x4b1f3c, 0xc000012d80, …); in internal/runtime/maps.(*Map).… the first word;
    a word with ? behind it may be stale
  - gotriage crash.log names it in step 3 (Anatomy) where the crash shows it
  - with debug information a variable will do: --map main.sessions
Then: --map 0xc000012d80='map[string]int'
";

/// Prints the script.
pub fn run(args: &ProbeArgs) -> Done {
    if let Some(build) = args.go {
        Target::new(build, Arch::default())?;
    }
    let request = Request {
        maps: wanted(args)?,
        go: args.go,
    };
    let text = script(args.debugger.into(), &request);
    let printed = output::print(|out| out.write_all(text.as_bytes()));
    if request.maps.is_empty() {
        output::to_stderr(NO_MAP);
    }
    for map in &request.maps {
        advise(map);
    }
    Ok(match printed {
        true => Exit::Analysed,
        false => Exit::Incomplete,
    })
}

fn wanted(args: &ProbeArgs) -> Result<Vec<WantedMap>, Refused> {
    if args.name.len() > args.map.len() {
        return Err(Refused(format!(
            "{} names for {} maps: each --name goes with the --map at the same place, such as --map 0xc000012d80 --name sessions",
            args.name.len(),
            args.map.len()
        )));
    }
    let maps: Vec<WantedMap> = args
        .map
        .iter()
        .enumerate()
        .map(|(at, (place, type_text))| WantedMap {
            place: place.clone(),
            type_text: type_text.clone(),
            name: args.name.get(at).cloned(),
        })
        .collect();
    let mut known: Vec<String> = maps.iter().map(WantedMap::name).collect();
    known.sort_unstable();
    match known.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Refused(format!(
            "two maps are called {}: --name tells them apart",
            pair[0]
        ))),
        None => Ok(maps),
    }
}

/// Says on stderr where the snapshot will know less than it could.
fn advise(map: &WantedMap) {
    let name = map.name();
    let at_address = matches!(map.place, Place::Header(_));
    let parsed = map
        .type_text
        .as_ref()
        .map(|text| MapType::parse(text, Arch::default()));
    match parsed {
        None if at_address => output::complain(&format!(
            "{name}: without its type control bytes and old buckets are left out; add it, such as --map {name}='map[string]int'"
        )),
        Some(Err(error)) if at_address => output::complain(&format!(
            "{name}: {error}. Without that, only gdb finds it, where the program has debug information; else control bytes and old \
             buckets are left out"
        )),
        Some(Err(error)) => output::complain(&format!(
            "{name}: {error}. Without debug information control bytes and old buckets are left out"
        )),
        _ => {}
    }
}

/// `0xc000012d80`, `main.sessions`, either with `=TYPE`.
pub fn place(text: &str) -> Result<(Place, Option<String>), String> {
    let (place, type_text) = match text.split_once('=') {
        Some((place, type_text)) => (place.trim(), Some(type_text.trim())),
        None => (text.trim(), None),
    };
    if let Some(type_text) = type_text.filter(|text| !text.starts_with("map[")) {
        return Err(format!(
            "\"{type_text}\" is no map type; write it out, in quotes for the shell: main.sessions='map[string]int'"
        ));
    }
    if place.contains(['(', ')']) {
        return Err(format!(
            "\"{place}\" has parentheses; the script reads variables and their fields and calls nothing: main.server.users, or a header, \
             0xc000012d80"
        ));
    }
    let type_text = type_text.map(str::to_owned);
    if !place.starts_with(|first: char| first.is_ascii_digit()) {
        return match place.is_empty() || place.contains(char::is_control) {
            true => Err(
                "no map named; write a variable, main.sessions, or a header, 0xc000012d80".into(),
            ),
            false => Ok((Place::Expression(place.to_owned()), type_text)),
        };
    }
    if place.ends_with('?') {
        return Err(format!(
            "the traceback marks {place} as doubtful: where a call shows a word with ?, take the header from a frame without it"
        ));
    }
    let address = word(place)?;
    match address != 0 && address % HEADER_ALIGN == 0 {
        true => Ok((Place::Header(address), type_text)),
        false => Err(format!(
            "no map header lies at {place}: it begins at a multiple of {HEADER_ALIGN}, and not at 0; take the second word of \
             runtime.mapassign*, or the first of maps.(*Map).*"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_variables_and_headers_alone() {
        for good in [
            "main.server.users",
            "0xc000012d80=map[func(int)]int",
            "main.m=map[interface{ F() }]int",
        ] {
            assert!(place(good).is_ok(), "{good}");
        }
        for bad in [
            "main.Drop()",
            "(*main.T)(0xc000012d80).m",
            "main.get(1)=map[int]int",
        ] {
            let told = place(bad).err().unwrap_or_default();
            assert!(told.contains("parentheses"), "{bad}: {told}");
        }
    }
}
