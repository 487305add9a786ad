/* linear.c: plans matrix products and shares them among the members of the pool; see linear.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which inner loop runs depends on the number of rows.  A few rows read the weights where they lie,
 * each weight once; many rows are worth packing the weights into panels first.  Quantised weights
 * have one form for both.
 *
 * Work items are ranges of weight rows, claimed one by one, so that a
 * member that loses its processor for a while does not hold up the others. */
#include "kernels/cpu/linear.h"

/* The row form wants its activations in the second-level cache, so many elements at most. */
#define ROWS_MAX_ELEMENTS (128 << 10)
/* The BF16 dot product is twice as fast, so that packing pays sooner. */
#define PANEL_MIN_BF16 6
/* Columns of a panel that are packed at once: panel_n · 2048 floats stay in the second-level cache.
 */
#define PANEL_DEPTH 2048
/* A work item with few rows reads about so much: enough that the streams within it lie far apart.
 */
#define ITEM_BYTES (256u << 10)
/* An item has at most about so many results; twice that fit half of a member's scratch. */
#define ITEM_RESULTS   ((int)(KRN_SCRATCH_BYTES / 4 / sizeof (float)))
#define ITEMS_A_MEMBER 4
/* Columns that are made ready by one item. */
#define PREPARE_COLS 1024

_Static_assert(PANEL_DEPTH *KRN_MAX_PANEL_N * sizeof (float) <= KRN_SCRATCH_BYTES / 2,
               "a panel fits the scratch");

static int
round_up (int x, int unit)
{
  return (x + unit - 1) / unit * unit;
}

static int
min_int (int a, int b)
{
  return a < b ? a : b;
}

static KrnForm
choose_form (const KrnLinear *l, KrnType type)
{
  const KrnIsa *isa = l->dev->isa;
  bool          fast = type == KRN_BF16 && l->dev->fast && isa->bf16_dot;

  if (type == KRN_Q8 || type == KRN_Q4)
    return KRN_FORM_QUANT;
  if (fast && l->x.n >= PANEL_MIN_BF16)
    return KRN_FORM_PANEL_BF16;
  if (l->x.n < isa->panel_m ||
      (l->x.n < isa->panel_min && (size_t)l->x.n * (size_t)l->cols <= ROWS_MAX_ELEMENTS))
    return KRN_FORM_ROWS;
  return KRN_FORM_PANEL;
}

/* Rows of one group: as many as the inner loop takes, or fewer so that all groups have about the
 * same number. */
static int
group_size (const KrnLinear *l, KrnForm form)
{
  int most = form == KRN_FORM_QUANT ? l->dev->isa->quant_m : l->dev->isa->panel_m;
  int n_groups = (l->x.n + most - 1) / most;

  return (l->x.n + n_groups - 1) / n_groups;
}

static size_t
row_bytes (KrnMat w)
{
  switch (w.type) {
  case KRN_F32:
    return 4 * krn_stride (w);
  case KRN_BF16:
    return 2 * krn_stride (w);
  default:
    return krn_quant_bytes (w.type, KRN_TILE_ROWS, w.cols) / KRN_TILE_ROWS;
  }
}

int
krn_linear_max_rows (KrnDevice *dev, int cols)
{
  /* panel, panel in BF16 with an even number of columns, quantised with scale and sum */
  size_t bytes = 4 * (size_t)cols + 2 * ((size_t)cols + 1) + (size_t)cols + (size_t)cols / 4 + 64;
  size_t rows = (KRN_ARENA_BYTES - 4096) / bytes;
  size_t group = (size_t)(dev->isa->panel_m * dev->isa->quant_m);

  if (rows > 1024)
    rows = 1024;
  return (int)(rows >= group ? rows / group * group : 0);
}

void
krn_linear_init (KrnLinear *l, KrnDevice *dev, KrnIn x, int cols)
{
  unsigned char *next = dev->arena;
  size_t         size = (size_t)x.n * (size_t)cols;

  *l = (KrnLinear){.dev = dev, .x = x, .cols = cols};
  l->quant.scale = (float *)next;
  next += size / KRN_TILE_COLS * sizeof (float) + 64;
  l->quant.correction = (int32_t *)next;
  next += size / KRN_TILE_COLS * sizeof (int32_t) + 64;
  l->panel = (float *)(next + (64 - (uintptr_t)next % 64) % 64);
  l->panel_bf16 = (uint16_t *)(l->panel + size);
  l->quant.q = (int8_t *)(l->panel_bf16 + (size + (size_t)x.n));
}

void
krn_linear_add (KrnLinear *l, KrnMat w, KrnOut y)
{
  const KrnIsa *isa = l->dev->isa;
  KrnProduct   *p = &l->products[l->n_products++];
  int           share = w.rows / (l->dev->pool.n_threads * ITEMS_A_MEMBER);
  int           enough = (int)(ITEM_BYTES / row_bytes (w));
  int           most = ITEM_RESULTS / l->x.n;

  *p = (KrnProduct){.w = w, .y = y, .form = choose_form (l, w.type)};
  if (p->form == KRN_FORM_ROWS)
    p->unit = isa->dot_rows;
  else if (p->form == KRN_FORM_QUANT)
    p->unit = isa->quant_streams * KRN_TILE_ROWS;
  else
    p->unit = isa->panel_n;
  p->rows_per_item = p->unit;
  if (p->form == KRN_FORM_ROWS || (p->form == KRN_FORM_QUANT && l->x.n < isa->panel_min))
    p->rows_per_item = round_up (min_int (min_int (share, enough), most) + 1, p->unit);
  p->n_items = (w.rows + p->rows_per_item - 1) / p->rows_per_item;
  l->wanted[p->form] = true;
  l->n_items += p->n_items;
}

void
krn_linear_match_items (KrnLinear *l)
{
  KrnProduct *p = &l->products[0];

  /* Every unit divides the larger of two different ones. */
  if (p->unit < l->products[1].unit)
    p->rows_per_item = round_up (p->rows_per_item, l->products[1].unit);
  p->n_items = (p->w.rows + p->rows_per_item - 1) / p->rows_per_item;
}

bool
krn_linear_is_small (const KrnLinear *l)
{
  return (size_t)l->x.n * (size_t)l->cols <= KRN_SMALL;
}

/* ---- activations ---- */

/* The group of m quantised rows from `row` on. */
static KrnQuantRows
quant_rows (const KrnLinear *l, int row, int m)
{
  size_t before = (size_t)row * (size_t)l->cols;

  return (KrnQuantRows){
      .q = l->quant.q + before,
      .scale = l->quant.scale + before / KRN_TILE_COLS,
      .correction = l->quant.correction + before / KRN_TILE_COLS,
      .n = m,
  };
}

static float *
panel_rows (const KrnLinear *l, int row, int m, int col)
{
  return l->panel + (size_t)row * (size_t)l->cols + (size_t)col * (size_t)m;
}

static uint16_t *
panel_rows_bf16 (const KrnLinear *l, int row, int m, int col)
{
  return l->panel_bf16 + (size_t)row * (size_t)round_up (l->cols, 2) + (size_t)col * (size_t)m;
}

/* Columns [begin, end) of rows [row, row + m), which are one group. */
static void
prepare_group (KrnLinear *l, KrnForm form, int row, int m, int begin, int end)
{
  const KrnIsa *isa = l->dev->isa;
  KrnIn         all = {l->x.p + (size_t)row * l->x.stride, l->x.stride, m};
  KrnIn         part = {all.p + begin, all.stride, m};

  if (form == KRN_FORM_PANEL)
    isa->pack_rows (panel_rows (l, row, m, begin), part, end - begin);
  else if (form == KRN_FORM_PANEL_BF16)
    isa->pack_rows_bf16 (panel_rows_bf16 (l, row, m, begin), part, end - begin);
  else if (form == KRN_FORM_QUANT)
    isa->quantise_rows (quant_rows (l, row, m), all, begin, end);
}

/* One item is up to PREPARE_COLS columns of one group. */
static unsigned
count_prepare_items (const KrnLinear *l, KrnForm form)
{
  int m = group_size (l, form);

  return (unsigned)((l->x.n + m - 1) / m) * (unsigned)((l->cols + PREPARE_COLS - 1) / PREPARE_COLS);
}

static void
prepare_item (KrnLinear *l, KrnForm form, unsigned item)
{
  unsigned parts = (unsigned)((l->cols + PREPARE_COLS - 1) / PREPARE_COLS);
  int      m = group_size (l, form);
  int      row = (int)(item / parts) * m;
  int      begin = (int)(item % parts) * PREPARE_COLS;

  prepare_group (l, form, row, min_int (m, l->x.n - row), begin,
                 min_int (begin + PREPARE_COLS, l->cols));
}

void
krn_linear_prepare (void *linear)
{
  KrnLinear *l = linear;

  for (KrnForm form = KRN_FORM_PANEL; form < KRN_N_FORMS; form++)
    for (unsigned item = 0; l->wanted[form] && item < count_prepare_items (l, form); item++)
      prepare_item (l, form, item);
}

bool
krn_linear_share (KrnLinear *l, KrnMember *m)
{
  for (KrnForm form = KRN_FORM_PANEL; form < KRN_N_FORMS; form++) {
    unsigned item;

    if (!l->wanted[form])
      continue;
    while (krn_pool_next (m, count_prepare_items (l, form), &item))
      prepare_item (l, form, item);
    if (!krn_pool_barrier (m, NULL, NULL))
      return false;
  }
  return true;
}

bool
krn_linear_after (KrnLinear *l, KrnMember *m)
{
  if (krn_linear_is_small (l))
    return krn_pool_barrier (m, krn_linear_prepare, l);
  return krn_pool_barrier (m, NULL, NULL) && krn_linear_share (l, m);
}

/* ---- products ---- */

/* `rows` weight rows from `row` on, of the columns [begin, begin + cols). */
static KrnWeights
weights (const KrnProduct *p, int row, int rows, int begin, int cols)
{
  bool        bf16 = p->w.type == KRN_BF16;
  const void *at = krn_row (p->w, row) + begin;

  if (bf16)
    at = krn_row_bf16 (p->w, row) + begin;
  return (KrnWeights){at, krn_stride (p->w), bf16, rows, cols};
}

static KrnOut
skip_rows (KrnOut y, int n)
{
  y.p += (size_t)n * y.stride;
  return y;
}

/* At most `unit` weight rows, for all groups of activations: packed in slices of columns that stay
 * in the cache. */
static void
run_panel (KrnLinear *l, KrnMember *m, const KrnProduct *p, int row, int rows, KrnOut y)
{
  const KrnIsa *isa = l->dev->isa;
  int           group = group_size (l, p->form);
  bool          bf16 = p->form == KRN_FORM_PANEL_BF16;
  void         *panel = krn_scratch (m);
  KrnPacked     b = {panel, (size_t)isa->panel_n};

  for (int begin = 0; begin < l->cols; begin += PANEL_DEPTH) {
    int        depth = min_int (PANEL_DEPTH, l->cols - begin);
    KrnWeights w = weights (p, row, rows, begin, depth);

    if (bf16)
      isa->pack_panel_bf16 (panel, w);
    else
      isa->pack_panel (panel, w);
    for (int i = 0; i < l->x.n; i += group) {
      int     n = min_int (group, l->x.n - i);
      KrnTile tile = {n, rows, depth, begin > 0};

      if (bf16)
        isa->panel_bf16 (skip_rows (y, i), panel_rows_bf16 (l, i, n, begin), panel, tile);
      else
        isa->panel (skip_rows (y, i), (KrnPacked){panel_rows (l, i, n, begin), (size_t)n}, b, tile);
    }
  }
}

static void
run_quant (KrnLinear *l, const KrnProduct *p, int row, int rows, KrnOut y)
{
  size_t          tile_row = krn_quant_bytes (p->w.type, KRN_TILE_ROWS, l->cols);
  int             group = group_size (l, p->form);
  KrnQuantWeights w = {
      .type = p->w.type,
      .tiles = p->w.buf->data + p->w.offset + (size_t)(row / KRN_TILE_ROWS) * tile_row,
      .rows = rows,
      .cols = l->cols,
  };

  for (int i = 0; i < l->x.n; i += group)
    l->dev->isa->quant_dot (skip_rows (y, i), quant_rows (l, i, min_int (group, l->x.n - i)), w);
}

void
krn_linear_rows (KrnLinear *l, KrnMember *m, const KrnProduct *p, int begin, int end, KrnOut y)
{
  if (p->form == KRN_FORM_ROWS) {
    l->dev->isa->dot (y, l->x, weights (p, begin, end - begin, 0, l->cols));
  } else if (p->form == KRN_FORM_QUANT) {
    run_quant (l, p, begin, end - begin, y);
  } else {
    for (int row = begin; row < end; row += p->unit, y.p += p->unit)
      run_panel (l, m, p, row, min_int (p->unit, end - row), y);
  }
}

void
krn_linear_run (KrnLinear *l, KrnMember *m)
{
  unsigned next;

  while (krn_pool_next (m, (unsigned)l->n_items, &next)) {
    int         item = (int)next;
    KrnProduct *p = l->products;
    int         begin;
    KrnOut      y;

    for (; item >= p->n_items; p++)
      item -= p->n_items;
    begin = item * p->rows_per_item;
    y = (KrnOut){p->y.p + begin, p->y.stride};
    krn_linear_rows (l, m, p, begin, min_int (begin + p->rows_per_item, p->w.rows), y);
  }
}

/* ---- the operation ---- */

static void
linear_task (void *context, KrnMember *m)
{
  KrnLinear *l = context;

  if (krn_linear_is_small (l) || krn_linear_share (l, m))
    krn_linear_run (l, m);
}

void
krn_cpu_linear (KrnDevice *dev, KrnMat y, KrnMat x, KrnMat w)
{
  int most = krn_linear_max_rows (dev, x.cols);

  if (most == 0) {
    krn_device_fail (dev, "A matrix of %d columns is too wide for the CPU backend.", x.cols);
    return;
  }
  for (int row = 0; row < x.rows; row += most) {
    KrnLinear l;

    krn_linear_init (&l, dev, krn_in (x, row, min_int (most, x.rows - row)), x.cols);
    krn_linear_add (&l, w, krn_out (y, row));
    if (krn_linear_is_small (&l))
      krn_linear_prepare (&l);
    krn_pool_run (&dev->pool, linear_task, &l);
  }
}
