/* gem-safetensors.h: tensors in safetensors files, mapped and checked.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A file is mapped read-only and never copied; every name, type, shape and offset of its header is
 * checked before the first tensor is handed out, so that a GemTensor always points at n_bytes
 * readable bytes that are exactly its shape.  (A file that somebody truncates while it is mapped is
 * beyond checking: the kernel then raises SIGBUS.)  Immutable after opening; any thread may read.
 *
 *   g_autoptr (GemSafetensors) files = gem_safetensors_open_folder (folder, &error);
 *   const GemTensor *t = gem_safetensors_find (files, "model.language_model.norm.weight"); */
#pragma once

#include "gem-tensor.h"

G_BEGIN_DECLS

typedef struct _GemSafetensors GemSafetensors;

/* One file. */
GemSafetensors *gem_safetensors_open (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* model.safetensors, or the shards that model.safetensors.index.json lists. */
GemSafetensors *gem_safetensors_open_folder (const char *folder,
                                             GError    **error) G_GNUC_WARN_UNUSED_RESULT;
/* A whole file that is in memory already; @data is borrowed and outlives the result. */
GemSafetensors *gem_safetensors_new_from_data (const void *data,
                                               gsize       length,
                                               const char *name,
                                               GError    **error) G_GNUC_WARN_UNUSED_RESULT;
void            gem_safetensors_free (GemSafetensors *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GemSafetensors, gem_safetensors_free)

/* NULL if there is none. */
const GemTensor *gem_safetensors_find (const GemSafetensors *self, const char *name);
guint            gem_safetensors_get_n_tensors (const GemSafetensors *self);
const GemTensor *gem_safetensors_get_nth (const GemSafetensors *self,
                                          guint                 n); /* in the order of the files */
/* 32 hexadecimal digits that change when a file is replaced or edited: from sizes, times, inodes,
 * headers and samples of the data, not from where the files lie.  (transfer full) */
char *gem_safetensors_dup_identity (const GemSafetensors *self) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
