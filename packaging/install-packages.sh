# shellcheck shell=sh # to be sourced
# Installs Debian packages where it may, and otherwise says what is missing and ends the program.

install_packages() { # who-needs-them what-to-do-without packages…
    who=$1 otherwise=$2
    shift 2
    [ $# != 0 ] || return 0
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        {
            echo "$who programs that are missing. Their Debian packages: $*"
            echo "Install them, then go on:"
            echo "    sudo apt-get update && sudo apt-get install --no-install-recommends $*"
            echo "Another system has them under other names. $otherwise"
        } >&2
        exit 1
    fi
    echo "Installing Debian packages: $*"
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
    DEBIAN_FRONTEND=noninteractive $apt install -y --no-install-recommends "$@"
}
