/* gem-source-gguf.c: a GGUF file and, beside it, the projector file with what sees and hears.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Owns both mappings and the few tensors that are stored otherwise than in a Hugging Face
 * checkpoint and so are made anew. */
#define G_LOG_DOMAIN "gem"

#include "gem-gguf-config.h"
#include "gem-gguf-names.h"
#include "gem-gguf-tokenizer.h"
#include "gem-source-private.h"

#include <math.h>
#include <string.h>

#define MAX_FILES 256 /* of a folder that are looked at */

typedef struct {
  GemSource   base;
  char       *path; /* of the model's file */
  GemGguf    *model;
  GemGguf    *projector; /* NULL: the model neither sees nor hears */
  GHashTable *made;      /* the file's name → GemTensor, both owned, and its numbers */
} Gguf;

/* ---- which files ---- */

gboolean
gem_source_is_gguf (const char *path)
{
  g_autofree char *lower = g_ascii_strdown (path, -1);

  return g_str_has_suffix (lower, ".gguf");
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

/* Paths of the GGUF files of a folder, in alphabetical order. */
static GPtrArray *
list_files (const char *folder)
{
  GPtrArray *files = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && files->len < MAX_FILES && (name = g_dir_read_name (dir)) != NULL)
    if (name[0] != '.' && gem_source_is_gguf (name))
      g_ptr_array_add (files, g_build_filename (folder, name, NULL));
  g_ptr_array_sort (files, compare_names);
  return files;
}

gboolean
gem_source_folder_has_gguf (const char *folder)
{
  g_autoptr (GPtrArray) files = list_files (folder);

  return files->len > 0;
}

static gboolean
is_projector_name (const char *path)
{
  g_autofree char *base = g_path_get_basename (path);
  g_autofree char *lower = g_ascii_strdown (base, -1);

  return strstr (lower, "mmproj") != NULL;
}

static gboolean
is_projector (const GemGguf *file)
{
  g_autofree char *architecture = gem_gguf_dup_architecture (file);

  return g_strcmp0 (architecture, "clip") == 0;
}

/* The one model of a folder, by the files' names.  (transfer full) */
static char *
find_model (const char *folder, GError **error)
{
  g_autoptr (GPtrArray) files = list_files (folder);
  g_autofree char *name = g_filename_display_basename (folder), *first = NULL, *second = NULL;
  const char      *model = NULL, *other = NULL;

  for (guint i = 0; i < files->len; i++) {
    const char *path = g_ptr_array_index (files, i);

    if (is_projector_name (path))
      continue;
    *(model == NULL ? &model : &other) = path;
  }
  if (model != NULL && other == NULL)
    return g_strdup (model);
  if (model == NULL) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL,
                 "The folder “%s” holds a projector file but no model.  Put the model's .gguf file "
                 "beside it, or choose another folder.",
                 name);
    return NULL;
  }
  first = g_filename_display_basename (model);
  second = g_filename_display_basename (other);
  g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL,
               "The folder “%s” holds several models (“%s”, “%s”).  Choose one of the files.", name,
               first, second);
  return NULL;
}

/* Whether what it makes has the width that the model reads. */
static gboolean
fits (const GemGguf *projector, const GemGguf *model)
{
  static const char *const names[] = {"mm.input_projection.weight", "mm.a.input_projection.weight"};
  gint64                   width = 0;
  gboolean                 has_one = FALSE;

  gem_gguf_get_integer (model, "gemma4.embedding_length", &width);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    const GemTensor *t = gem_gguf_find (projector, names[i]);

    if (t != NULL && t->shape[0] != width)
      return FALSE;
    has_one |= t != NULL;
  }
  return has_one;
}

/* Of several the one whose weights are used as they are, then the most exact. */
static int
rank (const GemGguf *projector)
{
  const GemTensor *t = gem_gguf_find (projector, "mm.input_projection.weight");

  if (t == NULL)
    t = gem_gguf_find (projector, "mm.a.input_projection.weight");
  switch (t->dtype) {
  case GEM_DTYPE_BF16:
    return 3;
  case GEM_DTYPE_F32:
    return 2;
  case GEM_DTYPE_F16:
    return 1;
  default:
    return 0;
  }
}

/* A file that is none, or belongs to another model, is passed over: a folder may hold many. */
static GemGguf *
find_projector (const char *model_path, const GemGguf *model)
{
  g_autofree char *folder = g_path_get_dirname (model_path);
  g_autoptr (GPtrArray) files = list_files (folder);
  GemGguf *best = NULL;

  for (guint i = 0; i < files->len; i++) {
    const char *path = g_ptr_array_index (files, i);
    GemGguf    *file = is_projector_name (path) ? gem_gguf_open (path, NULL) : NULL;

    if (file != NULL && is_projector (file) && fits (file, model) &&
        (best == NULL || rank (file) > rank (best))) {
      g_clear_pointer (&best, gem_gguf_free);
      best = g_steal_pointer (&file);
    }
    g_clear_pointer (&file, gem_gguf_free);
  }
  return best;
}

/* ---- the small things ---- */

static gboolean
read_config (GemSource *source, GemConfig *config, const char *name, GError **error)
{
  Gguf            *self = (Gguf *)source;
  g_autofree char *text = gem_gguf_dup_config (self->model, self->projector, error);
  g_autofree char *generation = gem_gguf_dup_generation (self->model);

  return text != NULL && gem_config_parse (config, text, strlen (text), generation,
                                           strlen (generation), name, error);
}

static GemTokenizer *
load_tokenizer (GemSource *source, const char *name, GError **error)
{
  return gem_gguf_load_tokenizer (((Gguf *)source)->model, error);
}

static gboolean
read_template (GemSource *source, char **text, gsize *length, GError **error)
{
  Gguf       *self = (Gguf *)source;
  GemJsonText value;

  *text = NULL;
  *length = 0;
  if (gem_gguf_get_text (self->model, "tokenizer.chat_template", &value)) {
    *text = g_strndup (value.data, value.length);
    *length = value.length;
  }
  return TRUE;
}

static char *
dup_name (const GemSource *source)
{
  g_autofree char *base = g_path_get_basename (((const Gguf *)source)->path);

  base[strlen (base) - strlen (".gguf")] = '\0';
  return g_filename_display_name (base);
}

static char *
dup_identity (GemSource *source)
{
  Gguf *self = (Gguf *)source;
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);

  gem_gguf_add_identity (self->model, sum);
  if (self->projector != NULL)
    gem_gguf_add_identity (self->projector, sum);
  return g_strndup (g_checksum_get_string (sum), 32);
}

/* ---- tensors that are stored otherwise ---- */

typedef struct {
  GemTensor tensor;
  gpointer  numbers;
} Made;

static void
made_free (gpointer data)
{
  Made *made = data;

  g_free (made->numbers);
  g_free (made);
}

/* Takes @numbers, as BF16 if every one is. */
static const GemTensor *
keep (Gguf *self, const GemTensor *like, const gint64 *shape, int n_dims, float *numbers)
{
  Made    *made = g_new0 (Made, 1);
  char    *name = g_strdup (like->name);
  gsize    n = 1;
  gboolean is_bf16 = TRUE;

  made->tensor = (GemTensor){.name = name, .dtype = GEM_DTYPE_F32, .n_dims = n_dims};
  for (int i = 0; i < n_dims; i++) {
    made->tensor.shape[i] = shape[i];
    n *= (gsize)shape[i];
  }
  made->numbers = numbers;
  made->tensor.data = made->numbers;
  made->tensor.n_bytes = n * sizeof *numbers;
  for (gsize i = 0; i < n && is_bf16; i++)
    is_bf16 = made->tensor.data[4 * i] == 0 && made->tensor.data[4 * i + 1] == 0;
  if (is_bf16) {
    guint16 *halves = g_new (guint16, n);

    gem_tensor_read_bf16 (&made->tensor, 0, n / (gsize)shape[n_dims - 1], halves);
    g_free (made->numbers);
    made->numbers = halves;
    made->tensor.data = made->numbers;
    made->tensor.dtype = GEM_DTYPE_BF16;
    made->tensor.n_bytes = n * sizeof *halves;
  }
  g_hash_table_insert (self->made, name, made);
  return &made->tensor;
}

static gboolean
makes_no_sense (const GemTensor *t, GError **error)
{
  g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL,
               "The tensor “%s” of the projector makes no sense.  Download it again or choose "
               "another.",
               t->name);
  return FALSE;
}

/* [d][channel][line][column] to [d][line][column][channel]. */
static const GemTensor *
make_patches (Gguf *self, const GemTensor *t, GError **error)
{
  gint64            shape[2];
  gsize             d, channels, points;
  g_autofree float *stored = NULL;
  float            *numbers;

  if (t->n_dims != 4 || t->shape[1] != 3 || t->shape[2] != t->shape[3] || t->shape[2] > 1024 ||
      !gem_tensor_has_numbers (t) || gem_dtype_get_block (t->dtype) != 1) {
    makes_no_sense (t, error);
    return NULL;
  }
  d = (gsize)t->shape[0];
  channels = (gsize)t->shape[1];
  points = (gsize)(t->shape[2] * t->shape[3]);
  stored = g_new (float, d *channels *points);
  numbers = g_new (float, d *channels *points);
  gem_tensor_read (t, 0, d * channels * (gsize)t->shape[2], stored);
  for (gsize i = 0; i < d; i++)
    for (gsize c = 0; c < channels; c++)
      for (gsize p = 0; p < points; p++)
        numbers[(i * points + p) * channels + c] = stored[(i * channels + c) * points + p];
  shape[0] = t->shape[0];
  shape[1] = (gint64)(points * channels);
  return keep (self, t, shape, 2, numbers);
}

/* y = ln (1 + e^s) to s = y + ln (1 − e^−y), y > 0. */
static const GemTensor *
make_scales (Gguf *self, const GemTensor *t, GError **error)
{
  gsize  n = (gsize)t->shape[t->n_dims - 1];
  float *numbers;

  if (t->n_dims != 1 || !gem_tensor_has_numbers (t)) {
    makes_no_sense (t, error);
    return NULL;
  }
  numbers = g_new (float, n);
  gem_tensor_read (t, 0, 1, numbers);
  for (gsize i = 0; i < n; i++) {
    double y = numbers[i];

    if (!(y > 0)) {
      g_free (numbers);
      makes_no_sense (t, error);
      return NULL;
    }
    numbers[i] = (float)(y + log1p (-exp (-y)));
  }
  return keep (self, t, t->shape, 1, numbers);
}

/* ---- tensors ---- */

/* The header says all of it: it was mapped when it was opened. */
static gboolean
map (GemSource *source, gboolean whole, GError **error)
{
  if (!whole)
    return TRUE;
  g_set_error_literal (error, GEM_ERROR, GEM_ERROR_UNSUPPORTED,
                       "Facet reads drafters from folders with safetensors, not from GGUF files.");
  return FALSE;
}

static char *
dup_tensor_name (GemSource *source, GemSourcePart part, const char *name)
{
  char *theirs = gem_gguf_tensor_name (part, name);

  return theirs != NULL ? theirs : g_strdup (name);
}

static const GemTensor *
find (GemSource *source, GemSourcePart part, const char *name, GError **error)
{
  Gguf            *self = (Gguf *)source;
  const GemGguf   *file = part == GEM_SOURCE_ENCODERS ? self->projector : self->model;
  g_autofree char *theirs = gem_gguf_tensor_name (part, name);
  const GemTensor *t = file != NULL && theirs != NULL ? gem_gguf_find (file, theirs) : NULL;
  const Made      *made = t != NULL ? g_hash_table_lookup (self->made, theirs) : NULL;

  if (made != NULL)
    return &made->tensor;
  if (t != NULL && part == GEM_SOURCE_ENCODERS && g_str_equal (theirs, "v.patch_embd.weight"))
    return make_patches (self, t, error);
  if (t != NULL && part == GEM_SOURCE_ENCODERS &&
      g_str_has_suffix (theirs, ".per_dim_scale.weight"))
    return make_scales (self, t, error);
  return t;
}

/* ---- construction ---- */

static void
gguf_free (GemSource *source)
{
  Gguf *self = (Gguf *)source;

  g_hash_table_unref (self->made);
  g_clear_pointer (&self->model, gem_gguf_free);
  g_clear_pointer (&self->projector, gem_gguf_free);
  g_free (self->path);
  g_free (self);
}

/* Not a part of a model, and not what belongs to another file. */
static gboolean
check_whole (const GemGguf *file, GError **error)
{
  gint64 n = 1;

  if (is_projector (file)) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL,
                 "“%s” is only the projector, with which a model sees and hears.  Choose the "
                 "model's "
                 "own file.",
                 gem_gguf_get_name (file));
    return FALSE;
  }
  if (!gem_gguf_get_integer (file, "split.count", &n) || n == 1)
    return TRUE;
  g_set_error (error, GEM_ERROR, GEM_ERROR_UNSUPPORTED,
               "“%s” is one part of a model in several files, which Facet does not read.  Join "
               "them "
               "with “llama-gguf-split --merge”, or choose a model in one file.",
               gem_gguf_get_name (file));
  return FALSE;
}

GemSource *
gem_source_gguf_new (const char *path, GError **error)
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
      .free = gguf_free,
  };
  g_autoptr (GemSource) source = NULL;
  Gguf *self = g_new0 (Gguf, 1);

  self->base.form = &form;
  source = &self->base;
  self->made = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, made_free);
  self->path = g_file_test (path, G_FILE_TEST_IS_DIR) ? find_model (path, error) : g_strdup (path);
  if (self->path == NULL)
    return NULL;
  self->model = gem_gguf_open (self->path, error);
  if (self->model == NULL || !check_whole (self->model, error))
    return NULL;
  self->projector = find_projector (self->path, self->model);
  return g_steal_pointer (&source);
}
