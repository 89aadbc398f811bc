#!/bin/sh
# Installs what renders the manual, below TARGET (cargo's directory), unless it is there.
set -eu
cd "$(dirname "$0")/../.."
renderer=$(realpath -m "${TARGET:-target}")/manual
cmp -s docs/manual/requirements.txt "$renderer/installed" && exit
echo "Installing what requirements.txt of docs/manual names, into $renderer"
python3 -m venv --clear "$renderer"
"$renderer/bin/python" -m pip --disable-pip-version-check install --quiet --only-binary :all: \
    --require-hashes --requirement docs/manual/requirements.txt
cp docs/manual/requirements.txt "$renderer/installed"
