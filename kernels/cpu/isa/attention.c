/* attention.c: softmax attention of one query row over many keys, in one pass.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Keys come in tiles.  A tile's scores are computed for all query heads that share the K/V head, so that a key is read
 * once; then the running maximum m is raised, what was summed so far is corrected by e^(old − new), and the tile's values
 * are added with their weights.  Callers may cut the keys anywhere and merge the parts. */
#include <math.h>

#include "kernels/cpu/isa/inner.h"

#define HEADS_AT_ONCE 8

ALWAYS_INLINE vf
load_key (const void *p, size_t i, bool bf16, int n)
{
  if (bf16)
    return n == VW ? vf_load_bf16 ((const uint16_t *) p + i) : vf_load_bf16_n ((const uint16_t *) p + i, n);
  return n == VW ? vf_load ((const float *) p + i) : vf_load_n ((const float *) p + i, n);
}

/* s[h·KRN_KEY_TILE + j] = scale · q_h · k_j for one key and H heads. */
ALWAYS_INLINE void
score_key (const int H, const bool bf16, float *s, const float *q, int hd, const void *k, float scale)
{
  vf sum[HEADS_AT_ONCE];

  UNROLL (8)
  for (int h = 0; h < H; h++)
    sum[h] = vf_set1 (0.0f);
  for (int i = 0; i < hd; i += VW) {
    int part = hd - i < VW ? hd - i : VW;
    vf  v = load_key (k, (size_t) i, bf16, part);

    UNROLL (8)
    for (int h = 0; h < H; h++)
      sum[h] = vf_fma (part == VW ? vf_load (q + h * hd + i) : vf_load_n (q + h * hd + i, part), v, sum[h]);
  }
  UNROLL (8)
  for (int h = 0; h < H; h++)
    s[h * KRN_KEY_TILE] = vf_sum (sum[h]) * scale;
}

/* o_h[i…] += Σ_j p[h, j] · v_j[i…] for one vector of columns and H heads. */
ALWAYS_INLINE void
add_values (const int H, const bool bf16, float *o, int hd, const float *p, const void *v, size_t v_stride, int n_keys, int i)
{
  int part = hd - i < VW ? hd - i : VW;
  vf  sum[HEADS_AT_ONCE];

  UNROLL (8)
  for (int h = 0; h < H; h++)
    sum[h] = vf_load_n (o + h * hd + i, part);
  for (int j = 0; j < n_keys; j++) {
    vf x = load_key (v, (size_t) j * v_stride + (size_t) i, bf16, part);

    UNROLL (8)
    for (int h = 0; h < H; h++)
      sum[h] = vf_fma (vf_set1 (p[h * KRN_KEY_TILE + j]), x, sum[h]);
  }
  UNROLL (8)
  for (int h = 0; h < H; h++)
    vf_store_n (o + h * hd + i, sum[h], part);
}

/* Scores become weights e^(s − m); m and l follow.  Returns what the sums so far must be multiplied by. */
static float
soften (float *s, int n, float *m, float *l)
{
  float most = ISA (max) (s, n);
  float factor = 1.0f;
  vf    total = vf_set1 (0.0f);
  vf    shift;

  if (most > *m) {
    factor = expf (*m - most);
    *m = most;
  }
  shift = vf_set1 (*m);
  for (int j = 0; j < n; j += VW) {
    int part = n - j < VW ? n - j : VW;
    vf  e = vf_exp (vf_load_n (s + j, part) - shift);

    vf_store_n (s + j, e, part);
    total = total + vf_load_n (s + j, part);
  }
  *l = *l * factor + vf_sum (total);
  return factor;
}

ALWAYS_INLINE void
attend_heads (const int H, const bool bf16, float *o, float *m, float *l, const float *q, const KrnKeys *keys, int hd, float scale)
{
  float       s[HEADS_AT_ONCE * KRN_KEY_TILE];
  size_t      size = bf16 ? sizeof (uint16_t) : sizeof (float);
  const char *k = keys->k, *v = keys->v;

  for (int done = 0; done < keys->n_keys; done += KRN_KEY_TILE) {
    int n = keys->n_keys - done < KRN_KEY_TILE ? keys->n_keys - done : KRN_KEY_TILE;

    for (int j = 0; j < n; j++, k += keys->k_stride * size)
      score_key (H, bf16, s + j, q, hd, k, scale);
    for (int h = 0; h < H; h++) {
      float factor = soften (s + h * KRN_KEY_TILE, n, &m[h], &l[h]);

      if (factor != 1.0f)
        ISA (scale) (o + h * hd, o + h * hd, hd, factor);
    }
    for (int i = 0; i < hd; i += VW)
      add_values (H, bf16, o, hd, s, v, keys->v_stride, n, i);
    v += (size_t) n * keys->v_stride * size;
  }
}

void
ISA (attend) (float *o, float *m, float *l, const float *q, int heads, const KrnKeys *keys, int hd, float scale)
{
  while (heads > 0) {
    int part = heads >= 8 ? 8 : heads >= 4 ? 4 : heads >= 2 ? 2 : 1;

#define HEADS(H)                                                                                   \
  case H:                                                                                          \
    if (keys->bf16)                                                                                \
      attend_heads (H, true, o, m, l, q, keys, hd, scale);                                         \
    else                                                                                           \
      attend_heads (H, false, o, m, l, q, keys, hd, scale);                                        \
    break
    switch (part) {
      HEADS (8);
      HEADS (4);
      HEADS (2);
      HEADS (1);
    }
#undef HEADS
    o += part * hd;
    q += part * hd;
    m += part;
    l += part;
    heads -= part;
  }
}
