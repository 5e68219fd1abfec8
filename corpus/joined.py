#!/usr/bin/env python3
"""Builds programs/joined-work, runs it until it dies, and keeps all that one process left behind in joined/MODE-goVERSION/.

    joined.py [--go VERSION...] [--mode MODE...]      makes the captures, then the manifest
    joined.py --manifest                              only joined/manifest.json, of the captures that are there

The manifest is made of what the process said of itself (known.json), of the marks in its source, and of the text that Go's own
`go tool trace` prints of the trace. It needs zstd, and /app to be free, so that no file names the machine.
"""

import argparse
import collections
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import golang

HERE = Path(__file__).resolve().parent
JOINED = HERE / "joined"
SOURCE = HERE / "programs" / "joined-work"
READER = "1.27.3"
RUNS = [("1.23.9", "fatal"), ("1.27.3", "fatal"), ("1.21.13", "hang"), ("1.24.11", "hang"), ("1.27.3", "flight")]
SETTINGS = {"GOMAXPROCS": "4", "GOTRACEBACK": "all", "GODEBUG": "traceadvanceperiod=20000000,memprofilerate=4096"}
TRIES = 20


def build(version, place):
    golang.lay_out(version, SOURCE.name, place)
    return golang.build(place, golang.command(version))


def fits(mode, text):
    want = "fatal error: concurrent map writes" if mode == "fatal" else "SIGQUIT: quit"
    return want in text and text.count(want) == 1


def make(version, mode):
    folder = JOINED / f"{mode}-go{version}"
    shutil.rmtree(folder, ignore_errors=True)
    place = Path("/app")
    place.mkdir()
    try:
        build(version, place)
        for _ in range(TRIES):
            with tempfile.TemporaryDirectory() as out:
                env = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **SETTINGS}
                ended = subprocess.run([place / "app", mode, out], cwd=place, env=env, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE, timeout=60)
                if not fits(mode, ended.stderr.decode()):
                    continue
                folder.mkdir(parents=True)
                (folder / "crash.txt").write_bytes(ended.stderr)
                for made in sorted(Path(out).iterdir()):
                    if made.name == "trace":
                        subprocess.run(["zstd", "-q", "-12", "-o", folder / "trace.zst", made], check=True)
                    else:
                        shutil.copy(made, folder)
                return
        raise RuntimeError(f"{folder.name}: it never ended as it should")
    finally:
        shutil.rmtree(place)


HEAD = re.compile(r"M=\S+ P=\S+ G=(\S+) (\w+) Time=(\d+)(.*)")
CHANGE = re.compile(r'GoID=(\d+) (\w+)->(\w+)')
REASON = re.compile(r'Reason="([^"]*)"')


def traced(path):
    """Of each goroutine of a trace: who created it where, what it did last, who woke it how often."""
    go = golang.command(READER)
    with tempfile.TemporaryDirectory() as place:
        raw = Path(place) / "trace"
        subprocess.run(["zstd", "-q", "-d", "-o", raw, path], check=True)
        text = subprocess.run([go, "tool", "trace", "-d=parsed", raw], env=golang.environment(go), stdout=subprocess.PIPE, check=True).stdout.decode()
    found, frames, open_stack = {}, None, None
    for line in text.splitlines():
        head = HEAD.match(line)
        if head:
            frames = None
            change = head[2] == "StateTransition" and CHANGE.search(head[4])
            if not change:
                continue
            one = found.setdefault(int(change[1]), {"created_by": None, "created_at": [], "wakers": collections.Counter()})
            if change[2] == "NotExist":
                one["created_by"] = int(head[1]) if int(head[1]) > 0 else None
                frames = one["created_at"]
            if (change[2], change[3]) == ("Waiting", "Runnable") and int(head[1]) > 0:
                one["wakers"][int(head[1])] += 1
            if change[2] != change[3]:
                reason = REASON.search(head[4])
                one["last"] = {"state": change[3], "reason": reason[1] if reason else "", "at_ns": int(head[3])}
        elif line in ("Stack=", "TransitionStack="):
            open_stack = line
        elif frames is not None and open_stack == "Stack=":
            func = re.match(r"\t(\S.*) @ 0x", line)
            place = re.match(r"\t\t(.*):(\d+)$", line)
            if func:
                frames.append([func[1]])
            elif place and frames:
                frames[-1] += [place[1].rsplit("/", 1)[-1], int(place[2])]
    return {str(id): {**one, "wakers": {str(waker): n for waker, n in sorted(one["wakers"].items())}} for id, one in sorted(found.items())}


def marks():
    lines = (SOURCE / "main.go").read_text().splitlines()
    found = collections.defaultdict(list)
    for number, line in enumerate(lines, 1):
        mark = re.search(r"// (race|wait|hold|idle|late|creates: \w+)(:|$)", line)
        if mark:
            found[mark[1]].append(number)
    return found


def entry(folder):
    mode, version = re.match(r"(\w+)-go(.*)", folder.name).groups()
    text = (folder / "crash.txt").read_text()
    printed = sorted({int(id) for id in re.findall(r"^goroutine (\d+) ", text, re.M)} - {0})
    trace = traced(folder / "trace.zst")
    return {
        "capture": folder.name, "go": version, "mode": mode, "known": json.loads((folder / "known.json").read_text()),
        "printed": printed, "not_traced": [id for id in printed if str(id) not in trace], "lines": marks(), "trace": trace,
    }


def manifest():
    entries = [json.dumps(entry(folder), sort_keys=True) for folder in sorted(JOINED.iterdir()) if folder.is_dir()]
    (JOINED / "manifest.json").write_text("[\n" + ",\n".join(entries) + "\n]\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--go", nargs="+", metavar="VERSION")
    parser.add_argument("--mode", nargs="+", metavar="MODE")
    parser.add_argument("--manifest", action="store_true")
    args = parser.parse_args()
    for version, mode in RUNS:
        if args.manifest or args.go and version not in args.go or args.mode and mode not in args.mode:
            continue
        make(version, mode)
    manifest()


if __name__ == "__main__":
    main()
