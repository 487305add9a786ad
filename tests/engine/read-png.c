/* read-png.c: PNG files of the tests, with GIO's zlib: the engine reads no PNG, and its tests no
 * library for pictures.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "read-png.h"

#include <gio/gio.h>
#include <string.h>

/* The compressed data of all IDAT chunks. */
static GByteArray *
png_packed (const guint8 *png, gsize length, guint32 *width, guint32 *height)
{
  GByteArray *packed = g_byte_array_new ();

  *width = *height = 0;
  g_assert_cmpmem (png, 8, "\x89PNG\r\n\x1a\n", 8);
  for (gsize at = 8; at + 12 <= length;) {
    guint32 sizes[2], size;

    memcpy (&size, png + at, 4);
    size = GUINT32_FROM_BE (size);
    if (memcmp (png + at + 4, "IHDR", 4) == 0) {
      memcpy (sizes, png + at + 8, 8);
      *width = GUINT32_FROM_BE (sizes[0]);
      *height = GUINT32_FROM_BE (sizes[1]);
      g_assert_cmpmem (png + at + 16, 5, "\x08\x02\x00\x00\x00", 5);
    } else if (memcmp (png + at + 4, "IDAT", 4) == 0) {
      g_byte_array_append (packed, png + at + 8, size);
    }
    at += 12 + size;
  }
  return packed;
}

static guint8
paeth (int left, int above, int corner)
{
  int guess = left + above - corner, a = ABS (guess - left), b = ABS (guess - above),
      c = ABS (guess - corner);

  return (guint8)(a <= b && a <= c ? left : b <= c ? above : corner);
}

/* Undoes the filter of a row that follows @above, in place. */
static void
png_unfilter (guint8 kind, guint8 *row, const guint8 *above, gsize n)
{
  for (gsize i = 0; i < n; i++) {
    guint8 left = i < 3 ? 0 : row[i - 3], corner = i < 3 ? 0 : above[i - 3];

    if (kind == 1)
      row[i] += left;
    else if (kind == 2)
      row[i] += above[i];
    else if (kind == 3)
      row[i] += (guint8)((left + above[i]) / 2);
    else if (kind == 4)
      row[i] += paeth (left, above[i], corner);
    else
      g_assert_cmpuint (kind, ==, 0);
  }
}

guint8 *
read_png (const char *path, guint32 *width, guint32 *height)
{
  g_autofree char *png = NULL;
  g_autoptr (GByteArray) packed = NULL;
  g_autoptr (GConverter) inflate =
      G_CONVERTER (g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_ZLIB));
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *raw = NULL, *zeros = NULL;
  guint8            *pixels;
  gsize              length, used, n, row;

  g_file_get_contents (path, &png, &length, &error);
  g_assert_no_error (error);
  packed = png_packed ((const guint8 *)png, length, width, height);
  g_assert_cmpuint (*width * *height, >, 0);
  row = (gsize)*width * 3;
  raw = g_malloc ((row + 1) * *height);
  zeros = g_malloc0 (row);
  pixels = g_malloc (row * *height);
  g_converter_convert (inflate, packed->data, packed->len, raw, (row + 1) * *height,
                       G_CONVERTER_INPUT_AT_END, &used, &n, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, (row + 1) * *height);
  for (gsize y = 0; y < *height; y++) {
    memcpy (pixels + y * row, raw + y * (row + 1) + 1, row);
    png_unfilter (raw[y * (row + 1)], pixels + y * row, y == 0 ? zeros : pixels + (y - 1) * row,
                  row);
  }
  return pixels;
}
