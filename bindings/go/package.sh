#!/bin/sh
# Makes the archive libcos-go-VERSION.tar.gz, in the directory DIST, from what is collected in OUT: the
# module with the header that it was written for.
set -eu
DIST=$(realpath -m "$DIST") OUT=$(realpath -m "$OUT")
cd "$(dirname "$0")"
name=libcos-go-$VERSION
rm -rf "$OUT"
mkdir -p "$OUT/$name" "$DIST"
cp -R ./*.go go.mod CHANGELOG.md examples internal ../../include/cos.h ../../LICENSE* "$OUT/$name"
sed "s/libcos-go-VERSION/$name/" README.md >"$OUT/$name/README.md"
# The same, whoever makes it.
chmod -R u=rwX,go=rX "$OUT"
tar -C "$OUT" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -c "$name" |
    gzip -9n >"$DIST/$name.tar.gz"
echo "$DIST/$name.tar.gz is made: unpack it, and let the go.mod of a program replace libcos.invalid/cos by it"
