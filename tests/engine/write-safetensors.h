/* write-safetensors.h: safetensors files for tests, sound ones and lying ones.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A file with this header, byte for byte, and @data_length bytes of data.  (transfer full) */
GByteArray *safetensors_from_header (const char *header, gsize data_length);

/* A sound file, tensor by tensor. */
typedef struct _SafetensorsWriter SafetensorsWriter;

SafetensorsWriter *safetensors_writer_new (void);
/* "BF16", another type of 2 bytes (the same bits) or "F32"; cols 0: one dimension of @rows.  The numbers are random, below 1 and drawn from the name, so that two
 * files hold the same tensor under the same name; F32 holds what BF16 would. */
void safetensors_writer_add (SafetensorsWriter *self, const char *name, const char *dtype, int rows, int cols);
/* The same with these bytes and any type and shape. */
void safetensors_writer_add_data (SafetensorsWriter *self, const char *name, const char *dtype, const gint64 *shape, int n_dims, const void *data, gsize n_bytes);
/* Spaces after the header shift the data: an odd number makes every tensor unaligned. */
void safetensors_writer_pad (SafetensorsWriter *self, guint n_spaces);
/* The file's bytes (transfer full); frees the writer. */
GByteArray *safetensors_writer_finish (SafetensorsWriter *self);

/* Asserts that it works; frees @bytes. */
void write_bytes (const char *folder, const char *file, GByteArray *bytes);
void write_text (const char *folder, const char *file, const char *text);

/* A new folder, and the end of it with everything inside. */
char *make_folder (void);
void  remove_folder (char *folder);

G_END_DECLS
