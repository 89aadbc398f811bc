#!/bin/sh
# Installs what make dist needs, and says so: Debian packages, where it may, and zig. Otherwise it names
# what is missing and how to get it. TARGET is cargo's directory. With --any-rust Debian's Rust may have
# another version than the one that make dist is tried with.
set -eu
cd "$(dirname "$0")/.."
. packaging/install-packages.sh
. packaging/targets.sh

# Debian 12 has each of them: Rust with its sources, what compiles and links for Windows, the binutils
# for ARM64, and what makes the package for Node.
packages="rustc-web cargo-web rust-web-src gcc-mingw-w64-x86-64-win32 binutils-aarch64-linux-gnu
    binutils gcc libc6-dev make python3 python3-venv zip"
missing=
for package in $packages; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' ||
        missing="$missing $package"
done
# These come from elsewhere, too.
command -v node >/dev/null || missing="$missing nodejs"
command -v npm >/dev/null || missing="$missing npm"
# shellcheck disable=SC2086 # a list of packages
install_packages "make dist needs" "make builds for this machine without them." $missing

# A standard library is built from its sources by the compiler of the same version alone.
if [ "${1:-}" = --any-rust ]; then
    rust_version=$(dpkg-query -W -f '${Version}' rust-web-src)
    rust_version=${rust_version%%+*}
fi
for package in rustc-web cargo-web rust-web-src; do
    found=$(dpkg-query -W -f '${Version}' $package)
    case $found in
    "$rust_version"+*) ;;
    *)
        echo "$package is $found, and make dist is tried with $rust_version: install that version, or" \
            "change rust_version in packaging/targets.sh and try all." >&2
        exit 1
        ;;
    esac
done

toolchain
if ! cmp -s packaging/requirements.txt "$tools/installed"; then
    echo "Installing zig, as packaging/requirements.txt says, into $tools"
    python3 -m venv --clear "$tools"
    "$tools/bin/python" -m pip --disable-pip-version-check install --quiet --require-hashes \
        --only-binary :all: --requirement packaging/requirements.txt
    cp packaging/requirements.txt "$tools/installed"
fi
TARGET=${TARGET:-target} bindings/node/install-tools.sh
echo "make dist has all that it needs."
