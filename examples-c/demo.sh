#!/bin/sh
# Compiles round.c, starts an emulator, runs the one against the other, and stops the emulator.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
emulator=
cleanup() {
    [ -z "$emulator" ] || kill "$emulator" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT INT TERM

$CC -std=c99 -Wall -Wextra -Wpedantic -Werror -Iinclude examples-c/round.c \
    -o "$work/round" -L"$LIB" -lcos -Wl,-rpath,"$(realpath "$LIB")"

"$TARGET/debug/cos-emulator" --port 0 --data "$work/data" >"$work/log" &
emulator=$!
for _ in $(seq 100); do
    grep -q listening "$work/log" && break
    kill -0 "$emulator" # it may have failed to start
    sleep 0.1
done
host=$(sed -n 's|.*http://||p' "$work/log")

cd "$work"
./round "$host" private-bucket 1250000000 EXAMPLE_SECRET_ID EXAMPLE_SECRET_KEY
