/* krn.h: the arithmetic, as one table of operations over opaque buffers.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The engine writes the model's equations with these operations and calls nothing else; every
 * backend (kernels/cpu, later kernels/gpu) fills one KrnOps table.  The operations have the
 * granularity in which the model is written down, so that a backend may fuse what is inside one.
 *
 *   const KrnOps *k = krn_cpu_ops ();
 *   KrnDevice    *d = k->open (&(KrnOptions){ .threads = 0 }, err, sizeof err);
 *   KrnBuffer    *b = k->alloc (d, bytes);
 *   k->rms_norm (d, y, x, w, 1e-6f);      … enqueue work …
 *   if (k->sync (d, err, sizeof err) < 0)  … the first failure since the last sync …
 *
 * Conventions, for all operations:
 *  - Row-major.  A matrix (r, c) has r rows of c elements; activations are one row per token.
 *  - A linear weight is (out, in) and is applied as y = x·wᵀ.
 *  - Activations and accumulation are KRN_F32.  Weights are KRN_F32, KRN_BF16, KRN_Q8 or KRN_Q4.
 *  - Operations enqueue and return void; a failure latches in the device and sync () reports it.
 *    Arguments are trusted: shapes are checked by the engine when a model is loaded.
 *  - Nothing is allocated by an operation other than alloc () and open ().
 *  - A device is used by one thread at a time.  Different devices are independent.
 *  - "scratch" arguments are written freely; where the comment says "left in", the value stays
 *    there for the caller to look at.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KRN_ABI 3

/* The most rows that attention_band looks at. */
#define KRN_MAX_REACH 64

typedef enum {
  KRN_F32,
  KRN_BF16, /* upper half of an F32 */
  KRN_I32,
  KRN_Q8, /* blocks of 32 with one scale, 8 bits:  krn-quant.h */
  KRN_Q4, /* blocks of 32 with one scale, 4 bits:  krn-quant.h */
} KrnType;

typedef struct KrnDevice KrnDevice;
typedef struct KrnBuffer KrnBuffer;

/* A view of a buffer: passed by value, never owns.  buf == NULL means "absent". */
typedef struct {
  KrnBuffer *buf;
  size_t     offset; /* bytes from the start of the buffer */
  KrnType    type;
  int32_t    rows, cols;
  int32_t    stride; /* elements between two rows; 0 means cols.  Always 0 for Q8 and Q4 */
} KrnMat;

/* Keys and values of one layer and one sequence.  Position p lives in slot p mod slots, so that a
 * full-attention cache (slots >= context) is linear and a sliding one is a ring.
 * k, v: (slots, n_kv_heads·head_dim), both KRN_F32 or both KRN_BF16. */
typedef struct {
  KrnMat k, v;
} KrnCache;

/* Rows [row, row + n_rows) of an activation belong to one sequence, at consecutive positions from
 * `position`.  Several spans in one call are several independent sequences (batched decode). */
typedef struct {
  KrnCache cache;
  int32_t  row, n_rows;
  int32_t  position;
} KrnSpan;

typedef struct {
  int32_t index;   /* which device, 0 = the first */
  int32_t threads; /* CPU: 0 = one per core */
  bool    fast;    /* activations may be rounded to bf16 in front of bf16 weights */
  float   memory_share; /* GPUs: the part of the device's memory that may be used, 0 = 0.9 */
} KrnOptions;

typedef struct {
  char     name[96]; /* "AMD EPYC 9B45" */
  char     isa[64];  /* "avx512-bf16-vnni", "avx2", "c", "sm_90" */
  int32_t  threads;
  uint64_t memory_total, memory_free; /* bytes; free: what may still be taken */
  int32_t  rows; /* of one pass that keep the device busy */
} KrnDeviceInfo;

/* What the machine can do, measured now (bench compares with these). */
typedef struct {
  double read_gbs;    /* reading a large array once, all threads, GB/s */
  double f32_tflops;  /* fused multiply-adds in F32 */
  double bf16_tflops; /* the bf16 dot product, 0 when the machine has none */
  double int8_tops;   /* the 8-bit dot product, 0 when none */
} KrnLimits;

/* Weights of one attention block's input side. */
typedef struct {
  KrnMat  norm;           /* (1, H) */
  KrnMat  wq, wk, wv;     /* (n_heads·hd, H), (n_kv·hd, H) twice; wk.buf NULL: the layer has no own K, V */
  KrnMat  q_norm, k_norm; /* (1, hd) */
  int32_t head_dim;       /* hd */
  float   eps;
} KrnQkvWeights;

/* Weights of one gated MLP. */
typedef struct {
  KrnMat norm;      /* (1, H) */
  KrnMat gate, up;  /* (I, H) */
  KrnMat down;      /* (H, I) */
  KrnMat post_norm; /* (1, H) */
  float  eps;
} KrnMlpWeights;

/* Weights of one per-layer-embedding block. */
typedef struct {
  KrnMat gate;      /* (P, H) */
  KrnMat proj;      /* (H, P) */
  KrnMat post_norm; /* (1, H) */
  float  scalar;    /* layer_scalar */
  float  eps;
} KrnPleWeights;

/* A linear layer of the encoders, whose bounds are in the checkpoint:
 *   clip (x; w) = clamp (clamp (x; in)·wᵀ; out) */
typedef struct {
  KrnMat w; /* (out, in) */
  float  in_low, in_high, out_low, out_high;
} KrnClipped;

typedef struct {
  KrnMat     norm, post_norm; /* (1, d) */
  KrnClipped gate, up;        /* (I, d) */
  KrnClipped down;            /* (d, I) */
  float      eps;
} KrnClippedMlp;

/* How the next token is chosen.  Order as in the reference: repetition penalty and suppression on
 * the raw logits, then temperature, top-k, top-p, min-p, softmax, draw.  temperature 0, or NaN, = argmax. */
typedef struct {
  float          temperature;
  int32_t        top_k;              /* 0 = off; ties with the k-th are kept */
  float          top_p;              /* 1 = off */
  float          min_p;              /* 0 = off */
  float          repetition_penalty; /* 1 = off: l > 0 ? l / r : l · r, once per distinct id in recent */
  const int32_t *recent;             /* borrowed, n_recent ids */
  int32_t        n_recent;
  const int32_t *suppress; /* borrowed, these ids get −inf */
  int32_t        n_suppress;
  uint64_t       seed, step; /* the draw is a pure function of (seed, step): counter-based */
} KrnSampling;

typedef struct {
  uint32_t    abi;  /* KRN_ABI */
  const char *name; /* "cpu", "cuda", "hip" */

  /* ---- devices and memory ---------------------------------------------------------------- */

  /* How many devices this backend can use; 0 with one sentence in `why` when none. */
  int (*probe) (char *why, size_t why_len);
  /* What device `index` is, without opening it: 0, or −1 when there is no such device.  memory_free is
   * 0 when it is not known, threads how many it would have.  Any thread, but never while another is in
   * probe, describe or open. */
  int (*describe) (int index, KrnDeviceInfo *info);
  /* NULL with a sentence in err. */
  KrnDevice *(*open) (const KrnOptions *options, char *err, size_t err_len);
  void (*close) (KrnDevice *dev);
  void (*info) (KrnDevice *dev, KrnDeviceInfo *info);
  /* Takes about a second; allocates and frees its own memory.  0 or −1 (out of memory). */
  int (*limits) (KrnDevice *dev, KrnLimits *limits);
  /* The rate, in GB/s, at which these matrices come from memory when nothing is done with them:
   * read once through, whole MiB of each, by all that computes.  0: out of memory, or no whole MiB.
   * The limit of what reads just these, in the minute in which it is asked. */
  double (*read_rate) (KrnDevice *dev, const KrnMat *mats, int n_mats);

  /* Zeroed, 64-byte aligned.  NULL: out of memory (never aborts). */
  KrnBuffer *(*alloc) (KrnDevice *dev, size_t bytes);
  /* Borrows host memory that outlives the buffer (a mapped file); read only.  The CPU uses it in
   * place; a GPU uploads, or keeps it on the host if `host` is true (tables that are only gathered). */
  KrnBuffer *(*wrap) (KrnDevice *dev, const void *host_memory, size_t bytes, bool host);
  void (*free) (KrnDevice *dev, KrnBuffer *buf); /* NULL allowed */
  void (*write) (KrnDevice *dev, KrnBuffer *buf, size_t offset, const void *src, size_t bytes);
  /* Waits for the work before it. */
  void (*read) (KrnDevice *dev, const KrnBuffer *buf, size_t offset, void *dst, size_t bytes);
  /* Waits; 0, or −1 with the first failure since the last call in err. */
  int (*sync) (KrnDevice *dev, char *err, size_t err_len);

  /* ---- elementary -------------------------------------------------------------------------- */

  /* y[i] = scale · table[ids[i]].  y (n, c) F32, ids (n, 1) I32 within the table, table (V, c). */
  void (*embed) (KrnDevice *dev, KrnMat y, KrnMat ids, KrnMat table, float scale);
  /* y = x, element by element; both F32, same shape (strides may differ). */
  void (*copy) (KrnDevice *dev, KrnMat y, KrnMat x);
  /* y[r] = x[r] · (mean (x[r]²) + eps)^−½ · w.  w (1, c), or absent for no weight.  y may be x. */
  void (*rms_norm) (KrnDevice *dev, KrnMat y, KrnMat x, KrnMat w, float eps);
  /* y = x·wᵀ.  x (n, in), w (out, in), y (n, out). */
  void (*linear) (KrnDevice *dev, KrnMat y, KrnMat x, KrnMat w);
  /* x = cap · tanh (x / cap), in place. */
  void (*softcap) (KrnDevice *dev, KrnMat x, float cap);

  /* ---- attention --------------------------------------------------------------------------- */

  /* a = rms (x; norm)                     left in a (n, H)
   * q = rms_head (a·wqᵀ; q_norm)          (n, n_heads·hd)    skipped when q.buf is NULL
   * k = rms_head (a·wkᵀ; k_norm)          (n, n_kv·hd)       skipped when wk.buf is NULL
   * v = rms_head (a·wvᵀ), no weight       (n, n_kv·hd)       skipped when wk.buf is NULL
   * rms_head normalises every group of hd elements on its own.  Before RoPE. */
  void (*project_qkv) (KrnDevice *dev, KrnMat q, KrnMat k, KrnMat v, KrnMat a, KrnMat x, const KrnQkvWeights *w);

  /* cs[r] = cos (p·f_i) for i < hd/2, then sin (p·f_i); p the position of row r, f = freq (1, hd/2).
   * cs (n, hd).  Angles in F32 as in the reference. */
  void (*rope_angles) (KrnDevice *dev, KrnMat cs, const KrnSpan *spans, int n_spans, KrnMat freq);

  /* Rotates pairs (i, i + hd/2) of every head: x'_i = x_i·cos − x_{i+hd/2}·sin,
   * x'_{i+hd/2} = x_{i+hd/2}·cos + x_i·sin.  q in place (skipped when q.buf is NULL); k rotated, and v as
   * it is, into the spans' caches (skipped when k.buf is NULL; k itself may be overwritten). */
  void (*rope_store) (KrnDevice *dev, KrnMat q, KrnMat k, KrnMat v, KrnMat cs, const KrnSpan *spans, int n_spans, int32_t head_dim);

  /* o_h = softmax (scale · q_h·Kᵀ + mask)·V over the span's cache, for every row and query head; query
   * head h reads K/V head h / (n_heads / n_kv_heads).  Key position j is visible to query position i
   * iff j <= i and (window == 0 or j > i − window).  The rows of the span are already in the cache,
   * and the cache still holds every visible key: slots >= window + n_rows − 1.  q, o (n, n_heads·hd). */
  void (*attention) (KrnDevice *dev, KrnMat o, KrnMat q, const KrnSpan *spans, int n_spans, int32_t n_heads, int32_t n_kv_heads, int32_t head_dim, int32_t window, float scale);

  /* y = x·wᵀ                              left in y (n, H)
   * h = h + rms (y; norm) */
  void (*project_add) (KrnDevice *dev, KrnMat h, KrnMat y, KrnMat x, KrnMat w, KrnMat norm, float eps);

  /* ---- feed-forward ------------------------------------------------------------------------ */

  /* f = rms (h; norm)                     scratch (n, H)
   * g = gelu_tanh (f·gateᵀ) ⊙ (f·upᵀ)     scratch (n, I)
   * m = g·downᵀ                           left in m (n, H)
   * h = h + rms (m; post_norm)
   * gelu_tanh (x) = ½x (1 + tanh (√(2/π) (x + 0.044715 x³))) */
  void (*gated_mlp) (KrnDevice *dev, KrnMat h, KrnMat m, KrnMat g, KrnMat f, const KrnMlpWeights *w);

  /* ---- per-layer embeddings ---------------------------------------------------------------- */

  /* c = rms_P (scale · x·wᵀ; norm)        left in c (n, L·P); rms over every group of P, norm (1, P)
   * p = (p + c) · 2^−½                    p (n, L·P): in the token part, out the sum */
  void (*ple_inputs) (KrnDevice *dev, KrnMat p, KrnMat c, KrnMat x, KrnMat w, KrnMat norm, float scale, float eps);

  /* g = gelu_tanh (h·gateᵀ) ⊙ p           scratch (n, P); p (n, P), this layer's slice
   * y = g·projᵀ                           left in y (n, H)
   * h = (h + rms (y; post_norm)) · scalar */
  void (*ple_block) (KrnDevice *dev, KrnMat h, KrnMat y, KrnMat g, KrnMat p, const KrnPleWeights *w);

  /* ---- encoders: row by row ---------------------------------------------------------------- */

  /* Activations only, all F32, of any stride.  No rows and no columns are allowed. */

  /* y = min (max (x, low), high), element by element; NaN stays NaN.  y may be x. */
  void (*clamp) (KrnDevice *dev, KrnMat y, KrnMat x, float low, float high);
  /* y = y + s · x.  x has the shape of y, or one row that is added to every row of y. */
  void (*add_scaled) (KrnDevice *dev, KrnMat y, KrnMat x, float s);
  /* g = gelu_tanh (g) ⊙ u, same shape; gelu_tanh as in gated_mlp. */
  void (*gelu_mul) (KrnDevice *dev, KrnMat g, KrnMat u);
  /* y = x ⊙ sigmoid (x), same shape.  y may be x. */
  void (*silu) (KrnDevice *dev, KrnMat y, KrnMat x);
  /* y = x[:, :c] ⊙ sigmoid (x[:, c:]).  x (n, 2c), y (n, c); y may be the left half of x. */
  void (*glu) (KrnDevice *dev, KrnMat y, KrnMat x);
  /* y[r] = max (0, (x[r] − mean) · (variance + eps)^−½ · w), mean and (biased) variance of the row.
   * w (1, c), F32 or BF16.  y may be x. */
  void (*layer_norm_relu) (KrnDevice *dev, KrnMat y, KrnMat x, KrnMat w, float eps);

  /* ---- encoders: linear layers with bounds ---------------------------------------------------- */

  /* What is called scratch holds nothing of meaning afterwards. */

  /* y = clip (x; w).  z (like x) is scratch, and may be x. */
  void (*clipped) (KrnDevice *dev, KrnMat y, KrnMat z, KrnMat x, const KrnClipped *w);
  /* y_i = clip (rms_w (x; norm); w_i), i < n.  a, z (like x) are scratch. */
  void (*norm_clipped) (KrnDevice *dev, const KrnMat *y, int32_t n, KrnMat a, KrnMat z, KrnMat x, KrnMat norm, float eps, const KrnClipped *w);
  /* h = h + s · rms_w (clip (x; w); norm).  y (like h) and z (like x) are scratch; z may be x. */
  void (*clipped_add) (KrnDevice *dev, KrnMat h, KrnMat y, KrnMat z, KrnMat x, const KrnClipped *w, KrnMat norm, float eps, float s);
  /* f = rms_w (h; norm),  h = h + rms_w (clip (gelu_tanh (clip (f; gate)) ⊙ clip (f; up); down); post_norm).
   * y, a, z (like h) and g, u (n, I) are scratch. */
  void (*clipped_mlp) (KrnDevice *dev, KrnMat h, KrnMat y, KrnMat g, KrnMat u, KrnMat a, KrnMat z, const KrnClippedMlp *w);

  /* ---- encoders: pictures ------------------------------------------------------------------ */

  /* attention in which every row of q sees every row of k: o_h = softmax (scale · q_h·Kᵀ)·V.
   * q, o (n, n_heads·hd); k, v (m, n_kv_heads·hd), m >= 1, both F32 or both BF16.  o may be q.
   * Memory does not grow with n · m (arXiv 2205.14135). */
  void (*attention_all) (KrnDevice *dev, KrnMat o, KrnMat q, KrnMat k, KrnMat v, int32_t n_heads, int32_t n_kv_heads, int32_t head_dim, float scale);

  /* The rows of a picture's activations are its patches, from the top left along the lines: row r is
   * the patch in column r mod width of line r div width. */

  /* Patches of a picture: y[i] = 2·b / 255 − 1, b the bytes of patch first + i as (line, column, channel).
   * Its pixels, of 3 bytes, lie from `offset` of `pixels` on, line by line, width patches of edge × edge
   * pixels to a line.  y (n, 3·edge²). */
  void (*grid_patches) (KrnDevice *dev, KrnMat y, const KrnBuffer *pixels, size_t offset, int32_t first, int32_t width, int32_t edge);
  /* Angles for rotary positions in two dimensions: cs[r] = cos (x·f_i), sin (x·f_i), cos (y·f_i),
   * sin (y·f_i), hd/4 each, x the column and y the line of patch r, f = freq (1, hd/4).  cs (n, hd). */
  void (*grid_angles) (KrnDevice *dev, KrnMat cs, KrnMat freq, int32_t width);
  /* Rotates both halves of every head of x (n, n_heads·hd), in place: the first half with the first
   * half of cs[r], which turns with x, the second with the second.  In a half, as in rope_store, the
   * pairs are (i, i + hd/4).  cs (n, hd), hd a multiple of 4. */
  void (*grid_rotate) (KrnDevice *dev, KrnMat x, KrnMat cs, int32_t head_dim);
  /* Every head of q and k: rms_w (·; its norm), then as grid_rotate; every head of v: rms (·).  In
   * place; q, k, v (n, n_heads·hd), norms (1, hd). */
  void (*grid_heads) (KrnDevice *dev, KrnMat q, KrnMat k, KrnMat v, KrnMat cs, KrnMat q_norm, KrnMat k_norm, int32_t head_dim, float eps);
  /* y[r] = scale · mean of a square of k × k patches, the squares numbered like patches.  x (n, c), y
   * (n / k², c); width and the number of lines, n / width, are multiples of k.  y is not x. */
  void (*grid_pool) (KrnDevice *dev, KrnMat y, KrnMat x, int32_t width, int32_t k, float scale);

  /* ---- encoders: sound --------------------------------------------------------------------- */

  /* A 3 × 3 convolution with stride 2 × 2, zeros around and no bias.  x (height · width, c) is a grid
   * with c channels, as above: for sound, a line is a time and a column a band.  Output point (i, j)
   * sees lines 2i − 1 … 2i + 1 and columns 2j − 1 … 2j + 1.  y (⌈height/2⌉ · ⌈width/2⌉, out), w (out,
   * c·9), in a row [channel][line][column]: [out][in][3][3] of a checkpoint as it lies.  y is not x.
   * A mask of valid times is not needed where x ends with the last valid one: what lies behind it is
   * 0 either way. */
  void (*conv_2d) (KrnDevice *dev, KrnMat y, KrnMat x, KrnMat w, int32_t width);

  /* A filter of K taps along time for every channel: y[t, c] = Σ_k w[c, k] · x[t − K + 1 + k, c], with
   * zeros before the first row.  x, y (n, c), w (c, K), F32 or BF16.  y is not x. */
  void (*conv_causal) (KrnDevice *dev, KrnMat y, KrnMat x, KrnMat w);

  /* Attention of every row to itself and the rows before it, as far as rel has distances: for every
   * head, with δ = t − s, 0 <= δ < rel.rows <= KRN_MAX_REACH, s >= 0,
   *   q'_t = q_t ⊙ q_scale
   *   S_ts = cap · tanh ((k_scale · q'_t·k_s + q'_t·r_δ) / cap)       softmax over s
   *   o_t  = Σ_s softmax (S_t)_s · v_s
   * which is the conformer's local attention with relative positions (arXiv 1901.02860, 2005.08100).
   * q, k, v, o (n, n_heads·hd); rel (reach, n_heads·hd), row δ is r_δ; q_scale (1, hd); all F32.
   * o may be q. */
  void (*attention_band) (KrnDevice *dev, KrnMat o, KrnMat q, KrnMat k, KrnMat v, KrnMat rel, KrnMat q_scale, float k_scale, int32_t head_dim, float cap);

  /* ---- choosing ---------------------------------------------------------------------------- */

  /* ids[r] = a draw from logits[r].  ids (n, 1) I32, logits (n, V) F32 (overwritten).  probs (n, V) F32
   * or absent: the distribution that was drawn from (one-hot for temperature 0). */
  void (*sample) (KrnDevice *dev, KrnMat ids, KrnMat logits, KrnMat probs, const KrnSampling *sampling);
} KrnOps;

/* The CPU backend, always linked in.  (A module exports the same under the name krn_ops.) */
const KrnOps *krn_cpu_ops (void);
