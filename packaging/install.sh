#!/bin/sh
# Installs this copy of libcos below a directory, or removes it from there. It needs neither root nor a
# compiler. What was installed is written down in DIR/share/libcos/files.
set -eu
usage() {
    cat <<'END_OF_USAGE'
usage: ./install.sh [--prefix=DIR]
       ./install.sh --uninstall [--prefix=DIR]

Installs libcos into DIR/bin, DIR/include, DIR/lib and DIR/share, or removes it from there. Without --prefix,
DIR is ~/.local. A newer version replaces an older one.
END_OF_USAGE
}

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

prefix=${HOME:+$HOME/.local} uninstall=
for argument in "$@"; do
    case $argument in
    --prefix=*) prefix=${argument#*=} ;;
    --uninstall) uninstall=yes ;;
    -h | --help)
        usage
        exit
        ;;
    *)
        usage >&2
        fail "there is no argument $argument"
        ;;
    esac
done

LC_ALL=C
export LC_ALL
while [ "$prefix" != "${prefix%/}" ]; do
    prefix=${prefix%/}
done
case $prefix in
/*) ;;
'') fail "the prefix must be a directory, and not / itself, such as --prefix=/home/me/.local" ;;
*) fail "the prefix must begin with /, and this does not: $prefix" ;;
esac
# Of any other character, pkg-config or PATH would make something else.
case $prefix in
*[!A-Za-z0-9/._+=@,-]*) fail "the prefix may have only a-z, A-Z, 0-9 and /._+=@,- in it, for pkg-config: $prefix" ;;
esac
[ ! -e "$prefix" ] || [ -d "$prefix" ] || fail "the prefix is no directory: $prefix"
list=$prefix/share/libcos/files

# Removes the files of a list, then the directories in it, which end with /, where they are empty.
remove() { # list
    grep -v '/$' "$1" | while read -r file; do
        rm -f "$prefix/$file"
    done
    grep '/$' "$1" | sort -r | while read -r directory; do
        rmdir "$prefix/$directory" 2>/dev/null || :
    done
}

if [ -n "$uninstall" ]; then
    [ -f "$list" ] || fail "nothing that install.sh has installed is below $prefix"
    [ -w "$prefix" ] || fail "the prefix can't be written: $prefix"
    listed=$(mktemp)
    cp "$list" "$listed"
    remove "$listed"
    rm "$listed"
    echo "libcos is removed from $prefix."
    exit
fi

cd "$(dirname "$0")"
[ -f share/doc/libcos/SHA256SUMS ] || fail "run it where the archive is unpacked"
[ "$(pwd -P)" != "$(cd "$prefix" 2>/dev/null && pwd -P)" ] ||
    fail "the archive is unpacked there already: choose another directory than $prefix"
sha256sum -c share/doc/libcos/SHA256SUMS >/dev/null 2>&1 ||
    fail "a file of the archive is missing or damaged: get and unpack it anew"
bin/cos --version >/dev/null 2>&1 || fail "the archive is for another system or processor than this one"

# What is to be there, and directories that are not there yet.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
{
    find bin include lib share ! -type d
    printf '%s\n' share/libcos/files share/libcos/install.sh
} >"$work/files"
{
    echo /
    find bin include lib share -type d | sed 's|$|/|'
    echo share/libcos/
} | while read -r directory; do
    [ -d "$prefix/$directory" ] || echo "$directory"
done >"$work/directories"

# A file of somebody else's is left alone.
: >"$work/before"
[ ! -f "$list" ] || cp "$list" "$work/before"
grep -vxFf "$work/before" "$work/files" | while read -r file; do
    if [ -e "$prefix/$file" ] || [ -L "$prefix/$file" ]; then
        echo "$file"
    fi
done >"$work/foreign"
[ ! -s "$work/foreign" ] || fail "$prefix/$(head -n 1 "$work/foreign") is there already and was not installed by" \
    "install.sh: remove it, or choose another --prefix"

mkdir -p "$prefix/share/libcos" 2>/dev/null || fail "the prefix can't be made or written: $prefix"
# Whatever interrupts what follows, --uninstall knows of all files.
grep '/$' "$work/before" >>"$work/directories" || :
sort -u "$work/files" "$work/directories" "$work/before" >"$work/all"
cp "$work/all" "$list"
find bin include lib share -type d | while read -r directory; do
    mkdir -p "$prefix/$directory"
done
# A program that is running keeps the library that it has.
put() { # from to
    cp -P "$1" "$prefix/$2.new"
    mv -f "$prefix/$2.new" "$prefix/$2"
}
find bin include lib share ! -type d | while read -r file; do
    put "$file" "$file"
done
put install.sh share/libcos/install.sh
sort -u "$work/files" "$work/directories" >"$work/now"
# An older version may have had files that this one lacks.
grep -vxFf "$work/now" "$work/before" >"$work/gone" || :
remove "$work/gone"
put "$work/now" share/libcos/files

version=$(sed -n 's/^Version: //p' lib/pkgconfig/cos.pc)
cat <<END_OF_TEXT
libcos $version is installed below $prefix. These lines, in ~/.profile, let programs find it:

    export PATH="$prefix/bin:\$PATH"
    export LD_LIBRARY_PATH="$prefix/lib\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
    export PKG_CONFIG_PATH="$prefix/lib/pkgconfig\${PKG_CONFIG_PATH:+:\$PKG_CONFIG_PATH}"
    export CMAKE_PREFIX_PATH="$prefix\${CMAKE_PREFIX_PATH:+:\$CMAKE_PREFIX_PATH}"

To remove it: sh $prefix/share/libcos/install.sh --uninstall --prefix=$prefix
END_OF_TEXT
