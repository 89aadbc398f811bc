#!/bin/sh
# Makes the packages for Debian, in DIST, of what was built in BUILD, where deb/cos is the command that is
# linked with the shared library, and of the program EMULATOR.
set -eu
BUILD=$(realpath -m "$BUILD") DIST=$(realpath -m "$DIST") EMULATOR=$(realpath -m "$EMULATOR")
cd "$(dirname "$0")/../.."
. packaging/common.sh
for command in dh_install dpkg-gensymbols; do
    command -v $command >/dev/null || { echo "install Debian's debhelper and dpkg-dev first" >&2; exit 1; }
done
out=$BUILD/deb/packages
rm -rf "$out"
mkdir -p "$out/debian" "$out/documents" "$DIST"
cp packaging/deb/* "$out/debian"
copy_documents "$out/documents" README.md README.zh-CN.md CHANGELOG.md SECURITY.md
copy_examples "$out/examples"

cat >"$out/debian/changelog" <<END_OF_CHANGELOG
libcos ($version) unstable; urgency=medium

  * CHANGELOG.md.gz, in the documents of libcos-dev, tells what has changed.

 -- $(sed -n 's/^Maintainer: //p' packaging/deb/control)  $(date --date="@$SOURCE_DATE_EPOCH" -R)
END_OF_CHANGELOG
python3 -B packaging/notices.py "$out"
mv "$out/LICENSES.txt" "$out/debian/copyright"

make --no-print-directory --silent install PREFIX=/usr DESTDIR="$out/debian/tmp" BUILD="$BUILD" \
    LIBDIR="/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)" >/dev/null
cp "$BUILD/deb/cos" "$EMULATOR" "$out/debian/tmp/usr/bin"
# Where Debian's zsh looks for what packages bring.
mv "$out/debian/tmp/usr/share/zsh/site-functions" "$out/debian/tmp/usr/share/zsh/vendor-completions"

cd "$out"
dh_install
dh_missing --fail-missing
# Before the documents: it would take CHANGELOG.md for its own.
dh_installchangelogs
dh_installdocs
dh_installdocs -p libcos-dev documents/*
dh_installdocs -p libcos1 -p libcos-dev -p cos-emulator -A COPYRIGHT-library.html
dh_installexamples -p libcos-dev examples/*
dh_lintian
dh_compress --exclude=examples/
dh_fixperms
dh_strip --no-automatic-dbgsym
# What the library exports is what libcos1.symbols lists.
dh_makeshlibs -- -c4
dh_shlibdeps
dh_installdeb
dh_gencontrol
dh_md5sums
dh_builddeb --destdir="$DIST"
