import json
import os
import re

import gdb

#@TABLES@

OUTPUT = os.environ.get("GOTRIAGE_SNAPSHOT", "gotriage-snapshot.json")

# Torn or overwritten memory can hold any number. Beyond these the field is left out, so that the debugger doesn't hang.
MAX_DIRECTORY = 1 << 17  # entries; 117 million slots in tables of 1024, filled to 7/8
MAX_TABLES = 1 << 14  # 16 million slots, 34 MB of control bytes as text
MAX_GROUPS = 1 << 7  # of one table; Go makes none larger
MAX_BUCKETS = 1 << 20  # old buckets, or overflow buckets allocated in advance
MAX_VERSION = 256  # bytes
MAX_TYPE_DEPTH = 64  # nesting of a type tree
CHUNK = 1 << 20  # bytes read at once

SAME_SIZE_GROW = 8  # bit of hmap.flags: the old array has as many buckets as the new one
EVACUATED = (2, 3, 4)  # tophash[0] of a bucket that has been moved

# GOARCH and bytes of a pointer, by the beginning of gdb's own name.
ARCHES = [
    ("i386:x86-64", "amd64", 8),
    ("i386", "386", 4),
    ("aarch64", "arm64", 8),
    ("arm", "arm", 4),
    ("riscv:rv64", "riscv64", 8),
    ("loongarch64", "loong64", 8),
    ("powerpc:common64", "ppc64le", 8),
    ("mips:isa64", "mips64le", 8),
    ("mips", "mipsle", 4),
]


NO_SYMBOL = """\
secrets are left out: there is no symbol %s.aeskeysched, for the binary was linked with -ldflags=-s or stripped.
Without them no key's place can be computed. Build the same commit by the same Go with the same flags, but with -ldflags=-w instead
of -s, and give gdb that binary; its variables have the same addresses:
    gdb BUILT-WITH-W CORE -batch -x probe.gdb
    gdb -iex 'set exec-file-mismatch off' BUILT-WITH-W -p PID -batch -x probe.gdb"""


class Unknown(Exception):
    """Something that can't be read or told; its text says what and why."""


class WrongBinary(Exception):
    """Symbols don't stand where they say, so nothing found by them can be believed."""


def say(text):
    gdb.write("gotriage: %s\n" % text, gdb.STDERR)


# ---- Memory ----------------------------------------------------------------------------------------------------------


def read(address, length):
    """The bytes at an address."""
    try:
        return bytes(gdb.selected_inferior().read_memory(address, length))
    except (gdb.error, OverflowError) as why:
        raise Unknown("%d bytes at 0x%x can't be read: %s" % (length, address, why))


def number(data, signed=False):
    return int.from_bytes(data, "little", signed=signed)


def first_bytes(start, count, unit, length):
    """The first `length` bytes of each of `count` buckets or groups of `unit` bytes, read in large pieces."""
    at_once = max(1, CHUNK // unit)
    for first in range(0, count, at_once):
        some = min(at_once, count - first)
        data = read(start + first * unit, some * unit)
        for n in range(some):
            yield data[n * unit : n * unit + length]


def address_of(symbol):
    """The address of a variable, from debug information or, without any, from the symbol table; else None."""
    try:
        return int(gdb.parse_and_eval("&'%s'" % symbol))
    except gdb.error:
        return None


def hex_word(value):
    return "0x%x" % value


# ---- The process -----------------------------------------------------------------------------------------------------


class Process:
    """Machine, Go build, and what follows from them for the form of maps."""

    def __init__(self):
        self.arch, self.word = machine()
        self.version = version_from_variable(self.word) or version_from_build_info() or GIVEN_VERSION
        if not self.version:
            raise Unknown(
                "the Go version can't be read: the binary has no symbols and no build information; "
                "print this script again with --go VERSION"
            )
        self.build = build_of(self.version)
        self.parts = self.build["parts"][str(self.word)]

    def struct(self, part, address):
        """The fields of a header of maps as numbers, by the names of Go's source."""
        rows = self.parts[part]
        data = read(address, max(offset + size for _, offset, size in rows))
        return {
            name: number(data[offset : offset + size], signed=name == "index")
            for name, offset, size in rows
        }

    def pointer(self, address):
        return number(read(address, self.word))


def machine():
    name = gdb.selected_inferior().architecture().name().lower()
    for prefix, arch, word in ARCHES:
        if name.startswith(prefix):
            return arch, word
    raise Unknown("no rules for the machine that gdb calls %s" % name)


def operating_system():
    """GOOS, or None; in the process it is a constant, which leaves no trace."""
    return "linux" if "GNU/Linux" in gdb.execute("show osabi", to_string=True) else None


def version_from_variable(word):
    """runtime.buildVersion is a string: a pointer and a length."""
    address = address_of("runtime.buildVersion")
    if address is None:
        return None
    text, length = number(read(address, word)), number(read(address + word, word))
    return read(text, length).decode("utf-8", "replace") if 0 < length <= MAX_VERSION else None


def version_from_build_info():
    """The section that `go version` reads, which -ldflags=-s leaves: 32 bytes, a length, the version (Go 1.18 and later)."""
    found = re.search(r"(0x[0-9a-f]+) - 0x[0-9a-f]+ is \.go\.buildinfo", gdb.execute("info files", to_string=True))
    if not found:
        return None
    data = read(int(found.group(1), 16), 33)
    text_follows = data[15] & 2
    if not data.startswith(b"\xff Go buildinf:") or not text_follows:
        return None
    return read(int(found.group(1), 16) + 33, data[32] & 0x7F).decode("utf-8", "replace")


def build_of(version):
    """The row of BUILDS for a version such as go1.27.3 or `go1.24.11 X:noswissmap`."""
    found = re.search(r"go1\.(\d+)", version)
    experiment = next((name for name in ("noswissmap", "mapsplitgroup") if name in version), "")
    for row in BUILDS if found else []:
        if row["first"] <= int(found.group(1)) <= row["last"] and row["experiment"] == experiment:
            return row
    raise Unknown("no rules for the maps of %s" % version)


def secrets(process):
    """What the process mixes into every hash. The schedule is zero where AES isn't used, and only there."""
    package = process.build["secrets"]
    schedule = address_of(package + ".aeskeysched")
    keys = address_of(package + ".hashkey")
    use_aes = address_of(package + "." + process.build["use_aes"])
    if None in (schedule, keys, use_aes):
        raise Unknown(NO_SYMBOL % package)
    aeskeysched, words, flag = read(schedule, 16 * process.word), read(keys, 4 * process.word), read(use_aes, 1)[0]
    if flag != any(aeskeysched):
        raise WrongBinary("gdb was given another binary than the one that ran")
    return {
        "aeskeysched": aeskeysched.hex(),
        "hashkey": [hex_word(number(words[n : n + process.word])) for n in range(0, len(words), process.word)],
        "use_aes": flag == 1,
    }


# ---- Classic maps ----------------------------------------------------------------------------------------------------


def classic_map(process, header, unit):
    """An hmap and what hangs on it; `unit` is the bucket size, or None."""
    hmap = process.struct("hmap", header)
    shot = {name: hmap[name] for name in ("count", "flags", "B", "noverflow", "nevacuate")}
    shot.update({name: hex_word(hmap[name]) for name in ("hash0", "buckets", "oldbuckets", "extra")})
    next_overflow = process.struct("mapextra", hmap["extra"])["nextOverflow"] if hmap["extra"] else 0
    shot["next_overflow"] = hex_word(next_overflow)
    shot["allocated_buckets"] = allocated_buckets(process, hmap, next_overflow, unit)
    if hmap["oldbuckets"] and unit:
        shot.update(old_evacuated(hmap, unit))
    return shot


def old_evacuated(hmap, unit):
    """One digit for each old bucket: 1 where its entries have been moved."""
    log2 = hmap["B"] if hmap["flags"] & SAME_SIZE_GROW else hmap["B"] - 1
    if log2 < 0 or 1 << log2 > MAX_BUCKETS:
        say("old_evacuated is left out: 2^%d old buckets are too many" % log2)
        return {}
    tops = first_bytes(hmap["oldbuckets"], 1 << log2, unit, 1)
    return {"old_evacuated": "".join("1" if top[0] in EVACUATED else "0" for top in tops)}


def allocated_buckets(process, hmap, next_overflow, unit):
    """The 2^B buckets and the overflow buckets allocated with them, or None.

    Below B = 4 there are none of those. The unused ones stand from next_overflow to the end, and only the last of them has an
    overflow pointer.
    """
    if hmap["B"] < 4:
        return 1 << hmap["B"] if hmap["buckets"] else None
    if not unit or not next_overflow or (next_overflow - hmap["buckets"]) % unit:
        return None
    for n in range(MAX_BUCKETS):
        bucket = next_overflow + n * unit
        if process.pointer(bucket + unit - process.word):
            return (bucket - hmap["buckets"]) // unit + 1
    return None


# ---- Swiss maps ------------------------------------------------------------------------------------------------------


def swiss_map(process, header, unit):
    """A Map, its directory and tables; `unit` is the group size, or None."""
    top = process.struct("Map", header)
    shot = {
        "used": top["used"],
        "seed": hex_word(top["seed"]),
        "dir_ptr": hex_word(top["dirPtr"]),
        "dir_len": top["dirLen"],
        "global_depth": top["globalDepth"],
        "global_shift": top["globalShift"],
        "writing": top["writing"],
        "clear_seq": top["clearSeq"],
    }
    if "tombstonePossible" in top:
        shot["tombstone_possible"] = top["tombstonePossible"] != 0
    if top["dirLen"]:
        shot.update(directory(process, top, unit))
    elif top["dirPtr"]:
        shot["small_ctrls"] = read(top["dirPtr"], 8).hex()
    return shot


def directory(process, top, unit):
    """The entries as indices into the tables; neighbouring entries may share a table."""
    if top["dirLen"] > MAX_DIRECTORY:
        say("directory is left out: it has %d entries, which can't be" % top["dirLen"])
        return {}
    data = read(top["dirPtr"], top["dirLen"] * process.word)
    known, entries = {}, []
    for n in range(top["dirLen"]):
        address = number(data[n * process.word : (n + 1) * process.word])
        entries.append(known.setdefault(address, len(known)))
    if len(known) > MAX_TABLES:
        say("tables are left out: there are %d of them" % len(known))
        return {}
    return {"directory": entries, "tables": [table(process, address, unit) for address in known]}


def table(process, address, unit):
    """A table with the control bytes of its groups."""
    fields = process.struct("table", address)
    shot = {
        "addr": hex_word(address),
        "used": fields["used"],
        "capacity": fields["capacity"],
        "growth_left": fields["growthLeft"],
        "local_depth": fields["localDepth"],
        "index": fields["index"],
        "groups": hex_word(fields["groups.data"]),
        "length_mask": fields["groups.lengthMask"],
    }
    groups = fields["groups.lengthMask"] + 1
    if groups > MAX_GROUPS:
        say("ctrls of table 0x%x are left out: it can't have %d groups" % (address, groups))
    elif unit:
        shot["ctrls"] = b"".join(first_bytes(fields["groups.data"], groups, unit, 8)).hex()
    return shot


# ---- Types, from debug information -----------------------------------------------------------------------------------


def go_name(of):
    """A type's name as Go writes it; gdb leaves pointers and arrays to be spelled out."""
    if of.code == gdb.TYPE_CODE_PTR:
        inner = of.target()
        return "unsafe.Pointer" if inner.code == gdb.TYPE_CODE_VOID else "*" + go_name(inner)
    if of.code == gdb.TYPE_CODE_ARRAY and not of.name:
        return "[%d]%s" % (array_length(of), go_name(of.target()))
    if not of.name:
        raise Unknown("a type without a name")
    return of.name


def array_length(of):
    low, high = of.range()
    return high - low + 1


def struct_fields(of):
    return {field.name: field.type for field in of.strip_typedefs().fields()}


def map_types(of):
    """Unit, key and elem type of a map variable's type, which is a pointer to hash<K,V> or map<K,V>."""
    header = of.strip_typedefs().target().strip_typedefs()
    fields = struct_fields(header)
    if "buckets" in fields:
        unit = fields["buckets"].target().strip_typedefs()
    else:
        groups = struct_fields(fields["dirPtr"].target().target())["groups"]
        unit = struct_fields(groups)["data"].target().strip_typedefs()
    cells = struct_fields(unit)
    if "slots" in cells:
        cells = struct_fields(cells["slots"].strip_typedefs().target())
        key, elem = cells["key"], cells["elem"]
    else:
        key = cells["keys"].strip_typedefs().target()
        elem = cells.get("values", cells.get("elems")).strip_typedefs().target()
    return (unit,) + uncover(header.name, key, elem)


def uncover(header_name, key, elem):
    """Large keys and elems stand behind pointers; the names in hash<K,V> tell whether these do."""
    for key_type in pointed(key):
        for elem_type in pointed(elem):
            if header_name.endswith("<%s,%s>" % (go_name(key_type), go_name(elem_type))):
                return key_type, elem_type
    raise Unknown("%s does not name %s and %s" % (header_name, key, elem))


def pointed(of):
    return [of, of.target()] if of.code == gdb.TYPE_CODE_PTR else [of]


def tree(of, depth=0):
    """A type tree as a snapshot has it."""
    if depth > MAX_TYPE_DEPTH:
        raise Unknown("%s is nested too deeply" % of)
    bare = of.strip_typedefs()
    node = {"name": go_name(of), "kind": kind(bare), "size": bare.sizeof, "align": bare.alignof}
    if node["kind"] == "func":
        pointer = gdb.parse_and_eval("&'runtime.buildVersion'").type
        node.update(size=pointer.sizeof, align=pointer.alignof)
    elif node["kind"] == "interface":
        node["methods"] = 0 if bare.name == "runtime.eface" else 1
    elif node["kind"] == "array":
        node.update(len=array_length(bare), elem=tree(bare.target(), depth + 1))
    elif node["kind"] == "struct":
        node["fields"] = [
            {"name": field.name or "_", "off": field.bitpos // 8, "type": tree(field.type, depth + 1)}
            for field in bare.fields()
        ]
    return node


def kind(bare):
    """Kind as package reflect names it. Strings, slices and interfaces are structs to gdb; their fields give them away."""
    bits = bare.sizeof * 8
    if bare.code == gdb.TYPE_CODE_BOOL:
        return "bool"
    if bare.code in (gdb.TYPE_CODE_INT, gdb.TYPE_CODE_CHAR):
        by_size = "%s%d" % ("int" if bare.is_signed else "uint", bits)
        return bare.name if bare.name in ("int", "uint", "uintptr") else by_size
    if bare.code == gdb.TYPE_CODE_FLT:
        return "float%d" % bits
    if bare.code == gdb.TYPE_CODE_COMPLEX:
        return "complex%d" % bits
    if bare.code == gdb.TYPE_CODE_ARRAY:
        return "array"
    if bare.code == gdb.TYPE_CODE_FUNC:
        return "func"
    if bare.code == gdb.TYPE_CODE_PTR:
        return pointer_kind(bare.target())
    if bare.code == gdb.TYPE_CODE_STRUCT:
        return struct_kind(bare)
    raise Unknown("no kind for %s" % bare)


def pointer_kind(target):
    name = target.strip_typedefs().name or ""
    if target.code == gdb.TYPE_CODE_VOID:
        return "unsafe.Pointer"
    if target.strip_typedefs().code == gdb.TYPE_CODE_FUNC:
        return "func"
    if name.startswith("hchan<"):
        return "chan"
    return "map" if name.startswith(("hash<", "map<")) else "ptr"


def struct_kind(bare):
    if bare.name in ("runtime.eface", "runtime.iface"):
        return "interface"
    names = [field.name for field in bare.fields()]
    by_fields = {("str", "len"): "string", ("array", "len", "cap"): "slice"}
    return by_fields.get(tuple(names), "struct")


# ---- The maps asked for ----------------------------------------------------------------------------------------------


def quoted(expression):
    """Ways to write it: gdb takes a package variable's name in quotes, 'main.server'.users, and where it ends has to be tried."""
    yield "'%s'" % expression
    dots = [at for at, c in enumerate(expression) if c == "."]
    for at in reversed(dots):
        yield "'%s'%s" % (expression[:at], expression[at:])
    yield expression


def is_map(of):
    """Whether a variable of this type is a map: to gdb, a pointer to hash<K,V> or map<K,V>."""
    bare = of.strip_typedefs()
    if bare.code != gdb.TYPE_CODE_PTR:
        return False
    return (bare.target().strip_typedefs().name or "").startswith(("hash<", "map<"))


def type_text(of):
    try:
        return go_name(of)
    except Unknown:
        return str(of)


def evaluate(expression):
    """A map variable's value; None where the symbol table knows its address and nothing knows its type."""
    if "(" in expression:
        raise Unknown("only variables and their fields are read, no calls: %s" % expression)
    for text in quoted(expression):
        try:
            value = gdb.parse_and_eval(text)
        except gdb.error:
            continue
        if value.type.code == gdb.TYPE_CODE_ERROR:
            continue  # a symbol without debug information
        if not is_map(value.type):
            raise Unknown("it is no map, its type is %s" % type_text(value.type))
        return value
    if address_of(expression) is None:
        raise Unknown(
            "gdb finds no variable %s (without debug information it knows package variables alone, none of their fields); "
            "ask for the map by its header address" % expression
        )
    return None


def find(process, wanted):
    """Header address of a wanted map, and its value in gdb where that knows the type."""
    if "header" in wanted:
        header = int(wanted["header"], 16)
        return header, at_header(header, wanted.get("type"))
    value = evaluate(wanted["expression"])
    if value is not None:
        return int(value), value
    return process.pointer(address_of(wanted["expression"])), None


def at_header(header, name):
    """The map at an address as gdb knows it, by a type's name as debug information has it; None where there is none."""
    try:
        of = gdb.lookup_type(name) if name else None
    except gdb.error:
        of = None
    return gdb.Value(header).cast(of) if of is not None and is_map(of) else None


def known_types(process, wanted, value):
    """Fields on the types, and the bucket or group size: from debug information, else as asked."""
    shot = {"type": wanted["type"]} if "type" in wanted else {}
    unit = wanted.get("units", {}).get("%s/%d" % (process.build["unit"], process.word))
    if value is None:
        return shot, unit
    try:
        unit_type, key, elem = map_types(value.type)
        shot["type"] = "map[%s]%s" % (go_name(key), go_name(elem))
        unit = unit_type.sizeof
        shot.update(key_type=tree(key), elem_type=tree(elem))
    except (Unknown, gdb.error, KeyError, AttributeError, TypeError) as why:
        say("%s: type trees are left out: %s" % (wanted["name"], why))
    return shot, unit


def snapshot_of(process, wanted):
    """One map of the snapshot."""
    header, value = find(process, wanted)
    if header == 0:
        raise Unknown("the map is nil")
    shot = {"name": wanted["name"], "impl": process.build["impl"], "header": hex_word(header)}
    types, unit = known_types(process, wanted, value)
    shot.update(types)
    if unit is None:
        say(
            "%s: control bytes and old buckets are left out, for its type isn't known; "
            "print this script again with the type spelled out, such as map[string]int" % wanted["name"]
        )
    collect = classic_map if process.build["impl"] == "classic" else swiss_map
    shot.update(collect(process, header, unit))
    return shot


def collect_all():
    process = Process()
    document = {"schema": "gotriage.map-snapshot/1", "go_version": process.version}
    if operating_system():
        document["os"] = operating_system()
    document["arch"] = process.arch
    try:
        document["secrets"] = secrets(process)
    except Unknown as why:
        say(why)
    document["maps"] = []
    for wanted in WANTED:
        try:
            document["maps"].append(snapshot_of(process, wanted))
        except Unknown as why:
            say("%s is left out: %s" % (wanted["name"], why))
    return document


def look_only():
    """No expression may run code of the process or write to it."""
    for setting in ("may-call-functions", "may-write-memory", "may-write-registers"):
        try:
            gdb.execute("set %s off" % setting, to_string=True)
        except gdb.error:
            pass  # gdb before version 11 has no may-call-functions


def main():
    look_only()
    try:
        document = collect_all()
        with open(OUTPUT, "w", encoding="utf-8") as out:
            json.dump(document, out, indent=1)
            out.write("\n")
        say("%d of %d maps written to %s" % (len(document["maps"]), len(WANTED), os.path.abspath(OUTPUT)))
    except (Unknown, WrongBinary, OSError) as why:
        say("no snapshot: %s" % why)


main()
