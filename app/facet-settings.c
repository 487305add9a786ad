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

FacetSampling
facet_settings_get_sampling (GSettings *settings)
{
  FacetSampling sampling = FACET_SAMPLING_OF_MODEL;

  sampling.seed = g_settings_get_uint (settings, "seed");
  sampling.max_tokens = g_settings_get_uint (settings, "longest-answer");
  if (!g_settings_get_boolean (settings, "own-sampling"))
    return sampling;
  sampling.temperature = g_settings_get_double (settings, "temperature");
  sampling.top_k = g_settings_get_int (settings, "top-k");
  sampling.top_p = g_settings_get_double (settings, "top-p");
  sampling.min_p = g_settings_get_double (settings, "min-p");
  sampling.repetition_penalty = g_settings_get_double (settings, "repetition-penalty");
  return sampling;
}

FacetAssistant *
facet_settings_make_assistant (GSettings *settings)
{
  g_autofree char  *folder = g_settings_get_string (settings, "model-folder");
  g_autofree char  *device = g_settings_get_string (settings, "device");
  g_autofree char  *weights = g_settings_get_string (settings, "weights");
  g_autofree char  *cache = g_settings_get_string (settings, "cache-type");
  FacetLocalOptions options = {
      .model_folder = folder,
      .device = device,
      .memory_share = g_settings_get_double (settings, "gpu-memory-share"),
      .weights = weights,
      .cache = cache,
      .threads = g_settings_get_int (settings, "threads"),
      .context_size = g_settings_get_uint (settings, "context-size"),
  };
  FacetAssistant *assistant = facet_local_assistant_new (&options);

  facet_local_assistant_set_state_limit (FACET_LOCAL_ASSISTANT (assistant),
                                         facet_settings_get_state_limit (settings));
  return assistant;
}
