#!/bin/sh
# fuzz-target.sh: runs one fuzz target from its seeds and what it found before, for FACET_FUZZ_SECONDS.
# SPDX-License-Identifier: GPL-3.0-or-later
#
#   build-aux/fuzz-target.sh FOLDER TARGET
#
# In the root of the tree.  FOLDER gets the log, whose last line is the status, the corpus and what crashed.
folder=$1
name=$(basename "$2")
corpus=$folder/corpus/${name#fuzz-}
mkdir -p "$corpus"
{
  G_SLICE=always-malloc ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=1 \
    "$2" -max_total_time="${FACET_FUZZ_SECONDS:-10}" -rss_limit_mb=4096 -timeout=10 -print_final_stats=0 -verbosity=0 \
    -artifact_prefix="$folder/" "$corpus" "tests/fuzz/corpus/${name#fuzz-}"
  echo "status $?"
} >"$folder/$name.log" 2>&1
