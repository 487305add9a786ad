/* gem-sampling.c: from a model's defaults and a person's settings to one drawn token.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The distribution and the draw are the backend's (KrnSampling); here settings are checked, and the
 * recent tokens, the ids that may not be drawn and the place in the random sequence are chosen.
 * Engine thread only. */
#define G_LOG_DOMAIN "gem"

#include "gem-session-private.h"

#include <math.h>

#define DEFAULT_REPETITION_WINDOW 64

void
gem_sampling_init (GemSampling *self, GemModel *model)
{
  const GemConfig *c = gem_model_get_config (model);

  *self = (GemSampling){.temperature = c->do_sample ? c->temperature : 0.0,
                        .top_k = c->do_sample ? c->top_k : 0,
                        .top_p = c->do_sample ? c->top_p : 1.0,
                        .repetition_penalty = 1.0,
                        .repetition_window = DEFAULT_REPETITION_WINDOW,
                        .suppress_media = TRUE};
}

static gboolean
check_sampling (const GemSampling *s, GError **error)
{
  const char *wrong = NULL;

  if (!(s->temperature >= 0.0) || !isfinite (s->temperature))
    wrong = "the temperature has to be 0 or more";
  else if (s->top_k < 0)
    wrong = "top-k has to be 0 (off) or more";
  else if (!(s->top_p > 0.0 && s->top_p <= 1.0))
    wrong = "top-p has to be above 0 and at most 1 (off)";
  else if (!(s->min_p >= 0.0 && s->min_p < 1.0))
    wrong = "min-p has to be at least 0 (off) and below 1";
  else if (!(s->repetition_penalty > 0.0) || !isfinite (s->repetition_penalty))
    wrong = "the repetition penalty has to be above 0 (1: off)";
  else if (s->repetition_window < 0)
    wrong = "the repetition window has to be 0 or more";
  if (wrong != NULL)
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "The next word cannot be chosen: %s.",
                 wrong);
  return wrong == NULL;
}

/* The step counter is the place of the token to draw, so that a regenerated answer repeats only
 * with its seed. */
static KrnSampling
resolve (GemSession *self, const GemSampling *s)
{
  guint n_recent = MIN ((guint)s->repetition_window, self->length);

  return (KrnSampling){.temperature = (float)s->temperature,
                       .top_k = s->top_k,
                       .top_p = (float)s->top_p,
                       .min_p = (float)s->min_p,
                       .repetition_penalty = (float)s->repetition_penalty,
                       .recent = self->tokens + self->length - n_recent,
                       .n_recent = (gint32)n_recent,
                       .suppress = self->media_ids,
                       .n_suppress = s->suppress_media ? (gint32)self->n_media_ids : 0,
                       .seed = s->seed,
                       .step = self->length};
}

gint32
gem_session_sample (GemSession *self, const GemSampling *sampling, GError **error)
{
  KrnMat scratch = gem_mat_rows (self->decoder.logits, (guint)self->decoder.logits.rows - 1, 1);
  gint32 id = -1;

  if (!self->has_logits) {
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                         "The next word cannot be chosen before a text was read.");
    return -1;
  }
  if (!check_sampling (sampling, error))
    return -1;

  KrnSampling s = resolve (self, sampling);
  self->k->copy (self->device, scratch,
                 self->logits); /* drawing overwrites it; the logits stay readable */
  self->k->sample (self->device, self->drawn, scratch, (KrnMat){0}, &s);
  self->k->read (self->device, self->drawn.buf, self->drawn.offset, &id, sizeof id);
  if (!gem_decoder_finish (&self->decoder, error))
    return -1;
  if (id < 0 || id >= self->config->text.vocab_size) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_DEVICE,
                 "The %s backend drew token %d, which does not exist.", self->k->name, id);
    return -1;
  }
  return id;
}
