/* attention.h: what the two ways of computing attention share.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Internal to this folder. */
#pragma once

#include "kernels/cpu/device.h"

typedef struct {
  KrnDevice     *dev;
  KrnMat         o, q;
  const KrnSpan *spans;
  int            n_spans;
  int            n_heads, n_kv_heads, head_dim, window;
  bool           all; /* every row sees every key of the cache */
  float          scale;
  int            n_blocks;    /* of all spans and K/V heads */
  int            parts;       /* into which the keys of a block are cut */
  size_t         part_floats; /* what one part leaves behind, at most */
} KrnAttention;

/* Some query rows of one span with one K/V head, and a part of the keys that they see. */
typedef struct {
  const KrnSpan *span;
  int            row, n_rows; /* within the span */
  int            kv_head;
  int            begin, end; /* keys by position */
} KrnAttentionBlock;

static inline int
krn_attention_group (const KrnAttention *a)
{
  return a->n_heads / a->n_kv_heads;
}

/* The keys from a position on, up to `end`, the end of the ring, or `most`, whichever comes first.
 */
KrnKeys krn_attention_keys (const KrnAttention *a, const KrnAttentionBlock *b, int begin, int most);

/* attention-lanes.c: many rows at once.  How many rows a block should have, 1 if the rows of the
 * span are better taken one by one. */
int  krn_attention_lanes_rows (const KrnAttention *a, const KrnSpan *span);
/* Leaves o (rows · heads, hd), unnormalised, then m, then l (rows · heads each) at `out`. */
void krn_attention_lanes (const KrnAttention      *a,
                          const KrnAttentionBlock *b,
                          KrnMember               *m,
                          float                   *out);
