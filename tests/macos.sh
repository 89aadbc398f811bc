#!/bin/sh
# Checks what macOS gets as far as that goes without one: the types of the library, and the C of the
# command and of the header. Nothing is run. TARGET is cargo's directory.
set -eu
cd "$(dirname "$0")/.."
packaging/install-tools.sh
. packaging/targets.sh
toolchain
cargo-zigbuild check --quiet -Zbuild-std=std,panic_unwind --lib --target aarch64-apple-darwin
objects=$(mktemp -d)
trap 'rm -rf "$objects"' EXIT
for source in cli/*.c tests/c/header.c; do
    [ "$source" != cli/win32.c ] || continue
    "$zig" cc -target aarch64-macos -std=c99 -Wall -Wextra -Wpedantic -Werror -Iinclude -c "$source" \
        -o "$objects/object"
done
echo "The types are right for macOS."
