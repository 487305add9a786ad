/* gem-safetensors.c: maps safetensors files and checks every word of their headers.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The format: 8 bytes n (little-endian), n bytes of JSON { name: { dtype, shape, data_offsets:
 * [begin, end] },
 * "__metadata__": { text: text } }, then the data, which the tensors cover without holes or
 * overlaps. Owns the mappings and the list of tensors.  Runs on the loading thread; does not know
 * which tensors a model needs (gem-weights.c does). */
#define G_LOG_DOMAIN "gem"

#include "gem-safetensors.h"
#include "gem-file.h"
#include "gem-mapping.h"

#include <jansson.h>
#include <string.h>

#define MAX_HEADER_BYTES (100 * 1024 * 1024) /* the format's own bound */
#define MAX_INDEX_BYTES  (64 * 1024 * 1024)
#define MAX_SHARDS       1024

struct _GemSafetensors {
  GArray     *files;   /* of GemMapping */
  GPtrArray  *tensors; /* of GemTensor */
  GHashTable *by_name; /* borrows from tensors */
};

/* ---- one tensor's entry ---- */

static void
tensor_free (gpointer data)
{
  GemTensor *tensor = data;

  g_free ((char *)tensor->name);
  g_free (tensor);
}

static gboolean
read_dtype (const json_t *entry, GemTensor *tensor, const char *file, GError **error)
{
  const char *name = json_string_value (json_object_get (entry, "dtype"));

  if (name == NULL)
    return gem_mapping_damaged (file, error, "the tensor “%.128s” names no type", tensor->name);
  for (int i = 0; i <= GEM_DTYPE_F64; i++)
    if (g_str_equal (name, gem_dtype_get_name ((GemDtype)i))) {
      tensor->dtype = (GemDtype)i;
      return TRUE;
    }
  return gem_mapping_damaged (file, error, "the tensor “%.128s” has the unknown type “%.32s”",
                              tensor->name, name);
}

/* Sets the shape and, from it, how many bytes the tensor must have. */
static gboolean
read_shape (const json_t *entry, GemTensor *tensor, const char *file, GError **error)
{
  const json_t *shape = json_object_get (entry, "shape");
  gsize         n_bytes = gem_dtype_get_size (tensor->dtype);

  if (!json_is_array (shape) || json_array_size (shape) > GEM_TENSOR_MAX_DIMS)
    return gem_mapping_damaged (file, error,
                                "the shape of the tensor “%.128s” is no list of at most %d numbers",
                                tensor->name, GEM_TENSOR_MAX_DIMS);
  tensor->n_dims = (int)json_array_size (shape);
  for (int i = 0; i < tensor->n_dims; i++) {
    const json_t *dim = json_array_get (shape, (size_t)i);

    if (!json_is_integer (dim) || json_integer_value (dim) < 0 ||
        !g_size_checked_mul (&n_bytes, n_bytes, (gsize)json_integer_value (dim)))
      return gem_mapping_damaged (file, error, "the shape of the tensor “%.128s” makes no sense",
                                  tensor->name);
    tensor->shape[i] = json_integer_value (dim);
  }
  tensor->n_bytes = n_bytes;
  return TRUE;
}

static gboolean
read_offsets (const json_t *entry, GemTensor *tensor, const GemMapping *file, GError **error)
{
  const json_t *offsets = json_object_get (entry, "data_offsets");
  const json_t *begin = json_array_get (offsets, 0), *end = json_array_get (offsets, 1);
  gsize         data_length = file->length - file->data_begin;
  gsize         from, to;

  if (json_array_size (offsets) != 2 || !json_is_integer (begin) || !json_is_integer (end) ||
      json_integer_value (begin) < 0 || json_integer_value (end) < json_integer_value (begin))
    return gem_mapping_damaged (file->name, error,
                                "the offsets of the tensor “%.128s” make no sense", tensor->name);
  from = (gsize)json_integer_value (begin);
  to = (gsize)json_integer_value (end);
  if (to > data_length)
    return gem_mapping_damaged (file->name, error,
                                "it is cut short: the tensor “%.128s” ends %" G_GSIZE_FORMAT
                                " bytes after the end of the file",
                                tensor->name, to - data_length);
  if (to - from != tensor->n_bytes)
    return gem_mapping_damaged (file->name, error,
                                "the tensor “%.128s” has %" G_GSIZE_FORMAT
                                " bytes where its shape needs %" G_GSIZE_FORMAT,
                                tensor->name, to - from, tensor->n_bytes);
  tensor->data = file->bytes + file->data_begin + from;
  return TRUE;
}

static gboolean
add_tensor (GemSafetensors   *self,
            const GemMapping *file,
            const char       *name,
            const json_t     *entry,
            GError          **error)
{
  GemTensor *tensor = g_new0 (GemTensor, 1);

  tensor->name = g_strdup (name);
  g_ptr_array_add (self->tensors, tensor);
  if (!json_is_object (entry))
    return gem_mapping_damaged (file->name, error, "the entry of the tensor “%.128s” is no object",
                                name);
  if (!read_dtype (entry, tensor, file->name, error) ||
      !read_shape (entry, tensor, file->name, error) || !read_offsets (entry, tensor, file, error))
    return FALSE;
  if (!g_hash_table_insert (self->by_name, (gpointer)tensor->name, tensor))
    return gem_mapping_damaged (file->name, error, "the tensor “%.128s” is in the model twice",
                                name);
  return TRUE;
}

/* ---- one file ---- */

static int
compare_place (gconstpointer a, gconstpointer b)
{
  const GemTensor *x = *(GemTensor *const *)a, *y = *(GemTensor *const *)b;

  if (x->data != y->data)
    return x->data < y->data ? -1 : 1;
  return (x->n_bytes > y->n_bytes) - (x->n_bytes < y->n_bytes);
}

/* The format wants the data covered exactly: no byte that belongs to two tensors or to none. */
static gboolean
check_cover (GemSafetensors *self, guint first, const GemMapping *file, GError **error)
{
  const guint8 *at = file->bytes + file->data_begin;
  const guint8 *end = file->bytes + file->length;

  if (self->tensors->len > first) /* an array without elements may have no memory */
    qsort (self->tensors->pdata + first, self->tensors->len - first, sizeof (gpointer),
           compare_place);
  for (guint i = first; i < self->tensors->len; i++) {
    const GemTensor *tensor = g_ptr_array_index (self->tensors, i);

    if (tensor->data != at)
      return gem_mapping_damaged (file->name, error, "the tensor “%.128s” %s", tensor->name,
                                  tensor->data < at ? "overlaps the one before it"
                                                    : "leaves a hole in front of it");
    at += tensor->n_bytes;
  }
  if (at != end)
    return gem_mapping_damaged (file->name, error, "there are bytes after the last tensor");
  return TRUE;
}

static json_t *
parse_header (GemMapping *file, GError **error)
{
  guint64      n;
  json_error_t why;
  json_t      *header;

  if (!gem_mapping_check_impostor (file, error))
    return NULL;
  if (file->length < sizeof n) {
    gem_mapping_damaged (file->name, error, "it has only %" G_GSIZE_FORMAT " bytes", file->length);
    return NULL;
  }
  memcpy (&n, file->bytes, sizeof n);
  n = GUINT64_FROM_LE (n);
  if (n > MAX_HEADER_BYTES || n > file->length - sizeof n) {
    gem_mapping_damaged (file->name, error,
                         "its header claims %" G_GUINT64_FORMAT
                         " bytes of a file of %" G_GSIZE_FORMAT,
                         n, file->length);
    return NULL;
  }
  header = json_loadb ((const char *)file->bytes + sizeof n, n, JSON_REJECT_DUPLICATES, &why);
  if (!json_is_object (header)) {
    gem_mapping_damaged (file->name, error, "its header cannot be read (%s)",
                         header == NULL ? why.text : "it is no JSON object");
    json_decref (header);
    return NULL;
  }
  file->data_begin = sizeof n + n;
  return header;
}

static gboolean
add_header (GemSafetensors *self, GemMapping *file, GError **error)
{
  guint       first = self->tensors->len;
  json_t     *header = parse_header (file, error);
  const char *name;
  json_t     *entry;
  gboolean    ok = header != NULL;

  if (ok)
    json_object_foreach (header, name, entry)
    {
      if (g_str_equal (name, "__metadata__"))
        continue;
      ok = add_tensor (self, file, name, entry, error);
      if (!ok)
        break;
    }
  json_decref (header);
  return ok && check_cover (self, first, file, error);
}

static gboolean
add_path (GemSafetensors *self, const char *path, GError **error)
{
  GemMapping file;
  gboolean   ok = gem_mapping_open (&file, path, error) && add_header (self, &file, error);

  g_array_append_val (self->files, file);
  return ok;
}

/* ---- construction ---- */

static GemSafetensors *
safetensors_new (void)
{
  GemSafetensors *self = g_new0 (GemSafetensors, 1);

  self->files = g_array_new (FALSE, FALSE, sizeof (GemMapping));
  g_array_set_clear_func (self->files, gem_mapping_clear);
  self->tensors = g_ptr_array_new_with_free_func (tensor_free);
  self->by_name = g_hash_table_new (g_str_hash, g_str_equal);
  return self;
}

void
gem_safetensors_free (GemSafetensors *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->by_name);
  g_ptr_array_unref (self->tensors);
  g_array_unref (self->files);
  g_free (self);
}

GemSafetensors *
gem_safetensors_open (const char *path, GError **error)
{
  g_autoptr (GemSafetensors) self = safetensors_new ();

  return add_path (self, path, error) ? g_steal_pointer (&self) : NULL;
}

GemSafetensors *
gem_safetensors_new_from_data (const void *data, gsize length, const char *name, GError **error)
{
  g_autoptr (GemSafetensors) self = safetensors_new ();
  GemMapping file = {.name = g_strdup (name), .bytes = data, .length = length};
  gboolean   ok = add_header (self, &file, error);

  g_array_append_val (self->files, file);
  return ok ? g_steal_pointer (&self) : NULL;
}

/* ---- shards ---- */

/* A file of the same folder and nothing else: the index is not trusted with paths. */
static gboolean
is_shard_name (const char *name)
{
  return name != NULL && name[0] != '.' && strchr (name, '/') == NULL &&
         g_str_has_suffix (name, ".safetensors") && strlen (name) < 256;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

/* The set of shard names of an index, in alphabetical order. */
static GPtrArray *
list_shards (const json_t *weight_map, const char *index, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) shards = g_ptr_array_new ();
  const char *tensor;
  json_t     *value;

  json_object_foreach ((json_t *)weight_map, tensor, value)
  {
    const char *shard = json_string_value (value);

    if (!is_shard_name (shard)) {
      gem_mapping_damaged (index, error, "the tensor “%.128s” lies in no file of this folder",
                           tensor);
      return NULL;
    }
    if (g_hash_table_add (seen, (gpointer)shard))
      g_ptr_array_add (shards, (gpointer)shard);
    if (shards->len > MAX_SHARDS) {
      gem_mapping_damaged (index, error, "it lists more than %d files", MAX_SHARDS);
      return NULL;
    }
  }
  g_ptr_array_sort (shards, compare_names);
  return g_steal_pointer (&shards);
}

static gboolean
add_shards (GemSafetensors *self,
            const char     *folder,
            const json_t   *index,
            const char     *name,
            GError        **error)
{
  json_t     *weight_map = json_object_get (index, "weight_map");
  const char *tensor;
  json_t     *shard;
  g_autoptr (GPtrArray) shards = NULL;

  if (json_object_size (weight_map) == 0)
    return gem_mapping_damaged (name, error, "its weight_map is missing or empty");
  shards = list_shards (weight_map, name, error);
  if (shards == NULL)
    return FALSE;
  for (guint i = 0; i < shards->len; i++) {
    g_autofree char *path = g_build_filename (folder, g_ptr_array_index (shards, i), NULL);

    if (!add_path (self, path, error))
      return FALSE;
  }
  json_object_foreach (weight_map, tensor, shard)
  {
    if (gem_safetensors_find (self, tensor) == NULL)
      return gem_mapping_damaged (name, error, "the tensor “%.128s” is not in “%s”", tensor,
                                  json_string_value (shard));
  }
  return TRUE;
}

GemSafetensors *
gem_safetensors_open_folder (const char *folder, GError **error)
{
  static const char name[] = "model.safetensors.index.json";
  g_autofree char  *single = g_build_filename (folder, "model.safetensors", NULL);
  g_autofree char  *index = g_build_filename (folder, name, NULL);
  g_autofree char  *text = NULL;
  g_autoptr (GemSafetensors) self = NULL;
  gsize        length;
  json_t      *root;
  json_error_t why;
  gboolean     ok;

  if (g_file_test (single, G_FILE_TEST_EXISTS) || !g_file_test (index, G_FILE_TEST_EXISTS))
    return gem_safetensors_open (single, error);

  if (!gem_file_read (index, MAX_INDEX_BYTES, &text, &length, error))
    return NULL;
  root = json_loadb (text, length, JSON_REJECT_DUPLICATES, &why);
  if (root == NULL) {
    gem_mapping_damaged (name, error, "line %d: %s", why.line, why.text);
    return NULL;
  }
  self = safetensors_new ();
  ok = add_shards (self, folder, root, name, error);
  json_decref (root);
  return ok ? g_steal_pointer (&self) : NULL;
}

/* ---- reading ---- */

const GemTensor *
gem_safetensors_find (const GemSafetensors *self, const char *name)
{
  return g_hash_table_lookup (self->by_name, name);
}

guint
gem_safetensors_get_n_tensors (const GemSafetensors *self)
{
  return self->tensors->len;
}

const GemTensor *
gem_safetensors_get_nth (const GemSafetensors *self, guint n)
{
  return g_ptr_array_index (self->tensors, n);
}

char *
gem_safetensors_dup_identity (const GemSafetensors *self)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);

  for (guint i = 0; i < self->files->len; i++)
    gem_mapping_add_identity (&g_array_index (self->files, GemMapping, i), sum);
  return g_strndup (g_checksum_get_string (sum), 32);
}
