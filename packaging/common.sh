# shellcheck shell=sh disable=SC2034 # to be sourced
# What the scripts that make packages share. It works with this project's directory as the current one.

version=$(sed -n '/^version = /{s/.*"\(.*\)"/\1/p;q}' Cargo.toml)
# The same sources make the same packages: all times in them are that of the last commit.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date -r CHANGELOG.md +%s)}
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
umask 022

# The programs in C and C++ that a package has among its documents.
copy_examples() { # directory
    mkdir -p "$1"
    cp examples-c/*.c examples-c/*.cpp examples-c/programs/* "$1"
}

# The documents of a package. What they link to and no package has is named instead.
copy_documents() { # directory file…
    to=$1
    shift
    for file in "$@"; do
        # shellcheck disable=SC2016 # of Markdown
        sed -E -e 's#\]\(examples-c#](examples#g' -e \
            's#\[([^]]*)\]\(((docs|include|benches|fuzz)/[^)]*|CONTRIBUTING\.md)\)#\1 (`\2`)#g' \
            "$file" >"$to/${file##*/}"
    done
    printf '\n%s\n' "Paths such as \`docs/\` are those of the project's sources." >>"$to/README.md"
    printf '\n%s\n' "\`docs/\` 等路径在项目的源代码中。" >>"$to/README.zh-CN.md"
}

# Makes what `make install PREFIX=/usr` has put into a directory work wherever it is moved to, and adds the
# documents to it.
make_movable() { # directory
    mv "$1/usr"/* "$1"
    rmdir "$1/usr"
    # shellcheck disable=SC2016 # for pkg-config
    sed -i 's|^prefix=.*|prefix=${pcfiledir}/../..|' "$1/lib/pkgconfig/cos.pc"
    mkdir -p "$1/share/doc/libcos"
    copy_documents "$1/share/doc/libcos" README.md README.zh-CN.md CHANGELOG.md SECURITY.md
    cp LICENSE LICENSE-MIT LICENSE-APACHE "$1/share/doc/libcos"
    copy_examples "$1/share/doc/libcos/examples"
}

# The archive of such a directory, beside it: its files in the order of their names, with their sums.
pack() { # directory tar.gz-or-zip
    (
        cd "$1" || exit
        find . -type f | sed 's|^\./||' | sort | xargs sha256sum >"$1.sums"
        mv "$1.sums" share/doc/libcos/SHA256SUMS
        chmod -R u=rwX,go=rX .
        find . -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
    )
    rm -f "$1.$2"
    (
        cd "${1%/*}" || exit
        if [ "$2" = zip ]; then
            find "${1##*/}" | sort | zip --quiet -X --names-stdin "$1.zip"
        else
            tar --create --sort=name --owner=0 --group=0 --numeric-owner --format=gnu "${1##*/}" |
                gzip -9n >"$1.tar.gz"
        fi
    )
}
