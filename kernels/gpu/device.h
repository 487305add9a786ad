/* device.h: the GPU device as the operations see it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Internal to this folder.  Work reaches the GPU in two ways, and always in the order in which operations are called:
 *
 *  - as a **step** (step.h): few rows at a time, as when a token is generated.  Steps are collected in a list; one launch computes
 *    the whole list, with a barrier between steps that is much cheaper than a launch;
 *  - as a **launch** of its own (gpu_run), for many rows.  It first sends off the list.
 *
 * What one operation leaves to the next to finish (a sum not yet added to the residual stream, heads not yet normalised) is
 * kept in `pending`; gpu_settle () makes it true.  Host code; one thread at a time. */
#pragma once

#include "kernels/krn.h"
#include "kernels/gpu/gpu.h"
#include "kernels/gpu/step.h"

/* Rows of a pass that go through the list of steps; more go through launches. */
#define GPU_FEW_ROWS 16

#define GPU_LIST_STEPS    1024
#define GPU_LIST_SPANS    1024
#define GPU_LIST_RING     4
#define GPU_ARENA_BYTES   ((size_t)128 << 20)
/* The arena's parts.  Many rows take all from GPU_MANY_AT on, which nothing of few rows outlives. */
#define GPU_PRIVATE_AT    ((size_t)0)         /* two rows that wait to be added to the residual stream */
#define GPU_PRIVATE_COLS  8192
#define GPU_READY_AT      ((size_t)1 << 20)   /* two sets of few rows made ready */
#define GPU_READY_BYTES   ((size_t)3 << 20)
#define GPU_PARTS_AT      ((size_t)8 << 20)   /* attention in parts */
#define GPU_PARTS_BYTES   ((size_t)8 << 20)
#define GPU_MANY_AT       ((size_t)16 << 20)
#define GPU_MANY_BYTES    (GPU_ARENA_BYTES - GPU_MANY_AT)
#define GPU_WIDENED_BYTES ((size_t)40 << 20)
#define GPU_STAGING_BYTES ((size_t)40 << 20) /* each half: the rows of a pass */
#define GPU_NOTE_BYTES    ((size_t)128 << 10)

struct KrnBuffer {
  unsigned char       *data; /* on the device; NULL for a table that stays on the host */
  const unsigned char *host; /* such a table */
  size_t               bytes, taken; /* what was asked for; what it takes */
  bool                 borrowed;     /* from wrap (): read only */
};

struct KrnDevice {
  int            index;
  GPU (Stream_t) stream;
  GPU (DeviceProp) properties;
  bool           fast;
  bool           has_groups; /* gemm-groups.cu can be used */
  size_t         used, budget; /* bytes */
  struct {
    void  *data; /* NULL: none */
    size_t bytes;
  } spare; /* the last large piece that was given back, still counted as used: a driver takes milliseconds for each */

  /* The list of steps that has not been sent off. */
  GpuStep  *list; /* pinned, GPU_LIST_RING lists one after the other */
  GpuStep  *list_on_device;
  GpuSpan  *spans, *spans_on_device; /* the same for what steps point to */
  int       n_steps, n_spans, list_turn;
  GPU (Event_t) list_free[GPU_LIST_RING];
  unsigned *barrier; /* on the device: how often a block has arrived, since the start */
  unsigned  arrived; /* what it is when all that was sent off is done */
  int       n_blocks;

  /* Left to the next operation. */
  GpuResidual residual;      /* h NULL: nothing */
  int         residual_rows;
  GpuHeads    heads;         /* n_parts 0: nothing */
  GpuResidual heads_finish;  /* to be added for good beside them */
  int         private_turn;

  unsigned char *arena; /* GPU_ARENA_BYTES on the device, by its parts below */
  unsigned char *widened; /* GPU_WIDENED_BYTES: quantised weights as bf16, a slice at a time */

  /* Rows gathered from tables on the host. */
  unsigned char  *staging; /* pinned, two halves */
  unsigned char  *staging_on_device; /* the same memory as the device addresses it */
  GPU (Event_t)   staging_free[2];
  struct GpuCopiers *copiers; /* NULL: none */
  int             staging_turn;
  size_t          staging_used; /* of the half whose turn it is */
  /* What the host last wrote to the device in small pieces: ids that a gather needs. */
  struct {
    const unsigned char *at; /* device address; NULL: none */
    size_t               bytes;
    unsigned char       *copy; /* GPU_NOTE_BYTES */
  } notes[2];
  int note_turn;

  struct GpuSampler *sampler; /* sample.cu */

  char error[256]; /* the first failure since the last sync () */
  bool failed;
};


/* Latches the first failure. */
void gpu_fail (KrnDevice *dev, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
/* Latches @what if @status is an error.  Returns whether all is well. */
bool gpu_check (KrnDevice *dev, GPU (Error_t) status, const char *what);

/* steps.cu: room for lists. */
bool gpu_steps_open (KrnDevice *dev);
/* What an operation left for the next is done now, by a step of its own: to be called by every operation that does not take it over. */
void gpu_settle (KrnDevice *dev);
/* Copies spans to where a step that is appended or run next may point: the address on the device. */
const GpuSpan *gpu_spans (KrnDevice *dev, const KrnSpan *spans, int n_spans);
/* Appends a step; sends the list off when it is full. */
void gpu_append (KrnDevice *dev, const GpuStep *step);
/* Sends the list off.  Includes gpu_settle (). */
void gpu_send (KrnDevice *dev);
/* The same, but what is pending stays so: for launches in the middle of an operation. */
void gpu_send_steps (KrnDevice *dev);
/* A step for many rows, as a launch of its own: sends the list off before it.  @n_blocks of GPU_STEP_THREADS. */
void gpu_run_alone (KrnDevice *dev, const GpuStep *step, int n_blocks);
/* gpu_append () or gpu_run_alone (), as rows are few or many.  @items: pieces of work that are shared among groups of 32 lanes. */
void gpu_do (KrnDevice *dev, const GpuStep *step, int rows, long items);

/* A launch.  @dynamic: bytes of shared memory.  Everything before it has to be sent off: gpu_send (). */
#define gpu_run(dev, kernel, blocks, threads, dynamic, ...)                              \
  do {                                                                                   \
    if (!(dev)->failed) {                                                                \
      GPU_LAUNCH (kernel, blocks, threads, dynamic, (dev)->stream, __VA_ARGS__);         \
      gpu_check (dev, GPU (GetLastError) (), #kernel);                                   \
    }                                                                                    \
  } while (0)

static inline unsigned char *
gpu_at (KrnMat m)
{
  return m.buf != NULL ? m.buf->data + m.offset : NULL;
}

static inline float *
gpu_f32 (KrnMat m)
{
  return (float *)(void *)gpu_at (m);
}

static inline int
gpu_stride (KrnMat m)
{
  return m.stride != 0 ? m.stride : m.cols;
}

/* Rows [row, row + n). */
static inline KrnMat
gpu_rows_of (KrnMat m, int row, int n)
{
  m.offset += (size_t)row * (size_t)gpu_stride (m) * sizeof (float);
  m.rows = n;
  return m;
}

static inline int
gpu_div_up (long a, long b)
{
  return (int)((a + b - 1) / b);
}

/* ---- the operations, by file ---- */

/* device.cu */
KrnBuffer *gpu_alloc (KrnDevice *dev, size_t bytes);
void       gpu_free (KrnDevice *dev, KrnBuffer *buf);
/* Host memory to the device, in order with the work; @src may change when this returns. */
void gpu_upload (KrnDevice *dev, void *to, const void *src, size_t bytes);
/* rows.cu */
GpuVector gpu_vector (KrnMat m);
void      gpu_rows_step (GpuStep *s, KrnMat x);
void      gpu_take_residual (KrnDevice *dev, GpuResidual *to, KrnMat x);
/* rows-many.cu: a step of many rows, if it is of a shape that is quicker so. */
bool gpu_rows_many (KrnDevice *dev, const GpuRows *rows);
void gpu_embed (KrnDevice *dev, KrnMat y, KrnMat ids, KrnMat table, float scale);
void gpu_copy (KrnDevice *dev, KrnMat y, KrnMat x);
void gpu_rms_norm (KrnDevice *dev, KrnMat y, KrnMat x, KrnMat w, float eps);
void gpu_softcap (KrnDevice *dev, KrnMat x, float cap);
/* blocks.cu */
/* Whether the product that has just been appended makes all of @x: then it caps, too. */
bool gpu_cap_instead (KrnDevice *dev, KrnMat x, float cap);
void gpu_linear (KrnDevice *dev, KrnMat y, KrnMat x, KrnMat w);
void gpu_project_qkv (KrnDevice *dev, KrnMat q, KrnMat k, KrnMat v, KrnMat a, KrnMat x, const KrnQkvWeights *w);
void gpu_project_add (KrnDevice *dev, KrnMat h, KrnMat y, KrnMat x, KrnMat w, KrnMat norm, float eps);
void gpu_gated_mlp (KrnDevice *dev, KrnMat h, KrnMat m, KrnMat g, KrnMat f, const KrnMlpWeights *w);
void gpu_ple_inputs (KrnDevice *dev, KrnMat p, KrnMat c, KrnMat x, KrnMat w, KrnMat norm, float scale, float eps);
void gpu_ple_block (KrnDevice *dev, KrnMat h, KrnMat y, KrnMat g, KrnMat p, const KrnPleWeights *w);
/* What products of many rows are made of. */
bool        gpu_fits_many (KrnDevice *dev, KrnMat w, int n);
int         gpu_rows_at_once (KrnDevice *dev, int cols, int n);
GpuReady    gpu_many_ready (KrnDevice *dev, int cols, int rows, size_t offset);
size_t      gpu_ready_bytes (KrnDevice *dev, int cols, int rows);
GpuResidual gpu_residual_rows_of (GpuResidual r, int row);
/* h = (h + share · rms (y; norm)) · scalar, later: by whoever reads h next. */
void gpu_set_residual (KrnDevice *dev, KrnMat h, const float *y, int y_stride, float *y_copy, KrnMat norm, float eps, float scalar, float share);
/* clipped.cu */
void gpu_clipped (KrnDevice *dev, KrnMat y, KrnMat z, KrnMat x, const KrnClipped *w);
void gpu_norm_clipped (KrnDevice *dev, const KrnMat *y, int32_t n, KrnMat a, KrnMat z, KrnMat x, KrnMat norm, float eps, const KrnClipped *w);
void gpu_clipped_add (KrnDevice *dev, KrnMat h, KrnMat y, KrnMat z, KrnMat x, const KrnClipped *w, KrnMat norm, float eps, float s);
void gpu_clipped_mlp (KrnDevice *dev, KrnMat h, KrnMat y, KrnMat g, KrnMat u, KrnMat a, KrnMat z, const KrnClippedMlp *w);
void gpu_grid_heads (KrnDevice *dev, KrnMat q, KrnMat k, KrnMat v, KrnMat cs, KrnMat q_norm, KrnMat k_norm, int32_t head_dim, float eps);
/* attention.cu */
void gpu_rope_angles (KrnDevice *dev, KrnMat cs, const KrnSpan *spans, int n_spans, KrnMat freq);
void gpu_rope_store (KrnDevice *dev, KrnMat q, KrnMat k, KrnMat v, KrnMat cs, const KrnSpan *spans, int n_spans, int32_t head_dim);
void gpu_attention (KrnDevice *dev, KrnMat o, KrnMat q, const KrnSpan *spans, int n_spans, int32_t n_heads, int32_t n_kv_heads, int32_t head_dim, int32_t window, float scale);
void gpu_attention_all (KrnDevice *dev, KrnMat o, KrnMat q, KrnMat k, KrnMat v, int32_t n_heads, int32_t n_kv_heads, int32_t head_dim, float scale);
/* flash.cu: attention of many rows on the matrix units */
bool gpu_flash (KrnDevice *dev, KrnMat o, KrnMat q, KrnMat k, KrnMat v, const KrnSpan *span, int32_t n_heads, int32_t n_kv_heads, int32_t head_dim, int32_t window, float scale);
/* gemm.cu: products of many rows */
bool gpu_gemm_open (KrnDevice *dev);
void gpu_gemm (KrnDevice *dev, const GpuGemm *gemm);
/* gemm-groups.cu: the same where groups of four warps multiply together; false: not here, or not this one */
bool gpu_gemm_groups_open (KrnDevice *dev);
bool gpu_gemm_groups (KrnDevice *dev, const GpuGemm *gemm);
/* encoder.cu */
void gpu_clamp (KrnDevice *dev, KrnMat y, KrnMat x, float low, float high);
void gpu_add_scaled (KrnDevice *dev, KrnMat y, KrnMat x, float s);
void gpu_gelu_mul (KrnDevice *dev, KrnMat g, KrnMat u);
void gpu_silu (KrnDevice *dev, KrnMat y, KrnMat x);
void gpu_glu (KrnDevice *dev, KrnMat y, KrnMat x);
void gpu_layer_norm_relu (KrnDevice *dev, KrnMat y, KrnMat x, KrnMat w, float eps);
void gpu_grid_patches (KrnDevice *dev, KrnMat y, const KrnBuffer *pixels, size_t offset, int32_t first, int32_t width, int32_t edge);
void gpu_grid_angles (KrnDevice *dev, KrnMat cs, KrnMat freq, int32_t width);
void gpu_grid_rotate (KrnDevice *dev, KrnMat x, KrnMat cs, int32_t head_dim);
void gpu_grid_pool (KrnDevice *dev, KrnMat y, KrnMat x, int32_t width, int32_t k, float scale);
void gpu_conv_2d (KrnDevice *dev, KrnMat y, KrnMat x, KrnMat w, int32_t width);
void gpu_conv_causal (KrnDevice *dev, KrnMat y, KrnMat x, KrnMat w);
void gpu_attention_band (KrnDevice *dev, KrnMat o, KrnMat q, KrnMat k, KrnMat v, KrnMat rel, KrnMat q_scale, float k_scale, int32_t head_dim, float cap);
/* sample.cu: false if there is no memory; what was opened is closed by gpu_sample_close () even then. */
bool gpu_sample_open (KrnDevice *dev);
void gpu_sample_close (KrnDevice *dev);
void gpu_sample (KrnDevice *dev, KrnMat ids, KrnMat logits, KrnMat probs, const KrnSampling *sampling);
/* limits.cu */
int    gpu_limits (KrnDevice *dev, KrnLimits *limits);
double gpu_read_rate (KrnDevice *dev, const KrnMat *mats, int n_mats);
/* What a matrix of weights takes, from its first byte on. */
size_t gpu_mat_bytes (KrnMat m);
