#!/bin/sh
# Makes the rock libcos-VERSION-1.src.rock, in the directory DIST, from what is collected in OUT.
set -eu
DIST=$(realpath -m "$DIST") OUT=$(realpath -m "$OUT")
cd "$(dirname "$0")"
rm -rf "$OUT"
sources=$OUT/libcos-$VERSION
mkdir -p "$sources" "$DIST"
cp -R src examples library Makefile README.md CHANGELOG.md ../../LICENSE* "$sources"
# One that make has left may be older than helpers.lua.
rm -f "$sources/src/helpers.h"
make -s -C "$sources" src/helpers.h
tar -C "$OUT" -czf "$OUT/libcos-$VERSION.tar.gz" "libcos-$VERSION"
sed "s/@VERSION@/$VERSION/g" libcos.rockspec.in >"$OUT/libcos-$VERSION-1.rockspec"

# A rock is an archive of zip's.
rock=$DIST/libcos-$VERSION-1.src.rock
rm -f "$rock"
cd "$OUT"
"${PYTHON:-python3}" -m zipfile -c "$rock" "libcos-$VERSION-1.rockspec" "libcos-$VERSION.tar.gz"
echo "$rock is made: luarocks install $rock COS_DIR=DIRECTORY"
