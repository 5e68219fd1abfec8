#!/usr/bin/env bash
# Builds this program with every toolchain for several machines, runs it with AES and without, and writes
# corpus/maps/hashes/vectors.jsonl.zst: one line a run.
#
# Needs qemu-user (arm, arm64, mipsle, mips64le, riscv64), node (wasm) and zstd.
set -euo pipefail
cd "$(dirname "$0")"
corpus=$(cd ../.. && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# go VERSION, then GOARCH, then what runs its programs
run() {
    local version=$1 go=$2 arch=$3 os=linux flags=()
    shift 3
    case $version in
        1.19.* | 1.21.* | 1.22.*) ;;
        *) flags=(-ldflags=-checklinkname=0) ;;
    esac
    if [ "$arch" = wasm ]; then
        os=js
    fi
    GOTOOLCHAIN=local CGO_ENABLED=0 GOOS=$os GOARCH=$arch "$go" build -o "$work/program" "${flags[@]}" .
    "$@" "$work/program"
    if [ "$arch" = amd64 ]; then
        GODEBUG=cpu.aes=off "$@" "$work/program"
    fi
}

# Every version on amd64; elsewhere those between which something changed.
all() {
    local version go
    while read -r version go; do
        run "$version" "$go" amd64 env
        case $version in
            1.19.* | 1.21.* | 1.26.* | 1.27.*) run "$version" "$go" arm64 qemu-aarch64 ;;
        esac
        case $version in
            1.19.* | 1.26.* | 1.27.*)
                run "$version" "$go" 386 env
                run "$version" "$go" arm qemu-arm
                ;;
        esac
        case $version in
            1.26.* | 1.27.*)
                run "$version" "$go" mipsle qemu-mipsel
                run "$version" "$go" mips64le qemu-mips64el
                run "$version" "$go" riscv64 qemu-riscv64
                ;;
        esac
        case $version in
            1.25.* | 1.26.* | 1.27.*)
                run "$version" "$go" wasm node "$(dirname "$(dirname "$go")")/lib/wasm/wasm_exec_node.js"
                ;;
        esac
    done
}

mkdir -p "$corpus/maps/hashes"
"$corpus/toolchains.sh" | all > "$work/vectors"
zstd -q -f --ultra -22 "$work/vectors" -o "$corpus/maps/hashes/vectors.jsonl.zst"
