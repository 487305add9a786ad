/* clipped.c: the encoders' linear layers, whose inputs and outputs are kept within bounds.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Composed of single operations: here an encoder is bound by its multiplications, and a pass over
 * memory costs little. */
#include "kernels/cpu/device.h"

void
krn_cpu_clipped (KrnDevice *dev, KrnMat y, KrnMat z, KrnMat x, const KrnClipped *w)
{
  krn_cpu_clamp (dev, z, x, w->in_low, w->in_high);
  krn_cpu_linear (dev, y, z, w->w);
  krn_cpu_clamp (dev, y, y, w->out_low, w->out_high);
}

void
krn_cpu_norm_clipped (KrnDevice        *dev,
                      const KrnMat     *y,
                      int32_t           n,
                      KrnMat            a,
                      KrnMat            z,
                      KrnMat            x,
                      KrnMat            norm,
                      float             eps,
                      const KrnClipped *w)
{
  krn_cpu_rms_norm (dev, a, x, norm, eps);
  for (int i = 0; i < n; i++)
    krn_cpu_clipped (dev, y[i], i + 1 < n ? z : a, a, &w[i]);
}

void
krn_cpu_clipped_add (KrnDevice        *dev,
                     KrnMat            h,
                     KrnMat            y,
                     KrnMat            z,
                     KrnMat            x,
                     const KrnClipped *w,
                     KrnMat            norm,
                     float             eps,
                     float             s)
{
  krn_cpu_clipped (dev, y, z, x, w);
  krn_cpu_rms_norm (dev, y, y, norm, eps);
  krn_cpu_add_scaled (dev, h, y, s);
}

void
krn_cpu_clipped_mlp (KrnDevice *dev, KrnMat h, KrnMat y, KrnMat g, KrnMat u, KrnMat a, KrnMat z, const KrnClippedMlp *w)
{
  krn_cpu_rms_norm (dev, a, h, w->norm, w->eps);
  krn_cpu_clipped (dev, g, z, a, &w->gate);
  krn_cpu_clipped (dev, u, a, a, &w->up);
  krn_cpu_gelu_mul (dev, g, u);
  krn_cpu_clipped_add (dev, h, y, g, g, &w->down, w->post_norm, w->eps, 1.0f);
}

/* Every head of every row.  Rows without gaps between them are one matrix of heads. */
static void
norm_heads (KrnDevice *dev, KrnMat x, KrnMat norm, int32_t head_dim, float eps)
{
  int    heads = x.cols / head_dim, rows = x.rows, at_once = krn_stride (x) == (size_t)x.cols ? rows : 1;
  KrnMat part = {x.buf, x.offset, x.type, at_once * heads, head_dim, 0};

  for (int row = 0; row < rows; row += at_once) {
    part.offset = x.offset + (size_t)row * krn_stride (x) * sizeof (float);
    krn_cpu_rms_norm (dev, part, part, norm, eps);
  }
}

void
krn_cpu_grid_heads (KrnDevice *dev,
                    KrnMat     q,
                    KrnMat     k,
                    KrnMat     v,
                    KrnMat     cs,
                    KrnMat     q_norm,
                    KrnMat     k_norm,
                    int32_t    head_dim,
                    float      eps)
{
  norm_heads (dev, q, q_norm, head_dim, eps);
  norm_heads (dev, k, k_norm, head_dim, eps);
  norm_heads (dev, v, (KrnMat){0}, head_dim, eps);
  krn_cpu_grid_rotate (dev, q, cs, head_dim);
  krn_cpu_grid_rotate (dev, k, cs, head_dim);
}
