#!/usr/bin/env python3
"""Says what is true of every dump, and writes it to manifest.json.

    manifest.py          derive everything again; problems go to stderr, exit 1

Truth has three sources, none of them gotriage: truth.json beside each program
(what a human states), the markers in the program (`// race: A write`, which line
takes part in what), and plain searches of the dump's text. README.md explains
every field.
"""

import json
import re
import socket
import sys
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
MANIFEST = HERE / "manifest.json"
MARKER = re.compile(r"//\s*(race|panic|innocent|bystander|wait|cycle|hold|leak):\s*(.*)$")
MUTATING = {"write", "delete", "clear"}

HEADER = re.compile(r"^goroutine (\d+)(?: gp=\S+ m=\S+(?: mp=\S+)?)? \[([^\]]*)\](?: \{.*\})?:$")
FILE_LINE = re.compile(r"^\s+(\S+):(\d+)(?: \+0x[0-9a-f]+)?(?: fp=\S+ sp=\S+ pc=\S+)?$")
PREAMBLE = re.compile(r"^\s*(?:panic: |fatal error: |SIG[A-Z]+: )|(?:panic: |http: panic serving )")
SAID = re.compile(r"(?:fatal error|panic|panic serving [\d.:]+): (.*)")
RACE_ACCESS = re.compile(r"^(Previous )?(read|write) at (0x[0-9a-f]+) by (main goroutine|goroutine \d+):$", re.I)
REPORT_EDGE = "=================="


def minor(version):
    return tuple(int(part) for part in version.split(".")[:2])


def in_range(version, rule):
    """Whether go_from <= version < go_to, and the version is listed if a list is given."""
    if "go_from" in rule and minor(version) < minor(rule["go_from"]):
        return False
    if "go_to" in rule and minor(version) >= minor(rule["go_to"]):
        return False
    return version in rule.get("versions", [version])


def as_list(value):
    return value if isinstance(value, list) else [value]


def read_truth(scenario):
    return json.loads((HERE / "programs" / scenario / "truth.json").read_text())


def by_version(truth, version):
    """truth.json with the rows of by_go that hold for this version laid over it."""
    merged = dict(truth)
    for row in truth.get("by_go", []):
        if in_range(version, row):
            merged.update({k: v for k, v in row.items() if k not in ("go_from", "go_to")})
    return merged


def expected_pattern(truth, run, version):
    """What a dump must contain to be kept."""
    stated = run.get("expect") or truth.get("expect")
    if stated:
        return re.compile(stated)
    messages = [m for m in as_list(by_version(truth, version).get("message")) if m]
    return re.compile("|".join(re.escape(m) for m in messages))


# --- the program's side ---

def declared_name(line):
    """`(*Cache[...]).Get` for the line that declares it, None for any other line."""
    found = re.match(r"func (?:\((?:\w+ )?(\*?)(\w+)(\[[^\]]*\])?\) )?(\w+)", line)
    if not found:
        return None
    star, receiver, generic, name = found.groups()
    if not receiver:
        return name
    receiver += "[...]" if generic else ""
    return f"(*{receiver}).{name}" if star else f"{receiver}.{name}"


def markers(scenario):
    """Every marker of a program, in source order: kind, text, file, line, declared function."""
    root = HERE / "programs" / scenario
    found = []
    for path in sorted(root.rglob("*.go")):
        function = None
        for number, line in enumerate(path.read_text().splitlines(), 1):
            function = declared_name(line) or function
            mark = MARKER.search(line)
            if mark:
                found.append({"kind": mark[1], "text": mark[2], "file": str(path.relative_to(root)),
                              "line": number, "func": function})
    return found


def places(marks, kind, prefix):
    return [{"file": prefix + m["file"], "line": m["line"], "func": m["func"]} for m in marks if m["kind"] == kind]


def racing_lines(marks, prefix):
    """`race:` markers: role, operation, and `many` when several goroutines run the line."""
    lines = []
    for m in marks:
        if m["kind"] == "race":
            role, op, many = re.match(r"(\w) (\w+)(, many)?", m["text"]).groups()
            lines.append({"role": role, "op": op, "many": bool(many), "file": prefix + m["file"],
                          "line": m["line"], "func": m["func"]})
    return lines


def racing_pairs(lines, excluded):
    """Pairs of racing lines that conflict: at least one mutates; a line with itself only if many run it."""
    pairs = []
    for i, a in enumerate(lines):
        for b in lines[i:]:
            mutates = a["op"] in MUTATING or b["op"] in MUTATING
            apart = a is not b or a["many"]
            if mutates and apart and sorted([a["role"], b["role"]]) not in excluded:
                pairs.append([place(a), place(b)])
    return pairs


def place(entry):
    return {"file": entry["file"], "line": entry["line"], "op": entry["op"]}


# --- the text's side ---

def read_text(record):
    """A dump as text, the output events of `go test -json` joined."""
    text = (HERE / record["file"]).read_bytes().decode(errors="replace")
    if (record["variant"] or "") == "json":
        events = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        text = "".join(e.get("Output", "") for e in events)
    return text


def without_panic_text(text, truth):
    """The dump without the lines of a panic value that look like a dump themselves."""
    fake = truth.get("panic_text")
    if not fake:
        return text
    first = fake.split("\n")[0]
    return text.replace(fake.replace("\n", "\n\t"), first).replace(fake, first)


def blocks(text):
    """Goroutine blocks in order: id, state, frames as (file, line), place of the go statement."""
    found, block, created = [], None, False
    for number, line in enumerate(text.splitlines(), 1):
        head = HEADER.match(line)
        if head:
            block, created = {"id": int(head[1]), "state": head[2], "frames": [], "created": None,
                              "at": number}, False
            found.append(block)
        elif block is None:
            continue
        elif not line or line.startswith("[originating from") or line == "runtime stack:":
            block = None
        elif line.startswith("created by "):
            created = True
        else:
            where = FILE_LINE.match(line)
            if where and created:
                block["created"] = (where[1], int(where[2]))
                block = None
            elif where:
                block["frames"].append((where[1], int(where[2])))
    return [b for b in found if b["id"] != 0]


def user_frame(block, prefix):
    """The innermost frame of user code, or None."""
    return next((f for f in block["frames"] if f[0].startswith(prefix)), None)


def states(found):
    """How many goroutines are in each state, by the first header of each id, waiting times left out."""
    first = {}
    for b in found:
        first.setdefault(b["id"], b["state"].split(",")[0])
    return dict(sorted(Counter(first.values()).items()))


def first_block(text, found):
    """The first goroutine after the preamble, or of the text when there is no preamble."""
    start = next((n for n, line in enumerate(text.splitlines(), 1) if PREAMBLE.search(line)), 0)
    return next((b for b in found if b["at"] > start), None)


def visible(text, entry):
    return re.search(rf"^\s+{re.escape(entry['file'])}:{entry['line']}(?!\d)", text, re.M) is not None


def race_reports(text, prefix):
    """Both accesses of every report of the race detector, each with its innermost user line."""
    reports, accesses, open_access = [], None, None
    for line in text.splitlines():
        access = RACE_ACCESS.match(line)
        if line == REPORT_EDGE:
            if accesses:
                reports.append(accesses)
            accesses, open_access = None, None
        elif line == "WARNING: DATA RACE":
            accesses = []
        elif accesses is not None and access:
            open_access = {"op": access[2].lower(), "address": access[3],
                           "by": "main" if access[4].startswith("main") else int(access[4].split()[1]),
                           "file": None, "line": None}
            accesses.append(open_access)
        elif re.match(r"^Goroutine \d+ ", line):
            open_access = None
        elif open_access and open_access["file"] is None:
            where = FILE_LINE.match(line)
            if where and where[1].startswith(prefix):
                open_access["file"], open_access["line"] = where[1], int(where[2])
    return reports


# --- both together ---

def outcome(truth, text):
    """The category and message of this dump, when a scenario may end in more than one way."""
    categories, messages = as_list(truth["category"]), as_list(truth.get("message"))
    lines = SAID.findall(text)
    said = [m for m in messages if m and any(line.startswith(m) for line in lines)] or \
           [m for m in messages if m and m in text]
    if not said:
        return categories[0], None
    message = min(said, key=text.index)
    return categories[messages.index(message)] if len(categories) > 1 else categories[0], message


def partners(found, crash, crash_site, pairs, bystanders, prefix):
    """Other goroutines whose innermost user line conflicts with the crash site."""
    if not crash_site:
        return []
    conflicting = set()
    for a, b in pairs:
        for one, other in ((a, b), (b, a)):
            if (one["file"], one["line"]) == crash_site:
                conflicting.add((other["file"], other["line"]))
    return sorted({b["id"] for b in found
                   if b["id"] != crash and b["id"] not in bystanders and user_frame(b, prefix) in conflicting})


def standing_at(found, spots, prefix, innermost):
    spots = {(s["file"], s["line"]) for s in spots}
    def at(b):
        frames = [user_frame(b, prefix)] if innermost else b["frames"]
        return any(f in spots for f in frames)
    return sorted({b["id"] for b in found if at(b)})


def incident(text, record, truth, marks):
    """Everything that is derived for one process that died or was captured."""
    prefix = "example.com/app/" if record["trimpath"] else "/app/"
    found = blocks(text)
    category, message = outcome(truth, text)
    racing = racing_lines(marks, prefix)
    pairs = racing_pairs(racing, [sorted(p) for p in truth.get("not_racing_pairs", [])])
    first = first_block(text, found)
    died = record["how"] in ("run", "sequence", "file", "load", "test") and "crash_goroutine" not in truth
    crash = first["id"] if first and died else None
    site = user_frame(first, prefix) if crash else None
    spots = places(marks, "bystander", prefix)
    bystanders = sorted({b["id"] for b in found if b["created"] in {(s["file"], s["line"]) for s in spots}})
    entry = {
        "category": category, "category_also": truth.get("category_also", []), "message": message,
        "crash_goroutine": crash, "first_goroutine": first["id"] if first else None,
        "crash_site": {"file": site[0], "line": site[1]} if site else None,
        "crash_op": next((r["op"] for r in racing if site == (r["file"], r["line"])), None),
        "goroutines": len({b["id"] for b in found}), "goroutine_ids": sorted({b["id"] for b in found}),
        "states": states(found),
        "racing": racing, "racing_visible": [r for r in racing if visible(text, r)], "racing_pairs": pairs,
        "partner_goroutines": partners(found, crash, site, pairs, bystanders, prefix),
        "not_blamed": places(marks, "innocent", prefix), "bystander_goroutines": bystanders,
        "panic_lines": places(marks, "panic", prefix),
        "race_reports": race_reports(text, prefix),
    }
    if "waits" in truth:
        cycle, holding = places(marks, "cycle", prefix), places(marks, "hold", prefix)
        waiting = places(marks, "wait", prefix) + cycle
        entry["waits"] = {**truth["waits"], "lock_sites": waiting, "holder_sites": holding,
                          "waiting_goroutines": standing_at(found, waiting, prefix, True),
                          "cycle_goroutines": standing_at(found, cycle, prefix, True),
                          "holder_goroutines": standing_at(found, holding, prefix, False)}
    if "leaked" in truth:
        sites = places(marks, "leak", prefix)
        entry["leak"] = {"leaked": truth["leaked"], "site": sites[0],
                         "goroutines": len(standing_at(found, sites, prefix, True))}
    return entry


def describe(record):
    """A manifest entry: how the dump was made, and all that is true of it."""
    truth = by_version(read_truth(record["scenario"]), record["go"])
    marks = markers(record["scenario"])
    text = without_panic_text(read_text(record), truth)
    variant = truth.get("by_variant", {}).get(record["variant"] or "", {})
    truth = {**truth, **variant}
    map_truth = truth.get("map", {})
    common = {"incidents": len(truth.get("incidents", [None])), "key_kind": map_truth.get("key_kind"),
              "map_type": map_truth.get("type"), "creation_chain": truth.get("creation_chain"),
              "notes": truth.get("remarks", "")}
    if "incidents" not in truth:
        return {**record, **incident(text, record, truth, marks), **common}
    parts = re.split(rf"(?m)^(?=.*{re.escape(truth['incident_start'])}$)", text)[1:]
    each = [incident(part, record, {**truth, **own}, marks) for part, own in zip(parts, truth["incidents"])]
    return {**record, **each[0], **common, "incident_list": each}


# --- checks ---

HOST_DIRS = sorted({HERE.parts[1], Path.home().parts[-1], "root", "home", "tmp"} - {"usr", "app"})
HOST = re.compile(rf"/(?:{'|'.join(map(re.escape, HOST_DIRS))})/|\b{re.escape(socket.gethostname())}\b")


def problems(entry):
    """Contradictions between what is stated and what the text shows."""
    raw = (HERE / entry["file"]).read_bytes().decode(errors="replace")
    if HOST.search(raw):
        yield f"names the host: {HOST.search(raw)[0]}"
    marked = {(m["file"], m["line"]) for m in entry["racing"] + entry["panic_lines"]}
    site = entry["crash_site"]
    if site and marked and (site["file"], site["line"]) not in marked:
        yield f"crash site {site['file']}:{site['line']} carries no marker"
    if entry["how"] == "run" and entry["level"] not in ("none", "race") and entry["crash_goroutine"] and not site:
        yield "no user frame in the crashing goroutine"
    if "waits" in entry and entry["waits"]["waiters"] != len(entry["waits"]["waiting_goroutines"]):
        yield f"{len(entry['waits']['waiting_goroutines'])} goroutines wait"
    if "waits" in entry and entry["waits"].get("holder_sites") and not entry["waits"]["holder_goroutines"]:
        yield "no goroutine at the holder's line"
    if "leak" in entry and entry["leak"]["leaked"] != entry["leak"]["goroutines"]:
        yield f"{entry['leak']['goroutines']} goroutines at the leak"
    for report in entry["race_reports"]:
        for access in report:
            if access["file"] and (access["file"], access["line"]) not in marked:
                yield f"race access {access['file']}:{access['line']} carries no marker"


# --- the file ---

def load():
    return json.loads(MANIFEST.read_text()) if MANIFEST.exists() else []


def save(entries):
    entries.sort(key=lambda e: (e["scenario"], minor(e["go"]), e["file"]))
    lines = ",\n".join(json.dumps(e, ensure_ascii=False) for e in entries)
    MANIFEST.write_text(f"[\n{lines}\n]\n")


def replace(version, scenario, records):
    """Puts new records in the place of the old ones of a version and scenario."""
    kept = [e for e in load() if (e["go"], e["scenario"]) != (version, scenario)]
    fresh = {r["file"] for r in records}
    for old in (HERE / "dumps" / scenario).glob(f"go{version}-*.txt"):
        if str(old.relative_to(HERE)) not in fresh:
            old.unlink()
    save(kept + [describe(r) for r in records])


RECORD = ("file", "scenario", "go", "level", "variant", "how", "trimpath", "command", "exit_status")


def update():
    """Derives every entry again; the number of problems found."""
    entries = [describe({k: e[k] for k in RECORD}) for e in load() if (HERE / e["file"]).exists()]
    save(entries)
    count = 0
    for entry in entries:
        for problem in problems(entry):
            print(f"{entry['file']}: {problem}", file=sys.stderr)
            count += 1
    print(f"{len(entries)} dumps, {count} problems")
    return count


if __name__ == "__main__":
    sys.exit(1 if update() else 0)
