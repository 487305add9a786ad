/* facet-generation.c: prompt, prefill, then token by token until the model stops or someone stops
 * it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Engine thread.  What the model writes goes through the detokeniser and the parser, and out as
 * events; between two tokens the job's flags are looked at.  A cancel in mid-layer comes back from
 * the session as GEM_ERROR_CANCELLED. */
#define G_LOG_DOMAIN "facet-generation"

#include "facet-generation.h"

#include "engine/gem-parser.h"
#include "facet-prompt.h"

#include <string.h>

/* Text is held back so long for more to travel with it; longer than a frame would be seen. */
#define BATCH_US 4000
#define USAGE_US 250000

/* A model that writes the same few tokens for this long will not stop by itself. */
#define LOOP_MAX_PERIOD 32
#define LOOP_LENGTH     512

typedef struct {
  gint32 latest[LOOP_MAX_PERIOD]; /* a ring */
  guint  n;
  guint
      repeated[LOOP_MAX_PERIOD + 1]; /* by period: how many tokens equal the one a period before */
} LoopGuard;

typedef struct {
  GemModel        *model;
  GemTokenizer    *tokenizer;
  GemSession      *session;
  FacetPerception *perception;
  FacetStates     *states; /* NULL: nothing is kept */
  FacetJob        *job;
  FacetEmitFunc    emit;
  gpointer         user_data;
  GemParser       *parser;
  GemDetokenizer  *detokenizer;
  GString         *piece; /* of text, from the detokeniser */
  char            *call_name;

  GString       *held; /* not sent yet, all of one kind */
  FacetEventKind held_kind;
  gint64         last_sent, last_usage;

  FacetUsage usage;
  gint64     first_drawn, thought_began, thought_ended; /* monotonic µs; 0: not */
  guint      n_drawn;
  LoopGuard  loop;
  gboolean   thinking; /* the prompt asks for a thought */
  gboolean   cut_off;
} Generation;

/* Out */

static FacetEvent *
event_new (Generation *g, FacetEventKind kind)
{
  return facet_event_new (kind, g->job->turn);
}

static void
emit (Generation *g, FacetEvent *event)
{
  g->emit (event, g->user_data);
}

static void
send_held (Generation *g)
{
  FacetEvent *event;

  if (g->held->len == 0)
    return;
  event = event_new (g, g->held_kind);
  event->text = g_strndup (g->held->str, g->held->len);
  emit (g, event);
  g_string_truncate (g->held, 0);
  g->last_sent = g_get_monotonic_time ();
}

/* A model may write U+0000, which ends a string here and in the store. */
static void
hold_text (Generation *g, FacetEventKind kind, const char *text, gsize length)
{
  if (g->held_kind != kind)
    send_held (g);
  g->held_kind = kind;
  while (length > 0) {
    const char *zero = memchr (text, '\0', length);
    gsize       n = zero != NULL ? (gsize)(zero - text) : length;

    g_string_append_len (g->held, text, (gssize)n);
    if (zero != NULL)
      g_string_append (g->held, "\357\277\275");
    n += zero != NULL;
    text += n;
    length -= n;
  }
}

static void
parsed_cb (const GemParsed *parsed, gpointer user_data)
{
  Generation *g = user_data;
  FacetEvent *event;

  switch (parsed->kind) {
  case GEM_PARSED_REASONING:
    hold_text (g, FACET_EVENT_THOUGHT, parsed->text, parsed->length);
    break;
  case GEM_PARSED_CONTENT:
    hold_text (g, FACET_EVENT_ANSWER, parsed->text, parsed->length);
    break;
  case GEM_PARSED_CALL_BEGIN:
    g_free (g->call_name);
    g->call_name = g_strndup (parsed->text, parsed->length);
    break;
  case GEM_PARSED_CALL_END:
    send_held (g);
    event = event_new (g, FACET_EVENT_TOOL_CALL);
    event->text = g_steal_pointer (&g->call_name);
    event->json = g_strndup (parsed->text, parsed->length);
    emit (g, event);
    break;
  }
}

static void
send_usage (Generation *g)
{
  FacetEvent *event = event_new (g, FACET_EVENT_USAGE);
  gint64      now = g_get_monotonic_time ();

  if (g->thought_began > 0)
    g->usage.thinking_s =
        (double)((g->thought_ended > 0 ? g->thought_ended : now) - g->thought_began) /
        G_USEC_PER_SEC;
  if (g->n_drawn > 1) /* the first one is the prompt's work */
    g->usage.tokens_per_s =
        (g->n_drawn - 1) * (double)G_USEC_PER_SEC / (double)MAX (now - g->first_drawn, 1);
  g->usage.context_used = gem_session_get_length (g->session);
  g->usage.context_size = gem_session_get_n_ctx (g->session);
  event->usage = g->usage;
  g->last_usage = now;
  emit (g, event);
}

/* What has come so far goes out when enough time has passed since the last time. */
static void
send_what_is_due (Generation *g)
{
  gint64 now = g_get_monotonic_time ();

  if (now - g->last_sent >= BATCH_US)
    send_held (g);
  if (now - g->last_usage >= USAGE_US)
    send_usage (g);
}

/* The end: @error NULL, or why.  Takes @error. */
static void
finish (Generation *g, GError *error)
{
  FacetEvent *event;
  gboolean    cancelled = g_error_matches (error, GEM_ERROR, GEM_ERROR_CANCELLED) ||
                       g_atomic_int_get (&g->job->cancelled);

  send_held (g);
  if (error == NULL || cancelled) {
    if (g->usage.prompt_tokens > 0)
      send_usage (g);
    event = event_new (g, FACET_EVENT_DONE);
    event->stopped = cancelled;
    event->cut_off = g->cut_off && !cancelled;
    g_clear_error (&error);
  } else {
    event = event_new (g, FACET_EVENT_ERROR);
    event->error = error;
  }
  emit (g, event);
}

/* In */

static gboolean
sync_progress_cb (guint done, guint n_new, gpointer user_data)
{
  Generation *g = user_data;
  FacetEvent *event = event_new (g, FACET_EVENT_PROGRESS);

  event->phase = FACET_PHASE_READING;
  event->progress = n_new > 0 ? (double)done / n_new : 1;
  emit (g, event);
  return !g_atomic_int_get (&g->job->cancelled);
}

/* Makes the prompt the timeline, from a kept state if that knows more of it. */
static gboolean
read_prompt (Generation *g, const FacetPrompt *prompt, const GArray *soft, GError **error)
{
  const gint32 *ids = (const gint32 *)(gpointer)prompt->ids->data;
  gint64        start;
  double        seconds;
  gboolean      done;

  if (g->states != NULL)
    facet_states_restore (g->states, g->session, g->job->request, ids, prompt->ids->len, soft);
  start = g_get_monotonic_time ();
  done = gem_session_sync (g->session, ids, prompt->ids->len, soft, sync_progress_cb, g, error);
  seconds = (double)(g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  if (g->states != NULL)
    facet_states_note_read (g->states, g->session, seconds);
  g_debug ("%u tokens read in %.3f s, %u were there", gem_session_get_n_prefilled (g->session),
           seconds, gem_session_get_n_reused (g->session));
  return done;
}

/* Follows where the thought begins and ends. */
static void
note_thought (Generation *g)
{
  gboolean thinks = gem_parser_in_reasoning (g->parser);

  if (thinks && g->thought_began == 0)
    g->thought_began = g_get_monotonic_time ();
  else if (!thinks && g->thought_began > 0 && g->thought_ended == 0)
    g->thought_ended = g_get_monotonic_time ();
}

/* One token of the model's, or of ours in its name. */
static void
parse_token (Generation *g, gint32 id)
{
  g_string_truncate (g->piece, 0);
  if (gem_tokenizer_get_kind (g->tokenizer, id) == GEM_TOKEN_SPECIAL) {
    gem_detokenizer_finish (g->detokenizer, g->piece);
    gem_detokenizer_reset (g->detokenizer);
    if (g->piece->len > 0)
      gem_parser_push_plain (g->parser, g->piece->str, g->piece->len);
    gem_parser_push_special (g->parser, gem_tokenizer_get_text (g->tokenizer, id));
  } else if (gem_detokenizer_push (g->detokenizer, id, g->piece))
    gem_parser_push_plain (g->parser, g->piece->str, g->piece->len);
  note_thought (g);
}

static void
count_token (Generation *g, gint32 id)
{
  if (g->n_drawn++ == 0) {
    g->first_drawn = g_get_monotonic_time ();
    g->usage.first_token_s = (double)(g->first_drawn - g->job->asked) / G_USEC_PER_SEC;
  }
  if (gem_tokenizer_get_kind (g->tokenizer, id) == GEM_TOKEN_SPECIAL)
    return;
  if (gem_parser_in_reasoning (g->parser))
    g->usage.thinking_tokens++;
  else
    g->usage.answer_tokens++;
}

static gboolean
has_room (Generation *g, guint n)
{
  return gem_session_get_length (g->session) + n <= gem_session_get_n_ctx (g->session);
}

/* Puts @special, and the plain @text before it, into the model's mouth. */
static gboolean
say (Generation *g, const char *text, const char *special, GError **error)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  gint32 id = gem_tokenizer_find_special (g->tokenizer, special);

  if (!gem_tokenizer_encode (g->tokenizer, text, -1, GEM_ENCODE_PLAIN, ids, error))
    return FALSE;
  if (id >= 0)
    g_array_append_val (ids, id);
  if (!has_room (g, ids->len))
    return TRUE; /* the loop will find the context full */
  for (guint i = 0; i < ids->len; i++) {
    gint32 said = g_array_index (ids, gint32, i);

    parse_token (g, said);
    if (!gem_session_step (g->session, said, error))
      return FALSE;
  }
  return TRUE;
}

/* Ends an open thought; or, before it was begun, begins and ends it. */
static gboolean
close_thought (Generation *g, GError **error)
{
  if (!gem_parser_in_reasoning (g->parser))
    return g->n_drawn > 0 || !g->thinking ||
           (say (g, "", "<|channel>", error) && say (g, "thought\n", "<channel|>", error));
  return say (g, "\n", "<channel|>", error);
}

static gboolean
is_loop (LoopGuard *loop, gint32 id)
{
  gboolean found = FALSE;

  for (guint period = 1; period <= MIN (loop->n, LOOP_MAX_PERIOD); period++) {
    if (loop->latest[(loop->n - period) % LOOP_MAX_PERIOD] == id)
      loop->repeated[period]++;
    else
      loop->repeated[period] = 0;
    found |= loop->repeated[period] >= LOOP_LENGTH;
  }
  loop->latest[loop->n % LOOP_MAX_PERIOD] = id;
  loop->n++;
  return found;
}

static void
choose_sampling (Generation *g, GemSampling *sampling)
{
  const FacetRequest *request = g->job->request;

  gem_sampling_init (sampling, g->model);
  if (request->temperature >= 0)
    sampling->temperature = request->temperature;
  if (request->top_k >= 0)
    sampling->top_k = request->top_k;
  if (request->top_p >= 0)
    sampling->top_p = request->top_p;
  if (request->min_p >= 0)
    sampling->min_p = request->min_p;
  if (request->repetition_penalty >= 0)
    sampling->repetition_penalty = request->repetition_penalty;
  sampling->seed =
      request->seed != 0 ? request->seed : (guint64)g_random_int () << 32 | g_random_int ();
}

/* After a token: whether the turn has to end though the model has not ended it.  A thought that
 * goes round in circles is closed instead. */
static gboolean
must_end (Generation *g, gint32 id, gboolean *closes)
{
  guint limit = g->job->request->max_tokens;

  *closes = FALSE;
  g->cut_off = (limit > 0 && g->n_drawn >= limit) || !has_room (g, 1);
  if (!g->cut_off && is_loop (&g->loop, id)) {
    *closes = gem_parser_in_reasoning (g->parser);
    g->cut_off = !*closes;
    g->loop = (LoopGuard){0};
  }
  return g->cut_off;
}

static gboolean
decode (Generation *g, GError **error)
{
  GemSampling sampling;

  choose_sampling (g, &sampling);
  while (!g_atomic_int_get (&g->job->cancelled)) {
    gboolean closes = FALSE;
    gint32   id;

    if ((g_atomic_int_get (&g->job->answer_now) || g->job->request->answer_at_once) &&
        !close_thought (g, error))
      return FALSE;
    id = gem_session_sample (g->session, &sampling, error);
    if (id < 0)
      return FALSE;
    count_token (g, id);
    parse_token (g, id);
    send_what_is_due (g);
    if (gem_model_is_stop (g->model, id) || must_end (g, id, &closes))
      break;
    if (!gem_session_step (g->session, id, error))
      return FALSE;
    if (closes && !close_thought (g, error))
      return FALSE;
  }
  return TRUE;
}

/* What the model wrote last may be half a character or half a call. */
static void
flush_parser (Generation *g)
{
  g_string_truncate (g->piece, 0);
  gem_detokenizer_finish (g->detokenizer, g->piece);
  if (g->piece->len > 0)
    gem_parser_push_plain (g->parser, g->piece->str, g->piece->len);
  gem_parser_finish (g->parser);
  note_thought (g);
}

static gboolean
perceive_progress_cb (FacetPhase phase, double progress, gpointer user_data)
{
  Generation *g = user_data;
  FacetEvent *event = event_new (g, FACET_EVENT_PROGRESS);

  event->phase = phase;
  event->progress = progress;
  emit (g, event);
  return !g_atomic_int_get (&g->job->cancelled);
}

static gboolean
make_prompt (Generation *g, FacetPrompt *prompt, GError **error)
{
  return facet_prompt_init (prompt, g->job->request, g->thinking, g->model, g->perception,
                            gem_session_get_n_ctx (g->session), error);
}

/* The prompt, with everything in it that is to be looked at or listened to prepared.  That a prompt
 * is too long is found out before, as far as it can be. */
static gboolean
perceive (Generation *g, FacetPrompt *prompt, GError **error)
{
  gint64   start = g_get_monotonic_time ();
  gboolean changed = TRUE;

  if (!make_prompt (g, prompt, error))
    return FALSE;
  while (changed && prompt->fits && prompt->media->len > 0) {
    if (!facet_perception_prepare (g->perception, prompt->media, &changed, perceive_progress_cb, g,
                                   error))
      return FALSE;
    if (changed) {
      facet_prompt_clear (prompt);
      if (!make_prompt (g, prompt, error))
        return FALSE;
    }
  }
  g_debug ("%u attachments and %u tokens prepared in %.3f s", prompt->media->len, prompt->ids->len,
           (double)(g_get_monotonic_time () - start) / G_USEC_PER_SEC);
  return TRUE;
}

static gboolean
answer (Generation *g, const FacetPrompt *prompt, GError **error)
{
  g_autoptr (GArray) soft =
      facet_perception_place (g->perception, prompt->media, prompt->ids, error);
  gboolean complete;

  if (soft == NULL || !read_prompt (g, prompt, soft, error))
    return FALSE;
  g->usage.prompt_tokens = prompt->ids->len;
  g->usage.reused_tokens = gem_session_get_n_reused (g->session);
  g->parser = gem_parser_new (prompt->starts_in_thought, parsed_cb, g);
  g->detokenizer = gem_detokenizer_new (g->tokenizer, FALSE);
  note_thought (g);
  complete = decode (g, error);
  flush_parser (g);
  return complete;
}

static void
run (Generation *g)
{
  FacetPrompt prompt;
  GError     *error = NULL;

  g->thinking = g->job->request->thinking && !g_atomic_int_get (&g->job->answer_now);
  if (!perceive (g, &prompt, &error))
    finish (g, error);
  else if (!prompt.fits) {
    FacetEvent *event = event_new (g, FACET_EVENT_TOO_LONG);

    event->overflow = prompt.overflow;
    emit (g, event);
  } else {
    answer (g, &prompt, &error);
    finish (g, error);
  }
  facet_prompt_clear (&prompt);
}

void
facet_generation_run (GemModel        *model,
                      GemSession      *session,
                      FacetPerception *perception,
                      FacetStates     *states,
                      FacetJob        *job,
                      FacetEmitFunc    emit_func,
                      gpointer         user_data)
{
  Generation g = {.model = model,
                  .tokenizer = gem_model_get_tokenizer (model),
                  .session = session,
                  .perception = perception,
                  .states = states,
                  .job = job,
                  .emit = emit_func,
                  .user_data = user_data,
                  .piece = g_string_new (NULL),
                  .held = g_string_new (NULL),
                  .last_usage = g_get_monotonic_time ()};

  run (&g);
  g_clear_pointer (&g.parser, gem_parser_free);
  g_clear_pointer (&g.detokenizer, gem_detokenizer_free);
  g_string_free (g.piece, TRUE);
  g_string_free (g.held, TRUE);
  g_free (g.call_name);
}
