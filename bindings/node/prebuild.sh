#!/bin/sh
# Puts into OUT/prebuilt/SYSTEM what the package needs on that system: the shared library LIBRARY, and the
# addon, which CC compiles; and the licences of what is in the library. SYSTEM is this one, or named as the package
# calls it, such as win32-x64.
set -eu
OUT=$(realpath -m "$OUT") LIBRARY=$(realpath -m "$LIBRARY")
cd "$(dirname "$0")"
system=${1:-$(node -p '`${process.platform}-${process.arch}`')}
api=node_modules/node-api-headers
[ -e $api/include/node_api.h ] || {
    echo "the headers of Node-API are missing: npm ci --prefix bindings/node" >&2
    exit 1
}
place=$OUT/prebuilt/$system
rm -rf "$place"
mkdir -p "$place"

case $system in
win32-*)
    # The program that loads the addon has these functions.
    for functions in js_native_api node_api; do
        "$DLLTOOL" -d $api/def/$functions.def -l "$place/lib$functions.a"
    done
    set -- src/system_windows.c -L"$place" -lnode_api -ljs_native_api
    ;;
darwin-*) set -- src/system_unix.c -undefined dynamic_lookup ;;
# Once loaded, the addon stays: threads may be in it when the worker of Node that loaded it has ended.
*) set -- src/system_unix.c -fPIC -Wl,-z,relro,-z,now,-z,nodelete -lpthread -ldl ;;
esac
# shellcheck disable=SC2086 # CC and the flags may have several words
${CC:-cc} -std=c99 ${CFLAGS:--O2} -Wall -Wextra -Werror -shared -fvisibility=hidden \
    -DNAPI_VERSION=8 -I../../include -isystem $api/include \
    src/addon.c src/calls.c src/library.c "$@" ${LDFLAGS:-} -o "$place/cos.node"
rm -f "$place"/*.a "$place"/*.lib
${STRIP:-strip} "$place/cos.node"
install -m 755 "$LIBRARY" "$place/$(basename "$LIBRARY")"
"${PYTHON:-python3}" -B ../../packaging/notices.py "$place" "$LIBRARY"
