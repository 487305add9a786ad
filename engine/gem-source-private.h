/* gem-source-private.h: what a form of checkpoint has to do; the functions are those of
 * gem-source.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "gem-source.h"

G_BEGIN_DECLS

typedef struct {
  gboolean (*read_config) (GemSource *self, GemConfig *config, const char *name, GError **error);
  GemTokenizer *(*load_tokenizer) (GemSource *self, const char *name, GError **error);
  gboolean (*read_template) (GemSource *self, char **text, gsize *length, GError **error);
  gboolean (*map) (GemSource *self, gboolean whole, GError **error);
  const GemTensor *(*find) (GemSource *self, GemSourcePart part, const char *name, GError **error);
  char *(*dup_tensor_name) (GemSource *self, GemSourcePart part, const char *name);
  char *(*dup_identity) (GemSource *self);
  char *(*dup_name) (const GemSource *self);
  void (*free) (GemSource *self);
} GemSourceForm;

/* The first member of each form's own struct. */
struct _GemSource {
  const GemSourceForm *form;
};

GemSource *gem_source_folder_new (const char *folder) G_GNUC_WARN_UNUSED_RESULT;
/* @path: a file, or a folder that has one. */
GemSource *gem_source_gguf_new (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* By its name. */
gboolean gem_source_is_gguf (const char *path);
gboolean gem_source_folder_has_gguf (const char *folder);

G_END_DECLS
