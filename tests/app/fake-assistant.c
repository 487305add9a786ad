/* fake-assistant.c: plays scripted turns by a timer; see fake-assistant.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Computes nothing and knows no engine. */
#define G_LOG_DOMAIN "fake-assistant"

#include "fake-assistant.h"

#include <gio/gio.h>

#include <string.h>

#define TICK_MS 8

typedef enum {
  STEP_READING,
  STEP_THOUGHT,
  STEP_ANSWER,
  STEP_TOOL_CALL,
  STEP_PAUSE,
  STEP_ERROR,
  STEP_TOO_LONG,
  STEP_CUT_OFF,
  STEP_HANG,
} StepKind;

typedef struct {
  StepKind      kind;
  char         *text;
  char         *json;
  double        seconds;
  FacetOverflow overflow;
} Step;

/* A turn that was asked for. */
typedef struct {
  guint64        number;
  FacetRequest  *request;
  FacetEventFunc func;
  gpointer       user_data;
  GPtrArray     *steps;      /* of Step */
  guint          step;       /* the one that plays */
  const char    *rest;       /* of its text, not sent yet */
  gint64         step_began; /* monotonic µs; 0: not begun */
  double         sent;       /* tokens of this step */
  gint64         asked, first_token, thought_began, thought_ended;
  FacetUsage     usage;
  gboolean       cancelled, answer_now;
} Turn;

struct _FakeAssistant {
  GObject             parent_instance;
  FacetAssistantState state;
  double              progress;
  char               *error;
  char               *warning;
  gboolean            demo, text_only;
  double              speed;
  GQueue              script; /* of GPtrArray of Step */
  GQueue              turns;  /* of Turn; the head plays */
  FacetRequest       *last_request;
  guint64             last_turn;
  guint               n_cancelled, n_answer_now;
  guint               timer;
};

static void fake_assistant_iface_init (FacetAssistantInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (FakeAssistant,
                               fake_assistant,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (FACET_TYPE_ASSISTANT,
                                                      fake_assistant_iface_init))

enum {
  PROP_STATE = 1,
  PROP_PROGRESS,
  PROP_NAME,
  PROP_PLACE,
  PROP_DEVICE,
  PROP_ERROR,
  PROP_WARNING,
  PROP_IS_DEMO,
  PROP_CONTEXT_SIZE,
  PROP_SEES,
  PROP_HEARS,
};

static void
step_free (Step *step)
{
  g_free (step->text);
  g_free (step->json);
  g_free (step);
}

static void
turn_free (Turn *turn)
{
  facet_request_unref (turn->request);
  g_ptr_array_unref (turn->steps);
  g_free (turn);
}

/* Playing */

static void
send (Turn *turn, FacetEvent *event)
{
  turn->func (event, turn->user_data);
  facet_event_free (event);
}

static void
send_text (Turn *turn, FacetEventKind kind, const char *text)
{
  FacetEvent *event = facet_event_new (kind, turn->number);

  event->text = g_strdup (text);
  send (turn, event);
}

static void
send_progress (Turn *turn, FacetPhase phase, double progress)
{
  FacetEvent *event = facet_event_new (FACET_EVENT_PROGRESS, turn->number);

  event->phase = phase;
  event->progress = progress;
  send (turn, event);
}

static void
send_usage (Turn *turn)
{
  FacetEvent *event = facet_event_new (FACET_EVENT_USAGE, turn->number);
  gint64      now = g_get_monotonic_time ();
  guint       n = turn->usage.thinking_tokens + turn->usage.answer_tokens;

  if (turn->first_token > 0) {
    double seconds = (double)MAX (now - turn->first_token, 1) / G_USEC_PER_SEC;

    turn->usage.first_token_s = (double)(turn->first_token - turn->asked) / G_USEC_PER_SEC;
    turn->usage.tokens_per_s = n / seconds;
  }
  if (turn->thought_began > 0)
    turn->usage.thinking_s =
        (double)((turn->thought_ended > 0 ? turn->thought_ended : now) - turn->thought_began) /
        G_USEC_PER_SEC;
  turn->usage.context_used = turn->usage.prompt_tokens + n;
  turn->usage.context_size = 8192;
  event->usage = turn->usage;
  send (turn, event);
}

/* The length in bytes of the word at the head of @text, with the space around it. */
static gsize
token_length (const char *text)
{
  gsize n = strspn (text, " \n");

  n += strcspn (text + n, " \n");
  return n;
}

static void
play_text (FakeAssistant *self, Turn *turn, Step *step)
{
  g_autoptr (GString) delta = g_string_new (NULL);
  gint64 now = g_get_monotonic_time ();
  double due = self->speed > 0 ? (double)(now - turn->step_began) / G_USEC_PER_SEC * self->speed + 1
                               : G_MAXDOUBLE;
  guint  n = 0;

  while (*turn->rest != '\0' && turn->sent + 1 <= due) {
    gsize length = token_length (turn->rest);

    g_string_append_len (delta, turn->rest, (gssize)length);
    turn->rest += length;
    turn->sent++;
    n++;
  }
  if (n == 0)
    return;
  if (turn->first_token == 0)
    turn->first_token = now;
  if (step->kind == STEP_THOUGHT) {
    if (turn->thought_began == 0)
      turn->thought_began = now;
    turn->usage.thinking_tokens += n;
    send_text (turn, FACET_EVENT_THOUGHT, delta->str);
  } else {
    if (turn->thought_began > 0 && turn->thought_ended == 0)
      turn->thought_ended = now;
    turn->usage.answer_tokens += n;
    send_text (turn, FACET_EVENT_ANSWER, delta->str);
  }
}

static gboolean
step_is_passed_over (Turn *turn, Step *step)
{
  return (step->kind == STEP_THOUGHT && (!turn->request->thinking || turn->answer_now)) ||
         (step->kind == STEP_TOO_LONG && turn->request->drop_oldest);
}

static void
finish (FakeAssistant *self, Turn *turn, FacetEvent *event)
{
  g_queue_remove (&self->turns, turn);
  if (event->kind == FACET_EVENT_DONE)
    send_usage (turn);
  send (turn, event);
  turn_free (turn);
}

/* What ends the turn at this step, or NULL. */
static FacetEvent *
ending (Turn *turn, Step *step)
{
  FacetEvent *event = NULL;

  if (turn->cancelled || step == NULL || step->kind == STEP_CUT_OFF) {
    event = facet_event_new (FACET_EVENT_DONE, turn->number);
    event->stopped = turn->cancelled;
    event->cut_off = !turn->cancelled && step != NULL;
  } else if (step->kind == STEP_ERROR) {
    event = facet_event_new (FACET_EVENT_ERROR, turn->number);
    event->error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, step->text);
  } else if (step->kind == STEP_TOO_LONG) {
    event = facet_event_new (FACET_EVENT_TOO_LONG, turn->number);
    event->overflow = step->overflow;
  }
  return event;
}

/* A cancelled turn ends wherever it stands: also behind another one, also while the model is
 * loading. */
static void
end_cancelled (FakeAssistant *self)
{
  for (GList *l = self->turns.head, *next; l != NULL; l = next) {
    Turn *turn = l->data;

    next = l->next;
    if (turn->cancelled)
      finish (self, turn, ending (turn, NULL));
  }
}

/* One step as far as time allows.  TRUE when it is over. */
static gboolean
play_step (FakeAssistant *self, Turn *turn, Step *step)
{
  gint64 now = g_get_monotonic_time ();
  double elapsed;

  if (turn->step_began == 0) {
    turn->step_began = now;
    turn->rest = step->text;
    turn->sent = 0;
  }
  elapsed = (double)(now - turn->step_began) / G_USEC_PER_SEC;
  switch (step->kind) {
  case STEP_READING:
    send_progress (turn, FACET_PHASE_READING,
                   step->seconds > 0 ? MIN (elapsed / step->seconds, 1) : 1);
    return elapsed >= step->seconds;
  case STEP_THOUGHT:
  case STEP_ANSWER:
    play_text (self, turn, step);
    return *turn->rest == '\0';
  case STEP_TOOL_CALL: {
    FacetEvent *event = facet_event_new (FACET_EVENT_TOOL_CALL, turn->number);

    event->text = g_strdup (step->text);
    event->json = g_strdup (step->json);
    send (turn, event);
    return TRUE;
  }
  case STEP_PAUSE:
    return elapsed >= step->seconds;
  default:
    return FALSE;
  }
}

static gboolean
tick_cb (gpointer user_data)
{
  g_autoptr (FakeAssistant) self = g_object_ref (user_data);
  Turn *turn;

  end_cancelled (self);
  while (self->state != FACET_ASSISTANT_LOADING &&
         (turn = g_queue_peek_head (&self->turns)) != NULL) {
    Step       *step = NULL;
    FacetEvent *end;

    while (turn->step < turn->steps->len &&
           step_is_passed_over (turn, g_ptr_array_index (turn->steps, turn->step))) {
      turn->step++;
      turn->step_began = 0;
    }
    if (turn->step < turn->steps->len)
      step = g_ptr_array_index (turn->steps, turn->step);
    end = ending (turn, step);
    if (end == NULL && self->state == FACET_ASSISTANT_FAILED) {
      end = facet_event_new (FACET_EVENT_ERROR, turn->number);
      end->error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, self->error);
    }
    if (end != NULL) {
      finish (self, turn, end);
      continue;
    }
    if (!play_step (self, turn, step))
      return G_SOURCE_CONTINUE;
    /* A callback may have ended it all. */
    if (g_queue_peek_head (&self->turns) == turn) {
      turn->step++;
      turn->step_began = 0;
    }
  }
  if (!g_queue_is_empty (&self->turns))
    return G_SOURCE_CONTINUE;
  self->timer = 0;
  return G_SOURCE_REMOVE;
}

static Turn *
find_turn (FakeAssistant *self, guint64 number)
{
  for (GList *l = self->turns.head; l != NULL; l = l->next) {
    Turn *turn = l->data;

    if (turn->number == number)
      return turn;
  }
  return NULL;
}

static GPtrArray *
begin_script (FakeAssistant *self)
{
  GPtrArray *steps = g_ptr_array_new_with_free_func ((GDestroyNotify)step_free);

  g_queue_push_tail (&self->script, steps);
  return steps;
}

static Step *
add_step (FakeAssistant *self, StepKind kind, const char *text)
{
  GPtrArray *steps = g_queue_peek_tail (&self->script);
  Step      *step = g_new0 (Step, 1);

  step->kind = kind;
  step->text = g_strdup (text);
  g_ptr_array_add (steps != NULL ? steps : begin_script (self), step);
  return step;
}

/* The interface */

static guint64
fake_assistant_start (FacetAssistant *assistant,
                      FacetRequest   *request,
                      FacetEventFunc  func,
                      gpointer        user_data)
{
  FakeAssistant       *self = FAKE_ASSISTANT (assistant);
  FacetRequestMessage *last = g_ptr_array_index (request->messages, request->messages->len - 1);
  Turn                *turn = g_new0 (Turn, 1);

  if (g_queue_is_empty (&self->script)) {
    g_autofree char *answer = g_strconcat ("You said: ", last->text, NULL);
    g_autofree char *thought = g_strconcat (answer, ".", NULL);

    begin_script (self);
    fake_assistant_add_thought (self, thought);
    fake_assistant_add_answer (self, answer);
  }
  turn->number = ++self->last_turn;
  turn->request = facet_request_ref (request);
  turn->func = func;
  turn->user_data = user_data;
  turn->steps = g_queue_pop_head (&self->script);
  turn->asked = g_get_monotonic_time ();
  for (guint i = 0; i < request->messages->len; i++) {
    FacetRequestMessage *message = g_ptr_array_index (request->messages, i);

    turn->usage.prompt_tokens += (guint)strlen (message->text) / 4 + 5;
  }
  g_queue_push_tail (&self->turns, turn);
  g_clear_pointer (&self->last_request, facet_request_unref);
  self->last_request = facet_request_ref (request);
  if (self->timer == 0)
    self->timer = g_timeout_add (TICK_MS, tick_cb, self);
  return turn->number;
}

static void
fake_assistant_cancel (FacetAssistant *assistant, guint64 number)
{
  FakeAssistant *self = FAKE_ASSISTANT (assistant);
  Turn          *turn = find_turn (self, number);

  if (turn == NULL)
    return;
  turn->cancelled = TRUE;
  self->n_cancelled++;
}

static void
fake_assistant_answer_now (FacetAssistant *assistant, guint64 number)
{
  FakeAssistant *self = FAKE_ASSISTANT (assistant);
  Turn          *turn = find_turn (self, number);

  if (turn == NULL)
    return;
  turn->answer_now = TRUE;
  self->n_answer_now++;
}

typedef struct {
  int            n_tokens;
  FacetCountFunc func;
  gpointer       user_data;
} Count;

static gboolean
count_cb (gpointer user_data)
{
  Count *count = user_data;

  count->func (count->n_tokens, count->user_data);
  return G_SOURCE_REMOVE;
}

static void
fake_assistant_count_tokens (FacetAssistant *assistant,
                             const char     *text,
                             FacetCountFunc  func,
                             gpointer        user_data)
{
  Count *count = g_new0 (Count, 1);

  for (const char *p = text; *p != '\0'; p += token_length (p))
    count->n_tokens++;
  count->func = func;
  count->user_data = user_data;
  g_idle_add_full (G_PRIORITY_DEFAULT, count_cb, count, g_free);
}

static void
fake_assistant_iface_init (FacetAssistantInterface *iface)
{
  iface->start = fake_assistant_start;
  iface->cancel = fake_assistant_cancel;
  iface->answer_now = fake_assistant_answer_now;
  iface->count_tokens = fake_assistant_count_tokens;
}

static void
fake_assistant_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  FakeAssistant *self = FAKE_ASSISTANT (object);

  switch (id) {
  case PROP_STATE:
    g_value_set_int (value, self->state);
    break;
  case PROP_PROGRESS:
    g_value_set_double (value, self->progress);
    break;
  case PROP_NAME:
    g_value_set_string (value, self->demo ? "Demonstration model" : "Fake model");
    break;
  case PROP_PLACE:
    g_value_set_string (value, "On this computer");
    break;
  case PROP_DEVICE:
    g_value_set_string (value, "CPU, 2 threads");
    break;
  case PROP_ERROR:
    g_value_set_string (value, self->error);
    break;
  case PROP_WARNING:
    g_value_set_string (value, self->warning);
    break;
  case PROP_IS_DEMO:
    g_value_set_boolean (value, self->demo);
    break;
  case PROP_CONTEXT_SIZE:
    g_value_set_uint (value, self->state == FACET_ASSISTANT_READY ? 8192 : 0);
    break;
  case PROP_SEES:
  case PROP_HEARS:
    g_value_set_boolean (value, !self->text_only);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
fake_assistant_dispose (GObject *object)
{
  FakeAssistant *self = FAKE_ASSISTANT (object);
  Turn          *turn;

  g_clear_handle_id (&self->timer, g_source_remove);
  while ((turn = g_queue_peek_head (&self->turns)) != NULL) {
    turn->cancelled = TRUE;
    finish (self, turn, ending (turn, NULL));
  }
  G_OBJECT_CLASS (fake_assistant_parent_class)->dispose (object);
}

static void
fake_assistant_finalize (GObject *object)
{
  FakeAssistant *self = FAKE_ASSISTANT (object);

  g_queue_clear_full (&self->script, (GDestroyNotify)g_ptr_array_unref);
  g_clear_pointer (&self->last_request, facet_request_unref);
  g_free (self->error);
  g_free (self->warning);
  G_OBJECT_CLASS (fake_assistant_parent_class)->finalize (object);
}

static void
fake_assistant_class_init (FakeAssistantClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);

  object_class->get_property = fake_assistant_get_property;
  object_class->dispose = fake_assistant_dispose;
  object_class->finalize = fake_assistant_finalize;
  g_object_class_override_property (object_class, PROP_STATE, "state");
  g_object_class_override_property (object_class, PROP_PROGRESS, "progress");
  g_object_class_override_property (object_class, PROP_NAME, "name");
  g_object_class_override_property (object_class, PROP_PLACE, "place");
  g_object_class_override_property (object_class, PROP_DEVICE, "device");
  g_object_class_override_property (object_class, PROP_ERROR, "error");
  g_object_class_override_property (object_class, PROP_WARNING, "warning");
  g_object_class_override_property (object_class, PROP_IS_DEMO, "is-demo");
  g_object_class_override_property (object_class, PROP_CONTEXT_SIZE, "context-size");
  g_object_class_override_property (object_class, PROP_SEES, "sees");
  g_object_class_override_property (object_class, PROP_HEARS, "hears");
}

static void
fake_assistant_init (FakeAssistant *self)
{
  self->state = FACET_ASSISTANT_READY;
  self->progress = 1;
  self->speed = 1000;
  g_queue_init (&self->script);
  g_queue_init (&self->turns);
}

FakeAssistant *
fake_assistant_new (void)
{
  return g_object_new (FAKE_TYPE_ASSISTANT, NULL);
}

/* What the test says */

void
fake_assistant_set_speed (FakeAssistant *self, double tokens_per_second)
{
  self->speed = tokens_per_second;
}

void
fake_assistant_set_text_only (FakeAssistant *self, gboolean text_only)
{
  self->text_only = text_only;
  g_object_notify (G_OBJECT (self), "sees");
  g_object_notify (G_OBJECT (self), "hears");
}

static void
set_state (FakeAssistant *self, FacetAssistantState state, double progress, const char *error)
{
  self->state = state;
  self->progress = progress;
  g_free (self->error);
  self->error = g_strdup (error);
  g_object_notify (G_OBJECT (self), "error");
  g_object_notify (G_OBJECT (self), "progress");
  g_object_notify (G_OBJECT (self), "context-size");
  g_object_notify (G_OBJECT (self), "state");
}

void
fake_assistant_set_loading (FakeAssistant *self, double progress)
{
  set_state (self, FACET_ASSISTANT_LOADING, progress, NULL);
}

void
fake_assistant_set_ready (FakeAssistant *self)
{
  set_state (self, FACET_ASSISTANT_READY, 1, NULL);
}

void
fake_assistant_set_failed (FakeAssistant *self, const char *error)
{
  set_state (self, FACET_ASSISTANT_FAILED, 0, error);
}

void
fake_assistant_set_demo (FakeAssistant *self, gboolean demo)
{
  self->demo = demo;
  g_object_notify (G_OBJECT (self), "is-demo");
  g_object_notify (G_OBJECT (self), "name");
}

void
fake_assistant_set_warning (FakeAssistant *self, const char *warning)
{
  g_free (self->warning);
  self->warning = g_strdup (warning);
  g_object_notify (G_OBJECT (self), "warning");
}

void
fake_assistant_begin_turn (FakeAssistant *self)
{
  begin_script (self);
}

void
fake_assistant_add_reading (FakeAssistant *self, double seconds)
{
  add_step (self, STEP_READING, NULL)->seconds = seconds;
}

void
fake_assistant_add_thought (FakeAssistant *self, const char *text)
{
  add_step (self, STEP_THOUGHT, text);
}

void
fake_assistant_add_answer (FakeAssistant *self, const char *text)
{
  add_step (self, STEP_ANSWER, text);
}

void
fake_assistant_add_tool_call (FakeAssistant *self, const char *name, const char *arguments_json)
{
  add_step (self, STEP_TOOL_CALL, name)->json = g_strdup (arguments_json);
}

void
fake_assistant_add_pause (FakeAssistant *self, double seconds)
{
  add_step (self, STEP_PAUSE, NULL)->seconds = seconds;
}

void
fake_assistant_add_error (FakeAssistant *self, const char *sentence)
{
  add_step (self, STEP_ERROR, sentence);
}

void
fake_assistant_add_too_long (FakeAssistant *self, guint needed, guint available, guint n_messages)
{
  add_step (self, STEP_TOO_LONG, NULL)->overflow =
      (FacetOverflow){.needed = needed, .available = available, .n_messages = n_messages};
}

void
fake_assistant_add_cut_off (FakeAssistant *self)
{
  add_step (self, STEP_CUT_OFF, NULL);
}

void
fake_assistant_add_hang (FakeAssistant *self)
{
  add_step (self, STEP_HANG, NULL);
}

guint
fake_assistant_get_n_started (FakeAssistant *self)
{
  return (guint)self->last_turn;
}

guint
fake_assistant_get_n_running (FakeAssistant *self)
{
  return g_queue_get_length (&self->turns);
}

guint
fake_assistant_get_n_cancelled (FakeAssistant *self)
{
  return self->n_cancelled;
}

guint
fake_assistant_get_n_answer_now (FakeAssistant *self)
{
  return self->n_answer_now;
}

FacetRequest *
fake_assistant_get_last_request (FakeAssistant *self)
{
  return self->last_request;
}
