/* rowwise.c: operations that take every row on its own: bounds, sums, gates, the layer norm.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * These are the steps of the encoders, where matrix products stand alone because their inputs and
 * outputs are bounded; each passes once over memory. */
#include "kernels/cpu/device.h"

/* An item is so many elements, rounded up to rows. */
#define ITEM_ELEMENTS 4096

typedef struct {
  KrnDevice *dev;
  enum {
    ROW_CLAMP,
    ROW_ADD_SCALED,
    ROW_GELU_MUL,
    ROW_SILU,
    ROW_GLU,
    ROW_LAYER_NORM_RELU,
  } kind;
  KrnMat    y, x;
  KrnVector w;
  float     a, b; /* bounds; the factor; eps */
} Rowwise;

static void
run_row (const Rowwise *op, int row)
{
  const KrnIsa *isa = op->dev->isa;
  float        *y = krn_row (op->y, row);
  /* One row serves for all. */
  const float  *x = krn_row (op->x, op->x.rows == 1 ? 0 : row);
  int           n = op->y.cols;

  switch (op->kind) {
  case ROW_CLAMP:
    isa->clamp (y, x, n, op->a, op->b);
    break;
  case ROW_ADD_SCALED:
    isa->add_scaled (y, x, n, op->a);
    break;
  case ROW_GELU_MUL:
    isa->gelu_mul (y, x, n);
    break;
  case ROW_SILU:
    isa->silu (y, x, n);
    break;
  case ROW_GLU:
    isa->glu (y, x, x + n, n);
    break;
  case ROW_LAYER_NORM_RELU:
    isa->layer_norm_relu (y, x, op->w, n, op->a);
    break;
  }
}

static void
rowwise_task (void *context, KrnMember *m)
{
  const Rowwise *op = context;
  int            rows = 1 + ITEM_ELEMENTS / op->y.cols;
  unsigned       item;

  while (krn_pool_next (m, (unsigned)((op->y.rows - 1) / rows + 1), &item)) {
    int begin = (int)item * rows;
    int end = op->y.rows - begin < rows ? op->y.rows : begin + rows;

    for (int row = begin; row < end; row++)
      run_row (op, row);
  }
}

static void
run (Rowwise op)
{
  if (op.y.rows == 0 || op.y.cols == 0)
    return;
  if ((size_t)op.y.rows * (size_t)op.y.cols > KRN_SMALL) {
    krn_pool_run (&op.dev->pool, rowwise_task, &op);
    return;
  }
  for (int row = 0; row < op.y.rows; row++)
    run_row (&op, row);
}

void
krn_cpu_clamp (KrnDevice *dev, KrnMat y, KrnMat x, float low, float high)
{
  run ((Rowwise){.dev = dev, .kind = ROW_CLAMP, .y = y, .x = x, .a = low, .b = high});
}

void
krn_cpu_add_scaled (KrnDevice *dev, KrnMat y, KrnMat x, float s)
{
  run ((Rowwise){.dev = dev, .kind = ROW_ADD_SCALED, .y = y, .x = x, .a = s});
}

void
krn_cpu_gelu_mul (KrnDevice *dev, KrnMat g, KrnMat u)
{
  run ((Rowwise){.dev = dev, .kind = ROW_GELU_MUL, .y = g, .x = u});
}

void
krn_cpu_silu (KrnDevice *dev, KrnMat y, KrnMat x)
{
  run ((Rowwise){.dev = dev, .kind = ROW_SILU, .y = y, .x = x});
}

void
krn_cpu_glu (KrnDevice *dev, KrnMat y, KrnMat x)
{
  run ((Rowwise){.dev = dev, .kind = ROW_GLU, .y = y, .x = x});
}

void
krn_cpu_layer_norm_relu (KrnDevice *dev, KrnMat y, KrnMat x, KrnMat w, float eps)
{
  run ((Rowwise){
      .dev = dev,
      .kind = ROW_LAYER_NORM_RELU,
      .y = y,
      .x = x,
      .w = krn_vector (w),
      .a = eps,
  });
}
