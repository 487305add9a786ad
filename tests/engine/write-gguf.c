/* write-gguf.c: GGUF files for tests, from the format's description.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Written without the engine's code: it is what that is tested against. */
#include "write-gguf.h"

#include <string.h>

struct _GgufWriter {
  GByteArray *keys, *entries, *data;
  guint64     n_keys, n_tensors;
};

enum {
  U32 = 4,
  I32 = 5,
  F32 = 6,
  BOOL = 7,
  STRING = 8,
  ARRAY = 9,
};

#define ALIGNMENT 32

static void
put_u32 (GByteArray *bytes, guint32 value)
{
  value = GUINT32_TO_LE (value);
  g_byte_array_append (bytes, (const guint8 *)&value, sizeof value);
}

static void
put_u64 (GByteArray *bytes, guint64 value)
{
  value = GUINT64_TO_LE (value);
  g_byte_array_append (bytes, (const guint8 *)&value, sizeof value);
}

static void
put_string (GByteArray *bytes, const char *text)
{
  put_u64 (bytes, strlen (text));
  g_byte_array_append (bytes, (const guint8 *)text, (guint)strlen (text));
}

static void
align (GByteArray *bytes)
{
  while (bytes->len % ALIGNMENT != 0)
    g_byte_array_append (bytes, (const guint8 *)"", 1);
}

GgufWriter *
gguf_writer_new (void)
{
  GgufWriter *self = g_new0 (GgufWriter, 1);

  self->keys = g_byte_array_new ();
  self->entries = g_byte_array_new ();
  self->data = g_byte_array_new ();
  return self;
}

static void
begin (GgufWriter *self, const char *key, guint32 type)
{
  put_string (self->keys, key);
  put_u32 (self->keys, type);
  self->n_keys++;
}

void
gguf_writer_add_u32 (GgufWriter *self, const char *key, guint32 value)
{
  begin (self, key, U32);
  put_u32 (self->keys, value);
}

void
gguf_writer_add_f32 (GgufWriter *self, const char *key, float value)
{
  guint32 bits;

  memcpy (&bits, &value, sizeof bits);
  begin (self, key, F32);
  put_u32 (self->keys, bits);
}

static void
put_bool (GByteArray *bytes, gboolean value)
{
  guint8 byte = value != FALSE;

  g_byte_array_append (bytes, &byte, 1);
}

void
gguf_writer_add_bool (GgufWriter *self, const char *key, gboolean value)
{
  begin (self, key, BOOL);
  put_bool (self->keys, value);
}

void
gguf_writer_add_text (GgufWriter *self, const char *key, const char *value)
{
  begin (self, key, STRING);
  put_string (self->keys, value);
}

static void
begin_array (GgufWriter *self, const char *key, guint32 type, gsize n)
{
  begin (self, key, ARRAY);
  put_u32 (self->keys, type);
  put_u64 (self->keys, n);
}

void
gguf_writer_add_texts (GgufWriter *self, const char *key, const GPtrArray *values)
{
  begin_array (self, key, STRING, values->len);
  for (guint i = 0; i < values->len; i++)
    put_string (self->keys, g_ptr_array_index (values, i));
}

void
gguf_writer_add_i32s (GgufWriter *self, const char *key, const gint32 *values, gsize n)
{
  begin_array (self, key, I32, n);
  for (gsize i = 0; i < n; i++)
    put_u32 (self->keys, (guint32)values[i]);
}

void
gguf_writer_add_bools (GgufWriter *self, const char *key, const gboolean *values, gsize n)
{
  begin_array (self, key, BOOL, n);
  for (gsize i = 0; i < n; i++)
    put_bool (self->keys, values[i]);
}

void
gguf_writer_add_tensor (GgufWriter   *self,
                        const char   *name,
                        guint32       type,
                        const gint64 *shape,
                        int           n_dims,
                        const void   *data,
                        gsize         n_bytes)
{
  put_string (self->entries, name);
  put_u32 (self->entries, (guint32)n_dims);
  for (int i = n_dims; i-- > 0;)
    put_u64 (self->entries, (guint64)shape[i]);
  put_u32 (self->entries, type);
  put_u64 (self->entries, self->data->len);
  g_byte_array_append (self->data, data, (guint)n_bytes);
  align (self->data);
  self->n_tensors++;
}

GByteArray *
gguf_writer_finish (GgufWriter *self)
{
  GByteArray *file = g_byte_array_new ();

  g_byte_array_append (file, (const guint8 *)"GGUF", 4);
  put_u32 (file, 3);
  put_u64 (file, self->n_tensors);
  put_u64 (file, self->n_keys);
  g_byte_array_append (file, self->keys->data, self->keys->len);
  g_byte_array_append (file, self->entries->data, self->entries->len);
  align (file);
  if (self->data->len > 0)
    g_byte_array_append (file, self->data->data, self->data->len);
  g_byte_array_unref (self->keys);
  g_byte_array_unref (self->entries);
  g_byte_array_unref (self->data);
  g_free (self);
  return file;
}
