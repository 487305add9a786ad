/* conv.c: the convolutions of the encoder of sound.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * In two dimensions, what an output point sees becomes a row of activations, and the convolution is
 * a matrix product with the weights as they lie in a checkpoint.  Such rows are made for some
 * hundred points at a time, in the half of the arena that the product leaves free.
 *
 * Along time with a filter for each channel there is nothing to multiply as matrices: a row of the
 * result is a sum of a few rows, element by element. */
#include "kernels/cpu/half.h"
#include "kernels/cpu/linear.h"

#define EDGE 3
#define SEEN (EDGE * EDGE)
/* An item is so many elements, rounded up to rows. */
#define ITEM_ELEMENTS 4096

static int
min_int (int a, int b)
{
  return a < b ? a : b;
}

/* ---- two dimensions ---- */

typedef struct {
  KrnLinear linear;
  KrnMat    x;
  int       width, height; /* of the grid of x */
  int       first;         /* output point */
  float    *seen;          /* (linear.x.n, x.cols · SEEN) */
} Conv;

/* What output point `index` sees: for every channel its 3 × 3 points, those outside being 0. */
static void
see (const Conv *c, int index, float *seen)
{
  int across = (c->width + 1) / 2;
  int top = index / across * 2 - 1, left = index % across * 2 - 1;

  for (int i = 0; i < SEEN; i++) {
    int  line = top + i / EDGE, column = left + i % EDGE;
    bool inside = line >= 0 && line < c->height && column >= 0 && column < c->width;

    if (inside) {
      const float *x = krn_row (c->x, line * c->width + column);

      for (int channel = 0; channel < c->x.cols; channel++)
        seen[channel * SEEN + i] = x[channel];
    } else {
      for (int channel = 0; channel < c->x.cols; channel++)
        seen[channel * SEEN + i] = 0.0f;
    }
  }
}

static void
conv_task (void *context, KrnMember *m)
{
  Conv    *c = context;
  int      rows = 1 + ITEM_ELEMENTS / c->linear.cols;
  unsigned item;

  while (krn_pool_next (m, (unsigned)((c->linear.x.n - 1) / rows + 1), &item))
    for (int i = (int)item * rows; i < min_int (((int)item + 1) * rows, c->linear.x.n); i++)
      see (c, c->first + i, c->seen + (size_t)i * (size_t)c->linear.cols);
  if (!krn_linear_after (&c->linear, m))
    return;
  krn_linear_run (&c->linear, m);
}

void
krn_cpu_conv_2d (KrnDevice *dev, KrnMat y, KrnMat x, KrnMat w, int32_t width)
{
  Conv c = {.x = x, .width = width, .height = x.rows / width};
  int  cols = x.cols * SEEN;
  /* Rows of twice the columns fit the arena, so that these fit one half of it. */
  int  most = krn_linear_max_rows (dev, 2 * cols);

  if (most == 0) {
    krn_device_fail (dev, "A convolution of %d channels is too wide for the CPU backend.", x.cols);
    return;
  }
  c.seen = (float *)(dev->arena + KRN_ARENA_BYTES / 2);
  for (; c.first < y.rows; c.first += most) {
    int n = min_int (most, y.rows - c.first);

    krn_linear_init (&c.linear, dev, (KrnIn){c.seen, (size_t)cols, n}, cols);
    krn_linear_add (&c.linear, w, krn_out (y, c.first));
    krn_pool_run (&dev->pool, conv_task, &c);
  }
}

/* ---- along time ---- */

typedef struct {
  KrnDevice   *dev;
  KrnMat       y, x;
  const float *taps; /* (n_taps, x.cols), the oldest first */
  int          n_taps;
} Causal;

static void
filter_row (const Causal *c, int row)
{
  int n = min_int (row + 1, c->n_taps);

  c->dev->isa->filter (krn_row (c->y, row), krn_in (c->x, row + 1 - n, n),
                       c->taps + (size_t)(c->n_taps - n) * (size_t)c->x.cols, c->x.cols);
}

static void
filter_task (void *context, KrnMember *m)
{
  const Causal *c = context;
  int           rows = 1 + ITEM_ELEMENTS / c->x.cols;
  unsigned      item;

  while (krn_pool_next (m, (unsigned)((c->x.rows - 1) / rows + 1), &item))
    for (int i = (int)item * rows; i < min_int (((int)item + 1) * rows, c->x.rows); i++)
      filter_row (c, i);
}

/* w (c, n_taps) turned over, in F32. */
static void
load_taps (float *taps, KrnMat w)
{
  for (int channel = 0; channel < w.rows; channel++)
    for (int i = 0; i < w.cols; i++)
      taps[(size_t)i * (size_t)w.rows + (size_t)channel] =
          w.type == KRN_BF16 ? krn_float_from_bf16 (krn_row_bf16 (w, channel)[i])
                             : krn_row (w, channel)[i];
}

void
krn_cpu_conv_causal (KrnDevice *dev, KrnMat y, KrnMat x, KrnMat w)
{
  Causal c = {dev, y, x, (float *)dev->arena, w.cols};

  if (x.rows == 0 || x.cols == 0)
    return;
  if ((size_t)w.rows * (size_t)w.cols * sizeof (float) > KRN_ARENA_BYTES) {
    krn_device_fail (dev, "%d filters of %d are too many for the CPU backend.", w.rows, w.cols);
    return;
  }
  load_taps ((float *)dev->arena, w);
  krn_pool_run (&dev->pool, filter_task, &c);
}
