/* gem-session.c: one timeline: which tokens are evaluated, which are kept, and what is left of
 * them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Owns the tokens, the caches, the scratch memory and the last logits.  The arithmetic is
 * gem-decoder.c's, drawing a token gem-sampling.c's.  `length` only ever counts tokens whose keys
 * and values are complete in every layer: a pass that fails or is cancelled leaves it as it was.
 * Engine thread, except gem_session_cancel (). */
#define G_LOG_DOMAIN "gem"

#include "gem-session-private.h"

#include <string.h>

/* ---- making one ------------------------------------------------------------------------------ */

static gboolean
allocate (GemSession *self)
{
  KrnType kv_type = gem_model_get_text_weights (self->model)->kv_type;
  gsize   vocabulary = (gsize)self->config->text.vocab_size;
  guint   chunk = self->options.chunk;

  self->logits = (KrnMat){.type = KRN_F32, .rows = 1, .cols = (gint32)vocabulary};
  self->drawn =
      (KrnMat){.offset = vocabulary * sizeof (float), .type = KRN_I32, .rows = 1, .cols = 1};
  self->state = (KrnMat){.offset = (vocabulary + 1) * sizeof (float),
                         .type = KRN_F32,
                         .rows = 1,
                         .cols = self->config->text.hidden_size};
  self->tokens = g_try_new (gint32, self->options.n_ctx);
  self->host_logits = g_try_new (float, vocabulary);
  self->buffer =
      self->k->alloc (self->device, (vocabulary + 1 + (gsize)self->state.cols) * sizeof (float));
  self->logits.buf = self->drawn.buf = self->state.buf = self->buffer;
  return self->tokens != NULL && self->host_logits != NULL && self->buffer != NULL &&
         gem_cache_init (&self->cache, self->k, self->device, &self->config->text, kv_type,
                         self->options.n_ctx, chunk, NULL) &&
         gem_decoder_init (&self->decoder, self->model, chunk, NULL);
}

static void
collect_media_ids (GemSession *self)
{
  const GemConfig *c = self->config;
  const int ids[] = {c->image_token_id, c->audio_token_id, c->video_token_id, c->boi_token_id,
                     c->eoi_token_id,   c->boa_token_id,   c->eoa_token_id};

  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    if (ids[i] >= 0 && ids[i] < c->text.vocab_size)
      self->media_ids[self->n_media_ids++] = ids[i];
}

GemSession *
gem_session_new_with_options (GemModel *model, const GemSessionOptions *options, GError **error)
{
  g_autoptr (GemSession) self = g_new0 (GemSession, 1);

  self->model = gem_model_ref (model);
  self->config = gem_model_get_config (model);
  self->k = gem_model_get_ops (model);
  self->device = gem_model_get_krn_device (model);
  self->options = *options;
  self->soft = gem_soft_spans_new ();
  if (self->options.cancelled == NULL)
    self->options.cancelled = &self->own_cancelled;
  if (self->options.chunk == 0)
    self->options.chunk = gem_model_get_pass_rows (model);
  self->options.chunk = MIN (self->options.chunk, options->n_ctx);

  if (options->n_ctx == 0 || options->n_ctx > (guint)self->config->text.max_position_embeddings) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                 "A context of %u tokens was asked for; this model takes 1 to %d.", options->n_ctx,
                 self->config->text.max_position_embeddings);
    return NULL;
  }
  if (!gem_session_check_memory (model, &self->options, error))
    return NULL;
  if (!allocate (self)) {
    gem_session_set_no_memory (model, &self->options, G_MAXUINT64, error);
    return NULL;
  }
  collect_media_ids (self);
  return g_steal_pointer (&self);
}

GemSession *
gem_session_new (GemModel *model, guint n_ctx, GError **error)
{
  return gem_session_new_with_options (model, &(GemSessionOptions){.n_ctx = n_ctx}, error);
}

void
gem_session_free (GemSession *self)
{
  if (self == NULL)
    return;
  gem_cache_clear (&self->cache);
  gem_decoder_clear (&self->decoder);
  self->k->free (self->device, self->buffer);
  g_array_unref (self->soft);
  g_free (self->tokens);
  g_free (self->host_logits);
  gem_model_unref (self->model);
  g_free (self);
}

/* ---- what is there --------------------------------------------------------------------------- */

guint
gem_session_get_n_ctx (GemSession *self)
{
  return self->options.n_ctx;
}

guint
gem_session_get_length (GemSession *self)
{
  return self->length;
}

const gint32 *
gem_session_get_tokens (GemSession *self)
{
  return self->tokens;
}

guint
gem_session_get_n_reused (GemSession *self)
{
  return self->n_reused;
}

guint
gem_session_get_n_prefilled (GemSession *self)
{
  return self->n_prefilled;
}

const float *
gem_session_get_logits (GemSession *self)
{
  if (!self->has_logits)
    return NULL;
  if (!self->host_is_current)
    self->k->read (self->device, self->logits.buf, self->logits.offset, self->host_logits,
                   (gsize)self->logits.cols * sizeof (float));
  self->host_is_current = TRUE;
  return self->host_logits;
}

void
gem_session_cancel (GemSession *self)
{
  g_atomic_int_set (self->options.cancelled, TRUE);
}

void
gem_session_reset_cancel (GemSession *self)
{
  g_atomic_int_set (self->options.cancelled, FALSE);
}

/* ---- appending ------------------------------------------------------------------------------- */

static void
set_cancelled (GError **error)
{
  g_set_error_literal (error, GEM_ERROR, GEM_ERROR_CANCELLED, "The computation was stopped.");
}

static gboolean
check_ids (GemSession *self, const gint32 *ids, gsize n_ids, GError **error)
{
  for (gsize i = 0; i < n_ids; i++)
    if (ids[i] < 0 || ids[i] >= self->config->text.vocab_size) {
      g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                   "Token %d (number %" G_GSIZE_FORMAT ") is outside the vocabulary of %d tokens.",
                   ids[i], i, self->config->text.vocab_size);
      return FALSE;
    }
  return TRUE;
}

static void
set_too_long (GemSession *self, gsize n_tokens, GError **error)
{
  g_set_error (error, GEM_ERROR, GEM_ERROR_TOO_LONG,
               "%" G_GSIZE_FORMAT " tokens do not fit into a context of %u. Shorten the text or "
               "choose a larger context.",
               n_tokens, self->options.n_ctx);
}

/* Keeps the logits of row @row of the pass before as those of the last token. */
static void
keep_logits (GemSession *self, guint row)
{
  gem_decoder_head (&self->decoder, row, self->logits);
  if (self->options.keep_state)
    self->k->copy (self->device, self->state, gem_mat_rows (self->decoder.y, 0, 1));
  self->has_logits = TRUE;
}

/* Hands the wanted rows of the pass before to @func, through the head in groups of neighbours. */
static void
hand_out_rows (GemSession   *self,
               guint         n_rows,
               const guint8 *wanted,
               GemRowFunc    func,
               gpointer      user_data)
{
  GemDecoder       *d = &self->decoder;
  gsize             hidden = (gsize)self->config->text.hidden_size;
  g_autofree float *norm = g_new (float, hidden);

  for (guint row = 0, n; row < n_rows; row += n) {
    for (n = 0; row + n < n_rows && wanted[row + n] && n < (guint)d->logits.rows; n++)
      ;
    if (n == 0) {
      n = 1;
      continue;
    }
    gem_decoder_head (d, row, gem_mat_rows (d->logits, 0, n));
    for (guint i = 0; i < n; i++) {
      KrnMat y = gem_mat_rows (d->y, i, 1), logits = gem_mat_rows (d->logits, i, 1);

      self->k->read (self->device, y.buf, y.offset, norm, hidden * sizeof (float));
      self->k->read (self->device, logits.buf, logits.offset, self->host_logits,
                     (gsize)logits.cols * sizeof (float));
      func (self->length + row + i, norm, self->host_logits, user_data);
    }
  }
}

static guint
first_wanted (const guint8 *wanted, guint n_rows)
{
  const guint8 *found = n_rows > 0 ? memchr (wanted, 1, n_rows) : NULL;

  return found != NULL ? (guint)(found - wanted) : n_rows;
}

/* One pass: rows before @first are needed for their keys and values only. */
static gboolean
run_pass (GemSession   *self,
          const gint32 *ids,
          guint         n_rows,
          const GArray *soft,
          guint         first,
          GError      **error)
{
  GemDecoderSpan span = {&self->cache, self->options.cancelled, 0, n_rows, self->length};
  gboolean       all = self->options.all_layers || self->decoder.trace != NULL;

  gem_cache_will_store (&self->cache, self->length, n_rows);
  if (!gem_decoder_run (&self->decoder, ids, n_rows, &span, 1, soft, all ? 0 : first)) {
    if (gem_decoder_finish (&self->decoder, error))
      set_cancelled (error);
    return FALSE;
  }
  return TRUE;
}

static void
append_tokens (GemSession *self, const gint32 *ids, guint n)
{
  memmove (self->tokens + self->length, ids, n * sizeof (gint32));
  self->length += n;
}

gboolean
gem_session_extend (GemSession   *self,
                    const gint32 *ids,
                    gsize         n_ids,
                    const GArray *soft,
                    guint         chunk,
                    const guint8 *wanted,
                    GemRowFunc    row_func,
                    GemSyncFunc   progress,
                    gpointer      user_data,
                    GError      **error)
{
  chunk = chunk == 0 ? self->options.chunk : MIN (chunk, self->options.chunk);
  if (n_ids > self->options.n_ctx - self->length) {
    set_too_long (self, self->length + n_ids, error);
    return FALSE;
  }
  if (!check_ids (self, ids, n_ids, error))
    return FALSE;

  self->has_logits = self->host_is_current = FALSE;
  for (gsize done = 0; done < n_ids;) {
    guint    n = (guint)MIN (chunk, n_ids - done);
    gboolean last = done + n == n_ids;
    guint    first = row_func != NULL ? first_wanted (wanted + done, n) : last ? n - 1 : n;

    if (progress != NULL && !progress ((guint)done, (guint)n_ids, user_data)) {
      set_cancelled (error);
      return FALSE;
    }
    if (!run_pass (self, ids + done, n, soft, first, error))
      return FALSE;
    if (row_func != NULL)
      hand_out_rows (self, n, wanted + done, row_func, user_data);
    else if (last)
      keep_logits (self, n - 1);
    if (!gem_decoder_finish (&self->decoder, error)) {
      self->has_logits = FALSE;
      return FALSE;
    }
    if (soft != NULL)
      gem_soft_spans_append (self->soft, soft, self->length, self->length + n);
    append_tokens (self, ids + done, n);
    done += n;
  }
  if (progress != NULL)
    progress ((guint)n_ids, (guint)n_ids, user_data);
  return TRUE;
}

gboolean
gem_session_try (GemSession *self, const gint32 *ids, guint n_rows, GError **error)
{
  g_return_val_if_fail (n_rows <= (guint)self->decoder.logits.rows, FALSE);
  if (n_rows > self->options.n_ctx - self->length) {
    set_too_long (self, (gsize)self->length + n_rows, error);
    return FALSE;
  }
  if (!check_ids (self, ids, n_rows, error))
    return FALSE;
  self->has_logits = self->host_is_current = FALSE;
  if (!run_pass (self, ids, n_rows, NULL, 0, error))
    return FALSE;
  gem_decoder_head (&self->decoder, 0, gem_mat_rows (self->decoder.logits, 0, n_rows));
  return gem_decoder_finish (&self->decoder, error);
}

void
gem_session_accept (GemSession *self, guint length, const gint32 *ids, guint row)
{
  self->length = length;
  append_tokens (self, ids, row + 1);
  self->k->copy (self->device, self->logits, gem_mat_rows (self->decoder.logits, row, 1));
  self->k->copy (self->device, self->state, gem_mat_rows (self->decoder.y, row, 1));
  self->has_logits = TRUE;
  self->host_is_current = FALSE;
}

/* ---- the timeline ---------------------------------------------------------------------------- */

static gsize
common_prefix (GemSession *self, const gint32 *ids, gsize n_ids, const GArray *soft)
{
  gsize n = 0;

  while (n < self->length && n < n_ids && self->tokens[n] == ids[n])
    n++;
  return gem_soft_spans_common (self->soft, soft, (guint)n);
}

guint
gem_session_count_reusable (GemSession   *self,
                            const gint32 *ids,
                            gsize         n_ids,
                            const GArray *soft)
{
  /* The last token is always evaluated: its logits are what the caller wants. */
  guint n = (guint)MIN (common_prefix (self, ids, n_ids, soft), n_ids - 1);

  return gem_cache_can_rewind (&self->cache, n) ? n : 0;
}

/* Shortens the timeline to @length, or to nothing where a ring no longer holds what @length needs.
 */
static void
rewind_to (GemSession *self, guint length)
{
  self->has_logits = FALSE;
  if (gem_cache_can_rewind (&self->cache, length)) {
    self->length = length;
  } else {
    self->length = 0;
    gem_cache_restart (&self->cache);
  }
  gem_soft_spans_truncate (self->soft, self->length);
}

gboolean
gem_session_sync (GemSession   *self,
                  const gint32 *ids,
                  gsize         n_ids,
                  const GArray *soft,
                  GemSyncFunc   progress,
                  gpointer      user_data,
                  GError      **error)
{
  guint    kept;
  gboolean done;

  self->n_reused = self->n_prefilled = 0;
  if (n_ids == 0) {
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                         "There is no text to continue.");
    return FALSE;
  }
  if (n_ids > self->options.n_ctx) {
    set_too_long (self, n_ids, error);
    return FALSE;
  }
  if (!check_ids (self, ids, n_ids, error))
    return FALSE;

  rewind_to (self, gem_session_count_reusable (self, ids, n_ids, soft));
  kept = self->length;
  done = gem_session_extend (self, ids + kept, n_ids - kept, soft, 0, NULL, NULL, progress,
                             user_data, error);
  self->n_reused = kept;
  self->n_prefilled = self->length - kept;
  return done;
}

gboolean
gem_session_step (GemSession *self, gint32 id, GError **error)
{
  return gem_session_extend (self, &id, 1, NULL, 1, NULL, NULL, NULL, NULL, error);
}

/* ---- several timelines at once --------------------------------------------------------------- */

static gboolean
check_batch (GemSession **sessions, guint n, const gint32 *ids, GError **error)
{
  for (guint i = 0; i < n; i++) {
    g_return_val_if_fail (sessions[i]->model == sessions[0]->model, FALSE);
    if (sessions[i]->length == sessions[i]->options.n_ctx) {
      set_too_long (sessions[i], (gsize)sessions[i]->length + 1, error);
      return FALSE;
    }
    if (!check_ids (sessions[i], ids + i, 1, error))
      return FALSE;
  }
  return TRUE;
}

/* One pass with one row for each of @n sessions, in the scratch memory of @d. */
static gboolean
run_batch (GemDecoder     *d,
           GemSession    **sessions,
           guint           n,
           const gint32   *ids,
           GemDecoderSpan *spans,
           GError        **error)
{
  for (guint i = 0; i < n; i++) {
    GemSession *s = sessions[i];

    spans[i] = (GemDecoderSpan){&s->cache, s->options.cancelled, i, 1, s->length};
    s->has_logits = s->host_is_current = FALSE;
    gem_cache_will_store (&s->cache, s->length, 1);
  }
  if (!gem_decoder_run (d, ids, n, spans, n, NULL, 0)) {
    if (gem_decoder_finish (d, error))
      set_cancelled (error);
    return FALSE;
  }
  for (guint row = 0, group; row < n; row += group) {
    group = MIN (n - row, (guint)d->logits.rows);
    gem_decoder_head (d, row, gem_mat_rows (d->logits, 0, group));
    for (guint i = 0; i < group; i++)
      d->k->copy (d->device, sessions[row + i]->logits, gem_mat_rows (d->logits, i, 1));
  }
  return gem_decoder_finish (d, error);
}

gboolean
gem_sessions_step (GemSession **sessions, guint n, const gint32 *ids, GError **error)
{
  GemDecoderSpan spans[GEM_SESSIONS_MAX];
  GemDecoder    *d = &sessions[0]->decoder;

  g_return_val_if_fail (n > 0 && n <= GEM_SESSIONS_MAX && n <= d->max_rows, FALSE);
  if (!check_batch (sessions, n, ids, error) || !run_batch (d, sessions, n, ids, spans, error))
    return FALSE;
  for (guint i = 0; i < n; i++) {
    append_tokens (sessions[i], ids + i, 1);
    sessions[i]->has_logits = TRUE;
  }
  return TRUE;
}

/* ---- for the engine's own programs ---- */

void
gem_session_clear (GemSession *self)
{
  self->length = 0;
  self->has_logits = FALSE;
  gem_soft_spans_truncate (self->soft, 0);
  gem_cache_restart (&self->cache);
}

void
gem_session_pretend (GemSession *self, guint length)
{
  g_return_if_fail (length <= self->options.n_ctx);

  gem_cache_fill_random (&self->cache, &self->config->text, length);
  memset (self->tokens, 0, length * sizeof (gint32));
  self->length = length;
  self->has_logits = FALSE;
}
