/* gem-source.c: tells the forms of a checkpoint apart, and passes on.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "gem"

#include "gem-source-private.h"

GemSource *
gem_source_open (const char *path, GError **error)
{
  return gem_source_folder_new (path);
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
