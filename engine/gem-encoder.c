/* gem-encoder.c: what the two encoders share.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Engine thread only. */
#define G_LOG_DOMAIN "gem"

#include "gem-encoder.h"

GemSoft *
gem_encoder_finish (const KrnOps *k,
                    KrnDevice    *device,
                    KrnMat        soft,
                    const char   *key,
                    GError      **error)
{
  gsize             bytes = (gsize)soft.rows * (gsize)soft.cols * sizeof (float);
  g_autofree float *rows = g_try_malloc (MAX (bytes, 1));
  char              why[256] = "";

  if (rows == NULL) {
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_NO_MEMORY,
                         "There is no memory for what was seen or heard.");
    return NULL;
  }
  k->read (device, soft.buf, soft.offset, rows, bytes);
  if (k->sync (device, why, sizeof why) < 0) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_DEVICE, "The %s backend failed while computing: %s",
                 k->name, why);
    return NULL;
  }
  return gem_soft_new (key, (guint)soft.rows, (guint)soft.cols, g_steal_pointer (&rows));
}

void
gem_encoder_set_cancelled (GError **error)
{
  g_set_error_literal (error, GEM_ERROR, GEM_ERROR_CANCELLED, "The computation was stopped.");
}
