/* gem-tensor-file.c: the safetensors layout: 8 bytes of header length, a JSON header, then the
 * data.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reading, where nothing may be trusted, is gem-safetensors.c.  Any one thread. */
#define G_LOG_DOMAIN "gem"

#include "gem-tensor-file.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  const void *data; /* borrowed */
  gsize       size;
} Piece;

struct _GemTensorFile {
  json_t *header;
  GArray *pieces; /* of Piece, in the order of the file */
  gsize   size;   /* of all pieces */
};

GemTensorFile *
gem_tensor_file_new (void)
{
  GemTensorFile *self = g_new0 (GemTensorFile, 1);

  self->header = json_object ();
  self->pieces = g_array_new (FALSE, FALSE, sizeof (Piece));
  return self;
}

void
gem_tensor_file_free (GemTensorFile *self)
{
  if (self == NULL)
    return;
  json_decref (self->header);
  g_array_unref (self->pieces);
  g_free (self);
}

void
gem_tensor_file_add (GemTensorFile *self,
                     const char    *name,
                     GemDtype       dtype,
                     const void    *data,
                     guint          n_dims,
                     ...)
{
  json_t *shape = json_array ();
  Piece   piece = {data, gem_dtype_get_size (dtype)};
  va_list sizes;

  g_return_if_fail (json_object_get (self->header, name) == NULL);

  va_start (sizes, n_dims);
  for (guint i = 0; i < n_dims; i++) {
    gsize size = va_arg (sizes, gsize);

    json_array_append_new (shape, json_integer ((json_int_t)size));
    piece.size *= size;
  }
  va_end (sizes);

  json_object_set_new (self->header, name,
                       json_pack ("{s:s, s:o, s:[I, I]}", "dtype", gem_dtype_get_name (dtype),
                                  "shape", shape, "data_offsets", (json_int_t)self->size,
                                  (json_int_t)(self->size + piece.size)));
  g_array_append_val (self->pieces, piece);
  self->size += piece.size;
}

static gboolean
write_all (GemTensorFile *self, FILE *file)
{
  g_autofree char *header = json_dumps (self->header, JSON_COMPACT | JSON_PRESERVE_ORDER);
  gsize            length = strlen (header);
  gsize            padded = (length + 7) / 8 * 8; /* the data starts aligned */
  guint64          prefix = GUINT64_TO_LE ((guint64)padded);

  if (fwrite (&prefix, sizeof prefix, 1, file) != 1 || fwrite (header, 1, length, file) != length ||
      fwrite ("       ", 1, padded - length, file) != padded - length)
    return FALSE;
  for (guint i = 0; i < self->pieces->len; i++) {
    const Piece *piece = &g_array_index (self->pieces, Piece, i);

    if (fwrite (piece->data, 1, piece->size, file) != piece->size)
      return FALSE;
  }
  return TRUE;
}

gboolean
gem_tensor_file_write (GemTensorFile *self, const char *path, GError **error)
{
  FILE    *file = g_fopen (path, "wb");
  gboolean good = file != NULL;

  errno = file != NULL ? 0 : errno;
  if (file != NULL) {
    good = write_all (self, file);
    good = fclose (file) == 0 && good;
  }
  if (!good)
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "%s cannot be written: %s.", path,
                 errno != 0 ? g_strerror (errno) : "the disk did not take all of it");
  return good;
}
