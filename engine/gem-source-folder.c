/* gem-source-folder.c: a folder as Hugging Face lays it out: small JSON files, and safetensors.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Owns the mapped files. */
#define G_LOG_DOMAIN "gem"

#include "gem-file.h"
#include "gem-packed.h"
#include "gem-source-private.h"

#include <unistd.h>

#define MAX_CONFIG_BYTES   (4 * 1024 * 1024)
#define MAX_TEMPLATE_BYTES (1024 * 1024)

typedef struct {
  GemSource       base;
  char           *folder;
  GemSafetensors *files; /* once mapped */
  GemPacked      *packed;
  const char     *decoder,
      *encoders; /* in front of the tensors' names; encoders NULL: there are none */
} Folder;

/* Where the decoder's and the encoders' tensors are in the exports that are about. */
static const struct {
  const char *decoder, *encoders;
} prefixes[] = {
    {"model.language_model.", "model."}, /* Gemma4ForConditionalGeneration */
    {"language_model.model.", ""},       /* older exports of the same */
    {"model.", NULL},                    /* text only */
};

/* ---- the small files ---- */

static gboolean
read_config (GemSource *source, GemConfig *config, const char *name, GError **error)
{
  Folder          *self = (Folder *)source;
  g_autofree char *path = g_build_filename (self->folder, "config.json", NULL);
  g_autofree char *text = NULL, *generation = NULL;
  gsize            length, generation_length;

  return gem_file_read (path, MAX_CONFIG_BYTES, &text, &length, error) &&
         gem_file_read_optional (self->folder, "generation_config.json", MAX_CONFIG_BYTES,
                                 &generation, &generation_length, error) &&
         gem_config_parse (config, text, length, generation, generation_length, name, error);
}

static GemTokenizer *
load_tokenizer (GemSource *source, const char *name, GError **error)
{
  Folder          *self = (Folder *)source;
  g_autofree char *path = g_build_filename (self->folder, "tokenizer.json", NULL);
  struct stat      st;
  int              fd = gem_file_open (path, &st, error);

  if (fd < 0)
    return NULL;
  close (fd);
  return gem_tokenizer_new_from_file (path, error);
}

static gboolean
read_template (GemSource *source, char **text, gsize *length, GError **error)
{
  Folder *self = (Folder *)source;

  return gem_file_read_optional (self->folder, "chat_template.jinja", MAX_TEMPLATE_BYTES, text,
                                 length, error);
}

/* "gemma-4-E2B-it" from …/models--google--gemma-4-E2B-it/snapshots/HASH, the layout of the Hugging
 * Face cache; else the folder's own name. */
static char *
dup_name (const GemSource *source)
{
  g_autofree char *path = g_canonicalize_filename (((const Folder *)source)->folder, NULL);
  g_autofree char *parent = g_path_get_dirname (path);
  g_autofree char *parent_name = g_path_get_basename (parent);
  g_autofree char *base = g_path_get_basename (path);

  if (g_str_equal (parent_name, "snapshots")) {
    g_autofree char *repository = g_path_get_dirname (parent);
    g_autofree char *repository_name = g_path_get_basename (repository);
    const char      *last = g_strrstr (repository_name, "--");

    if (last != NULL && last[2] != '\0')
      return g_filename_display_name (last + 2);
  }
  return g_filename_display_name (base);
}

/* ---- tensors ---- */

/* The embedding is there under one of the names, whole or packed. */
static gboolean
find_prefixes (Folder *self, GError **error)
{
  static const char *const forms[] = {"embed_tokens.weight", "embed_tokens.weight_packed"};

  for (gsize i = 0; i < G_N_ELEMENTS (prefixes); i++)
    for (gsize f = 0; f < G_N_ELEMENTS (forms); f++) {
      g_autofree char *name = g_strconcat (prefixes[i].decoder, forms[f], NULL);

      if (gem_safetensors_find (self->files, name) == NULL)
        continue;
      self->decoder = prefixes[i].decoder;
      self->encoders = prefixes[i].encoders;
      return TRUE;
    }
  g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL,
               "The model's files have no tensor “%sembed_tokens.weight”: they do not fit "
               "config.json.  Download the "
               "model again or choose another folder.",
               prefixes[0].decoder);
  return FALSE;
}

static gboolean
map (GemSource *source, gboolean whole, GError **error)
{
  Folder *self = (Folder *)source;

  self->files = gem_safetensors_open_folder (self->folder, error);
  if (self->files == NULL)
    return FALSE;
  self->packed = gem_packed_new (self->files);
  return whole || find_prefixes (self, error);
}

/* NULL: the files have no such part. */
static const char *
get_prefix (const Folder *self, GemSourcePart part)
{
  switch (part) {
  case GEM_SOURCE_DECODER:
    return self->decoder;
  case GEM_SOURCE_ENCODERS:
    return self->encoders;
  default:
    return "";
  }
}

static char *
dup_tensor_name (GemSource *source, GemSourcePart part, const char *name)
{
  const char *prefix = get_prefix ((Folder *)source, part);

  return g_strconcat (prefix != NULL ? prefix : "", name, NULL);
}

static const GemTensor *
find (GemSource *source, GemSourcePart part, const char *name, GError **error)
{
  Folder          *self = (Folder *)source;
  g_autofree char *full = NULL;

  if (get_prefix (self, part) == NULL)
    return NULL;
  full = dup_tensor_name (source, part, name);
  return gem_packed_find (self->packed, full, error);
}

static char *
dup_identity (GemSource *source)
{
  return gem_safetensors_dup_identity (((Folder *)source)->files);
}

static void
folder_free (GemSource *source)
{
  Folder *self = (Folder *)source;

  g_clear_pointer (&self->packed, gem_packed_free);
  g_clear_pointer (&self->files, gem_safetensors_free);
  g_free (self->folder);
  g_free (self);
}

GemSource *
gem_source_folder_new (const char *folder)
{
  static const GemSourceForm form = {
      .read_config = read_config,
      .load_tokenizer = load_tokenizer,
      .read_template = read_template,
      .map = map,
      .find = find,
      .dup_tensor_name = dup_tensor_name,
      .dup_identity = dup_identity,
      .dup_name = dup_name,
      .free = folder_free,
  };
  Folder *self = g_new0 (Folder, 1);

  self->base.form = &form;
  self->folder = g_strdup (folder);
  return &self->base;
}
