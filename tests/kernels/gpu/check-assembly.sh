#!/bin/sh
# check-assembly.sh: that the compiler makes the matrix and dot instructions of each AMD processor that are meant.
# SPDX-License-Identifier: GPL-3.0-or-later
#
#   check-assembly.sh SOURCE_ROOT FOLDER
#
# Speaks TAP.  What the instructions compute is tested by emulation (test-units.cu); that they are the ones in the code is seen
# here.  Registers that do not suffice are reported, not judged.
set -u
root=$1 folder=$2
tools=$(sh "$root/build-aux/hip-toolchain.sh" "$folder" all 2>/dev/null) || {
  echo "1..0 # SKIP there is no compiler for AMD GPUs here"
  exit 0
}
compiler=$(echo "$tools" | sed -n 1p)
rocm=$(echo "$tools" | sed -n 2p)
bitcode=$(echo "$tools" | sed -n 3p)
known=" $(echo "$tools" | sed -n '4,$p' | tr '\n' ' ')"

printf '#include "kernels/gpu/gpu.h"\n__global__ void dot (int *p) { p[0] = gpu_dot4 ((uint32_t)p[1], (uint32_t)p[2], p[3]); }\n' >"$folder/dot.cu"

n=0 failed=0
say() { # status, what
  n=$((n + 1))
  echo "$1 $n $2"
  [ "$1" = ok ] || failed=1
}

expect() { # target, source, instruction
  name=$(basename "$2" .cu) out=$folder/$name-$1.s
  case $known in
    *" $1 "*) ;;
    *)
      say ok "$1 $name # SKIP this compiler does not know it"
      return
      ;;
  esac
  if ! "$compiler" -x hip --offload-arch="$1" --cuda-device-only -S -O3 -std=c++17 -w -mcode-object-version=4 --rocm-path="$rocm" \
    --rocm-device-lib-path="$bitcode" -I"$root" "$2" -o "$out" >"$out.log" 2>&1; then
    sed 's/^/# /' "$out.log" | head -n 20
    say "not ok" "$1 $name: does not compile"
    return
  fi
  times=$(grep -c "[[:space:]]$3[[:space:]]" "$out")
  if [ "$times" -gt 0 ]; then say ok "$1 $name: $3 ($times)"; else say "not ok" "$1 $name: no $3"; fi
  spilled=$(sed -n 's/^; ScratchSize: \([1-9][0-9]*\)$/\1/p' "$out" | sort -n | tail -n 1)
  [ -z "$spilled" ] || echo "# $1 $name: a kernel keeps up to $spilled bytes of each thread in memory"
}

for target in gfx906 gfx90a gfx942 gfx1030; do expect $target "$folder/dot.cu" 'v_dot4c\?_i32_i8[_e0-9]*'; done
for target in gfx1100 gfx1103 gfx1151 gfx1201; do expect $target "$folder/dot.cu" v_dot4_i32_iu8; done
for source in "$root/tests/kernels/gpu/test-units.cu" "$root/kernels/gpu/gemm.cu" "$root/kernels/gpu/flash.cu"; do
  [ -e "$source" ] || continue
  expect gfx90a "$source" v_mfma_f32_16x16x16bf16_1k
  expect gfx942 "$source" v_mfma_f32_16x16x16_bf16
  expect gfx1100 "$source" v_wmma_f32_16x16x16_bf16
  expect gfx1201 "$source" v_wmma_f32_16x16x16_bf16
done
echo "1..$n"
exit $failed
