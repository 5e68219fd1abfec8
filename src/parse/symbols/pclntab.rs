//! The runtime's table of functions and lines, `.gopclntab`, as Go 1.16 and later write it. Called by [`super::Executable`].
//!
//! ```text
//! fb ff ff ff | 00 00 | 01 | 08      magic (fffffffa 1.16, fffffff0 1.18, fffffff1 1.20 and later), instruction unit, pointer size
//! functions, files, [text start], then offsets of: names, compilation units, files, pc tables, functions     pointers
//! functions: (entry, offset of the record) …, end of text         4 bytes each relative to the text start; 1.16: pointers
//! record: entry, name, args, deferreturn, pcsp, pcfile, pcln, npcdata, unit, [start line 1.20], id, flag, _, nfuncdata, pcdata…
//! pc table: (value step, zigzag varint; pc step, varint in instruction units) … 0
//! ```
//!
//! A value holds up to the pc that its step ends at. The file is an index into the compilation unit's part of the unit table. Since
//! Go 1.26 the text start is no longer in the header: it is the address of the text section. Read [`Table::name`] first.

use super::Named;

/// Functions of one program; the largest known have a tenth of this. Offsets are checked one by one all the same.
const FUNCTIONS_MOST: u64 = 1 << 24;

/// Steps of one pc table: a function has as many instructions at most, and the compiler's largest have some hundred thousand.
const STEPS_MOST: usize = 1 << 22;

/// Index of the table that says which inlined call an instruction belongs to; -1 where none.
const INLINE_TABLE: u64 = 2;

/// How a version lays the table out.
#[derive(Clone, Copy, Debug)]
struct Layout {
    magic: u32,
    /// Entries are 32-bit offsets from the start of the text, not pointers.
    relative: bool,
    /// Pointer-sized words between the counts and the offsets.
    skipped: usize,
    /// 32-bit words of a record from its name on, before the flag bytes.
    words: usize,
}

/// Oldest first.
const LAYOUTS: [Layout; 3] = [
    Layout {
        magic: 0xffff_fffa,
        relative: false,
        skipped: 0,
        words: 8,
    },
    Layout {
        magic: 0xffff_fff0,
        relative: true,
        skipped: 1,
        words: 8,
    },
    Layout {
        magic: 0xffff_fff1,
        relative: true,
        skipped: 1,
        words: 9,
    },
];

/// The table of one program.
#[derive(Debug)]
pub(super) struct Table<'x> {
    layout: Layout,
    big_endian: bool,
    pointer: usize,
    unit: u64,
    text: u64,
    count: usize,
    names: &'x [u8],
    units: &'x [u8],
    files: &'x [u8],
    pcs: &'x [u8],
    functions: &'x [u8],
}

/// Places of a file where a table may begin.
pub(super) fn candidates(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    memchr::memmem::find_iter(file, b"\xff\xff\xff\0\0")
        .filter_map(|at| file.get(at.checked_sub(1)?..))
}

/// A record of a function: where it begins, and its words.
struct Record<'x> {
    entry: u64,
    /// Bytes behind the entry.
    body: &'x [u8],
}

impl<'x> Table<'x> {
    /// Reads the header. `text` is the address of the text section.
    pub fn read(data: &'x [u8], text: Option<u64>) -> Option<Self> {
        let magic: [u8; 4] = data.get(..4)?.try_into().ok()?;
        let of = |magic| LAYOUTS.iter().find(|layout| layout.magic == magic);
        let (layout, big_endian) = match of(u32::from_le_bytes(magic)) {
            Some(layout) => (*layout, false),
            None => (*of(u32::from_be_bytes(magic))?, true),
        };
        let &[0, 0, unit @ (1 | 2 | 4), pointer @ (4 | 8)] = data.get(4..8)? else {
            return None;
        };
        let pointer = usize::from(pointer);
        let mut table = Self {
            layout,
            big_endian,
            pointer,
            unit: u64::from(unit),
            text: 0,
            count: 0,
            names: &[],
            units: &[],
            files: &[],
            pcs: &[],
            functions: &[],
        };
        let word = |index: usize| table.word(data, 8 + index * pointer);
        let part =
            |index: usize| data.get(usize::try_from(word(2 + layout.skipped + index)?).ok()?..);
        let count = word(0).filter(|&count| count > 0 && count <= FUNCTIONS_MOST)?;
        let start = match layout.relative {
            true => text.or(word(2).filter(|&start| start != 0))?,
            false => 0,
        };
        let parts = [part(0)?, part(1)?, part(2)?, part(3)?, part(4)?];
        table.text = start;
        table.count = usize::try_from(count).ok()?;
        [
            table.names,
            table.units,
            table.files,
            table.pcs,
            table.functions,
        ] = parts;
        table
            .functions
            .get((2 * table.count + 1) * table.field() - 1)?;
        Some(table)
    }

    /// Bytes of a field of the function list.
    fn field(&self) -> usize {
        if self.layout.relative {
            4
        } else {
            self.pointer
        }
    }

    fn u32(&self, data: &[u8], at: usize) -> Option<u32> {
        let bytes: [u8; 4] = data.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(match self.big_endian {
            true => u32::from_be_bytes(bytes),
            false => u32::from_le_bytes(bytes),
        })
    }

    /// A pointer-sized word.
    fn word(&self, data: &[u8], at: usize) -> Option<u64> {
        if self.pointer == 4 {
            return self.u32(data, at).map(u64::from);
        }
        let bytes: [u8; 8] = data.get(at..at.checked_add(8)?)?.try_into().ok()?;
        Some(match self.big_endian {
            true => u64::from_be_bytes(bytes),
            false => u64::from_le_bytes(bytes),
        })
    }

    /// Field `index` of the function list: entries at even places, offsets of records at odd ones.
    fn listed(&self, index: usize) -> Option<u64> {
        let at = index.checked_mul(self.field())?;
        match self.layout.relative {
            true => self.u32(self.functions, at).map(u64::from),
            false => self.word(self.functions, at),
        }
    }

    /// The name of an address, in the file's own terms.
    pub fn name(&self, address: u64) -> Option<Named<'x>> {
        let record = self.record(address)?;
        let name = self.field_of(&record, 0)?;
        let func = text_at(self.names, usize::try_from(name).ok()?)?;
        let (file, line) = self.place(&record, address).unwrap_or_default();
        Some(Named {
            func,
            file,
            line,
            offset: address - record.entry,
        })
    }

    /// Where a function begins. Linear in the functions.
    pub fn entry(&self, func: &[u8]) -> Option<u64> {
        (0..self.count).find_map(|index| {
            let offset = usize::try_from(self.listed(2 * index + 1)?).ok()?;
            let body = self.functions.get(offset.checked_add(self.field())?..)?;
            let name = usize::try_from(self.u32(body, 0)?).ok()?;
            let known = self.names.get(name..)?.strip_prefix(func)?;
            let entry = || Some(self.text.wrapping_add(self.listed(2 * index)?));
            (known.first() == Some(&0)).then(entry)?
        })
    }

    /// The record of the function that an address lies in, by binary search.
    fn record(&self, address: u64) -> Option<Record<'x>> {
        let wanted = address.checked_sub(self.text)?;
        let (mut low, mut high) = (0, self.count);
        if wanted < self.listed(0)? || wanted >= self.listed(2 * self.count)? {
            return None;
        }
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            match self.listed(2 * middle)? <= wanted {
                true => low = middle,
                false => high = middle,
            }
        }
        let offset = usize::try_from(self.listed(2 * low + 1)?).ok()?;
        Some(Record {
            entry: self.text.wrapping_add(self.listed(2 * low)?),
            body: self.functions.get(offset.checked_add(self.field())?..)?,
        })
    }

    /// Word `index` of a record, counted from the name.
    fn field_of(&self, record: &Record<'_>, index: usize) -> Option<u32> {
        self.u32(record.body, 4 * index)
    }

    /// File and line, unless the instruction belongs to an inlined call: its line is that of another function.
    fn place(&self, record: &Record<'_>, address: u64) -> Option<(&'x [u8], u32)> {
        let tables = u64::from(self.field_of(record, 6)?);
        if tables > INLINE_TABLE {
            // Behind the words come four bytes, then the offsets of the tables.
            let at = self.layout.words + 1 + INLINE_TABLE as usize;
            let inlined = self.field_of(record, at)?;
            if inlined != 0 && self.value_at(inlined, record.entry, address)? >= 0 {
                return None;
            }
        }
        let file = self.value_at(self.field_of(record, 4)?, record.entry, address)?;
        let line = self.value_at(self.field_of(record, 5)?, record.entry, address)?;
        let unit = u64::from(self.field_of(record, 7)?);
        let slot = usize::try_from(unit.checked_add(u64::try_from(file).ok()?)?).ok()?;
        let offset = self.u32(self.units, slot.checked_mul(4)?)?;
        let file = text_at(self.files, usize::try_from(offset).ok()?)?;
        Some((file, u32::try_from(line).ok()?))
    }

    /// The value of a pc table at an address.
    fn value_at(&self, table: u32, entry: u64, address: u64) -> Option<i64> {
        let mut rest = self.pcs.get(usize::try_from(table).ok()?..)?;
        let (mut value, mut pc) = (-1i64, entry);
        for step in 0..STEPS_MOST {
            let change = varint(&mut rest)?;
            if change == 0 && step > 0 {
                return None;
            }
            let sign = -i64::from(change & 1);
            value = value.wrapping_add(i64::from(change >> 1) ^ sign);
            pc = pc.checked_add(u64::from(varint(&mut rest)?).checked_mul(self.unit)?)?;
            if address < pc {
                return Some(value);
            }
        }
        None
    }
}

/// A 32-bit varint; moves `rest` behind it.
fn varint(rest: &mut &[u8]) -> Option<u32> {
    let mut value = 0u32;
    for shift in [0, 7, 14, 21, 28] {
        let (&byte, behind) = rest.split_first()?;
        *rest = behind;
        value |= u32::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// The text that begins at an offset and ends with a zero byte.
fn text_at(table: &[u8], offset: usize) -> Option<&[u8]> {
    let text = table.get(offset..)?;
    text.get(..memchr::memchr(0, text)?)
}
