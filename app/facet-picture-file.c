/* facet-picture-file.c: walks the chunks of PNG, the blocks of GIF, the markers of JPEG.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * gdk-pixbuf shows what came of a file that ends early, and JPEG fills the rest with grey: neither
 * is an error there, and the person would ask about half a picture.
 *
 * PNG: ISO/IEC 15948 §5, and the chunk acTL of APNG.  GIF: the 89a specification, §§ 17–26.  JPEG:
 * ISO/IEC 10918-1 annex B. */
#define G_LOG_DOMAIN "facet-picture"

#include "facet-picture-file.h"

#include <string.h>

static guint32
be32 (const guint8 *p)
{
  return (guint32)p[0] << 24 | (guint32)p[1] << 16 | (guint32)p[2] << 8 | p[3];
}

/* PNG: length, type, data, CRC.  All of the picture is there when a chunk follows the last IDAT. */
static FacetPictureFile
inspect_png (const guint8 *data, gsize n)
{
  FacetPictureFile file = {.complete = FALSE, .n_frames = 1};
  gboolean         had_data = FALSE;

  for (gsize at = 8; n - at >= 12;) {
    gsize         length = be32 (data + at);
    const guint8 *type = data + at + 4;

    if (had_data && memcmp (type, "IDAT", 4) != 0) {
      file.complete = TRUE;
      break;
    }
    if (length > n - at - 12)
      break;
    if (memcmp (type, "IDAT", 4) == 0)
      had_data = TRUE;
    else if (memcmp (type, "acTL", 4) == 0 && length >= 8)
      file.n_frames = MAX (1, be32 (data + at + 8));
    at += length + 12;
  }
  return file;
}

/* Past the sub-blocks at @at and their terminator; 0: they are cut off. */
static gsize
skip_sub_blocks (const guint8 *data, gsize n, gsize at)
{
  while (at < n && data[at] != 0)
    at += (gsize)data[at] + 1;
  return at < n ? at + 1 : 0;
}

static gsize
gif_table_bytes (guint8 flags)
{
  return (flags & 0x80) != 0 ? (gsize)3 << ((flags & 7) + 1) : 0;
}

/* Two numbers of 16 bits, of which neither is 0. */
static gboolean
gif_has_area (const guint8 *size)
{
  return (size[0] | size[1]) != 0 && (size[2] | size[3]) != 0;
}

/* A frame without an area counts as damage: gdk-pixbuf's loader would take it for a mistake of
 * ours. */
static FacetPictureFile
inspect_gif (const guint8 *data, gsize n)
{
  FacetPictureFile file = {.complete = FALSE, .n_frames = 1};
  guint            n_frames = 0;
  gsize            at;

  if (n < 13 || !gif_has_area (data + 6))
    return file;
  at = 13 + gif_table_bytes (data[10]);
  while (at != 0 && at < n && data[at] != 0x3b) {
    if (data[at] == 0x21)
      at = skip_sub_blocks (data, n, at + 2);
    else if (data[at] == 0x2c && n - at > 10) {
      if (!gif_has_area (data + at + 5))
        return file;
      at = skip_sub_blocks (data, n, at + 11 + gif_table_bytes (data[at + 9]));
      if (at != 0)
        n_frames++;
    } else
      break;
  }
  file.complete = n_frames > 0;
  file.n_frames = MAX (1, n_frames);
  return file;
}

/* JPEG: segments up to SOS say how long they are; the data after SOS goes on to the next marker
 * that is neither a restart nor a stuffed 0xff.  All is there when EOI is. */
static FacetPictureFile
inspect_jpeg (const guint8 *data, gsize n)
{
  FacetPictureFile file = {.complete = FALSE, .n_frames = 1};
  gsize            at = 2;

  while (at + 1 < n) {
    guint8 marker = data[at + 1];

    if (data[at] != 0xff || marker == 0xff || marker == 0 || (marker >= 0xd0 && marker <= 0xd7)) {
      /* Coded data, fill bytes, or rubbish that decoders pass over, too. */
      const guint8 *next = memchr (data + at + 1, 0xff, n - at - 1);

      if (next == NULL)
        break;
      at = (gsize)(next - data);
    } else if (marker == 0xd9) {
      file.complete = TRUE;
      break;
    } else if (n - at < 4)
      break;
    else
      at += 2 + ((gsize)data[at + 2] << 8 | data[at + 3]);
  }
  return file;
}

FacetPictureFile
facet_picture_file_inspect (const guint8 *data, gsize n_bytes)
{
  static const guint8 png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

  if (n_bytes >= 8 && memcmp (data, png, 8) == 0)
    return inspect_png (data, n_bytes);
  if (n_bytes >= 6 && (memcmp (data, "GIF87a", 6) == 0 || memcmp (data, "GIF89a", 6) == 0))
    return inspect_gif (data, n_bytes);
  if (n_bytes >= 3 && data[0] == 0xff && data[1] == 0xd8 && data[2] == 0xff)
    return inspect_jpeg (data, n_bytes);
  return (FacetPictureFile){.complete = TRUE, .n_frames = 1};
}
