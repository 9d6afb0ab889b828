#!/bin/sh
# build.sh OUT [SRC]: painlessplugin.so in the folder OUT, beside libpainless.so, for the LAMMPS whose source folder
# (that with version.h) is SRC. Without SRC for Debian's LAMMPS, whose headers are fetched into OUT, and
# lmp_painless as well, since Debian's LAMMPS loads no plugins.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
src=${2-}

# LAMMPS's headers of the version that is installed: the package for developers lacks those that a pair style needs.
# apt's lists of sources are kept here, so that the machine's own are left as they are.
fetch() {
	version=$(dpkg-query -W -f '${source:Version}' lammps)
	src=$out/lammps-$version
	[ ! -f "$src/version.h" ] || return 0
	work=$(mktemp -d "$out/fetch-XXXXXX")
	trap 'rm -rf "$work"' EXIT
	mkdir -p "$work/lists/partial" "$work/src"
	apt-get indextargets --format 'deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(REPO_URI) $(RELEASE) $(COMPONENT)' \
		'Created-By: Packages' 'Component: main' 'Origin: Debian' | sort -u >"$work/sources.list"
	set -- -q -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$work/lists" -o APT::Sandbox::User=
	apt-get "$@" update >"$work/log" 2>&1 && (cd "$work" && apt-get "$@" source --download-only "lammps=$version" >>log 2>&1) || {
		cat "$work/log" >&2
		echo "expected the source of Debian's lammps $version; with that of another: make lammps LAMMPS=its folder src" >&2
		exit 1
	}
	tar -xf "$work"/lammps_*.orig.tar.* -C "$work/src" --strip-components=2 --wildcards '*/src/*.h'
	mv "$work/src" "$src"
}

[ -n "$src" ] || fetch
[ -f "$src/version.h" ] || { echo "$src: expected LAMMPS's folder src, with version.h" >&2 && exit 1; }

compile() {
	OMPI_CXX=${CXX:-g++} mpicxx -O2 -fPIC -Wall -Wextra -DOMPI_SKIP_MPICXX -isystem "$src" -I"$here/../../c" -c "$here/$1.cpp" -o "$out/$1.o"
}

link() { # OUTPUT OBJECTS AND FLAGS
	to=$1
	shift
	OMPI_CXX=${CXX:-g++} mpicxx -o "$out/$to" "$@" "-L$out" -lpainless -ldl '-Wl,-rpath,$ORIGIN:$ORIGIN/../lib'
}

compile pair_painless
compile plugin
link painlessplugin.so -shared "$out/pair_painless.o" "$out/plugin.o"
if [ -z "${2-}" ]; then
	compile driver
	link lmp_painless "$out/pair_painless.o" "$out/driver.o" -l:liblammps.so.0
fi
rm -f "$out/pair_painless.o" "$out/plugin.o" "$out/driver.o"
