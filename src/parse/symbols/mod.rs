//! Names for bare addresses, from the program that was running (`--exe FILE`).
//!
//! Every Go program carries the runtime's own tables of functions and lines ([`pclntab`]), even stripped; where they are missing, the
//! symbol table of the file names functions. `profile` asks [`Executable::frame`] for the addresses that a profile leaves without a
//! name: the frames of the runtime that `debug=1` hides, among them the map operations. Nothing of the file is run or trusted.

mod pclntab;

use crate::model::Address;
use object::{Object, ObjectSection, ObjectSegment, ObjectSymbol, SectionKind, SymbolKind};
use pclntab::Table;

/// Why a file gives no names.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SymbolsError {
    /// Not an ELF, Mach-O or PE file, or a damaged one.
    #[error("not a program: {0}")]
    NotAProgram(#[from] object::Error),
    /// A program without Go's tables and without symbols.
    #[error("no table of functions in it: not built by Go 1.16 or later, or damaged")]
    NoTables,
}

/// The name of an address. Where it lies in a call that was inlined, the function is the one it was inlined into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named<'x> {
    /// Function, as Go names it.
    pub func: &'x [u8],
    /// Source file; empty where it is not known, or is that of an inlined function.
    pub file: &'x [u8],
    /// Its line; 0 where `file` is empty.
    pub line: u32,
    /// Bytes from the function's entry.
    pub offset: u64,
}

/// Where the program lay in memory: the mapping that an address is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// First address of the mapping.
    pub start: Address,
    /// Where in the file it begins.
    pub offset: u64,
}

/// A program's tables of names; borrows the file.
#[derive(Debug)]
pub struct Executable<'x> {
    table: Option<Table<'x>>,
    /// Functions of the symbol table by address.
    symbols: Vec<(u64, &'x [u8])>,
    /// Executable segments: address in the file's own terms, place in the file, size in the file.
    segments: Vec<(u64, u64, u64)>,
    build_id: Vec<u8>,
    /// As the Go linker writes it; empty where there is none.
    go_build_id: &'x [u8],
    is_fixed: bool,
}

impl<'x> Executable<'x> {
    /// Reads a program.
    ///
    /// # Errors
    /// Where the file is no program, or has no names.
    pub fn read(file: &'x [u8]) -> Result<Self, SymbolsError> {
        let object = object::File::parse(file)?;
        let table = go_table(&object, file);
        let mut symbols: Vec<(u64, &[u8])> = Vec::new();
        if table.is_none() {
            let functions = object
                .symbols()
                .filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.address() != 0);
            symbols.extend(
                functions.filter_map(|symbol| Some((symbol.address(), symbol.name_bytes().ok()?))),
            );
            symbols.sort_unstable();
        }
        if table.is_none() && symbols.is_empty() {
            return Err(SymbolsError::NoTables);
        }
        let segments = object.segments().map(|segment| {
            let (offset, size) = segment.file_range();
            (segment.address(), offset, size)
        });
        Ok(Self {
            table,
            symbols,
            segments: segments.collect(),
            build_id: object
                .build_id()
                .ok()
                .flatten()
                .unwrap_or_default()
                .to_vec(),
            go_build_id: go_build_id(&object).unwrap_or_default(),
            is_fixed: object.format() == object::BinaryFormat::Elf
                && object.kind() == object::ObjectKind::Executable,
        })
    }

    /// The GNU build id as hexadecimal digits; empty where the file has none.
    pub fn build_id(&self) -> String {
        self.build_id
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// True where a build id, as a profile holds it, is one of this program's: the GNU build id in hexadecimal digits, or Go's own.
    pub fn is_build(&self, id: &[u8]) -> bool {
        let gnu = self.build_id();
        !gnu.is_empty() && id.eq_ignore_ascii_case(gnu.as_bytes())
            || !self.go_build_id.is_empty() && id == self.go_build_id
    }

    /// True where it only runs at the addresses it was linked at: ELF programs that are not position-independent.
    pub fn is_fixed(&self) -> bool {
        self.is_fixed
    }

    /// The name of an address of a process in which the program lay `bias` above where it was linked: 0 for all but
    /// position-independent ones.
    pub fn frame(&self, address: Address, bias: u64) -> Option<Named<'x>> {
        let address = address.0.wrapping_sub(bias);
        match &self.table {
            Some(table) => table.name(address),
            None => self.symbol(address),
        }
    }

    /// How far above its linked addresses the program lay, told by a function and where it began in the process.
    pub fn bias_of(&self, func: &[u8], entry: Address) -> Option<u64> {
        let linked = match &self.table {
            Some(table) => table.entry(func),
            None => self
                .symbols
                .iter()
                .find(|(_, name)| *name == func)
                .map(|&(entry, _)| entry),
        };
        Some(entry.0.wrapping_sub(linked?))
    }

    /// The same, told by a mapping of its file.
    pub fn bias(&self, loaded: Loaded) -> Option<u64> {
        let (address, offset, _) = self.segments.iter().find(|&&(_, offset, size)| {
            loaded.offset >= page(offset) && loaded.offset < offset.saturating_add(size)
        })?;
        let linked = address.wrapping_sub(*offset).wrapping_add(loaded.offset);
        Some(loaded.start.0.wrapping_sub(linked))
    }

    fn symbol(&self, address: u64) -> Option<Named<'x>> {
        let above = self.symbols.partition_point(|&(entry, _)| entry <= address);
        let &(entry, func) = self.symbols.get(above.checked_sub(1)?)?;
        Some(Named {
            func,
            file: b"",
            line: 0,
            offset: address - entry,
        })
    }
}

/// The note of the Go linker: lengths and type, the name `Go`, the id.
fn go_build_id<'x>(object: &object::File<'x>) -> Option<&'x [u8]> {
    const HEAD: usize = 16;
    let note = object
        .section_by_name_bytes(b".note.go.buildid")?
        .data()
        .ok()?;
    let id = note.get(HEAD..)?;
    let end = id.iter().position(|&byte| byte == 0).unwrap_or(id.len());
    id.get(..end)
}

/// Start of the page that a place in a file lies in: files are mapped by whole pages, of 4 KiB at least.
fn page(offset: u64) -> u64 {
    offset & !0xfff
}

/// Names of the section with Go's tables: ELF, ELF with relocations, Mach-O.
const SECTIONS: [&str; 3] = [".gopclntab", ".data.rel.ro.gopclntab", "__gopclntab"];

fn go_table<'x>(object: &object::File<'x>, file: &'x [u8]) -> Option<Table<'x>> {
    let text = object.sections().find(|section| {
        section.kind() == SectionKind::Text
            && matches!(section.name_bytes(), Ok(b".text" | b"__text"))
    });
    // Programs linked by a C linker begin with C code; the symbol says where Go's begins.
    let symbol = object
        .symbols()
        .find(|symbol| matches!(symbol.name_bytes(), Ok(b"runtime.text" | b"_runtime.text")));
    let text = symbol
        .map(|symbol| symbol.address())
        .or(text.map(|text| text.address()));
    let named = SECTIONS
        .iter()
        .find_map(|&name| object.section_by_name(name)?.data().ok());
    let read = |data| Table::read(data, text);
    named.and_then(read).or_else(|| {
        // PE has no section of its own for it, and sections may be stripped.
        pclntab::candidates(file).find_map(read)
    })
}
