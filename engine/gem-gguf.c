/* gem-gguf.c: maps a GGUF file and checks every word of its head.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Owns the mapping and the list of tensors.  Reading goes through a cursor that never passes the
 * end; after opening, values are read again without checks.  Does not know which keys or tensors a
 * model needs (gem-gguf-config.c, gem-gguf-names.c do). */
#define G_LOG_DOMAIN "gem"

#include "gem-gguf.h"
#include "gem-mapping.h"

#include <string.h>

#define MAX_KEYS       (1u << 16)
#define MAX_TENSORS    (1u << 16)
#define MAX_KEY_LENGTH 1024u
#define MAX_DIMS       4
#define MAX_ALIGNMENT  (1u << 20)

/* Types of values. */
enum {
  U8,
  I8,
  U16,
  I16,
  U32,
  I32,
  F32,
  BOOL,
  STRING,
  ARRAY,
  U64,
  I64,
  F64,
  N_TYPES,
};

static const gsize type_sizes[N_TYPES] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

typedef struct {
  guint32       type;
  const guint8 *at; /* the value's first byte */
} Value;

struct _GemGguf {
  GemMapping  file;
  GHashTable *values;  /* char * → Value, both owned */
  GPtrArray  *tensors; /* of GemTensor */
  GHashTable *by_name; /* borrows from tensors */
};

/* ---- tensors' types, by their numbers in the format ---- */

static const struct {
  guint32     number;
  const char *name;
  gint        dtype; /* −1: not read */
} tensor_types[] = {
    {0, "F32", GEM_DTYPE_F32},
    {1, "F16", GEM_DTYPE_F16},
    {2, "Q4_0", GEM_DTYPE_Q4_0},
    {3, "Q4_1", -1},
    {6, "Q5_0", -1},
    {7, "Q5_1", -1},
    {8, "Q8_0", GEM_DTYPE_Q8_0},
    {9, "Q8_1", -1},
    {10, "Q2_K", -1},
    {11, "Q3_K", -1},
    {12, "Q4_K", GEM_DTYPE_Q4_K},
    {13, "Q5_K", -1},
    {14, "Q6_K", GEM_DTYPE_Q6_K},
    {15, "Q8_K", -1},
    {16, "IQ2_XXS", -1},
    {17, "IQ2_XS", -1},
    {18, "IQ3_XXS", -1},
    {19, "IQ1_S", -1},
    {20, "IQ4_NL", -1},
    {21, "IQ3_S", -1},
    {22, "IQ2_S", -1},
    {23, "IQ4_XS", -1},
    {24, "I8", -1},
    {25, "I16", -1},
    {26, "I32", -1},
    {27, "I64", -1},
    {28, "F64", -1},
    {29, "IQ1_M", -1},
    {30, "BF16", GEM_DTYPE_BF16},
    {34, "TQ1_0", -1},
    {35, "TQ2_0", -1},
    {39, "MXFP4", -1},
    {40, "NVFP4", -1},
};

/* ---- the cursor ---- */

typedef struct {
  const GemMapping *file;
  gsize             at;
} Cursor;

static gboolean
cut_short (const Cursor *c, const char *where, GError **error)
{
  return gem_mapping_damaged (c->file->name, error, "it is cut short: it ends in %s", where);
}

static gboolean
take (Cursor *c, gsize n, const guint8 **bytes)
{
  if (n > c->file->length - c->at)
    return FALSE;
  *bytes = c->file->bytes + c->at;
  c->at += n;
  return TRUE;
}

static guint32
get_u32 (const guint8 *p)
{
  guint32 value;

  memcpy (&value, p, sizeof value);
  return GUINT32_FROM_LE (value);
}

static guint64
get_u64 (const guint8 *p)
{
  guint64 value;

  memcpy (&value, p, sizeof value);
  return GUINT64_FROM_LE (value);
}

static gboolean
take_u32 (Cursor *c, guint32 *value)
{
  const guint8 *p;

  if (!take (c, 4, &p))
    return FALSE;
  *value = get_u32 (p);
  return TRUE;
}

static gboolean
take_u64 (Cursor *c, guint64 *value)
{
  const guint8 *p;

  if (!take (c, 8, &p))
    return FALSE;
  *value = get_u64 (p);
  return TRUE;
}

static gboolean
take_string (Cursor *c, GemJsonText *text)
{
  guint64       length;
  const guint8 *p;

  if (!take_u64 (c, &length) || length > c->file->length || !take (c, (gsize)length, &p))
    return FALSE;
  *text = (GemJsonText){(const char *)p, (gsize)length};
  return TRUE;
}

/* A name that may stand in messages and be looked up.  (transfer full), NULL with an error. */
static char *
take_name (Cursor *c, const char *where, GError **error)
{
  GemJsonText text;

  if (!take_string (c, &text)) {
    cut_short (c, where, error);
    return NULL;
  }
  if (text.length == 0 || text.length > MAX_KEY_LENGTH ||
      !g_utf8_validate (text.data, (gssize)text.length, NULL)) {
    gem_mapping_damaged (c->file->name, error, "a name in %s is no text", where);
    return NULL;
  }
  return g_strndup (text.data, text.length);
}

/* ---- keys and values ---- */

static gboolean skip_value (Cursor *c, guint32 type, const char *key, GError **error);

/* Arrays hold values of one size, or strings; arrays of arrays are in no file that we know. */
static gboolean
skip_array (Cursor *c, const char *key, GError **error)
{
  static const char where[] = "an array";
  guint32           type;
  guint64           n;
  const guint8     *ignored;
  GemJsonText       text;

  if (!take_u32 (c, &type) || !take_u64 (c, &n))
    return cut_short (c, where, error);
  if (type >= N_TYPES || type == ARRAY)
    return gem_mapping_damaged (c->file->name, error, "the array “%.128s” is of an unknown type",
                                key);
  if (n > c->file->length) /* every element has a byte at least */
    return cut_short (c, where, error);
  if (type != STRING)
    return take (c, (gsize)n * type_sizes[type], &ignored) || cut_short (c, where, error);
  for (guint64 i = 0; i < n; i++) {
    if (!take_string (c, &text))
      return cut_short (c, where, error);
    if (!g_utf8_validate (text.data, (gssize)text.length, NULL))
      return gem_mapping_damaged (c->file->name, error, "the array “%.128s” holds what is no text",
                                  key);
  }
  return TRUE;
}

static gboolean
skip_value (Cursor *c, guint32 type, const char *key, GError **error)
{
  const guint8 *ignored;
  GemJsonText   text;

  if (type >= N_TYPES)
    return gem_mapping_damaged (c->file->name, error, "the key “%.128s” is of an unknown type",
                                key);
  if (type == ARRAY)
    return skip_array (c, key, error);
  if (type != STRING)
    return take (c, type_sizes[type], &ignored) || cut_short (c, "a value", error);
  if (!take_string (c, &text))
    return cut_short (c, "a value", error);
  return g_utf8_validate (text.data, (gssize)text.length, NULL) ||
         gem_mapping_damaged (c->file->name, error, "the value of “%.128s” is no text", key);
}

static gboolean
read_key (GemGguf *self, Cursor *c, GError **error)
{
  g_autofree char *key = take_name (c, "a key", error);
  Value           *value;
  guint32          type;

  if (key == NULL)
    return FALSE;
  if (!take_u32 (c, &type))
    return cut_short (c, "a key", error);
  if (g_hash_table_contains (self->values, key))
    return gem_mapping_damaged (self->file.name, error, "it has the key “%.128s” twice", key);
  value = g_new (Value, 1);
  *value = (Value){type, c->file->bytes + c->at};
  g_hash_table_insert (self->values, g_strdup (key), value);
  return skip_value (c, type, key, error);
}

/* ---- tensors ---- */

static void
tensor_free (gpointer data)
{
  GemTensor *tensor = data;

  g_free ((char *)tensor->name);
  g_free (tensor);
}

static gboolean
set_type (GemGguf *self, GemTensor *t, guint32 number, GError **error)
{
  const char *name = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (tensor_types); i++)
    if (tensor_types[i].number == number) {
      if (tensor_types[i].dtype >= 0) {
        t->dtype = (GemDtype)tensor_types[i].dtype;
        return TRUE;
      }
      name = tensor_types[i].name;
    }
  if (name == NULL)
    return gem_mapping_damaged (self->file.name, error,
                                "the tensor “%.128s” is of the unknown type %u", t->name, number);
  g_set_error (error, GEM_ERROR, GEM_ERROR_UNSUPPORTED,
               "“%s” stores the tensor “%.128s” as %s.  Facet reads F32, F16, BF16, Q8_0, Q4_0, "
               "Q4_K "
               "and Q6_K: choose a file of one of these (Q4_K_M is one).",
               self->file.name, t->name, name);
  return FALSE;
}

/* From the last dimension, which is the first of the file and must be whole blocks, to the bytes.
 */
static gboolean
set_size (GemGguf *self, GemTensor *t, GError **error)
{
  gsize block = gem_dtype_get_block (t->dtype), n = gem_dtype_get_size (t->dtype);

  if (t->shape[t->n_dims - 1] % (gint64)block != 0)
    return gem_mapping_damaged (self->file.name, error,
                                "the rows of the tensor “%.128s” are no whole blocks", t->name);
  for (int i = 0; i < t->n_dims; i++) {
    gsize dim = (gsize)t->shape[i] / (i == t->n_dims - 1 ? block : 1);

    if (!g_size_checked_mul (&n, n, dim))
      return gem_mapping_damaged (self->file.name, error,
                                  "the shape of the tensor “%.128s” makes no sense", t->name);
  }
  t->n_bytes = n;
  return TRUE;
}

static gboolean
read_shape (GemGguf *self, Cursor *c, GemTensor *t, GError **error)
{
  guint32 n_dims;
  guint64 dim;

  if (!take_u32 (c, &n_dims))
    return cut_short (c, "a tensor's entry", error);
  if (n_dims < 1 || n_dims > MAX_DIMS)
    return gem_mapping_damaged (self->file.name, error, "the tensor “%.128s” has %u dimensions",
                                t->name, n_dims);
  t->n_dims = (int)n_dims;
  for (int i = t->n_dims - 1; i >= 0; i--) {
    if (!take_u64 (c, &dim))
      return cut_short (c, "a tensor's entry", error);
    if (dim < 1 || dim > G_MAXINT64)
      return gem_mapping_damaged (self->file.name, error,
                                  "the shape of the tensor “%.128s” makes no sense", t->name);
    t->shape[i] = (gint64)dim;
  }
  return TRUE;
}

/* The offset is kept in place of the address until it is known where the data begins. */
static gboolean
read_tensor (GemGguf *self, Cursor *c, guint64 *offset, GError **error)
{
  GemTensor *t = g_new0 (GemTensor, 1);
  guint32    type;

  g_ptr_array_add (self->tensors, t);
  t->name = take_name (c, "a tensor's entry", error);
  if (t->name == NULL || !read_shape (self, c, t, error))
    return FALSE;
  if (!take_u32 (c, &type) || !take_u64 (c, offset))
    return cut_short (c, "a tensor's entry", error);
  if (!set_type (self, t, type, error) || !set_size (self, t, error))
    return FALSE;
  if (!g_hash_table_insert (self->by_name, (gpointer)t->name, t))
    return gem_mapping_damaged (self->file.name, error, "it has the tensor “%.128s” twice",
                                t->name);
  return TRUE;
}

static gboolean
place_tensor (GemGguf *self, GemTensor *t, guint64 offset, GError **error)
{
  gsize available = self->file.length - self->file.data_begin;

  if (offset > available || t->n_bytes > available - (gsize)offset)
    return gem_mapping_damaged (self->file.name, error,
                                "it is cut short, or the tensor “%.128s” lies outside of it",
                                t->name);
  t->data = self->file.bytes + self->file.data_begin + (gsize)offset;
  return TRUE;
}

static int
compare_place (gconstpointer a, gconstpointer b)
{
  const GemTensor *x = *(GemTensor *const *)a, *y = *(GemTensor *const *)b;

  return (x->data > y->data) - (x->data < y->data);
}

/* Between tensors there may be padding, but nothing belongs to two of them. */
static gboolean
check_overlaps (GemGguf *self, GError **error)
{
  g_autofree gpointer *sorted =
      g_memdup2 (self->tensors->pdata, self->tensors->len * sizeof (gpointer));

  if (self->tensors->len > 0)
    qsort (sorted, self->tensors->len, sizeof (gpointer), compare_place);
  for (guint i = 0; i + 1 < self->tensors->len; i++) {
    const GemTensor *t = sorted[i], *next = sorted[i + 1];

    if (t->data + t->n_bytes > next->data)
      return gem_mapping_damaged (self->file.name, error,
                                  "the tensors “%.128s” and “%.128s” overlap", t->name, next->name);
  }
  return TRUE;
}

/* ---- the head ---- */

static gboolean
read_counts (GemGguf *self, Cursor *c, guint64 *n_tensors, guint64 *n_keys, GError **error)
{
  const guint8 *magic;
  guint32       version;

  if (!gem_mapping_check_impostor (&self->file, error))
    return FALSE;
  if (!take (c, 4, &magic) || memcmp (magic, "GGUF", 4) != 0)
    return gem_mapping_damaged (self->file.name, error, "it is no GGUF file");
  if (!take_u32 (c, &version) || !take_u64 (c, n_tensors) || !take_u64 (c, n_keys))
    return cut_short (c, "its first bytes", error);
  if (version != 2 && version != 3) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_UNSUPPORTED,
                 "“%s” is a GGUF file of %s.  Facet reads versions 2 and 3; choose a newer file of "
                 "the model.",
                 self->file.name,
                 GUINT32_SWAP_LE_BE (version) < 256 && version > 255 ? "a big-endian machine"
                                                                     : "an unknown version");
    return FALSE;
  }
  if (*n_keys > MAX_KEYS || *n_tensors > MAX_TENSORS)
    return gem_mapping_damaged (self->file.name, error,
                                "it claims more keys or tensors than any has");
  return TRUE;
}

static gboolean
find_data (GemGguf *self, const Cursor *c, GError **error)
{
  gint64 alignment = 32;

  if (gem_gguf_has (self, "general.alignment") &&
      (!gem_gguf_get_integer (self, "general.alignment", &alignment) || alignment < 1 ||
       alignment > MAX_ALIGNMENT))
    return gem_mapping_damaged (self->file.name, error, "its alignment makes no sense");
  self->file.data_begin = (c->at + (gsize)alignment - 1) / (gsize)alignment * (gsize)alignment;
  /* without tensors nothing need follow */
  self->file.data_begin = MIN (self->file.data_begin, self->file.length);
  return TRUE;
}

static gboolean
read_head (GemGguf *self, GError **error)
{
  Cursor              c = {&self->file, 0};
  guint64             n_tensors = 0, n_keys = 0;
  g_autofree guint64 *offsets = NULL;

  if (!read_counts (self, &c, &n_tensors, &n_keys, error))
    return FALSE;
  for (guint64 i = 0; i < n_keys; i++)
    if (!read_key (self, &c, error))
      return FALSE;
  offsets = g_new (guint64, n_tensors + 1);
  for (guint64 i = 0; i < n_tensors; i++)
    if (!read_tensor (self, &c, &offsets[i], error))
      return FALSE;
  if (!find_data (self, &c, error))
    return FALSE;
  for (guint i = 0; i < self->tensors->len; i++)
    if (!place_tensor (self, g_ptr_array_index (self->tensors, i), offsets[i], error))
      return FALSE;
  return check_overlaps (self, error);
}

/* ---- construction ---- */

static GemGguf *
gguf_new (void)
{
  GemGguf *self = g_new0 (GemGguf, 1);

  self->values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->tensors = g_ptr_array_new_with_free_func (tensor_free);
  self->by_name = g_hash_table_new (g_str_hash, g_str_equal);
  return self;
}

void
gem_gguf_free (GemGguf *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->by_name);
  g_hash_table_unref (self->values);
  g_ptr_array_unref (self->tensors);
  gem_mapping_clear (&self->file);
  g_free (self);
}

GemGguf *
gem_gguf_open (const char *path, GError **error)
{
  g_autoptr (GemGguf) self = gguf_new ();

  if (!gem_mapping_open (&self->file, path, error) || !read_head (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

GemGguf *
gem_gguf_new_from_data (const void *data, gsize length, const char *name, GError **error)
{
  g_autoptr (GemGguf) self = gguf_new ();

  self->file = (GemMapping){.name = g_strdup (name), .bytes = data, .length = length};
  return read_head (self, error) ? g_steal_pointer (&self) : NULL;
}

/* ---- reading ---- */

const char *
gem_gguf_get_name (const GemGguf *self)
{
  return self->file.name;
}

const GemTensor *
gem_gguf_find (const GemGguf *self, const char *name)
{
  return g_hash_table_lookup (self->by_name, name);
}

guint
gem_gguf_get_n_tensors (const GemGguf *self)
{
  return self->tensors->len;
}

const GemTensor *
gem_gguf_get_nth (const GemGguf *self, guint n)
{
  return g_ptr_array_index (self->tensors, n);
}

void
gem_gguf_add_identity (const GemGguf *self, GChecksum *sum)
{
  gem_mapping_add_identity (&self->file, sum);
}

gboolean
gem_gguf_has (const GemGguf *self, const char *key)
{
  return g_hash_table_contains (self->values, key);
}

static GemJsonText
text_at (const guint8 *p)
{
  return (GemJsonText){(const char *)p + 8, (gsize)get_u64 (p)};
}

/* FALSE if it is no whole number that fits. */
static gboolean
integer_at (guint32 type, const guint8 *p, gint64 *value)
{
  switch (type) {
  case U8:
  case BOOL:
    *value = p[0];
    return TRUE;
  case I8:
    *value = (gint8)p[0];
    return TRUE;
  case U16:
    *value = p[0] | p[1] << 8;
    return TRUE;
  case I16:
    *value = (gint16)(p[0] | p[1] << 8);
    return TRUE;
  case U32:
    *value = get_u32 (p);
    return TRUE;
  case I32:
    *value = (gint32)get_u32 (p);
    return TRUE;
  case I64:
  case U64:
    *value = (gint64)get_u64 (p);
    return type == I64 || *value >= 0;
  default:
    return FALSE;
  }
}

gboolean
gem_gguf_get_text (const GemGguf *self, const char *key, GemJsonText *text)
{
  const Value *value = g_hash_table_lookup (self->values, key);

  if (value == NULL || value->type != STRING)
    return FALSE;
  *text = text_at (value->at);
  return TRUE;
}

gboolean
gem_gguf_get_integer (const GemGguf *self, const char *key, gint64 *number)
{
  const Value *value = g_hash_table_lookup (self->values, key);

  return value != NULL && value->type != BOOL && integer_at (value->type, value->at, number);
}

gboolean
gem_gguf_get_number (const GemGguf *self, const char *key, double *number)
{
  const Value *value = g_hash_table_lookup (self->values, key);
  gint64       integer;
  float        single;

  if (value == NULL)
    return FALSE;
  if (value->type == F32) {
    guint32 bits = get_u32 (value->at);

    memcpy (&single, &bits, sizeof single);
    *number = single;
    return TRUE;
  }
  if (value->type == F64) {
    guint64 bits = get_u64 (value->at);

    memcpy (number, &bits, sizeof *number);
    return TRUE;
  }
  if (!gem_gguf_get_integer (self, key, &integer))
    return FALSE;
  *number = (double)integer;
  return TRUE;
}

gboolean
gem_gguf_get_boolean (const GemGguf *self, const char *key, gboolean *boolean)
{
  const Value *value = g_hash_table_lookup (self->values, key);

  if (value == NULL || value->type != BOOL)
    return FALSE;
  *boolean = value->at[0] != 0;
  return TRUE;
}

gboolean
gem_gguf_get_array (const GemGguf *self, const char *key, GemGgufArray *array)
{
  const Value *value = g_hash_table_lookup (self->values, key);

  if (value == NULL || value->type != ARRAY)
    return FALSE;
  *array = (GemGgufArray){get_u64 (value->at + 4), get_u32 (value->at), value->at + 12};
  return TRUE;
}

gboolean
gem_gguf_array_next_text (GemGgufArray *array, GemJsonText *text)
{
  if (array->n == 0 || array->type != STRING)
    return FALSE;
  *text = text_at (array->at);
  array->at += 8 + text->length;
  array->n--;
  return TRUE;
}

gboolean
gem_gguf_array_next_integer (GemGgufArray *array, gint64 *value)
{
  if (array->n == 0 || !integer_at (array->type, array->at, value))
    return FALSE;
  array->at += type_sizes[array->type];
  array->n--;
  return TRUE;
}
