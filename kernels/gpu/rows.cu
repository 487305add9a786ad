/* rows.cu: rows from tables, copies and norms.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tables that stay on the host are gathered from there: the host copies the rows of the ids, which it wrote itself a moment ago, into pinned memory,
 * from where the device reads them. */
#include "kernels/gpu/copiers.h"
#include "kernels/gpu/device.h"

#include <string.h>

/* ---- copies ------------------------------------------------------------------------------------------------- */

static void
copy_step (KrnDevice *dev, KrnMat y, KrnMat x, float cap)
{
  GpuStep s = {GPU_STEP_COPY};

  s.u.copy.y = gpu_f32 (y);
  s.u.copy.x = gpu_f32 (x);
  s.u.copy.rows = y.rows;
  s.u.copy.cols = y.cols;
  s.u.copy.y_stride = gpu_stride (y);
  s.u.copy.x_stride = gpu_stride (x);
  s.u.copy.cap = cap;
  gpu_settle (dev);
  gpu_do (dev, &s, y.rows, (long)y.rows * gpu_div_up (y.cols, 256));
}

void
gpu_copy (KrnDevice *dev, KrnMat y, KrnMat x)
{
  copy_step (dev, y, x, 0.0f);
}

void
gpu_softcap (KrnDevice *dev, KrnMat x, float cap)
{
  if (!gpu_cap_instead (dev, x, cap))
    copy_step (dev, x, x, cap);
}

/* ---- norms -------------------------------------------------------------------------------------------------- */

GpuVector
gpu_vector (KrnMat m)
{
  GpuVector v = {gpu_at (m), m.type == KRN_BF16};

  return v;
}

/* If the residual waits for just these rows it is added in passing; else whatever waits is done first. */
void
gpu_take_residual (KrnDevice *dev, GpuResidual *to, KrnMat x)
{
  if (dev->residual.h == gpu_f32 (x) && dev->residual_rows == x.rows && dev->residual.cols == x.cols && dev->heads.n_parts == 0) {
    *to = dev->residual;
    dev->residual.h = NULL;
    return;
  }
  gpu_settle (dev);
}

void
gpu_rows_step (GpuStep *s, KrnMat x)
{
  memset (s, 0, sizeof *s);
  s->kind = GPU_STEP_ROWS;
  s->u.rows.x = gpu_f32 (x);
  s->u.rows.x_stride = gpu_stride (x);
  s->u.rows.rows = x.rows;
  s->u.rows.cols = x.cols;
}

void
gpu_rms_norm (KrnDevice *dev, KrnMat y, KrnMat x, KrnMat w, float eps)
{
  GpuStep s;

  gpu_rows_step (&s, x);
  s.u.rows.y = gpu_f32 (y);
  s.u.rows.y_stride = gpu_stride (y);
  s.u.rows.norm = gpu_vector (w);
  s.u.rows.normalise = 1;
  s.u.rows.eps = eps;
  gpu_take_residual (dev, &s.u.rows.residual, x);
  gpu_do (dev, &s, x.rows, x.rows);
}

/* ---- tables --------------------------------------------------------------------------------------------------- */

static void
gather (KrnDevice *dev, KrnMat y, const int32_t *ids, const void *table, KrnMat shape, int stride, float scale)
{
  GpuStep s = {GPU_STEP_GATHER};

  s.u.gather.y = gpu_f32 (y);
  s.u.gather.y_stride = gpu_stride (y);
  s.u.gather.ids = ids;
  s.u.gather.table = table;
  s.u.gather.type = shape.type;
  s.u.gather.rows = y.rows;
  s.u.gather.cols = y.cols;
  s.u.gather.stride = stride;
  s.u.gather.table_cols = shape.cols;
  s.u.gather.scale = scale;
  gpu_settle (dev);
  gpu_do (dev, &s, y.rows, (long)y.rows * gpu_div_up (y.cols, 256));
}

/* The ids as the host wrote them, or, where something else did, as they are read back. */
static const int32_t *
host_ids (KrnDevice *dev, KrnMat ids)
{
  const unsigned char *at = gpu_at (ids);
  size_t               bytes = (size_t)ids.rows * sizeof (int32_t);

  for (int i = 0; i < 2; i++)
    if (dev->notes[i].at != NULL && at >= dev->notes[i].at && at + bytes <= dev->notes[i].at + dev->notes[i].bytes)
      return (const int32_t *)(const void *)(dev->notes[i].copy + (at - dev->notes[i].at));
  if (bytes > GPU_NOTE_BYTES) {
    gpu_fail (dev, "%d rows at once are too many for a table on the host.", ids.rows);
    return NULL;
  }
  dev->note_turn = 1 - dev->note_turn;
  dev->notes[dev->note_turn].at = NULL;
  gpu_send (dev);
  if (!gpu_check (dev, GPU (MemcpyAsync) (dev->notes[dev->note_turn].copy, at, bytes, GPU (MemcpyDeviceToHost), dev->stream), "reading ids") ||
      !gpu_check (dev, GPU (StreamSynchronize) (dev->stream), "computing"))
    return NULL;
  return (const int32_t *)(const void *)dev->notes[dev->note_turn].copy;
}

static size_t
element_bytes (KrnType type)
{
  return type == KRN_BF16 ? 2 : 4;
}

/* In pieces as large as half of the staging memory; the other half may still be on its way. */
static void
embed_from_host (KrnDevice *dev, KrnMat y, KrnMat ids, KrnMat table, float scale)
{
  size_t         row = (size_t)gpu_stride (table) * element_bytes (table.type), bytes = (size_t)y.cols * element_bytes (table.type);
  int            most = (int)(GPU_STAGING_BYTES / bytes);
  const int32_t *id = host_ids (dev, ids);

  for (int begin = 0; id != NULL && begin < y.rows && !dev->failed; begin += most) {
    int            n = y.rows - begin < most ? y.rows - begin : most;
    size_t         at;
    unsigned char *to;
    KrnMat         part = y;

    /* A few rows take a small part of the half, so that a token need not wait for the token before. */
    if (dev->staging_used + (size_t)n * bytes > GPU_STAGING_BYTES) {
      gpu_send (dev);
      gpu_check (dev, GPU (EventRecord) (dev->staging_free[dev->staging_turn], dev->stream), "marking rows");
      dev->staging_turn = 1 - dev->staging_turn;
      dev->staging_used = 0;
      gpu_check (dev, GPU (EventSynchronize) (dev->staging_free[dev->staging_turn]), "waiting for rows");
    }
    at = (size_t)dev->staging_turn * GPU_STAGING_BYTES + dev->staging_used;
    to = dev->staging + at;
    gpu_copiers_gather (dev->copiers, to, table.buf->host + table.offset, id + begin, n, bytes, row);
    dev->staging_used += ((size_t)n * bytes + 255) / 256 * 256;
    part.offset += (size_t)begin * (size_t)gpu_stride (y) * sizeof (float);
    part.rows = n;
    gather (dev, part, NULL, dev->staging_on_device + at, table, y.cols, scale);
  }
}

void
gpu_embed (KrnDevice *dev, KrnMat y, KrnMat ids, KrnMat table, float scale)
{
  if (y.rows == 0 || y.cols == 0)
    return;
  if (table.buf->host != NULL)
    embed_from_host (dev, y, ids, table, scale);
  else
    gather (dev, y, (const int32_t *)(const void *)gpu_at (ids), gpu_at (table), table, gpu_stride (table), scale);
}
