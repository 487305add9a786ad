/* attention-band.c: shares the attention of the encoder of sound among the members of the pool.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A row sees a dozen keys, so that there is nothing to pack and nothing to cut: a work item is some
 * rows with all their heads. */
#include "kernels/cpu/device.h"

/* Rows of one item: neighbours share nearly all their keys. */
#define ITEM_ROWS 8

typedef struct {
  KrnDevice *dev;
  KrnMat     o, q, k, v;
  int        head_dim, reach;
  KrnBand    band; /* what all rows and heads have in common */
  KrnMat     rel;
} Band;

static void
attend_row (const Band *a, int row)
{
  KrnBand b = a->band;
  int     first;

  b.n_keys = row + 1 < a->reach ? row + 1 : a->reach;
  first = row + 1 - b.n_keys;
  for (int i = 0; i < a->q.cols; i += a->head_dim) {
    b.k = krn_row (a->k, first) + i;
    b.v = krn_row (a->v, first) + i;
    b.r = krn_row (a->rel, 0) + i;
    a->dev->isa->attend_band (krn_row (a->o, row) + i, krn_row (a->q, row) + i, &b, a->head_dim);
  }
}

static void
band_task (void *context, KrnMember *m)
{
  const Band *a = context;
  unsigned    item;

  while (krn_pool_next (m, (unsigned)((a->q.rows - 1) / ITEM_ROWS + 1), &item)) {
    int begin = (int)item * ITEM_ROWS;
    int end = a->q.rows - begin < ITEM_ROWS ? a->q.rows : begin + ITEM_ROWS;

    for (int row = begin; row < end; row++)
      attend_row (a, row);
  }
}

void
krn_cpu_attention_band (KrnDevice *dev,
                        KrnMat     o,
                        KrnMat     q,
                        KrnMat     k,
                        KrnMat     v,
                        KrnMat     rel,
                        KrnMat     q_scale,
                        float      k_scale,
                        int32_t    head_dim,
                        float      cap)
{
  Band a = {
      .dev = dev,
      .o = o,
      .q = q,
      .k = k,
      .v = v,
      .rel = rel,
      .head_dim = head_dim,
      .reach = rel.rows,
  };

  if (rel.rows > KRN_MAX_REACH) {
    krn_device_fail (dev, "Attention %d rows back is too far for the CPU backend.", rel.rows);
    return;
  }
  if (q.rows == 0)
    return;
  a.band = (KrnBand){
      .q_scale = krn_row (q_scale, 0),
      .k_stride = krn_stride (k),
      .v_stride = krn_stride (v),
      .r_stride = krn_stride (rel),
      .k_scale = k_scale,
      .cap = cap,
  };
  krn_pool_run (&dev->pool, band_task, &a);
}
