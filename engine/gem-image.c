/* gem-image.c: resamples a picture and cuts it into patches.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Both passes work in integers: 8-bit pixels times 16-bit coefficients, summed in 32 bits.  The
 * rows of the first pass are made when the second needs them and kept in a ring as long as they are
 * needed, so that a large photograph is read once and nothing grows with its height.  The inner
 * loops are dot products and sums over contiguous memory, which compilers turn into vector code.
 * Pure functions; any thread. */
#define G_LOG_DOMAIN "gem"

#include "gem-image.h"

#include "gem-error.h"

#include <math.h>
#include <string.h>

/* Coefficients are padded with zeros to whole vectors. */
#define VECTOR 8
/* Most bits after the binary point of a coefficient: the sum of the coefficients' magnitudes is
 * below 1.5, and 1.5 · 255 · 2²² stays below 2³¹. */
#define MAX_SHIFT 22
/* How many outputs of a row are summed before they are rounded, and how many rows are added to them
 * at a time: what stays in the nearest cache and in registers. */
#define STRIP   512
#define AT_ONCE 4

/* How the values of one axis come from those before it: out[i] = Σ_k coefs[i][k] · in[first[i] +
 * k], in units of 2^−shift. */
typedef struct {
  guint    n_in, n_out;
  guint    n_taps; /* the row length of @coefs: the most that an output has, in whole VECTORs */
  guint    shift;
  guint32 *first; /* (n_out), rising */
  guint32 *n;     /* (n_out): how many inputs count; the other coefficients are zero */
  gint16  *coefs; /* (n_out, n_taps) */
} Axis;

/* ---- coefficients ---- */

/* The bicubic kernel with a = −0.5. */
static double
kernel (double t)
{
  t = fabs (t);
  if (t < 1.0)
    return (1.5 * t - 2.5) * t * t + 1.0;
  if (t < 2.0)
    return ((-0.5 * t + 2.5) * t - 4.0) * t + 2.0;
  return 0.0;
}

/* The inputs that output @i is made of and what each counts for; the sum is 1. */
static guint
weigh (const Axis *axis, guint i, double *weights, guint32 *first)
{
  double scale = (double)axis->n_in / axis->n_out;
  double stretch = MAX (scale, 1.0), inverse = 1.0 / stretch;
  double centre = scale * (i + 0.5), sum = 0.0;
  guint  from = (guint)MAX (floor (centre - 2.0 * stretch + 0.5), 0.0);
  guint  to = (guint)MIN (floor (centre + 2.0 * stretch + 0.5), (double)axis->n_in);

  for (guint k = 0; k < to - from; k++) {
    weights[k] = kernel ((k + from - centre + 0.5) * inverse);
    sum += weights[k];
  }
  for (guint k = 0; k < to - from; k++)
    weights[k] /= sum;
  *first = from;
  return to - from;
}

/* As many bits as leave the largest coefficient within 16. */
static guint
choose_shift (double largest)
{
  guint shift = 0;

  while (shift < MAX_SHIFT && (int)(0.5 + largest * (1 << (shift + 1))) <= G_MAXINT16)
    shift++;
  return shift;
}

static void
axis_init (Axis *axis, guint n_in, guint n_out)
{
  double  stretch = MAX ((double)n_in / n_out, 1.0), largest = 0.0;
  double *weights;

  axis->n_in = n_in;
  axis->n_out = n_out;
  axis->n_taps = ((guint)ceil (4.0 * stretch) + 1 + VECTOR - 1) / VECTOR * VECTOR;
  axis->first = g_new (guint32, n_out);
  axis->n = g_new (guint32, n_out);
  axis->coefs = g_new0 (gint16, (gsize)n_out * axis->n_taps);
  weights = g_new (double, axis->n_taps);

  for (guint i = 0; i < n_out; i++) {
    axis->n[i] = weigh (axis, i, weights, &axis->first[i]);
    for (guint k = 0; k < axis->n[i]; k++)
      largest = MAX (largest, weights[k]);
  }
  axis->shift = choose_shift (largest);

  for (guint i = 0; i < n_out; i++) {
    gint16 *coefs = axis->coefs + (gsize)i * axis->n_taps;

    weigh (axis, i, weights, &axis->first[i]);
    for (guint k = 0; k < axis->n[i]; k++)
      coefs[k] = (gint16)round (weights[k] * (1 << axis->shift));
  }
  g_free (weights);
}

static void
axis_clear (Axis *axis)
{
  g_free (axis->first);
  g_free (axis->n);
  g_free (axis->coefs);
}

/* ---- the two passes ---- */

/* Sums to bytes, rounded. */
static void
store_bytes (const gint32 *restrict sums, guint shift, guint8 *restrict out, gsize n)
{
  gint32 half = 1 << (shift - 1);

  for (gsize i = 0; i < n; i++) {
    gint32 value = (sums[i] + half) >> shift;

    out[i] = (guint8)CLAMP (value, 0, 255);
  }
}

/* One row of bytes to three planes. */
static G_GNUC_NO_INLINE void
split_row (const guint8 *restrict row, gint16 *r, gint16 *g, gint16 *b, gsize n)
{
  for (gsize x = 0; x < n; x++) {
    r[x] = row[3 * x];
    g[x] = row[3 * x + 1];
    b[x] = row[3 * x + 2];
  }
}

/* The three channels of one output; @n is a multiple of VECTOR. */
static inline void
dot3 (const gint16 *coefs, const gint16 *r, const gint16 *g, const gint16 *b, guint n, gint32 *sums)
{
  gint32 red = 0, green = 0, blue = 0;

  for (guint k = 0; k < n / VECTOR * VECTOR; k++) {
    red += coefs[k] * r[k];
    green += coefs[k] * g[k];
    blue += coefs[k] * b[k];
  }
  sums[0] = red;
  sums[1] = green;
  sums[2] = blue;
}

/* One row to (axis->n_out, 3).  @planes: 3 rows of n_in + n_taps values, the last n_taps of which
 * are zero. */
static void
resample_row (const Axis *axis, const guint8 *row, gint16 *planes, guint8 *out)
{
  gsize   length = axis->n_in + axis->n_taps;
  gint16 *r = planes, *g = planes + length, *b = planes + 2 * length;
  gint32  sums[STRIP * 3];

  split_row (row, r, g, b, axis->n_in);
  for (gsize i = 0; i < axis->n_out; i += STRIP) {
    gsize n = MIN (STRIP, axis->n_out - i);

    for (gsize j = 0; j < n; j++) {
      guint32 first = axis->first[i + j];

      dot3 (axis->coefs + (i + j) * axis->n_taps, r + first, g + first, b + first, axis->n_taps,
            sums + 3 * j);
    }
    store_bytes (sums, axis->shift, out + 3 * i, 3 * n);
  }
}

/* sums[x] += Σ_k c[k] · rows[k][x] for AT_ONCE rows. */
static inline void
add_rows (gint32 *restrict sums, const guint8 *const *rows, const gint16 *c, gsize n)
{
  const guint8 *a = rows[0], *b = rows[1], *d = rows[2], *e = rows[3];
  gint16        ca = c[0], cb = c[1], cd = c[2], ce = c[3];

  G_STATIC_ASSERT (AT_ONCE == 4 && VECTOR % AT_ONCE == 0);
  for (gsize x = 0; x < n; x++)
    sums[x] += (gint16)a[x] * ca + (gint16)b[x] * cb + (gint16)d[x] * cd + (gint16)e[x] * ce;
}

/* Output row @i from the rows of the first pass; row y is ring[y % n_ring], each @length bytes. */
static void
sum_rows (const Axis *axis, guint i, const guint8 *ring, guint n_ring, gsize length, guint8 *out)
{
  const gint16 *coefs = axis->coefs + (gsize)i * axis->n_taps;
  gint32        sums[STRIP];

  for (gsize x = 0; x < length; x += STRIP) {
    gsize n = MIN (STRIP, length - x);

    memset (sums, 0, sizeof sums);
    for (guint k = 0; k < axis->n[i]; k += AT_ONCE) {
      const guint8 *rows[AT_ONCE]; /* beyond the last: any, as their coefficients are zero */

      for (guint j = 0; j < AT_ONCE; j++)
        rows[j] = ring + (axis->first[i] + k + j) % n_ring * length + x;
      add_rows (sums, rows, coefs + k, n);
    }
    store_bytes (sums, axis->shift, out + x, n);
  }
}

static void
resample (const GemPixels *in, const GemImage *image)
{
  Axis    across = {0}, down = {0};
  gsize   length = (gsize)image->size.width * 3;
  guint   n_ring, next = 0; /* the row that the first pass makes next */
  gint16 *planes;
  guint8 *ring;

  axis_init (&across, in->width, image->size.width);
  axis_init (&down, in->height, image->size.height);
  n_ring = MIN (down.n_taps, in->height);
  planes = g_new0 (gint16, 3 * ((gsize)in->width + across.n_taps));
  ring = g_malloc0 (n_ring * length);

  for (guint i = 0; i < image->size.height; i++) {
    for (; next < down.first[i] + down.n[i]; next++)
      resample_row (&across, in->data + next * in->rowstride, planes,
                    ring + next % n_ring * length);
    sum_rows (&down, i, ring, n_ring, length, image->pixels + i * length);
  }

  g_free (ring);
  g_free (planes);
  axis_clear (&across);
  axis_clear (&down);
}

/* ---- pictures ---- */

static gboolean
check (const GemPixels *in, GError **error)
{
  gsize length = (gsize)in->width * 3;

  if (in->width > GEM_IMAGE_MAX_SIDE || in->height > GEM_IMAGE_MAX_SIDE ||
      (guint64)in->width * in->height > GEM_IMAGE_MAX_PIXELS) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                 "The picture is too large: %u × %u pixels. A side may have %u pixels, and all of "
                 "it %u million. Make it smaller first.",
                 in->width, in->height, GEM_IMAGE_MAX_SIDE, GEM_IMAGE_MAX_PIXELS / 1000000);
    return FALSE;
  }
  if (in->rowstride < length || in->n_bytes < length ||
      in->height - 1 > (in->n_bytes - length) / in->rowstride) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                 "The picture is incomplete: %" G_GSIZE_FORMAT
                 " bytes are too few for %u × %u pixels.",
                 in->n_bytes, in->width, in->height);
    return FALSE;
  }
  return TRUE;
}

GemImage *
gem_image_new (const GemPixels *pixels, guint max_soft_tokens, GError **error)
{
  GemImageSize size;
  guint8      *data;
  GemImage    *self;
  gsize        length;

  if (!gem_image_size (pixels->width, pixels->height, max_soft_tokens, &size, error) ||
      !check (pixels, error))
    return NULL;
  length = (gsize)size.width * 3;
  data = g_try_malloc (size.height * length);
  if (data == NULL) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_NO_MEMORY,
                 "There is no memory for a picture of %u × %u pixels.", size.width, size.height);
    return NULL;
  }

  self = g_new (GemImage, 1);
  self->size = size;
  self->n_patches_x = size.width / GEM_IMAGE_PATCH;
  self->n_patches_y = size.height / GEM_IMAGE_PATCH;
  self->pixels = data;
  if (size.width == pixels->width && size.height == pixels->height)
    for (gsize y = 0; y < size.height; y++)
      memcpy (data + y * length, pixels->data + y * pixels->rowstride, length);
  else
    resample (pixels, self);
  return self;
}

void
gem_image_free (GemImage *self)
{
  if (self == NULL)
    return;
  g_free (self->pixels);
  g_free (self);
}

/* ---- patches ---- */

void
gem_image_positions (const GemImage *self, guint first, guint n, gint32 *positions)
{
  g_return_if_fail (first <= self->size.n_patches && n <= self->size.n_patches - first);

  for (guint i = 0; i < n; i++) {
    positions[2 * i] = (gint32)((first + i) % self->n_patches_x);
    positions[2 * i + 1] = (gint32)((first + i) / self->n_patches_x);
  }
}
