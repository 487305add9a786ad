/* facet-local-assistant.c: the main thread's side of the engine: its state, its turns, its end.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  The engine thread is in facet-engine-thread.c; between the two go jobs and reports,
 * each with one owner. Counting tokens needs only the tokenizer, which never changes: it has
 * threads of its own, so that it does not wait for an answer to end. */
#define G_LOG_DOMAIN "facet-local-assistant"

#include "config.h"

#include "facet-local-assistant.h"

#include "facet-engine-thread.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>

/* A turn that has not ended. */
typedef struct {
  FacetJob      *job;
  FacetEventFunc func;
  gpointer       user_data;
} Turn;

struct _FacetLocalAssistant {
  GObject             parent_instance;
  FacetEngine        *engine;
  FacetEventSource   *reports;
  GHashTable         *turns; /* guint64 number, in the Turn's job → Turn */
  guint64             last_turn;
  GemTokenizer       *tokenizer;
  FacetAssistantState state;
  double              progress;
  char               *name, *device, *warning, *error;
  guint               context_size;
  gboolean            is_demo, sees, hears;
};

static void facet_local_assistant_iface_init (FacetAssistantInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (FacetLocalAssistant,
                               facet_local_assistant,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (FACET_TYPE_ASSISTANT,
                                                      facet_local_assistant_iface_init))

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

static gboolean
is_model_folder (const char *folder)
{
  g_autofree char *config = folder != NULL ? g_build_filename (folder, "config.json", NULL) : NULL;

  return config != NULL && g_file_test (config, G_FILE_TEST_IS_REGULAR);
}

char *
facet_find_demo_model (void)
{
  const char *const places[] = {g_getenv ("FACET_DEMO_MODEL"), FACET_SOURCE_DEMO,
                                FACET_PKGDATADIR "/demo"};

  for (gsize i = 0; i < G_N_ELEMENTS (places); i++) {
    if (is_model_folder (places[i]))
      return g_strdup (places[i]);
  }
  return NULL;
}

/* Turns */

static void
turn_free (gpointer data)
{
  Turn *turn = data;

  facet_job_unref (turn->job);
  g_free (turn);
}

static gboolean
ends_turn (const FacetEvent *event)
{
  return event->kind == FACET_EVENT_TOO_LONG || event->kind == FACET_EVENT_DONE ||
         event->kind == FACET_EVENT_ERROR;
}

static void
deliver (FacetLocalAssistant *self, const FacetEvent *event)
{
  Turn *turn = g_hash_table_lookup (self->turns, &event->turn);

  if (turn == NULL)
    return;
  /* Its function may start or cancel others, but this one is over for us. */
  if (ends_turn (event)) {
    g_hash_table_steal (self->turns, &event->turn);
    turn->func (event, turn->user_data);
    turn_free (turn);
  } else
    turn->func (event, turn->user_data);
}

static guint64
facet_local_assistant_start (FacetAssistant *assistant,
                             FacetRequest   *request,
                             FacetEventFunc  func,
                             gpointer        user_data)
{
  FacetLocalAssistant *self = FACET_LOCAL_ASSISTANT (assistant);
  Turn                *turn;

  g_return_val_if_fail (self->engine != NULL, 0);
  turn = g_new0 (Turn, 1);
  turn->job = facet_job_new (++self->last_turn, request);
  turn->func = func;
  turn->user_data = user_data;
  g_hash_table_insert (self->turns, &turn->job->turn, turn);
  facet_engine_push (self->engine, turn->job);
  return turn->job->turn;
}

/* As an event of its own, so that a turn never ends within the call that stops it. */
static void
post_stopped (FacetLocalAssistant *self, guint64 number)
{
  FacetReport *report = g_new0 (FacetReport, 1);

  report->kind = FACET_REPORT_EVENT;
  report->event = facet_event_new (FACET_EVENT_DONE, number);
  report->event->stopped = TRUE;
  facet_event_source_push (self->reports, report);
}

static void
facet_local_assistant_cancel (FacetAssistant *assistant, guint64 number)
{
  FacetLocalAssistant *self = FACET_LOCAL_ASSISTANT (assistant);
  Turn                *turn = g_hash_table_lookup (self->turns, &number);

  if (turn == NULL || self->engine == NULL || g_atomic_int_get (&turn->job->cancelled))
    return;
  if (!facet_engine_cancel (self->engine, turn->job))
    post_stopped (self, number);
}

static void
facet_local_assistant_answer_now (FacetAssistant *assistant, guint64 number)
{
  FacetLocalAssistant *self = FACET_LOCAL_ASSISTANT (assistant);
  Turn                *turn = g_hash_table_lookup (self->turns, &number);

  if (turn != NULL)
    g_atomic_int_set (&turn->job->answer_now, TRUE);
}

/* Counting */

typedef struct {
  GemTokenizer  *tokenizer;
  char          *text;
  FacetCountFunc func;
  gpointer       user_data;
} Count;

static void
count_free (gpointer data)
{
  Count *count = data;

  g_clear_pointer (&count->tokenizer, gem_tokenizer_unref);
  g_free (count->text);
  g_free (count);
}

static void
count_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Count *count = task_data;
  gssize n = -1;

  if (count->tokenizer != NULL)
    n = (gssize)gem_tokenizer_count (count->tokenizer, count->text, -1, GEM_ENCODE_PLAIN);
  g_task_return_int (task, MIN (n, G_MAXINT));
}

static void
counted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Count *count = g_task_get_task_data (G_TASK (result));

  count->func ((int)g_task_propagate_int (G_TASK (result), NULL), count->user_data);
}

static void
facet_local_assistant_count_tokens (FacetAssistant *assistant,
                                    const char     *text,
                                    FacetCountFunc  func,
                                    gpointer        user_data)
{
  FacetLocalAssistant *self = FACET_LOCAL_ASSISTANT (assistant);
  g_autoptr (GTask) task = g_task_new (NULL, NULL, counted_cb, NULL);
  Count *count = g_new0 (Count, 1);

  count->tokenizer = self->tokenizer != NULL ? gem_tokenizer_ref (self->tokenizer) : NULL;
  count->text = g_strdup (text);
  count->func = func;
  count->user_data = user_data;
  g_task_set_task_data (task, count, count_free);
  g_task_run_in_thread (task, count_thread);
}

/* Kept states */

void
facet_local_assistant_set_state_limit (FacetLocalAssistant *self, guint64 bytes)
{
  g_return_if_fail (FACET_IS_LOCAL_ASSISTANT (self));
  if (self->engine != NULL)
    facet_engine_set_state_limit (self->engine, bytes);
}

static void
facet_local_assistant_leave (FacetAssistant *assistant)
{
  FacetLocalAssistant *self = FACET_LOCAL_ASSISTANT (assistant);

  if (self->engine != NULL)
    facet_engine_leave (self->engine);
}

static void
facet_local_assistant_forget (FacetAssistant *assistant, const char *store, gint64 conversation)
{
  FacetLocalAssistant *self = FACET_LOCAL_ASSISTANT (assistant);

  if (self->engine != NULL)
    facet_engine_forget_state (self->engine, store, conversation);
}

static void
facet_local_assistant_iface_init (FacetAssistantInterface *iface)
{
  iface->start = facet_local_assistant_start;
  iface->cancel = facet_local_assistant_cancel;
  iface->answer_now = facet_local_assistant_answer_now;
  iface->count_tokens = facet_local_assistant_count_tokens;
  iface->leave = facet_local_assistant_leave;
  iface->forget = facet_local_assistant_forget;
}

/* Reports */

static void
take_ready (FacetLocalAssistant *self, FacetReport *report)
{
  GObject *object = G_OBJECT (self);

  g_object_freeze_notify (object);
  g_free (self->name);
  self->name = g_steal_pointer (&report->name);
  g_free (self->device);
  self->device = g_steal_pointer (&report->device);
  g_free (self->warning);
  self->warning = g_steal_pointer (&report->warning);
  self->tokenizer = g_steal_pointer (&report->tokenizer);
  self->context_size = report->context_size;
  self->sees = report->sees;
  self->hears = report->hears;
  self->progress = 1;
  self->state = FACET_ASSISTANT_READY;
  g_object_notify (object, "name");
  g_object_notify (object, "device");
  g_object_notify (object, "warning");
  g_object_notify (object, "context-size");
  g_object_notify (object, "sees");
  g_object_notify (object, "hears");
  g_object_notify (object, "progress");
  g_object_notify (object, "state");
  g_object_thaw_notify (object);
}

static void
report_cb (gpointer item, gpointer user_data)
{
  FacetLocalAssistant *self = user_data;
  FacetReport         *report = item;

  switch (report->kind) {
  case FACET_REPORT_LOADING:
    self->progress = CLAMP (report->progress, 0, 1);
    g_object_notify (G_OBJECT (self), "progress");
    break;
  case FACET_REPORT_READY:
    take_ready (self, report);
    break;
  case FACET_REPORT_FAILED:
    self->error = g_strdup (report->error->message);
    self->state = FACET_ASSISTANT_FAILED;
    g_object_notify (G_OBJECT (self), "error");
    g_object_notify (G_OBJECT (self), "state");
    break;
  case FACET_REPORT_EVENT:
    deliver (self, report->event);
    break;
  }
  facet_report_free (report);
}

/* The object */

static void
facet_local_assistant_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  FacetLocalAssistant *self = FACET_LOCAL_ASSISTANT (object);

  switch (id) {
  case PROP_STATE:
    g_value_set_int (value, self->state);
    break;
  case PROP_PROGRESS:
    g_value_set_double (value, self->progress);
    break;
  case PROP_NAME:
    g_value_set_string (value, self->name);
    break;
  case PROP_PLACE:
    g_value_set_string (value, _ ("On this computer"));
    break;
  case PROP_DEVICE:
    g_value_set_string (value, self->device);
    break;
  case PROP_ERROR:
    g_value_set_string (value, self->error);
    break;
  case PROP_WARNING:
    g_value_set_string (value, self->warning);
    break;
  case PROP_IS_DEMO:
    g_value_set_boolean (value, self->is_demo);
    break;
  case PROP_CONTEXT_SIZE:
    g_value_set_uint (value, self->context_size);
    break;
  case PROP_SEES:
    g_value_set_boolean (value, self->sees);
    break;
  case PROP_HEARS:
    g_value_set_boolean (value, self->hears);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

/* What the engine said until its end is still heard; turns that it did not come to are stopped. */
static void
facet_local_assistant_dispose (GObject *object)
{
  FacetLocalAssistant *self = FACET_LOCAL_ASSISTANT (object);

  if (self->engine != NULL) {
    g_autoptr (GList) numbers = NULL;

    facet_engine_free (g_steal_pointer (&self->engine));
    facet_event_source_drain (self->reports);
    numbers = g_hash_table_get_keys (self->turns);
    for (GList *l = numbers; l != NULL; l = l->next)
      post_stopped (self, *(guint64 *)l->data);
    facet_event_source_drain (self->reports);
    facet_event_source_stop (self->reports);
  }
  G_OBJECT_CLASS (facet_local_assistant_parent_class)->dispose (object);
}

static void
facet_local_assistant_finalize (GObject *object)
{
  FacetLocalAssistant *self = FACET_LOCAL_ASSISTANT (object);

  g_clear_pointer (&self->reports, facet_event_source_unref);
  g_hash_table_unref (self->turns);
  g_clear_pointer (&self->tokenizer, gem_tokenizer_unref);
  g_free (self->name);
  g_free (self->device);
  g_free (self->warning);
  g_free (self->error);
  G_OBJECT_CLASS (facet_local_assistant_parent_class)->finalize (object);
}

static void
facet_local_assistant_class_init (FacetLocalAssistantClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);

  object_class->get_property = facet_local_assistant_get_property;
  object_class->dispose = facet_local_assistant_dispose;
  object_class->finalize = facet_local_assistant_finalize;
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
facet_local_assistant_init (FacetLocalAssistant *self)
{
  self->state = FACET_ASSISTANT_LOADING;
  self->sees = self->hears = TRUE;
  self->turns = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, turn_free);
}

FacetAssistant *
facet_local_assistant_new (const FacetLocalOptions *options)
{
  FacetLocalAssistant *self = g_object_new (FACET_TYPE_LOCAL_ASSISTANT, NULL);
  const char          *folder = options->model_folder;

  self->is_demo = folder == NULL || *folder == '\0';
  /* Until the folder itself has said its name. */
  self->name = self->is_demo ? g_strdup (_ ("Demonstration model")) : g_path_get_basename (folder);
  self->reports = facet_event_source_new (NULL, FACET_FRAME_US, facet_report_free, report_cb, self);
  self->engine = facet_engine_new (options, self->reports);
  return FACET_ASSISTANT (self);
}
