#!/bin/sh
# Makes DIST/libcos-VERSION-linux-PROCESSOR.tar.gz of what make has built in BUILD, for this system and newer
# ones. Its install.sh installs it without root.
set -eu
DIST=$(realpath -m "$DIST")
cd "$(dirname "$0")/.."
. packaging/common.sh
name=libcos-$version-linux-$(uname -m)
out=$(realpath -m "$BUILD")/tarball
unpacked=$out/$name
rm -rf "$out"
mkdir -p "$unpacked" "$DIST"
make --no-print-directory --silent install PREFIX=/usr DESTDIR="$unpacked" BUILD="$BUILD" >/dev/null
make_movable "$unpacked"
cp packaging/install.sh "$unpacked"
python3 -B packaging/notices.py "$unpacked/share/doc/libcos"
pack "$unpacked" tar.gz
mv "$unpacked.tar.gz" "$DIST"
echo "$DIST/$name.tar.gz is made: unpack it, then run install.sh in it."
