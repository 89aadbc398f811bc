#!/bin/sh
# Installs what the package for Node is built and tested with, as package-lock.json says. What the manual says
# to do installs it once more: from the cache in TARGET, cargo's directory.
set -eu
cache=$(realpath -m "${TARGET:-target}")/npm
cd "$(dirname "$0")"
if [ ! node_modules/.package-lock.json -nt package-lock.json ] || [ ! -d "$cache" ]; then
    echo "Installing what package.json of bindings/node names, into node_modules there"
    npm_config_cache=$cache npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
fi
