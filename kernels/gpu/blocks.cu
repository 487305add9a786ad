/* blocks.cu: products, and the blocks of the decoder that are made of them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One row (a token of one sequence): steps that read the weights where they lie, with norms and gates inside (matvec.h).  A few
 * rows: rows are made ready, then steps on small matrix units (thin.h).  Many: the same with launches (gemm.cu).  Whatever fits none of
 * these, as tests have it, goes through plain steps.  Nothing here computes. */
#include "kernels/gpu/device.h"

#include <string.h>

#include "kernels/gpu/turn.h"

/* ---- what fits where ---------------------------------------------------------------------------------- */

static bool
is_quantised (KrnMat w)
{
  return w.type == KRN_Q8 || w.type == KRN_Q4;
}

/* Whether rows of weights can be read 16 bytes at a time, in units of @unit numbers. */
static bool
reads_wide (KrnMat w, int unit)
{
  bool aligned = (size_t)gpu_at (w) % 16 == 0;

  if (is_quantised (w))
    return aligned && w.cols % 32 == 0;
  return w.type == KRN_BF16 && aligned && w.cols % unit == 0 && gpu_stride (w) % 8 == 0;
}

static bool
fits_one (KrnMat w, int n)
{
  return n == 1 && reads_wide (w, 8);
}

static bool
fits_few (KrnMat w, int n)
{
  return n <= GPU_FEW_ROWS && reads_wide (w, 32) && (size_t)w.cols * GPU_FEW_ROWS * 6 <= GPU_READY_BYTES;
}

bool
gpu_fits_many (KrnDevice *dev, KrnMat w, int n)
{
  return n > GPU_FEW_ROWS && reads_wide (w, 8);
}

/* ---- rows made ready ---------------------------------------------------------------------------------- */

static int
planes (KrnDevice *dev)
{
  return dev->fast ? 1 : 3;
}

/* @slot 0 or 1: of few rows. */
static GpuReady
few_ready (KrnDevice *dev, KrnMat w, int rows, int slot)
{
  GpuReady       r = {NULL};
  unsigned char *at = dev->arena + GPU_READY_AT + (size_t)slot * GPU_READY_BYTES;

  r.data = at;
  r.rows = rows;
  r.cols = w.cols;
  r.n_planes = planes (dev);
  if (is_quantised (w))
    r.scales = (float *)(void *)(at + (size_t)GPU_FEW_ROWS * (size_t)w.cols);
  return r;
}

/* Of many rows, from @offset on in their part of the arena. */
GpuReady
gpu_many_ready (KrnDevice *dev, int cols, int rows, size_t offset)
{
  GpuReady r = {dev->arena + GPU_MANY_AT + offset, NULL, rows, cols, planes (dev)};

  return r;
}

size_t
gpu_ready_bytes (KrnDevice *dev, int cols, int rows)
{
  return ((size_t)rows * (size_t)cols * 2 * (size_t)planes (dev) + 255) / 256 * 256;
}

/* As many rows of so many columns in all as fit into the arena at a time, and all parts about the same. */
int
gpu_rows_at_once (KrnDevice *dev, int cols, int n)
{
  int most = (int)(GPU_MANY_BYTES / ((size_t)cols * 2 * (size_t)planes (dev)) / 128 * 128);

  return n <= most ? n : gpu_div_up (gpu_div_up (n, gpu_div_up (n, most)), 128) * 128;
}

GpuResidual
gpu_residual_rows_of (GpuResidual r, int row)
{
  if (r.h != NULL) {
    r.h += (size_t)row * (size_t)r.h_stride;
    r.y += (size_t)row * (size_t)r.y_stride;
  }
  return r;
}

/* x, made ready and no more. */
static void
make_ready (KrnDevice *dev, KrnMat x, GpuReady ready)
{
  GpuStep s;

  gpu_rows_step (&s, x);
  s.u.rows.ready = ready;
  gpu_do (dev, &s, x.rows, x.rows);
}

/* ---- steps of products -------------------------------------------------------------------------------- */

static void
product_step (GpuStep *s, GpuStepKind kind, KrnMat x)
{
  memset (s, 0, sizeof *s);
  s->kind = kind;
  s->u.matvec.x = gpu_f32 (x);
  s->u.matvec.x_stride = gpu_stride (x);
  s->u.matvec.rows = x.rows;
  s->u.matvec.cols = x.cols;
}

static void
add_part (GpuStep *s, KrnMat w, float *y, int y_stride)
{
  GpuWeights *part = &s->u.matvec.part[s->u.matvec.n_parts++];

  part->w = gpu_at (w);
  part->y = y;
  part->rows = w.rows;
  part->stride = gpu_stride (w);
  part->y_stride = y_stride;
  s->u.matvec.type = w.type;
}

static void
plain (KrnDevice *dev, KrnMat y, KrnMat x, KrnMat w)
{
  GpuStep s;

  product_step (&s, GPU_STEP_PLAIN, x);
  add_part (&s, w, gpu_f32 (y), gpu_stride (y));
  gpu_do (dev, &s, x.rows, w.rows);
}

/* y = x·wᵀ of rows that are ready, few or many. */
static void
thin (KrnDevice *dev, float *y, int y_stride, KrnMat x, KrnMat w, GpuReady ready)
{
  GpuStep s;

  product_step (&s, GPU_STEP_THIN, x);
  add_part (&s, w, y, y_stride);
  s.u.matvec.ready = ready;
  gpu_append (dev, &s);
}

/* ---- weights as bf16 ------------------------------------------------------------------------------------ */

__global__ void
gpu_widen_kernel (gpu_bf16 *to, const void *w, int type, int cols, int first, int n)
{
  int per_row = cols / 32;

  for (int i = (int)(blockIdx.x * blockDim.x + threadIdx.x); i < n * per_row; i += (int)(gridDim.x * blockDim.x)) {
    int                  row = i / per_row, kt = i % per_row, r = (first + row) % 16, bytes = type == KRN_Q8 ? 544 : 288;
    const unsigned char *tile = (const unsigned char *)w + ((size_t)((first + row) / 16) * (size_t)per_row + (size_t)kt) * (size_t)bytes;
    float                scale = gpu_widen_half (((const uint16_t *)(const void *)tile)[r]);
    gpu_bf16            *out = to + (size_t)row * (size_t)cols + (size_t)kt * 32;

    for (int g = 0; g < 8; g++) {
      uint32_t word;
      gpu_u64  pair;

      if (type == KRN_Q8)
        word = *(const uint32_t *)(const void *)(tile + 32 + g * 64 + r * 4);
      else
        word = *(const uint32_t *)(const void *)(tile + 32 + g / 2 * 64 + r * 4) >> g % 2 * 4 & 0x0f0f0f0fu;
      float v[4];
      for (int j = 0; j < 4; j++)
        v[j] = scale * (float)((int)(word >> 8 * j & 255) - (type == KRN_Q8 ? 128 : 8));
      pair.w[0] = (uint32_t)gpu_narrow (v[0]).bits | (uint32_t)gpu_narrow (v[1]).bits << 16;
      pair.w[1] = (uint32_t)gpu_narrow (v[2]).bits | (uint32_t)gpu_narrow (v[3]).bits << 16;
      *(gpu_u64 *)(void *)(out + g * 4) = pair;
    }
  }
}

/* Rows [first, first + n) of @w where the matrix units can read them: in place, or as bf16 in @slot of @n_slots. */
static const void *
as_bf16 (KrnDevice *dev, KrnMat w, int first, int n, int slot, int n_slots, int *stride)
{
  unsigned char *to = dev->widened + (size_t)slot * (GPU_WIDENED_BYTES / (size_t)n_slots);

  *stride = is_quantised (w) ? w.cols : gpu_stride (w);
  if (!is_quantised (w))
    return gpu_at (w) + (size_t)first * (size_t)*stride * 2;
  gpu_run (dev, gpu_widen_kernel, gpu_div_up ((long)n * (w.cols / 32), 256), 256, 0, (gpu_bf16 *)(void *)to, (const void *)gpu_at (w), (int)w.type, (int)w.cols,
           first, n);
  return to;
}

/* y = x·wᵀ, or gelu (x·wᵀ) ⊙ (x·upᵀ) to @out for up.buf != NULL, of @rows rows that are ready. */
static void
gemm (KrnDevice *dev, float *y, int y_stride, GpuReady x, int rows, KrnMat w, KrnMat up, GpuReady out)
{
  int     n_slots = up.buf != NULL ? 2 : 1;
  int     most = is_quantised (w) ? (int)(GPU_WIDENED_BYTES / (size_t)n_slots / 2 / (size_t)w.cols) / 128 * 128 : w.rows;
  GpuGemm g;

  gpu_send_steps (dev);
  for (int first = 0; first < w.rows; first += most) {
    memset (&g, 0, sizeof g);
    g.x = x;
    g.rows = rows;
    g.n = w.rows - first < most ? w.rows - first : most;
    g.w[0] = as_bf16 (dev, w, first, g.n, 0, n_slots, &g.w_stride);
    if (up.buf != NULL)
      g.w[1] = as_bf16 (dev, up, first, g.n, 1, n_slots, &g.w_stride);
    g.epilogue = up.buf != NULL ? GPU_GELU_MUL : GPU_AS_IT_IS;
    g.y = y != NULL ? y + first : NULL;
    g.y_stride = y_stride;
    g.out = out;
    g.out_first = first;
    gpu_gemm (dev, &g);
  }
}

static const KrnMat   absent_mat = {NULL};
static const GpuReady absent_ready = {NULL};

/* ---- y = x·wᵀ ------------------------------------------------------------------------------------------- */

static void
linear_many (KrnDevice *dev, KrnMat y, KrnMat x, KrnMat w)
{
  int most = gpu_rows_at_once (dev, x.cols, x.rows);

  gpu_send (dev);
  for (int row = 0; row < x.rows; row += most) {
    int      n = x.rows - row < most ? x.rows - row : most;
    GpuReady ready = gpu_many_ready (dev, x.cols, n, 0);
    GpuStep  s;

    gpu_rows_step (&s, gpu_rows_of (x, row, n));
    s.u.rows.ready = ready;
    gpu_run_alone (dev, &s, gpu_div_up (n, GPU_STEP_THREADS / GPU_LANES));
    gemm (dev, gpu_f32 (y) + (size_t)row * (size_t)gpu_stride (y), gpu_stride (y), ready, n, w, absent_mat, absent_ready);
  }
}

/* Without regard to what is pending. */
static void
linear_to (KrnDevice *dev, KrnMat y, KrnMat x, KrnMat w, const GpuResidual *finish)
{
  if (fits_one (w, x.rows)) {
    GpuStep s;

    product_step (&s, GPU_STEP_MATVEC, x);
    add_part (&s, w, gpu_f32 (y), gpu_stride (y));
    if (finish != NULL)
      s.finish = *finish;
    gpu_append (dev, &s);
  } else if (fits_few (w, x.rows)) {
    GpuReady ready = few_ready (dev, w, x.rows, 0);

    make_ready (dev, x, ready);
    thin (dev, gpu_f32 (y), gpu_stride (y), x, w, ready);
  } else if (gpu_fits_many (dev, w, x.rows)) {
    linear_many (dev, y, x, w);
  } else {
    plain (dev, y, x, w);
  }
}

void
gpu_linear (KrnDevice *dev, KrnMat y, KrnMat x, KrnMat w)
{
  if (y.rows == 0 || y.cols == 0)
    return;
  gpu_settle (dev);
  linear_to (dev, y, x, w, NULL);
}

bool
gpu_cap_instead (KrnDevice *dev, KrnMat x, float cap)
{
  GpuStep *s;

  if (dev->n_steps == 0 || dev->residual.h != NULL || dev->heads.n_parts > 0)
    return false;
  s = &dev->list[dev->list_turn * GPU_LIST_STEPS + dev->n_steps - 1];
  if ((s->kind != GPU_STEP_MATVEC && s->kind != GPU_STEP_THIN && s->kind != GPU_STEP_PLAIN) || s->u.matvec.n_parts != 1 ||
      s->u.matvec.part[0].y != gpu_f32 (x) || s->u.matvec.part[0].rows != x.cols || s->u.matvec.rows != x.rows || s->u.matvec.cap > 0.0f)
    return false;
  s->u.matvec.cap = cap;
  return true;
}

/* ---- what waits ----------------------------------------------------------------------------------------- */

void
gpu_set_residual (KrnDevice *dev, KrnMat h, const float *y, int y_stride, float *y_copy, KrnMat norm, float eps, float scalar, float share)
{
  GpuResidual *r = &dev->residual;

  r->h = gpu_f32 (h);
  r->y = y;
  r->y_copy = y_copy;
  r->norm = gpu_vector (norm);
  r->h_stride = gpu_stride (h);
  r->y_stride = y_stride;
  r->cols = h.cols;
  r->eps = eps;
  r->scalar = scalar;
  r->share = share;
  dev->residual_rows = h.rows;
  /* Products of one row, which add it in passing, know no share. */
  if (share != 1.0f && h.rows <= GPU_FEW_ROWS)
    gpu_settle (dev);
}

void
gpu_settle (KrnDevice *dev)
{
  if (dev->heads.n_parts > 0) {
    GpuStep s = {GPU_STEP_HEADS};
    int     per_row = 0;

    s.u.heads = dev->heads;
    s.finish = dev->heads_finish;
    dev->heads.n_parts = 0;
    dev->heads_finish.h = NULL;
    for (int i = 0; i < s.u.heads.n_parts; i++)
      per_row += s.u.heads.part[i].n_heads;
    gpu_do (dev, &s, s.u.heads.rows, (long)s.u.heads.rows * per_row);
  }
  if (dev->residual.h != NULL) {
    GpuStep s = {GPU_STEP_ROWS};

    s.u.rows.residual = dev->residual;
    s.u.rows.x = dev->residual.h;
    s.u.rows.x_stride = dev->residual.h_stride;
    s.u.rows.rows = dev->residual_rows;
    s.u.rows.cols = dev->residual.cols;
    dev->residual.h = NULL;
    gpu_do (dev, &s, s.u.rows.rows, s.u.rows.rows);
  }
}

/* Where the output of a block of one row is kept until it is added: not where it belongs, since what was there may still be wanted. */
static float *
private_row (KrnDevice *dev)
{
  dev->private_turn = 1 - dev->private_turn;
  return (float *)(void *)(dev->arena + GPU_PRIVATE_AT) + dev->private_turn * GPU_PRIVATE_COLS;
}

/* ---- attention's sides ------------------------------------------------------------------------------------ */

static void
add_heads (GpuHeads *hs, KrnMat x, KrnMat norm)
{
  GpuHeadsPart *part = &hs->part[hs->n_parts++];

  memset (part, 0, sizeof *part);
  part->x = gpu_f32 (x);
  part->stride = gpu_stride (x);
  part->n_heads = x.cols / hs->head_dim;
  part->norm = gpu_vector (norm);
  part->normalise = 1;
}

typedef struct {
  KrnMat y, w;
} Product;

/* The norm with what it feeds. */
static void
norm_and_products (KrnDevice *dev, Product *products, int n_products, KrnMat a, KrnMat x, const KrnQkvWeights *w, GpuResidual *finish)
{
  GpuResidual residual = {NULL};
  int         n = x.rows;
  bool        one = x.cols <= 4096, few = true, many = true;
  GpuStep     s;

  for (int i = 0; i < n_products; i++) {
    one = one && fits_one (products[i].w, n);
    few = few && fits_few (products[i].w, n);
    many = many && gpu_fits_many (dev, products[i].w, n);
  }
  gpu_take_residual (dev, &residual, x);
  if (one) {
    for (int i = 0; i < n_products;) {
      product_step (&s, GPU_STEP_MATVEC, x);
      s.u.matvec.residual = residual;
      s.u.matvec.norm = gpu_vector (w->norm);
      s.u.matvec.normalise = 1;
      s.u.matvec.eps = w->eps;
      s.u.matvec.x_out = i == 0 ? gpu_f32 (a) : NULL;
      do {
        add_part (&s, products[i].w, gpu_f32 (products[i].y), gpu_stride (products[i].y));
        i++;
      } while (i < n_products && products[i].w.type == products[i - 1].w.type);
      gpu_append (dev, &s);
    }
    *finish = residual;
    return;
  }
  gpu_rows_step (&s, x);
  s.u.rows.residual = residual;
  s.u.rows.y = gpu_f32 (a);
  s.u.rows.y_stride = gpu_stride (a);
  s.u.rows.norm = gpu_vector (w->norm);
  s.u.rows.normalise = 1;
  s.u.rows.eps = w->eps;
  if (few && n_products > 0)
    s.u.rows.ready = few_ready (dev, products[0].w, n, 0);
  if (many && gpu_rows_at_once (dev, x.cols, n) < n)
    many = false; /* linear () cuts them */
  if (many && n_products > 0)
    s.u.rows.ready = gpu_many_ready (dev, x.cols, n, 0);
  gpu_do (dev, &s, n, n);
  for (int i = 0; i < n_products; i++)
    if (few && is_quantised (products[i].w) == is_quantised (products[0].w))
      thin (dev, gpu_f32 (products[i].y), gpu_stride (products[i].y), x, products[i].w, few_ready (dev, products[i].w, n, 0));
    else if (many)
      gemm (dev, gpu_f32 (products[i].y), gpu_stride (products[i].y), gpu_many_ready (dev, x.cols, n, 0), n, products[i].w, absent_mat, absent_ready);
    else
      linear_to (dev, products[i].y, a, products[i].w, NULL);
}

void
gpu_project_qkv (KrnDevice *dev, KrnMat q, KrnMat k, KrnMat v, KrnMat a, KrnMat x, const KrnQkvWeights *w)
{
  Product     products[3];
  GpuResidual finish = {NULL};
  int         n = 0;
  KrnMat      unit = {NULL};

  if (x.rows == 0)
    return;
  if (q.buf != NULL)
    products[n++] = {q, w->wq};
  if (w->wk.buf != NULL) {
    products[n++] = {k, w->wk};
    products[n++] = {v, w->wv};
  }
  norm_and_products (dev, products, n, a, x, w, &finish);
  gpu_settle (dev);
  memset (&dev->heads, 0, sizeof dev->heads);
  dev->heads.head_dim = w->head_dim;
  dev->heads.rows = x.rows;
  dev->heads.eps = w->eps;
  if (q.buf != NULL)
    add_heads (&dev->heads, q, w->q_norm);
  if (w->wk.buf != NULL) {
    add_heads (&dev->heads, k, w->k_norm);
    add_heads (&dev->heads, v, unit);
  }
  dev->heads_finish = finish;
}

void
gpu_project_add (KrnDevice *dev, KrnMat h, KrnMat y, KrnMat x, KrnMat w, KrnMat norm, float eps)
{
  if (h.rows == 0)
    return;
  gpu_settle (dev);
  if (fits_one (w, x.rows) && h.cols <= GPU_PRIVATE_COLS) {
    float  *row = private_row (dev);
    GpuStep s;

    product_step (&s, GPU_STEP_MATVEC, x);
    add_part (&s, w, row, h.cols);
    gpu_append (dev, &s);
    gpu_set_residual (dev, h, row, h.cols, gpu_f32 (y), norm, eps, 1.0f, 1.0f);
    return;
  }
  linear_to (dev, y, x, w, NULL);
  gpu_set_residual (dev, h, gpu_f32 (y), gpu_stride (y), NULL, norm, eps, 1.0f, 1.0f);
}

/* ---- feed-forward ------------------------------------------------------------------------------------------ */

static void
mlp_one (KrnDevice *dev, KrnMat h, KrnMat m, KrnMat g, const KrnMlpWeights *w)
{
  GpuStep     s;
  GpuResidual residual = {NULL};
  float      *row;

  gpu_take_residual (dev, &residual, h);
  product_step (&s, GPU_STEP_MATVEC, h);
  s.u.matvec.residual = residual;
  s.u.matvec.norm = gpu_vector (w->norm);
  s.u.matvec.normalise = 1;
  s.u.matvec.eps = w->eps;
  s.u.matvec.epilogue = GPU_GELU_MUL;
  add_part (&s, w->gate, gpu_f32 (g), gpu_stride (g));
  add_part (&s, w->up, gpu_f32 (g), gpu_stride (g));
  gpu_append (dev, &s);
  row = private_row (dev);
  product_step (&s, GPU_STEP_MATVEC, g);
  add_part (&s, w->down, row, h.cols);
  s.finish = residual;
  gpu_append (dev, &s);
  gpu_set_residual (dev, h, row, h.cols, gpu_f32 (m), w->post_norm, w->eps, 1.0f, 1.0f);
}

static void
mlp_norm_step (GpuStep *s, KrnMat h, const KrnMlpWeights *w)
{
  gpu_rows_step (s, h);
  s->u.rows.norm = gpu_vector (w->norm);
  s->u.rows.normalise = 1;
  s->u.rows.eps = w->eps;
}

static void
mlp_few (KrnDevice *dev, KrnMat h, KrnMat m, KrnMat g, const KrnMlpWeights *w)
{
  GpuReady in = few_ready (dev, w->gate, h.rows, 0), mid = few_ready (dev, w->down, h.rows, 1);
  GpuStep  s;

  mlp_norm_step (&s, h, w);
  gpu_take_residual (dev, &s.u.rows.residual, h);
  s.u.rows.ready = in;
  gpu_append (dev, &s);
  product_step (&s, GPU_STEP_THIN, h);
  s.u.matvec.epilogue = GPU_GELU_MUL;
  s.u.matvec.ready = in;
  add_part (&s, w->gate, gpu_f32 (g), gpu_stride (g));
  add_part (&s, w->up, gpu_f32 (g), gpu_stride (g));
  gpu_append (dev, &s);
  make_ready (dev, g, mid);
  thin (dev, gpu_f32 (m), gpu_stride (m), g, w->down, mid);
}

static void
mlp_many (KrnDevice *dev, KrnMat h, KrnMat m, const KrnMlpWeights *w)
{
  GpuResidual residual = {NULL};
  int         most = gpu_rows_at_once (dev, w->gate.cols + w->gate.rows, h.rows);

  gpu_take_residual (dev, &residual, h);
  for (int row = 0; row < h.rows; row += most) {
    int      n = h.rows - row < most ? h.rows - row : most;
    GpuReady in = gpu_many_ready (dev, h.cols, n, 0), mid = gpu_many_ready (dev, w->gate.rows, n, gpu_ready_bytes (dev, h.cols, n));
    GpuStep  s;

    mlp_norm_step (&s, gpu_rows_of (h, row, n), w);
    s.u.rows.residual = gpu_residual_rows_of (residual, row);
    s.u.rows.ready = in;
    gpu_run_alone (dev, &s, gpu_div_up (n, GPU_STEP_THREADS / GPU_LANES));
    gemm (dev, NULL, 0, in, n, w->gate, w->up, mid);
    gemm (dev, gpu_f32 (m) + (size_t)row * (size_t)gpu_stride (m), gpu_stride (m), mid, n, w->down, absent_mat, absent_ready);
  }
}

static void
gelu_step (KrnDevice *dev, KrnMat y, KrnMat x, KrnMat u, GpuReady ready)
{
  GpuStep s = {GPU_STEP_GELU};

  s.u.gelu.y = gpu_f32 (y);
  s.u.gelu.x = gpu_f32 (x);
  s.u.gelu.u = gpu_f32 (u);
  s.u.gelu.rows = y.rows;
  s.u.gelu.cols = y.cols;
  s.u.gelu.y_stride = gpu_stride (y);
  s.u.gelu.x_stride = gpu_stride (x);
  s.u.gelu.u_stride = gpu_stride (u);
  s.u.gelu.ready = ready;
  gpu_do (dev, &s, y.rows, (long)y.rows * gpu_div_up (y.cols, 256));
}

/* Weights of any shape: the upper product goes to the arena, as many rows as there is room for. */
static void
mlp_plain (KrnDevice *dev, KrnMat h, KrnMat m, KrnMat g, KrnMat f, const KrnMlpWeights *w)
{
  KrnBuffer arena = {dev->arena + GPU_MANY_AT, NULL, GPU_MANY_BYTES};
  GpuStep   s;
  int       most = (int)(GPU_MANY_BYTES / 4 / (size_t)w->gate.rows);

  mlp_norm_step (&s, h, w);
  gpu_take_residual (dev, &s.u.rows.residual, h);
  s.u.rows.y = gpu_f32 (f);
  s.u.rows.y_stride = gpu_stride (f);
  gpu_do (dev, &s, h.rows, h.rows);
  for (int row = 0; row < h.rows; row += most) {
    int    n = h.rows - row < most ? h.rows - row : most;
    KrnMat up = {&arena, 0, KRN_F32, n, w->gate.rows, 0};

    plain (dev, gpu_rows_of (g, row, n), gpu_rows_of (f, row, n), w->gate);
    plain (dev, up, gpu_rows_of (f, row, n), w->up);
    gelu_step (dev, gpu_rows_of (g, row, n), gpu_rows_of (g, row, n), up, absent_ready);
  }
  plain (dev, m, g, w->down);
}

/* One step reads the gate and what it gates side by side. */
static bool
are_alike (KrnMat a, KrnMat b)
{
  return a.type == b.type && gpu_stride (a) == gpu_stride (b);
}

void
gpu_gated_mlp (KrnDevice *dev, KrnMat h, KrnMat m, KrnMat g, KrnMat f, const KrnMlpWeights *w)
{
  int  n = h.rows;
  bool alike = are_alike (w->gate, w->up);

  if (n == 0)
    return;
  if (alike && fits_one (w->gate, n) && fits_one (w->up, n) && fits_one (w->down, n) && h.cols <= 4096) {
    mlp_one (dev, h, m, g, w);
    return;
  }
  if (alike && fits_few (w->gate, n) && fits_few (w->up, n) && fits_few (w->down, n))
    mlp_few (dev, h, m, g, w);
  else if (alike && gpu_fits_many (dev, w->gate, n) && gpu_fits_many (dev, w->up, n) && gpu_fits_many (dev, w->down, n))
    mlp_many (dev, h, m, w);
  else
    mlp_plain (dev, h, m, g, f, w);
  gpu_set_residual (dev, h, gpu_f32 (m), gpu_stride (m), NULL, w->post_norm, w->eps, 1.0f, 1.0f);
}

/* ---- per-layer embeddings ------------------------------------------------------------------------------------ */

void
gpu_ple_inputs (KrnDevice *dev, KrnMat p, KrnMat c, KrnMat x, KrnMat w, KrnMat norm, float scale, float eps)
{
  GpuStep s = {GPU_STEP_PLE};

  if (p.rows == 0 || p.cols == 0)
    return;
  gpu_linear (dev, c, x, w);
  s.u.ple.p = gpu_f32 (p);
  s.u.ple.c = gpu_f32 (c);
  s.u.ple.norm = gpu_vector (norm);
  s.u.ple.rows = p.rows;
  s.u.ple.width = norm.cols;
  s.u.ple.groups = p.cols / norm.cols;
  s.u.ple.p_stride = gpu_stride (p);
  s.u.ple.c_stride = gpu_stride (c);
  s.u.ple.scale = scale;
  s.u.ple.eps = eps;
  gpu_do (dev, &s, p.rows, (long)p.rows * s.u.ple.groups);
}

static void
ple_one (KrnDevice *dev, KrnMat h, KrnMat y, KrnMat g, KrnMat p, const KrnPleWeights *w)
{
  GpuStep     s;
  GpuResidual residual = {NULL};
  float      *row;

  gpu_take_residual (dev, &residual, h);
  product_step (&s, GPU_STEP_MATVEC, h);
  s.u.matvec.residual = residual;
  s.u.matvec.epilogue = GPU_GELU_BY;
  s.u.matvec.by = gpu_f32 (p);
  s.u.matvec.by_stride = gpu_stride (p);
  add_part (&s, w->gate, gpu_f32 (g), gpu_stride (g));
  gpu_append (dev, &s);
  row = private_row (dev);
  product_step (&s, GPU_STEP_MATVEC, g);
  add_part (&s, w->proj, row, h.cols);
  s.finish = residual;
  gpu_append (dev, &s);
  gpu_set_residual (dev, h, row, h.cols, gpu_f32 (y), w->post_norm, w->eps, w->scalar, 1.0f);
}

static void
ple_few (KrnDevice *dev, KrnMat h, KrnMat y, KrnMat g, KrnMat p, const KrnPleWeights *w)
{
  GpuReady in = few_ready (dev, w->gate, h.rows, 0), mid = few_ready (dev, w->proj, h.rows, 1);
  GpuStep  s;

  gpu_rows_step (&s, h);
  gpu_take_residual (dev, &s.u.rows.residual, h);
  s.u.rows.ready = in;
  gpu_append (dev, &s);
  product_step (&s, GPU_STEP_THIN, h);
  s.u.matvec.epilogue = GPU_GELU_BY;
  s.u.matvec.by = gpu_f32 (p);
  s.u.matvec.by_stride = gpu_stride (p);
  s.u.matvec.ready = in;
  add_part (&s, w->gate, gpu_f32 (g), gpu_stride (g));
  gpu_append (dev, &s);
  make_ready (dev, g, mid);
  thin (dev, gpu_f32 (y), gpu_stride (y), g, w->proj, mid);
}

static void
ple_many (KrnDevice *dev, KrnMat h, KrnMat y, KrnMat g, KrnMat p, const KrnPleWeights *w)
{
  GpuResidual residual = {NULL};
  int         most = gpu_rows_at_once (dev, h.cols + w->gate.rows, h.rows);

  gpu_take_residual (dev, &residual, h);
  for (int row = 0; row < h.rows; row += most) {
    int      n = h.rows - row < most ? h.rows - row : most;
    GpuReady in = gpu_many_ready (dev, h.cols, n, 0), mid = gpu_many_ready (dev, w->gate.rows, n, gpu_ready_bytes (dev, h.cols, n));
    GpuStep  s;

    gpu_rows_step (&s, gpu_rows_of (h, row, n));
    s.u.rows.residual = gpu_residual_rows_of (residual, row);
    s.u.rows.ready = in;
    gpu_run_alone (dev, &s, gpu_div_up (n, GPU_STEP_THREADS / GPU_LANES));
    gemm (dev, gpu_f32 (gpu_rows_of (g, row, n)), gpu_stride (g), in, n, w->gate, absent_mat, absent_ready);
    gelu_step (dev, gpu_rows_of (g, row, n), gpu_rows_of (g, row, n), gpu_rows_of (p, row, n), mid);
    gemm (dev, gpu_f32 (gpu_rows_of (y, row, n)), gpu_stride (y), mid, n, w->proj, absent_mat, absent_ready);
  }
}

static void
ple_plain (KrnDevice *dev, KrnMat h, KrnMat y, KrnMat g, KrnMat p, const KrnPleWeights *w)
{
  gpu_settle (dev);
  plain (dev, g, h, w->gate);
  gelu_step (dev, g, g, p, absent_ready);
  plain (dev, y, g, w->proj);
}

void
gpu_ple_block (KrnDevice *dev, KrnMat h, KrnMat y, KrnMat g, KrnMat p, const KrnPleWeights *w)
{
  int n = h.rows;

  if (n == 0)
    return;
  if (fits_one (w->gate, n) && fits_one (w->proj, n) && h.cols <= 4096) {
    ple_one (dev, h, y, g, p, w);
    return;
  }
  if (fits_few (w->gate, n) && fits_few (w->proj, n))
    ple_few (dev, h, y, g, p, w);
  else if (gpu_fits_many (dev, w->gate, n) && gpu_fits_many (dev, w->proj, n))
    ple_many (dev, h, y, g, p, w);
  else
    ple_plain (dev, h, y, g, p, w);
  gpu_set_residual (dev, h, gpu_f32 (y), gpu_stride (y), NULL, w->post_norm, w->eps, w->scalar, 1.0f);
}
