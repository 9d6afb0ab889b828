#!/bin/sh
# Installs a release, or upgrades to it: sh install.sh painless-VERSION-SYSTEM.tar.gz [PREFIX]
# PREFIX is /usr/local, or ~/.local for who is not root. Nothing is fetched. Where SHA256SUMS lies beside the tarball it
# is checked. Programs that run meanwhile go on with the files that they opened.
set -eu

fail() {
	echo "install.sh: $*" >&2
	exit 1
}

case ${1-} in
"" | -h | --help) sed -n '2,4s/^# //p' "$0" && exit ;;
esac
[ $# -le 2 ] || fail "expected a tarball and a folder, found $# arguments"
[ -f "$1" ] || fail "$1: expected a release's tarball, found no such file"
case $(uname -s)-$(uname -m) in
Linux-x86_64) system=linux-amd64 ;;
Linux-aarch64) system=linux-arm64 ;;
Darwin-arm64) system=darwin-arm64 ;;
*) fail "there is no release for $(uname -s) on $(uname -m): go build ./tools/painless makes the program" ;;
esac
case $(basename "$1") in
painless-*-$system.tar.gz) name=$(basename "$1" .tar.gz) ;;
*) fail "$1: expected painless-VERSION-$system.tar.gz for this machine" ;;
esac
folder=$(cd "$(dirname "$1")" && pwd)
if [ $# = 2 ]; then
	prefix=$2
elif [ "$(id -u)" = 0 ]; then
	prefix=/usr/local
else
	prefix=$HOME/.local
fi

if [ -f "$folder/SHA256SUMS" ]; then
	line=$(grep -F "  $name.tar.gz" "$folder/SHA256SUMS") || fail "$folder/SHA256SUMS: expected a line for $name.tar.gz, found none"
	if command -v sha256sum >/dev/null; then check="sha256sum -c"; else check="shasum -a 256 -c"; fi
	(cd "$folder" && echo "$line" | $check >/dev/null 2>&1) || fail "$1: its checksum is not that of $folder/SHA256SUMS: fetch it again"
else
	echo "install.sh: no SHA256SUMS beside the tarball: its checksum is not checked" >&2
fi

# Beside where it goes, so that a file takes its place at once.
mkdir -p "$prefix"
prefix=$(cd "$prefix" && pwd)
new=$(mktemp -d "$prefix/.painless-XXXXXX")
trap 'rm -rf "$new"' EXIT
trap 'exit 1' HUP INT TERM
tar -xzf "$folder/$name.tar.gz" -C "$new"
"$new/$name/bin/painless" version >/dev/null || fail "$1: expected a program that runs here"

(cd "$new/$name" && find . ! -type d) >"$new/files"
while read -r file; do
	mkdir -p "$prefix/$(dirname "$file")"
	mv -f "$new/$name/$file" "$prefix/$file"
done <"$new/files"
echo "painless is in $prefix/bin, and $prefix/share/doc/painless says more"
