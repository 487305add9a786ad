/* gem-checkpoint.c: binds the tensors of a checkpoint folder to the views of the decoder and the
 * encoders.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * First everything is found and compared with the configuration, so that a wrong file is told from
 * a right one before any time or memory is spent on it; then it is quantised if asked for; then it
 * is handed to the backend.  The kernels trust the shapes that pass here.  Loading thread. */
#define G_LOG_DOMAIN "gem"

#include "gem-checkpoint.h"

#include <string.h>

/* Where the decoder's and the encoders' tensors are in the exports that are about. */
static const struct {
  const char *decoder, *encoders;
} prefixes[] = {
    {"model.language_model.", "model."}, /* Gemma4ForConditionalGeneration */
    {"language_model.model.", ""},       /* older exports of the same */
    {"model.", NULL},                    /* text only */
};

/* A place in the decoder, its tensor in the file, and which job quantises it. */
typedef struct {
  GemWeightSlot    slot;
  const GemTensor *tensor;
  int              job; /* −1: used as stored */
} Part;

/* ---- finding and checking ---- */

static const char *
find_prefix (const GemSafetensors *files, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (prefixes); i++) {
    g_autofree char *name = g_strconcat (prefixes[i].decoder, "embed_tokens.weight", NULL);

    if (gem_safetensors_find (files, name) != NULL)
      return prefixes[i].decoder;
  }
  g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL,
               "The model's files have no tensor “%sembed_tokens.weight”: they do not fit "
               "config.json.  Download the "
               "model again or choose another folder.",
               prefixes[0].decoder);
  return NULL;
}

/* As many elements as the view.  The bytes of a tensor are known to fit its shape. */
static gboolean
has_count (const GemTensor *t, const GemWeightSlot *slot)
{
  gsize element = t->dtype == GEM_DTYPE_F32 ? 4 : 2;

  return t->n_bytes / element == (gsize)slot->rows * (gsize)slot->cols;
}

static gboolean
has_shape (const GemTensor *t, const GemWeightSlot *slot)
{
  switch (slot->kind) {
  case GEM_SLOT_SCALAR:
    return t->n_dims == 0 || (t->n_dims == 1 && t->shape[0] == 1);
  case GEM_SLOT_NORM:
    return t->n_dims == 1 && t->shape[0] == slot->cols;
  case GEM_SLOT_STORED:
    return t->n_dims >= 2 && t->shape[0] == slot->rows && has_count (t, slot);
  case GEM_SLOT_STACK:
    return t->n_dims >= 2 && t->shape[t->n_dims - 1] == slot->cols && has_count (t, slot);
  default:
    return t->n_dims == 2 && t->shape[0] == slot->rows && t->shape[1] == slot->cols;
  }
}

static char *
expected_shape (const GemWeightSlot *slot)
{
  if (slot->rows == 1)
    return g_strdup_printf ("[%d]", slot->cols);
  return g_strdup_printf ("[%d, %d]", slot->rows, slot->cols);
}

static gboolean
check_tensor (const GemTensor *t, const GemWeightSlot *slot, GError **error)
{
  g_autofree char *found = gem_tensor_dup_shape (t), *expected = expected_shape (slot);

  if (!has_shape (t, slot)) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL,
                 "The tensor “%s” has the shape %s where config.json says %s: the two files belong "
                 "to "
                 "different models.",
                 t->name, found, expected);
    return FALSE;
  }
  if (t->dtype != GEM_DTYPE_BF16 && t->dtype != GEM_DTYPE_F32) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_UNSUPPORTED,
                 "The tensor “%s” is stored as %s; Facet reads BF16 and F32.  Choose the model's "
                 "bf16 version.",
                 t->name, gem_dtype_get_name (t->dtype));
    return FALSE;
  }
  return TRUE;
}

/* The tensor of @slot, checked.  @prefix is in front of its name. */
static const GemTensor *
find_tensor (GemCheckpoint *self, const GemWeightSlot *slot, const char *prefix, GError **error)
{
  g_autofree char *name = g_strconcat (prefix, slot->name, NULL);
  const GemTensor *tensor = gem_safetensors_find (self->files, name);

  if (tensor == NULL)
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL,
                 "The tensor “%s” is missing from the model's files.  Download the model again or "
                 "choose another folder.",
                 name);
  else if (check_tensor (tensor, slot, error))
    return tensor;
  return NULL;
}

/* The slots with their tensors (of Part), all checked.  @bare_head: the head has no prefix. */
static GArray *
find_parts (GemCheckpoint *self,
            const GArray  *slots,
            const char    *prefix,
            gboolean       bare_head,
            GError       **error)
{
  g_autoptr (GArray) parts = g_array_new (FALSE, FALSE, sizeof (Part));

  for (guint i = 0; i < slots->len; i++) {
    Part     part = {.slot = g_array_index (slots, GemWeightSlot, i), .job = -1};
    gboolean bare = part.slot.kind == GEM_SLOT_HEAD && bare_head;

    part.tensor = find_tensor (self, &part.slot, bare ? "" : prefix, error);
    if (part.tensor == NULL)
      return NULL;
    g_array_append_val (parts, part);
  }
  return g_steal_pointer (&parts);
}

/* ---- quantising ---- */

/* The matrices to quantise (of GemQuantJob); sets each part's job. */
static GArray *
list_jobs (GArray *parts, GemWeights weights)
{
  GArray *jobs = g_array_new (FALSE, FALSE, sizeof (GemQuantJob));

  for (guint i = 0; i < parts->len; i++) {
    Part       *part = &g_array_index (parts, Part, i);
    GemQuantJob job = {
        .type = gem_weight_slot_get_type (&part->slot, weights),
        .rows = part->slot.rows,
        .cols = part->slot.cols,
        .source = part->tensor,
    };

    if (job.type == KRN_BF16)
      continue;
    job.bytes = krn_quant_bytes (job.type, job.rows, job.cols);
    if (job.bytes == 0)
      continue;
    g_strlcpy (job.name, part->slot.name, sizeof job.name);
    part->job = (int)jobs->len;
    g_array_append_val (jobs, job);
  }
  return jobs;
}

/* ---- handing over ---- */

static float
read_scalar (const GemTensor *t)
{
  guint32 bits = 0;
  float   value;

  if (t->dtype == GEM_DTYPE_BF16)
    bits = (guint32)(t->data[0] | t->data[1] << 8) << 16;
  else
    bits = (guint32)t->data[0] | (guint32)t->data[1] << 8 | (guint32)t->data[2] << 16 |
           (guint32)t->data[3] << 24;
  memcpy (&value, &bits, sizeof value);
  return value;
}

static gboolean
bind_quantised (GemCheckpoint     *self,
                const Part        *part,
                const GemQuantJob *job,
                GemBackend        *backend,
                GError           **error)
{
  KrnMat view = {.type = job->type, .rows = job->rows, .cols = job->cols};

  view.buf = gem_backend_wrap (backend, job->data, job->bytes, FALSE, job->name, error);
  if (view.buf == NULL)
    return FALSE;
  *part->slot.mat = view;
  self->weight_bytes += job->bytes;
  return TRUE;
}

/* In place where the file's offsets allow it: the format does not promise that a tensor starts at a
 * multiple of its element's size. */
static gboolean
bind_stored (GemCheckpoint *self,
             const Part    *part,
             gboolean       host,
             GemBackend    *backend,
             GError       **error)
{
  const GemTensor *t = part->tensor;
  KrnMat           view = {
                .type = t->dtype == GEM_DTYPE_F32 ? KRN_F32 : KRN_BF16,
                .rows = part->slot.rows,
                .cols = part->slot.cols,
  };

  if (gem_tensor_is_aligned (t))
    view.buf = gem_backend_wrap (backend, t->data, t->n_bytes, host, part->slot.name, error);
  else
    view.buf = gem_backend_store (backend, t->data, t->n_bytes, part->slot.name, error);
  if (view.buf == NULL)
    return FALSE;
  if (!host)
    gem_tensor_will_need (t);
  *part->slot.mat = view;
  self->weight_bytes += t->n_bytes;
  if (host)
    self->table_bytes += t->n_bytes;
  return TRUE;
}

static gboolean
bind_part (GemCheckpoint *self,
           const Part    *part,
           GArray        *jobs,
           gboolean       shared_head,
           GemBackend    *backend,
           GError       **error)
{
  if (part->job >= 0)
    return bind_quantised (self, part, &g_array_index (jobs, GemQuantJob, part->job), backend,
                           error);
  switch (part->slot.kind) {
  case GEM_SLOT_SCALAR:
    *part->slot.scalar = read_scalar (part->tensor);
    return TRUE;
  case GEM_SLOT_HEAD:
    if (shared_head) {
      self->weights->head = self->weights->embed_tokens;
      return TRUE;
    }
    return bind_stored (self, part, FALSE, backend, error);
  case GEM_SLOT_EMBED:
    return bind_stored (self, part, !shared_head, backend, error);
  default:
    return bind_stored (self, part, part->slot.kind == GEM_SLOT_TABLE, backend, error);
  }
}

gboolean
gem_checkpoint_load (GemCheckpoint         *self,
                     const char            *folder,
                     const GemConfig       *config,
                     GemBackend            *backend,
                     const GemModelOptions *options,
                     GPtrArray             *warnings,
                     GemProgressFunc        progress,
                     gpointer               user_data,
                     GError               **error)
{
  g_autoptr (GArray) slots = NULL;
  g_autoptr (GArray) parts = NULL;
  g_autoptr (GArray) jobs = NULL;
  const Part *head;
  gboolean    shared_head;

  self->files = gem_safetensors_open_folder (folder, error);
  if (self->files == NULL)
    return FALSE;
  slots = gem_text_weights_init (self->weights, &config->text);
  self->prefix = find_prefix (self->files, error);
  if (self->prefix == NULL)
    return FALSE;
  parts = find_parts (self, slots, self->prefix, !config->text.tie_word_embeddings, error);
  if (parts == NULL)
    return FALSE;
  jobs = list_jobs (parts, options->weights);
  if (jobs->len > 0) {
    g_autofree char *identity = gem_safetensors_dup_identity (self->files);

    self->quantised = gem_quantise (jobs, identity, options->cache_dir, options->threads, warnings,
                                    progress, user_data, error);
    if (self->quantised == NULL)
      return FALSE;
  }
  head = &g_array_index (parts, Part, parts->len - 1);
  shared_head = config->text.tie_word_embeddings && head->job < 0;
  for (guint i = 0; i < parts->len; i++)
    if (!bind_part (self, &g_array_index (parts, Part, i), jobs, shared_head, backend, error))
      return FALSE;
  return gem_text_weights_bind_rope (self->weights, &config->text, backend, error);
}

/* ---- encoders ---- */

GArray *
gem_checkpoint_find_encoder (GemCheckpoint *self, GArray *slots, GError **error)
{
  g_autoptr (GArray) owned = slots;
  const GemWeightSlot *first = &g_array_index (slots, GemWeightSlot, 0);
  const char          *prefix = NULL;
  g_autofree char     *name = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (prefixes); i++)
    if (g_str_equal (prefixes[i].decoder, self->prefix))
      prefix = prefixes[i].encoders;
  if (prefix == NULL)
    return NULL;
  name = g_strconcat (prefix, first->name, NULL);
  if (gem_safetensors_find (self->files, name) == NULL)
    return NULL;
  return find_parts (self, slots, prefix, FALSE, error);
}

gboolean
gem_checkpoint_bind_encoder (GemCheckpoint *self,
                             GArray        *parts,
                             GemBackend    *backend,
                             GError       **error)
{
  guint64 decoder = self->weight_bytes;

  for (guint i = 0; i < parts->len; i++)
    if (!bind_part (self, &g_array_index (parts, Part, i), NULL, FALSE, backend, error))
      return FALSE;
  self->weight_bytes = decoder;
  return TRUE;
}

gboolean
gem_checkpoint_load_stored (GemCheckpoint *self,
                            const char    *folder,
                            const GArray  *slots,
                            GemBackend    *backend,
                            GError       **error)
{
  g_autoptr (GArray) parts = NULL;

  self->files = gem_safetensors_open_folder (folder, error);
  if (self->files == NULL)
    return FALSE;
  parts = find_parts (self, slots, "", FALSE, error);
  return parts != NULL && gem_checkpoint_bind_encoder (self, parts, backend, error);
}

void
gem_checkpoint_clear (GemCheckpoint *self)
{
  g_clear_pointer (&self->quantised, gem_quantised_free);
  g_clear_pointer (&self->files, gem_safetensors_free);
}
