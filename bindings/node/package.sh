#!/bin/sh
# Makes the npm package libcos-VERSION.tgz, in the directory DIST, from what is collected in OUT: the
# shared library LIBRARY, and the addon, which CC compiles.
set -eu
DIST=$(realpath -m "$DIST") OUT=$(realpath -m "$OUT") LIBRARY=$(realpath -m "$LIBRARY")
cd "$(dirname "$0")"
headers=node_modules/node-api-headers/include
[ -e $headers/node_api.h ] || {
    echo "the headers of Node-API are missing: npm ci --prefix bindings/node" >&2
    exit 1
}
rm -rf "$OUT"
place=$OUT/prebuilt/$(node -p '`${process.platform}-${process.arch}`')
mkdir -p "$place" "$DIST"

# Once loaded, the addon stays: threads may be in it when the worker of Node that loaded it has ended.
# shellcheck disable=SC2086 # CC and CFLAGS may have several words
${CC:-cc} -std=c99 ${CFLAGS:--O2} -Wall -Wextra -Werror -fPIC -shared -fvisibility=hidden \
    -DNAPI_VERSION=8 -I../../include -isystem $headers \
    src/addon.c src/calls.c src/library.c src/system_unix.c \
    -Wl,-z,relro,-z,now,-z,nodelete -lpthread -ldl -o "$place/cos.node"
${STRIP:-strip} "$place/cos.node"
install -m 755 "$LIBRARY" "$place/$(basename "$LIBRARY")"

"${PYTHON:-python3}" -B ../../packaging/notices.py "$place"

cp -R lib examples index.d.ts README.md CHANGELOG.md ../../LICENSE* "$OUT"
./codes.mjs ../../include/cos.h "$OUT/lib"
sed "s/\"version\": \"0.0.0\"/\"version\": \"$VERSION\"/" package.json >"$OUT/package.json"
npm pack --silent --pack-destination "$DIST" "$OUT" >/dev/null
echo "$DIST/libcos-$VERSION.tgz is made: npm install $DIST/libcos-$VERSION.tgz"
