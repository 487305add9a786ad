/* gem-image-ppm.c: reads the header of a PPM file and checks it against the file's length.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Copies nothing and keeps nothing.  Pure function; any thread. */
#define G_LOG_DOMAIN "gem"

#include "gem-image-ppm.h"

#include "gem-error.h"

#include <string.h>

/* What is left of the header. */
typedef struct {
  const guint8 *at, *end;
} Cursor;

/* White space, and comments from # to the end of the line; at least one byte of either. */
static gboolean
skip_space (Cursor *c)
{
  const guint8 *start = c->at;

  while (c->at < c->end)
    if (*c->at == '#')
      while (c->at < c->end && *c->at != '\n')
        c->at++;
    else if (g_ascii_isspace (*c->at))
      c->at++;
    else
      break;
  return c->at > start;
}

/* A number after white space, at most G_MAXINT32. */
static gboolean
read_number (Cursor *c, guint32 *number)
{
  const guint8 *start;
  guint64       value = 0;

  if (!skip_space (c))
    return FALSE;
  for (start = c->at; c->at < c->end && g_ascii_isdigit (*c->at); c->at++) {
    value = value * 10 + (guint64)(*c->at - '0');
    if (value > G_MAXINT32)
      return FALSE;
  }
  *number = (guint32)value;
  return c->at > start;
}

gboolean
gem_image_ppm_parse (const void *data,
                     gsize       length,
                     const char *name,
                     GemPixels  *pixels,
                     GError    **error)
{
  Cursor   c = {data, (const guint8 *)data + length};
  guint32  width, height, largest;
  gboolean good = length > 2 && memcmp (data, "P6", 2) == 0;

  c.at += good ? 2 : 0;
  if (!good || !read_number (&c, &width) || !read_number (&c, &height) ||
      !read_number (&c, &largest) || c.at == c.end || !g_ascii_isspace (*c.at)) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                 "%s is not a PPM picture: it has no sound P6 header.", name);
    return FALSE;
  }
  if (largest != 255) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_UNSUPPORTED,
                 "%s has samples from 0 to %u. Only 8-bit pictures, 0 to 255, are read.", name,
                 largest);
    return FALSE;
  }
  c.at++; /* the one white space that ends the header */
  if ((guint64)width * height > (gsize)(c.end - c.at) / 3) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                 "%s ends early: it says that it has %u × %u pixels.", name, width, height);
    return FALSE;
  }
  *pixels = (GemPixels){.data = c.at,
                        .n_bytes = (gsize)(c.end - c.at),
                        .width = width,
                        .height = height,
                        .rowstride = (gsize)width * 3};
  return TRUE;
}
