/* facet-remote-turn.c: key, models, body, question, answer; and what is done when one of them
 * fails.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.
 *
 *   key ▶ models, once ▶ body, in a task ▶ question ▶ answer ▶ end
 *                            ▲               │refused: without a form that it may not know
 *                            ├───────────────┤too long: without the oldest messages, if agreed
 *                            └───────────────┘busy, or broken off before anything came: later
 *
 * What comes after a turn is over finds it over; whoever may still call holds a reference. */
#define G_LOG_DOMAIN "facet-remote"

#include "config.h"

#include "facet-remote-turn.h"

#include "facet-remote-answer.h"
#include "facet-sse.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* Bytes of a refusal that are looked at. */
#define MAX_REFUSAL ((gsize)64 << 10)
/* A form that nobody named was left out so often that it is not that. */
#define MAX_GUESSES 2
/* Times that what is too long is made shorter. */
#define MAX_SHORTENINGS 6
#define FIRST_RETRY_MS  1000

typedef enum {
  BODY_EVENTS,  /* server-sent events */
  BODY_WHOLE,   /* one JSON object: the server does not stream */
  BODY_REFUSAL, /* what it says beside an error's status */
} BodyKind;

struct _FacetRemoteTurn {
  FacetRemote       *remote;
  guint64            number;
  FacetRequest      *request;
  gint64             asked;
  char              *key;
  FacetRemoteForms   forms, used;
  gboolean           thinking;
  guint              n_left_out, n_shortenings, n_guesses, n_retries;
  GCancellable      *building;
  FacetExchange     *exchange;
  FacetExchangeHead  head; /* of the exchange; strings are not kept */
  BodyKind           kind;
  GString           *body; /* WHOLE and REFUSAL */
  FacetSse          *sse;
  FacetRemoteAnswer *answer;
  GError            *problem; /* of the answer at hand */
  GError            *refusal; /* the first one, before anything was left out */
  guint              timer;
  gboolean           begun, over; /* begun: something was sent to the one who asked */
};

static void ask (FacetRemoteTurn *self);
static void build (FacetRemoteTurn *self);

/* What is shared */

static void
remote_clear (gpointer data)
{
  FacetRemote *self = data;

  g_clear_object (&self->server);
  g_clear_object (&self->keyring);
  g_clear_object (&self->session);
  g_clear_pointer (&self->events, facet_event_source_unref);
  if (self->key != NULL)
    explicit_bzero (self->key, strlen (self->key));
  g_free (self->key);
  g_free (self->model);
}

FacetRemote *
facet_remote_new (FacetServer *server)
{
  FacetRemote *self = g_rc_box_new0 (FacetRemote);

  self->server = g_object_ref (server);
  self->session = facet_exchange_session_new ();
  self->forms = facet_server_kind_get_forms (FACET_SERVER_OTHER);
  if (*facet_server_get_model (server) != '\0')
    self->model = g_strdup (facet_server_get_model (server));
  return self;
}

FacetRemote *
facet_remote_ref (FacetRemote *self)
{
  return g_rc_box_acquire (self);
}

void
facet_remote_unref (FacetRemote *self)
{
  g_rc_box_release_full (self, remote_clear);
}

void
facet_remote_learn (FacetRemote *self, GPtrArray *models)
{
  const FacetRemoteModel *model =
      facet_remote_models_find (models, facet_server_get_model (self->server));

  self->known = TRUE;
  if (model == NULL)
    return;
  g_free (self->model);
  self->model = g_strdup (model->id);
  self->kind = model->kind;
  self->forms = facet_server_kind_get_forms (model->kind);
  self->context_size = model->context_size;
  if (self->learned != NULL)
    self->learned (self->user_data);
}

GError *
facet_remote_explain_refusal (FacetRemote             *self,
                              const FacetExchangeHead *head,
                              const char              *body,
                              gsize                    length)
{
  const char      *name = facet_server_get_name (self->server);
  g_autofree char *words = facet_remote_words (body, length);

  if (words == NULL)
    words = g_strdup_printf ("HTTP %u", head->status);
  if (head->status == 401 || head->status == 403)
    return g_error_new (FACET_REMOTE_ERROR, FACET_REMOTE_ERROR_REFUSED,
                        /* Translators: a server's name, and what it says itself */
                        _ ("“%s” does not accept the key, or wants one: “%s”.  Look at the key in "
                           "the server’s settings."),
                        name, words);
  if (head->status == 404)
    return g_error_new (FACET_REMOTE_ERROR, FACET_REMOTE_ERROR_REFUSED,
                        _ ("“%s” does not have what is asked for: “%s”.  Look at its address and "
                           "its model in the server’s settings."),
                        name, words);
  if (head->status == 429 || head->status >= 500)
    return g_error_new (FACET_REMOTE_ERROR, FACET_REMOTE_ERROR_REFUSED,
                        _ ("“%s” cannot answer now: “%s”.  Try again later."), name, words);
  return g_error_new (FACET_REMOTE_ERROR, FACET_REMOTE_ERROR_REFUSED,
                      _ ("“%s” refuses this question: “%s”."), name, words);
}

/* Ending */

static void
send (FacetRemoteTurn *self, FacetEvent *event)
{
  facet_event_source_push (self->remote->events, event);
}

/* Nothing of the answer at hand comes any more. */
static void
leave_answer (FacetRemoteTurn *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_pointer (&self->exchange, facet_exchange_free);
  g_clear_pointer (&self->sse, facet_sse_free);
  g_clear_pointer (&self->answer, facet_remote_answer_free);
  g_clear_error (&self->problem);
  if (self->building != NULL)
    g_cancellable_cancel (self->building);
  g_clear_object (&self->building);
  g_string_truncate (self->body, 0);
}

static void
finish (FacetRemoteTurn *self, FacetEvent *event)
{
  leave_answer (self);
  self->over = TRUE;
  send (self, event);
}

/* Takes @error. */
static void
fail (FacetRemoteTurn *self, GError *error)
{
  FacetEvent *event = facet_event_new (FACET_EVENT_ERROR, self->number);

  event->error = error;
  finish (self, event);
}

void
facet_remote_turn_stop (FacetRemoteTurn *self)
{
  FacetEvent *event;

  if (self->over)
    return;
  if (self->answer != NULL)
    facet_remote_answer_stop (self->answer);
  event = facet_event_new (FACET_EVENT_DONE, self->number);
  event->stopped = TRUE;
  finish (self, event);
}

/* Trying again */

static gboolean
retry_cb (gpointer user_data)
{
  FacetRemoteTurn *self = user_data;

  self->timer = 0;
  if (self->remote->known)
    build (self);
  else
    ask (self);
  return G_SOURCE_REMOVE;
}

/* Later, if it is worth it; otherwise the turn ends with @error, which it takes. */
static void
retry_or_fail (FacetRemoteTurn *self, GError *error, int retry_after)
{
  FacetEvent *event;
  guint       first = self->remote->times.retry != 0 ? self->remote->times.retry : FIRST_RETRY_MS;
  guint       ms = first << self->n_retries;

  if (retry_after > 0)
    ms = MAX (ms, (guint)MIN (retry_after, FACET_REMOTE_MAX_WAIT + 1) * 1000);
  if (self->begun || self->n_retries >= FACET_REMOTE_RETRIES ||
      retry_after > FACET_REMOTE_MAX_WAIT) {
    fail (self, error);
    return;
  }
  g_debug ("again in %u ms: %s", ms, error->message);
  g_error_free (error);
  leave_answer (self);
  self->n_retries++;
  event = facet_event_new (FACET_EVENT_PROGRESS, self->number);
  event->phase = FACET_PHASE_WAITING;
  send (self, event);
  /* Not all at the same moment: many may have been sent away together. */
  self->timer =
      g_timeout_add (ms + (guint)g_random_int_range (0, (gint32)(ms / 4 + 1)), retry_cb, self);
}

/* Too long */

/* The largest number in @words that may be a count of tokens, and the smallest. */
static void
find_counts (const char *words, guint *largest, guint *smallest)
{
  *largest = 0;
  *smallest = G_MAXUINT;
  while (*words != '\0') {
    if (g_ascii_isdigit (*words)) {
      guint64 n = g_ascii_strtoull (words, (char **)&words, 10);

      if (n >= 64 && n <= G_MAXINT) {
        *largest = MAX (*largest, (guint)n);
        *smallest = MIN (*smallest, (guint)n);
      }
    } else
      words++;
  }
}

static gboolean
is_about_length (const char *words)
{
  static const char *const signs[] = {"context length", "context size", "context window",
                                      "maximum model length", "max_model_len"};

  for (gsize i = 0; i < G_N_ELEMENTS (signs); i++)
    if (strstr (words, signs[i]) != NULL)
      return TRUE;
  return FALSE;
}

/* FALSE: the refusal is about something else. */
static gboolean
judge_length (FacetRemoteTurn *self, const char *words)
{
  FacetOverflow overflow = {0};
  FacetEvent   *event;
  guint         smallest;

  if (words == NULL || !is_about_length (words))
    return FALSE;
  find_counts (words, &overflow.needed, &smallest);
  overflow.available = self->remote->context_size != 0 ? self->remote->context_size : smallest;
  if (overflow.needed <= overflow.available)
    return FALSE;
  overflow.n_messages =
      facet_remote_request_estimate (self->request, overflow.needed + overflow.needed / 16,
                                     overflow.available);
  if (self->request->drop_oldest && overflow.n_messages > self->n_left_out &&
      self->n_shortenings++ < MAX_SHORTENINGS) {
    self->n_left_out = overflow.n_messages;
    leave_answer (self);
    build (self);
    return TRUE;
  }
  event = facet_event_new (FACET_EVENT_TOO_LONG, self->number);
  event->overflow = overflow;
  finish (self, event);
  return TRUE;
}

/* Refusals */

/* FALSE: nothing is left that could be left out. */
static gboolean
leave_out_a_form (FacetRemoteTurn *self, const char *words)
{
  gboolean         named;
  FacetRemoteForms drop = facet_remote_forms_to_drop (self->used, words, &named);

  if (drop == 0 || (!named && self->n_guesses >= MAX_GUESSES))
    return FALSE;
  if (!named && ++self->n_guesses == MAX_GUESSES)
    drop = self->used;
  g_debug ("without %#x of %#x", drop, self->used);
  self->forms &= ~drop;
  leave_answer (self);
  build (self);
  return TRUE;
}

static void
judge_refusal (FacetRemoteTurn *self)
{
  guint            status = self->head.status;
  g_autofree char *words = facet_remote_words (self->body->str, self->body->len);
  GError          *error =
      facet_remote_explain_refusal (self->remote, &self->head, self->body->str, self->body->len);
  gboolean about_form =
      status == 400 || status == 415 || status == 422 || status == 500 || status == 501;

  if (status != 401 && status != 403 && status != 404 && judge_length (self, words)) {
    g_error_free (error);
    return;
  }
  if (self->refusal == NULL)
    self->refusal = g_error_copy (error);
  if (about_form && !self->begun && leave_out_a_form (self, words)) {
    g_error_free (error);
    return;
  }
  if (status == 408 || status == 429 || (status >= 500 && status != 501)) {
    retry_or_fail (self, error, self->head.retry_after);
    return;
  }
  /* What it said before anything was left out is what it is about. */
  g_error_free (error);
  fail (self, g_steal_pointer (&self->refusal));
}

/* The answer */

static void
answer_cb (FacetEvent *event, gpointer user_data)
{
  FacetRemoteTurn *self = user_data;

  self->begun |= event->kind != FACET_EVENT_USAGE;
  send (self, event);
}

static gboolean
event_cb (const char *data, gsize length, gpointer user_data)
{
  FacetRemoteTurn *self = user_data;

  return facet_remote_answer_take (self->answer, data, length, &self->problem);
}

static void
head_cb (FacetExchange *exchange, const FacetExchangeHead *head, gpointer user_data)
{
  FacetRemoteTurn *self = user_data;

  self->head = *head;
  self->head.reason = self->head.type = "";
  if (head->status < 200 || head->status > 299)
    self->kind = BODY_REFUSAL;
  else
    self->kind =
        g_str_equal (head->type, "application/json") || g_str_equal (head->type, "text/html")
            ? BODY_WHOLE
            : BODY_EVENTS;
}

static gboolean
bytes_cb (FacetExchange *exchange, const char *bytes, gsize length, gpointer user_data)
{
  FacetRemoteTurn *self = user_data;
  gsize            limit = self->kind == BODY_REFUSAL ? MAX_REFUSAL : FACET_SSE_MAX_EVENT;
  gboolean         more;

  if (self->kind == BODY_EVENTS) {
    more = facet_sse_push (self->sse, bytes, length, &self->problem);
    facet_remote_answer_flush (self->answer);
    return more;
  }
  g_string_append_len (self->body, bytes, (gssize)MIN (length, limit - self->body->len));
  return self->body->len < limit;
}

static void
take_end (FacetRemoteTurn *self)
{
  FacetEvent *event;

  if (self->kind == BODY_WHOLE)
    facet_remote_answer_take (self->answer, self->body->str, self->body->len, &self->problem);
  else if (self->problem == NULL)
    facet_sse_finish (self->sse, &self->problem);
  if (self->problem != NULL) {
    facet_remote_answer_stop (self->answer);
    if (facet_remote_answer_has_begun (self->answer))
      self->begun = TRUE;
    fail (self, g_steal_pointer (&self->problem));
    return;
  }
  if (!facet_remote_answer_finish (self->answer, &self->problem)) {
    gboolean broken =
        g_error_matches (self->problem, FACET_REMOTE_ERROR, FACET_REMOTE_ERROR_BROKEN_OFF);

    retry_or_fail (self, g_steal_pointer (&self->problem), broken ? -1 : FACET_REMOTE_MAX_WAIT + 1);
    return;
  }
  event = facet_event_new (FACET_EVENT_DONE, self->number);
  event->cut_off = facet_remote_answer_is_cut_off (self->answer);
  finish (self, event);
}

/* What happened on the way to the server is worth another attempt if the server was there. */
static gboolean
may_pass (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED) ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT) ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE) ||
         g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_EOF) ||
         (error->domain == SOUP_SESSION_ERROR);
}

static void
break_off (FacetRemoteTurn *self, const GError *error)
{
  gboolean passes = may_pass (error);

  facet_remote_answer_stop (self->answer);
  if (facet_remote_answer_has_begun (self->answer))
    self->begun = TRUE;
  if (self->begun)
    fail (self, g_error_new (FACET_REMOTE_ERROR, FACET_REMOTE_ERROR_BROKEN_OFF,
                             /* Translators: %s is a sentence, or what the system says */
                             _ ("The answer broke off, and what came so far is kept.  (%s)"),
                             error->message));
  else if (passes)
    retry_or_fail (self,
                   g_error_new (error->domain, error->code,
                                _ ("The connection to “%s” broke before an answer came: %s"),
                                facet_server_get_name (self->remote->server), error->message),
                   -1);
  else
    fail (self, g_error_copy (error));
}

static void
end_cb (FacetExchange *exchange, const GError *error, gpointer user_data)
{
  FacetRemoteTurn *self = user_data;

  if (error != NULL)
    break_off (self, error);
  else if (self->kind == BODY_REFUSAL)
    judge_refusal (self);
  else {
    /* It was answered, so what was left out is what it does not take. */
    self->remote->forms = self->forms;
    take_end (self);
  }
}

static const FacetExchangeFuncs answer_funcs = {head_cb, bytes_cb, end_cb};

static FacetExchangeTimes
times_of (FacetRemote *remote)
{
  return (FacetExchangeTimes){remote->times.connect, remote->times.answer, remote->times.idle};
}

static void
ask_with (FacetRemoteTurn *self, GBytes *body)
{
  FacetExchangeTimes times = times_of (self->remote);

  self->sse = facet_sse_new (event_cb, self);
  self->answer =
      facet_remote_answer_new (self->number, self->request->tools_json != NULL, answer_cb, self);
  facet_remote_answer_set_asked (self->answer, self->asked, self->remote->context_size);
  self->kind = BODY_EVENTS;
  self->exchange =
      facet_exchange_new (self->remote->session, self->remote->server, "/chat/completions", body,
                          self->key, &times, &answer_funcs, self);
}

/* The body */

typedef struct {
  FacetRequest    *request;
  FacetRemoteShape shape;
  char            *model;
  FacetRemoteForms used;
} Building;

static void
building_free (gpointer data)
{
  Building *building = data;

  facet_request_unref (building->request);
  g_free (building->model);
  g_free (building);
}

static void
build_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Building *building = data;
  GError   *error = NULL;
  GBytes   *body = facet_remote_request_build (building->request, &building->shape, &building->used,
                                               cancellable, &error);

  if (body == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, body, (GDestroyNotify)g_bytes_unref);
}

static FacetRemoteTurn *
turn_ref (FacetRemoteTurn *self)
{
  return g_rc_box_acquire (self);
}

static void turn_unref (FacetRemoteTurn *self);

static void
built_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  FacetRemoteTurn *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) body = g_task_propagate_pointer (G_TASK (result), &error);

  /* Another one may be on its way since. */
  if (!self->over && g_task_get_cancellable (G_TASK (result)) == self->building) {
    g_clear_object (&self->building);
    self->used = ((Building *)g_task_get_task_data (G_TASK (result)))->used;
    if (body != NULL)
      ask_with (self, body);
    else
      fail (self, g_steal_pointer (&error));
  }
  turn_unref (self);
}

static void
build (FacetRemoteTurn *self)
{
  g_autoptr (GTask) task = NULL;
  Building *building = g_new0 (Building, 1);

  self->building = g_cancellable_new ();
  task = g_task_new (NULL, self->building, built_cb, turn_ref (self));
  building->request = facet_request_ref (self->request);
  building->model = g_strdup (self->remote->model);
  building->shape = (FacetRemoteShape){.model = building->model,
                                       .forms = self->forms,
                                       .thinking = self->thinking,
                                       .n_left_out = self->n_left_out};
  g_task_set_task_data (task, building, building_free);
  g_task_run_in_thread (task, build_thread);
}

/* The models */

static void
models_head_cb (FacetExchange *exchange, const FacetExchangeHead *head, gpointer user_data)
{
  FacetRemoteTurn *self = user_data;

  self->head = *head;
  self->head.reason = self->head.type = "";
}

static gboolean
models_bytes_cb (FacetExchange *exchange, const char *bytes, gsize length, gpointer user_data)
{
  FacetRemoteTurn *self = user_data;

  g_string_append_len (self->body, bytes,
                       (gssize)MIN (length, FACET_REMOTE_MAX_LIST - self->body->len));
  return self->body->len < FACET_REMOTE_MAX_LIST;
}

/* A list that cannot be had matters only if no model was chosen, or if it says why nothing will. */
static void
models_end_cb (FacetExchange *exchange, const GError *error, gpointer user_data)
{
  FacetRemoteTurn *self = user_data;
  FacetRemote     *remote = self->remote;
  guint            status = self->head.status;
  g_autoptr (GPtrArray) models = NULL;

  if (error != NULL) {
    if (may_pass (error))
      retry_or_fail (self, g_error_copy (error), -1);
    else
      fail (self, g_error_copy (error));
    return;
  }
  if (status == 401 || status == 403) {
    fail (self,
          facet_remote_explain_refusal (remote, &self->head, self->body->str, self->body->len));
    return;
  }
  if (status == 429 || status >= 500) {
    retry_or_fail (self,
                   facet_remote_explain_refusal (remote, &self->head, self->body->str,
                                                 self->body->len),
                   self->head.retry_after);
    return;
  }
  if (status >= 200 && status <= 299)
    models = facet_remote_models_parse (self->body->str, self->body->len);
  facet_remote_learn (remote, models);
  if (remote->model == NULL) {
    remote->known = FALSE;
    fail (self, g_error_new (FACET_REMOTE_ERROR, FACET_REMOTE_ERROR_GARBAGE,
                             _ ("“%s” names no model.  Look at its address, or enter the model in "
                                "the server’s settings."),
                             facet_server_get_name (remote->server)));
    return;
  }
  leave_answer (self);
  ask (self);
}

static const FacetExchangeFuncs models_funcs = {models_head_cb, models_bytes_cb, models_end_cb};

/* Beginning */

static void
ask (FacetRemoteTurn *self)
{
  FacetExchangeTimes times = times_of (self->remote);

  if (self->remote->known) {
    self->forms = self->remote->forms;
    build (self);
    return;
  }
  self->exchange = facet_exchange_new (self->remote->session, self->remote->server, "/models", NULL,
                                       self->key, &times, &models_funcs, self);
}

static void
key_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  FacetRemoteTurn *self = user_data;
  char            *key = facet_keyring_lookup_finish (FACET_KEYRING (source), result, NULL);

  if (self->over) {
    g_free (key);
  } else {
    self->key = key;
    ask (self);
  }
  turn_unref (self);
}

FacetRemoteTurn *
facet_remote_turn_new (FacetRemote *remote, guint64 number, FacetRequest *request)
{
  FacetRemoteTurn *self = g_rc_box_new0 (FacetRemoteTurn);

  self->remote = facet_remote_ref (remote);
  self->number = number;
  self->request = facet_request_ref (request);
  self->asked = g_get_monotonic_time ();
  self->thinking = request->thinking && !request->answer_at_once;
  self->body = g_string_new (NULL);
  if (remote->key != NULL || remote->keyring == NULL) {
    self->key = g_strdup (remote->key);
    ask (self);
  } else
    facet_keyring_lookup_async (remote->keyring, facet_server_get_address (remote->server), key_cb,
                                turn_ref (self));
  return self;
}

/* The question is put once more, without thinking: no server closes a thought from outside. */
void
facet_remote_turn_answer_now (FacetRemoteTurn *self)
{
  if (self->over || !self->thinking)
    return;
  self->thinking = FALSE;
  if (self->building == NULL && self->answer == NULL)
    return;
  if (self->answer != NULL && facet_remote_answer_is_answering (self->answer))
    return;
  if (self->answer != NULL)
    facet_remote_answer_stop (self->answer);
  leave_answer (self);
  build (self);
}

static void
turn_clear (gpointer data)
{
  FacetRemoteTurn *self = data;

  leave_answer (self);
  g_string_free (self->body, TRUE);
  if (self->key != NULL)
    explicit_bzero (self->key, strlen (self->key));
  g_free (self->key);
  g_clear_error (&self->refusal);
  facet_request_unref (self->request);
  facet_remote_unref (self->remote);
}

static void
turn_unref (FacetRemoteTurn *self)
{
  g_rc_box_release_full (self, turn_clear);
}

void
facet_remote_turn_free (FacetRemoteTurn *self)
{
  if (self == NULL)
    return;
  facet_remote_turn_stop (self);
  turn_unref (self);
}
