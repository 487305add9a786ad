/* clipped.cu: the encoders' linear layers, whose inputs and outputs are kept within bounds.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An encoder is a few thousand rows through small matrices, so that its time would go into passing over memory between products.  Bounds
 * therefore cost no pass of their own: those of an input are kept where rows are made ready, beside the norm and the residual, those of
 * an output where a product leaves the registers.  What fits no product of many rows goes through single operations. */
#include "kernels/gpu/device.h"

#include <string.h>

#include "kernels/gpu/turn.h"

static bool
fits (KrnDevice *dev, const KrnClipped *w, int rows)
{
  return w->w.type == KRN_BF16 && gpu_fits_many (dev, w->w, rows) && w->in_low < w->in_high && w->out_low < w->out_high;
}

static bool
same_input (const KrnClipped *a, const KrnClipped *b)
{
  return a->in_low == b->in_low && a->in_high == b->in_high;
}

static GpuBounds
output_bounds (const KrnClipped *w)
{
  GpuBounds b = {w->out_low, w->out_high};

  return b;
}

/* Rows within the bounds of @w's input, ready for it. */
static void
bounded_step (GpuStep *s, KrnMat x, const KrnClipped *w, GpuReady ready)
{
  gpu_rows_step (s, x);
  s->u.rows.low = w->in_low;
  s->u.rows.high = w->in_high;
  s->u.rows.ready = ready;
}

static void
norm_in_passing (GpuStep *s, KrnMat norm, float eps)
{
  s->u.rows.norm = gpu_vector (norm);
  s->u.rows.normalise = 1;
  s->u.rows.eps = eps;
}

static void
product (KrnDevice *dev, KrnMat y, GpuReady x, const KrnClipped *w)
{
  GpuGemm g;

  memset (&g, 0, sizeof g);
  g.x = x;
  g.rows = x.rows;
  g.w[0] = gpu_at (w->w);
  g.n = w->w.rows;
  g.w_stride = gpu_stride (w->w);
  g.y = gpu_f32 (y);
  g.y_stride = gpu_stride (y);
  g.bounds = output_bounds (w);
  gpu_gemm (dev, &g);
}

void
gpu_clipped (KrnDevice *dev, KrnMat y, KrnMat z, KrnMat x, const KrnClipped *w)
{
  int most = gpu_rows_at_once (dev, x.cols, x.rows);

  if (!fits (dev, w, x.rows)) {
    gpu_clamp (dev, z, x, w->in_low, w->in_high);
    gpu_linear (dev, y, z, w->w);
    gpu_clamp (dev, y, y, w->out_low, w->out_high);
    return;
  }
  gpu_send (dev);
  for (int row = 0; row < x.rows; row += most) {
    int      n = x.rows - row < most ? x.rows - row : most;
    GpuReady ready = gpu_many_ready (dev, x.cols, n, 0);
    GpuStep  s;

    bounded_step (&s, gpu_rows_of (x, row, n), w, ready);
    gpu_do (dev, &s, n, n);
    product (dev, gpu_rows_of (y, row, n), ready, w);
  }
}

/* Whether rows are made ready once for all of the products, all at once. */
static bool
fit_together (KrnDevice *dev, const KrnClipped *w, int n, KrnMat x)
{
  for (int i = 0; i < n; i++)
    if (!fits (dev, &w[i], x.rows))
      return false;
  return gpu_rows_at_once (dev, x.cols, x.rows) == x.rows;
}

void
gpu_norm_clipped (KrnDevice *dev, const KrnMat *y, int32_t n, KrnMat a, KrnMat z, KrnMat x, KrnMat norm, float eps, const KrnClipped *w)
{
  if (!fit_together (dev, w, n, x)) {
    gpu_rms_norm (dev, a, x, norm, eps);
    for (int i = 0; i < n; i++)
      gpu_clipped (dev, y[i], i + 1 < n ? z : a, a, &w[i]);
    return;
  }
  GpuReady ready = gpu_many_ready (dev, x.cols, x.rows, 0);

  for (int i = 0; i < n; i++) {
    if (i == 0 || !same_input (&w[i], &w[i - 1])) {
      GpuStep s;

      bounded_step (&s, x, &w[i], ready);
      norm_in_passing (&s, norm, eps);
      gpu_take_residual (dev, &s.u.rows.residual, x);
      gpu_do (dev, &s, x.rows, x.rows);
    }
    product (dev, y[i], ready, &w[i]);
  }
}

void
gpu_clipped_add (KrnDevice *dev, KrnMat h, KrnMat y, KrnMat z, KrnMat x, const KrnClipped *w, KrnMat norm, float eps, float s)
{
  gpu_clipped (dev, y, z, x, w);
  gpu_settle (dev);
  gpu_set_residual (dev, h, gpu_f32 (y), gpu_stride (y), NULL, norm, eps, 1.0f, s);
}

/* gelu (clip (a; gate)) ⊙ clip (a; up), within the bounds of what comes next, ready for it. */
static void
gated_product (KrnDevice *dev, GpuReady x, GpuReady out, const KrnClippedMlp *w)
{
  GpuGemm g;

  memset (&g, 0, sizeof g);
  g.x = x;
  g.rows = x.rows;
  g.w[0] = gpu_at (w->gate.w);
  g.w[1] = gpu_at (w->up.w);
  g.n = w->gate.w.rows;
  g.w_stride = gpu_stride (w->gate.w);
  g.epilogue = GPU_GELU_MUL;
  g.out = out;
  g.bounds = output_bounds (&w->gate);
  g.up_bounds = output_bounds (&w->up);
  g.out_bounds.low = w->down.in_low;
  g.out_bounds.high = w->down.in_high;
  gpu_gemm (dev, &g);
}

static void
mlp_in_passing (KrnDevice *dev, KrnMat h, KrnMat y, const KrnClippedMlp *w)
{
  int         most = gpu_rows_at_once (dev, h.cols + w->gate.w.rows, h.rows);
  GpuResidual residual = {NULL};

  gpu_take_residual (dev, &residual, h);
  for (int row = 0; row < h.rows; row += most) {
    int      n = h.rows - row < most ? h.rows - row : most;
    GpuReady in = gpu_many_ready (dev, h.cols, n, 0), mid = gpu_many_ready (dev, w->gate.w.rows, n, gpu_ready_bytes (dev, h.cols, n));
    GpuStep  s;

    bounded_step (&s, gpu_rows_of (h, row, n), &w->gate, in);
    norm_in_passing (&s, w->norm, w->eps);
    s.u.rows.residual = gpu_residual_rows_of (residual, row);
    gpu_run_alone (dev, &s, gpu_div_up (n, GPU_STEP_THREADS / GPU_LANES));
    gated_product (dev, in, mid, w);
    product (dev, gpu_rows_of (y, row, n), mid, &w->down);
  }
}

void
gpu_clipped_mlp (KrnDevice *dev, KrnMat h, KrnMat y, KrnMat g, KrnMat u, KrnMat a, KrnMat z, const KrnClippedMlp *w)
{
  bool alike = same_input (&w->gate, &w->up) && gpu_stride (w->gate.w) == gpu_stride (w->up.w);

  if (h.rows == 0)
    return;
  if (!alike || !fits (dev, &w->gate, h.rows) || !fits (dev, &w->up, h.rows) || !fits (dev, &w->down, h.rows)) {
    gpu_rms_norm (dev, a, h, w->norm, w->eps);
    gpu_clipped (dev, g, z, a, &w->gate);
    gpu_clipped (dev, u, a, a, &w->up);
    gpu_gelu_mul (dev, g, u);
    gpu_clipped (dev, y, g, g, &w->down);
    gpu_settle (dev);
  } else {
    mlp_in_passing (dev, h, y, w);
  }
  gpu_set_residual (dev, h, gpu_f32 (y), gpu_stride (y), NULL, w->post_norm, w->eps, 1.0f, 1.0f);
}

/* ---- heads on the grid --------------------------------------------------------------------------------------- */

#define THREADS  256
#define HEAD_OWN 8 /* pairs of a head that a lane has at most: heads of up to 512 */

typedef struct {
  struct {
    float    *x;
    GpuVector norm;
    int       stride, turn;
  } part[3]; /* q, k, v */
  const float *cs;
  int          n, heads, cs_stride, part_dim; /* items in all; a quarter of a head */
  float        eps;
} GridHeads;

static __device__ __forceinline__ float
norm_weight (GpuVector w, int i)
{
  if (w.p == NULL)
    return 1.0f;
  return w.bf16 ? gpu_widen (((const gpu_bf16 *)w.p)[i]) : ((const float *)w.p)[i];
}

/* One head of one row by GPU_LANES lanes, each with every GPU_LANES-th pair (i, i + hd/4) of its halves, OWN of them at most. */
template <int OWN>
__global__ void __launch_bounds__ (THREADS)
gpu_grid_heads_kernel (const __grid_constant__ GridHeads g)
{
  int   item = (int)(blockIdx.x * (THREADS / GPU_LANES) + threadIdx.x / GPU_LANES), row = item / (3 * g.heads), which = item / g.heads % 3;
  int   head = item % g.heads, hd = 4 * g.part_dim, lane = (int)(threadIdx.x % GPU_LANES);
  float a[OWN], b[OWN], squares = 0.0f, k;

  if (item >= g.n)
    return;
  float       *x = g.part[which].x + (size_t)row * (size_t)g.part[which].stride + (size_t)(head * hd);
  const float *cs = g.cs + (size_t)row * (size_t)g.cs_stride;

#pragma unroll
  for (int j = 0; j < OWN; j++) {
    int pair = lane + j * GPU_LANES, at = pair + pair / g.part_dim * g.part_dim;

    a[j] = pair < 2 * g.part_dim ? x[at] : 0.0f;
    b[j] = pair < 2 * g.part_dim ? x[at + g.part_dim] : 0.0f;
    squares += a[j] * a[j] + b[j] * b[j];
  }
  k = 1.0f / sqrtf (gpu_lanes_sum (squares) / (float)hd + g.eps);
#pragma unroll
  for (int j = 0; j < OWN; j++) {
    int pair = lane + j * GPU_LANES, at = pair + pair / g.part_dim * g.part_dim;

    if (pair < 2 * g.part_dim) {
      float u = a[j] * k * norm_weight (g.part[which].norm, at), v = b[j] * k * norm_weight (g.part[which].norm, at + g.part_dim);
      float c = g.part[which].turn ? cs[at] : 1.0f, s = g.part[which].turn ? cs[at + g.part_dim] : 0.0f;

      x[at] = u * c - v * s;
      x[at + g.part_dim] = fmaf (v, c, u * s);
    }
  }
}

void
gpu_grid_heads (KrnDevice *dev, KrnMat q, KrnMat k, KrnMat v, KrnMat cs, KrnMat q_norm, KrnMat k_norm, int32_t head_dim, float eps)
{
  GridHeads g;
  KrnMat    x[] = {q, k, v}, unit = {NULL};
  GpuVector norms[] = {gpu_vector (q_norm), gpu_vector (k_norm), gpu_vector (unit)};

  gpu_send (dev);
  if (head_dim % 4 != 0 || head_dim > 4 * GPU_LANES * HEAD_OWN / 2) {
    gpu_fail (dev, "Heads of %d numbers do not fit the GPU backend.", head_dim);
    return;
  }
  memset (&g, 0, sizeof g);
  for (int i = 0; i < 3; i++) {
    g.part[i].x = gpu_f32 (x[i]);
    g.part[i].norm = norms[i];
    g.part[i].stride = gpu_stride (x[i]);
    g.part[i].turn = i < 2;
  }
  g.cs = gpu_f32 (cs);
  g.cs_stride = gpu_stride (cs);
  g.heads = q.cols / head_dim;
  g.part_dim = head_dim / 4;
  g.eps = eps;
  g.n = q.rows * 3 * g.heads;
  if (g.n > 0 && head_dim <= 2 * GPU_LANES)
    gpu_run (dev, gpu_grid_heads_kernel<1>, gpu_div_up (g.n, THREADS / GPU_LANES), THREADS, 0, g);
  else if (g.n > 0)
    gpu_run (dev, gpu_grid_heads_kernel<HEAD_OWN>, gpu_div_up (g.n, THREADS / GPU_LANES), THREADS, 0, g);
}
