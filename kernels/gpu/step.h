/* step.h: what a list of steps is made of.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A step is one operation on few rows with all its arguments, as the device reads it: plain data, device addresses.
 * All blocks of the launch compute a step together, and none begins the next one before all are done; each step's own
 * function (its name is beside its arguments below) does the waiting, so that it can ask for its weights before. */
#pragma once

#include "kernels/gpu/gpu.h"

typedef enum {
  GPU_STEP_ROWS,   /* rows.h */
  GPU_STEP_HEADS,  /* rows.h */
  GPU_STEP_PLE,    /* rows.h */
  GPU_STEP_COPY,   /* rows.h */
  GPU_STEP_GELU,   /* rows.h */
  GPU_STEP_GATHER, /* rows.h */
  GPU_STEP_ANGLES, /* rows.h: up to here */
  GPU_STEP_MATVEC, /* matvec.h */
  GPU_STEP_PLAIN,  /* matvec.h */
  GPU_STEP_THIN,   /* thin.h */
  GPU_STEP_ATTEND, /* attend.h */
  GPU_STEP_JOIN,   /* attend.h */
  GPU_STEP_SAMPLE, /* sample.h */
} GpuStepKind;

/* A vector of weights: F32 or bf16.  p NULL: none, which counts as ones. */
typedef struct {
  const void *p;
  int32_t     bf16;
} GpuVector;

/* h = (h + share · rms (y; norm)) · scalar, row by row */
typedef struct {
  float    *h; /* NULL: nothing to do */
  const float *y;
  float    *y_copy; /* y once more, where somebody may look for it; NULL: y is there */
  GpuVector norm;
  int32_t   h_stride, y_stride, cols;
  float     eps, scalar, share; /* share: 1, but for many rows or in a step of its own */
} GpuResidual;

/* Rows made ready for a product: n_planes planes of bf16 whose sum is the row (1: rounded, 3: exact), or whole numbers of 8 bits with
 * one F32 scale for 32.  @cols is a multiple of 8 for bf16, of 32 else. */
typedef struct {
  void   *data; /* NULL: none.  bf16 (n_planes, rows, cols), or int8 (rows, cols) */
  float  *scales; /* (rows, cols / 32); NULL: bf16 */
  int32_t rows, cols, n_planes;
} GpuReady;

/* x = the residual added, where there is one (then x is h and is written)
 * y = rms (x; norm) if normalise, else x.  y NULL: not wanted */
typedef struct {
  GpuResidual  residual;
  const float *x;
  float       *y;
  GpuVector    norm;
  int32_t      normalise, rows, cols, x_stride, y_stride;
  float        eps, low, high; /* of y: kept within, where low < high */
  GpuReady     ready;          /* y once more */
} GpuRows;

/* Of every head of one matrix: x = rms (x; norm) if normalise, turned by the row's angles if turn, then to the cache if there is one. */
typedef struct {
  float    *x;
  int32_t   stride, n_heads;
  GpuVector norm;
  int32_t   normalise, turn, store; /* 0, 1: as keys, 2: as values */
} GpuHeadsPart;

/* Rows [row, row + n_rows) of one sequence, as in KrnSpan. */
typedef struct {
  void   *k, *v; /* (slots, width) */
  int32_t row, n_rows, position, slots, k_stride, v_stride;
} GpuSpan;

typedef struct {
  GpuHeadsPart   part[3];
  int32_t        n_parts, rows, head_dim, cs_stride, kv_type, n_spans;
  float          eps;
  const float   *cs;
} GpuHeads;

/* c = rms_P (scale · c; norm),  p = (p + c) · 2^−½, in groups of P */
typedef struct {
  float    *p, *c;
  GpuVector norm;
  int32_t   rows, groups, width, p_stride, c_stride;
  float     scale, eps;
} GpuPle;

/* y = x; or x = cap · tanh (x / cap) in place for cap > 0 */
typedef struct {
  float       *y;
  const float *x;
  int32_t      rows, cols, y_stride, x_stride;
  float        cap;
} GpuCopy;

/* y = gelu (x) ⊙ u */
typedef struct {
  float       *y;
  const float *x, *u;
  int32_t      rows, cols, y_stride, x_stride, u_stride;
  GpuReady     ready; /* y once more */
} GpuGelu;

/* y[r] = scale · table[ids[r]]; ids NULL: row r.  @type: KrnType */
typedef struct {
  float         *y;
  const int32_t *ids;
  const void    *table;
  int32_t        type, rows, cols, y_stride, stride, table_cols;
  float          scale;
} GpuGather;

/* cs[r] = cos (p·f), sin (p·f) */
typedef struct {
  float       *cs;
  const float *freq;
  int32_t      rows, head_dim, cs_stride, n_spans;
} GpuAngles;

/* Weights of a product: rows of the output. */
typedef struct {
  const void *w;
  float      *y;
  int32_t     rows, stride, y_stride;
} GpuWeights;

typedef enum {
  GPU_AS_IT_IS,
  GPU_GELU_MUL, /* y₀ = gelu (y₀) ⊙ y₁ */
  GPU_GELU_BY,  /* y₀ = gelu (y₀) ⊙ by */
} GpuEpilogue;

/* y_i = x·w_iᵀ of one row, after what GpuRows does to it (the residual is added for itself only: who adds it for good is
 * the step's `finish`); or, as GPU_STEP_THIN, of rows that are ready. */
typedef struct {
  GpuResidual  residual;
  const float *x;
  GpuVector    norm;
  int32_t      normalise;
  float        eps;
  float       *x_out; /* where the row is left as the weights see it; NULL: nowhere */
  GpuWeights   part[3];
  int32_t      n_parts, type, cols, epilogue;
  const float *by;
  int32_t      by_stride, rows, x_stride;
  float        cap; /* > 0: y = cap · tanh (y / cap) */
  GpuReady     ready; /* THIN: the rows */
} GpuMatvec;

/* Attention of few rows: every (row, K/V head, part of the keys) is an item of work. */
typedef struct {
  const float *q; /* (rows, n_heads·hd) */
  float       *o; /* (rows, n_heads·hd) */
  float       *parts;   /* (rows, n_parts, n_heads, hd): not yet divided by their sums */
  float       *weights; /* (rows, n_parts, n_heads, 2): maximum and sum */
  int32_t      rows, n_heads, n_kv_heads, head_dim, window, n_parts, q_stride, o_stride, kv_type, n_spans;
  int32_t      wide; /* keys and values can be read four at once */
  int32_t      all; /* every row sees all keys up to its span's position */
  float        scale;
} GpuAttend;

/* One phase of the choice of one token. */
typedef struct {
  int32_t        phase; /* sample.h */
  int32_t        n, row; /* of the vocabulary; of the matrix */
  int32_t        top_k;  /* 0: off, and below n */
  float         *logits, *probs;
  int32_t       *id;
  const int32_t *recent, *suppress; /* on the device */
  int32_t        n_recent, n_suppress;
  void          *memory; /* GpuSampleMemory */
  float          temperature, top_p, min_p, penalty; /* temperature 0: the first of the largest; 1: off, as top_p */
  uint64_t       seed, number;
} GpuSample;

typedef struct {
  int32_t     kind;
  GpuResidual finish; /* besides: this is added for good, by one block; nothing else in this step looks at it */
  const GpuSpan *spans; /* on the device; as many as the arguments say */
  union {
    GpuRows   rows;
    GpuHeads  heads;
    GpuPle    ple;
    GpuCopy   copy;
    GpuGelu   gelu;
    GpuGather gather;
    GpuAngles angles;
    GpuMatvec matvec;
    GpuAttend attend;
    GpuSample sample;
  } u;
} GpuStep;

/* Nothing is kept within bounds that are not low < high. */
typedef struct {
  float low, high;
} GpuBounds;

/* A product of many rows: y = x·wᵀ on the matrix units, of rows that are ready.  epilogue GPU_GELU_MUL takes two weights. */
typedef struct {
  GpuReady    x;
  int32_t     rows;     /* of x that count */
  const void *w[2];     /* bf16 (n, cols) */
  int32_t     n, w_stride;
  float      *y;        /* F32, NULL with GPU_GELU_MUL if only `out` is wanted */
  int32_t     y_stride, epilogue;
  GpuReady    out;      /* GPU_GELU_MUL: y made ready, from column out_first on; data NULL: not wanted */
  int         out_first;
  GpuBounds   bounds, up_bounds, out_bounds; /* of y, or of the gate; of what is gated; of what comes of both */
  int         pairs;     /* y may be written two numbers at a time; gpu_gemm () knows */
} GpuGemm;
