#!/bin/sh
# Makes the npm package cos-emulator-VERSION.tgz, in the directory DIST, from what is collected in OUT:
# the emulator PROGRAM is in it, and is its command.
set -eu
DIST=$(realpath -m "$DIST") OUT=$(realpath -m "$OUT") PROGRAM=$(realpath -m "$PROGRAM")
cd "$(dirname "$0")"
version=$(sed -n 's/^version = "\(.*\)"/\1/p' ../Cargo.toml)
platform=$(node -p 'process.platform + "-" + process.arch')
rm -rf "$OUT"
mkdir -p "$OUT/prebuilt/$platform" "$DIST"
install -m 755 "$PROGRAM" "$OUT/prebuilt/$platform/cos-emulator"
"${PYTHON:-python3}" -B ../../packaging/notices.py "$OUT/prebuilt/$platform"
cp index.js index.d.ts README.md ../../LICENSE* "$OUT"
sed -e "s/\"version\": \"0.0.0\"/\"version\": \"$version\"/" -e "s/PLATFORM/$platform/" \
    package.json >"$OUT/package.json"
npm pack --silent --pack-destination "$DIST" "$OUT" >/dev/null
echo "$DIST/cos-emulator-$version.tgz is made: npm install --save-dev $DIST/cos-emulator-$version.tgz"
