#!/bin/sh
# build.sh OUT: KIM's model driver painless in OUT/kim/model-drivers, which finds libpainless.so in OUT, and kim/model.so,
# which painless-kim makes models with. Needs Debian's libkim-api-dev.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$(cd "$1" && pwd)
driver=$out/kim/model-drivers/painless
flags="-O2 -fPIC -Wall -Wextra $(pkg-config --cflags libkim-api)"
schema=$(pkg-config --variable=prefix libkim-api)/share/cmake/kim-api-items # KIM's header of what an item is

mkdir -p "$driver"
work=$(mktemp -d "$out/kim-XXXXXX")
trap 'rm -rf "$work"' EXIT
for part in create compute; do
	${CC:-gcc} -std=c99 -pedantic $flags -I"$here/../../c" -c "$here/$part.c" -o "$work/$part.o"
done
${CXX:-g++} $flags -DDRIVER -I"$schema" -c "$here/item.cpp" -o "$work/driver.o"
${CXX:-g++} $flags -I"$schema" -c "$here/item.cpp" -o "$work/model.o"
${CXX:-g++} -shared -o "$driver/libkim-api-model-driver.so" "$work/create.o" "$work/compute.o" "$work/driver.o" "-L$out" -lpainless -lkim-api \
	'-Wl,-rpath,$ORIGIN/../../..'
${CXX:-g++} -shared -o "$out/kim/model.so" "$work/model.o" -lkim-api -ldl
install -m 755 "$here/painless-kim" "$out/kim/painless-kim"
