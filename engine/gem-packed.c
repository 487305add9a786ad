/* gem-packed.c: finds the parts of a quantised matrix and checks that they fit each other.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Owns the tensors that it puts together; their bytes are the files'.  What the bytes mean is
 * gem-tensor.h. */
#define G_LOG_DOMAIN "gem"

#include "gem-packed.h"

#include <string.h>

#define GROUP 32

struct _GemPacked {
  const GemSafetensors *files;
  GHashTable           *made; /* name → GemTensor, both owned */
};

/* ---- what config.json says ---- */

static gboolean
is_string (const json_t *value, const char *text)
{
  return g_strcmp0 (json_string_value (value), text) == 0;
}

/* The weights of one group of layers: 4-bit integers in groups of 32, or 8-bit floating point with
 * a scale a row. */
static gboolean
is_supported_scheme (const json_t *weights)
{
  const json_t *bits = json_object_get (weights, "num_bits"),
               *strategy = json_object_get (weights, "strategy"),
               *type = json_object_get (weights, "type");

  if (json_is_false (json_object_get (weights, "symmetric")) ||
      is_string (json_object_get (weights, "actorder"), "group"))
    return FALSE;
  if (is_string (type, "float"))
    return json_integer_value (bits) == 8 &&
           (is_string (strategy, "channel") || is_string (strategy, "tensor"));
  return (type == NULL || is_string (type, "int")) && json_integer_value (bits) == 4 &&
         (strategy == NULL || is_string (strategy, "group")) &&
         json_integer_value (json_object_get (weights, "group_size")) == GROUP;
}

char *
gem_packed_find_unsupported (const json_t *config)
{
  const char *method = json_string_value (json_object_get (config, "quant_method"));
  json_t     *groups = json_object_get (config, "config_groups");
  const char *name;
  json_t     *group;

  if (g_strcmp0 (method, "compressed-tensors") != 0)
    return g_strdup_printf ("by “%.32s”", method != NULL ? method : "something unnamed");
  json_object_foreach (groups, name, group)
  {
    const json_t *weights = json_object_get (group, "weights");

    if (json_is_object (weights) && !is_supported_scheme (weights))
      return g_strdup_printf ("in another scheme than W4A16 in groups of %d, or FP8", GROUP);
  }
  return NULL;
}

/* ---- parts ---- */

static void
tensor_free (gpointer data)
{
  g_free (data);
}

GemPacked *
gem_packed_new (const GemSafetensors *files)
{
  GemPacked *self = g_new0 (GemPacked, 1);

  self->files = files;
  self->made = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, tensor_free);
  return self;
}

void
gem_packed_free (GemPacked *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->made);
  g_free (self);
}

static gboolean
do_not_fit (const char *name, const char *why, GError **error)
{
  g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL,
               "The quantised tensor “%.128s” makes no sense: %s.  Download the model again or "
               "choose another folder.",
               name, why);
  return FALSE;
}

/* @name with @suffix behind it. */
static const GemTensor *
find_part (GemPacked *self, const char *name, const char *suffix)
{
  g_autofree char *full = g_strconcat (name, suffix, NULL);

  return gem_safetensors_find (self->files, full);
}

static gsize
count (const GemTensor *t)
{
  return t->n_bytes / gem_dtype_get_size (t->dtype);
}

/* One number a row, or for every @group columns of it, or, where that is allowed, one for all. */
static gboolean
check_scales (const GemTensor *scales, const GemTensor *t, gsize per_row, gboolean one)
{
  gsize n = (gsize)t->shape[0] * per_row;

  if (scales == NULL || (scales->dtype != GEM_DTYPE_BF16 && scales->dtype != GEM_DTYPE_F16 &&
                         scales->dtype != GEM_DTYPE_F32))
    return FALSE;
  if (one && count (scales) == 1)
    return TRUE;
  return count (scales) == n && scales->n_dims >= 1 && scales->shape[0] == t->shape[0];
}

/* The shape of the unpacked matrix, as the file says it. */
static gboolean
has_said_shape (const GemTensor *said, const GemTensor *t)
{
  if (said == NULL)
    return TRUE;
  if ((said->dtype != GEM_DTYPE_I64 && said->dtype != GEM_DTYPE_I32) || count (said) != 2)
    return FALSE;
  for (int i = 0; i < 2; i++) {
    gint64 value = 0;

    if (said->dtype == GEM_DTYPE_I64)
      memcpy (&value, said->data + 8 * i, 8);
    else {
      gint32 small;

      memcpy (&small, said->data + 4 * i, 4);
      value = GINT32_FROM_LE (small);
    }
    if ((said->dtype == GEM_DTYPE_I64 ? GINT64_FROM_LE (value) : value) != t->shape[i])
      return FALSE;
  }
  return TRUE;
}

static const GemTensor *
keep (GemPacked *self, const char *name, const GemTensor *t)
{
  GemTensor *made = g_memdup2 (t, sizeof *t);
  char      *key = g_strdup (name);

  made->name = key;
  g_hash_table_insert (self->made, key, made);
  return made;
}

/* ---- the two schemes ---- */

static const GemTensor *
put_together_f8 (GemPacked *self, const char *name, const GemTensor *weight, GError **error)
{
  GemTensor t = *weight;

  t.scales = find_part (self, name, "_scale");
  if (t.n_dims != 2 || t.n_bytes == 0 || !check_scales (t.scales, &t, 1, TRUE)) {
    do_not_fit (name, "it has no scale for every row", error);
    return NULL;
  }
  return keep (self, name, &t);
}

static const GemTensor *
put_together_packed (GemPacked *self, const char *name, const GemTensor *packed, GError **error)
{
  GemTensor t = *packed;

  t.dtype = GEM_DTYPE_PACKED4;
  t.scales = find_part (self, name, "_scale");
  if (packed->dtype != GEM_DTYPE_I32 || packed->n_dims != 2 || packed->n_bytes == 0 ||
      packed->shape[1] > G_MAXINT64 / 8 || packed->shape[1] * 8 % GROUP != 0) {
    do_not_fit (name, "it is not packed in groups of 32", error);
    return NULL;
  }
  t.shape[1] = packed->shape[1] * 8;
  if (!has_said_shape (find_part (self, name, "_shape"), &t))
    do_not_fit (name, "it has another shape than it says", error);
  else if (!check_scales (t.scales, &t, (gsize)t.shape[1] / GROUP, FALSE))
    do_not_fit (name, "it has no scale for every 32 columns", error);
  else if (find_part (self, name, "_zero_point") != NULL ||
           find_part (self, name, "_g_idx") != NULL)
    do_not_fit (name, "it has zero points or an order of its columns, which Facet does not read",
                error);
  else
    return keep (self, name, &t);
  return NULL;
}

const GemTensor *
gem_packed_find (GemPacked *self, const char *name, GError **error)
{
  const GemTensor *t = g_hash_table_lookup (self->made, name);

  if (t != NULL)
    return t;
  t = gem_safetensors_find (self->files, name);
  if (t != NULL)
    return t->dtype == GEM_DTYPE_F8_E4M3 ? put_together_f8 (self, name, t, error) : t;
  t = find_part (self, name, "_packed");
  return t != NULL ? put_together_packed (self, name, t, error) : NULL;
}
