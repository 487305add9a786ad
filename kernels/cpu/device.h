/* device.h: the CPU device as the operations see it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Internal to this folder.  A device owns its threads and all the working memory that operations
 * need: one arena that the members of the pool share (activations made ready for a matrix product,
 * parts of attention), and a private piece for each member.  Both are mapped once; the system hands
 * out pages when they are first touched. */
#pragma once

#include <stddef.h>

#include "kernels/krn.h"
#include "kernels/cpu/isa/isa.h"
#include "kernels/cpu/pool.h"

#define KRN_ARENA_BYTES   ((size_t)96 << 20)
#define KRN_SCRATCH_BYTES ((size_t)2 << 20)
/* At most so many elements are handled by one member between two barriers instead of by all of them
 * after one more. */
#define KRN_SMALL 16384

struct KrnBuffer {
  unsigned char *data;
  size_t         bytes;
  enum {
    KRN_BUFFER_BORROWED, /* from wrap (): read only */
    KRN_BUFFER_HEAP,
    KRN_BUFFER_MAPPED,
  } kind;
};

struct KrnDevice {
  KrnPool        pool;
  const KrnIsa  *isa;
  bool           fast;
  unsigned char *arena;   /* KRN_ARENA_BYTES */
  unsigned char *scratch; /* n_threads · KRN_SCRATCH_BYTES */
  bool           failed;
  char           error[256]; /* the first failure since the last sync () */
};

/* Latches the first failure. */
void krn_device_fail (KrnDevice *dev, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

static inline unsigned char *
krn_scratch (const KrnMember *m)
{
  const KrnDevice *dev = (const KrnDevice *)((const char *)m->pool - offsetof (KrnDevice, pool));

  return dev->scratch + (size_t)m->index * KRN_SCRATCH_BYTES;
}

static inline size_t
krn_stride (KrnMat m)
{
  return (size_t)(m.stride ? m.stride : m.cols);
}

/* The first element of a row of an F32 matrix. */
static inline float *
krn_row (KrnMat m, int row)
{
  return (float *)(m.buf->data + m.offset) + (size_t)row * krn_stride (m);
}

static inline const uint16_t *
krn_row_bf16 (KrnMat m, int row)
{
  return (const uint16_t *)(m.buf->data + m.offset) + (size_t)row * krn_stride (m);
}

static inline const int32_t *
krn_ids (KrnMat m)
{
  return (const int32_t *)(m.buf->data + m.offset);
}

/* Rows [row, row + n) of activations, and where such rows go. */
static inline KrnIn
krn_in (KrnMat m, int row, int n)
{
  return (KrnIn){krn_row (m, row), krn_stride (m), n};
}

static inline KrnOut
krn_out (KrnMat m, int row)
{
  return (KrnOut){krn_row (m, row), krn_stride (m)};
}

static inline KrnVector
krn_vector (KrnMat m)
{
  return (KrnVector){m.buf ? m.buf->data + m.offset : NULL, m.type == KRN_BF16};
}

/* ---- operations; contracts in krn.h ---- */

int    krn_cpu_limits (KrnDevice *dev, KrnLimits *limits);
double krn_cpu_read_rate (KrnDevice *dev, const KrnMat *mats, int n_mats);

void krn_cpu_embed (KrnDevice *dev, KrnMat y, KrnMat ids, KrnMat table, float scale);
void krn_cpu_copy (KrnDevice *dev, KrnMat y, KrnMat x);
void krn_cpu_rms_norm (KrnDevice *dev, KrnMat y, KrnMat x, KrnMat w, float eps);
void krn_cpu_softcap (KrnDevice *dev, KrnMat x, float cap);
void krn_cpu_linear (KrnDevice *dev, KrnMat y, KrnMat x, KrnMat w);

void krn_cpu_project_qkv (KrnDevice           *dev,
                          KrnMat               q,
                          KrnMat               k,
                          KrnMat               v,
                          KrnMat               a,
                          KrnMat               x,
                          const KrnQkvWeights *w);
void krn_cpu_rope_angles (KrnDevice     *dev,
                          KrnMat         cs,
                          const KrnSpan *spans,
                          int            n_spans,
                          KrnMat         freq);
void krn_cpu_rope_store (KrnDevice     *dev,
                         KrnMat         q,
                         KrnMat         k,
                         KrnMat         v,
                         KrnMat         cs,
                         const KrnSpan *spans,
                         int            n_spans,
                         int32_t        head_dim);
void krn_cpu_attention (KrnDevice     *dev,
                        KrnMat         o,
                        KrnMat         q,
                        const KrnSpan *spans,
                        int            n_spans,
                        int32_t        n_heads,
                        int32_t        n_kv_heads,
                        int32_t        head_dim,
                        int32_t        window,
                        float          scale);
void krn_cpu_project_add (KrnDevice *dev,
                          KrnMat     h,
                          KrnMat     y,
                          KrnMat     x,
                          KrnMat     w,
                          KrnMat     norm,
                          float      eps);
void krn_cpu_gated_mlp (KrnDevice           *dev,
                        KrnMat               h,
                        KrnMat               m,
                        KrnMat               g,
                        KrnMat               f,
                        const KrnMlpWeights *w);
void krn_cpu_ple_inputs (KrnDevice *dev,
                         KrnMat     p,
                         KrnMat     c,
                         KrnMat     x,
                         KrnMat     w,
                         KrnMat     norm,
                         float      scale,
                         float      eps);
void krn_cpu_ple_block (KrnDevice           *dev,
                        KrnMat               h,
                        KrnMat               y,
                        KrnMat               g,
                        KrnMat               p,
                        const KrnPleWeights *w);
void krn_cpu_clamp (KrnDevice *dev, KrnMat y, KrnMat x, float low, float high);
void krn_cpu_add_scaled (KrnDevice *dev, KrnMat y, KrnMat x, float s);
void krn_cpu_gelu_mul (KrnDevice *dev, KrnMat g, KrnMat u);
void krn_cpu_silu (KrnDevice *dev, KrnMat y, KrnMat x);
void krn_cpu_glu (KrnDevice *dev, KrnMat y, KrnMat x);
void krn_cpu_layer_norm_relu (KrnDevice *dev, KrnMat y, KrnMat x, KrnMat w, float eps);
/* clipped.c */
void krn_cpu_clipped (KrnDevice *dev, KrnMat y, KrnMat z, KrnMat x, const KrnClipped *w);
void krn_cpu_norm_clipped (KrnDevice *dev, const KrnMat *y, int32_t n, KrnMat a, KrnMat z, KrnMat x, KrnMat norm, float eps, const KrnClipped *w);
void krn_cpu_clipped_add (KrnDevice *dev, KrnMat h, KrnMat y, KrnMat z, KrnMat x, const KrnClipped *w, KrnMat norm, float eps, float s);
void krn_cpu_clipped_mlp (KrnDevice *dev, KrnMat h, KrnMat y, KrnMat g, KrnMat u, KrnMat a, KrnMat z, const KrnClippedMlp *w);
void krn_cpu_grid_heads (KrnDevice *dev, KrnMat q, KrnMat k, KrnMat v, KrnMat cs, KrnMat q_norm, KrnMat k_norm, int32_t head_dim, float eps);
void krn_cpu_attention_all (KrnDevice *dev,
                            KrnMat     o,
                            KrnMat     q,
                            KrnMat     k,
                            KrnMat     v,
                            int32_t    n_heads,
                            int32_t    n_kv_heads,
                            int32_t    head_dim,
                            float      scale);
void krn_cpu_grid_patches (KrnDevice *dev, KrnMat y, const KrnBuffer *pixels, size_t offset, int32_t first, int32_t width, int32_t edge);
void krn_cpu_grid_angles (KrnDevice *dev, KrnMat cs, KrnMat freq, int32_t width);
void krn_cpu_grid_rotate (KrnDevice *dev, KrnMat x, KrnMat cs, int32_t head_dim);
void krn_cpu_grid_pool (KrnDevice *dev, KrnMat y, KrnMat x, int32_t width, int32_t k, float scale);
void krn_cpu_conv_2d (KrnDevice *dev, KrnMat y, KrnMat x, KrnMat w, int32_t width);
void krn_cpu_conv_causal (KrnDevice *dev, KrnMat y, KrnMat x, KrnMat w);
void krn_cpu_attention_band (KrnDevice *dev,
                             KrnMat     o,
                             KrnMat     q,
                             KrnMat     k,
                             KrnMat     v,
                             KrnMat     rel,
                             KrnMat     q_scale,
                             float      k_scale,
                             int32_t    head_dim,
                             float      cap);
void krn_cpu_sample (KrnDevice         *dev,
                     KrnMat             ids,
                     KrnMat             logits,
                     KrnMat             probs,
                     const KrnSampling *sampling);
