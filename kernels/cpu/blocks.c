/* blocks.c: the operations that are a few matrix products with norms and activations between them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Each is one task of the pool.  With few rows the small steps between products are done by one
 * member, before the task, inside a barrier or after it; with many rows every step is shared.
 * Activations are made ready (packed or quantised) once for all weights that read them. */
#include "kernels/cpu/linear.h"

#define SQRT_HALF 0.70710678118654752f
/* An item of a step is so many elements, rounded up to rows. */
#define STEP_ELEMENTS 4096

static int
min_int (int a, int b)
{
  return a < b ? a : b;
}

static bool
is_small (int n, int cols)
{
  return (size_t)n * (size_t)cols <= KRN_SMALL;
}

/* Rows that one round of an operation takes; 0, with a failure latched, when the matrices are too
 * wide. */
static int
rows_at_once (KrnDevice *dev, int cols)
{
  int most = krn_linear_max_rows (dev, cols);

  if (most == 0)
    krn_device_fail (dev, "A matrix of %d columns is too wide for the CPU backend.", cols);
  return most;
}

/* ---- steps that go row by row ---- */

typedef struct {
  KrnDevice *dev;
  enum {
    STEP_NORM,     /* y = rms (x; w), per group of `width` columns */
    STEP_ADD_NORM, /* y = (y + rms (x; w)) · s */
    STEP_PLE,      /* x = rms (s · x; w) per group; y = (y + x) · 2^−½ */
  } kind;
  KrnOut    y, x;
  int       n, cols, width;
  KrnVector w;
  float     eps, s;
} RowStep;

static void
row_step (const RowStep *step, int row)
{
  const KrnIsa *isa = step->dev->isa;
  float        *y = step->y.p + (size_t)row * step->y.stride;
  float        *x = step->x.p + (size_t)row * step->x.stride;

  switch (step->kind) {
  case STEP_NORM:
    for (int i = 0; i < step->cols; i += step->width)
      isa->rms (y + i, x + i, step->w, step->width, step->eps, 1.0f);
    break;
  case STEP_ADD_NORM:
    isa->add_rms (y, x, step->w, step->cols, step->eps, step->s);
    break;
  case STEP_PLE:
    for (int i = 0; i < step->cols; i += step->width)
      isa->rms (x + i, x + i, step->w, step->width, step->eps, step->s);
    isa->add_scale (y, x, step->cols, SQRT_HALF);
    break;
  }
}

/* Inside a task, by every member: one phase. */
static void
run_step (const RowStep *step, KrnMember *m)
{
  int      rows = 1 + STEP_ELEMENTS / step->cols;
  unsigned item;

  while (krn_pool_next (m, (unsigned)((step->n + rows - 1) / rows), &item))
    for (int row = (int)item * rows; row < min_int (((int)item + 1) * rows, step->n); row++)
      row_step (step, row);
}

/* By one member. */
static void
run_step_alone (const RowStep *step)
{
  for (int row = 0; row < step->n; row++)
    row_step (step, row);
}

static RowStep
norm_step (KrnDevice *dev, KrnMat y, KrnMat x, int row, int n, KrnMat w, int width, float eps)
{
  return (RowStep){
      .dev = dev,
      .kind = STEP_NORM,
      .y = krn_out (y, row),
      .x = krn_out (x, row),
      .n = n,
      .cols = x.cols,
      .width = width,
      .w = krn_vector (w),
      .eps = eps,
  };
}

static RowStep
add_norm_step (KrnDevice *dev, KrnMat h, KrnMat y, int row, int n, KrnMat w, float eps, float s)
{
  RowStep step = norm_step (dev, h, y, row, n, w, y.cols, eps);

  step.kind = STEP_ADD_NORM;
  step.s = s;
  return step;
}

static void
step_task (void *context, KrnMember *m)
{
  run_step (context, m);
}

static void
run_step_op (const RowStep *step)
{
  if (is_small (step->n, step->cols))
    run_step_alone (step);
  else if (step->n > 0)
    krn_pool_run (&step->dev->pool, step_task, (void *)step);
}

void
krn_cpu_rms_norm (KrnDevice *dev, KrnMat y, KrnMat x, KrnMat w, float eps)
{
  RowStep step = norm_step (dev, y, x, 0, x.rows, w, x.cols, eps);

  run_step_op (&step);
}

/* ---- one product between row steps ---- */

/* before (optional) → products → after (up to three). */
typedef struct {
  KrnLinear linear;
  RowStep   before, after[3];
  bool      has_before;
  int       n_after;
  bool      small;
} Projection;

static bool
projection_begin (Projection *p, KrnMember *m)
{
  if (p->small)
    return true;
  if (!p->has_before)
    return krn_linear_share (&p->linear, m);
  run_step (&p->before, m);
  return krn_linear_after (&p->linear, m);
}

static void
projection_task (void *context, KrnMember *m)
{
  Projection *p = context;

  if (!projection_begin (p, m))
    return;
  krn_linear_run (&p->linear, m);
  for (int i = 0; i < p->n_after && !p->small; i++) {
    if (!krn_pool_barrier (m, NULL, NULL))
      return;
    run_step (&p->after[i], m);
  }
}

static void
run_projection (Projection *p)
{
  p->small = krn_linear_is_small (&p->linear);
  if (p->linear.n_products == 0) {
    run_step_alone (&p->before);
    return;
  }
  if (p->small) {
    if (p->has_before)
      run_step_alone (&p->before);
    krn_linear_prepare (&p->linear);
  }
  krn_pool_run (&p->linear.dev->pool, projection_task, p);
  for (int i = 0; i < p->n_after && p->small; i++)
    run_step_alone (&p->after[i]);
}

void
krn_cpu_project_qkv (KrnDevice           *dev,
                     KrnMat               q,
                     KrnMat               k,
                     KrnMat               v,
                     KrnMat               a,
                     KrnMat               x,
                     const KrnQkvWeights *w)
{
  int most = rows_at_once (dev, x.cols);

  for (int row = 0; row < x.rows && most > 0; row += most) {
    Projection p;
    int        n = min_int (most, x.rows - row);

    p.has_before = true;
    p.n_after = 0;
    p.before = norm_step (dev, a, x, row, n, w->norm, x.cols, w->eps);
    krn_linear_init (&p.linear, dev, krn_in (a, row, n), a.cols);
    if (q.buf) {
      krn_linear_add (&p.linear, w->wq, krn_out (q, row));
      p.after[p.n_after++] = norm_step (dev, q, q, row, n, w->q_norm, w->head_dim, w->eps);
    }
    if (w->wk.buf) {
      krn_linear_add (&p.linear, w->wk, krn_out (k, row));
      krn_linear_add (&p.linear, w->wv, krn_out (v, row));
      p.after[p.n_after++] = norm_step (dev, k, k, row, n, w->k_norm, w->head_dim, w->eps);
      p.after[p.n_after++] = norm_step (dev, v, v, row, n, (KrnMat){0}, w->head_dim, w->eps);
    }
    run_projection (&p);
  }
}

void
krn_cpu_project_add (KrnDevice *dev, KrnMat h, KrnMat y, KrnMat x, KrnMat w, KrnMat norm, float eps)
{
  int most = rows_at_once (dev, x.cols);

  for (int row = 0; row < x.rows && most > 0; row += most) {
    Projection p;
    int        n = min_int (most, x.rows - row);

    p.has_before = false;
    p.n_after = 1;
    krn_linear_init (&p.linear, dev, krn_in (x, row, n), x.cols);
    krn_linear_add (&p.linear, w, krn_out (y, row));
    p.after[0] = add_norm_step (dev, h, y, row, n, norm, eps, 1.0f);
    run_projection (&p);
  }
}

void
krn_cpu_ple_inputs (KrnDevice *dev,
                    KrnMat     p,
                    KrnMat     c,
                    KrnMat     x,
                    KrnMat     w,
                    KrnMat     norm,
                    float      scale,
                    float      eps)
{
  int most = rows_at_once (dev, x.cols);

  for (int row = 0; row < x.rows && most > 0; row += most) {
    Projection s;
    int        n = min_int (most, x.rows - row);

    s.has_before = false;
    s.n_after = 1;
    krn_linear_init (&s.linear, dev, krn_in (x, row, n), x.cols);
    krn_linear_add (&s.linear, w, krn_out (c, row));
    s.after[0] = norm_step (dev, p, c, row, n, norm, norm.cols, eps);
    s.after[0].kind = STEP_PLE;
    s.after[0].s = scale;
    run_projection (&s);
  }
}

/* ---- gated products ---- */

/* g = gelu (x·gateᵀ) ⊙ u, m = g·downᵀ, h = (h + rms (m)) · s */
typedef struct {
  KrnLinear in;   /* gate, and up if u is computed */
  KrnLinear down; /* reads g */
  bool      has_before, small;
  RowStep   before, after;
  KrnIn     u; /* the other factor when it is given (per-layer embeddings) */
} Gated;

/* The same rows of gate and up, one after the other, so that the factor u never leaves the cache.
 */
static void
gated_item (Gated *s, KrnMember *m, int begin, int end)
{
  KrnLinear *l = &s->in;
  int        rows = end - begin;
  KrnOut     g = {l->products[0].y.p + begin, l->products[0].y.stride};
  KrnOut     up = {(float *)(krn_scratch (m) + KRN_SCRATCH_BYTES / 2), (size_t)rows};
  KrnIn      u = {s->u.p ? s->u.p + begin : NULL, s->u.stride, l->x.n};

  krn_linear_rows (l, m, &l->products[0], begin, end, g);
  if (l->n_products > 1) {
    krn_linear_rows (l, m, &l->products[1], begin, end, up);
    u = (KrnIn){up.p, up.stride, l->x.n};
  }
  for (int i = 0; i < l->x.n; i++)
    l->dev->isa->gelu_mul (g.p + (size_t)i * g.stride, u.p + (size_t)i * u.stride, rows);
}

static bool
gated_begin (Gated *s, KrnMember *m)
{
  if (s->small)
    return true;
  if (!s->has_before)
    return krn_linear_share (&s->in, m);
  run_step (&s->before, m);
  return krn_linear_after (&s->in, m);
}

static void
gated_task (void *context, KrnMember *m)
{
  Gated            *s = context;
  const KrnProduct *gate = &s->in.products[0];
  unsigned          item;

  if (!gated_begin (s, m))
    return;
  while (krn_pool_next (m, (unsigned)gate->n_items, &item)) {
    int begin = (int)item * gate->rows_per_item;

    gated_item (s, m, begin, min_int (begin + gate->rows_per_item, gate->w.rows));
  }
  if (!krn_linear_after (&s->down, m))
    return;
  krn_linear_run (&s->down, m);
  if (s->small || !krn_pool_barrier (m, NULL, NULL))
    return;
  run_step (&s->after, m);
}

static void
run_gated (Gated *s)
{
  s->small = krn_linear_is_small (&s->in);
  if (s->small) {
    if (s->has_before)
      run_step_alone (&s->before);
    krn_linear_prepare (&s->in);
  }
  krn_pool_run (&s->in.dev->pool, gated_task, s);
  if (s->small)
    run_step_alone (&s->after);
}

void
krn_cpu_gated_mlp (KrnDevice *dev, KrnMat h, KrnMat m, KrnMat g, KrnMat f, const KrnMlpWeights *w)
{
  int most = rows_at_once (dev, g.cols > h.cols ? g.cols : h.cols);

  for (int row = 0; row < h.rows && most > 0; row += most) {
    Gated s = {.has_before = true};
    int   n = min_int (most, h.rows - row);

    s.before = norm_step (dev, f, h, row, n, w->norm, h.cols, w->eps);
    krn_linear_init (&s.in, dev, krn_in (f, row, n), f.cols);
    krn_linear_add (&s.in, w->gate, krn_out (g, row));
    krn_linear_add (&s.in, w->up, (KrnOut){0});
    krn_linear_match_items (&s.in);
    krn_linear_init (&s.down, dev, krn_in (g, row, n), g.cols);
    krn_linear_add (&s.down, w->down, krn_out (m, row));
    s.after = add_norm_step (dev, h, m, row, n, w->post_norm, w->eps, 1.0f);
    run_gated (&s);
  }
}

void
krn_cpu_ple_block (KrnDevice *dev, KrnMat h, KrnMat y, KrnMat g, KrnMat p, const KrnPleWeights *w)
{
  int most = rows_at_once (dev, g.cols > h.cols ? g.cols : h.cols);

  for (int row = 0; row < h.rows && most > 0; row += most) {
    int   n = min_int (most, h.rows - row);
    Gated s = {.u = krn_in (p, row, n)};

    krn_linear_init (&s.in, dev, krn_in (h, row, n), h.cols);
    krn_linear_add (&s.in, w->gate, krn_out (g, row));
    krn_linear_init (&s.down, dev, krn_in (g, row, n), g.cols);
    krn_linear_add (&s.down, w->proj, krn_out (y, row));
    s.after = add_norm_step (dev, h, y, row, n, w->post_norm, w->eps, w->scalar);
    run_gated (&s);
  }
}
