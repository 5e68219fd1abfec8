#!/bin/sh
# Makes corpus/captures: each program state captured twice, with the number of go statements that ran between.
# Usage: corpus/captures.sh GO...   (paths of go commands; toolchains.sh prints them)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here/programs/captures/main.go" "$work"
printf 'module captures\n\ngo 1.19\n' > "$work/go.mod"
for go in "$@"; do
    version=$("$go" env GOVERSION)
    (cd "$work" && GOTOOLCHAIN=local GOFLAGS=-mod=mod CGO_ENABLED=0 "$go" build -trimpath -o app .)
    for mode in leak hang steady; do
        at="$here/captures/$mode/$version"
        mkdir -p "$here/captures/$mode"
        GOMAXPROCS=2 "$work/app" "$mode" "$at-before.txt" "$at-after.txt" > "$at-created.txt"
    done
done
