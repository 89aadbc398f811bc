#!/bin/sh
# Makes a bare system of its own for one platform, once:
#
#     root.sh PLATFORM DIRECTORY
#
# linux-x86_64       Debian 11, the oldest that can be installed today, with a C compiler
# linux-aarch64      the C library of Debian 11, and qemu
# linux-x86_64-musl  musl's loader, and nothing else
# windows-x86_64     an empty prefix of Wine
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
case $platform in
linux-x86_64)
    debootstrap --variant=minbase --include=gcc,libc6-dev,pkg-config,cmake,make \
        $suite "$root" "$mirror" >"$root.log"
    ;;
debian)
    debootstrap --variant=minbase --include=gcc,libc6-dev,pkg-config \
        "$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)" "$root" "$mirror" >"$root.log"
    # Whoever has asked root for it can use it as root of a namespace.
    [ -z "${SUDO_UID:-}" ] || chown -R "$SUDO_UID:$SUDO_GID" "$root"
    ;;
linux-aarch64)
    # Its packages are only unpacked: their scripts would need more than a simulator of one program.
    debootstrap --arch=arm64 --foreign --variant=minbase $suite "$root" "$mirror" >"$root.log"
    cp "$(command -v qemu-aarch64-static)" "$root/qemu"
    ;;
linux-x86_64-musl)
    mkdir "$root/lib"
    cp -L /lib/ld-musl-x86_64.so.1 "$root/lib"
    ;;
windows-x86_64)
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
