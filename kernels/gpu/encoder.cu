/* encoder.cu: what the encoders do row by row, and what they do on the grid of a picture's patches.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Everything here passes once over memory and computes next to nothing, so that the time is the bytes: a gate of 10080 × 3072
 * reads two matrices and writes one, 372 MB.  A thread takes four neighbours, sixteen bytes, where pointers and strides allow
 * it, and one element else; there are enough threads on the device at once to keep its memory busy without more. */
#include "kernels/gpu/device.h"

#include "kernels/gpu/rows.h"

#define THREADS 256
#define GROUPS  (THREADS / GPU_LANES)

template <int N> struct alignas (4 * N) Floats {
  float v[N];
};

template <int N>
static __device__ __forceinline__ Floats<N>
load (const float *p)
{
  return *(const Floats<N> *)p;
}

template <int N>
static __device__ __forceinline__ void
store (float *p, Floats<N> v)
{
  *(Floats<N> *)p = v;
}

/* Whether every row of this many columns begins where sixteen bytes may be read. */
static bool
in_fours (KrnMat m)
{
  return ((uintptr_t)gpu_at (m) & 15u) == 0 && m.cols % 4 == 0 && (m.rows <= 1 || gpu_stride (m) % 4 == 0);
}

/* ---- element by element ---------------------------------------------------------------------------------- */

typedef enum { CLAMP, ADD_SCALED, GELU_MUL, SILU, GLU } Operation;

typedef struct {
  float       *y;
  const float *x;
  unsigned     n, across; /* pieces in all and in a row */
  int          cols, y_stride, x_stride;
  float        a, b; /* bounds; the factor */
} Elements;

/* @y: what was there; @gate: what is as far behind x as y is wide. */
template <Operation OP>
static __device__ __forceinline__ float
compute (const Elements *e, float y, float x, float gate)
{
  switch (OP) {
  case CLAMP: /* not fminf (): not a number has to stay so */
    x = x < e->a ? e->a : x;
    return x > e->b ? e->b : x;
  case ADD_SCALED:
    return fmaf (x, e->a, y);
  case GELU_MUL:
    return gpu_gelu (y) * x;
  case SILU:
    return x / (1.0f + expf (-x));
  default:
    return x / (1.0f + expf (-gate));
  }
}

template <Operation OP, int N>
__global__ void __launch_bounds__ (THREADS)
gpu_elements_kernel (const Elements e)
{
  unsigned  i = blockIdx.x * THREADS + threadIdx.x, row = i / e.across, col = (i - row * e.across) * N;
  float    *at = e.y + (size_t)row * (size_t)e.y_stride + col;
  Floats<N> x, y = {}, gate = {};

  if (i >= e.n)
    return;
  x = load<N> (e.x + (size_t)row * (size_t)e.x_stride + col);
  if (OP == ADD_SCALED || OP == GELU_MUL)
    y = load<N> (at);
  if (OP == GLU)
    gate = load<N> (e.x + (size_t)row * (size_t)e.x_stride + (unsigned)e.cols + col);
#pragma unroll
  for (int j = 0; j < N; j++)
    y.v[j] = compute<OP> (&e, y.v[j], x.v[j], gate.v[j]);
  store<N> (at, y);
}

template <Operation OP>
static void
run_elements (KrnDevice *dev, KrnMat y, KrnMat x, float a, float b)
{
  Elements e = {gpu_f32 (y), gpu_f32 (x), 0, 0, y.cols, gpu_stride (y), gpu_stride (x), a, b};
  /* One row of x serves all of y. */
  bool     one = x.rows == 1, fours = in_fours (y) && in_fours (x);

  gpu_send (dev);
  if (y.rows == 0 || y.cols == 0)
    return;
  if (one)
    e.x_stride = 0;
  e.across = (unsigned)y.cols / (fours ? 4 : 1);
  e.n = e.across * (unsigned)y.rows;
  if (fours)
    gpu_run (dev, (gpu_elements_kernel<OP, 4>), gpu_div_up (e.n, THREADS), THREADS, 0, e);
  else
    gpu_run (dev, (gpu_elements_kernel<OP, 1>), gpu_div_up (e.n, THREADS), THREADS, 0, e);
}

void
gpu_clamp (KrnDevice *dev, KrnMat y, KrnMat x, float low, float high)
{
  run_elements<CLAMP> (dev, y, x, low, high);
}

void
gpu_add_scaled (KrnDevice *dev, KrnMat y, KrnMat x, float s)
{
  run_elements<ADD_SCALED> (dev, y, x, s, 0.0f);
}

void
gpu_gelu_mul (KrnDevice *dev, KrnMat g, KrnMat u)
{
  run_elements<GELU_MUL> (dev, g, u, 0.0f, 0.0f);
}

void
gpu_silu (KrnDevice *dev, KrnMat y, KrnMat x)
{
  run_elements<SILU> (dev, y, x, 0.0f, 0.0f);
}

void
gpu_glu (KrnDevice *dev, KrnMat y, KrnMat x)
{
  KrnMat half = x;

  /* In fours if the gates are, too. */
  half.cols = y.cols;
  half.stride = gpu_stride (x);
  run_elements<GLU> (dev, y, half, 0.0f, 0.0f);
}

/* ---- the layer norm ------------------------------------------------------------------------------------------ */

typedef struct {
  float       *y;
  const float *x;
  GpuVector    w;
  int          rows, cols, y_stride, x_stride;
  float        eps;
} Norm;

static __device__ __forceinline__ float
weight (GpuVector w, int i)
{
  return w.bf16 ? gpu_widen (((const gpu_bf16 *)w.p)[i]) : ((const float *)w.p)[i];
}

/* A row belongs to a group of lanes, which reads it three times; after the first it is near.  The variance is taken of what is
 * already centred, so that a large mean costs no digits. */
template <int N>
__global__ void __launch_bounds__ (THREADS)
gpu_layer_norm_kernel (const Norm o)
{
  int          row = (int)(blockIdx.x * GROUPS + threadIdx.x / GPU_LANES), first = (int)(threadIdx.x % GPU_LANES) * N;
  const float *x = o.x + (size_t)row * (size_t)o.x_stride;
  float       *y = o.y + (size_t)row * (size_t)o.y_stride;
  float        mean = 0.0f, squares = 0.0f, factor;

  if (row >= o.rows)
    return;
  for (int i = first; i < o.cols; i += GPU_LANES * N) {
    Floats<N> v = load<N> (x + i);

    for (int j = 0; j < N; j++)
      mean += v.v[j];
  }
  mean = gpu_lanes_sum (mean) / (float)o.cols;
  for (int i = first; i < o.cols; i += GPU_LANES * N) {
    Floats<N> v = load<N> (x + i);

    for (int j = 0; j < N; j++)
      squares = fmaf (v.v[j] - mean, v.v[j] - mean, squares);
  }
  factor = 1.0f / sqrtf (gpu_lanes_sum (squares) / (float)o.cols + o.eps);
  for (int i = first; i < o.cols; i += GPU_LANES * N) {
    Floats<N> v = load<N> (x + i);

    for (int j = 0; j < N; j++) {
      v.v[j] = (v.v[j] - mean) * factor * weight (o.w, i + j);
      v.v[j] = v.v[j] < 0.0f ? 0.0f : v.v[j];
    }
    store<N> (y + i, v);
  }
}

void
gpu_layer_norm_relu (KrnDevice *dev, KrnMat y, KrnMat x, KrnMat w, float eps)
{
  Norm o = {gpu_f32 (y), gpu_f32 (x), {gpu_at (w), w.type == KRN_BF16}, y.rows, y.cols, gpu_stride (y), gpu_stride (x), eps};

  gpu_send (dev);
  if (y.rows == 0 || y.cols == 0)
    return;
  if (in_fours (y) && in_fours (x))
    gpu_run (dev, gpu_layer_norm_kernel<4>, gpu_div_up (y.rows, GROUPS), THREADS, 0, o);
  else
    gpu_run (dev, gpu_layer_norm_kernel<1>, gpu_div_up (y.rows, GROUPS), THREADS, 0, o);
}

/* ---- the grid ------------------------------------------------------------------------------------------------ */

typedef struct {
  float       *y;
  const float *x;
  unsigned     n, across; /* pieces in all and in a row of y */
  int          y_stride, x_stride;
  int          width; /* of the grid of x, or for positions of y */
  int          part;  /* a quarter of a head; the edge of a square that becomes one point */
  float        scale;
} Grid;

typedef struct {
  float               *y;
  const unsigned char *pixels;
  unsigned             n, across; /* numbers in all and in a row of y */
  int                  y_stride, first, width, edge;
} Patches;

__global__ void __launch_bounds__ (THREADS)
gpu_grid_patches_kernel (const Patches g)
{
  unsigned i = blockIdx.x * THREADS + threadIdx.x, row = i / g.across, in = i - row * g.across;
  unsigned piece = 3 * (unsigned)g.edge, line = in / piece, patch = (unsigned)g.first + row, width = (unsigned)g.width;

  if (i >= g.n)
    return;
  size_t at = (size_t)(patch / width * (unsigned)g.edge + line) * piece * width + patch % width * piece + (in - line * piece);

  g.y[(size_t)row * (size_t)g.y_stride + in] = 2.0f * ((float)g.pixels[at] * (float)(1.0 / 255.0)) - 1.0f;
}

void
gpu_grid_patches (KrnDevice *dev, KrnMat y, const KrnBuffer *pixels, size_t offset, int32_t first, int32_t width, int32_t edge)
{
  Patches g = {gpu_f32 (y), pixels->data + offset, 0, (unsigned)y.cols, gpu_stride (y), first, width, edge};

  gpu_send (dev);
  g.n = g.across * (unsigned)y.rows;
  if (g.n > 0)
    gpu_run (dev, gpu_grid_patches_kernel, gpu_div_up (g.n, THREADS), THREADS, 0, g);
}

/* A thread computes one frequency's angles of column and line. */
__global__ void __launch_bounds__ (THREADS)
gpu_grid_angles_kernel (const Grid g)
{
  unsigned i = blockIdx.x * THREADS + threadIdx.x, row = i / g.across, f = i - row * g.across;
  float   *cs = g.y + (size_t)row * (size_t)g.y_stride + f;

  if (i >= g.n)
    return;
  sincosf ((float)(row % (unsigned)g.width) * g.x[f], cs + g.part, cs);
  sincosf ((float)(row / (unsigned)g.width) * g.x[f], cs + 3 * g.part, cs + 2 * g.part);
}

void
gpu_grid_angles (KrnDevice *dev, KrnMat cs, KrnMat freq, int32_t width)
{
  Grid g = {gpu_f32 (cs), gpu_f32 (freq), 0, (unsigned)cs.cols / 4, gpu_stride (cs), 0, width, cs.cols / 4, 0.0f};

  gpu_send (dev);
  g.n = g.across * (unsigned)cs.rows;
  if (g.n > 0)
    gpu_run (dev, gpu_grid_angles_kernel, gpu_div_up (g.n, THREADS), THREADS, 0, g);
}

/* A thread turns N pairs of one half of a head. */
template <int N>
__global__ void __launch_bounds__ (THREADS)
gpu_grid_rotate_kernel (const Grid g)
{
  unsigned     i = blockIdx.x * THREADS + threadIdx.x, row = i / g.across, pair = (i - row * g.across) * N;
  unsigned     part = (unsigned)g.part, half = pair / part, in = pair - half * part;
  float       *x = g.y + (size_t)row * (size_t)g.y_stride + half * 2 * part + in;
  const float *cs = g.x + (size_t)row * (size_t)g.x_stride + half % 2 * 2 * part + in;
  Floats<N>    a, b, c, s, turned;

  if (i >= g.n)
    return;
  a = load<N> (x);
  b = load<N> (x + part);
  c = load<N> (cs);
  s = load<N> (cs + part);
  for (int j = 0; j < N; j++) {
    turned.v[j] = a.v[j] * c.v[j] - b.v[j] * s.v[j];
    b.v[j] = fmaf (b.v[j], c.v[j], a.v[j] * s.v[j]);
  }
  store<N> (x, turned);
  store<N> (x + part, b);
}

void
gpu_grid_rotate (KrnDevice *dev, KrnMat x, KrnMat cs, int32_t head_dim)
{
  bool fours = in_fours (x) && in_fours (cs) && head_dim % 16 == 0;
  Grid g = {gpu_f32 (x), gpu_f32 (cs), 0, (unsigned)x.cols / (fours ? 8 : 2), gpu_stride (x), gpu_stride (cs), 0, head_dim / 4, 0.0f};

  gpu_send (dev);
  g.n = g.across * (unsigned)x.rows;
  if (g.n == 0)
    return;
  if (fours)
    gpu_run (dev, gpu_grid_rotate_kernel<4>, gpu_div_up (g.n, THREADS), THREADS, 0, g);
  else
    gpu_run (dev, gpu_grid_rotate_kernel<1>, gpu_div_up (g.n, THREADS), THREADS, 0, g);
}

template <int N>
__global__ void __launch_bounds__ (THREADS)
gpu_grid_pool_kernel (const Grid g)
{
  unsigned     i = blockIdx.x * THREADS + threadIdx.x, row = i / g.across, col = (i - row * g.across) * N;
  unsigned     k = (unsigned)g.part, squares = (unsigned)g.width / k;
  size_t       first = (size_t)(row / squares * k) * (size_t)g.width + row % squares * k;
  const float *x = g.x + first * (size_t)g.x_stride + col;
  Floats<N>    sum = {};

  if (i >= g.n)
    return;
  for (unsigned line = 0; line < k; line++)
    for (unsigned column = 0; column < k; column++) {
      Floats<N> v = load<N> (x + ((size_t)line * (size_t)g.width + column) * (size_t)g.x_stride);

      for (int j = 0; j < N; j++)
        sum.v[j] = fmaf (v.v[j], g.scale, sum.v[j]);
    }
  store<N> (g.y + (size_t)row * (size_t)g.y_stride + col, sum);
}

void
gpu_grid_pool (KrnDevice *dev, KrnMat y, KrnMat x, int32_t width, int32_t k, float scale)
{
  bool fours = in_fours (y) && in_fours (x);
  Grid g = {gpu_f32 (y), gpu_f32 (x), 0, (unsigned)y.cols / (fours ? 4 : 1), gpu_stride (y), gpu_stride (x), width, k, scale / (float)(k * k)};

  gpu_send (dev);
  g.n = g.across * (unsigned)y.rows;
  if (g.n == 0)
    return;
  if (fours)
    gpu_run (dev, gpu_grid_pool_kernel<4>, gpu_div_up (g.n, THREADS), THREADS, 0, g);
  else
    gpu_run (dev, gpu_grid_pool_kernel<1>, gpu_div_up (g.n, THREADS), THREADS, 0, g);
}
