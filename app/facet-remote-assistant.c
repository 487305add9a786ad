/* facet-remote-assistant.c: a server as an assistant: its properties and its turns.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  What happens in a turn is in facet-remote-turn.c; its events go through a
 * FacetEventSource, so that they are delivered at most once a frame, and never within the call that
 * begins or ends a turn. */
#define G_LOG_DOMAIN "facet-remote"

#include "config.h"

#include "facet-remote-assistant.h"

#include "facet-remote-turn.h"

#include <glib/gi18n-lib.h>

/* A turn of which the last event was not delivered. */
typedef struct {
  guint64          number;
  FacetRemoteTurn *turn;
  FacetEventFunc   func;
  gpointer         user_data;
} Turn;

struct _FacetRemoteAssistant {
  GObject      parent_instance;
  FacetRemote *remote;
  GHashTable  *turns; /* number, in the Turn → Turn */
  guint64      last_turn;
};

static void facet_remote_assistant_iface_init (FacetAssistantInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (FacetRemoteAssistant,
                               facet_remote_assistant,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (FACET_TYPE_ASSISTANT,
                                                      facet_remote_assistant_iface_init))

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

/* Turns */

static void
turn_free (gpointer data)
{
  Turn *turn = data;

  facet_remote_turn_free (turn->turn);
  g_free (turn);
}

static void
deliver_cb (gpointer item, gpointer user_data)
{
  FacetRemoteAssistant *self = user_data;
  g_autoptr (FacetEvent) event = item;
  Turn *turn = g_hash_table_lookup (self->turns, &event->turn);

  if (turn == NULL)
    return;
  /* Its function may start or cancel others, but this one is over for us. */
  if (event->kind == FACET_EVENT_TOO_LONG || event->kind == FACET_EVENT_DONE ||
      event->kind == FACET_EVENT_ERROR) {
    g_hash_table_steal (self->turns, &event->turn);
    turn->func (event, turn->user_data);
    turn_free (turn);
  } else
    turn->func (event, turn->user_data);
}

static guint64
facet_remote_assistant_start (FacetAssistant *assistant,
                              FacetRequest   *request,
                              FacetEventFunc  func,
                              gpointer        user_data)
{
  FacetRemoteAssistant *self = FACET_REMOTE_ASSISTANT (assistant);
  Turn                 *turn;

  g_return_val_if_fail (self->remote != NULL, 0);
  turn = g_new0 (Turn, 1);
  turn->number = ++self->last_turn;
  turn->func = func;
  turn->user_data = user_data;
  turn->turn = facet_remote_turn_new (self->remote, turn->number, request);
  g_hash_table_insert (self->turns, &turn->number, turn);
  return turn->number;
}

static void
facet_remote_assistant_cancel (FacetAssistant *assistant, guint64 number)
{
  Turn *turn = g_hash_table_lookup (FACET_REMOTE_ASSISTANT (assistant)->turns, &number);

  if (turn != NULL)
    facet_remote_turn_stop (turn->turn);
}

static void
facet_remote_assistant_answer_now (FacetAssistant *assistant, guint64 number)
{
  Turn *turn = g_hash_table_lookup (FACET_REMOTE_ASSISTANT (assistant)->turns, &number);

  if (turn != NULL)
    facet_remote_turn_answer_now (turn->turn);
}

/* Counting: what is being typed stays here. */

typedef struct {
  FacetCountFunc func;
  gpointer       user_data;
} Count;

static gboolean
count_cb (gpointer user_data)
{
  Count *count = user_data;

  count->func (-1, count->user_data);
  return G_SOURCE_REMOVE;
}

static void
facet_remote_assistant_count_tokens (FacetAssistant *assistant,
                                     const char     *text,
                                     FacetCountFunc  func,
                                     gpointer        user_data)
{
  Count *count = g_new0 (Count, 1);

  count->func = func;
  count->user_data = user_data;
  g_idle_add_full (G_PRIORITY_DEFAULT, count_cb, count, g_free);
}

static void
facet_remote_assistant_iface_init (FacetAssistantInterface *iface)
{
  iface->start = facet_remote_assistant_start;
  iface->cancel = facet_remote_assistant_cancel;
  iface->answer_now = facet_remote_assistant_answer_now;
  iface->count_tokens = facet_remote_assistant_count_tokens;
}

/* The object */

static void
learned_cb (gpointer user_data)
{
  GObject *object = user_data;

  g_object_notify (object, "name");
  g_object_notify (object, "device");
  g_object_notify (object, "context-size");
}

static char *
dup_device (FacetRemote *remote)
{
  g_autofree char *host = facet_server_dup_host (remote->server);
  const char      *kind = facet_server_kind_get_name (remote->kind);

  return kind != NULL ? g_strdup_printf ("%s, %s", kind, host) : g_steal_pointer (&host);
}

static char *
dup_warning (FacetRemote *remote)
{
  if (!facet_server_is_open (remote->server))
    return NULL;
  /* Translators: %s is a server's name */
  return g_strdup_printf (_ ("What you send to “%s” is not encrypted: whoever is between can read "
                             "it."),
                          facet_server_get_name (remote->server));
}

static void
facet_remote_assistant_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  FacetRemote *remote = FACET_REMOTE_ASSISTANT (object)->remote;

  switch (id) {
  case PROP_STATE:
    g_value_set_int (value, FACET_ASSISTANT_READY);
    break;
  case PROP_PROGRESS:
    g_value_set_double (value, 1);
    break;
  case PROP_NAME:
    g_value_set_string (value, remote->model != NULL ? remote->model
                                                     : facet_server_get_name (remote->server));
    break;
  case PROP_PLACE:
    g_value_set_string (value, facet_server_get_name (remote->server));
    break;
  case PROP_DEVICE:
    g_value_take_string (value, dup_device (remote));
    break;
  case PROP_ERROR:
    g_value_set_string (value, NULL);
    break;
  case PROP_WARNING:
    g_value_take_string (value, dup_warning (remote));
    break;
  case PROP_IS_DEMO:
    g_value_set_boolean (value, FALSE);
    break;
  case PROP_CONTEXT_SIZE:
    g_value_set_uint (value, remote->context_size);
    break;
  case PROP_SEES:
  case PROP_HEARS:
    g_value_set_boolean (value, TRUE);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

/* Every turn is told its end. */
static void
facet_remote_assistant_dispose (GObject *object)
{
  FacetRemoteAssistant *self = FACET_REMOTE_ASSISTANT (object);

  if (self->remote->events != NULL) {
    g_autoptr (GList) turns = g_hash_table_get_values (self->turns);

    for (GList *l = turns; l != NULL; l = l->next)
      facet_remote_turn_stop (((Turn *)l->data)->turn);
    facet_event_source_drain (self->remote->events);
    facet_event_source_stop (self->remote->events);
    self->remote->learned = NULL;
  }
  G_OBJECT_CLASS (facet_remote_assistant_parent_class)->dispose (object);
}

static void
facet_remote_assistant_finalize (GObject *object)
{
  FacetRemoteAssistant *self = FACET_REMOTE_ASSISTANT (object);

  g_hash_table_unref (self->turns);
  facet_remote_unref (self->remote);
  G_OBJECT_CLASS (facet_remote_assistant_parent_class)->finalize (object);
}

static void
facet_remote_assistant_class_init (FacetRemoteAssistantClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);

  object_class->get_property = facet_remote_assistant_get_property;
  object_class->dispose = facet_remote_assistant_dispose;
  object_class->finalize = facet_remote_assistant_finalize;
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
facet_remote_assistant_init (FacetRemoteAssistant *self)
{
  self->turns = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, turn_free);
}

FacetServer *
facet_remote_assistant_get_server (FacetRemoteAssistant *self)
{
  g_return_val_if_fail (FACET_IS_REMOTE_ASSISTANT (self), NULL);
  return self->remote->server;
}

FacetAssistant *
facet_remote_assistant_new (FacetServer            *server,
                            FacetKeyring           *keyring,
                            const char             *key,
                            const FacetRemoteTimes *times)
{
  FacetRemoteAssistant *self;
  FacetRemote          *remote;

  g_return_val_if_fail (FACET_IS_SERVER (server), NULL);
  self = g_object_new (FACET_TYPE_REMOTE_ASSISTANT, NULL);
  remote = self->remote = facet_remote_new (server);
  g_set_object (&remote->keyring, keyring);
  remote->key = g_strdup (key);
  if (times != NULL)
    remote->times = *times;
  remote->events = facet_event_source_new (NULL, FACET_FRAME_US, (GDestroyNotify)facet_event_free,
                                           deliver_cb, self);
  remote->learned = learned_cb;
  remote->user_data = self;
  return FACET_ASSISTANT (self);
}
