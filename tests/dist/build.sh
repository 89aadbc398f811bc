#!/bin/sh
# Builds serve.c in the current directory with the files of the artifact that is unpacked in `artifact`, and
# with no other: by pkg-config and by CMake, with the shared library and with the static one. CC is the
# compiler, LDFLAGS what it does not add by itself, SYSTEM what CMake calls the system if it is not this one.
set -eu
export LDFLAGS="${LDFLAGS:-}"
export PKG_CONFIG_LIBDIR="$PWD/artifact/lib/pkgconfig"
export CFLAGS='-std=c99 -Wall -Wextra -Werror -O2'
exe=
[ "${SYSTEM:-}" != Windows ] || exe=.exe
# shellcheck disable=SC2046 # lists of words
{
    $CC $CFLAGS serve.c $(pkg-config --cflags --libs cos) $LDFLAGS -o shared$exe
    $CC $CFLAGS serve.c $(pkg-config --static --cflags --libs cos | sed s/-lcos/-l:libcos.a/) $LDFLAGS \
        -o static$exe
}
# What Visual C++ links with is good for this linker, too.
[ -z "$exe" ] || $CC $CFLAGS -Iartifact/include serve.c artifact/lib/cos.lib -o lib$exe
cat >CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.13)
project(serve C)
find_package(cos 0.1 REQUIRED)
foreach(kind cos static)
  add_executable(cmake-${kind} serve.c)
  target_link_libraries(cmake-${kind} PRIVATE cos::${kind})
endforeach()
END
cmake -B made -DCMAKE_PREFIX_PATH="$PWD/artifact" ${SYSTEM:+-DCMAKE_SYSTEM_NAME=$SYSTEM} . >cmake.log
cmake --build made >>cmake.log
mv made/cmake-cos$exe made/cmake-static$exe .
