/* linear.c: plans matrix products and shares them among the members of the pool; see linear.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which inner loop runs depends on the number of rows.  A few rows read the weights where they lie, each weight once; many
 * rows are worth packing the weights into panels first.  Quantised weights have one form for both.
 * Work items are ranges of weight rows, claimed one by one, so that a member that loses its processor for a while does
 * not hold up the others. */
#include "kernels/cpu/linear.h"

/* The row form wants its activations in the second-level cache, so many elements at most. */
#define ROWS_MAX_ELEMENTS   (128 << 10)
/* The BF16 dot product is twice as fast, so that packing pays sooner. */
#define PANEL_MIN_BF16      6
/* Columns of a panel that are packed at once: panel_n · 2048 floats stay in the second-level cache. */
#define PANEL_DEPTH         2048
/* A work item with few rows reads about so much: enough that the streams within it lie far apart. */
#define ITEM_BYTES          (256u << 10)
#define ITEMS_A_MEMBER      4
/* Columns that are made ready by one item. */
#define PREPARE_COLS        1024

_Static_assert (PANEL_DEPTH * KRN_MAX_PANEL_N * sizeof (float) <= KRN_SCRATCH_BYTES / 2, "a panel fits the scratch");

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
  if (fast && l->n >= PANEL_MIN_BF16)
    return KRN_FORM_PANEL_BF16;
  if (l->n < isa->panel_m ||
      (l->n < isa->panel_min && (size_t) l->n * (size_t) l->cols <= ROWS_MAX_ELEMENTS))
    return KRN_FORM_ROWS;
  return KRN_FORM_PANEL;
}

/* Rows of one group: as many as the inner loop takes, or fewer so that all groups have about the same number. */
static int
group_size (const KrnLinear *l, KrnForm form)
{
  int most = form == KRN_FORM_QUANT ? l->dev->isa->quant_m : l->dev->isa->panel_m;
  int n_groups = (l->n + most - 1) / most;

  return (l->n + n_groups - 1) / n_groups;
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
  size_t bytes = 4 * (size_t) cols + 2 * ((size_t) cols + 1) + (size_t) cols + (size_t) cols / 4 + 64;
  size_t rows = (KRN_ARENA_BYTES - 4096) / bytes;
  size_t group = (size_t) (dev->isa->panel_m * dev->isa->quant_m);

  if (rows > 1024)
    rows = 1024;
  return (int) (rows >= group ? rows / group * group : 0);
}

void
krn_linear_init (KrnLinear *l, KrnDevice *dev, const float *x, size_t x_stride, int n, int cols)
{
  unsigned char *next = dev->arena;
  size_t         size = (size_t) n * (size_t) cols;

  *l = (KrnLinear){.dev = dev, .x = x, .x_stride = x_stride, .n = n, .cols = cols};
  l->quant.scale = (float *) next;
  next += size / KRN_TILE_COLS * sizeof (float) + 64;
  l->quant.correction = (int32_t *) next;
  next += size / KRN_TILE_COLS * sizeof (int32_t) + 64;
  l->panel = (float *) (next + (64 - (uintptr_t) next % 64) % 64);
  l->panel_bf16 = (uint16_t *) (l->panel + size);
  l->quant.q = (int8_t *) (l->panel_bf16 + (size + (size_t) n));
}

void
krn_linear_add (KrnLinear *l, KrnMat w, float *y, size_t y_stride)
{
  const KrnIsa *isa = l->dev->isa;
  KrnProduct   *p = &l->products[l->n_products++];
  int           share = w.rows / (l->dev->pool.n_threads * ITEMS_A_MEMBER);
  int           enough = (int) (ITEM_BYTES / row_bytes (w));

  *p = (KrnProduct){.w = w, .y = y, .y_stride = y_stride, .form = choose_form (l, w.type)};
  if (p->form == KRN_FORM_ROWS)
    p->unit = isa->dot_rows;
  else if (p->form == KRN_FORM_QUANT)
    p->unit = 2 * KRN_TILE_ROWS;
  else
    p->unit = isa->panel_n;
  p->rows_per_item = p->unit;
  if (p->form == KRN_FORM_ROWS || (p->form == KRN_FORM_QUANT && l->n < isa->panel_min))
    p->rows_per_item = round_up (min_int (share, enough) + 1, p->unit);
  p->n_items = (w.rows + p->rows_per_item - 1) / p->rows_per_item;
  l->wanted[p->form] = true;
  l->n_items += p->n_items;
}

bool
krn_linear_is_small (const KrnLinear *l)
{
  return (size_t) l->n * (size_t) l->cols <= KRN_SMALL;
}

/* ---- activations ------------------------------------------------------------------------------------ */

/* Columns [begin, end) of rows [row, row + m), which are one group. */
static void
prepare_group (KrnLinear *l, KrnForm form, int row, int m, int begin, int end)
{
  const KrnIsa *isa = l->dev->isa;
  const float  *x = l->x + (size_t) row * l->x_stride;
  size_t        before = (size_t) row * (size_t) l->cols;

  switch (form) {
  case KRN_FORM_PANEL:
    isa->pack_rows (l->panel + before + (size_t) begin * (size_t) m, x + begin, l->x_stride, m, end - begin);
    break;
  case KRN_FORM_PANEL_BF16:
    isa->pack_rows_bf16 (l->panel_bf16 + (size_t) row * (size_t) round_up (l->cols, 2) + (size_t) begin * (size_t) m,
                         x + begin,
                         l->x_stride,
                         m,
                         end - begin);
    break;
  case KRN_FORM_QUANT: {
    KrnQuantRows dst = {
      l->quant.q + before,
      l->quant.scale + before / KRN_TILE_COLS,
      l->quant.correction + before / KRN_TILE_COLS,
    };

    isa->quantise_rows (dst, x, l->x_stride, m, begin, end);
    break;
  }
  default:
    break;
  }
}

/* One item is up to PREPARE_COLS columns of one group. */
static unsigned
count_prepare_items (const KrnLinear *l, KrnForm form)
{
  int m = group_size (l, form);

  return (unsigned) ((l->n + m - 1) / m) * (unsigned) ((l->cols + PREPARE_COLS - 1) / PREPARE_COLS);
}

static void
prepare_item (KrnLinear *l, KrnForm form, unsigned item)
{
  unsigned parts = (unsigned) ((l->cols + PREPARE_COLS - 1) / PREPARE_COLS);
  int      m = group_size (l, form);
  int      row = (int) (item / parts) * m;
  int      begin = (int) (item % parts) * PREPARE_COLS;

  prepare_group (l, form, row, min_int (m, l->n - row), begin, min_int (begin + PREPARE_COLS, l->cols));
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

/* ---- products --------------------------------------------------------------------------------------- */

/* unit or fewer rows from `row` on, for all groups of activations: packed in slices of columns that stay in the cache. */
static void
run_panel (KrnLinear *l, KrnMember *m, const KrnProduct *p, int row, int rows, float *y, size_t y_stride)
{
  const KrnIsa *isa = l->dev->isa;
  bool          bf16 = p->w.type == KRN_BF16;
  int           group = group_size (l, p->form);
  float        *b = (float *) krn_scratch (m);

  for (int begin = 0; begin < l->cols; begin += PANEL_DEPTH) {
    int depth = min_int (PANEL_DEPTH, l->cols - begin);

    if (bf16)
      isa->pack_panel (b, krn_row_bf16 (p->w, row) + begin, krn_stride (p->w), true, rows, depth);
    else
      isa->pack_panel (b, krn_row (p->w, row) + begin, krn_stride (p->w), false, rows, depth);
    for (int i = 0; i < l->n; i += group) {
      int          n = min_int (group, l->n - i);
      const float *a = l->panel + (size_t) i * (size_t) l->cols + (size_t) begin * (size_t) n;

      isa->panel (y + (size_t) i * y_stride, y_stride, a, (size_t) n, n, b, (size_t) isa->panel_n, depth, rows, begin > 0);
    }
  }
}

static void
run_panel_bf16 (KrnLinear *l, KrnMember *m, const KrnProduct *p, int row, int rows, float *y, size_t y_stride)
{
  const KrnIsa *isa = l->dev->isa;
  uint16_t     *b = (uint16_t *) krn_scratch (m);
  size_t        cols = (size_t) round_up (l->cols, 2);
  int           group = group_size (l, p->form);

  for (int begin = 0; begin < l->cols; begin += PANEL_DEPTH) {
    int depth = min_int (PANEL_DEPTH, l->cols - begin);

    isa->pack_panel_bf16 (b, krn_row_bf16 (p->w, row) + begin, krn_stride (p->w), rows, depth);
    for (int i = 0; i < l->n; i += group) {
      int             n = min_int (group, l->n - i);
      const uint16_t *a = l->panel_bf16 + (size_t) i * cols + (size_t) begin * (size_t) n;

      isa->panel_bf16 (y + (size_t) i * y_stride, y_stride, a, n, b, depth, rows, begin > 0);
    }
  }
}

static void
run_quant (KrnLinear *l, const KrnProduct *p, int row, int rows, float *y, size_t y_stride)
{
  const KrnIsa        *isa = l->dev->isa;
  size_t               tile_row = krn_quant_bytes (p->w.type, KRN_TILE_ROWS, l->cols);
  int                  group = group_size (l, p->form);
  const unsigned char *tiles = p->w.buf->data + p->w.offset + (size_t) (row / KRN_TILE_ROWS) * tile_row;

  for (int i = 0; i < l->n; i += group) {
    size_t       before = (size_t) i * (size_t) l->cols;
    KrnQuantRows x = {
      l->quant.q + before,
      l->quant.scale + before / KRN_TILE_COLS,
      l->quant.correction + before / KRN_TILE_COLS,
    };

    isa->quant_dot (y + (size_t) i * y_stride,
                    y_stride,
                    x,
                    min_int (group, l->n - i),
                    p->w.type,
                    tiles,
                    rows,
                    l->cols);
  }
}

static void
run_rows (KrnLinear *l, const KrnProduct *p, int row, int rows, float *y, size_t y_stride)
{
  bool        bf16 = p->w.type == KRN_BF16;
  const void *w = bf16 ? (const void *) krn_row_bf16 (p->w, row) : krn_row (p->w, row);

  l->dev->isa->dot (y, y_stride, l->x, l->x_stride, l->n, w, krn_stride (p->w), bf16, rows, l->cols);
}

void
krn_linear_rows (KrnLinear *l, KrnMember *m, const KrnProduct *p, int begin, int end, float *y, size_t y_stride)
{
  if (p->form == KRN_FORM_ROWS) {
    run_rows (l, p, begin, end - begin, y, y_stride);
    return;
  }
  if (p->form == KRN_FORM_QUANT) {
    run_quant (l, p, begin, end - begin, y, y_stride);
    return;
  }
  for (int row = begin; row < end; row += p->unit, y += p->unit) {
    int rows = min_int (p->unit, end - row);

    if (p->form == KRN_FORM_PANEL_BF16)
      run_panel_bf16 (l, m, p, row, rows, y, y_stride);
    else
      run_panel (l, m, p, row, rows, y, y_stride);
  }
}

void
krn_linear_run (KrnLinear *l, KrnMember *m)
{
  unsigned next;

  while (krn_pool_next (m, (unsigned) l->n_items, &next)) {
    int         item = (int) next;
    KrnProduct *p = l->products;
    int         begin;

    for (; item >= p->n_items; p++)
      item -= p->n_items;
    begin = item * p->rows_per_item;
    krn_linear_rows (l, m, p, begin, min_int (begin + p->rows_per_item, p->w.rows), p->y + begin, p->y_stride);
  }
}

/* ---- the operation ---------------------------------------------------------------------------------- */

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

    krn_linear_init (&l, dev, krn_row (x, row), krn_stride (x), min_int (most, x.rows - row), x.cols);
    krn_linear_add (&l, w, krn_row (y, row), krn_stride (y));
    if (krn_linear_is_small (&l))
      krn_linear_prepare (&l);
    krn_pool_run (&dev->pool, linear_task, &l);
  }
}
