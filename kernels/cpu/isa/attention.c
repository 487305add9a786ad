/* attention.c: softmax attention over many keys in one pass, for one query row and for many.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Keys come in tiles.  A tile's scores are computed, the running maximum m is raised, what was
 * summed so far is corrected by e^(old − new), and the tile's values are added with their weights.
 * Callers may cut the keys anywhere and merge the parts.
 *
 * For one query row the query heads that share a K/V head are taken together, so that a key is read
 * once.  For many rows the pairs of row and head are the lanes of vectors, and scores and values
 * are packed matrix products (matmul.c). */
#include <math.h>

#include "kernels/cpu/isa/inner.h"
#include "kernels/cpu/isa/panel.h"
#include "kernels/cpu/isa/transpose.h"

/* ---- one row ---- */

#if VW == 4
#define HEADS_AT_ONCE 4
#else
#define HEADS_AT_ONCE 8
#endif
#define COLUMNS (VW == 16 ? 2 : 1) /* vectors of values at once */

ALWAYS_INLINE vf
load_key (const void *p, size_t i, bool bf16, int n)
{
  if (bf16)
    return vf_load_bf16_n ((const uint16_t *)p + i, n);
  return vf_load_n ((const float *)p + i, n);
}

/* The sum of every vector. */
ALWAYS_INLINE vf
sum_each (vf v[VW])
{
  vf total;

  transpose (v);
  total = v[0];
  UNROLL (16)
  for (int i = 1; i < VW; i++)
    total = total + v[i];
  return total;
}

/* s[j·H + h] = q_h · k_j for VW / H keys and H heads. */
ALWAYS_INLINE void
score_keys (const int    H,
            const bool   bf16,
            float       *s,
            const float *q,
            int          hd,
            const char  *k,
            size_t       k_bytes,
            vf           scale)
{
  const int K = VW / H;
  vf        sum[VW];

  UNROLL (16)
  for (int a = 0; a < VW; a++)
    sum[a] = vf_set1 (0.0f);
  for (int i = 0; i < hd; i += VW) {
    int part = hd - i < VW ? hd - i : VW;
    vf  key[VW];

    UNROLL (16)
    for (int j = 0; j < K; j++)
      key[j] = load_key (k + (size_t)j * k_bytes, (size_t)i, bf16, part);
    UNROLL (8)
    for (int h = 0; h < H; h++) {
      vf x = vf_load_n (q + h * hd + i, part);

      UNROLL (16)
      for (int j = 0; j < K; j++)
        sum[j * H + h] = vf_fma (x, key[j], sum[j * H + h]);
    }
  }
  vf_store (s, sum_each (sum) * scale);
}

/* o_h[i…] += Σ_j p[j·H + h] · v_j[i…] for C vectors of columns, of which the last may be short. */
ALWAYS_INLINE void
add_values (const int    H,
            const int    C,
            const bool   bf16,
            float       *o,
            int          hd,
            const float *p,
            const char  *v,
            size_t       v_bytes,
            int          n_keys,
            int          i)
{
  int last = hd - i - (C - 1) * VW < VW ? hd - i - (C - 1) * VW : VW;
  vf  sum[HEADS_AT_ONCE][2];

  UNROLL (8)
  for (int h = 0; h < H; h++) {
    UNROLL (2)
    for (int c = 0; c < C; c++)
      sum[h][c] = vf_load_n (o + h * hd + i + c * VW, c == C - 1 ? last : VW);
  }
  for (int j = 0; j < n_keys; j++, v += v_bytes, p += H) {
    vf x[2];

    UNROLL (2)
    for (int c = 0; c < C; c++)
      x[c] = load_key (v, (size_t)(i + c * VW), bf16, c == C - 1 ? last : VW);
    UNROLL (8)
    for (int h = 0; h < H; h++) {
      vf weight = vf_set1 (p[h]);

      UNROLL (2)
      for (int c = 0; c < C; c++)
        sum[h][c] = vf_fma (weight, x[c], sum[h][c]);
    }
  }
  UNROLL (8)
  for (int h = 0; h < H; h++) {
    UNROLL (2)
    for (int c = 0; c < C; c++)
      vf_store_n (o + h * hd + i + c * VW, sum[h][c], c == C - 1 ? last : VW);
  }
}

/* What is known of H heads becomes what is known with the scores s (n keys, H) added, as far as m,
 * l and the correction of o go; the scores become weights e^(s − m).  s has room for whole vectors.
 */
ALWAYS_INLINE void
soften (const int H, KrnAttended to, float *s, int n, int hd)
{
  int   length = n * H;
  float lanes[VW], most[VW];
  vf    high = vf_set1 (-INFINITY), total = vf_set1 (0.0f), shift;

  for (int i = length; i % VW != 0; i++)
    s[i] = -INFINITY;
  for (int i = 0; i < length; i += VW)
    high = vf_max (vf_load (s + i), high);
  vf_store (lanes, high);
  for (int h = 0; h < H; h++) {
    float before = to.m[h];

    for (int i = h; i < VW; i += H)
      to.m[h] = lanes[i] > to.m[h] ? lanes[i] : to.m[h];
    if (to.m[h] > before) {
      float factor = expf (before - to.m[h]);

      to.l[h] *= factor;
      ISA (scale) (to.o + h * hd, to.o + h * hd, hd, factor);
    }
    for (int i = h; i < VW; i += H)
      most[i] = to.m[h];
  }
  shift = vf_load (most);
  for (int i = 0; i < length; i += VW) {
    vf e = vf_exp (vf_load (s + i) - shift);

    vf_store (s + i, e);
    total = total + e;
  }
  vf_store (lanes, total);
  for (int i = 0; i < VW; i++)
    to.l[i % H] += lanes[i];
}

ALWAYS_INLINE void
attend_heads (const int      H,
              const bool     bf16,
              KrnAttended    to,
              const float   *q,
              const KrnKeys *keys,
              int            hd,
              float          scale)
{
  const int   K = VW / H;
  float       s[HEADS_AT_ONCE * (KRN_KEY_TILE + VW)];
  size_t      size = bf16 ? sizeof (uint16_t) : sizeof (float);
  size_t      k_bytes = keys->k_stride * size, v_bytes = keys->v_stride * size;
  const char *k = keys->k, *v = keys->v;

  for (int done = 0; done < keys->n_keys; done += KRN_KEY_TILE) {
    int n = keys->n_keys - done < KRN_KEY_TILE ? keys->n_keys - done : KRN_KEY_TILE;
    int j = 0, i = 0;

    for (; j + K <= n; j += K, k += (size_t)K * k_bytes)
      score_keys (H, bf16, s + j * H, q, hd, k, k_bytes, vf_set1 (scale));
    /* A last incomplete vector scores its first key again in place of those that are not there. */
    for (; j < n; j++, k += k_bytes)
      score_keys (H, bf16, s + j * H, q, hd, k, 0, vf_set1 (scale));
    soften (H, to, s, n, hd);
    for (; i + COLUMNS * VW <= hd; i += COLUMNS * VW)
      add_values (H, COLUMNS, bf16, to.o, hd, s, v, v_bytes, n, i);
    for (; i < hd; i += VW)
      add_values (H, 1, bf16, to.o, hd, s, v, v_bytes, n, i);
    v += (size_t)n * v_bytes;
  }
}

void
ISA (attend) (KrnAttended to, KrnIn q, const KrnKeys *keys, int hd, float scale)
{
  while (q.n > 0) {
    int part = q.n >= 8 ? HEADS_AT_ONCE : q.n >= 4 ? 4 : q.n >= 2 ? 2 : 1;

#define HEADS(H)                                                                                   \
  case H:                                                                                          \
    if (keys->bf16)                                                                                \
      attend_heads (H, true, to, q.p, keys, hd, scale);                                            \
    else                                                                                           \
      attend_heads (H, false, to, q.p, keys, hd, scale);                                           \
    break
    switch (part) {
#if HEADS_AT_ONCE == 8
      HEADS (8);
#endif
      HEADS (4);
      HEADS (2);
      HEADS (1);
    }
#undef HEADS
    to = (KrnAttended){to.o + part * hd, to.m + part, to.l + part};
    q.p += part * hd;
    q.n -= part;
  }
}

/* ---- many rows: lanes ---- */

/* −∞ where a lane does not see the key. */
ALWAYS_INLINE vf
mask_key (vf score, vf first, vf last, float key)
{
  const vf unseen = vf_set1 (-INFINITY);

  score = vf_if_less (vf_set1 (key), first, unseen, score);
  return vf_if_less (last, vf_set1 (key), unseen, score);
}

void
ISA (soften_lanes) (float *s, int n_keys, KrnLanes lanes, bool masked, int key)
{
  for (int v = 0; v < PANEL_N; v += VW) {
    float *score = s + v;
    vf     before = vf_load (lanes.m + v), most = before, total = vf_set1 (0.0f), factor;

    for (int j = 0; j < n_keys && masked; j++) {
      vf x = vf_load (score + j * PANEL_N);

      x = mask_key (x, vf_load (lanes.first + v), vf_load (lanes.last + v), (float)(key + j));
      vf_store (score + j * PANEL_N, x);
    }
    for (int j = 0; j < n_keys; j++)
      most = vf_max (vf_load (score + j * PANEL_N), most);
    for (int j = 0; j < n_keys; j++) {
      vf e = vf_exp (vf_load (score + j * PANEL_N) - most);

      vf_store (score + j * PANEL_N, e);
      total = total + e;
    }
    factor = vf_exp (before - most);
    vf_store (lanes.m + v, most);
    vf_store (lanes.l + v, vf_fma (vf_load (lanes.l + v), factor, total));
    vf_store (score + n_keys * PANEL_N, factor);
  }
}

void
ISA (correct_lanes) (float *o, const float *factor, int hd)
{
  vf a = vf_load (factor), b = vf_load (factor + VW);

  for (int i = 0; i < hd; i++, o += PANEL_N) {
    vf_store (o, vf_load (o) * a);
    vf_store (o + VW, vf_load (o + VW) * b);
  }
}

void
ISA (unpack_lanes) (float *o, const float *lanes, int n, int hd)
{
  for (int v = 0; v < n; v += VW)
    for (int i = 0; i < hd; i += VW) {
      int part = hd - i < VW ? hd - i : VW;
      vf  x[VW];

      for (int c = 0; c < VW; c++)
        x[c] = c < part ? vf_load (lanes + (i + c) * PANEL_N + v) : vf_set1 (0.0f);
      transpose (x);
      for (int lane = 0; lane < VW && v + lane < n; lane++)
        vf_store_n (o + (size_t)(v + lane) * (size_t)hd + i, x[lane], part);
    }
}
