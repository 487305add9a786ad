/* gem-source.c: tells the forms of a checkpoint apart, and passes on.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "gem"

#include "gem-source-private.h"

static gboolean
has_file (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

/* Repositories of GGUF files often bring a config.json, too: the weights decide. */
static gboolean
is_gguf (const char *path)
{
  if (!g_file_test (path, G_FILE_TEST_IS_DIR))
    return gem_source_is_gguf (path);
  return !has_file (path, "model.safetensors") &&
         !has_file (path, "model.safetensors.index.json") && gem_source_folder_has_gguf (path);
}

GemSource *
gem_source_open (const char *path, GError **error)
{
  g_autofree char *name = g_filename_display_name (path);

  if (!g_file_test (path, G_FILE_TEST_EXISTS)) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL,
                 "There is no model “%s”.  Choose another folder.", name);
    return NULL;
  }
  if (!g_file_test (path, G_FILE_TEST_IS_DIR) && !gem_source_is_gguf (path)) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL,
                 "“%s” is a file, not a model folder.  Choose the folder that holds config.json, or a "
                 ".gguf file.",
                 name);
    return NULL;
  }
  return is_gguf (path) ? gem_source_gguf_new (path, error) : gem_source_folder_new (path);
}

void
gem_source_free (GemSource *self)
{
  if (self != NULL)
    self->form->free (self);
}

char *
gem_source_dup_name (const GemSource *self)
{
  return self->form->dup_name (self);
}

gboolean
gem_source_read_config (GemSource *self, GemConfig *config, const char *name, GError **error)
{
  return self->form->read_config (self, config, name, error);
}

GemTokenizer *
gem_source_load_tokenizer (GemSource *self, const char *name, GError **error)
{
  return self->form->load_tokenizer (self, name, error);
}

gboolean
gem_source_read_template (GemSource *self, char **text, gsize *length, GError **error)
{
  return self->form->read_template (self, text, length, error);
}

gboolean
gem_source_map (GemSource *self, gboolean whole, GError **error)
{
  return self->form->map (self, whole, error);
}

const GemTensor *
gem_source_find (GemSource *self, GemSourcePart part, const char *name, GError **error)
{
  return self->form->find (self, part, name, error);
}

char *
gem_source_dup_tensor_name (GemSource *self, GemSourcePart part, const char *name)
{
  return self->form->dup_tensor_name (self, part, name);
}

char *
gem_source_dup_identity (GemSource *self)
{
  return self->form->dup_identity (self);
}
