/* fuzz-picture-file.c: hostile PNG, GIF and JPEG files; the walk stays inside the bytes and ends.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/facet-picture-file.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  /* A copy of exactly this size, so that the byte after the last one is nobody's. */
  g_autofree guint8 *bytes = size > 0 ? g_memdup2 (data, size) : NULL;
  FacetPictureFile   file = facet_picture_file_inspect (bytes, size);

  g_assert (file.n_frames >= 1);
  /* A frame of a GIF takes bytes; what an APNG says of itself is believed. */
  if (size >= 3 && memcmp (data, "GIF", 3) == 0)
    g_assert (file.n_frames <= size);
  return 0;
}
