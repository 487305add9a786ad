/* sound.cu: the convolutions and the attention of the encoder of sound.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernels/gpu/device.h"

typedef struct alignas (16) {
  float v[4];
} Four;

static bool
in_fours (KrnMat m)
{
  return ((uintptr_t)gpu_at (m) & 15u) == 0 && m.cols % 4 == 0 && (m.rows <= 1 || gpu_stride (m) % 4 == 0);
}

static __device__ __forceinline__ float
widen (float x)
{
  return x;
}

static __device__ __forceinline__ float
widen (gpu_bf16 x)
{
  return gpu_widen (x);
}

/* ---- two dimensions ------------------------------------------------------------------------------------------
 *
 * A product whose rows, what an output point sees, are made in shared memory and nowhere else.  The figures for 30 seconds
 * (mel 3000 × 128):
 *
 *              points       seen     out     10⁹ operations   MB read + written   least on an H100 (60·10¹² F32, 3·10¹² bytes a second)
 *   first      1500 × 64    1·9      128     0.22             1.5 + 49            17 µs, bytes
 *   second     750 × 32     128·9    32      1.77             49 + 3              30 µs, operations
 *
 * A block computes POINTS × OUTS results, a thread 4 × 4 of them: for 16 multiplications two reads of sixteen bytes from shared
 * memory, which is what bounds the second one, at about half of the arithmetic.  Activations stay F32, as the contract has it,
 * so that the matrix units are of no use.
 *
 * Where a point's nine places lie is worked out once and kept in a table; then CHANNELS channels at a time are copied, each
 * place's channels lying together in memory. */

#define EDGE     3
#define SEEN     (EDGE * EDGE)
#define POINTS   64
#define OUTS     32
#define CHANNELS 8
#define THREADS  128
/* Rows in shared memory, with room between them against lanes on one bank. */
#define POINT_ROW (POINTS + 4)
#define OUT_ROW   (OUTS + 4)

typedef struct {
  float       *y;
  const float *x;
  const void  *w;
  int          n, n_out, channels; /* output points, their channels; channels of x */
  int          width, height;      /* of the grid of x */
  int          y_stride, x_stride, w_stride;
  int          fours;              /* bits: x, y may be read or written in pieces of sixteen bytes */
} Conv;

#define FOURS_X 1
#define FOURS_Y 2

typedef struct {
  float x[CHANNELS * SEEN * POINT_ROW];
  float w[CHANNELS * SEEN * OUT_ROW];
  int   place[SEEN * POINTS]; /* row of x, −1: outside */
} ConvShared;

static __device__ void
find_places (const Conv *c, ConvShared *s, int first)
{
  int across = (c->width + 1) / 2;

  for (int p = (int)threadIdx.x; p < SEEN * POINTS; p += THREADS) {
    int  point = first + p % POINTS, tap = p / POINTS;
    int  line = point / across * 2 - 1 + tap / EDGE, column = point % across * 2 - 1 + tap % EDGE;
    bool inside = point < c->n && line >= 0 && line < c->height && column >= 0 && column < c->width;

    s->place[p] = inside ? line * c->width + column : -1;
  }
}

/* Channels [first, first + n) of all places; neighbouring lanes have neighbouring points, so that they write side by side. */
static __device__ __forceinline__ void
stage_seen (const Conv *c, ConvShared *s, int first, int n)
{
  for (int p = (int)threadIdx.x; p < SEEN * POINTS; p += THREADS) {
    int          place = s->place[p];
    const float *x = c->x + (size_t)(place < 0 ? 0 : place) * (size_t)c->x_stride + first;
    float       *to = s->x + p / POINTS * POINT_ROW + p % POINTS;

    for (int i = 0; i < n; i += 4) {
      Four v = {{0.0f, 0.0f, 0.0f, 0.0f}};

      if (place >= 0 && (c->fours & FOURS_X) != 0)
        v = *(const Four *)(x + i);
      else if (place >= 0)
        for (int j = 0; j < 4; j++)
          v.v[j] = i + j < n ? x[i + j] : 0.0f;
      for (int j = 0; j < 4 && i + j < n; j++)
        to[(i + j) * SEEN * POINT_ROW] = v.v[j];
    }
  }
}

template <class W>
static __device__ __forceinline__ void
stage_weights (const Conv *c, ConvShared *s, int out, int first, int n)
{
  for (int i = (int)threadIdx.x; i < OUTS * n * SEEN; i += THREADS) {
    int row = i / (n * SEEN), k = i % (n * SEEN);

    s->w[k * OUT_ROW + row] =
        out + row < c->n_out ? widen (((const W *)c->w)[(size_t)(out + row) * (size_t)c->w_stride + (size_t)(first * SEEN + k)]) : 0.0f;
  }
}

/* @x, @w: this thread's first point and output. */
static __device__ __forceinline__ void
multiply (float sum[4][4], const float *x, const float *w, int n)
{
  for (int channel = 0; channel < n; channel++) {
#pragma unroll
    for (int tap = 0; tap < SEEN; tap++) {
      Four a = *(const Four *)(x + tap * POINT_ROW), b = *(const Four *)(w + tap * OUT_ROW);

#pragma unroll
      for (int i = 0; i < 4; i++)
#pragma unroll
        for (int j = 0; j < 4; j++)
          sum[i][j] = fmaf (a.v[i], b.v[j], sum[i][j]);
    }
    x += SEEN * POINT_ROW;
    w += SEEN * OUT_ROW;
  }
}

static __device__ __forceinline__ void
write_results (const Conv *c, const float sum[4][4], int point, int out)
{
#pragma unroll
  for (int i = 0; i < 4; i++) {
    float *y = c->y + (size_t)(point + i) * (size_t)c->y_stride + out;

    if (point + i >= c->n)
      return;
    if ((c->fours & FOURS_Y) != 0 && out < c->n_out)
      *(Four *)y = (Four){{sum[i][0], sum[i][1], sum[i][2], sum[i][3]}};
    else
#pragma unroll
      for (int j = 0; j < 4; j++)
        if (out + j < c->n_out)
          y[j] = sum[i][j];
  }
}

template <class W>
__global__ void __launch_bounds__ (THREADS)
gpu_conv_2d_kernel (const Conv c)
{
  GPU_SHARED (ConvShared, s);
  int   point = (int)blockIdx.x * POINTS, out = (int)blockIdx.y * OUTS;
  int   my_point = (int)threadIdx.x / (OUTS / 4) * 4, my_out = (int)threadIdx.x % (OUTS / 4) * 4;
  float sum[4][4] = {};

  find_places (&c, s, point);
  for (int first = 0; first < c.channels; first += CHANNELS) {
    int n = c.channels - first < CHANNELS ? c.channels - first : CHANNELS;

    __syncthreads ();
    stage_seen (&c, s, first, n);
    stage_weights<W> (&c, s, out, first, n);
    __syncthreads ();
    multiply (sum, s->x + my_point, s->w + my_out, n);
  }
  write_results (&c, sum, point + my_point, out + my_out);
}

void
gpu_conv_2d (KrnDevice *dev, KrnMat y, KrnMat x, KrnMat w, int32_t width)
{
  Conv c = {gpu_f32 (y), gpu_f32 (x), gpu_at (w), y.rows, y.cols, x.cols, width, x.rows / width, gpu_stride (y), gpu_stride (x), gpu_stride (w)};
  dim3 blocks (gpu_div_up (y.rows, POINTS), gpu_div_up (y.cols, OUTS));

  gpu_send (dev);
  if (y.rows == 0 || y.cols == 0)
    return;
  c.fours = (in_fours (x) ? FOURS_X : 0) | (in_fours (y) ? FOURS_Y : 0);
  if (w.type == KRN_BF16)
    gpu_run (dev, gpu_conv_2d_kernel<gpu_bf16>, blocks, THREADS, sizeof (ConvShared), c);
  else
    gpu_run (dev, gpu_conv_2d_kernel<float>, blocks, THREADS, sizeof (ConvShared), c);
}

/* ---- along time ------------------------------------------------------------------------------------------------ */

/* Rows of one thread, which share its taps; the rows that they see come from far away once. */
#define ROWS 8

typedef struct {
  float       *y;
  const float *x;
  const void  *w;
  int          rows, cols, n_taps, y_stride, x_stride, w_stride;
} Causal;

template <class W>
__global__ void __launch_bounds__ (THREADS)
gpu_conv_causal_kernel (const Causal c)
{
  int      channel = (int)(blockIdx.y * THREADS + threadIdx.x), first = (int)blockIdx.x * ROWS;
  const W *w = (const W *)c.w + (size_t)channel * (size_t)c.w_stride;
  float    sum[ROWS] = {};

  if (channel >= c.cols)
    return;
  for (int k = 0; k < c.n_taps; k++) {
    float tap = widen (w[k]);

#pragma unroll
    for (int i = 0; i < ROWS; i++) {
      int row = first + i - c.n_taps + 1 + k;

      if (row >= 0 && row < c.rows)
        sum[i] = fmaf (tap, c.x[(size_t)row * (size_t)c.x_stride + channel], sum[i]);
    }
  }
#pragma unroll
  for (int i = 0; i < ROWS; i++)
    if (first + i < c.rows)
      c.y[(size_t)(first + i) * (size_t)c.y_stride + channel] = sum[i];
}

void
gpu_conv_causal (KrnDevice *dev, KrnMat y, KrnMat x, KrnMat w)
{
  Causal c = {gpu_f32 (y), gpu_f32 (x), gpu_at (w), x.rows, x.cols, w.cols, gpu_stride (y), gpu_stride (x), gpu_stride (w)};
  dim3   blocks (gpu_div_up (x.rows, ROWS), gpu_div_up (x.cols, THREADS));

  gpu_send (dev);
  if (x.rows == 0 || x.cols == 0)
    return;
  if (w.type == KRN_BF16)
    gpu_run (dev, gpu_conv_causal_kernel<gpu_bf16>, blocks, THREADS, 0, c);
  else
    gpu_run (dev, gpu_conv_causal_kernel<float>, blocks, THREADS, 0, c);
}

/* ---- attention to the last few rows ---------------------------------------------------------------------------
 *
 * 750 rows of 8 heads of 128 are 12 MB, 4 µs, and 0.04·10⁹ operations.  A group of lanes computes one head of one row; the
 * groups of a block take neighbouring rows of one head, whose keys are nearly the same and stay near.  Lane j keeps the scores of
 * keys j and j + GPU_LANES, which are all there may be. */

#define BAND_ROWS (THREADS / GPU_LANES)
/* Keys whose scores are summed at a time. */
#define AT_ONCE 4

typedef struct {
  float       *o;
  const float *q, *k, *v, *rel, *q_scale;
  int          rows, head_dim, reach, o_stride, q_stride, k_stride, v_stride, rel_stride;
  float        k_scale, cap;
} Band;

/* The scores of keys δ = @from … @from + AT_ONCE − 1 rows back, of which there are @n: to all lanes. */
static __device__ __forceinline__ void
score_keys (float score[AT_ONCE], const Band *b, const float *q, const float *k, const float *rel, int from, int n)
{
  int lane = (int)(threadIdx.x % GPU_LANES);

#pragma unroll
  for (int u = 0; u < AT_ONCE; u++)
    score[u] = 0.0f;
  for (int i = lane; i < b->head_dim; i += GPU_LANES) {
    float query = q[i] * b->q_scale[i];

#pragma unroll
    for (int u = 0; u < AT_ONCE; u++) {
      int back = from + u < n ? from + u : n - 1; /* one too many is computed for nothing */

      score[u] = fmaf (query, fmaf (b->k_scale, k[i - (ptrdiff_t)back * b->k_stride], rel[(size_t)back * (size_t)b->rel_stride + i]), score[u]);
    }
  }
#pragma unroll
  for (int u = 0; u < AT_ONCE; u++)
    score[u] = b->cap * tanhf (gpu_lanes_sum (score[u]) / b->cap);
}

__global__ void __launch_bounds__ (THREADS)
gpu_band_kernel (const Band b)
{
  int          lane = (int)(threadIdx.x % GPU_LANES), row = (int)(blockIdx.x * BAND_ROWS + threadIdx.x / GPU_LANES);
  int          n = row + 1 < b.reach ? row + 1 : b.reach;
  size_t       head = (size_t)blockIdx.y * (size_t)b.head_dim;
  const float *q = b.q + (size_t)row * (size_t)b.q_stride + head, *k = b.k + (size_t)row * (size_t)b.k_stride + head;
  const float *v = b.v + (size_t)row * (size_t)b.v_stride + head;
  float       *o = b.o + (size_t)row * (size_t)b.o_stride + head;
  float        near_weight = -INFINITY, far_weight = -INFINITY, most, total;

  if (row >= b.rows)
    return;
  for (int from = 0; from < n; from += AT_ONCE) {
    float score[AT_ONCE];

    score_keys (score, &b, q, k, b.rel + head, from, n);
#pragma unroll
    for (int u = 0; u < AT_ONCE; u++) {
      near_weight = from + u < n && lane == from + u ? score[u] : near_weight;
      far_weight = from + u < n && lane + GPU_LANES == from + u ? score[u] : far_weight;
    }
  }
  most = gpu_lanes_max (fmaxf (near_weight, far_weight));
  near_weight = expf (near_weight - most);
  far_weight = expf (far_weight - most);
  total = gpu_lanes_sum (near_weight + far_weight);
  for (int i = lane; i - lane < b.head_dim; i += GPU_LANES) {
    float sum = 0.0f;

    for (int back = 0; back < n; back++) {
      float w = gpu_shfl (back < GPU_LANES ? near_weight : far_weight, back % GPU_LANES);

      if (i < b.head_dim)
        sum = fmaf (w, v[i - (ptrdiff_t)back * b.v_stride], sum);
    }
    if (i < b.head_dim)
      o[i] = sum / total;
  }
}

void
gpu_attention_band (KrnDevice *dev, KrnMat o, KrnMat q, KrnMat k, KrnMat v, KrnMat rel, KrnMat q_scale, float k_scale, int32_t head_dim, float cap)
{
  Band b = {gpu_f32 (o),     gpu_f32 (q),    gpu_f32 (k),    gpu_f32 (v),    gpu_f32 (rel),    gpu_f32 (q_scale), q.rows, head_dim, rel.rows,
            gpu_stride (o),  gpu_stride (q), gpu_stride (k), gpu_stride (v), gpu_stride (rel), k_scale,           cap};
  dim3 blocks (gpu_div_up (q.rows, BAND_ROWS), head_dim > 0 ? q.cols / head_dim : 0);

  gpu_send (dev);
  if (rel.rows > KRN_MAX_REACH) {
    gpu_fail (dev, "Attention %d rows back is too far for the GPU backend.", rel.rows);
    return;
  }
  if (q.rows > 0 && q.cols > 0)
    gpu_run (dev, gpu_band_kernel, blocks, THREADS, 0, b);
}
