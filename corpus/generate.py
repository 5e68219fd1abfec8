#!/usr/bin/env python3
"""Builds the programs of this corpus, runs them until they die, keeps what they print.

    generate.py [--go VERSION...] [--scenario NAME...]

Without arguments everything is made anew, for all versions of toolchains.sh. A
program is copied to /app and built with GOROOT=/usr/local/go (Debian's Go keeps
its own place), so that no dump names the machine it was made on; both must be
free, and are removed again. Afterwards manifest.json is brought up to date.
"""

import argparse
import json
import resource
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

sys.dont_write_bytecode = True
import golang
import manifest

HERE = Path(__file__).resolve().parent
APP = Path("/app")
NEUTRAL_GOROOT = Path("/usr/local/go")
DEFAULT_TIMEOUT = 20  # seconds until a run that did not die is tried again
DEFAULT_TRIES = 8
SETTLE = 0.4  # seconds between "ready" and the signal or request


class Failed(Exception):
    """A run that did not print what its scenario is about."""


class Builder:
    """Builds one scenario with one toolchain, each flavour once."""

    def __init__(self, version, goroot, scenario):
        self.version = version
        self.goroot = goroot
        self.built = {}
        for entry in APP.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        golang.lay_out(version, scenario, APP)
        (APP / "truth.json").unlink()

    def env(self, cgo):
        return golang.environment(self.goroot / "bin" / "go", GOROOT=str(self.goroot), CGO_ENABLED="1" if cgo else "0")

    def flags(self, run):
        flags = ["-race"] if run.get("race") else []
        return flags + (["-trimpath"] if run.get("trimpath") else [])

    def binary(self, run):
        """The path of the program, built as this run wants it."""
        flags = self.flags(run)
        key = tuple(flags)
        if key not in self.built:
            out = APP / "app"
            for flag in flags:
                out = out.with_name(out.name + flag)
            cgo = run.get("cgo") or run.get("race")
            subprocess.run([self.goroot / "bin" / "go", "build", *flags, "-o", out, "."],
                           cwd=APP, env=self.env(cgo), check=True)
            self.built[key] = out
        return self.built[key]


def run_env(run, level):
    env = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "GOMAXPROCS": "2", **run.get("env", {})}
    if level in ("none", "all", "system", "crash"):
        env["GOTRACEBACK"] = level
    return env


def limits(run):
    """What the child sets for itself before it becomes the program."""
    def apply():
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if "limit_as_mib" in run:
            size = run["limit_as_mib"] << 20
            resource.setrlimit(resource.RLIMIT_AS, (size, size))
    return apply


def until_dead(builder, run, level, args):
    """stderr of a program that is expected to die by itself."""
    child = subprocess.run([builder.binary(run), *args], cwd=APP, env=run_env(run, level), preexec_fn=limits(run),
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                           timeout=run.get("timeout", DEFAULT_TIMEOUT))
    return child.stderr, child.returncode


def start(builder, run, level):
    """A live program and the rest of the line that says it is ready."""
    child = subprocess.Popen([builder.binary(run), *run.get("args", [])], cwd=APP, env=run_env(run, level),
                             preexec_fn=limits(run), stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    line = child.stdout.readline().decode().strip()
    time.sleep(SETTLE)
    return child, line.split(" ")[-1]


def how_run(builder, run, level):
    return until_dead(builder, run, level, run.get("args", []))


def how_sequence(builder, run, level):
    """Several deaths after each other, as a supervisor's log shows them."""
    text, status = b"", 0
    for args in run["sequence"]:
        more, status = until_dead(builder, run, level, args)
        text += more
    return text, status


def how_file(builder, run, level):
    """What the program writes to a file of its own while it dies."""
    Path(run["file"]).unlink(missing_ok=True)
    _, status = until_dead(builder, run, level, run.get("args", []))
    return Path(run["file"]).read_bytes(), status


def how_stdout(builder, run, level):
    out = subprocess.run([builder.binary(run), *run.get("args", [])], cwd=APP, env=run_env(run, level),
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         timeout=run.get("timeout", DEFAULT_TIMEOUT))
    return out.stdout, out.returncode


def how_signal(builder, run, level):
    child, _ = start(builder, run, level)
    child.send_signal(getattr(signal, run["signal"]))
    try:
        _, text = child.communicate(timeout=DEFAULT_TIMEOUT)
    finally:
        child.kill()
    return text, child.returncode


def how_http(builder, run, level):
    child, addr = start(builder, run, level)
    try:
        with urllib.request.urlopen(f"http://{addr}{run['path']}", timeout=DEFAULT_TIMEOUT) as reply:
            return reply.read(), None
    finally:
        child.kill()
        child.communicate()


def how_load(builder, run, level):
    """A server that dies under the requests of a second process."""
    child, addr = start(builder, run, level)
    load = subprocess.Popen([builder.binary(run), "load", addr], cwd=APP, env=run_env(run, level),
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _, text = child.communicate(timeout=DEFAULT_TIMEOUT)
    finally:
        child.kill()
        load.kill()
        load.wait()
    return text, child.returncode


def how_test(builder, run, level):
    env = {**builder.env(run.get("race")), "GOMAXPROCS": "2"}
    child = subprocess.run([builder.goroot / "bin" / "go", "test", *run.get("args", [])], cwd=APP, env=env,
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    return child.stdout, child.returncode


HOW = {name[4:]: function for name, function in globals().items() if name.startswith("how_")}


def command(builder, run, level):
    """The build and the run as one would type them."""
    env = [f"{k}={v}" for k, v in run_env(run, level).items() if k not in ("PATH", "HOME")]
    how = run.get("how", "run")
    program = " ".join([*env, "./app", *run.get("args", [])])
    if "limit_as_mib" in run:
        program = f"ulimit -v {run['limit_as_mib'] << 10}; {program}"
    if how == "test":
        return " ".join(["GOMAXPROCS=2", "go", "test", *run.get("args", [])])
    build = " ".join(["go", "build", *builder.flags(run), "-o", "app", "."])
    after = {
        "run": f"{program} 2> dump",
        "sequence": "; ".join(" ".join([*env, "./app", *args]) + " 2>> dump" for args in run.get("sequence", [])),
        "file": program, "stdout": f"{program} > dump",
        "signal": f"{program} 2> dump & kill -{run.get('signal', '')[3:]} $!",
        "http": f"{program} & curl -o dump http://ADDR{run.get('path', '')}",
        "load": f"{program} 2> dump & ./app load ADDR",
    }
    return f"{build} && {after[how]}"


def attempt(builder, truth, run, level):
    """One dump that shows what the scenario promises, after as many tries as it takes."""
    expected = manifest.expected_pattern(truth, run, builder.version)
    for _ in range(truth.get("tries", DEFAULT_TRIES)):
        try:
            text, status = HOW[run.get("how", "run")](builder, run, level)
        except subprocess.TimeoutExpired:
            continue
        if text and expected.search(text.decode(errors="replace")):
            return text, status
    raise Failed(f"no run printed /{expected.pattern}/")


def make(builder, scenario, truth):
    """All dumps of one scenario by one toolchain, as manifest records."""
    for run in truth["runs"]:
        if not manifest.in_range(builder.version, run):
            continue
        for level in run["levels"]:
            variant = run.get("variant", "")
            suffix = f"-{variant}" if variant and variant != level else ""
            name = f"dumps/{scenario}/go{builder.version}-{level}{suffix}.txt"
            try:
                text, status = attempt(builder, truth, run, level)
            except Failed as why:
                print(f"{name}: {why}", file=sys.stderr)
                continue
            path = HERE / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)
            yield {"file": name, "scenario": scenario, "go": builder.version, "level": level,
                   "variant": variant or None, "how": run.get("how", "run"), "trimpath": bool(run.get("trimpath")),
                   "command": command(builder, run, level), "exit_status": status}


def claim():
    """Takes /app and the neutral GOROOT, or says that they are not free."""
    for place in (APP, NEUTRAL_GOROOT):
        if place.exists() or place.is_symlink():
            sys.exit(f"{place} exists already: this script needs that place for itself")
    APP.mkdir()


def release():
    shutil.rmtree(APP, ignore_errors=True)
    NEUTRAL_GOROOT.unlink(missing_ok=True)


def settle_goroot(version):
    """The GOROOT that the dumps of a version shall show."""
    real = golang.command(version).parent.parent
    NEUTRAL_GOROOT.unlink(missing_ok=True)
    if str(real).startswith("/usr/lib/"):
        return real
    NEUTRAL_GOROOT.symlink_to(real)
    return NEUTRAL_GOROOT


def generate(versions, scenarios):
    claim()
    try:
        for version in versions:
            goroot = settle_goroot(version)
            for scenario in scenarios:
                truth = manifest.read_truth(scenario)
                if not manifest.in_range(version, truth):
                    continue
                records = list(make(Builder(version, goroot, scenario), scenario, truth))
                manifest.replace(version, scenario, records)
                print(f"go{version} {scenario}: {len(records)}", flush=True)
    finally:
        release()


def main():
    known = sorted(p.parent.name for p in (HERE / "programs").glob("*/truth.json"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--go", nargs="+", metavar="VERSION", default=golang.releases())
    parser.add_argument("--scenario", nargs="+", metavar="NAME", default=known, choices=known)
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the places taken are given back
    generate(args.go, args.scenario)
    manifest.update()


if __name__ == "__main__":
    main()
