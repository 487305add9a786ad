/* facet-message.c: one message; its text grows in a GString, so that a long answer costs its
 * length, not its square.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Knows neither the store nor the assistant: facet-conversation.c moves it from state
 * to state. */
#define G_LOG_DOMAIN "facet-message"

#include "facet-message.h"

struct _FacetMessage {
  GObject           parent_instance;
  gint64            id;
  gint64            parent_id;
  FacetRole         role;
  FacetMessageState state;
  FacetPhase        phase;
  double            progress;
  GString          *text;
  GString          *thinking;
  char             *error;
  char             *model;
  char             *tool_calls;
  char             *tool_call_id;
  char             *tool_name;
  GPtrArray        *attachments; /* of FacetMedia; replaced, never changed */
  gint64            created;
  gboolean          cut_off;
  FacetUsage        usage;
  FacetOverflow     overflow;
  gint64            thinking_began; /* monotonic µs; 0: not thinking now */
  double            thinking_seconds;
};

G_DEFINE_FINAL_TYPE (FacetMessage, facet_message, G_TYPE_OBJECT)

enum {
  PROP_ID = 1,
  PROP_ROLE,
  PROP_STATE,
  PROP_PHASE,
  PROP_TEXT,
  PROP_THINKING,
  PROP_ERROR,
  PROP_PROGRESS,
  PROP_CREATED,
  PROP_MODEL,
  PROP_CUT_OFF,
  PROP_TOOL_CALLS,
  PROP_USAGE,
  PROP_ATTACHMENTS,
  N_PROPS,
};

static GParamSpec *props[N_PROPS];

enum {
  APPENDED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static void
facet_message_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  FacetMessage *self = FACET_MESSAGE (object);

  switch (id) {
  case PROP_ID:
    g_value_set_int64 (value, self->id);
    break;
  case PROP_ROLE:
    g_value_set_int (value, self->role);
    break;
  case PROP_STATE:
    g_value_set_int (value, self->state);
    break;
  case PROP_PHASE:
    g_value_set_int (value, self->phase);
    break;
  case PROP_TEXT:
    g_value_set_string (value, self->text->str);
    break;
  case PROP_THINKING:
    g_value_set_string (value, self->thinking->str);
    break;
  case PROP_ERROR:
    g_value_set_string (value, self->error);
    break;
  case PROP_PROGRESS:
    g_value_set_double (value, self->progress);
    break;
  case PROP_CREATED:
    g_value_set_int64 (value, self->created);
    break;
  case PROP_MODEL:
    g_value_set_string (value, self->model);
    break;
  case PROP_CUT_OFF:
    g_value_set_boolean (value, self->cut_off);
    break;
  case PROP_TOOL_CALLS:
    g_value_set_string (value, self->tool_calls);
    break;
  case PROP_USAGE:
    g_value_set_pointer (value, &self->usage);
    break;
  case PROP_ATTACHMENTS:
    g_value_set_boxed (value, self->attachments);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
facet_message_finalize (GObject *object)
{
  FacetMessage *self = FACET_MESSAGE (object);

  g_string_free (self->text, TRUE);
  g_string_free (self->thinking, TRUE);
  g_free (self->error);
  g_free (self->model);
  g_free (self->tool_calls);
  g_free (self->tool_call_id);
  g_free (self->tool_name);
  g_ptr_array_unref (self->attachments);
  G_OBJECT_CLASS (facet_message_parent_class)->finalize (object);
}

static void
facet_message_class_init (FacetMessageClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);
  GParamFlags   flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = facet_message_get_property;
  object_class->finalize = facet_message_finalize;

  props[PROP_ID] = g_param_spec_int64 ("id", NULL, NULL, 0, G_MAXINT64, 0, flags);
  props[PROP_ROLE] = g_param_spec_int ("role", NULL, NULL, 0, FACET_ROLE_TOOL, 0, flags);
  props[PROP_STATE] = g_param_spec_int ("state", NULL, NULL, 0, FACET_MESSAGE_TOO_LONG, 0, flags);
  props[PROP_PHASE] = g_param_spec_int ("phase", NULL, NULL, 0, FACET_PHASE_ANSWERING, 0, flags);
  props[PROP_TEXT] = g_param_spec_string ("text", NULL, NULL, "", flags);
  props[PROP_THINKING] = g_param_spec_string ("thinking", NULL, NULL, "", flags);
  props[PROP_ERROR] = g_param_spec_string ("error", NULL, NULL, NULL, flags);
  props[PROP_PROGRESS] = g_param_spec_double ("progress", NULL, NULL, 0, 1, 0, flags);
  props[PROP_CREATED] = g_param_spec_int64 ("created", NULL, NULL, 0, G_MAXINT64, 0, flags);
  props[PROP_MODEL] = g_param_spec_string ("model", NULL, NULL, NULL, flags);
  props[PROP_CUT_OFF] = g_param_spec_boolean ("cut-off", NULL, NULL, FALSE, flags);
  props[PROP_TOOL_CALLS] = g_param_spec_string ("tool-calls", NULL, NULL, NULL, flags);
  props[PROP_USAGE] = g_param_spec_pointer ("usage", NULL, NULL, flags);
  props[PROP_ATTACHMENTS] = g_param_spec_boxed ("attachments", NULL, NULL, G_TYPE_PTR_ARRAY, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);

  signals[APPENDED] =
      g_signal_new ("appended", G_TYPE_FROM_CLASS (class), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                    G_TYPE_NONE, 2, G_TYPE_INT, G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE);
}

static void
facet_message_init (FacetMessage *self)
{
  self->text = g_string_new (NULL);
  self->thinking = g_string_new (NULL);
  self->attachments = g_ptr_array_new_with_free_func (g_object_unref);
  self->created = g_get_real_time ();
}

FacetMessage *
facet_message_new (FacetRole role, const char *text)
{
  FacetMessage *self = g_object_new (FACET_TYPE_MESSAGE, NULL);

  self->role = role;
  if (text != NULL)
    g_string_assign (self->text, text);
  return self;
}

gint64
facet_message_get_id (FacetMessage *self)
{
  return self->id;
}

gint64
facet_message_get_parent_id (FacetMessage *self)
{
  return self->parent_id;
}

FacetRole
facet_message_get_role (FacetMessage *self)
{
  return self->role;
}

FacetMessageState
facet_message_get_state (FacetMessage *self)
{
  return self->state;
}

FacetPhase
facet_message_get_phase (FacetMessage *self)
{
  return self->phase;
}

const char *
facet_message_get_text (FacetMessage *self)
{
  return self->text->str;
}

const char *
facet_message_get_thinking (FacetMessage *self)
{
  return self->thinking->str;
}

const char *
facet_message_get_error (FacetMessage *self)
{
  return self->error;
}

const char *
facet_message_get_model (FacetMessage *self)
{
  return self->model;
}

double
facet_message_get_progress (FacetMessage *self)
{
  return self->progress;
}

gint64
facet_message_get_created (FacetMessage *self)
{
  return self->created;
}

const FacetUsage *
facet_message_get_usage (FacetMessage *self)
{
  return &self->usage;
}

const FacetOverflow *
facet_message_get_overflow (FacetMessage *self)
{
  return &self->overflow;
}

gboolean
facet_message_get_cut_off (FacetMessage *self)
{
  return self->cut_off;
}

const char *
facet_message_get_tool_calls (FacetMessage *self)
{
  return self->tool_calls;
}

const char *
facet_message_get_tool_call_id (FacetMessage *self)
{
  return self->tool_call_id;
}

const char *
facet_message_get_tool_name (FacetMessage *self)
{
  return self->tool_name;
}

GPtrArray *
facet_message_get_attachments (FacetMessage *self)
{
  return self->attachments;
}

gboolean
facet_message_is_running (FacetMessage *self)
{
  return self->state == FACET_MESSAGE_PENDING || self->state == FACET_MESSAGE_STREAMING;
}

double
facet_message_get_thinking_seconds (FacetMessage *self)
{
  if (self->thinking_began > 0)
    return (double)(g_get_monotonic_time () - self->thinking_began) / G_USEC_PER_SEC;
  /* The assistant's own measure is free of the time that events wait for the next frame. */
  return self->usage.thinking_s > 0 ? self->usage.thinking_s : self->thinking_seconds;
}

void
facet_message_set_id (FacetMessage *self, gint64 id)
{
  if (self->id == id)
    return;
  self->id = id;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ID]);
}

void
facet_message_set_parent_id (FacetMessage *self, gint64 parent_id)
{
  self->parent_id = parent_id;
}

void
facet_message_set_state (FacetMessage *self, FacetMessageState state)
{
  if (self->state == state)
    return;
  self->state = state;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE]);
}

void
facet_message_set_phase (FacetMessage *self, FacetPhase phase, double progress)
{
  gboolean phase_changed = self->phase != phase;
  gboolean progress_changed = self->progress != progress;

  if (phase_changed && phase == FACET_PHASE_THINKING)
    self->thinking_began = g_get_monotonic_time ();
  else if (phase_changed && self->thinking_began > 0) {
    self->thinking_seconds = facet_message_get_thinking_seconds (self);
    self->thinking_began = 0;
  }
  self->phase = phase;
  self->progress = progress;
  if (progress_changed)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PROGRESS]);
  if (phase_changed)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PHASE]);
}

void
facet_message_set_text (FacetMessage *self, const char *text)
{
  if (g_strcmp0 (self->text->str, text != NULL ? text : "") == 0)
    return;
  g_string_assign (self->text, text != NULL ? text : "");
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_TEXT]);
}

void
facet_message_set_thinking (FacetMessage *self, const char *thinking)
{
  if (g_strcmp0 (self->thinking->str, thinking != NULL ? thinking : "") == 0)
    return;
  g_string_assign (self->thinking, thinking != NULL ? thinking : "");
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_THINKING]);
}

/* Replaces one of our strings; tells whether it changed. */
static gboolean
replace_string (char **place, const char *value)
{
  if (g_strcmp0 (*place, value) == 0)
    return FALSE;
  g_free (*place);
  *place = g_strdup (value);
  return TRUE;
}

void
facet_message_set_error (FacetMessage *self, const char *error)
{
  if (replace_string (&self->error, error))
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ERROR]);
}

void
facet_message_set_model (FacetMessage *self, const char *model)
{
  if (replace_string (&self->model, model))
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_MODEL]);
}

void
facet_message_set_created (FacetMessage *self, gint64 created)
{
  if (self->created == created)
    return;
  self->created = created;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_CREATED]);
}

void
facet_message_set_usage (FacetMessage *self, const FacetUsage *usage)
{
  self->usage = *usage;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_USAGE]);
}

void
facet_message_set_overflow (FacetMessage *self, const FacetOverflow *overflow)
{
  self->overflow = *overflow;
}

void
facet_message_set_cut_off (FacetMessage *self, gboolean cut_off)
{
  cut_off = cut_off != FALSE;
  if (self->cut_off == cut_off)
    return;
  self->cut_off = cut_off;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_CUT_OFF]);
}

void
facet_message_set_tool_calls (FacetMessage *self, const char *json)
{
  if (replace_string (&self->tool_calls, json))
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_TOOL_CALLS]);
}

void
facet_message_set_tool_result (FacetMessage *self, const char *call_id, const char *name)
{
  replace_string (&self->tool_call_id, call_id);
  replace_string (&self->tool_name, name);
}

static gpointer
reference (gconstpointer media, gpointer user_data)
{
  return g_object_ref ((gpointer)media);
}

void
facet_message_set_attachments (FacetMessage *self, GPtrArray *attachments)
{
  GPtrArray *mine;

  if (attachments == NULL || attachments->len == 0) {
    if (self->attachments->len == 0)
      return;
    mine = g_ptr_array_new ();
  } else
    mine = g_ptr_array_copy (attachments, reference, NULL);
  g_ptr_array_set_free_func (mine, g_object_unref);
  g_ptr_array_unref (self->attachments);
  self->attachments = mine;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ATTACHMENTS]);
}

void
facet_message_append (FacetMessage *self, FacetTextKind kind, const char *delta)
{
  g_return_if_fail (delta != NULL);

  if (*delta == '\0')
    return;
  g_string_append (kind == FACET_TEXT_THINKING ? self->thinking : self->text, delta);
  g_signal_emit (self, signals[APPENDED], 0, (int)kind, delta);
}
