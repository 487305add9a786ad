/* gem-tensor-file.h: writes tensors to a safetensors file, for comparing with other
 * implementations.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 *   g_autoptr (GemTensorFile) file = gem_tensor_file_new ();
 *   gem_tensor_file_add (file, "logits", GEM_DTYPE_F32, logits, 2, n_rows, n_columns);
 *   gem_tensor_file_write (file, path, &error);
 *
 * Row-major, little-endian as the format asks (and as every machine that Facet runs on is).  One
 * thread. */
#pragma once

#include "gem-safetensors.h"

G_BEGIN_DECLS

typedef struct _GemTensorFile GemTensorFile;

GemTensorFile *gem_tensor_file_new (void);
void           gem_tensor_file_free (GemTensorFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GemTensorFile, gem_tensor_file_free)

/* Borrows @data until the file is written.  After @n_dims come that many sizes, each a gsize.  A
 * name may be added once. */
void gem_tensor_file_add (GemTensorFile *self,
                          const char    *name,
                          GemDtype       dtype,
                          const void    *data,
                          guint          n_dims,
                          ...);

/* GEM_ERROR_INVALID_INPUT names the file and why it cannot be written. */
gboolean gem_tensor_file_write (GemTensorFile *self, const char *path, GError **error);

G_END_DECLS
