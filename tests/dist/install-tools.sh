#!/bin/sh
# Installs what make test-dist needs besides what make setup and make dist have installed, or says what is
# missing.
set -eu
cd "$(dirname "$0")/../.."
. packaging/install-packages.sh
missing=
for package in debootstrap qemu-user-static musl wine64 unzip util-linux; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' ||
        missing="$missing $package"
done
# shellcheck disable=SC2086 # a list of packages
install_packages "make test-dist needs" "make test does without them." $missing
