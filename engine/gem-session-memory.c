/* gem-session-memory.c: how much a session takes, and how long a context fits.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Systems promise memory that they do not have and end a program that then uses it; so what a
 * session needs is compared with what is free before anything is asked for.  Engine thread only. */
#define G_LOG_DOMAIN "gem"

#include "gem-session-private.h"

guint64
gem_session_bytes (GemModel *model, const GemSessionOptions *options)
{
  const GemTextConfig *c = &gem_model_get_config (model)->text;
  KrnType              kv_type = gem_model_get_text_weights (model)->kv_type;
  guint                chunk = MIN (options->chunk, options->n_ctx);
  guint64 logits = ((guint64)c->vocab_size + 1 + (guint64)c->hidden_size) * sizeof (float);

  return gem_cache_bytes (c, kv_type, options->n_ctx, chunk) + gem_decoder_bytes (c, chunk) +
         logits;
}

guint
gem_session_longest_context (GemModel *model, const GemSessionOptions *options, guint64 available)
{
  GemSessionOptions tried = *options;
  guint             fits = 0, too_many = options->n_ctx + 1;

  while (fits + 1 < too_many) {
    tried.n_ctx = fits + (too_many - fits) / 2;
    if (gem_session_bytes (model, &tried) <= available)
      fits = tried.n_ctx;
    else
      too_many = tried.n_ctx;
  }
  return fits;
}

static guint64
free_memory (GemModel *model)
{
  KrnDeviceInfo info = {0};

  gem_model_get_ops (model)->info (gem_model_get_krn_device (model), &info);
  return info.memory_free;
}

void
gem_session_set_no_memory (GemModel                *model,
                           const GemSessionOptions *options,
                           guint64                  available,
                           GError                 **error)
{
  guint            fits = gem_session_longest_context (model, options, available);
  g_autofree char *need = g_format_size (gem_session_bytes (model, options));
  g_autofree char *have = g_format_size (available);
  gboolean         is_cpu = g_str_equal (gem_model_get_ops (model)->name, "cpu");
  const char      *way_out = is_cpu ? "close other programs" : "choose another device";

  if (fits == options->n_ctx)
    g_set_error (error, GEM_ERROR, GEM_ERROR_NO_MEMORY,
                 "A context of %u tokens needs %s of memory, which the %s did not give. Choose a "
                 "shorter one%s.",
                 options->n_ctx, need, is_cpu ? "system" : "GPU",
                 is_cpu ? "" : ", or another device");
  else if (fits > 0)
    g_set_error (error, GEM_ERROR, GEM_ERROR_NO_MEMORY,
                 "A context of %u tokens needs %s of memory and %s is free. Choose a context of at "
                 "most %u tokens, or %s.",
                 options->n_ctx, need, have, fits, way_out);
  else
    g_set_error (error, GEM_ERROR, GEM_ERROR_NO_MEMORY,
                 "A context of %u tokens needs %s of memory and %s is free. Not even a short one "
                 "fits: %s.",
                 options->n_ctx, need, have, way_out);
}

gboolean
gem_session_check_memory (GemModel *model, const GemSessionOptions *options, GError **error)
{
  guint64 available = free_memory (model);

  if (available == 0 || gem_session_bytes (model, options) <= available) /* 0: not known */
    return TRUE;
  gem_session_set_no_memory (model, options, available, error);
  return FALSE;
}
