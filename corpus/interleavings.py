#!/usr/bin/env python3
"""Runs programs/map-interleave with every pair of operations and keeps how it ended: maps/interleavings.json.

    interleavings.py [--go VERSION...] [--seconds SECONDS] [--more] [--fill FILL...] [--pair A B]

For each toolchain, pair, relation of the keys and fill, the program is run again and again for SECONDS (0.5) or MOST_RUNS
times; with --more the new counts are added to those that are there. A death is told by the source line under the runtime's fatal frame, looked up in src/goruntime/map_checks.tsv. About
ten minutes on two cores; the two processors should have nothing else to do, or the goroutines seldom meet.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECKS = HERE.parent / "src" / "goruntime" / "map_checks.tsv"
TALLY = HERE / "maps" / "interleavings.json"
WRITERS = ["insert", "update", "delete", "clear"]
OTHERS = ["read", "iterate", "clone"]
KEYED = ["insert", "update", "delete", "read"]
MOST_RUNS = 60
ROUNDS_MS = 60  # how long a run that does not die goes on
HUNG_S = 3  # a run beyond this hangs in a broken map
FATAL = ("runtime.fatal", "internal/runtime/maps.fatal", "runtime.throw")
NOT_POSSIBLE = 3  # exit status: this toolchain has no such operation or fill

BLOCK = re.compile(r"^goroutine \d+ .*:$")
PLACE = re.compile(r"^\t.*?/src/(\S+\.go):(\d+)")
WHO = re.compile(r"^main\.hammer([AB])\(")


def checks():
    """(function, file, line) to (message, role, check)."""
    table = {}
    for line in CHECKS.read_text().splitlines():
        if line.startswith("#"):
            continue
        file, function, _, point, role, message, *lines = line.split("\t")
        for at in lines:
            table[function, file, at.split("=")[0]] = (message, role, point)
    return table


def toolchains(wanted):
    out = subprocess.run([HERE / "toolchains.sh", *wanted], check=True, stdout=subprocess.PIPE, text=True).stdout
    paths = out.split() if wanted else [line.split()[1] for line in out.splitlines()]
    names = wanted or [line.split()[0] for line in out.splitlines()]
    return list(zip(names, paths))


def build(go, version, into):
    source = into / version
    shutil.copytree(HERE / "programs" / "map-interleave", source)
    minor = ".".join(version.split(".")[:2])
    (source / "go.mod").write_text(f"module example.com/app\n\ngo {minor}\n")
    env = {**os.environ, "GOTOOLCHAIN": "local", "GOENV": "off", "GOFLAGS": "", "GOPROXY": "off", "CGO_ENABLED": "0"}
    env.pop("GOROOT", None)
    subprocess.run([go, "build", "-o", "app", "."], cwd=source, env=env, check=True)
    return source / "app"


def settings():
    """(A, B, keys, fill): a fill only where it makes a difference."""
    pairs = [(a, b) for i, a in enumerate(WRITERS) for b in WRITERS[i:] + OTHERS]
    for a, b in pairs:
        inserts = "insert" in (a, b)
        updates = "update" in (a, b)
        fills = ["small", "room", "growing"]
        fills += ["empty", "small-last", "full"] if inserts else []
        fills += ["small-full"] if inserts or updates else []
        fills += ["chained"] if b == "read" else []
        yield from ((a, b, "different", fill) for fill in fills)
        if a in KEYED and b in KEYED:
            yield from ((a, b, "same", fill) for fill in fills if fill != "empty")


def deaths(text, table):
    """Who died at which check, for every goroutine whose stack shows it."""
    found, who, check, fatal = [], None, None, False
    unlisted = ("bad map state", "writer", "mid") if "fatal error: bad map state" in text else ("?", "?", "?")

    def close():
        if fatal and who:
            found.append((who, *(check or unlisted)))

    function = None
    for line in text.splitlines():
        if BLOCK.match(line):
            close()
            who, check, fatal, function = None, None, False, None
        elif place := PLACE.match(line):
            if fatal and not check:
                check = table.get((function, place[1], place[2]))
        elif line and line[0] != "\t":
            function = line.rpartition("(")[0]
            fatal |= function in FATAL
            if name := WHO.match(line):
                who = name[1]
    close()
    return found


def fault(text):
    """The first line of a death that is no map check."""
    for line in text.splitlines():
        if line.startswith(("fatal error: ", "panic: ", "unexpected fault", "SIG")):
            return re.sub(r"0x[0-9a-f]+|\d+", "N", line)
    return "no message"


def tally(app, setting, seconds, table):
    """The row of one setting, or None where the toolchain cannot do it."""
    env = {"GOMAXPROCS": "2", "GOTRACEBACK": "system"}
    dead, silent, faults, runs, survived, both = Counter(), Counter(), Counter(), 0, 0, 0
    end = time.monotonic() + seconds
    while runs < MOST_RUNS and time.monotonic() < end:
        try:
            run = subprocess.run([app, *setting, str(ROUNDS_MS)], env=env, text=True, errors="replace",
                                 capture_output=True, timeout=HUNG_S)
        except subprocess.TimeoutExpired:
            runs += 1
            faults["hung"] += 1
            continue
        if run.returncode == NOT_POSSIBLE:
            return None
        runs += 1
        survived += run.returncode == 0
        kinds = {}
        for line in run.stdout.splitlines():
            if line.startswith("silent "):
                _, kind, n = line.split()
                kinds[kind] = int(n)
        silent.update(kinds)
        if run.returncode:
            died = deaths(run.stderr, table)
            dead.update(died)
            both += len(died) > 1 or run.stderr.count("fatal error: concurrent") > 1
            if not died:
                faults[fault(run.stderr)] += 1
    a, b, keys, fill = setting
    died = [{"who": who, "op": a if who == "A" else b, "message": message, "role": role, "check": check, "count": count}
            for (who, message, role, check), count in sorted(dead.items())]
    return {"a": a, "b": b, "keys": keys, "fill": fill, "runs": runs, "survived": survived, "both_died": both,
            "deaths": died, "silent": dict(sorted(silent.items())), "faults": dict(sorted(faults.items()))}


def setting_of(row):
    return tuple(row[field] for field in ("go", "a", "b", "keys", "fill"))


def add(known, row):
    """Both tallies of one setting as one."""
    if not known:
        return row
    counted = {field: known[field] + row[field] for field in ("runs", "survived", "both_died")}
    for field in ("silent", "faults"):
        counted[field] = dict(sorted((Counter(known[field]) + Counter(row[field])).items()))
    dead = Counter()
    for one in known["deaths"] + row["deaths"]:
        count = one.pop("count")
        dead[tuple(one.items())] += count
    counted["deaths"] = [{**dict(death), "count": count} for death, count in sorted(dead.items())]
    return {**row, **counted}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--go", nargs="*", default=[])
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--more", action="store_true")
    parser.add_argument("--fill", nargs="*", help="only these, with --more")
    parser.add_argument("--pair", nargs=2, help="only this one, with --more")
    options = parser.parse_args()
    wanted = [setting for setting in settings() if not options.fill or setting[3] in options.fill]
    wanted = [setting for setting in wanted if not options.pair or list(setting[:2]) == options.pair]
    table = checks()
    rows = [] if not TALLY.exists() else json.loads(TALLY.read_text())
    with tempfile.TemporaryDirectory() as into:
        for version, go in toolchains(options.go):
            app = build(go, version, Path(into))
            made = [tally(app, setting, options.seconds, table) for setting in wanted]
            made = [{"go": version, **row} for row in made if row]
            if options.more:
                known = {setting_of(row): row for row in rows}
                made = [add(known.get(setting_of(row)), row) for row in made]
            told = {setting_of(row) for row in made}
            keep = [row for row in rows if row["go"] != version or options.more and setting_of(row) not in told]
            rows = keep + made
            print(version, len(made), "settings", flush=True)
    rows.sort(key=lambda row: [int(n) for n in row["go"].split(".")])
    TALLY.parent.mkdir(exist_ok=True)
    TALLY.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")


if __name__ == "__main__":
    main()
