/* facet-settings.c: the settings of this process, and how they become an assistant.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Does not watch the settings: who reacts to a change connects to it. */
#define G_LOG_DOMAIN "facet-settings"

#include "config.h"

#include "facet-settings.h"

#include "facet-schema.h"

GSettings *
facet_settings_get_default (void)
{
  static GSettings *settings;

  if (settings == NULL)
    settings = facet_schema_new_settings ();
  return settings;
}

guint64
facet_settings_get_state_limit (GSettings *settings)
{
  return g_settings_get_boolean (settings, "keep-states")
             ? (guint64)g_settings_get_uint (settings, "states-size") << 20
             : 0;
}

FacetAssistant *
facet_settings_make_assistant (GSettings *settings)
{
  g_autofree char  *folder = g_settings_get_string (settings, "model-folder");
  g_autofree char  *device = g_settings_get_string (settings, "device");
  g_autofree char  *weights = g_settings_get_string (settings, "weights");
  FacetLocalOptions options = {
      .model_folder = folder,
      .device = device,
      .memory_share = g_settings_get_double (settings, "gpu-memory-share"),
      .weights = weights,
      .threads = g_settings_get_int (settings, "threads"),
      .context_size = g_settings_get_uint (settings, "context-size"),
  };
  FacetAssistant *assistant = facet_local_assistant_new (&options);

  facet_local_assistant_set_state_limit (FACET_LOCAL_ASSISTANT (assistant),
                                         facet_settings_get_state_limit (settings));
  return assistant;
}
