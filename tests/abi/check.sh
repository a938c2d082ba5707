#!/bin/sh
# Compares what the library, the header, the list and the C# binding say about the binary interface.
#
#   check.sh LIBDIR [BUILD]     LIBDIR: folder of the release libzim.so; BUILD: folder for what is compiled here.
#
# Everything is checked, then the number of failures decides. Linux only: nm and readelf look at the ELF file.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
libdir=${1:?usage: check.sh LIBDIR [BUILD]}
build=${2:-$here/build}
library=$libdir/libzim.so
header=$root/include/zim.h
mkdir -p "$build"
LC_ALL=C
export LC_ALL
failures=0

ok() { printf 'ok    %s\n' "$1"; }
fail() {
    printf 'FAIL  %s\n' "$1"
    failures=$((failures + 1))
}
same() { # what, file, file
    if diff -u "$2" "$3" >"$build/diff.txt"; then ok "$1"; else
        fail "$1"
        cat "$build/diff.txt"
    fi
}

[ -f "$library" ] || { echo "FAIL  $library does not exist: build it with 'cargo build --release'"; exit 1; }

# The four lists.
sort -u "$here/symbols.txt" >"$build/symbols"
same "symbols.txt is sorted, without repeats" "$here/symbols.txt" "$build/symbols"
# A declaration is ZIM_API, then a return type and the name before the first parenthesis, perhaps on the next line.
sed -e 's|^#.*||' "$header" | tr '\n' ' ' | grep -o 'ZIM_API  *[A-Za-z0-9_ *]*(' | grep -o 'ZIM_[A-Za-z0-9]*(' | tr -d '(' |
    sort >"$build/declared"
same "the header declares what symbols.txt lists" "$build/symbols" "$build/declared"
nm -D --defined-only --format=posix "$library" | cut -d ' ' -f 1 | sort >"$build/exported"
same "the library exports what symbols.txt lists, and nothing else" "$build/symbols" "$build/exported"
# Its tests import the test hooks too, which are in no release library.
find "$root/csharp-bindings" -name '*.cs' -not -path '*/obj/*' -not -path '*/bin/*' -not -path '*/Tests/*' -exec cat {} + 2>/dev/null |
    tr '\n' ' ' | grep -oE 'DllImport[^;]*;' | grep -oE 'ZIM_[A-Za-z0-9]+ *\(' | tr -d ' (' | sort -u >"$build/imported"
if [ -s "$build/imported" ]; then
    same "the C# binding imports what symbols.txt lists" "$build/symbols" "$build/imported"
else
    fail "csharp-bindings has no DllImport"
fi

# The library.
if grep -q 'ZIM_Test' "$build/exported"; then
    fail "the release library has test hooks"
else
    ok "the release library has no test hooks"
fi
readelf -d "$library" >"$build/dynamic"
if grep -q 'SONAME.*\[libzim\.so\.0\]' "$build/dynamic"; then ok "its SONAME is libzim.so.0"; else fail "its SONAME is not libzim.so.0"; fi
if grep -q 'FLAGS_1.*NODELETE' "$build/dynamic"; then ok "it stays mapped (nodelete)"; else fail "it may be unmapped: nodelete is missing"; fi

# The header, alone and twice.
printf '#include "zim.h"\n#include "zim.h"\nint zim_header_alone(void);\nint zim_header_alone(void) { return ZIM_ABI_VERSION; }\n' >"$build/alone.c"
cp "$build/alone.c" "$build/alone.cpp"
for standard in c99 c11 c17; do
    if "${CC:-cc}" -std=$standard -Wall -Wextra -Wpedantic -Werror -I "$root/include" -c "$build/alone.c" -o "$build/alone.o"; then
        ok "the header is clean as $standard"
    else
        fail "the header is not clean as $standard"
    fi
done
if "${CXX:-c++}" -std=c++17 -Wall -Wextra -Wpedantic -Werror -I "$root/include" -c "$build/alone.cpp" -o "$build/alone.o"; then
    ok "the header is clean as c++17"
else
    fail "the header is not clean as c++17"
fi

# The documentation's example.
sed -n '/^```c$/,/^```$/p' "$root/docs/c-api.md" | sed -e '/^```/d' >"$build/example.c"
if "${CC:-cc}" -std=c99 -Wall -Wextra -Wpedantic -Werror -I "$root/include" "$build/example.c" -o "$build/example" -L "$libdir" -lzim &&
    grep -q main "$build/example.c"; then
    ok "the example in docs/c-api.md compiles and links"
else
    fail "the example in docs/c-api.md does not compile"
fi

# Layouts.
if "${CC:-cc}" -std=c99 -Wall -Wextra -Wpedantic -Werror -I "$root/include" "$here/layout.c" -o "$build/layout"; then
    "$build/layout" >"$build/layout.txt"
    same "C and Rust agree on sizes, offsets and defaults" "$here/layout.txt" "$build/layout.txt"
else
    fail "layout.c does not compile"
fi
cp "$here/layout.c" "$build/layout.cpp"
if "${CXX:-c++}" -std=c++17 -Wall -Wextra -Wpedantic -Werror -I "$root/include" "$build/layout.cpp" -o "$build/layoutpp"; then
    "$build/layoutpp" >"$build/layoutpp.txt"
    same "C++ and Rust agree on sizes, offsets and defaults" "$here/layout.txt" "$build/layoutpp.txt"
else
    fail "layout.c does not compile as c++17"
fi

if [ $failures -ne 0 ]; then
    echo "$failures checks failed"
    exit 1
fi
echo "all checks passed"
