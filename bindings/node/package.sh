#!/bin/sh
# Makes the npm package libcos-VERSION.tgz, in the directory DIST, from what is collected in OUT, where
# prebuild.sh has put what was compiled.
set -eu
DIST=$(realpath -m "$DIST") OUT=$(realpath -m "$OUT")
cd "$(dirname "$0")"
mkdir -p "$DIST"
cp -R lib examples index.d.ts README.md CHANGELOG.md ../../LICENSE* "$OUT"
./codes.mjs ../../include/cos.h "$OUT/lib"
sed "s/\"version\": \"0.0.0\"/\"version\": \"$VERSION\"/" package.json >"$OUT/package.json"
npm pack --silent --pack-destination "$DIST" "$OUT" >/dev/null
echo "$DIST/libcos-$VERSION.tgz is made: npm install $DIST/libcos-$VERSION.tgz"
