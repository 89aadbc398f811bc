#!/bin/sh
# Inside a bare Debian, in a directory with the packages: installs them, builds examples with what they have
# installed, runs one against their emulator, removes them, and says what is left.
set -eu
# What the package manager writes down for itself is left out.
list() {
    find / -xdev \( -path /work -o -path /proc -o -path /sys -o -path /var/lib/dpkg -o -path /var/log \
        -o -path /tmp \) -prune -o -print | sort
    dpkg-query -W
}
packages=$(for file in *.deb; do dpkg-deb -f "$file" Package; done)
remove() {
    # shellcheck disable=SC2086 # a list of words
    dpkg --purge $packages >>dpkg.log 2>&1
}
# What a test that was broken off has left.
remove
list >before
dpkg --install ./*.deb >>dpkg.log 2>&1

cp /usr/share/doc/libcos-dev/examples/* .
# shellcheck disable=SC2046 # lists of words
{
    cc shipper.c $(pkg-config --cflags --libs cos) -o shipper
    cc round.c $(pkg-config --cflags --libs cos) -o shared
    cc round.c $(pkg-config --static --cflags --libs cos | sed s/-lcos/-l:libcos.a/) -o static
}
cos-emulator --port 0 --data data >emulator.log 2>&1 &
emulator=$!
trap 'kill $emulator' EXIT
until grep -q listening emulator.log; do
    kill -0 $emulator
    sleep 0.1
done
host=localhost:$(sed 's/.*://' emulator.log)
for program in shared static; do
    ./$program "$host" private-bucket 1250000000 EXAMPLE_SECRET_ID EXAMPLE_SECRET_KEY | tail -n 1
done
ldd shared | grep 'libcos\.so\.1'
# The command, with the library of its package.
export COS_APPID=1250000000 COS_SECRET_ID=EXAMPLE_SECRET_ID COS_SECRET_KEY=EXAMPLE_SECRET_KEY
export COS_SCHEME=http COS_HOSTNAME="$host" COS_DOWNLOAD_HOSTNAME="$host"
cos cp round.c cos://private-bucket/ >command.log
cos cp cos://private-bucket/round.c back.c >>command.log
cmp round.c back.c
ls /usr/share/man/man1/cos-tool.1.gz /usr/share/man/man1/cos-emulator.1.gz
cos completion bash | cmp - /usr/share/bash-completion/completions/cos
cos completion zsh | cmp - /usr/share/zsh/vendor-completions/_cos
cos completion fish | cmp - /usr/share/fish/vendor_completions.d/cos.fish

remove
list >after
if ! diff before after; then
    echo "this was left, or is gone" >&2
    exit 1
fi
echo "nothing is left"
