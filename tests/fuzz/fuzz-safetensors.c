/* fuzz-safetensors.c: a hostile safetensors file; every tensor that gets through is read to its
 * last byte.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "gem-safetensors.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GemSafetensors) files = gem_safetensors_new_from_data (data, size, "fuzz", &error);
  g_autofree char *identity = NULL;
  guint            sum = 0;
  gsize            covered = 0;

  g_assert ((files == NULL) == (error != NULL));
  if (files == NULL) {
    g_assert (g_utf8_validate (error->message, -1, NULL));
    return 0;
  }
  for (guint i = 0; i < gem_safetensors_get_n_tensors (files); i++) {
    const GemTensor *t = gem_safetensors_get_nth (files, i);
    gsize            n = gem_dtype_get_size (t->dtype);

    for (int d = 0; d < t->n_dims; d++)
      n *= (gsize)t->shape[d];
    g_assert (n == t->n_bytes);
    g_assert (gem_safetensors_find (files, t->name) == t);
    for (gsize k = 0; k < t->n_bytes; k++)
      sum += t->data[k];
    covered += t->n_bytes;
  }
  g_assert (covered <= size);
  identity = gem_safetensors_dup_identity (files);
  return strlen (identity) == 32 || sum == 0 ? 0 : 1;
}
