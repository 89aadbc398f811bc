# shellcheck shell=sh disable=SC2034 # to be sourced
# What runs the tests of other platforms here, beside packaging/targets.sh:
#
#     simulator linux-s390x      sets the variables of `platform`, and these:
#
# suites     `all`, or `library`: the tests of the library alone
# slowness   so many times as long a test may take as here
# optimised  how far the tests are, as opt-level: a simulated processor is slow enough
# packages   Debian packages that it needs

SIMULATED="linux-aarch64 linux-x86_64-musl windows-x86_64 linux-s390x linux-armv7"

simulator() {
    suites=all slowness=1 optimised=0
    case $1 in
    linux-aarch64)
        platform "$1"
        slowness=10 optimised=1 packages='qemu-user-static libc6-arm64-cross'
        ;;
    linux-x86_64-musl)
        platform "$1"
        packages=musl
        ;;
    windows-x86_64)
        platform "$1"
        slowness=2 packages=wine64
        ;;
    linux-s390x)
        # The most significant byte comes first.
        only_tested s390x-unknown-linux-gnu s390x-linux-gnu
        run='qemu-s390x-static -L /usr/s390x-linux-gnu'
        slowness=10 packages='qemu-user-static libc6-s390x-cross'
        ;;
    linux-armv7)
        # A word has 32 bits.
        only_tested armv7-unknown-linux-gnueabihf arm-linux-gnueabihf
        run='qemu-arm-static -L /usr/arm-linux-gnueabihf'
        slowness=10 packages='qemu-user-static libc6-armhf-cross'
        ;;
    *)
        echo "There is no platform $1; there are: $SIMULATED." >&2
        return 1
        ;;
    esac
}

# A platform that nothing is made for.
only_tested() { # rust-target zig-target
    suites=library run='' rustflags='' glibc=2.36
    rust_target=$1 build_target=$1.$glibc zig_target=$2.$glibc
    cc="$zig cc -target $zig_target"
    target_files=$CARGO_TARGET_DIR/$rust_target
}
