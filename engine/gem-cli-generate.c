/* gem-cli-generate.c: gem-cli inspect generate: token ids in, their continuation out.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The loop that every caller of the engine writes, with ids instead of text.  The answer is one
 * JSON object on standard output, also for what was generated before an interrupt.  One thread. */
#define G_LOG_DOMAIN "gem"

#include "gem-cli.h"

#include "gem-drafter.h"
#include "gem-session-private.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>

#define DEFAULT_DRAFTS 2

typedef struct {
  GemCliModel model;
  char       *ids_path, *drafter;
  GemCliMedia media;
  int         max_tokens, top_k, drafts;
  gint64      seed;
  double      temperature, top_p, min_p, repetition_penalty; /* NaN: the model's default */
  gboolean    greedy, ignore_stop, suppress_media;
} Options;

typedef struct {
  GArray     *ids; /* of gint32 */
  json_t     *rounds;
  gint64      prefill_us, decode_us;
  guint       n_steps; /* tokens after the first: each one pass */
  const char *finish;
} Run;

static void
options_clear (Options *o)
{
  gem_cli_model_clear (&o->model);
  g_free (o->ids_path);
  g_free (o->drafter);
  gem_cli_media_clear (&o->media);
}

static void
add_drafter_options (Options *o, GOptionContext *context)
{
  const GOptionEntry entries[] = {
      {"drafter", 0, 0, G_OPTION_ARG_FILENAME, &o->drafter, "A folder with a drafter", "DIR"},
      {"drafts", 0, 0, G_OPTION_ARG_INT, &o->drafts, "Guesses at once: 1 to 14 (2)", "K"},
      {NULL},
  };

  g_option_context_add_main_entries (context, entries, NULL);
}

static gboolean
parse_options (Options *o, int argc, char **argv, GError **error)
{
  const GOptionEntry entries[] = {
      {"ids", 0, 0, G_OPTION_ARG_FILENAME, &o->ids_path, "A JSON array of token ids", "FILE"},
      {"max-tokens", 0, 0, G_OPTION_ARG_INT, &o->max_tokens, "How many tokens at most (128)", "N"},
      {"greedy", 0, 0, G_OPTION_ARG_NONE, &o->greedy, "Always the most likely token", NULL},
      {"seed", 0, 0, G_OPTION_ARG_INT64, &o->seed, "Which random sequence (0)", "N"},
      {"temperature", 0, 0, G_OPTION_ARG_DOUBLE, &o->temperature, "Default: the model's", "X"},
      {"top-k", 0, 0, G_OPTION_ARG_INT, &o->top_k, "0: off", "N"},
      {"top-p", 0, 0, G_OPTION_ARG_DOUBLE, &o->top_p, "1: off", "X"},
      {"min-p", 0, 0, G_OPTION_ARG_DOUBLE, &o->min_p, "0: off", "X"},
      {"repetition-penalty", 0, 0, G_OPTION_ARG_DOUBLE, &o->repetition_penalty, "1: off", "X"},
      {"ignore-stop", 0, 0, G_OPTION_ARG_NONE, &o->ignore_stop, "Go on after the end of a turn",
       NULL},
      {"suppress-media", 0, 0, G_OPTION_ARG_NONE, &o->suppress_media, "Never draw media tokens",
       NULL},
      {NULL},
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("");

  g_option_context_set_summary (context, "Prints {\"ids\", \"rounds\", \"stats\"}: how a token "
                                         "sequence goes on.");
  g_option_context_add_main_entries (context, entries, NULL);
  add_drafter_options (o, context);
  gem_cli_media_add_options (&o->media, context);
  gem_cli_model_add_options (&o->model, context);
  if (!gem_cli_parse (context, argc, argv, error))
    return FALSE;
  if (o->drafts < 0 || o->drafts > GEM_DRAFTS_MAX)
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "--drafts takes 1 to %d.",
                 GEM_DRAFTS_MAX);
  else if (o->drafts != 0 && o->drafter == NULL)
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                         "--drafts needs --drafter DIR.");
  else if (o->max_tokens < 1)
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                         "--max-tokens takes numbers from 1 on.");
  else
    return TRUE;
  return FALSE;
}

static GemSampling
choose_sampling (const Options *o, GemModel *model)
{
  GemSampling s;

  gem_sampling_init (&s, model);
  s.seed = (guint64)o->seed;
  s.suppress_media = o->suppress_media;
  if (!isnan (o->temperature))
    s.temperature = o->temperature;
  if (o->top_k >= 0)
    s.top_k = o->top_k;
  if (!isnan (o->top_p))
    s.top_p = o->top_p;
  if (!isnan (o->min_p))
    s.min_p = o->min_p;
  if (!isnan (o->repetition_penalty))
    s.repetition_penalty = o->repetition_penalty;
  if (o->greedy)
    s.temperature = 0.0;
  return s;
}

/* ---- generating ---- */

/* TRUE also when it was interrupted: what is there is the answer. */
static gboolean
interrupted (Run *run, GError **error)
{
  if (!g_error_matches (*error, GEM_ERROR, GEM_ERROR_CANCELLED))
    return FALSE;
  g_clear_error (error);
  run->finish = "interrupted";
  return TRUE;
}

static gboolean
generate (GemSession    *session,
          const Options *o,
          const GArray  *prompt,
          const GArray  *soft,
          Run           *run,
          GError       **error)
{
  const GemSampling sampling = choose_sampling (o, session->model);
  gint64            start = g_get_monotonic_time ();

  run->finish = "length";
  if (!gem_session_sync (session, (const gint32 *)prompt->data, prompt->len, soft, NULL, NULL,
                         error))
    return interrupted (run, error);
  run->prefill_us = g_get_monotonic_time () - start;

  start = g_get_monotonic_time ();
  for (;;) {
    gint32 id = gem_session_sample (session, &sampling, error);

    if (id < 0)
      return FALSE;
    g_array_append_val (run->ids, id);
    if (!o->ignore_stop && gem_model_is_stop (session->model, id))
      run->finish = "stop";
    else if (run->ids->len < (guint)o->max_tokens) {
      if (!gem_session_step (session, id, error))
        return interrupted (run, error);
      run->n_steps++;
      run->decode_us = g_get_monotonic_time () - start;
      continue;
    }
    return TRUE;
  }
}

/* ---- with a drafter ---- */

static json_t *
ids_to_json (const gint32 *ids, guint n)
{
  json_t *list = json_array ();

  for (guint i = 0; i < n; i++)
    json_array_append_new (list, json_integer (ids[i]));
  return list;
}

static void
add_round (Run *run, const GemRound *round)
{
  json_array_append_new (run->rounds,
                         json_pack ("{s:i, s:o, s:o, s:i}", "position", (int)round->position,
                                    "draft", ids_to_json (round->draft, round->n_drafts), "target",
                                    ids_to_json (round->drawn, round->n_drawn), "accepted",
                                    (int)round->accepted));
}

/* Adds @id to the answer.  TRUE: it was the last one. */
static gboolean
take (Run *run, const Options *o, GemModel *model, gint32 id)
{
  g_array_append_val (run->ids, id);
  if (!o->ignore_stop && gem_model_is_stop (model, id)) {
    run->finish = "stop";
    return TRUE;
  }
  return run->ids->len == (guint)o->max_tokens;
}

/* The same tokens as generate (), in fewer passes. */
static gboolean
generate_with_drafter (GemSession    *session,
                       GemDrafter    *drafter,
                       const Options *o,
                       const GArray  *prompt,
                       const GArray  *soft,
                       Run           *run,
                       GError       **error)
{
  const GemSampling sampling = choose_sampling (o, session->model);
  guint             n_drafts = o->drafts > 0 ? (guint)o->drafts : DEFAULT_DRAFTS;
  gint64            start = g_get_monotonic_time ();
  gint32            id;

  run->finish = "length";
  if (!gem_session_sync (session, (const gint32 *)prompt->data, prompt->len, soft, NULL, NULL,
                         error))
    return interrupted (run, error);
  run->prefill_us = g_get_monotonic_time () - start;
  start = g_get_monotonic_time ();
  id = gem_session_sample (session, &sampling, error);
  if (id < 0)
    return FALSE;
  while (!take (run, o, session->model, id)) {
    GemRound round;

    if (!gem_session_speculate (session, drafter, &sampling, id, n_drafts, o->ignore_stop, &round,
                                error))
      return interrupted (run, error);
    add_round (run, &round);
    run->n_steps += round.accepted + 1;
    run->decode_us = g_get_monotonic_time () - start;
    for (guint i = 0; i < round.accepted; i++)
      if (take (run, o, session->model, round.draft[i]))
        return TRUE;
    id = round.drawn[round.accepted];
  }
  return TRUE;
}

static double
per_second (guint n, gint64 microseconds)
{
  return microseconds > 0 ? n * 1e6 / (double)microseconds : 0.0;
}

static void
print_answer (const Run *run, guint n_prompt)
{
  json_t *ids = ids_to_json ((const gint32 *)run->ids->data, run->ids->len);
  json_t *answer =
      json_pack ("{s:o, s:O, s:{s:i, s:i, s:f, s:f, s:f, s:f, s:s}}", "ids", ids, "rounds",
                 run->rounds, "stats", "prompt_tokens", (int)n_prompt, "generated_tokens",
                 (int)run->ids->len, "prefill_ms", (double)run->prefill_us / 1e3, "prefill_tok_s",
                 per_second (n_prompt, run->prefill_us), "decode_ms", (double)run->decode_us / 1e3,
                 "decode_tok_s", per_second (run->n_steps, run->decode_us), "finish", run->finish);
  json_dumpf (answer, stdout, JSON_COMPACT | JSON_REAL_PRECISION (6));
  fputc ('\n', stdout);
  json_decref (answer);
}

static gboolean
generate_either (GemModel      *model,
                 GemDrafter    *drafter,
                 const Options *o,
                 const GArray  *prompt,
                 gint          *stop,
                 Run           *run,
                 GError       **error)
{
  const GemSessionOptions options = {.n_ctx = prompt->len + (guint)o->max_tokens,
                                     .cancelled = stop,
                                     .keep_state = drafter != NULL};
  g_autoptr (GemSession) session = gem_session_new_with_options (model, &options, error);
  g_autoptr (GArray) soft = NULL;

  if (session == NULL || !gem_cli_media_load (&o->media, model, prompt, &soft, error))
    return FALSE;
  if (drafter != NULL)
    return generate_with_drafter (session, drafter, o, prompt, soft, run, error);
  return generate (session, o, prompt, soft, run, error);
}

static int
run_command (const Options *o, GError **error)
{
  gint *stop = gem_cli_catch_signals ();
  g_autoptr (GArray) prompt = gem_cli_read_ids (o->ids_path, error);
  g_autoptr (GemModel) model = prompt != NULL ? gem_cli_model_load (&o->model, error) : NULL;
  g_autoptr (GemDrafter) drafter = NULL;
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  Run      run = {.ids = ids};
  gboolean good;

  if (model == NULL)
    return GEM_CLI_USAGE;
  if (o->drafter != NULL) {
    drafter = gem_drafter_load (o->drafter, model, error);
    if (drafter == NULL)
      return GEM_CLI_USAGE;
  }
  run.rounds = json_array ();
  good = generate_either (model, drafter, o, prompt, stop, &run, error);
  if (good)
    print_answer (&run, prompt->len);
  json_decref (run.rounds);
  if (!good)
    return GEM_CLI_SOME_ERRORS;
  return g_str_equal (run.finish, "interrupted") ? GEM_CLI_INTERRUPTED : GEM_CLI_OK;
}

int
gem_cli_generate (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  Options o = {.max_tokens = 128,
               .top_k = -1,
               .temperature = NAN,
               .top_p = NAN,
               .min_p = NAN,
               .repetition_penalty = NAN};
  int     status = GEM_CLI_USAGE;

  if (parse_options (&o, argc, argv, &error))
    status = run_command (&o, &error);
  options_clear (&o);
  return gem_cli_finish (status, error);
}
