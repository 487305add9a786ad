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

#define KRN_MAX_PANEL_M 16 /* no set takes more activation rows at once, */
#define KRN_MAX_PANEL_N 32 /* nor more weight rows */
#define KRN_SAMPLE_BLOCK 64
#define KRN_KEY_TILE    96 /* keys that attention looks at between two corrections of the running maximum */

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

/* A group of activation rows, quantised in blocks of 32 columns:
 *   q          (cols / 4, m, 4)  int8, within ±127
 *   scale      (cols / 32, m)
 *   correction (cols / 32, m)    −8 times the sum of the 32 q: takes out the offset of a four-bit weight; times 16, of
 *                                an eight-bit one */
typedef struct {
  int8_t  *q;
  float   *scale;
  int32_t *correction;
} KrnQuantRows;

typedef struct {
  const char *name;
  int         dot_rows; /* weight rows that dot () wants a multiple of */
  int         panel_min; /* from so many activation rows on, packing the weights pays */
  int         panel_m;  /* activation rows in a group of the panel form */
  int         panel_n;  /* weight rows in a panel */
  int         quant_m;  /* activation rows in a group of the quantised form */
  bool        bf16_dot; /* has the *_bf16 panel functions */
  bool        int8_dot; /* has an 8-bit dot-product instruction */

  /* ---- rows.c ------------------------------------------------------------------------------ */

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
  float (*max) (const float *x, int n);

  /* ---- matvec.c: few activation rows, weights used where they lie ------------------------------ */

  /* y[i·y_stride + r] = x[i] · w[r] for i < n, r < rows. */
  void (*dot) (float *y, size_t y_stride, const float *x, size_t x_stride, int n, const void *w, size_t w_stride, bool bf16, int rows, int cols);

  /* ---- matmul.c: many activation rows, both sides packed ---------------------------------------- */

  /* dst (cols, m): m rows of x, transposed. */
  void (*pack_rows) (float *dst, const float *x, size_t x_stride, int m, int cols);
  /* dst (cols, panel_n): rows <= panel_n rows of w, transposed, widened, filled up with zeros. */
  void (*pack_panel) (float *dst, const void *w, size_t w_stride, bool bf16, int rows, int cols);
  /* y[i·y_stride + r] (+)= Σ_k a[k·a_stride + i] · b[k·b_stride + r] for i < m <= panel_m, r < rows <= panel_n.  b may be read up to
   * panel_n. */
  void (*panel) (float *y, size_t y_stride, const float *a, size_t a_stride, int m, const float *b, size_t b_stride, int depth, int rows, bool add);

  /* The same with both sides in BF16, two columns k, k + 1 side by side: (⌈cols / 2⌉, m, 2), (⌈cols / 2⌉, panel_n, 2). */
  void (*pack_rows_bf16) (uint16_t *dst, const float *x, size_t x_stride, int m, int cols);
  void (*pack_panel_bf16) (uint16_t *dst, const uint16_t *w, size_t w_stride, int rows, int cols);
  void (*panel_bf16) (float *y, size_t y_stride, const uint16_t *a, int m, const uint16_t *b, int depth, int rows, bool add);

  /* ---- matmul-quant.c -------------------------------------------------------------------------- */

  /* Columns [begin, end) of m rows into dst; begin and end are multiples of 32. */
  void (*quantise_rows) (KrnQuantRows dst, const float *x, size_t x_stride, int m, int begin, int end);
  /* y[i·y_stride + r] for i < m <= quant_m, r < rows; the first of them is the first of a tile. */
  void (*quant_dot) (float *y, size_t y_stride, KrnQuantRows x, int m, KrnType type, const void *tiles, int rows, int cols);

  /* ---- quantise.c ------------------------------------------------------------------------------ */

  /* One tile: rows <= 16 rows of 32 columns. */
  void (*quantise_tile) (KrnType type, uint8_t *tile, const uint16_t *src, size_t stride, int rows);

  /* ---- attention.c ----------------------------------------------------------------------------- */

  /* One query row, `heads` query heads of the same K/V head: o (heads, hd) += Σ_j e^(s_j − m)·v_j, l += Σ_j e^(s_j − m), where m is the
   * running maximum; o and l are corrected when m grows.  Starts from m = −∞, l = 0, o = 0. */
  void (*attend) (float *o, float *m, float *l, const float *q, int heads, const KrnKeys *keys, int head_dim, float scale);

  /* Many query rows: panel_n lanes, each a row and a head.  Scores s (n_keys, panel_n) become weights e^(s − m), m and l (panel_n)
   * follow; row n_keys of s is e^(old m − new m).  A lane sees the keys first … last, the first of s being number `key`; first NULL: all.
   * Starts from m = −1e30, l = 0. */
  void (*soften_lanes) (float *s, int n_keys, float *m, float *l, const float *first, const float *last, int key);
  /* o (hd, panel_n) times one factor for each lane. */
  void (*correct_lanes) (float *o, const float *factor, int head_dim);
  /* o (n, hd) from the first n <= panel_n lanes. */
  void (*unpack_lanes) (float *o, const float *lanes, int n, int head_dim);

  /* ---- sample.c -------------------------------------------------------------------------------- */

  /* x / temperature, not-a-number as −∞; the largest of every KRN_SAMPLE_BLOCK entries. */
  void (*condition) (float *x, int n, float temperature, float *block_max);
  /* w = e^(x − most), 0 where x < lowest or w < least; the sum of every block, and of all. */
  double (*weigh) (float *w, const float *x, int n, float most, float lowest, float least, float *block_sum);

  /* ---- peak.c: what the machine can do ---------------------------------------------------------- */

  float (*peak_read) (const float *x, size_t n);
  /* Each does `rounds` rounds and returns the number of operations in one; 0 when the set has no such instruction.
   * *sink is read and written, so that the work has a result. */
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
