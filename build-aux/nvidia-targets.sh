#!/bin/sh
# nvidia-targets.sh: for which NVIDIA processors code is made, as options for nvcc.
# SPDX-License-Identifier: GPL-3.0-or-later
#
#   nvidia-targets.sh NVCC all|auto|NUMBER…
#
# Prints a -gencode= option a line.  "all": every architecture of note that this nvcc knows, and PTX, from which a driver makes code for the
# others; "auto": the GPUs of this machine, else 9.0 alone, to see that it compiles.
set -u
nvcc=$1
shift
known=$("$nvcc" --list-gpu-code) || exit 1
wanted=$*
ptx=
if [ "$wanted" = all ]; then
  wanted="75 80 86 89 90 100 120" ptx="75 120"
elif [ "$wanted" = auto ]; then
  wanted=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | sed -n 's/^\([0-9]*\)\.\([0-9]\)$/\1\2/p' | sort -nu)
  [ -n "$wanted" ] || wanted=90
fi
n=0
for target in $wanted; do
  own=
  [ "$target" != 90 ] || own=a # the instructions for groups of four warps are the 9.0's alone
  case " $(echo $known) " in
    *" sm_$target "*) echo "-gencode=arch=compute_$target$own,code=sm_$target$own"; n=$((n + 1)) ;;
    *) echo "$nvcc knows no sm_$target" >&2 ;;
  esac
done
for target in $ptx; do
  case " $(echo $known) " in
    *" sm_$target "*) echo "-gencode=arch=compute_$target,code=compute_$target" ;;
  esac
done
# Without any, nvcc would silently choose one that has no matrix units.
[ "$n" -gt 0 ]
