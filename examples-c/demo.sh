#!/bin/sh
# Starts an emulator, shows the command-line tool at work on it, runs round.c, and stops the
# emulator. BUILD has bin/cos, LIB the shared library, TARGET the emulator; CC compiles round.c.
set -eu
cd "$(dirname "$0")/.."
PATH=$(realpath "$BUILD")/bin:$PATH
work=$(mktemp -d)
emulator=
cleanup() {
    [ -z "$emulator" ] || kill "$emulator" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

$CC -std=c99 -Wall -Wextra -Wpedantic -Werror -Iinclude examples-c/round.c \
    -o "$work/round" -L"$LIB" -lcos -Wl,-rpath,"$(realpath "$LIB")"

"$TARGET/debug/cos-emulator" --port 0 --data "$work/data" >"$work/log" &
emulator=$!
until grep -q listening "$work/log"; do
    kill -0 "$emulator" # it may have failed to start
    sleep 0.1
done
host=$(sed -n 's|.*http://||p' "$work/log")

# Nothing of the account of whoever runs this.
for name in API APPID SECRET_ID SECRET_KEY REGION SCHEME HOSTNAME DOWNLOAD_HOSTNAME CA_FILE PROXY CONFIG
do
    unset "COS_$name"
done
unset XDG_CONFIG_HOME
export HOME="$work/home" PATH
mkdir -p "$HOME/.config" "$HOME/examples"
cat >"$HOME/.config/cos.conf" <<END
# The emulator stands in for the service. For the real one: the account, and region = sh
appid = 1250000000
secret_id = EXAMPLE_SECRET_ID
secret_key = EXAMPLE_SECRET_KEY
scheme = http
hostname = $host
download_hostname = localhost:${host##*:}
END
chmod 600 "$HOME/.config/cos.conf"
cp README.md "$HOME"
cp examples-c/*.c "$HOME/examples"
cd "$HOME"

# Shows a command as one would type it, and runs it.
type_in() {
    printf '\n$ %s\n' "$1"
    eval "$1"
}

type_in 'cat ~/.config/cos.conf'
type_in 'cos cp README.md cos://private-bucket/docs/'
type_in 'echo "你好,世界" | cos cp - cos://private-bucket/docs/你好.txt'
type_in 'cos ls -l cos://private-bucket/docs/'
type_in 'cos stat cos://private-bucket/docs/README.md'
type_in 'cos cp cos://private-bucket/docs/README.md copy.md && cmp README.md copy.md'
type_in 'cos cp cos://private-bucket/docs/你好.txt -'
type_in 'url=$(cos sign --expires 10m cos://private-bucket/docs/你好.txt) && echo "$url"'
if command -v curl >/dev/null; then
    type_in 'curl --silent --show-error --fail --noproxy "*" "$url"' ||
        echo "(this curl does not resolve names below localhost)"
fi
type_in 'cos sync examples cos://private-bucket/examples/'
type_in 'cos sync examples cos://private-bucket/examples/  # nothing is left to travel'
type_in 'cos mv cos://private-bucket/docs/README.md cos://private-bucket/docs/old.md'
type_in 'cos stat cos://private-bucket/docs/README.md || echo "exit code $?: not found"'
type_in 'cos rm -r cos://private-bucket/docs/ cos://private-bucket/examples/'

printf '\n$ ./round localhost:%s private-bucket ...\n' "${host##*:}"
cd "$work"
./round "localhost:${host##*:}" private-bucket 1250000000 EXAMPLE_SECRET_ID EXAMPLE_SECRET_KEY
