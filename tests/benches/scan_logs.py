#!/usr/bin/env python3
"""A directory of 10,000 mixed logs with real crashes in some of them, and what a scan of it takes.

    tests/benches/scan_logs.py make DIR [--files 10000] [--bytes 5e9]     plain/, gz/, tar/ and planted.json
    tests/benches/scan_logs.py check DIR GOTRIAGE                         every planted crash is found, in the right cluster
    tests/benches/scan_logs.py time DIR GOTRIAGE [--runs 5]               against ripgrep, run by run in turn

The crashes are the corpus's; which of them are the same is what corpus/manifest.json says of them (category, file and line), not what
gotriage says. The same arguments make the same directory.
"""

import argparse
import gzip
import io
import json
import os
import pathlib
import random
import subprocess
import tarfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATTERN = "^(panic|fatal error|goroutine )"
# Shares of the files by kind, of the files with a crash, and of noise lines that use Go's words.
KINDS = (("plain", 0.6), ("gz", 0.25), ("tar", 0.15))
PLANTED = 0.04
MEMBERS = 4


def noise(size, rng):
    """Lines of services: access logs, JSON, klog, CRI, and some that talk of goroutines and panics."""
    words = "order user cart index shard replica lease quota probe token batch cache".split()
    out, length = [], 0
    second = 1767366245
    while length < size:
        second += rng.random() < 0.2
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        a, b, n = rng.choice(words), rng.choice(words), rng.randrange(1 << 30)
        kind = rng.randrange(1000)
        if kind < 300:
            line = f'10.{n & 255}.{n >> 8 & 255}.{n >> 16 & 255} - - [{stamp}Z] "GET /api/{a}/{n:08x} HTTP/1.1" {rng.choice((200, 200, 204, 404, 500))} {n % 9999} "-" "client/{b}"'
        elif kind < 600:
            line = json.dumps({"level": "info", "ts": f"{stamp}.{n % 1000:03}Z", "caller": f"{a}/{b}.go:{n % 900}", "msg": f"{a} {b} done", "took_ms": n % 500})
        elif kind < 800:
            line = f"{stamp}.{n % 1000000000:09}Z stdout F {a} {b} id={n:x} state=ok queue={n % 77}"
        elif kind < 997:
            line = f"I0102 {stamp[11:]}.{n % 1000000:06}       1 {a}.go:{n % 900}] {b} synced after {n % 60}s, {n % 7} retries"
        elif kind < 998:
            line = f"{stamp}Z go_goroutines {n % 4000}"
        elif kind < 999:
            line = f"{stamp}Z {a}: recovered panic while handling {b}, retry"
        else:
            line = f"{stamp}Z healthcheck FAILED for {a}-{b}: goroutine pool exhausted"
        out.append(line)
        length += len(line) + 1
    return ("\n".join(out) + "\n").encode()


def crashes():
    """Dumps of one death each, with what is true of them."""
    truths = json.loads((ROOT / "corpus/manifest.json").read_text())
    for truth in truths:
        site = truth.get("crash_site") or {}
        whole = truth.get("incidents") == 1 and truth.get("goroutine_ids") and site
        if whole and "test" not in truth["file"] and truth.get("variant") is None and not truth.get("category_also"):
            if truth.get("level") in ("single", "all", "system", "crash"):
                yield truth["file"], truth["scenario"], truth["category"], f"{site['file']}:{site['line']}"


def make(args):
    rng = random.Random(5)
    directory = pathlib.Path(args.directory)
    stock = noise(48 << 20, rng)
    dumps = sorted(crashes())
    planted = []

    def log(size, name):
        at = rng.randrange(len(stock) - 1)
        at = stock.find(b"\n", at) + 1
        text = b""
        while len(text) < size:
            text += stock[at : at + size - len(text)]
            at = 0
        text = text[: text.rfind(b"\n") + 1]
        if rng.random() < PLANTED:
            file, scenario, category, site = rng.choice(dumps)
            cut = text.rfind(b"\n", 0, rng.randrange(len(text))) + 1
            crash = (ROOT / "corpus" / file).read_bytes()
            planted.append({"path": name, "line": text.count(b"\n", 0, cut) + 1, "scenario": scenario, "category": category, "site": site, "file": file})
            text = text[:cut] + crash + (b"" if crash.endswith(b"\n") else b"\n") + text[cut:]
        return text

    mean = args.bytes / args.files
    for number in range(args.files):
        # A few large ones among many small ones, as logs are.
        size = int(min(rng.lognormvariate(0, 1.2) * mean / 2.05, 200e6)) + 200
        kind = rng.choices([kind for kind, _ in KINDS], [share for _, share in KINDS])[0]
        folder = directory / kind / f"{number % 50:02}"
        folder.mkdir(parents=True, exist_ok=True)
        if kind == "plain":
            path = folder / f"{number}.log"
            path.write_bytes(log(size, str(path)))
        elif kind == "gz":
            path = folder / f"{number}.log.gz"
            path.write_bytes(gzip.compress(log(size, str(path)), 3, mtime=0))
        else:
            path = folder / f"{number}.tar.gz"
            with open(path, "wb") as raw, gzip.GzipFile("", "wb", 3, raw, mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as tar:
                for member in range(MEMBERS):
                    about = tarfile.TarInfo(f"pod-{member}/app.log")
                    text = log(size // MEMBERS + 50, f"{path}!{about.name}")
                    about.size = len(text)
                    tar.addfile(about, io.BytesIO(text))
    (directory / "planted.json").write_text(json.dumps(planted, indent=1))
    print(f"{args.files} files, {len(planted)} crashes planted in {directory}")


def check(args):
    directory = pathlib.Path(args.directory)
    planted = json.loads((directory / "planted.json").read_text())
    folders = [str(directory / kind) for kind, _ in KINDS]
    lines = subprocess.run([args.gotriage, "scan", "--format", "jsonl", *folders], stdout=subprocess.PIPE, check=True).stdout.splitlines()
    found = {}
    for line in map(json.loads, lines):
        if "fingerprint" in line:
            found.setdefault(line["path"], []).append(line)
    wrong, clusters, crashes_of = [], {}, {}
    for truth in planted:
        here = found.pop(truth["path"], [])
        if len(here) != 1 or here[0]["verdict"]["category"] != truth["category"] or not truth["line"] <= here[0]["line"] <= truth["line"] + 400:
            wrong.append((truth, [(one["line"], one["verdict"]["category"]) for one in here]))
            continue
        # A crash of a program, of one category at one line, is one cluster; the roles of a category are clusters of their own.
        crash = (truth["scenario"], truth["category"], truth["site"], (here[0]["crash"] or {}).get("role"))
        clusters.setdefault(here[0]["fingerprint"], set()).add(crash)
        crashes_of.setdefault(crash, set()).add(here[0]["fingerprint"])
    print(f"{len(planted)} planted, {len(wrong)} not found as they are, {sum(map(len, found.values()))} found that were not planted")
    for truth, here in wrong[:20]:
        print("  ", truth, "found:", here)
    parted = {crash: prints for crash, prints in crashes_of.items() if len(prints) > 1}
    mixed = {fingerprint: of for fingerprint, of in clusters.items() if len(of) > 1}
    print(f"{len(crashes_of)} different crashes, {len(clusters)} clusters; {len(parted)} crashes in several clusters, {len(mixed)} clusters of several crashes")
    for name, odd in (*parted.items(), *mixed.items()):
        print("  ", name, odd)
    raise SystemExit(bool(wrong or parted or mixed or found))


def run(command):
    """Seconds and megabytes of memory at most."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    return time.perf_counter() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def measure(args):
    directory = pathlib.Path(args.directory)
    size = sum(path.stat().st_size for path in (directory / "plain").rglob("*.log"))
    plain = str(directory / "plain")
    packed = [str(directory / "gz"), str(directory / "tar")]
    commands = {
        "ripgrep, plain": ["rg", "-c", PATTERN, plain],
        "gotriage, plain": [args.gotriage, "scan", plain],
        "ripgrep -z, gz and tar.gz": ["rg", "-z", "-c", PATTERN, *packed],
        "gotriage, gz and tar.gz": [args.gotriage, "scan", *packed],
        "gotriage, all": [args.gotriage, "scan", plain, *packed],
    }
    times = {name: [] for name in commands}
    for _ in range(args.runs):
        for name, command in commands.items():
            times[name].append(run(command))
    print(f"{size / 1e9:.2f} GB plain; wall and CPU seconds of {args.runs} runs in turn, the best of each; memory at most")
    for name, runs in times.items():
        wall, cpu, memory = min(one[0] for one in runs), min(one[1] for one in runs), max(one[2] for one in runs)
        print(f"{name:28} {wall:7.2f} s {cpu:7.2f} s CPU {memory:7.1f} MB   walls: {' '.join(f'{one[0]:.2f}' for one in runs)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for name, does in (("make", make), ("check", check), ("time", measure)):
        command = commands.add_parser(name)
        command.add_argument("directory")
        command.set_defaults(does=does)
        if name == "make":
            command.add_argument("--files", type=int, default=10_000)
            command.add_argument("--bytes", type=float, default=5e9)
        else:
            command.add_argument("gotriage")
        if name == "time":
            command.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    args.does(args)


if __name__ == "__main__":
    main()
