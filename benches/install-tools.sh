#!/bin/sh
# Installs the Debian packages that the benchmark needs, or names them where it may not. What Debian
# has only since its version 13, yyjson, comes into OUT/yyjson in source, out of a package for Python.
set -eu
yyjson=${OUT:-build/bench}/yyjson
missing=
need() { # command package
    command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}
has_header() {
    printf '#include <%s>\n' "$1" | ${CC:-cc} -E -x c - >/dev/null 2>&1
}
need_header() { # header package
    has_header "$1" || missing="$missing $2"
}
has_yyjson() {
    has_header yyjson.h || [ -e "$yyjson/yyjson.c" ]
}
install() {
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        apt-get update -qq
        # shellcheck disable=SC2086 # a list of packages
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
    else
        echo "The benchmark needs these Debian packages; please install them:$missing" >&2
        exit 1
    fi
    missing=
}
need gcc gcc
need python3 python3
need openssl openssl
need valgrind valgrind
PATH=$PATH:/usr/sbin
need nginx nginx-light
need_header curl/curl.h libcurl4-openssl-dev
need_header expat.h libexpat1-dev
need_header openssl/evp.h libssl-dev
install
if ! has_yyjson && apt-cache show libyyjson-dev >/dev/null 2>&1; then
    need_header yyjson.h libyyjson-dev
    install
fi
if ! has_yyjson; then
    python3 -m pip --version >/dev/null 2>&1 || missing="$missing python3-pip"
    install
    mkdir -p "$yyjson"
    archive=yyjson-4.0.6
    python3 -m pip download -q --no-deps --no-binary :all: -d "$yyjson" "yyjson==${archive#*-}"
    echo "fcd4dc15c1e39a30bf9fa85d56903029111506860fc3080ab0d81c6c6dacaa8c  $yyjson/$archive.tar.gz" | sha256sum -c --quiet
    tar -xzf "$yyjson/$archive.tar.gz" -C "$yyjson" --strip-components=2 \
        "$archive/yyjson/yyjson.c" "$archive/yyjson/yyjson.h"
fi
