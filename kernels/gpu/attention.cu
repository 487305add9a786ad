/* attention.cu: rotary positions, caches and attention: which kernel for which shape.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Nothing here computes: few rows go through steps (attend.h), many through the matrix units (flash.cu) where these can be used. */
#include "kernels/gpu/device.h"

#include <string.h>

#include "kernels/gpu/turn.h"

#define KEYS_OF_A_PART 32 /* at least */

void
gpu_rope_angles (KrnDevice *dev, KrnMat cs, const KrnSpan *spans, int n_spans, KrnMat freq)
{
  GpuStep s = {GPU_STEP_ANGLES};

  if (cs.rows == 0)
    return;
  gpu_settle (dev);
  s.spans = gpu_spans (dev, spans, n_spans);
  s.u.angles.cs = gpu_f32 (cs);
  s.u.angles.freq = gpu_f32 (freq);
  s.u.angles.rows = cs.rows;
  s.u.angles.head_dim = cs.cols;
  s.u.angles.cs_stride = gpu_stride (cs);
  s.u.angles.n_spans = n_spans;
  gpu_do (dev, &s, cs.rows, cs.rows);
}

/* The heads that wait for their norms, if they are these. */
static bool
takes_heads (KrnDevice *dev, const float *const *x, int n, int rows, int32_t head_dim)
{
  if (n == 0 || dev->heads.n_parts != n || dev->heads.rows != rows || dev->heads.head_dim != head_dim)
    return false;
  for (int i = 0; i < n; i++)
    if (dev->heads.part[i].x != x[i])
      return false;
  return true;
}

static void
add_part (GpuHeads *hs, KrnMat x)
{
  GpuHeadsPart *part = &hs->part[hs->n_parts++];

  part->x = gpu_f32 (x);
  part->stride = gpu_stride (x);
  part->n_heads = x.cols / hs->head_dim;
}

void
gpu_rope_store (KrnDevice *dev, KrnMat q, KrnMat k, KrnMat v, KrnMat cs, const KrnSpan *spans, int n_spans, int32_t head_dim)
{
  const float *x[3];
  KrnMat       mats[3];
  int          n = 0, per_row = 0, first_key;
  GpuStep      s = {GPU_STEP_HEADS};

  if (cs.rows == 0 || (q.buf == NULL && k.buf == NULL))
    return;
  if (q.buf != NULL)
    mats[n++] = q;
  first_key = n;
  if (k.buf != NULL) {
    mats[n++] = k;
    mats[n++] = v;
  }
  for (int i = 0; i < n; i++)
    x[i] = gpu_f32 (mats[i]);
  if (takes_heads (dev, x, n, cs.rows, head_dim)) {
    s.u.heads = dev->heads;
    s.finish = dev->heads_finish;
    dev->heads.n_parts = 0;
    dev->heads_finish.h = NULL;
  } else {
    gpu_settle (dev);
    s.u.heads.head_dim = head_dim;
    s.u.heads.rows = cs.rows;
    for (int i = 0; i < n; i++)
      add_part (&s.u.heads, mats[i]);
  }
  for (int i = 0; i < n; i++) {
    s.u.heads.part[i].turn = i <= first_key;
    s.u.heads.part[i].store = i < first_key ? 0 : i - first_key + 1;
    per_row += s.u.heads.part[i].n_heads;
  }
  s.u.heads.cs = gpu_f32 (cs);
  s.u.heads.cs_stride = gpu_stride (cs);
  s.u.heads.n_spans = n_spans;
  s.u.heads.kv_type = k.buf != NULL ? spans[0].cache.k.type : KRN_F32;
  s.spans = gpu_spans (dev, spans, n_spans);
  gpu_do (dev, &s, cs.rows, (long)cs.rows * per_row);
}

/* ---- attention ------------------------------------------------------------------------------------------ */

static bool
check_heads (KrnDevice *dev, int32_t n_heads, int32_t n_kv_heads, int32_t head_dim)
{
  if (head_dim <= 512 && head_dim > 0 && n_heads % n_kv_heads == 0)
    return true;
  gpu_fail (dev, "Heads of %d numbers are not supported on a GPU.", head_dim);
  return false;
}

/* Into how many parts keys are cut, so that all blocks have something to read. */
static int
count_parts (KrnDevice *dev, const KrnSpan *spans, int n_spans, int items, int32_t window)
{
  int visible = 1, parts;

  for (int i = 0; i < n_spans; i++) {
    int end = spans[i].position + spans[i].n_rows;

    if (window > 0 && end > window)
      end = window;
    visible = visible > end ? visible : end;
  }
  parts = dev->n_blocks / items;
  if (parts > gpu_div_up (visible, KEYS_OF_A_PART))
    parts = gpu_div_up (visible, KEYS_OF_A_PART);
  return parts > 1 ? parts : 1;
}

static bool
reads_four (KrnMat m)
{
  return gpu_stride (m) % 4 == 0 && (size_t)gpu_at (m) % (m.type == KRN_BF16 ? 8 : 16) == 0;
}

static void
attend_step (KrnDevice *dev, GpuStep *s, KrnMat o, KrnMat q, const KrnSpan *spans, int n_spans, int32_t n_heads, int32_t n_kv_heads, int32_t head_dim,
             int32_t window, float scale)
{
  GpuAttend *a = &s->u.attend;

  memset (s, 0, sizeof *s);
  s->kind = GPU_STEP_ATTEND;
  a->q = gpu_f32 (q);
  a->o = gpu_f32 (o);
  a->parts = (float *)(void *)(dev->arena + GPU_PARTS_AT);
  a->weights = (float *)(void *)(dev->arena + GPU_PARTS_AT + GPU_PARTS_BYTES * 7 / 8);
  a->rows = q.rows;
  a->n_heads = n_heads;
  a->n_kv_heads = n_kv_heads;
  a->head_dim = head_dim;
  a->window = window;
  a->n_parts = 1;
  a->q_stride = gpu_stride (q);
  a->o_stride = gpu_stride (o);
  a->kv_type = spans[0].cache.k.type;
  a->n_spans = n_spans;
  a->scale = scale;
  a->wide = head_dim % 4 == 0;
  for (int i = 0; i < n_spans; i++)
    a->wide = a->wide && reads_four (spans[i].cache.k) && reads_four (spans[i].cache.v);
  s->spans = gpu_spans (dev, spans, n_spans);
}

static int
blocks_of_heads (int32_t n_heads, int32_t n_kv_heads)
{
  return gpu_div_up (n_heads / n_kv_heads, 8);
}

static void
attend_many (KrnDevice *dev, GpuStep *s, int32_t n_heads, int32_t n_kv_heads)
{
  long items = (long)s->u.attend.rows * n_kv_heads * blocks_of_heads (n_heads, n_kv_heads);

  gpu_run_alone (dev, s, items < 65535 ? (int)items : 65535);
}

static void
attend_few (KrnDevice *dev, GpuStep *s, const KrnSpan *spans, int n_spans, int32_t n_heads, int32_t n_kv_heads)
{
  GpuAttend *a = &s->u.attend;
  int        items = a->rows * n_kv_heads * blocks_of_heads (n_heads, n_kv_heads);
  size_t     of_a_part = (size_t)a->rows * (size_t)n_heads * (size_t)a->head_dim * 4;

  a->n_parts = count_parts (dev, spans, n_spans, items, a->window);
  while (a->n_parts > 1 && (size_t)a->n_parts * of_a_part > GPU_PARTS_BYTES * 7 / 8)
    a->n_parts /= 2;
  gpu_append (dev, s);
  if (a->n_parts > 1) {
    s->kind = GPU_STEP_JOIN;
    gpu_append (dev, s);
  }
}

void
gpu_attention (KrnDevice *dev, KrnMat o, KrnMat q, const KrnSpan *spans, int n_spans, int32_t n_heads, int32_t n_kv_heads, int32_t head_dim, int32_t window,
               float scale)
{
  KrnMat  absent = {NULL};
  GpuStep s;

  if (q.rows == 0)
    return;
  gpu_settle (dev);
  if (!check_heads (dev, n_heads, n_kv_heads, head_dim))
    return;
  if (q.rows <= GPU_FEW_ROWS) {
    attend_step (dev, &s, o, q, spans, n_spans, n_heads, n_kv_heads, head_dim, window, scale);
    attend_few (dev, &s, spans, n_spans, n_heads, n_kv_heads);
    return;
  }
  for (int i = 0; i < n_spans; i++) {
    KrnSpan own = spans[i];

    if (own.n_rows > GPU_FEW_ROWS && gpu_flash (dev, o, q, absent, absent, &own, n_heads, n_kv_heads, head_dim, window, scale))
      continue;
    own.row = 0;
    attend_step (dev, &s, gpu_rows_of (o, spans[i].row, own.n_rows), gpu_rows_of (q, spans[i].row, own.n_rows), &own, 1, n_heads, n_kv_heads, head_dim, window, scale);
    attend_many (dev, &s, n_heads, n_kv_heads);
  }
}

void
gpu_attention_all (KrnDevice *dev, KrnMat o, KrnMat q, KrnMat k, KrnMat v, int32_t n_heads, int32_t n_kv_heads, int32_t head_dim, float scale)
{
  KrnSpan all = {{k, v}, 0, q.rows, k.rows - 1};
  GpuStep s;

  if (q.rows == 0)
    return;
  gpu_settle (dev);
  if (!check_heads (dev, n_heads, n_kv_heads, head_dim) || (q.rows > GPU_FEW_ROWS && gpu_flash (dev, o, q, k, v, NULL, n_heads, n_kv_heads, head_dim, 0, scale)))
    return;
  attend_step (dev, &s, o, q, &all, 1, n_heads, n_kv_heads, head_dim, 0, scale);
  s.u.attend.all = 1;
  attend_many (dev, &s, n_heads, n_kv_heads);
}
