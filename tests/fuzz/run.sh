#!/bin/sh
# Runs every fuzz target for a bounded time, from the dumps of the corpus on, or from its own seeds. Needs cargo-fuzz.
#
#     tests/fuzz/run.sh [SECONDS-PER-TARGET] [TARGET]...
#
# The search starts from one seed, so that a change and not luck breaks CI; FUZZ_SEED=0 takes another each time.
# A crash fails the run; its input stays under tests/fuzz/artifacts/TARGET/.
set -eu
cd "$(dirname "$0")/../.."
seconds=${1:-15}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- envelope parse report maps profile trace

# cargo-fuzz asks for flags that a stable compiler takes only this way. It has each crate compiled in one piece, on one core and with
# gigabytes of memory; the last flag counts.
export RUSTC_BOOTSTRAP=1 RUSTFLAGS="${RUSTFLAGS:-} -Ccodegen-units=16"
for target in "$@"; do
    found=tests/fuzz/corpus/$target
    seeds=corpus/dumps
    [ "$target" != profile ] || seeds=corpus/profiles
    [ ! -d "tests/fuzz/seeds/$target" ] || seeds=tests/fuzz/seeds/$target
    mkdir -p "$found"
    echo "== $target, $seconds s"
    cargo fuzz run --fuzz-dir tests/fuzz "$target" "$found" "$seeds" -- \
        -seed="${FUZZ_SEED:-1}" -max_total_time="$seconds" -max_len=16384 -timeout=10 -rss_limit_mb=4096 -print_final_stats=1
done
