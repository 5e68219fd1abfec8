#!/usr/bin/env bash
# Runs the tests of programs/test-run and keeps what `go test` prints.
#
#   testruns.sh GOLEAK GO...      GOLEAK: a git clone of go.uber.org/goleak; GO: paths of go commands; a minute for each
#
# It needs a C compiler for the race detector, root, and the free places /app and /usr/local/go, as generate.py does.
# `plain` and `json` are `go test -race`, `verbose` is with -v; `trimpath` is built with that flag; `passing` is what is not broken.
# The first GO also runs the leaks under the goleak that printed them in another form.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
out=$here/testruns
goleak=$1
shift
mkdir -p "$out"
for place in /app /usr/local/go; do
    if [ -e "$place" ]; then echo "$place is not free" >&2; exit 1; fi
done
trap 'rm -rf /app /goleak; rm -f /usr/local/go' EXIT

# Puts a release of goleak, without its tests and what they require, where go.mod looks for it.
place() {
    rm -rf /goleak
    mkdir /goleak
    git -C "$goleak" archive "v$1" | tar -x -C /goleak
    find /goleak -name '*_test.go' -delete
    printf 'module go.uber.org/goleak\n\ngo 1.20\n' > /goleak/go.mod
}

first=$1
for go in "$@"; do
    goroot=$("$go" env GOROOT)
    version=$("$go" env GOVERSION)
    ln -sfn "$goroot" /usr/local/go
    rm -rf /app
    cp -r "$here/programs/test-run" /app
    place 1.3.0
    minor=$(echo "${version#go}" | cut -d. -f1,2)
    cat > /app/go.mod << MOD
module example.com/app

go $minor

require go.uber.org/goleak v1.3.0

replace go.uber.org/goleak => /goleak
MOD
    run() {
        local name=$1
        shift
        (cd "${in:-/app}" && env -i PATH=/usr/local/go/bin:/usr/bin:/bin HOME=/nonexistent GOROOT=/usr/local/go GOENV=off GOPROXY=off GOFLAGS=-mod=mod \
            GOTOOLCHAIN=local GOTELEMETRY=off GOMAXPROCS=2 CGO_ENABLED=1 GOCACHE="${GOCACHE:-$HOME/.cache/gotriage-go/build}" \
            GOPATH="${GOPATH:-$HOME/.cache/gotriage-go/path}" go test -count=1 -timeout 4s "$@" > "$out/$version-$name.txt" 2>&1) || true
    }
    run plain -race ./...
    run json -race -json ./...
    run verbose -v ./crash ./parse ./jobs ./leaky ./flaky ./fine ./broken ./vetted
    run trimpath -race -trimpath -json ./store ./crash ./pool
    run passing ./fine ./flaky ./bare
    in=/app/flaky run directory
    if [ "$go" = "$first" ]; then
        place 1.2.1
        run goleak1.2.1 ./pool ./leaky
    fi
done
