/* gem-mapping.h: a file of weights, mapped for reading.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Internal to the readers of such files (gem-safetensors.c, gem-gguf.c); loading thread. */
#pragma once

#include "gem-error.h"

#include <sys/stat.h>

G_BEGIN_DECLS

typedef struct {
  char         *name; /* the file's, for messages */
  const guint8 *bytes;
  gsize         length;
  gsize         data_begin; /* where the tensors start; the reader says so */
  gboolean      mapped;     /* FALSE: the bytes are borrowed */
  struct stat   st;
} GemMapping;

/* Sets @self, which is to be cleared in either case. */
gboolean gem_mapping_open (GemMapping *self, const char *path, GError **error);
void     gem_mapping_clear (gpointer self); /* a GDestroyNotify */

/* Adds what changes when the file is replaced or edited: sizes, times, the header, and samples of
 * the data. */
void gem_mapping_add_identity (const GemMapping *self, GChecksum *sum);

/* Sets GEM_ERROR_INVALID_MODEL, “NAME” is damaged: … .  Returns FALSE.  @name is shown as it is:
 * cut what comes from a file. */
gboolean gem_mapping_damaged (const char *name, GError **error, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
/* What people often have in place of the weights; FALSE with an error. */
gboolean gem_mapping_check_impostor (const GemMapping *self, GError **error);

G_END_DECLS
