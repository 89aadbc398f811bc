#!/bin/sh
# Tests the library on other platforms than this machine's, as docs/platforms.md says:
#
#     tests/platforms/run.sh [PLATFORM…]
#
# Here it builds, for each of them, the tests and the C programs that tests use; run.py then runs them.
# What that needs is installed first. TARGET is cargo's directory. SUITES=library runs the tests of the
# library alone, on every platform.
set -eu
cd "$(dirname "$0")/../.."
. packaging/install-packages.sh
. packaging/targets.sh
. tests/platforms/simulators.sh

# Of what cargo says: the tests that it has built, each behind its suite.
built_tests() { # messages
    sed -n '/"profile":{[^}]*"test":true/s/.*"name":"\([^"]*\)".*"executable":"\([^"]*\)".*/\1 \2/p' "$1" |
        sed 's/^cos /library /; s/^cos_emulator /emulator /; s/^program /emulator /; s/^it /behaviour /'
}
as_json=--message-format=json-render-diagnostics
tests_of() { # suites
    case $1 in
    all) echo '-p libcos -p cos-emulator --lib --test it --test program' ;;
    library) echo '-p libcos --lib' ;;
    *)
        echo "There are no suites $1: all, or library." >&2
        return 1
        ;;
    esac
}

# Builds the C programs with the library that cargo has built beside the tests.
build_programs() {
    mkdir -p "$out/programs"
    # What the tests write for values.c.
    sed -n '/} cos_code;/q; s/^ *\(COS_[A-Z0-9_]*\) = -\{0,1\}[0-9].*/{\1, "\1"},/p' include/cos.h >"$out/every_code.h"
    library=$target_files/platforms/deps
    case $name in
    windows-*) exe=.exe built=cos.dll rpath='' loads='' system='-lws2_32 -Wl,-Bstatic -lpthread' ;;
    *)
        exe='' built=libcos.so rpath="-Wl,-rpath,$out/programs" system='-lpthread -lunwind'
        # With musl, zig would link a program without a loader.
        loads=-dynamic
        ;;
    esac
    cp "$library/$built" "$out/programs/${shared##*/}"
    cp "$library/$built" "$out/programs/$built"
    for source in tests/c/*.c examples-c/round.c; do
        program=$(basename "$source" .c)
        case $program$exe in
        header* | host_on_thread* | host_panic*) continue ;; # not programs by themselves
        host_*.exe | load.exe | wiped.exe) continue ;;      # of Unix alone
        windows_*.exe) ;;
        windows_*) continue ;;
        esac
        # zig's own checks would ask for functions that Debian's musl lacks.
        compile() { # link libraries…
            link=$1
            shift
            # shellcheck disable=SC2086 # lists of words
            $cc -std=c99 -g -fno-sanitize=all -Wall -Wextra -Werror -Iinclude -I"$out" "$source" "$@" \
                -o "$out/programs/$program-$link$exe"
        }
        # shellcheck disable=SC2086 # a list of words
        case $program in
        load | host_dlopen) compile loaded $loads $private ;;
        windows_unload) compile loaded -DCOS_STATIC ;;
        *)
            compile shared "$out/programs/$built" $rpath $system
            compile static -DCOS_STATIC "$library/libcos.a" $private $system
            ;;
        esac
    done
}

# Wine's own directory, and what its version lacks: the library from which Rust takes random numbers.
prepare_wine() {
    export WINEPREFIX="$out/wine" WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml='
    printf '%s\n' '#include <windows.h>' 'BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);' \
        '__declspec(dllexport) BOOL WINAPI ProcessPrng(BYTE *to, SIZE_T n)' \
        '{ return SystemFunction036(to, (ULONG)n); }' |
        $cc -xc - -shared -s -o "$out/programs/bcryptprimitives.dll" -ladvapi32
    WINEPATH=$(printf 'Z:%s' "$out/programs" | tr / '\\')
    export WINEPATH
}

TARGET=$(realpath -m "${TARGET:-target}")
export TARGET
asked=${SUITES:-all}
tests=$(tests_of "$asked")
if [ "$asked" = library ]; then
    # What is built is not handed on: the version of the compiler does not matter.
    packaging/install-tools.sh --any-rust
else
    packaging/install-tools.sh
fi
here=$TARGET/platforms/here
mkdir -p "$TARGET/platforms"
# Which tests there are is asked on this machine.
# shellcheck disable=SC2086 # a list of arguments
cargo test --quiet --no-run $as_json $tests >"$here.json"
built_tests "$here.json" >"$here"
if [ "$asked" = all ]; then
    # This one runs on this machine and starts Wine.
    cargo test --quiet --no-run $as_json --test windows_command >"$here.json"
    command_test=$(sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' "$here.json")
fi

toolchain
# shellcheck disable=SC2086 # a list of words
[ $# != 0 ] || set -- $SIMULATED
missing=
for name in "$@"; do
    simulator "$name"
    for package in $packages; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' ||
            missing="$missing $package"
    done
done
# shellcheck disable=SC2086 # a list of words
install_packages "make test-platforms needs" "make check does without them." $missing

failed=
for name in "$@"; do
    simulator "$name"
    out=$CARGO_TARGET_DIR/tests/$name
    mkdir -p "$out"
    began=$(date +%s)
    if [ "$asked" = library ]; then suites=library; fi
    tests=$(tests_of "$suites")
    export CARGO_PROFILE_PLATFORMS_OPT_LEVEL="$optimised"
    # shellcheck disable=SC2086 # a list of arguments
    std=test target_cargo test --quiet --profile platforms --no-run $as_json $tests \
        >"$out/tests.json"
    built_tests "$out/tests.json" >"$out/tests"
    if [ "$suites" != library ]; then build_programs; fi
    case $name in
    windows-*)
        mkdir -p "$out/programs"
        prepare_wine
        ;;
    esac
    echo "$name: built in $(($(date +%s) - began)) s"
    COS_TEST_PROGRAMS=$out/programs COS_TEST_RUN=$run COS_TEST_SLOWNESS=$slowness \
        python3 tests/platforms/run.py "$name" "$here" "$out/tests" || failed=yes
    case $name-$suites in
    windows-*-all)
        echo "$name: the command:"
        COS_TEST_PROGRAMS=$out/programs "$command_test" --quiet || failed=yes
        ;;
    esac
done
[ -z "$failed" ]
