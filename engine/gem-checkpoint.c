/* gem-checkpoint.c: binds the tensors of a checkpoint to the views of the decoder and the
 * encoders.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * First everything is found and compared with the configuration, so that a wrong file is told from
 * a right one before any time or memory is spent on it; then it is quantised if asked for; then it
 * is handed to the backend.  The kernels trust the shapes that pass here.  Loading thread. */
#define G_LOG_DOMAIN "gem"

#include "gem-checkpoint.h"

/* A place in the decoder, its tensor in the file, and which job quantises it. */
typedef struct {
  GemWeightSlot    slot;
  const GemTensor *tensor;
  int              job; /* −1: used as stored */
} Part;

/* ---- finding and checking ---- */

/* As many elements as the view.  The bytes of a tensor are known to fit its shape. */
static gboolean
has_count (const GemTensor *t, const GemWeightSlot *slot)
{
  gsize blocks = t->n_bytes / gem_dtype_get_size (t->dtype);

  return blocks * gem_dtype_get_block (t->dtype) == (gsize)slot->rows * (gsize)slot->cols;
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
  if (!gem_tensor_has_numbers (t)) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_UNSUPPORTED,
                 "The tensor “%s” is stored as %s, which Facet does not read.  Choose the model's "
                 "bf16 version.",
                 t->name, gem_dtype_get_name (t->dtype));
    return FALSE;
  }
  return TRUE;
}

/* The tensor of @slot, checked. */
static const GemTensor *
find_tensor (GemCheckpoint *self, GemSourcePart part, const GemWeightSlot *slot, GError **error)
{
  g_autoptr (GError) local = NULL;
  const GemTensor *tensor = gem_source_find (self->source, part, slot->name, &local);
  g_autofree char *name = NULL;

  if (tensor != NULL)
    return check_tensor (tensor, slot, error) ? tensor : NULL;
  if (local != NULL) {
    g_propagate_error (error, g_steal_pointer (&local));
    return NULL;
  }
  name = gem_source_dup_tensor_name (self->source, part, slot->name);
  g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL,
               "The tensor “%s” is missing from the model's files.  Download the model again or "
               "choose another folder.",
               name);
  return NULL;
}

/* The slots with their tensors (of Part), all checked.  @bare_head: the head stands by itself. */
static GArray *
find_parts (GemCheckpoint *self,
            const GArray  *slots,
            GemSourcePart  from,
            gboolean       bare_head,
            GError       **error)
{
  g_autoptr (GArray) parts = g_array_new (FALSE, FALSE, sizeof (Part));

  for (guint i = 0; i < slots->len; i++) {
    Part     part = {.slot = g_array_index (slots, GemWeightSlot, i), .job = -1};
    gboolean bare = part.slot.kind == GEM_SLOT_HEAD && bare_head;

    part.tensor = find_tensor (self, bare ? GEM_SOURCE_WHOLE : from, &part.slot, error);
    if (part.tensor == NULL)
      return NULL;
    g_array_append_val (parts, part);
  }
  return g_steal_pointer (&parts);
}

/* ---- quantising ---- */

/* Whether the kernels take it as it is stored. */
static gboolean
is_plain (const GemTensor *t)
{
  return t->dtype == GEM_DTYPE_BF16 || t->dtype == GEM_DTYPE_F32;
}

/* Norms and single numbers: what is not plain of these becomes F32. */
static gboolean
is_small (const GemWeightSlot *slot)
{
  return slot->kind == GEM_SLOT_NORM || slot->kind == GEM_SLOT_SCALAR;
}

/* Of how many bits a number is. */
static int
bits_of (KrnType type)
{
  return type == KRN_Q4 ? 4 : type == KRN_Q8 ? 8 : 16;
}

/* The form in which a matrix of the decoder is kept.  Blocks that the kernels can hold as they are
 * stay as they are, unless fewer bits are asked for: more would hold the same numbers.  @exact: it
 * is that. */
static KrnType
choose_type (const Part *part, GemWeights weights, gboolean *exact)
{
  KrnType type = gem_weight_slot_get_type (&part->slot, weights);
  KrnType blocks =
      gem_weight_slot_is_matrix (&part->slot) ? gem_tensor_get_block_type (part->tensor) : KRN_BF16;

  *exact = blocks != KRN_BF16 && bits_of (blocks) <= bits_of (type);
  if (*exact)
    return blocks;
  /* no whole blocks */
  return gem_quant_job_bytes (type, part->slot.rows, part->slot.cols) != 0 ? type : KRN_BF16;
}

/* The matrices to be made (of GemQuantJob); sets each part's job.  A tied head that is kept like
 * the embedding is the embedding. */
static GArray *
list_jobs (GArray *parts, GemWeights weights, gboolean tied)
{
  GArray *jobs = g_array_new (FALSE, FALSE, sizeof (GemQuantJob));

  for (guint i = 0; i < parts->len; i++) {
    Part       *part = &g_array_index (parts, Part, i);
    GemQuantJob job = {.rows = part->slot.rows, .cols = part->slot.cols, .source = part->tensor};

    if (is_small (&part->slot))
      continue;
    job.type = choose_type (part, weights, &job.exact);
    if (job.type == KRN_BF16 &&
        (is_plain (part->tensor) || (part->slot.kind == GEM_SLOT_HEAD && tied)))
      continue;
    job.bytes = gem_quant_job_bytes (job.type, job.rows, job.cols);
    g_snprintf (job.name, sizeof job.name, "%s%s", part->slot.name,
                part->slot.kind == GEM_SLOT_EMBED ? " (rows)" : "");
    part->job = (int)jobs->len;
    g_array_append_val (jobs, job);
  }
  return jobs;
}

/* ---- handing over ---- */

static float
read_scalar (const GemTensor *t)
{
  float value;

  gem_tensor_read (t, 0, 1, &value);
  return value;
}

static gboolean
bind_made (GemCheckpoint     *self,
           const Part        *part,
           const GemQuantJob *job,
           gboolean           host,
           GemBackend        *backend,
           GError           **error)
{
  KrnMat view = {.type = job->type, .rows = job->rows, .cols = job->cols};

  view.buf = gem_backend_wrap (backend, job->data, job->bytes, host, job->name, error);
  if (view.buf == NULL)
    return FALSE;
  *part->slot.mat = view;
  self->weight_bytes += job->bytes;
  if (host)
    self->table_bytes += job->bytes;
  return TRUE;
}

/* A copy in a form that the kernels take: F32 of what is small, else BF16. */
static gboolean
bind_converted (GemCheckpoint *self, const Part *part, GemBackend *backend, GError **error)
{
  gsize              rows = (gsize)part->slot.rows, cols = (gsize)part->slot.cols, file_rows;
  KrnMat             view = {.type = is_small (&part->slot) ? KRN_F32 : KRN_BF16,
                             .rows = part->slot.rows,
                             .cols = part->slot.cols};
  gsize              bytes = rows * cols * (view.type == KRN_F32 ? 4 : 2);
  g_autofree guint8 *copy = g_try_malloc (bytes);

  if (copy == NULL) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_NO_MEMORY, "There is no memory for the tensor “%s”.",
                 part->tensor->name);
    return FALSE;
  }
  file_rows = rows * cols / (gsize)part->tensor->shape[part->tensor->n_dims - 1];
  if (view.type == KRN_F32)
    gem_tensor_read (part->tensor, 0, file_rows, (float *)(gpointer)copy);
  else
    gem_tensor_read_bf16 (part->tensor, 0, file_rows, (guint16 *)(gpointer)copy);
  view.buf = gem_backend_store (backend, copy, bytes, part->slot.name, error);
  if (view.buf == NULL)
    return FALSE;
  *part->slot.mat = view;
  self->weight_bytes += bytes;
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

  if (!is_plain (t))
    return bind_converted (self, part, backend, error);
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
  gboolean host =
      part->slot.kind == GEM_SLOT_TABLE || (part->slot.kind == GEM_SLOT_EMBED && !shared_head);

  if (part->slot.kind == GEM_SLOT_SCALAR) {
    *part->slot.scalar = read_scalar (part->tensor);
    return TRUE;
  }
  if (part->slot.kind == GEM_SLOT_HEAD && shared_head) {
    self->weights->head = self->weights->embed_tokens;
    return TRUE;
  }
  if (part->job >= 0)
    return bind_made (self, part, &g_array_index (jobs, GemQuantJob, part->job), host, backend,
                      error);
  return bind_stored (self, part, host, backend, error);
}

gboolean
gem_checkpoint_load (GemCheckpoint         *self,
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

  if (!gem_source_map (self->source, FALSE, error))
    return FALSE;
  slots = gem_text_weights_init (self->weights, &config->text);
  parts = find_parts (self, slots, GEM_SOURCE_DECODER, !config->text.tie_word_embeddings, error);
  if (parts == NULL)
    return FALSE;
  jobs = list_jobs (parts, options->weights, config->text.tie_word_embeddings);
  if (jobs->len > 0) {
    g_autofree char *identity = gem_source_dup_identity (self->source);

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

  if (gem_source_find (self->source, GEM_SOURCE_ENCODERS, first->name, error) == NULL)
    return NULL;
  return find_parts (self, slots, GEM_SOURCE_ENCODERS, FALSE, error);
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

  self->source = gem_source_open (folder, error);
  if (self->source == NULL || !gem_source_map (self->source, TRUE, error))
    return FALSE;
  parts = find_parts (self, slots, GEM_SOURCE_WHOLE, FALSE, error);
  return parts != NULL && gem_checkpoint_bind_encoder (self, parts, backend, error);
}

void
gem_checkpoint_clear (GemCheckpoint *self)
{
  g_clear_pointer (&self->quantised, gem_quantised_free);
  g_clear_pointer (&self->source, gem_source_free);
}
