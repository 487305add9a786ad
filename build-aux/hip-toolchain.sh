#!/bin/sh
# hip-toolchain.sh: which compiler makes code for AMD GPUs here, and for which of them.
# SPDX-License-Identifier: GPL-3.0-or-later
#
#   hip-toolchain.sh FOLDER all|auto|TARGET…
#
# Prints the compiler, the folder that HIP's include/ is in, the folder of the device libraries, then a target a line; fails when
# nothing here can do it.  "auto": the GPUs of this machine, else one kind, to see that it compiles.  FOLDER gets device libraries with the
# constants that a distribution's lack for targets younger than they are: a number each, which the compiler makes.
set -u
folder=$1
shift
every="gfx906 gfx908 gfx90a gfx942 gfx950 gfx1030 gfx1031 gfx1032 gfx1100 gfx1101 gfx1102 gfx1103 gfx1150 gfx1151 gfx1200 gfx1201"

here() { # the kernel says 90010 for gfx90a
  sed -n 's/^gfx_target_version \([1-9][0-9]*\)$/\1/p' /sys/class/kfd/kfd/topology/nodes/*/properties 2>/dev/null | sort -u |
    while read -r v; do printf 'gfx%d%d%x\n' $((v / 10000)) $((v / 100 % 100)) $((v % 100)); done
}

# A compiler is good if it makes code of a kernel, device libraries and linking included.
try() { # compiler, rocm, libraries, target
  printf '#include <hip/hip_runtime.h>\n__global__ void k (float *p) { p[threadIdx.x] = expf (p[blockIdx.x]); }\n' >"$folder/try.hip"
  "$1" -x hip --offload-arch="$4" -O1 -std=c++17 -w --rocm-path="$2" --rocm-device-lib-path="$3" -c "$folder/try.hip" -o "$folder/try.o" >/dev/null 2>&1
}

# And a target, if the compiler knows it and its number is there.
knows() { # compiler, libraries, target
  printf 'void f (void) {}\n' >"$folder/try.cl"
  [ -e "$2/oclc_isa_version_${3#gfx}.bc" ] && "$1" -x cl -target amdgcn-amd-amdhsa -mcpu="$3" -nogpulib -c "$folder/try.cl" -o "$folder/try.o" >/dev/null 2>&1
}

libraries() { # compiler, where they are: leaves in $folder/bitcode what is complete
  rm -rf "$folder/bitcode"
  mkdir -p "$folder/bitcode"
  ln -s "$2"/*.bc "$folder/bitcode/" || return 1
  for target in $every; do
    name=${target#gfx}
    file=$folder/bitcode/oclc_isa_version_$name.bc
    [ -e "$file" ] && continue
    major=${name%??} rest=${name#"${name%??}"}
    number=$((major * 1000 + $(printf '%d' "0x${rest%?}") * 100 + $(printf '%d' "0x${rest#?}")))
    printf 'const __constant int __oclc_ISA_version __attribute__ ((visibility ("hidden"))) = %d;\n' $number >"$folder/isa.cl"
    # Without the module's flags, which would say for which version of the format it is.
    "$1" -x cl -target amdgcn-amd-amdhsa -nogpulib -O1 -emit-llvm -S "$folder/isa.cl" -o "$folder/isa.ll" >/dev/null 2>&1 &&
      sed '/^!llvm.module.flags/d' "$folder/isa.ll" >"$folder/plain.ll" &&
      "$1" -x ir -target amdgcn-amd-amdhsa -nogpulib -emit-llvm -c "$folder/plain.ll" -o "$file" >/dev/null 2>&1 || rm -f "$file"
  done
}

mkdir -p "$folder"
compiler= rocm= bitcode=
for place in "${ROCM_PATH:-/opt/rocm}" /usr; do
  [ -e "$place/include/hip/hip_runtime.h" ] || continue
  for from in "$place/amdgcn/bitcode" "$place/lib/$(uname -m)-linux-gnu/amdgcn/bitcode" "$place"/lib/llvm*/lib/clang/*/lib/amdgcn/bitcode "$place"/lib/llvm*/lib/clang/*/amdgcn/bitcode; do
    [ -e "$from/ocml.bc" ] || continue
    for candidate in "$place/llvm/bin/clang++" "$place/lib/llvm/bin/clang++" clang++-21 clang++-20 clang++-19 clang++-18 clang++-17 clang++-16 clang++-15; do
      candidate=$(command -v "$candidate") || continue
      libraries "$candidate" "$from" || continue
      if try "$candidate" "$place" "$folder/bitcode" gfx90a; then
        compiler=$candidate rocm=$place bitcode=$folder/bitcode
        break 3
      fi
    done
  done
done
[ -n "$compiler" ] || exit 1
echo "$compiler"
echo "$rocm"
echo "$bitcode"

wanted=$*
[ "$wanted" = all ] && wanted=$every
if [ "$wanted" = auto ]; then
  wanted=$(here)
  [ -n "$wanted" ] || wanted=gfx1100
fi
for target in $wanted; do
  if knows "$compiler" "$bitcode" "$target"; then
    echo "$target"
  else
    echo "$compiler cannot compile for $target" >&2
  fi
done
