/* media-files.c: WAV byte by byte; everything else by GStreamer's encoders.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "media-files"

#include "media-files.h"

#include <gst/gst.h>

#include <math.h>
#include <string.h>

static void
put (GByteArray *bytes, guint32 value, guint n)
{
  value = GUINT32_TO_LE (value);
  g_byte_array_append (bytes, (const guint8 *)&value, n);
}

static void
put_text (GByteArray *bytes, const char *text)
{
  g_byte_array_append (bytes, (const guint8 *)text, 4);
}

static void
put_sample (GByteArray *bytes, WavFormat format, double value)
{
  float single = (float)value;

  switch (format) {
  case WAV_U8:
    put (bytes, (guint32)lrint (127.5 + CLAMP (value, -1, 1) * 127.4), 1);
    break;
  case WAV_S16:
    put (bytes, (guint32)(gint32)lrint (CLAMP (value, -1, 1) * 32767), 2);
    break;
  case WAV_S24:
    put (bytes, (guint32)(gint32)lrint (CLAMP (value, -1, 1) * 8388607), 3);
    break;
  case WAV_F32:
    g_byte_array_append (bytes, (const guint8 *)&single, 4);
    break;
  }
}

GByteArray *
make_wav (WavFormat format,
          guint     rate,
          guint     n_channels,
          double    seconds,
          gboolean  no_speakers,
          WavFunc   func)
{
  static const guint  sizes[] = {1, 2, 3, 4};
  static const guint8 guid[12] = {0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71};
  GByteArray         *wav = g_byte_array_new ();
  guint               size = sizes[format], n = (guint)(seconds * rate);
  guint               tag = format == WAV_F32 ? 3 : 1, header = n_channels > 2 ? 40 : 16;

  put_text (wav, "RIFF");
  put (wav, 20 + header + n * n_channels * size, 4);
  put_text (wav, "WAVE");
  put_text (wav, "fmt ");
  put (wav, header, 4);
  put (wav, n_channels > 2 ? 0xfffe : tag, 2);
  put (wav, n_channels, 2);
  put (wav, rate, 4);
  put (wav, rate * n_channels * size, 4);
  put (wav, n_channels * size, 2);
  put (wav, size * 8, 2);
  if (n_channels > 2) {
    put (wav, 22, 2);
    put (wav, size * 8, 2);
    put (wav, no_speakers ? 0 : 0x3f, 4);
    put (wav, tag, 4);
    g_byte_array_append (wav, guid, 12);
  }
  put_text (wav, "data");
  put (wav, n * n_channels * size, 4);
  for (guint i = 0; i < n; i++)
    for (guint channel = 0; channel < n_channels; channel++)
      put_sample (wav, format, func ((double)i / rate, channel));
  return wav;
}

void
write_file (const char *path, const GByteArray *bytes)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, (const char *)bytes->data, bytes->len, &error);
  g_assert_no_error (error);
}

gboolean
make_by_gstreamer (const char *pipeline, const char *path)
{
  g_autoptr (GString) text = g_string_new (pipeline);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) element = NULL;
  g_autoptr (GstBus) bus = NULL;
  g_autoptr (GstMessage) message = NULL;

  gst_init (NULL, NULL);
  g_string_replace (text, "OUT", path, 0);
  element = gst_parse_launch_full (text->str, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  if (g_error_matches (error, GST_PARSE_ERROR, GST_PARSE_ERROR_NO_SUCH_ELEMENT)) {
    g_test_skip (error->message);
    return FALSE;
  }
  g_assert_no_error (error);
  bus = gst_element_get_bus (element);
  gst_element_set_state (element, GST_STATE_PLAYING);
  message =
      gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, NULL);
  g_assert_no_error (error);
  gst_element_set_state (element, GST_STATE_NULL);
  return TRUE;
}
