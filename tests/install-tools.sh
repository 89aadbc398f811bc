#!/bin/sh
# Installs what the tests need besides Rust, and says so: Debian packages, where it may, and a module
# of Node. Otherwise it names what is missing and how to get it. TARGET is cargo's directory.
set -eu
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin
cache=$(realpath -m "${TARGET:-target}")/npm

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
need cmake cmake
need doxygen doxygen
need python3 python3
need go golang-go
need node nodejs
need npm npm
need luajit luajit
luajit -e 'require "socket.http"' 2>/dev/null || missing="$missing lua-socket"
pkg-config --exists libcurl 2>/dev/null || missing="$missing libcurl4-openssl-dev"
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

if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Debian packages:$missing"
    # The servers among them are started by the tests alone, never by the system.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        trap 'rm -f $policy' EXIT
        trap 'exit 129' HUP
        trap 'exit 130' INT
        trap 'exit 143' TERM
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod 755 $policy
    fi
    apt="apt-get -qq -o DPkg::Lock::Timeout=300"
    $apt update
    # shellcheck disable=SC2086 # a list of packages
    DEBIAN_FRONTEND=noninteractive $apt install -y --no-install-recommends $missing
elif [ -n "$missing" ]; then
    {
        echo "The tests need programs that are missing. Their Debian packages:$missing"
        echo "Install them, then go on:"
        echo "    sudo apt-get update && sudo apt-get install --no-install-recommends$missing"
        echo "Another system has them under other names. make check does without them."
    } >&2
    exit 1
fi
[ -n "$rust" ] || exit 1

# A module of Node, with the version and the checksums that are in package-lock.json. What the README
# says to do installs it once more: from this cache.
cd bindings/node
if [ ! node_modules/.package-lock.json -nt package-lock.json ] || [ ! -d "$cache" ]; then
    echo "Installing what package.json of bindings/node names, into node_modules there"
    npm_config_cache=$cache npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
fi
echo "The tests have all that they need."
