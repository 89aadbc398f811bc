#!/bin/sh
# Writes down the binary interface that a header promises: dump.sh HEADER OUTPUT
#
# The types are those that programs are compiled with. In the library's own debug information they
# are Rust's, which know neither const nor callbacks, and lead into everything behind a handle.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$1" "$work/cos.h"
version=$(sed -n 's/^#define COS_ABI_VERSION //p' "$1")
{
    echo '#include "cos.h"'
    # No function has these types, but programs have the numbers in them.
    echo '__attribute__((used)) static cos_code code;'
    echo '__attribute__((used)) static cos_log_level level;'
    # Only what is defined is written down.
    cc -E -P "$work/cos.h" | tr '\n' ' ' | sed 's/;/;\n/g' |
        sed -n '/typedef/d; s/^\(.*[ *]cos_[a-z0-9_]*(.*)\);$/\1 { __builtin_trap(); }/p'
} >"$work/cos.c"
cc -std=c99 -g -shared -fPIC "-Wl,-soname,libcos.so.$version" "$work/cos.c" -o "$work/libcos.so"
abidw --load-all-types --no-corpus-path --no-comp-dir-path --no-show-locs \
    "$work/libcos.so" >"$work/dump"
# Where it was compiled is nobody's interface.
sed "s|path='[^']*'|path='cos.h'|" "$work/dump" >"$2"
