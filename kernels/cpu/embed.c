/* embed.c: table rows by token id, and copies.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernels/cpu/device.h"

#include <string.h>

typedef struct {
  KrnDevice *dev;
  KrnMat     y, ids, table;
  float      scale;
} Embed;

static void
embed_row (const Embed *e, int i)
{
  const KrnIsa *isa = e->dev->isa;
  float        *y = krn_row (e->y, i);
  int           id = krn_ids (e->ids)[(size_t)i * krn_stride (e->ids)];

  switch (e->table.type) {
  case KRN_BF16:
    isa->widen (y, krn_row_bf16 (e->table, id), e->y.cols, e->scale);
    break;
  case KRN_Q8:
  case KRN_Q4:
    krn_dequantise_row (e->table.type, y, e->table.buf->data + e->table.offset, e->table.rows,
                        e->table.cols, id);
    isa->scale (y, y, e->y.cols, e->scale);
    break;
  default:
    isa->scale (y, krn_row (e->table, id), e->y.cols, e->scale);
    break;
  }
}

static void
embed_task (void *context, KrnMember *m)
{
  Embed   *e = context;
  unsigned i;

  while (krn_pool_next (m, (unsigned)e->y.rows, &i))
    embed_row (e, (int)i);
}

void
krn_cpu_embed (KrnDevice *dev, KrnMat y, KrnMat ids, KrnMat table, float scale)
{
  Embed e = {dev, y, ids, table, scale};

  if ((size_t)y.rows * (size_t)y.cols > KRN_SMALL) {
    krn_pool_run (&dev->pool, embed_task, &e);
    return;
  }
  for (int i = 0; i < y.rows; i++)
    embed_row (&e, i);
}

void
krn_cpu_copy (KrnDevice *dev, KrnMat y, KrnMat x)
{
  for (int i = 0; i < y.rows; i++)
    memcpy (krn_row (y, i), krn_row (x, i), (size_t)y.cols * sizeof (float));
}

typedef struct {
  KrnDevice *dev;
  KrnMat     x;
  float      cap;
} Softcap;

#define SOFTCAP_COLS 4096

static void
softcap_task (void *context, KrnMember *m)
{
  Softcap *s = context;
  unsigned parts = ((unsigned)s->x.cols + SOFTCAP_COLS - 1) / SOFTCAP_COLS;
  unsigned item;

  while (krn_pool_next (m, parts * (unsigned)s->x.rows, &item)) {
    int begin = (int)(item % parts) * SOFTCAP_COLS;
    int n = s->x.cols - begin < SOFTCAP_COLS ? s->x.cols - begin : SOFTCAP_COLS;

    s->dev->isa->softcap (krn_row (s->x, (int)(item / parts)) + begin, n, s->cap);
  }
}

void
krn_cpu_softcap (KrnDevice *dev, KrnMat x, float cap)
{
  Softcap s = {dev, x, cap};

  if (x.rows > 0 && x.cols > 0)
    krn_pool_run (&dev->pool, softcap_task, &s);
}
