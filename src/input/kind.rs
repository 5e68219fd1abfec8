//! What a file is, told by its first bytes, never by its name.
//!
//! Called by [`super::Reading`] and [`super::archive`] before anything else looks at the contents. Compressed text and archives are
//! taken apart; what is certainly no text is refused with advice ([`Foreign`]); everything else counts as text, since dumps come in
//! many encodings.

/// What the first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// To be read as it is: text, a profile, an execution trace.
    Text,
    /// To be decompressed.
    Compressed(Compression),
    /// To be opened: each member is an input of its own.
    Archive(Archive),
    /// Certainly not text.
    Foreign(&'static Foreign),
}

/// A compression that is read transparently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// As bzip2 and its parallel kin write it.
    Bzip2,
    /// LZMA2 in its usual container.
    Xz,
}

/// A kind of archive that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Archive {
    /// POSIX and GNU.
    Tar,
    /// With its directory at the end.
    Zip,
}

/// A kind of file that is not read, and what to do with it.
#[derive(Debug, PartialEq, Eq)]
pub struct Foreign {
    /// What it is, with its article.
    pub what: &'static str,
    /// What to do instead, as a sentence without its full stop.
    pub advice: &'static str,
}

/// Bytes at a place, and what they stand for.
struct Magic {
    at: usize,
    bytes: &'static [u8],
    kind: Kind,
}

const fn compressed(bytes: &'static [u8], how: Compression) -> Magic {
    Magic {
        at: 0,
        bytes,
        kind: Kind::Compressed(how),
    }
}

const fn archive(at: usize, bytes: &'static [u8], which: Archive) -> Magic {
    Magic {
        at,
        bytes,
        kind: Kind::Archive(which),
    }
}

const fn foreign(at: usize, bytes: &'static [u8], foreign: &'static Foreign) -> Magic {
    Magic {
        at,
        bytes,
        kind: Kind::Foreign(foreign),
    }
}

/// Where a tar header says what it is.
const TAR_MAGIC_AT: usize = 257;

/// Bytes that [`Kind::of`] has to see at most.
pub const HEAD: usize = TAR_MAGIC_AT + 5;

/// First match wins.
const MAGICS: &[Magic] = &[
    compressed(b"\x1f\x8b", Compression::Gzip),
    compressed(b"\x28\xb5\x2f\xfd", Compression::Zstd),
    compressed(b"BZh", Compression::Bzip2),
    compressed(b"\xfd7zXZ\0", Compression::Xz),
    foreign(0, b"\x04\x22\x4d\x18", &LZ4),
    archive(0, b"PK\x03\x04", Archive::Zip),
    archive(0, b"PK\x05\x06", Archive::Zip),
    foreign(0, b"7z\xbc\xaf\x27\x1c", &SEVEN_ZIP),
    archive(TAR_MAGIC_AT, b"ustar", Archive::Tar),
    foreign(0, b"\x7fELF", &ELF),
    foreign(0, b"\xcf\xfa\xed\xfe", &MACH_O),
];

const LZ4: Foreign = Foreign {
    what: "lz4 data",
    advice: "decompress it into a pipe: lz4 -dc FILE | gotriage",
};
const SEVEN_ZIP: Foreign = Foreign {
    what: "a 7z archive",
    advice: "unpack it and pass the log inside: 7z x -so FILE | gotriage",
};
const ELF: Foreign = Foreign {
    what: "an ELF file (a program or a core dump)",
    advice: "pass the text that the program printed as it died; goroutines of a core are listed by: dlv core PROGRAM CORE",
};
const MACH_O: Foreign = Foreign {
    what: "a Mach-O file (a program or a core dump)",
    advice: "pass the text that the program printed as it died",
};

impl Kind {
    /// The kind of a file that begins with `head`.
    pub fn of(head: &[u8]) -> Self {
        for magic in MAGICS {
            let there = head.get(magic.at..).unwrap_or_default();
            if there.starts_with(magic.bytes) {
                return magic.kind;
            }
        }
        if is_skippable_frame(head) {
            return Kind::Compressed(Compression::Zstd);
        }
        Kind::Text
    }
}

impl Foreign {
    /// True for what may hold logs, had it been unpacked; programs and core dumps hold none.
    pub fn may_hold_logs(&self) -> bool {
        *self == LZ4 || *self == SEVEN_ZIP
    }
}

impl Archive {
    /// The command that lists its members.
    pub fn lister(self) -> &'static str {
        match self {
            Archive::Tar => "tar -tf FILE",
            Archive::Zip => "unzip -l FILE",
        }
    }
}

impl Compression {
    /// Its usual name.
    pub fn word(self) -> &'static str {
        match self {
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
            Compression::Bzip2 => "bzip2",
            Compression::Xz => "xz",
        }
    }
}

/// Parallel zstd compressors begin with a frame that holds sizes only: magic 0x184D2A50 to 0x184D2A5F.
fn is_skippable_frame(head: &[u8]) -> bool {
    matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_magic_is_recognised_where_it_stands() {
        for magic in MAGICS {
            let mut head = vec![b' '; magic.at];
            head.extend_from_slice(magic.bytes);
            assert_eq!(Kind::of(&head), magic.kind);
            assert_eq!(Kind::of(&head[..head.len() - 1]), Kind::Text);
        }
    }

    #[test]
    fn text_is_text_even_where_it_looks_odd() {
        for head in [
            b"".as_slice(),
            b"\n",
            b"\ngoroutine 1 [running]:\n",
            b"fatal error: concurrent map writes\n",
            b"\xff\xfef\0a\0t\0a\0l\0",
            b"go 1.22 trace of the outage\n",
            b"BZ",
        ] {
            assert_eq!(Kind::of(head), Kind::Text, "{head:?}");
        }
    }

    #[test]
    fn profiles_and_traces_are_read() {
        let profile = b"\x0a\x04\x08\x01\x10\x02\x12\x04";
        assert_eq!(Kind::of(profile), Kind::Text);
        assert_eq!(Kind::of(b"go 1.22 trace\0\0\0\x01"), Kind::Text);
        assert_eq!(
            Kind::of(b"\x50\x2a\x4d\x18\x04\0\0\0"),
            Kind::Compressed(Compression::Zstd)
        );
    }
}
