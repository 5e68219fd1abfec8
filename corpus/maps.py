#!/usr/bin/env python3
"""Builds map-truth, map-history and map-crash-snapshot, runs them, keeps what they print in maps/.

    maps.py [--go VERSION...] [--arch ARCH...] [--only NAME...]

Without arguments everything is made anew. It needs zstd, and for arm64 and arm
qemu-user; 386 programs run on amd64 as they are. Every run has secrets and
addresses of its own, so no two are the same.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import golang

HERE = Path(__file__).resolve().parent
EMULATOR = {"arm64": ["qemu-aarch64"], "arm": ["qemu-arm"]}
LINKNAME_CHECKED_FROM = (1, 23)  # the linker lets programs refer to the runtime only if asked to
NO_AES = {"GODEBUG": "cpu.aes=off"}
DIES = "map-crash-snapshot"
ENDS = {"crash": rb"fatal error: concurrent map writes\n(?:.*\n)+?runtime\.mapassign_fast64\(0x\w+, 0x\w+, 0x\w+\)\n", "race": rb"DATA RACE"}
TRIES = 20  # until the dump prints a key without a doubt


class Run(NamedTuple):
    """One file to make."""
    program: str
    go: str
    arch: str = "amd64"
    experiment: str = ""
    amount: str = "usual"
    aes: bool = True

    def path(self):
        end = self.amount if self.program == DIES else ""
        parts = [f"go{self.go}", self.experiment, self.arch, "" if self.aes else "noaes", end]
        return HERE / "maps" / self.program / ("-".join(filter(None, parts)) + ".jsonl.zst")


def plan(versions):
    """All runs: the most of them natively with AES, fewer maps where only hashes or sizes differ."""
    large = {"1.23.9", "1.27.3"}
    builds = [(go, "") for go in versions] + [("1.24.11", "noswissmap"), ("1.25.5", "noswissmap"), ("1.27.3", "mapsplitgroup")]
    for go, experiment in builds:
        truth = "large" if go in large and not experiment else "small" if go == "1.25.5" and experiment else "usual"
        yield Run("map-truth", go, experiment=experiment, amount=truth)
        history = "usual" if go in large | {"1.21.13"} and not experiment else "small"
        yield Run("map-history", go, experiment=experiment, amount=history)
    for go in versions:
        yield Run("map-truth", go, amount="keys", aes=False)
    for go in ("1.19.8", "1.22.10", "1.23.9", "1.27.3"):
        yield Run("map-truth", go, arch="386", amount="small")
        yield Run("map-truth", go, arch="386", amount="keys", aes=False)
    for go in ("1.19.8", "1.23.9", "1.26.6", "1.27.3"):
        yield Run("map-truth", go, arch="arm64", amount="small")
        yield Run("map-truth", go, arch="arm", amount="small" if go == "1.27.3" else "keys")
    for go in ("1.23.9", "1.27.3"):
        yield Run("map-history", go, arch="386", amount="small")
    for go in ("1.21.13", "1.23.9", "1.24.11", "1.27.3"):
        for end in ENDS:
            yield Run(DIES, go, amount=end)


def build(run, place):
    """The program of a run, built in an empty directory."""
    golang.lay_out(run.go, run.program, place)
    shutil.copytree(golang.PROGRAMS / "map-memory", place / "mapmem")
    major, minor = run.go.split(".")[:2]
    checked = (int(major), int(minor)) >= LINKNAME_CHECKED_FROM
    flags = ["-ldflags=-checklinkname=0"] if checked else []
    # The detector's builds check pointer arithmetic too, which reading one's own maps does not pass.
    flags += ["-race", "-gcflags=all=-d=checkptr=0"] if races(run) else []
    env = {"CGO_ENABLED": "01"[races(run)], "GOARCH": run.arch, "GOEXPERIMENT": run.experiment}
    return golang.build(place, golang.command(run.go), *flags, **env)


def races(run):
    return run.program == DIES and run.amount == "race"


def until_dead(program, run, env):
    """What a program found in its map. Its snapshot and its end are kept beside; it is run again until that shows a key."""
    for _ in range(TRIES):
        done = subprocess.run([program, run.amount], env={**env, "GOMAXPROCS": "2", "GOTRACEBACK": "system"},
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        if re.search(ENDS[run.amount], done.stderr):
            snapshot, entries = done.stdout.split(b"\n", 1)
            beside = str(run.path()).removesuffix(".jsonl.zst")
            Path(beside + ".json").write_bytes(snapshot + b"\n")
            Path(beside + ".txt").write_bytes(done.stderr)
            return entries
    raise subprocess.CalledProcessError(1, run.path().name)


def make(run):
    run.path().parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        program = build(run, Path(place))
        env = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **({} if run.aes else NO_AES)}
        if run.program == DIES:
            text = until_dead(program, run, env)
        else:
            text = subprocess.run([*EMULATOR.get(run.arch, []), program, run.amount], env=env, check=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    subprocess.run(["zstd", "-q", "-f", "-19", "-o", run.path()], input=text, check=True)
    print(f"{run.path().relative_to(HERE)}: {text.count(10)} lines, {run.path().stat().st_size} bytes", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--go", nargs="+", metavar="VERSION")
    parser.add_argument("--arch", nargs="+", metavar="ARCH", choices=["amd64", "386", "arm64", "arm"])
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=["map-truth", "map-history", DIES])
    args = parser.parse_args()
    failed = 0
    for run in plan(golang.releases()):
        if args.go and run.go not in args.go or args.arch and run.arch not in args.arch or args.only and run.program not in args.only:
            continue
        try:
            make(run)
        except subprocess.CalledProcessError as why:
            print(f"{run.path().name}: {why}", file=sys.stderr)
            failed += 1
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
