/* facet-settings.c: finds the settings schema and turns preferences into an assistant.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Does not watch the settings: who reacts to a change connects to it. */
#define G_LOG_DOMAIN "facet-settings"

#include "config.h"

#include "facet-settings.h"

static GSettings *
find_settings (void)
{
  GSettingsSchemaSource *installed = g_settings_schema_source_get_default ();
  g_autoptr (GSettingsSchema) schema = NULL;

  if (installed != NULL)
    schema = g_settings_schema_source_lookup (installed, FACET_APP_ID, TRUE);
  if (schema == NULL) {
    /* Not installed: the build folder compiled one. */
    g_autoptr (GSettingsSchemaSource) built =
        g_settings_schema_source_new_from_directory (FACET_SCHEMA_DIR, installed, TRUE, NULL);
    if (built != NULL)
      schema = g_settings_schema_source_lookup (built, FACET_APP_ID, FALSE);
  }
  return schema != NULL ? g_settings_new_full (schema, NULL, NULL) : NULL;
}

GSettings *
facet_settings_get_default (void)
{
  static GSettings *settings;

  if (settings == NULL)
    settings = find_settings ();
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
