/* gem-wav.c: the RIFF layout: "RIFF", a size, "WAVE", then chunks of a name, a size and so many
 * bytes, padded to an even number.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Only “fmt ” and “data” are read, in this order; other chunks are skipped.  RIFF's own size is not
 * looked at: many programs leave it wrong, and the length of the file is known.  Any thread. */
#define G_LOG_DOMAIN "gem"

#include "gem-wav.h"

#include <string.h>

#define RATE 16000

#define TAG_PCM        1
#define TAG_FLOAT      3
#define TAG_EXTENSIBLE 0xfffe

#define UNKNOWN_SIZE G_MAXUINT32

typedef struct {
  guint   tag, n_channels, block, bits; /* block: bytes of one sample of all channels */
  guint32 rate;
} Format;

/* ---- little-endian numbers, at any address ---- */

static guint16
get_u16 (const guint8 *p)
{
  return (guint16)(p[0] | p[1] << 8);
}

static guint32
get_u32 (const guint8 *p)
{
  return get_u16 (p) | (guint32)get_u16 (p + 2) << 16;
}

static float
get_f32 (const guint8 *p)
{
  guint32 bits = get_u32 (p);
  float   value;

  memcpy (&value, &bits, sizeof value);
  return value;
}

/* ---- chunks ---- */

static gboolean
damaged (const char *name, const char *why, GError **error)
{
  g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "%s %s.", name, why);
  return FALSE;
}

static gboolean
parse_format (const guint8 *chunk, gsize size, Format *format, const char *name, GError **error)
{
  /* A GUID of which the first two bytes are the tag. */
  static const guint8 guid[] = {0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71};

  if (size < 16)
    return damaged (name, "is damaged: its format chunk is too short", error);
  *format = (Format){.tag = get_u16 (chunk),
                     .n_channels = get_u16 (chunk + 2),
                     .rate = get_u32 (chunk + 4),
                     .block = get_u16 (chunk + 12),
                     .bits = get_u16 (chunk + 14)};
  if (format->tag == TAG_EXTENSIBLE && size >= 40 && memcmp (chunk + 26, guid, sizeof guid) == 0)
    format->tag = get_u16 (chunk + 24);
  return TRUE;
}

static gboolean
check_format (const Format *f, const char *name, GError **error)
{
  gboolean known = (f->tag == TAG_PCM && f->bits == 16) || (f->tag == TAG_FLOAT && f->bits == 32);

  if (!known || f->n_channels != 1 || f->rate != RATE) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_UNSUPPORTED,
                 "%s has %u bits a sample (coding %u), %u channels and %u samples a second; only "
                 "16-bit PCM or 32-bit float, mono, 16000 samples a second can be read.",
                 name, f->bits, f->tag, f->n_channels, f->rate);
    return FALSE;
  }
  if (f->block != f->bits / 8)
    return damaged (name, "is damaged: its samples are not as long as their format says", error);
  return TRUE;
}

/* @chunk has @left bytes to the end of the file, @size of them are promised. */
static float *
read_samples (const guint8 *chunk,
              gsize         left,
              guint32       size,
              const Format *format,
              const char   *name,
              gsize        *n_samples,
              GError      **error)
{
  gsize  n = (size == UNKNOWN_SIZE ? left : size) / format->block;
  float *samples;

  if (size != UNKNOWN_SIZE && size > left) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                 "%s is cut off: of %u bytes of sound it holds %" G_GSIZE_FORMAT ".", name, size,
                 left);
    return NULL;
  }
  if (size != UNKNOWN_SIZE && size % format->block != 0) {
    damaged (name, "is damaged: its last sample is not whole", error);
    return NULL;
  }
  samples = g_try_malloc_n (MAX (n, 1), sizeof (float));
  if (samples == NULL) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_NO_MEMORY, "There is no memory to read %s.", name);
    return NULL;
  }
  for (gsize i = 0; i < n; i++)
    samples[i] = format->tag == TAG_FLOAT ? get_f32 (chunk + 4 * i)
                                          : (float)(gint16)get_u16 (chunk + 2 * i) / 32768.0f;
  *n_samples = n;
  return samples;
}

float *
gem_wav_parse (const void *data, gsize length, const char *name, gsize *n_samples, GError **error)
{
  const guint8 *bytes = data;
  Format        format;
  gboolean      has_format = FALSE;

  if (length < 12 || memcmp (bytes, "RIFF", 4) != 0 || memcmp (bytes + 8, "WAVE", 4) != 0) {
    damaged (name, "is not a WAV file", error);
    return NULL;
  }
  for (gsize at = 12; length - at >= 8;) {
    const guint8 *chunk = bytes + at + 8;
    guint32       size = get_u32 (bytes + at + 4);
    gsize         left = length - at - 8;

    if (has_format && memcmp (bytes + at, "data", 4) == 0)
      return read_samples (chunk, left, size, &format, name, n_samples, error);
    if (size > left) {
      damaged (name, "is cut off, or one of its chunks lies about its size", error);
      return NULL;
    }
    if (memcmp (bytes + at, "fmt ", 4) == 0) {
      if (!parse_format (chunk, size, &format, name, error) || !check_format (&format, name, error))
        return NULL;
      has_format = TRUE;
    }
    at += 8 + MIN ((gsize)size + size % 2, left);
  }
  damaged (name, has_format ? "has no sound in it" : "says nothing of its format", error);
  return NULL;
}
