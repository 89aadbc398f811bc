#!/bin/sh
# Installs the Debian packages that the tests need, or names them where it may not, and a module
# of Node.
set -eu
PATH=$PATH:/usr/sbin
missing=
need() { # command package
    command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}
need gcc gcc
need g++ g++
need clang clang
need clang++ clang
need make make
need git git
need nm binutils
need readelf binutils
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

if [ -z "$missing" ]; then
    :
elif [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
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
    apt-get update -qq
    # shellcheck disable=SC2086 # a list of packages
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
else
    echo "The tests need these Debian packages; please install them:$missing" >&2
    exit 1
fi

# A module of Node, with the version and the checksums that are in package-lock.json.
cd "$(dirname "$0")/bindings/node"
[ node_modules/.package-lock.json -nt package-lock.json ] ||
    npm ci --ignore-scripts --no-audit --no-fund --silent
