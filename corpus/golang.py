"""Go for the scripts here: which releases there are, their commands, and programs built so that no file names the machine."""

import os
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROGRAMS = HERE / "programs"


def toolchains(*arguments):
    """What toolchains.sh prints."""
    return subprocess.run([HERE / "toolchains.sh", *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def releases():
    """All that are at hand; nothing is installed."""
    return toolchains("--list").split()


def command(release):
    """The path of the go command of a release, installed if need be."""
    return Path(toolchains(release).strip())


def environment(go, **more):
    """An environment in which go sees nothing of the machine but its caches."""
    cache = Path(os.environ.get("GOTRIAGE_GO_DIR", Path.home() / ".cache" / "gotriage-go"))
    return {
        "PATH": f"{go.parent}:/usr/bin:/bin", "HOME": "/nonexistent", "GOCACHE": str(cache / "build"), "GOPATH": str(cache / "path"),
        "GOENV": "off", "GOPROXY": "off", "GOTOOLCHAIN": "local", "GOTELEMETRY": "off", "CGO_ENABLED": "0", **more,
    }


def lay_out(release, program, place):
    """A program's source as a module of a release, in `place`."""
    shutil.copytree(PROGRAMS / program, place, dirs_exist_ok=True)
    minor = ".".join(release.split(".")[:2])
    (place / "go.mod").write_text(f"module example.com/app\n\ngo {minor}\n")


def build(place, go, *flags, **more):
    """The program that lies in `place`, with -trimpath."""
    subprocess.run([go, "build", "-trimpath", *flags, "-o", "app", "."], cwd=place, env=environment(go, **more), check=True)
    return place / "app"
