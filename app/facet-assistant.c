/* facet-assistant.c: the interface itself: its properties and the calls through it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Holds no state. */
#define G_LOG_DOMAIN "facet-assistant"

#include "facet-assistant.h"

G_DEFINE_INTERFACE (FacetAssistant, facet_assistant, G_TYPE_OBJECT)

static void
facet_assistant_default_init (FacetAssistantInterface *iface)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  const char *const strings[] = {"name", "place", "device", "error", "warning"};

  g_object_interface_install_property (iface, g_param_spec_int ("state", NULL, NULL, 0,
                                                                FACET_ASSISTANT_FAILED, 0, flags));
  g_object_interface_install_property (iface, g_param_spec_double ("progress", NULL, NULL, 0, 1, 0,
                                                                   flags));
  for (guint i = 0; i < G_N_ELEMENTS (strings); i++)
    g_object_interface_install_property (iface,
                                         g_param_spec_string (strings[i], NULL, NULL, NULL, flags));
  g_object_interface_install_property (iface,
                                       g_param_spec_boolean ("is-demo", NULL, NULL, FALSE, flags));
  g_object_interface_install_property (iface, g_param_spec_uint ("context-size", NULL, NULL, 0,
                                                                 G_MAXUINT, 0, flags));
  g_object_interface_install_property (iface,
                                       g_param_spec_boolean ("sees", NULL, NULL, TRUE, flags));
  g_object_interface_install_property (iface,
                                       g_param_spec_boolean ("hears", NULL, NULL, TRUE, flags));
}

FacetAssistantState
facet_assistant_get_state (FacetAssistant *self)
{
  int state;

  g_return_val_if_fail (FACET_IS_ASSISTANT (self), FACET_ASSISTANT_FAILED);
  g_object_get (self, "state", &state, NULL);
  return (FacetAssistantState)state;
}

double
facet_assistant_get_progress (FacetAssistant *self)
{
  double progress;

  g_return_val_if_fail (FACET_IS_ASSISTANT (self), 0);
  g_object_get (self, "progress", &progress, NULL);
  return progress;
}

static char *
dup_string (FacetAssistant *self, const char *property)
{
  char *value;

  g_return_val_if_fail (FACET_IS_ASSISTANT (self), NULL);
  g_object_get (self, property, &value, NULL);
  return value;
}

char *
facet_assistant_dup_name (FacetAssistant *self)
{
  return dup_string (self, "name");
}

char *
facet_assistant_dup_place (FacetAssistant *self)
{
  return dup_string (self, "place");
}

char *
facet_assistant_dup_device (FacetAssistant *self)
{
  return dup_string (self, "device");
}

char *
facet_assistant_dup_error (FacetAssistant *self)
{
  return dup_string (self, "error");
}

char *
facet_assistant_dup_warning (FacetAssistant *self)
{
  return dup_string (self, "warning");
}

static gboolean
get_boolean (FacetAssistant *self, const char *property)
{
  gboolean value;

  g_return_val_if_fail (FACET_IS_ASSISTANT (self), FALSE);
  g_object_get (self, property, &value, NULL);
  return value;
}

gboolean
facet_assistant_is_demo (FacetAssistant *self)
{
  return get_boolean (self, "is-demo");
}

gboolean
facet_assistant_sees (FacetAssistant *self)
{
  return get_boolean (self, "sees");
}

gboolean
facet_assistant_hears (FacetAssistant *self)
{
  return get_boolean (self, "hears");
}

guint
facet_assistant_get_context_size (FacetAssistant *self)
{
  guint size;

  g_return_val_if_fail (FACET_IS_ASSISTANT (self), 0);
  g_object_get (self, "context-size", &size, NULL);
  return size;
}

guint64
facet_assistant_start (FacetAssistant *self,
                       FacetRequest   *request,
                       FacetEventFunc  func,
                       gpointer        user_data)
{
  g_return_val_if_fail (FACET_IS_ASSISTANT (self), 0);
  g_return_val_if_fail (request != NULL && request->messages->len > 0, 0);
  return FACET_ASSISTANT_GET_IFACE (self)->start (self, request, func, user_data);
}

void
facet_assistant_cancel (FacetAssistant *self, guint64 turn)
{
  g_return_if_fail (FACET_IS_ASSISTANT (self));
  FACET_ASSISTANT_GET_IFACE (self)->cancel (self, turn);
}

void
facet_assistant_answer_now (FacetAssistant *self, guint64 turn)
{
  g_return_if_fail (FACET_IS_ASSISTANT (self));
  FACET_ASSISTANT_GET_IFACE (self)->answer_now (self, turn);
}

void
facet_assistant_count_tokens (FacetAssistant *self,
                              const char     *text,
                              FacetCountFunc  func,
                              gpointer        user_data)
{
  g_return_if_fail (FACET_IS_ASSISTANT (self));
  g_return_if_fail (text != NULL && func != NULL);
  FACET_ASSISTANT_GET_IFACE (self)->count_tokens (self, text, func, user_data);
}

void
facet_assistant_leave (FacetAssistant *self)
{
  g_return_if_fail (FACET_IS_ASSISTANT (self));
  if (FACET_ASSISTANT_GET_IFACE (self)->leave != NULL)
    FACET_ASSISTANT_GET_IFACE (self)->leave (self);
}

void
facet_assistant_forget (FacetAssistant *self, const char *store, gint64 conversation)
{
  g_return_if_fail (FACET_IS_ASSISTANT (self));
  g_return_if_fail (store != NULL);
  if (FACET_ASSISTANT_GET_IFACE (self)->forget != NULL)
    FACET_ASSISTANT_GET_IFACE (self)->forget (self, store, conversation);
}
