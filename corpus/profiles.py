#!/usr/bin/env python3
"""Builds profile-work, runs it, keeps the profiles it writes and what Go's own reader makes of them in profiles/.

    profiles.py [--go VERSION...]

Without arguments everything is made anew. Beside each profile lies what `go tool pprof -raw` prints of it, compressed:
FILE.raw.zst; and of the protobuf forms `-top`: FILE.top.txt. Programs are built with -trimpath in /app, which must be free, so
that no file names the machine. perf/ holds one `perf record` of the program, where perf is allowed to.
"""

import argparse
import collections
import contextlib
import shutil
import subprocess
import tempfile
from pathlib import Path

import golang

HERE = Path(__file__).resolve().parent
VERSIONS = ["1.19.8", "1.21.13", "1.23.9", "1.24.11", "1.25.5", "1.26.6", "1.27.3"]
READER = "1.27.3"
PLAIN = 8192  # larger texts are compressed
EXPERIMENT = {"1.26.6": "goroutineleakprofile"}


def environment(go, version):
    return golang.environment(go, GOEXPERIMENT=EXPERIMENT.get(version, ""), PPROF_TMPDIR="/nonexistent")


def build(version, place, program="profile-work"):
    golang.lay_out(version, program, place)
    return golang.build(place, golang.command(version), GOEXPERIMENT=EXPERIMENT.get(version, ""))


@contextlib.contextmanager
def built(version):
    """The program, and what it runs in. Its own path stands in every profile as its first mapping: no other name will do."""
    place = Path("/app")
    place.mkdir()
    try:
        env = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "GOMAXPROCS": "4", "GODEBUG": "memprofilerate=16384"}
        yield build(version, place), env
    finally:
        shutil.rmtree(place)


def ask(form, profile, reader, env, folder):
    command = [reader, "tool", "pprof", "-symbolize=none", *form, profile.name]
    return subprocess.run(command, env=env, cwd=folder, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


def make(version):
    folder = HERE / "profiles" / f"go{version}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with built(version) as (program, env):
        subprocess.run([program, folder], env=env, check=True, timeout=300)
    reader = golang.command(READER)
    env = environment(reader, "")
    for profile in sorted(folder.iterdir()):
        # The thread profile's text has addresses of 0 throughout, which pprof refuses.
        if profile.name in ("goroutine.debug2.txt", "threadcreate.debug1.txt"):
            continue
        raw = ask(["-raw"], profile, reader, env, folder)
        packed = folder / (profile.name + ".raw.zst")
        subprocess.run(["zstd", "-q", "-f", "-19", "-o", packed], input=raw, check=True)
        if profile.name.endswith(".pb.gz"):
            top = ask(["-top"], profile, reader, env, folder)
            (folder / (profile.name + ".top.txt")).write_bytes(top)
    for profile in folder.glob("*.txt"):
        if profile.stat().st_size > PLAIN:
            subprocess.run(["zstd", "-q", "-19", "--rm", profile], check=True)
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(f"{folder.relative_to(HERE)}: {size} bytes", flush=True)


def fold(script):
    """Stacks of a perf script with the number of their samples, outermost function first: what stackcollapse tools write."""
    folded = collections.Counter()
    for sample in script.decode().strip().split("\n\n"):
        head, *frames = sample.splitlines()
        names = [frame.split(None, 1)[1].rsplit(" (", 1)[0].rsplit("+0x", 1)[0] for frame in frames]
        folded[";".join([head.split()[0], *reversed(names)])] += 1
    return "".join(f"{stack} {count}\n" for stack, count in sorted(folded.items()))


def make_perf(version):
    folder = HERE / "profiles" / "perf"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with built(version) as (program, env):
        out, data = program.with_name("out"), program.with_name("data")
        out.mkdir()
        subprocess.run(["perf", "record", "-q", "-F", "99", "-g", "-o", data, program, out], env=env, check=True)
        plain = subprocess.run(["perf", "script", "-i", data], env=env, check=True, stdout=subprocess.PIPE).stdout
    subprocess.run(["zstd", "-q", "-19", "-o", folder / f"go{version}.script.zst"], input=plain, check=True)
    (folder / f"go{version}.folded").write_text(fold(plain))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--go", nargs="+", metavar="VERSION", default=VERSIONS)
    for version in parser.parse_args().go:
        make(version)
        if version == READER:
            make_perf(version)


if __name__ == "__main__":
    main()
