/* gem-trace.c: a table of growing float arrays, filled from the device.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Only inspecting uses it: every tap waits for the device and allocates.  Engine thread only. */
#define G_LOG_DOMAIN "gem"

#include "gem-trace.h"

#include <string.h>

typedef struct {
  GArray *values; /* of float */
  gint32  cols, inner;
} Tap;

struct _GemTrace {
  const KrnOps *k;
  KrnDevice    *device;
  GHashTable   *taps;  /* name → Tap */
  GPtrArray    *names; /* in the order of appearance; owned by the table */
};

static void
tap_free (gpointer data)
{
  Tap *tap = data;

  g_array_unref (tap->values);
  g_free (tap);
}

GemTrace *
gem_trace_new (const KrnOps *k, KrnDevice *device)
{
  GemTrace *self = g_new0 (GemTrace, 1);

  self->k = k;
  self->device = device;
  self->taps = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, tap_free);
  self->names = g_ptr_array_new ();
  return self;
}

void
gem_trace_free (GemTrace *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->names);
  g_hash_table_unref (self->taps);
  g_free (self);
}

static Tap *
ensure_tap (GemTrace *self, int layer, const char *name, gint32 cols, gint32 inner)
{
  g_autofree char *full =
      layer < 0 ? g_strdup (name) : g_strdup_printf ("layer.%d.%s", layer, name);
  Tap *tap = g_hash_table_lookup (self->taps, full);

  if (tap == NULL) {
    tap = g_new0 (Tap, 1);
    tap->values = g_array_new (FALSE, FALSE, sizeof (float));
    tap->cols = cols;
    tap->inner = inner;
    g_ptr_array_add (self->names, full);
    g_hash_table_insert (self->taps, g_steal_pointer (&full), tap);
  }
  g_assert (tap->cols == cols && tap->inner == inner);
  return tap;
}

void
gem_trace_append (GemTrace *self, int layer, const char *name, KrnMat x, gint32 inner)
{
  Tap  *tap = ensure_tap (self, layer, name, x.cols, inner);
  guint at = tap->values->len;
  gsize stride = (gsize)(x.stride != 0 ? x.stride : x.cols);

  g_assert (x.type == KRN_F32);
  g_array_set_size (tap->values, at + (guint)x.rows * (guint)x.cols);
  for (gint32 r = 0; r < x.rows; r++)
    self->k->read (self->device, x.buf, x.offset + (gsize)r * stride * sizeof (float),
                   &g_array_index (tap->values, float, at + (guint)r * (guint)x.cols),
                   (gsize)x.cols * sizeof (float));
}

void
gem_trace_write (GemTrace *self, GemTensorFile *file)
{
  for (guint i = 0; i < self->names->len; i++) {
    const char *name = self->names->pdata[i];
    const Tap  *tap = g_hash_table_lookup (self->taps, name);
    gsize       n_rows = tap->values->len / (gsize)tap->cols;

    if (tap->inner == 0)
      gem_tensor_file_add (file, name, GEM_DTYPE_F32, tap->values->data, 2, n_rows,
                           (gsize)tap->cols);
    else
      gem_tensor_file_add (file, name, GEM_DTYPE_F32, tap->values->data, 3, n_rows,
                           (gsize)(tap->cols / tap->inner), (gsize)tap->inner);
  }
}

const float *
gem_trace_lookup (GemTrace *self, const char *name, gsize *n_values)
{
  const Tap *tap = g_hash_table_lookup (self->taps, name);

  *n_values = tap != NULL ? tap->values->len : 0;
  return tap != NULL ? (const float *)tap->values->data : NULL;
}
