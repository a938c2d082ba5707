#!/bin/sh
# Makes of cargo's libzim.a one that exports the ZIM_ functions and nothing else, so that it links beside other static
# libraries written in Rust, in any order.
#
#   static_library.sh LIBZIM_A OUT_A
#
# Everything that the functions need is linked into one object, whose other symbols become local. GNU binutils.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
in=${1:?usage: static_library.sh LIBZIM_A OUT_A}
out=${2:?usage: static_library.sh LIBZIM_A OUT_A}
object=$(mktemp -d)/zim.o
roots=$(sed 's/^/-u /' "$here/symbols.txt" | tr '\n' ' ')
# shellcheck disable=SC2086
ld -r --gc-sections --force-group-allocation $roots -o "$object" "$in"
objcopy --keep-global-symbols="$here/symbols.txt" --strip-unneeded "$object"
rm -f "$out"
ar rcs "$out" "$object"
rm -r "$(dirname "$object")"
