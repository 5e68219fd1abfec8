#!/usr/bin/env python3
"""Builds programs/trace-work, keeps the traces it writes in traces/, and asks Go's own reader what is in them.

    traces.py [--go VERSION...] [--mode MODE...]      makes traces, then the oracle's answers for them
    traces.py --oracle                                only the answers, for all traces that are there
    traces.py --texts                                 the text of `go tool trace` for some of them
    traces.py --views                                 the JSON that `go tool trace` gives a browser for some of them
    traces.py --pairs                                 two traces of one process each, of programs/trace-pair
    traces.py --long FILE --go VERSION                a trace of two million events, for benches; it is not kept here

It needs zstd. The oracle is programs/trace-oracle, built with the copy of golang.org/x/exp/trace that Go 1.27.3 carries in its
own source tree.
"""

import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import NamedTuple

import golang

HERE = Path(__file__).resolve().parent
TRACES = HERE / "traces"
ORACLE_GO = "1.27.3"
GENERATIONS = {"GODEBUG": "traceadvanceperiod=20000000"}  # 20 ms each, read by Go 1.22 and later
CUT = 0.7  # of a whole trace, for the mode `cut`
DIES = {"fatal", "panic"}
TEXTS = {"mixed-go1.19.8": "-d", "panic-go1.21.13": "-d", "panic-go1.22.10": "-d=1", "mixed-go1.24.11": "-d=parsed", "panic-go1.27.3": "-d=parsed"}
PAIRS = {"go": ["1.21.13", "1.22.10", "1.27.3"], "mode": ["leak", "hang", "starve", "steady"]}
VIEWS = ["mixed-go1.19.8", "panic-go1.21.13", "panic-go1.23.9", "mixed-go1.25.5", "panic-go1.27.3"]


class Run(NamedTuple):
    """One trace to make."""
    go: str
    mode: str

    def path(self):
        return TRACES / f"{self.mode}-go{self.go}.trace.zst"


def plan(versions):
    """The mixed trace of every version; of the rest, one on each side of a change."""
    for go in versions:
        minor = int(go.split(".")[1])
        yield Run(go, "mixed")
        if minor in (21, 22, 23, 25, 27):
            yield Run(go, "cut")
        if minor in (21, 22, 24, 27):
            yield Run(go, "fatal")
        if minor in (21, 22, 23, 27):
            yield Run(go, "panic")
        if minor in (25, 27):
            yield Run(go, "flight")


def build(version, place, program="trace-work"):
    golang.lay_out(version, program, place)
    return golang.build(place, golang.command(version))


def record(run, place, out):
    """Runs the program; which of its ends is right depends on the mode."""
    mode = "mixed" if run.mode == "cut" else run.mode
    env = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "GOMAXPROCS": "2", **({} if mode == "panic" else GENERATIONS)}
    done = subprocess.run([build(run.go, place), mode, out], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
    if (done.returncode != 0) != (mode in DIES):
        raise RuntimeError(f"{out.name}: ended with {done.returncode}")
    if run.mode == "cut":
        whole = out.read_bytes()
        out.write_bytes(whole[:int(len(whole) * CUT)])


def make(run):
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "trace"
        record(run, Path(place) / "build", out)
        pack(out, run.path())
    return run.path()


def oracle(place):
    """The oracle's binary, with the reader copied from the toolchain's source tree."""
    go = golang.command(ORACLE_GO)
    source = go.parent.parent / "src" / "internal" / "trace"
    copy = place / "exp-trace"
    left_out = shutil.ignore_patterns("*_test.go", "testdata", "testtrace", "testgen", "traceviewer")
    shutil.copytree(source, copy, ignore=left_out)
    for file in copy.rglob("*.go"):
        file.write_text(file.read_text().replace('"internal/trace', '"golang.org/x/exp/trace'))
    (copy / "go.mod").write_text("module golang.org/x/exp/trace\n\ngo 1.26\n")
    shutil.copy(HERE / "programs" / "trace-oracle" / "main.go", place)
    (place / "go.mod").write_text("module example.com/oracle\n\ngo 1.26\n\nrequire golang.org/x/exp/trace v0.0.0\n\n"
                                  "replace golang.org/x/exp/trace => ./exp-trace\n")
    subprocess.run([go, "build", "-o", "oracle", "."], cwd=place, env=golang.environment(go), check=True)
    return place / "oracle"


def ask(paths):
    with tempfile.TemporaryDirectory() as place:
        binary = oracle(Path(place))
        for path in paths:
            raw = Path(place) / "trace"
            subprocess.run(["zstd", "-q", "-d", "-f", "-o", raw, path], check=True)
            answer = subprocess.run([binary, raw], check=True, stdout=subprocess.PIPE).stdout
            path.with_name(path.name.replace(".trace.zst", ".oracle.json")).write_bytes(answer)


def texts():
    """Kept as `traces/NAME.text.zst`, printed by the tool of the version that wrote the trace."""
    for name, flag in TEXTS.items():
        with tempfile.TemporaryDirectory() as place:
            raw, text = Path(place) / "trace", Path(place) / "text"
            subprocess.run(["zstd", "-q", "-d", "-o", raw, TRACES / f"{name}.trace.zst"], check=True)
            go = golang.command(name.split("-go")[1])
            with text.open("wb") as out:
                subprocess.run([go, "tool", "trace", flag, raw], env=golang.environment(go), stdout=out, check=True)
            subprocess.run(["zstd", "-q", "-f", "-19", "-o", TRACES / f"{name}.text.zst", text], check=True)


def pack(raw, path):
    if re.search(rb"/(work|root|home|tmp)/", raw.read_bytes()):
        raise RuntimeError(f"{path.name}: names a place of this machine")
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["zstd", "-q", "-f", "-19", "-o", path, raw], check=True)
    print(f"{path.name}: {raw.stat().st_size} bytes, {path.stat().st_size} compressed", flush=True)


def pairs():
    """Kept as `traces/pairs/MODE-goVERSION-{before,after}.trace.zst`; `….created.txt` is what the program counted in each."""
    for version in PAIRS["go"]:
        with tempfile.TemporaryDirectory() as place:
            app = build(version, Path(place) / "build", "trace-pair")
            for mode in PAIRS["mode"]:
                raw = {when: Path(place) / when for when in ("before", "after")}
                env = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "GOMAXPROCS": "2"}
                done = subprocess.run([app, mode, *raw.values()], env=env, stdout=subprocess.PIPE, timeout=60, check=True)
                name = f"{mode}-go{version}"
                for when, path in raw.items():
                    pack(path, TRACES / "pairs" / f"{name}-{when}.trace.zst")
                (TRACES / "pairs" / f"{name}-created.txt").write_bytes(done.stdout)


def free_port():
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return place.getsockname()[1]


def views():
    """Kept as `traces/NAME.view.json.zst`: what the server of `go tool trace` answers at /jsontrace."""
    for name in VIEWS:
        with tempfile.TemporaryDirectory() as place:
            raw, view = Path(place) / "trace", Path(place) / "view"
            subprocess.run(["zstd", "-q", "-d", "-o", raw, TRACES / f"{name}.trace.zst"], check=True)
            go = golang.command(name.split("-go")[1])
            address = f"127.0.0.1:{free_port()}"
            env = {**golang.environment(go), "BROWSER": "/bin/true"}
            server = subprocess.Popen([go, "tool", "trace", f"-http={address}", raw], env=env, start_new_session=True)
            try:
                view.write_bytes(answer(f"http://{address}/jsontrace"))
            finally:
                os.killpg(server.pid, signal.SIGTERM)
            subprocess.run(["zstd", "-q", "-f", "-19", "-o", TRACES / f"{name}.view.json.zst", view], check=True)


def answer(url):
    """Waits for the server; a tool that is not built yet takes its time."""
    for _ in range(600):
        try:
            with urllib.request.urlopen(url) as reply:
                return reply.read()
        except urllib.error.URLError:
            time.sleep(0.5)
    raise RuntimeError(f"{url} does not answer")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--go", nargs="+", metavar="VERSION")
    parser.add_argument("--mode", nargs="+", metavar="MODE", choices=["mixed", "cut", "fatal", "panic", "flight"])
    parser.add_argument("--oracle", action="store_true")
    parser.add_argument("--texts", action="store_true")
    parser.add_argument("--views", action="store_true")
    parser.add_argument("--pairs", action="store_true")
    parser.add_argument("--long", metavar="FILE", type=Path)
    args = parser.parse_args()
    if args.oracle:
        ask(sorted(TRACES.glob("*.trace.zst")))
        return
    if args.texts:
        texts()
        return
    if args.views:
        views()
        return
    if args.pairs:
        pairs()
        return
    if args.long:
        with tempfile.TemporaryDirectory() as place:
            subprocess.run([build(args.go[0], Path(place) / "build"), "long", args.long], env={"GOMAXPROCS": "2"}, check=True)
        return
    made, failed = [], 0
    for run in plan(golang.releases()):
        if args.go and run.go not in args.go or args.mode and run.mode not in args.mode:
            continue
        try:
            made.append(make(run))
        except (subprocess.CalledProcessError, RuntimeError) as why:
            print(f"{run.path().name}: {why}", file=sys.stderr)
            failed += 1
    ask(made)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
