# shellcheck shell=sh disable=SC2034 # to be sourced
# The systems that make dist builds for, and what differs between them:
#
#     . packaging/targets.sh
#     toolchain                  the pinned tools, which install-tools.sh has installed
#     platform linux-aarch64     sets the variables below for one of $PLATFORMS
#     target_cargo rustc …       cargo for that platform; its files are in $target_files
#
# TARGET is cargo's directory, target if it is not given. It works with this project's directory as the
# current one.

PLATFORMS="linux-x86_64 linux-aarch64 linux-x86_64-musl windows-x86_64"

# Debian's Rust, because its sources of the standard library come with it: with them the standard library
# is built for each target.
rust_version=1.96.0

# rust_target   the target, as Rust names it
# build_target  the same for cargo-zigbuild, with the oldest glibc; for the others empty
# zig_target    the same, as zig names it
# cc            the C compiler that programs on that platform are built with, here
# binutils      how the names of the binutils for it begin
# rustflags     what rustc needs besides
# shared, link, static  the libraries in the archive: what is loaded, what is linked with, the static one
# private       what a program needs besides that has the static library in it
# command       the command in the archive
# archive       how the archive's name ends
# glibc         the oldest one, or empty
# run           what runs its programs here, or empty
# node          how the package for Node calls the system
# wheel         the tag of the package for Python
platform() {
    name=$1
    glibc='' build_target='' zig_target='' rustflags='' run=''
    shared=lib/libcos.so.$(abi_number) link=lib/libcos.so static=lib/libcos.a command=bin/cos
    archive=tar.gz
    # As rustc prints it (native-static-libs), without what every C compiler adds by itself.
    private='-lutil -lrt -lpthread -lm -ldl'
    case $1 in
    linux-x86_64)
        glibc=2.17
        rust_target=x86_64-unknown-linux-gnu zig_target=x86_64-linux-gnu.$glibc
        binutils=x86_64-linux-gnu-
        node=linux-x64 wheel=manylinux_2_17_x86_64
        ;;
    linux-aarch64)
        glibc=2.17
        rust_target=aarch64-unknown-linux-gnu zig_target=aarch64-linux-gnu.$glibc
        binutils=aarch64-linux-gnu-
        run='qemu-aarch64-static -L /usr/aarch64-linux-gnu'
        node=linux-arm64 wheel=manylinux_2_17_aarch64
        ;;
    linux-x86_64-musl)
        rust_target=x86_64-unknown-linux-musl zig_target=x86_64-linux-musl
        binutils=x86_64-linux-gnu-
        # Otherwise there would be no shared library.
        rustflags='-C target-feature=-crt-static'
        private=''
        node=linux-x64-musl wheel=musllinux_1_2_x86_64
        ;;
    windows-x86_64)
        rust_target=x86_64-pc-windows-gnu
        binutils=x86_64-w64-mingw32-
        shared=bin/cos.dll link=lib/libcos.dll.a command=bin/cos.exe archive=zip
        # What is built twice is the same.
        rustflags='-C link-arg=-Wl,--no-insert-timestamp'
        private='-lws2_32 -lbcrypt -lntdll -luserenv -lsynchronization'
        run=/usr/lib/wine/wine64
        node=win32-x64 wheel=win_amd64
        ;;
    *)
        echo "There is no platform $1; there are: $PLATFORMS." >&2
        return 1
        ;;
    esac
    if [ -n "$zig_target" ]; then
        build_target=$rust_target${glibc:+.$glibc}
        cc="$zig cc -target $zig_target"
    else
        # The one with the threads of Windows itself needs no other library.
        cc=x86_64-w64-mingw32-gcc-win32
    fi
    target_files=$CARGO_TARGET_DIR/$rust_target
}

abi_number() {
    sed -n '/^\[package.metadata.capi.library\]/,/^version/s/^version = "\([0-9]*\).*/\1/p' Cargo.toml
}

# Chooses the tools, for every platform. The standard library is built with an option of nightly Rust,
# -Zbuild-std, and another one, -Ztrim-paths, keeps the paths of this machine out of what is built;
# RUSTC_BOOTSTRAP permits both.
toolchain() {
    CARGO_TARGET_DIR=$(realpath -m "${TARGET:-target}")/platforms
    tools=$CARGO_TARGET_DIR/tools
    PATH=$tools/bin:/usr/bin:/bin:$PATH
    zig=$(echo "$tools"/lib/python3*/site-packages/ziglang/zig)
    CARGO=/usr/bin/cargo RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_ZIGBUILD_ZIG_PATH=$zig
    export PATH CARGO RUSTC RUSTC_BOOTSTRAP CARGO_TARGET_DIR CARGO_ZIGBUILD_ZIG_PATH
    export CARGO_PROFILE_RELEASE_TRIM_PATHS=all
    # What rustup has set for its own toolchain, if it has started this.
    unset RUSTUP_TOOLCHAIN RUSTDOC
    export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=x86_64-w64-mingw32-gcc-win32
    export CC_x86_64_pc_windows_gnu=x86_64-w64-mingw32-gcc-win32
}

# A command of cargo's for that platform. `std` may name what is built of the standard library besides.
target_cargo() { # command arguments…
    subcommand=$1
    shift
    set -- "-Zbuild-std=std,panic_unwind${std:+,$std}" -Ztrim-paths --target "${build_target:-$rust_target}" "$@"
    if [ -n "$build_target" ]; then
        RUSTFLAGS=$rustflags cargo-zigbuild "$subcommand" "$@"
    else
        RUSTFLAGS=$rustflags "$CARGO" "$subcommand" "$@"
    fi
}
