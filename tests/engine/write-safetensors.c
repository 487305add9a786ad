/* write-safetensors.c: safetensors files for tests, sound ones and lying ones.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Written from the format's description, not with the engine's code: it is what that is tested
 * against. */
#include "write-safetensors.h"

#include <glib/gstdio.h>
#include <string.h>

struct _SafetensorsWriter {
  GString    *header;
  GByteArray *data;
  guint       n_spaces;
};

static GByteArray *
join (const char *header, gsize header_length, const guint8 *data, gsize data_length)
{
  GByteArray *bytes = g_byte_array_new ();
  guint64     n = GUINT64_TO_LE (header_length);

  g_byte_array_append (bytes, (const guint8 *)&n, sizeof n);
  g_byte_array_append (bytes, (const guint8 *)header, (guint)header_length);
  if (data_length > 0)
    g_byte_array_append (bytes, data, (guint)data_length);
  return bytes;
}

GByteArray *
safetensors_from_header (const char *header, gsize data_length)
{
  g_autofree guint8 *data = g_malloc0 (data_length + 1);

  return join (header, strlen (header), data, data_length);
}

SafetensorsWriter *
safetensors_writer_new (void)
{
  SafetensorsWriter *self = g_new0 (SafetensorsWriter, 1);

  self->header = g_string_new ("{\"__metadata__\":{\"format\":\"pt\"}");
  self->data = g_byte_array_new ();
  return self;
}

/* ±[1/256, 1), every one a BF16. */
static guint16
draw (guint32 *state)
{
  *state = *state * 1664525 + 1013904223;
  return (guint16)((*state >> 16 & 0x807f) | (119 + (*state >> 8 & 7)) << 7);
}

static void
append_numbers (GByteArray *data, gboolean f32, gsize n, guint32 seed)
{
  for (gsize i = 0; i < n; i++) {
    guint16 value = GUINT16_TO_LE (draw (&seed));

    if (f32)
      g_byte_array_append (data, (const guint8 *)"\0", 2);
    g_byte_array_append (data, (const guint8 *)&value, sizeof value);
  }
}

void
safetensors_writer_add (SafetensorsWriter *self,
                        const char        *name,
                        const char        *dtype,
                        int                rows,
                        int                cols)
{
  guint begin = self->data->len;

  append_numbers (self->data, g_str_equal (dtype, "F32"), (gsize)rows * (gsize)MAX (cols, 1),
                  g_str_hash (name));
  g_string_append_printf (self->header, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[%d", name, dtype,
                          rows);
  if (cols > 0)
    g_string_append_printf (self->header, ",%d", cols);
  g_string_append_printf (self->header, "],\"data_offsets\":[%u,%u]}", begin, self->data->len);
}

void
safetensors_writer_add_data (SafetensorsWriter *self,
                             const char        *name,
                             const char        *dtype,
                             const gint64      *shape,
                             int                n_dims,
                             const void        *data,
                             gsize              n_bytes)
{
  guint begin = self->data->len;

  g_byte_array_append (self->data, data, (guint)n_bytes);
  g_string_append_printf (self->header, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[", name, dtype);
  for (int i = 0; i < n_dims; i++)
    g_string_append_printf (self->header, "%s%" G_GINT64_FORMAT, i > 0 ? "," : "", shape[i]);
  g_string_append_printf (self->header, "],\"data_offsets\":[%u,%u]}", begin, self->data->len);
}

void
safetensors_writer_pad (SafetensorsWriter *self, guint n_spaces)
{
  self->n_spaces = n_spaces;
}

GByteArray *
safetensors_writer_finish (SafetensorsWriter *self)
{
  GByteArray *bytes;

  g_string_append_c (self->header, '}');
  while (self->header->len % 8 != 0)
    g_string_append_c (self->header, ' ');
  for (guint i = 0; i < self->n_spaces; i++)
    g_string_append_c (self->header, ' ');
  bytes = join (self->header->str, self->header->len, self->data->data, self->data->len);
  g_string_free (self->header, TRUE);
  g_byte_array_unref (self->data);
  g_free (self);
  return bytes;
}

void
write_bytes (const char *folder, const char *file, GByteArray *bytes)
{
  g_autofree char *path = g_build_filename (folder, file, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, (const char *)bytes->data, bytes->len, &error);
  g_assert_no_error (error);
  g_byte_array_unref (bytes);
}

void
write_text (const char *folder, const char *file, const char *text)
{
  g_autofree char *path = g_build_filename (folder, file, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

char *
make_folder (void)
{
  g_autoptr (GError) error = NULL;
  char *folder = g_dir_make_tmp ("facet-test-XXXXXX", &error);

  g_assert_no_error (error);
  return folder;
}

void
remove_folder (char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    char *path = g_build_filename (folder, name, NULL);

    if (g_file_test (path, G_FILE_TEST_IS_DIR) && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
      remove_folder (path);
    else {
      g_unlink (path);
      g_free (path);
    }
  }
  g_rmdir (folder);
  g_free (folder);
}
