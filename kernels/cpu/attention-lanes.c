/* attention-lanes.c: attention of many query rows, as packed matrix products.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The pairs of query row and head that share a K/V head are lanes of vectors, panel_n of them in a
 * panel and up to four panels in a block.  For a tile of keys, Sᵀ = K·Qᵀ and Oᵀ += Vᵀ·Pᵀ are the
 * products of matmul.c with keys, and then columns of the values, as the rows that are broadcast;
 * the softmax between them goes down the lanes, without a sum across a vector.  Keys are packed
 * once for all panels of the block.
 *
 * Runs on one member; everything it needs is that member's scratch. */
#include "kernels/cpu/attention.h"

#include <string.h>

#define MAX_PANELS 4
/* From so many lanes on a panel is full enough. */
#define MIN_LANES 24
/* Lower than any score. */
#define LOWEST (-1e30f)

/* The pieces of a member's scratch, behind the quarter that holds a block's result. */
typedef struct {
  float *q;      /* MAX_PANELS of (hd, panel_n) */
  float *o;      /* MAX_PANELS of (hd, panel_n) */
  float *m, *l;  /* MAX_PANELS of (panel_n) */
  float *first;  /* MAX_PANELS of (panel_n): the first key that a lane sees, */
  float *last;   /* and the last */
  float *keys;   /* (KRN_KEY_TILE, hd) in groups of panel_m keys, transposed */
  float *values; /* (KRN_KEY_TILE, hd), only if the cache is BF16 */
  float *scores; /* (KRN_KEY_TILE + 1, panel_n) */
  int    n_lanes, n_panels;
} Lanes;

static int
min_int (int a, int b)
{
  return a < b ? a : b;
}

static size_t
scratch_floats (const KrnAttention *a)
{
  size_t hd = (size_t)a->head_dim, n = KRN_MAX_PANEL_N;

  return 2 * MAX_PANELS * hd * n + 4 * MAX_PANELS * n + 2 * KRN_KEY_TILE * hd +
         (KRN_KEY_TILE + 1) * n;
}

int
krn_attention_lanes_rows (const KrnAttention *a, const KrnSpan *span)
{
  int heads = krn_attention_group (a);
  int rows = MAX_PANELS * a->dev->isa->panel_n / heads;

  if (span->n_rows * heads < MIN_LANES || rows < 2 ||
      scratch_floats (a) * sizeof (float) > KRN_SCRATCH_BYTES / 4 * 3 ||
      (size_t)(rows * heads) * (size_t)(a->head_dim + 2) * sizeof (float) > KRN_SCRATCH_BYTES / 4)
    return 1;
  return rows;
}

static void
lanes_init (Lanes *x, const KrnAttention *a, KrnMember *m)
{
  size_t hd = (size_t)a->head_dim, n = (size_t)a->dev->isa->panel_n;

  x->q = (float *)(krn_scratch (m) + KRN_SCRATCH_BYTES / 4);
  x->o = x->q + MAX_PANELS * hd * n;
  x->m = x->o + MAX_PANELS * hd * n;
  x->l = x->m + MAX_PANELS * n;
  x->first = x->l + MAX_PANELS * n;
  x->last = x->first + MAX_PANELS * n;
  x->keys = x->last + MAX_PANELS * n;
  x->values = x->keys + KRN_KEY_TILE * hd;
  x->scores = x->values + KRN_KEY_TILE * hd;
}

/* Queries into panels, scaled; `rows` is free memory for (n_lanes, hd). */
static void
load_queries (Lanes *x, const KrnAttention *a, const KrnAttentionBlock *b, float *rows)
{
  const KrnIsa *isa = a->dev->isa;
  int           heads = krn_attention_group (a), hd = a->head_dim;
  size_t        panel = (size_t)hd * (size_t)isa->panel_n;

  x->n_lanes = b->n_rows * heads;
  x->n_panels = (x->n_lanes + isa->panel_n - 1) / isa->panel_n;
  for (int lane = 0; lane < x->n_panels * isa->panel_n; lane++) {
    /* Lanes that are left over repeat the last row, so that they stay ordinary numbers. */
    int row = lane < x->n_lanes ? lane / heads : b->n_rows - 1;
    int position = b->span->position + b->row + row;

    x->m[lane] = LOWEST;
    x->l[lane] = 0.0f;
    x->last[lane] = a->all ? (float)b->end : (float)position;
    x->first[lane] = a->window > 0 ? (float)(position - a->window + 1) : 0.0f;
  }
  for (int r = 0; r < b->n_rows; r++) {
    const float *q = krn_row (a->q, b->span->row + b->row + r) + b->kv_head * heads * hd;

    isa->scale (rows + (size_t)(r * heads) * (size_t)hd, q, heads * hd, a->scale);
  }
  for (int p = 0; p < x->n_panels; p++) {
    int        lane = p * isa->panel_n;
    KrnWeights w = {
        .p = rows + (size_t)lane * (size_t)hd,
        .stride = (size_t)hd,
        .rows = min_int (x->n_lanes - lane, isa->panel_n),
        .cols = hd,
    };

    isa->pack_panel (x->q + (size_t)p * panel, w);
  }
  memset (x->o, 0, (size_t)x->n_panels * panel * sizeof *x->o);
}

/* Packs the keys of a tile and makes F32 of its values; afterwards keys->v is F32 whatever the
 * cache holds. */
static void
load_tile (Lanes *x, const KrnAttention *a, KrnKeys *keys)
{
  const KrnIsa *isa = a->dev->isa;
  int           hd = a->head_dim;
  const float  *k = keys->k;
  size_t        stride = keys->k_stride;

  if (keys->bf16) {
    const uint16_t *from = keys->k;

    /* The room of the values holds the widened keys until they are packed. */
    for (int j = 0; j < keys->n_keys; j++)
      isa->widen (x->values + j * hd, from + (size_t)j * stride, hd, 1.0f);
    k = x->values;
    stride = (size_t)hd;
  }
  for (int j = 0; j < keys->n_keys; j += isa->panel_m) {
    KrnIn group = {k + (size_t)j * stride, stride, min_int (keys->n_keys - j, isa->panel_m)};

    isa->pack_rows (x->keys + j * hd, group, hd);
  }
  if (keys->bf16) {
    const uint16_t *from = keys->v;

    for (int j = 0; j < keys->n_keys; j++)
      isa->widen (x->values + j * hd, from + (size_t)j * keys->v_stride, hd, 1.0f);
    keys->v = x->values;
    keys->v_stride = (size_t)hd;
  }
}

/* Whether the factors that soften_lanes () left change anything. */
static bool
has_correction (const float *factor, int n)
{
  for (int i = 0; i < n; i++)
    if (factor[i] != 1.0f)
      return true;
  return false;
}

/* Sᵀ = K·Qᵀ for the tile of keys and panel p of lanes. */
static void
score (const Lanes *x, const KrnAttention *a, const KrnKeys *keys, int p)
{
  const KrnIsa *isa = a->dev->isa;
  int           hd = a->head_dim, n = isa->panel_n;
  KrnPacked     q = {x->q + (size_t)(p * hd * n), (size_t)n};

  for (int j = 0; j < keys->n_keys; j += isa->panel_m) {
    int       m = min_int (keys->n_keys - j, isa->panel_m);
    KrnPacked k = {x->keys + j * hd, (size_t)m};

    isa->panel ((KrnOut){x->scores + j * n, (size_t)n}, k, q, (KrnTile){m, n, hd, false});
  }
}

/* Oᵀ += Vᵀ·Pᵀ */
static void
add_values (const Lanes *x, const KrnAttention *a, const KrnKeys *keys, int p)
{
  const KrnIsa *isa = a->dev->isa;
  int           hd = a->head_dim, n = isa->panel_n;
  float        *o = x->o + (size_t)(p * hd * n);
  KrnPacked     weights = {x->scores, (size_t)n};

  for (int i = 0; i < hd; i += isa->panel_m) {
    KrnPacked v = {(const float *)keys->v + i, keys->v_stride};
    KrnTile   tile = {min_int (hd - i, isa->panel_m), n, keys->n_keys, true};

    isa->panel ((KrnOut){o + i * n, (size_t)n}, v, weights, tile);
  }
}

/* The tile of keys from position `key` on, for one panel of lanes. */
static void
attend_panel (const Lanes *x, const KrnAttention *a, const KrnKeys *keys, int key, int p)
{
  const KrnIsa *isa = a->dev->isa;
  int           n = isa->panel_n, lane = p * n, last_key = key + keys->n_keys - 1;
  const float  *first = x->first + lane, *last = x->last + lane;
  float        *factor = x->scores + keys->n_keys * n;
  KrnLanes      lanes = {x->m + lane, x->l + lane, first, last};
  /* Lanes are in the order of their rows. */
  bool          sees_none = last_key < (int)first[0] || key > (int)last[n - 1];
  bool          sees_all = key >= (int)first[n - 1] && last_key <= (int)last[0];

  if (sees_none)
    return;
  score (x, a, keys, p);
  isa->soften_lanes (x->scores, keys->n_keys, lanes, !sees_all, key);
  if (has_correction (factor, n))
    isa->correct_lanes (x->o + (size_t)(p * a->head_dim * n), factor, a->head_dim);
  add_values (x, a, keys, p);
}

void
krn_attention_lanes (const KrnAttention *a, const KrnAttentionBlock *b, KrnMember *m, float *out)
{
  const KrnIsa *isa = a->dev->isa;
  int           hd = a->head_dim;
  Lanes         x;

  lanes_init (&x, a, m);
  load_queries (&x, a, b, out);
  for (int j = b->begin; j < b->end;) {
    KrnKeys keys = krn_attention_keys (a, b, j, KRN_KEY_TILE);

    load_tile (&x, a, &keys);
    for (int p = 0; p < x.n_panels; p++)
      attend_panel (&x, a, &keys, j, p);
    j += keys.n_keys;
  }
  for (int p = 0; p < x.n_panels; p++) {
    int lane = p * isa->panel_n;
    int n = min_int (x.n_lanes - lane, isa->panel_n);

    isa->unpack_lanes (out + (size_t)(lane * hd), x.o + (size_t)(lane * hd), n, hd);
  }
  memcpy (out + x.n_lanes * hd, x.m, (size_t)x.n_lanes * sizeof (float));
  memcpy (out + x.n_lanes * (hd + 1), x.l, (size_t)x.n_lanes * sizeof (float));
}
