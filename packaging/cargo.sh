#!/bin/sh
# cargo for one of the platforms: packaging/cargo.sh PLATFORM COMMAND ARGUMENT…
set -eu
cd "$(dirname "$0")/.."
. packaging/targets.sh
# What make hands on is meant for other steps.
unset CC AR
toolchain
platform "$1"
shift
target_cargo "$@"
