/* isa.h: what is compiled once per instruction set: the inner loops, as one table.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * All functions are pure on the memory that they are given, run on any thread and allocate nothing.
 * x is always F32; `stride` and `_stride` count elements; n is a count of activation rows. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/krn.h"
#include "kernels/krn-quant.h"

#define KRN_MAX_PANEL_M  16 /* no set takes more activation rows at once, */
#define KRN_MAX_PANEL_N  32 /* nor more weight rows */
#define KRN_SAMPLE_BLOCK 64
#define KRN_KEY_TILE                                                                               \
  96 /* keys that attention looks at between two corrections of the running maximum */

/* The weight of a norm, (1, n), F32 or BF16.  data NULL: ones. */
typedef struct {
  const void *data;
  bool        bf16;
} KrnVector;

/* One span's keys and values of one K/V head, in position order, without a wrap. */
typedef struct {
  const void *k, *v; /* first key, first value */
  size_t      k_stride, v_stride;
  bool        bf16;
  int         n_keys;
} KrnKeys;

/* Where results go: row i begins at p + i · stride. */
typedef struct {
  float *p;
  size_t stride;
} KrnOut;

/* n rows of activations. */
typedef struct {
  const float *p;
  size_t       stride;
  int          n;
} KrnIn;

/* rows × cols weights, F32 or BF16, where they lie. */
typedef struct {
  const void *p;
  size_t      stride;
  bool        bf16;
  int         rows, cols;
} KrnWeights;

/* A packed side of a product: what belongs to column k begins at p + k · stride. */
typedef struct {
  const float *p;
  size_t       stride;
} KrnPacked;

/* What one call of a panel function computes: m activation rows × `rows` weight rows, along `depth`
 * columns, added to what is there or written over it. */
typedef struct {
  int  m, rows, depth;
  bool add;
} KrnTile;

/* A group of n activation rows, quantised in blocks of 32 columns:
 *   q          (cols / 4, n, 4)  int8, within ±127
 *   scale      (cols / 32, n)
 *   correction (cols / 32, n)    −8 times the sum of the 32 q: takes out the offset of a four-bit
 *                                weight; times 16, of an eight-bit one */
typedef struct {
  int8_t  *q;
  float   *scale;
  int32_t *correction;
  int      n;
} KrnQuantRows;

/* Rows of quantised weights, from the first row of a tile on. */
typedef struct {
  KrnType     type;
  const void *tiles;
  int         rows, cols;
} KrnQuantWeights;

/* What some query heads have seen of their keys so far: the largest score m, l = Σ e^(s_j − m) and
 * o (heads, head_dim) = Σ e^(s_j − m)·v_j.  Starts as m = −∞, l = 0, o = 0. */
typedef struct {
  float *o, *m, *l;
} KrnAttended;

/* The same for panel_n lanes, each a query row and a head, without o; and the first and the last
 * key that each lane may see.  Starts as m = −1e30, l = 0. */
typedef struct {
  float       *m, *l;
  const float *first, *last;
} KrnLanes;

/* The keys, values and distances of one K/V head that a row sees: n_keys <= KRN_MAX_REACH. */
typedef struct {
  const float *k, *v;   /* of the oldest key that is seen */
  const float *r;       /* of distance 0; the j-th key is n_keys − 1 − j away */
  const float *q_scale; /* (head_dim) */
  size_t       k_stride, v_stride, r_stride;
  int          n_keys;
  float        k_scale, cap;
} KrnBand;

typedef struct {
  const char *name;
  int         dot_rows;      /* weight rows that dot () wants a multiple of */
  int         panel_min;     /* from so many activation rows on, packing the weights pays */
  int         panel_m;       /* activation rows in a group of the panel form */
  int         panel_n;       /* weight rows in a panel */
  int         quant_m;       /* activation rows in a group of the quantised form */
  int         quant_streams; /* tiles of 16 weight rows that it takes at once */
  bool        bf16_dot;      /* has the *_bf16 panel functions */
  bool        int8_dot;      /* has an 8-bit dot-product instruction */

  /* ---- rows.c ---- */

  /* y = s·x · (mean ((s·x)²) + eps)^−½ · w; y may be x. */
  void (*rms) (float *y, const float *x, KrnVector w, int n, float eps, float s);
  /* h = (h + rms (y; w)) · scalar */
  void (*add_rms) (float *h, const float *y, KrnVector w, int n, float eps, float scalar);
  /* p = (p + c) · s */
  void (*add_scale) (float *p, const float *c, int n, float s);
  /* g = gelu_tanh (g) ⊙ u */
  void (*gelu_mul) (float *g, const float *u, int n);
  void (*softcap) (float *x, int n, float cap);
  /* y = s · x, from BF16 and from F32; and F32 to BF16. */
  void (*widen) (float *y, const uint16_t *x, int n, float s);
  void (*scale) (float *y, const float *x, int n, float s);
  void (*narrow) (uint16_t *y, const float *x, int n);
  /* Rotates the pairs (i, i + n/2) of x; cs: n/2 cosines, n/2 sines. */
  void (*rotate) (float *x, const float *cs, int n);
  /* y = min (max (x, low), high); y may be x, here and below. */
  void (*clamp) (float *y, const float *x, int n, float low, float high);
  /* y = y + s · x */
  void (*add_scaled) (float *y, const float *x, int n, float s);
  /* y = x · sigmoid (x) */
  void (*silu) (float *y, const float *x, int n);
  /* y = a · sigmoid (b) */
  void (*glu) (float *y, const float *a, const float *b, int n);
  /* y = max (0, (x − mean) · (variance + eps)^−½ · w) */
  void (*layer_norm_relu) (float *y, const float *x, KrnVector w, int n, float eps);
  /* y = Σ_k x[k] ⊙ taps[k] over the rows of x; taps (x.n, n).  y is not in x. */
  void (*filter) (float *y, KrnIn x, const float *taps, int n);
  float (*max) (const float *x, int n);

  /* ---- matvec.c: few activation rows, weights used where they lie ---- */

  /* y[i, r] = x[i] · w[r] */
  void (*dot) (KrnOut y, KrnIn x, KrnWeights w);

  /* ---- matmul.c: many activation rows, both sides packed ---- */

  /* dst (cols, x.n): x transposed. */
  void (*pack_rows) (float *dst, KrnIn x, int cols);
  /* dst (cols, panel_n): w, up to panel_n rows, transposed, widened, filled up with zeros. */
  void (*pack_panel) (float *dst, KrnWeights w);
  /* y[i, r] (+)= Σ_k a[k, i] · b[k, r], i < m <= panel_m, r < rows; b is read up to panel_n. */
  void (*panel) (KrnOut y, KrnPacked a, KrnPacked b, KrnTile tile);

  /* The same with both sides in BF16, columns k and k + 1 side by side: (⌈cols / 2⌉, m, 2) and
   * (⌈cols / 2⌉, panel_n, 2). */
  void (*pack_rows_bf16) (uint16_t *dst, KrnIn x, int cols);
  void (*pack_panel_bf16) (uint16_t *dst, KrnWeights w);
  void (*panel_bf16) (KrnOut y, const uint16_t *a, const uint16_t *b, KrnTile tile);

  /* ---- matmul-quant.c ---- */

  /* Columns [begin, end) of dst.n rows; begin and end are multiples of 32. */
  void (*quantise_rows) (KrnQuantRows dst, KrnIn x, int begin, int end);
  /* y[i, r] = x[i] · w[r], x.n <= quant_m. */
  void (*quant_dot) (KrnOut y, KrnQuantRows x, KrnQuantWeights w);

  /* ---- quantise.c ---- */

  /* One tile: rows <= 16 rows of 32 columns. */
  void (*quantise_tile) (KrnType type, uint8_t *tile, const uint16_t *src, size_t stride, int rows);

  /* ---- attention.c ---- */

  /* One query row: q.n heads (of stride head_dim) that share a K/V head, over more keys. */
  void (*attend) (KrnAttended to, KrnIn q, const KrnKeys *keys, int head_dim, float scale);

  /* One query row and head: s_j = (q ⊙ q_scale) · (k_scale·k_j + r_j), p = softmax (cap·tanh (s /
   * cap)), o = Σ p_j·v_j.  o may be q. */
  void (*attend_band) (float *o, const float *q, const KrnBand *band, int head_dim);

  /* Many query rows.  Scores s (n_keys, panel_n) become weights e^(s − m); row n_keys of s is what
   * o must be multiplied by, e^(old m − new m).  masked: first and last count, the first key of s
   * being number `key`. */
  void (*soften_lanes) (float *s, int n_keys, KrnLanes lanes, bool masked, int key);
  /* o (hd, panel_n) times one factor for each lane. */
  void (*correct_lanes) (float *o, const float *factor, int head_dim);
  /* o (n, hd) from the first n <= panel_n lanes. */
  void (*unpack_lanes) (float *o, const float *lanes, int n, int head_dim);

  /* ---- sample.c ---- */

  /* x / temperature, not-a-number as −∞; the largest of every KRN_SAMPLE_BLOCK entries. */
  void (*condition) (float *x, int n, float temperature, float *block_max);
  /* w = e^(x − most), 0 where x < lowest or w < least; the sum of every block, and of all. */
  double (*weigh) (float       *w,
                   const float *x,
                   int          n,
                   float        most,
                   float        lowest,
                   float        least,
                   float       *block_sum);

  /* ---- peak.c: what the machine can do ---- */

  float (*peak_read) (const float *x, size_t n);
  /* Each does `rounds` rounds and returns the number of operations in one; 0 when the set has no
   * such instruction. *sink is read and written, so that the work has a result. */
  double (*peak_f32) (long rounds, float *sink);
  double (*peak_bf16) (long rounds, float *sink);
  double (*peak_int8) (long rounds, float *sink);
} KrnIsa;

extern const KrnIsa krn_c_table;
#ifdef KRN_HAVE_AVX2
extern const KrnIsa krn_avx2_table;
#endif
#ifdef KRN_HAVE_AVX512
extern const KrnIsa krn_avx512_table;
#endif

/* The best set that this machine has, no better than the environment variable KRN_ISA ("c", "avx2",
 * "avx512") allows.  NULL, with a sentence in err, if that names none. */
const KrnIsa *krn_isa_choose (char *err, size_t err_len);
