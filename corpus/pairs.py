#!/usr/bin/env python3
"""Builds profile-pair, keeps the profiles it writes before and after something grew, and what Go's own reader says of the difference.

    pairs.py [--go VERSION...]

pairs/goVERSION/ holds KIND-before.pb.gz, KIND-after.pb.gz and, of each, what `go tool pprof -raw -diff_base=BEFORE AFTER` prints:
KIND.diff.zst. Built in /app, which must be free, so that no file names the machine.
"""

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

import golang
import profiles

HERE = Path(__file__).resolve().parent
VERSIONS = ["1.19.8", "1.23.9", "1.27.3"]
KINDS = ["goroutine", "heap", "allocs", "mutex", "block", "threadcreate", "cpu"]


def make(version):
    folder = HERE / "pairs" / f"go{version}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    place = Path("/app")
    place.mkdir()
    try:
        env = {"GODEBUG": "memprofilerate=4096", "GOMAXPROCS": "2", "PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}
        subprocess.run([profiles.build(version, place, "profile-pair"), folder], env=env, cwd=place, check=True, timeout=120)
    finally:
        shutil.rmtree(place)
    reader = golang.command(profiles.READER)
    with tempfile.TemporaryDirectory() as scratch:
        for kind in KINDS:
            before, after = (folder / f"{kind}-{when}.pb.gz" for when in ("before", "after"))
            raw = Path(scratch) / kind
            form = ["-raw", f"-diff_base={before}"]
            raw.write_bytes(profiles.ask(form, after, reader, profiles.environment(reader, profiles.READER), folder))
            subprocess.run(["zstd", "-q", "-f", "-19", "-o", folder / f"{kind}.diff.zst", raw], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--go", nargs="+", metavar="VERSION", default=VERSIONS)
    for version in parser.parse_args().go:
        make(version)


if __name__ == "__main__":
    main()
