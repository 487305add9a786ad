/* facet-schema.c: where the schema of the settings lies.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#define G_LOG_DOMAIN "facet-settings"

#include "config.h"

#include "facet-schema.h"

GSettings *
facet_schema_new_settings (void)
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
