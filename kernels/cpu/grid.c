/* grid.c: activations that are the points of a grid, row by row: their positions and their means.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A work item is some points of the result. */
#include "kernels/cpu/device.h"

#include <math.h>

/* An item is so many elements, rounded up to points. */
#define ITEM_ELEMENTS 4096

typedef struct KrnGrid KrnGrid;

struct KrnGrid {
  KrnDevice           *dev;
  KrnMat               y, x;
  const unsigned char *pixels;
  int                  first;
  int                  width; /* of the grid that x, or for positions y, lies in */
  int   part; /* columns that turn together; the edge of a patch, or of a square that becomes one
                 point */
  float scale;
  void (*point) (const KrnGrid *g, int row);
};

static void
grid_task (void *context, KrnMember *m)
{
  const KrnGrid *g = context;
  int            rows = 1 + ITEM_ELEMENTS / g->y.cols;
  unsigned       item;

  while (krn_pool_next (m, (unsigned)((g->y.rows - 1) / rows + 1), &item)) {
    int begin = (int)item * rows;
    int end = g->y.rows - begin < rows ? g->y.rows : begin + rows;

    for (int row = begin; row < end; row++)
      g->point (g, row);
  }
}

static void
run (KrnGrid g)
{
  if (g.y.rows == 0 || g.y.cols == 0)
    return;
  if ((size_t)g.y.rows * (size_t)g.y.cols > KRN_SMALL) {
    krn_pool_run (&g.dev->pool, grid_task, &g);
    return;
  }
  for (int row = 0; row < g.y.rows; row++)
    g.point (&g, row);
}

/* ---- patches ---- */

static void
patch_point (const KrnGrid *g, int row)
{
  float               *y = krn_row (g->y, row);
  size_t               piece = 3 * (size_t)g->part, line = piece * (size_t)g->width;
  int                  patch = g->first + row;
  const unsigned char *corner =
      g->pixels + (size_t)(patch / g->width * g->part) * line + (size_t)(patch % g->width) * piece;

  for (int i = 0; i < g->part; i++, y += piece)
    for (size_t j = 0; j < piece; j++)
      y[j] = 2.0f * ((float)corner[(size_t)i * line + j] * (float)(1.0 / 255.0)) - 1.0f;
}

void
krn_cpu_grid_patches (KrnDevice       *dev,
                      KrnMat           y,
                      const KrnBuffer *pixels,
                      size_t           offset,
                      int32_t          first,
                      int32_t          width,
                      int32_t          edge)
{
  run ((KrnGrid){
      .dev = dev,
      .y = y,
      .pixels = pixels->data + offset,
      .first = first,
      .width = width,
      .part = edge,
      .point = patch_point,
  });
}

/* ---- positions ---- */

static void
angles (float *cs, int position, const float *freq, int n)
{
  for (int i = 0; i < n; i++)
    sincosf ((float)position * freq[i], &cs[n + i], &cs[i]);
}

static void
angles_point (const KrnGrid *g, int row)
{
  float       *cs = krn_row (g->y, row);
  const float *freq = krn_row (g->x, 0);
  int          half = g->y.cols / 2;

  angles (cs, row % g->width, freq, half / 2);
  angles (cs + half, row / g->width, freq, half / 2);
}

void
krn_cpu_grid_angles (KrnDevice *dev, KrnMat cs, KrnMat freq, int32_t width)
{
  run ((KrnGrid){.dev = dev, .y = cs, .x = freq, .width = width, .point = angles_point});
}

static void
rotate_point (const KrnGrid *g, int row)
{
  float       *y = krn_row (g->y, row);
  const float *cs = krn_row (g->x, row);

  for (int i = 0; i < g->y.cols; i += 2 * g->part) {
    g->dev->isa->rotate (y + i, cs, g->part);
    g->dev->isa->rotate (y + i + g->part, cs + g->part, g->part);
  }
}

void
krn_cpu_grid_rotate (KrnDevice *dev, KrnMat x, KrnMat cs, int32_t head_dim)
{
  run ((KrnGrid){.dev = dev, .y = x, .x = cs, .part = head_dim / 2, .point = rotate_point});
}

/* ---- means ---- */

static void
pool_point (const KrnGrid *g, int row)
{
  const KrnIsa *isa = g->dev->isa;
  int           k = g->part, across = g->width / k;
  int           first = row / across * k * g->width + row % across * k;
  float        *y = krn_row (g->y, row);

  isa->scale (y, krn_row (g->x, first), g->y.cols, g->scale);
  for (int i = 1; i < k * k; i++)
    isa->add_scaled (y, krn_row (g->x, first + i / k * g->width + i % k), g->y.cols, g->scale);
}

void
krn_cpu_grid_pool (KrnDevice *dev, KrnMat y, KrnMat x, int32_t width, int32_t k, float scale)
{
  run ((KrnGrid){
      .dev = dev,
      .y = y,
      .x = x,
      .width = width,
      .part = k,
      .scale = scale / (float)(k * k),
      .point = pool_point,
  });
}
