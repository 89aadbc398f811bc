#!/bin/sh
# Installs what the tests need besides Rust, and says so: Debian packages, where it may, and modules
# of Node and Python. Otherwise it names what is missing and how to get it. TARGET is cargo's
# directory.
set -eu
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin
target=$(realpath -m "${TARGET:-target}")
. packaging/install-packages.sh

missing=
need() { # command package
    IFS=:
    for directory in $PATH; do
        if [ -x "$directory/$1" ]; then
            unset IFS
            return
        fi
    done
    unset IFS
    case " $missing " in
    *" $2 "*) ;;
    *) missing="$missing $2" ;;
    esac
}
need gcc gcc
need g++ g++
need clang clang
need clang++ clang
need x86_64-w64-mingw32-gcc gcc-mingw-w64-x86-64-win32
need x86_64-w64-mingw32-g++-posix g++-mingw-w64-x86-64-posix
need make make
need nm binutils
need kill procps
need script bsdutils
need valgrind valgrind
# valgrind looks into the C library.
[ -d /usr/lib/debug/.build-id ] || missing="$missing libc6-dbg"
need abidw abigail-tools
need abidiff abigail-tools
need curl curl
need openssl openssl
need nginx nginx
need tinyproxy tinyproxy
need pkg-config pkg-config
need dh debhelper
need dpkg-shlibdeps dpkg-dev
need lintian lintian
need debootstrap debootstrap
need unshare util-linux
need setpriv util-linux
need cmake cmake
need mandoc mandoc
need groff groff
need shellcheck shellcheck
need zsh zsh
need fish fish
need python3 python3
python3 -c 'import ensurepip' 2>/dev/null || missing="$missing python3-venv"
python3 -c 'import os, sysconfig; os.stat(sysconfig.get_path("include") + "/Python.h")' 2>/dev/null ||
    missing="$missing python3-dev"
need go golang-go
need node nodejs
need npm npm
need luarocks luarocks
need luajit luajit
pkg-config --exists luajit 2>/dev/null || missing="$missing libluajit-5.1-dev"
for version in 5.1 5.2 5.3 5.4; do
    need lua$version lua$version
    # Debian has 5.1 under another name.
    pkg-config --exists lua$version 2>/dev/null ||
        missing="$missing liblua$(echo $version | sed 's/5.1/5.1-0/')-dev"
done
lua5.4 -e 'require "socket.http"' 2>/dev/null || missing="$missing lua-socket"
pkg-config --exists libcurl 2>/dev/null || missing="$missing libcurl4-openssl-dev"
# The platforms that make test tries.
need qemu-s390x-static qemu-user-static
[ -d /usr/s390x-linux-gnu ] || missing="$missing libc6-s390x-cross"
[ -e /lib/ld-musl-x86_64.so.1 ] || missing="$missing musl"
[ -e /etc/ssl/certs/ca-certificates.crt ] || missing="$missing ca-certificates"

# The version of Cargo.toml and two components that the smallest installation lacks.
check_rust() {
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    if ! command -v cargo >/dev/null; then
        echo "Rust is missing: get it from https://rustup.rs, version $wanted or newer." >&2
        return 1
    fi
    found=$(cargo --version | cut -d ' ' -f 2)
    if [ "$(printf '%s\n' "$wanted" "$found" | sort -V | head -n 1)" != "$wanted" ]; then
        echo "Rust $wanted or newer is needed, this is $found: see https://rustup.rs." >&2
        return 1
    fi
    for component in rustfmt clippy; do
        cargo "${component#rust}" --version >/dev/null 2>&1 && continue
        echo "Installing a component of Rust: $component"
        rustup component add "$component" && continue
        echo "$component is missing: rustup component add $component, or your system's package." >&2
        return 1
    done
}
rust=ready
check_rust || rust=

# shellcheck disable=SC2086 # a list of packages
install_packages "The tests need" "make check does without them." $missing
[ -n "$rust" ] || exit 1

TARGET=$target bindings/node/install-tools.sh

# The official clients of the XML API, which are tried with the emulator.
clients=$target/sdks
if ! cmp -s tests/sdks/package-lock.json "$clients/node/installed"; then
    echo "Installing what package.json of tests/sdks names, into $clients/node"
    mkdir -p "$clients/node"
    cp tests/sdks/package.json tests/sdks/package-lock.json "$clients/node"
    npm_config_cache=$target/npm npm ci --prefix "$clients/node" \
        --ignore-scripts --no-audit --no-fund --loglevel=error
    cp tests/sdks/package-lock.json "$clients/node/installed"
fi
python=$clients/python/bin/python
if ! cmp -s tests/sdks/requirements.txt "$clients/python/installed" ||
    ! "$python" -c 'import coscmd, qcloud_cos' 2>/dev/null; then
    echo "Installing what requirements.txt of tests/sdks names, into $clients/python"
    python3 -m venv --clear "$clients/python"
    install_for_python() { # what
        "$python" -m pip --disable-pip-version-check install --quiet --no-build-isolation \
            --constraint tests/sdks/requirements.txt "$@"
    }
    install_for_python setuptools wheel
    install_for_python --requirement tests/sdks/requirements.txt
    cp tests/sdks/requirements.txt "$clients/python/installed"
fi

# An environment of Python with what a list names.
install_listed() { # requirements directory
    if ! cmp -s "$1" "$2/installed"; then
        echo "Installing what $1 names, into $2"
        python3 -m venv --clear "$2"
        "$2/bin/python" -m pip --disable-pip-version-check install --quiet --only-binary :all: \
            --require-hashes --requirement "$1"
        cp "$1" "$2/installed"
    fi
}
# What checks the types of the package for Python, and what makes and tries the package for Conan.
install_listed bindings/python/requirements.txt "$target/mypy"
install_listed packaging/conan/requirements.txt "$target/conan"

# What runs the tests of the emulator's package for Python, in an environment that a test makes.
wheels=$target/pytest
if ! cmp -s emulator/python/requirements.txt "$wheels/installed"; then
    echo "Fetching what requirements.txt of emulator/python names, into $wheels"
    rm -rf "$wheels"
    python3 -m pip --disable-pip-version-check download --quiet --only-binary :all: --require-hashes \
        --requirement emulator/python/requirements.txt --dest "$wheels"
    cp emulator/python/requirements.txt "$wheels/installed"
fi

# Where the packages for Debian are tried.
bare=$target/roots/debian
if [ ! -e "$bare/made" ]; then
    if [ "$(id -u)" != 0 ]; then
        echo "A bare Debian is missing, which root makes: sudo tests/dist/root.sh debian $bare" >&2
        exit 1
    fi
    echo "Installing a bare Debian, into $bare"
    tests/dist/root.sh debian "$bare"
fi

# What renders the manual.
TARGET=$target docs/manual/install-tools.sh

# What builds for other platforms.
TARGET=$target packaging/install-tools.sh --any-rust
echo "The tests have all that they need."
