#!/bin/sh
# Builds the artifacts for the platforms named, or for all of packaging/targets.sh:
# OUT/libcos-VERSION-PLATFORM.tar.gz, or .zip, a wheel for Python for each, one package for Node with all of
# them in it, and SHA256SUMS. TARGET is cargo's directory.
set -eu
cd "$(dirname "$0")/.."
. packaging/targets.sh
. packaging/common.sh
toolchain
out=$(realpath -m "${OUT:-build/dist}")

# The Makefile does the work, with the tools of the platform.
make_for_platform() { # target variable=value…
    make --no-print-directory --silent "$@" \
        BUILD="$made" TARGET="${TARGET:-target}" RELEASE="$target_files/release" \
        CARGO="packaging/cargo.sh $name" CC="$cc" LD="${binutils}ld" AR="${binutils}ar" \
        OBJCOPY="${binutils}objcopy" STRIP="${binutils}strip" PRIVATE="$private" \
        PREFIX=/usr DESTDIR="$unpacked" >/dev/null
}

build_for_linux() {
    # zig links the functions that unwind only when it is told to.
    make_for_platform all LDFLAGS=-lunwind
    make_for_platform man
    make_for_platform install
    make_movable "$unpacked"
    cp packaging/install.sh "$unpacked"
    check_exports "$("${binutils}nm" -D --defined-only "$unpacked/$shared" | sed 's/.* //')"
    for file in "$shared" "$command"; do
        check_symbols "$unpacked/$file"
    done
}

# The libraries to link with come from a list of the functions: one for MinGW, one for Visual C++.
build_for_windows() {
    make_for_platform rust
    hide_names "$target_files/release/libcos.a" "$made/lib/libcos.a"
    make_for_platform "$made/bin/cos.exe" LDFLAGS=-Wl,--no-insert-timestamp
    make_for_platform config SHARED=../bin/cos.dll SONAME=cos.dll
    make_movable "$unpacked"
    mkdir "$unpacked/bin" "$unpacked/include"
    cp "$target_files/release/cos.dll" "$made/bin/cos.exe" "$unpacked/bin"
    cp "$made/lib/libcos.a" "$unpacked/lib"
    cp include/cos.h include/cos.hpp "$unpacked/include"
    {
        printf 'LIBRARY cos.dll\nEXPORTS\n'
        cat abi/symbols.txt
    } >"$unpacked/lib/cos.def"
    for library in libcos.dll.a cos.lib; do
        "$zig" dlltool -m i386:x86-64 -D cos.dll -d "$unpacked/lib/cos.def" -l "$unpacked/lib/$library"
    done
    check_exports "$("${binutils}objdump" -p "$unpacked/$shared" |
        sed -n '/Ordinal\/Name/,/^$/s/^[[:blank:]]\[.*\] //p')"
    for file in "$shared" "$command"; do
        check_imports "$unpacked/$file"
    done
}

# The functions of cos.h, and nothing else, can be reached in the shared library.
check_exports() { # names
    if ! printf '%s\n' "$1" | sort | cmp -s - abi/symbols.txt; then
        echo "$unpacked/$shared exports other names than abi/symbols.txt has" >&2
        exit 1
    fi
}

# A library or program asks for nothing that the oldest glibc lacks. What is not weak and has no version is
# bound when it is loaded, and an old one may not have it.
check_symbols() { # file
    undefined=$("${binutils}readelf" --dyn-syms --wide "$1" | awk '$7 == "UND" && $8 { print $5, $8 }')
    if [ -n "$glibc" ]; then
        newest=$(echo "$undefined" | sed -n 's/.*@GLIBC_\([0-9.]*\).*/\1/p' | sort -uV | tail -n 1)
        if [ "$(printf '%s\n' "$newest" "$glibc" | sort -V | tail -n 1)" != "$glibc" ]; then
            echo "$1 needs glibc $newest, not only $glibc" >&2
            exit 1
        fi
        if echo "$undefined" | grep '^GLOBAL [^@]*$' >&2; then
            echo "$1 needs these, and glibc $glibc may not have them" >&2
            exit 1
        fi
    fi
}

# A program may have another library made by Rust in it. This linker makes no single object of many, so all
# names but those of cos.h get a prefix.
hide_names() { # from to
    if [ "$2" -nt "$1" ] && [ "$2" -nt abi/symbols.txt ]; then
        return
    fi
    mkdir -p "${2%/*}"
    "${binutils}nm" --extern-only --defined-only --quiet "$1" | awk 'NF == 3 { print $3 }' | sort -u |
        grep -vxFf abi/symbols.txt | sed 's/.*/& libcos_&/' >"$2.names"
    "${binutils}objcopy" --strip-debug --enable-deterministic-archives "--redefine-syms=$2.names" "$1" "$2"
    rm "$2.names"
}

# Nothing of MinGW has to be handed on with it.
check_imports() { # file
    if "${binutils}objdump" -p "$1" | grep -E 'DLL Name: (lib|cos)' >&2; then
        echo "$1 needs this, and Windows has it not" >&2
        exit 1
    fi
}

# The library for Python and for Node: a wheel, and a part of the package that is made at the end.
make_packages() {
    python3 -B bindings/python/backend.py "$unpacked/$shared" "$out" "$wheel"
    case $name in
    windows-*) flags='-static -Wl,--no-insert-timestamp' ;;
    *) flags='' ;;
    esac
    OUT=$out/made/npm LIBRARY=$unpacked/$shared CC=$cc LDFLAGS=$flags STRIP=${binutils}strip \
        DLLTOOL=${binutils}dlltool bindings/node/prebuild.sh "$node"
}

# Writes down how large it is, in MiB, for the manual.
note_sizes() {
    sizes=packaging/sizes.txt
    for file in "$out/$artifact.$archive" "$unpacked/$shared"; do
        stat --format %s "$file"
    done | awk -v name="$name" '{ line = line sprintf(" %.2f", $1 / 1048576) } END { print name line }' |
        sort -o $sizes - $sizes -u -k 1,1
}

for platform in ${*:-$PLATFORMS}; do
    platform "$platform"
    artifact=libcos-$version-$name
    unpacked=$out/$artifact
    made=$out/made/$name
    rm -rf "$unpacked"
    mkdir -p "$unpacked"
    build_for_"${name%%-*}"

    "$tools/bin/python" -B packaging/contents.py "$name" "$rust_target" "$version" "$unpacked" \
        "$shared" "$static" "$command"
    pack "$unpacked" "$archive"
    note_sizes
    make_packages
    echo "$out/$artifact.$archive is made."
done
DIST=$out OUT=$out/made/npm VERSION=$version bindings/node/package.sh
(cd "$out" && find libcos-"$version"* -maxdepth 0 -type f | sort | xargs sha256sum >SHA256SUMS)
