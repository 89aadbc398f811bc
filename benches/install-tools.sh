#!/bin/sh
# Installs the Debian packages that the benchmark needs, or names them where it may not.
set -eu
missing=
need() { # command package
    command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}
need_header() { # header package
    printf '#include <%s>\n' "$1" | ${CC:-cc} -E -x c - >/dev/null 2>&1 || missing="$missing $2"
}
need gcc gcc
need python3 python3
need openssl openssl
PATH=$PATH:/usr/sbin
need nginx nginx-light
need_header curl/curl.h libcurl4-openssl-dev
need_header jansson.h libjansson-dev
need_header openssl/evp.h libssl-dev
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    apt-get update -qq
    # shellcheck disable=SC2086 # a list of packages
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
else
    echo "The benchmark needs these Debian packages; please install them:$missing" >&2
    exit 1
fi
