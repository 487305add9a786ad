/* facet-hardware-plan.c: asks the devices and the model's headers, and compares.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread, but for what stands under "In the thread". */
#define G_LOG_DOMAIN "facet-hardware-plan"

#include "config.h"

#include "facet-hardware-plan.h"

#include "engine/gem-device.h"
#include "engine/gem-need.h"
#include "facet-device.h"
#include "facet-local-assistant.h"

#include <glib/gi18n-lib.h>


struct _FacetHardwarePlan {
  /* As the settings were. */
  char        *folder, *choice;
  GemWeights   weights;
  GemCacheType cache;
  guint        context_size;
  double       memory_share;

  GPtrArray *checks; /* of FacetHardware */
  gboolean   has_model;
  GemConfig  config;
  GemNeed    need; /* without a session */
  char      *place;
  gboolean   on_gpu;
  guint64    have; /* 0: not known */
};

void
facet_hardware_plan_free (FacetHardwarePlan *self)
{
  g_clear_pointer (&self->checks, g_ptr_array_unref);
  g_free (self->folder);
  g_free (self->choice);
  g_free (self->place);
  g_free (self);
}

/* In the thread */

/* The one that would compute: that of the settings, or the first that can. */
static const GemDevice *
choose_device (const FacetHardwarePlan *self, const GPtrArray *devices)
{
  const GemDevice *chosen = NULL;

  if (!g_str_equal (self->choice, FACET_DEVICE_AUTO))
    chosen = gem_device_find (devices, self->choice, NULL);
  for (guint i = 0; chosen == NULL && i < devices->len; i++)
    if (((const GemDevice *)devices->pdata[i])->problem == NULL)
      chosen = g_ptr_array_index (devices, i);
  return chosen;
}

static guint64
count_total (const FacetHardwarePlan *self, gboolean on_gpu)
{
  GemNeed need = self->need;

  if (!self->has_model)
    return 0;
  need.session = gem_need_count_session (&self->config.text, self->cache,
                                         MIN (self->context_size,
                                              (guint)self->config.text.max_position_embeddings),
                                         on_gpu);
  return gem_need_get_total (&need);
}

static void
look_at_model (FacetHardwarePlan *self)
{
  GemModelOptions options = {.weights = self->weights};
  g_autoptr (GError) error = NULL;

  self->has_model = self->folder != NULL &&
                    gem_need_count_at (self->folder, &options, &self->need, &self->config, &error);
  if (error != NULL)
    g_info ("%s", error->message);
}

static void
plan_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  FacetHardwarePlan *self = task_data;
  g_autoptr (GPtrArray) devices = gem_device_list (NULL);
  const GemDevice *device = choose_device (self, devices);

  look_at_model (self);
  self->checks = facet_hardware_check_here (devices, count_total (self, TRUE),
                                            count_total (self, FALSE), self->memory_share);
  if (device != NULL) {
    self->on_gpu = !g_str_equal (device->backend, "cpu");
    self->place = g_strdup (device->name);
    self->have = self->on_gpu ? (guint64)((double)device->memory_total * self->memory_share)
                              : device->memory_free;
    if (!self->on_gpu && self->have == 0)
      self->have = device->memory_total;
  }
  g_task_return_pointer (task, self, (GDestroyNotify)facet_hardware_plan_free);
}

/* The main thread's side */

void
facet_hardware_plan_async (GSettings          *settings,
                           GCancellable       *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer            user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  FacetHardwarePlan *self = g_new0 (FacetHardwarePlan, 1);
  guint              context_size = g_settings_get_uint (settings, "context-size");

  self->folder = g_settings_get_string (settings, "model-folder");
  self->choice = g_settings_get_string (settings, "device");
  self->weights = (GemWeights)g_settings_get_enum (settings, "weights");
  self->cache = g_settings_get_enum (settings, "cache-type") == 1 ? GEM_CACHE_BF16 : GEM_CACHE_F32;
  self->context_size = context_size > 0 ? context_size : FACET_DEFAULT_CONTEXT;
  self->memory_share = g_settings_get_double (settings, "gpu-memory-share");
  if (self->folder[0] == '\0') {
    g_free (self->folder);
    self->folder = facet_find_demo_model ();
  }
  g_task_set_source_tag (task, facet_hardware_plan_async);
  g_task_set_task_data (task, self, NULL); /* the thread gives it back, always */
  g_task_run_in_thread (task, plan_thread);
}

FacetHardwarePlan *
facet_hardware_plan_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

const GPtrArray *
facet_hardware_plan_get_checks (FacetHardwarePlan *self)
{
  return self->checks;
}

guint64
facet_hardware_plan_get_context_bytes (FacetHardwarePlan *self, guint n_tokens)
{
  return self->has_model
             ? gem_need_count_session (&self->config.text, self->cache, n_tokens, self->on_gpu)
             : 0;
}

guint
facet_hardware_plan_get_most (FacetHardwarePlan *self)
{
  return self->has_model ? (guint)self->config.text.max_position_embeddings : 0;
}

guint
facet_hardware_plan_get_longest (FacetHardwarePlan *self)
{
  guint64 model = gem_need_get_total (&self->need);

  if (!self->has_model || self->have <= model)
    return 0;
  return gem_need_longest_context (&self->config.text, self->cache, self->on_gpu,
                                   self->have - model);
}

char *
facet_hardware_plan_dup_text (FacetHardwarePlan *self)
{
  guint            longest = facet_hardware_plan_get_longest (self);
  g_autofree char *have = g_format_size (self->have);
  g_autofree char *model = g_format_size (gem_need_get_total (&self->need));

  if (!self->has_model || self->have == 0)
    return NULL;
  if (longest == 0)
    /* Translators: a device, its memory, and what the model needs before it has read a word. */
    return g_strdup_printf (_ ("%s has %s to give, and the model alone takes %s.  Choose fewer "
                               "bits "
                               "for the weights or a smaller model."),
                            self->place, have, model);
  /* Translators: a number of tokens, a device, its memory, what the model takes of it. */
  return g_strdup_printf (_ ("Up to %'u tokens fit: %s has %s to give, of which the model takes "
                             "%s"),
                          longest, self->place, have, model);
}
