/* gem-backend.c: opens and closes one device of a kernel backend, and keeps its buffers.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Owns the device and the buffers of the weights.  What cannot be used is an error sentence when it
 * was asked for by name; "auto" goes on to the next, and never from a GPU to the CPU without saying
 * so.  Computes nothing. */
#define G_LOG_DOMAIN "gem"

#include "gem-backend.h"
#include "gem-device.h"
#include "gem-module.h"

#include <string.h>

struct _GemBackend {
  const KrnOps *ops;
  KrnDevice    *device;
  GPtrArray    *buffers; /* of KrnBuffer */
  char         *description;
  float         memory_share;
  gboolean      is_automatic;
};

/* ---- opening ---- */

static char *
describe (const KrnOps *ops, KrnDevice *device)
{
  KrnDeviceInfo    info = {.threads = 0};
  g_autofree char *upper = g_ascii_strup (ops->name, -1);
  GString         *text = g_string_new (upper);

  ops->info (device, &info);
  g_string_append_printf (text, ", %s", info.name);
  if (info.threads > 0)
    g_string_append_printf (text, ", %d thread%s", info.threads, info.threads == 1 ? "" : "s");
  if (info.isa[0] != '\0')
    g_string_append_printf (text, ", %s", info.isa);
  return g_string_free (text, FALSE);
}

/* NULL with a reason, as in gem-module.h. */
static GemBackend *
open_device (const KrnOps *ops, int index, const KrnOptions *options, char **why)
{
  KrnOptions  chosen = *options;
  KrnDevice  *device;
  GemBackend *self;

  chosen.index = index;
  device = gem_module_open (ops, &chosen, why);
  if (device == NULL)
    return NULL;
  self = g_new0 (GemBackend, 1);
  self->ops = ops;
  self->device = device;
  self->buffers = g_ptr_array_new ();
  self->description = describe (ops, device);
  self->memory_share = options->memory_share > 0 ? options->memory_share : 0.9f;
  return self;
}

/* One that was asked for. */
static GemBackend *
open_chosen (const char *backend, const char *choice, const KrnOptions *options, GError **error)
{
  g_autoptr (GPtrArray) devices = gem_device_list (backend);
  g_autofree char *why = NULL;
  const GemDevice *device = gem_device_find (devices, choice, error);
  GemBackend      *self;

  if (device == NULL)
    return NULL;
  self = open_device (gem_module_find (device->backend, &why), device->index, options, &why);
  if (self == NULL)
    g_set_error (error, GEM_ERROR, GEM_ERROR_DEVICE,
                 "%s cannot be used: %s.  Choose another device or “auto”.", device->name, why);
  return self;
}

/* The first device of a GPU backend that opens.  What a person has to know why none does is added
 * to @warnings: nothing on a machine without such a GPU, whatever is installed there. */
static GemBackend *
open_gpu (const char *name, const KrnOptions *options, GPtrArray *warnings)
{
  g_autofree char *why = NULL;
  const KrnOps    *ops = gem_module_find (name, &why);
  int              n = ops != NULL ? gem_module_probe (ops, &why) : 0;

  for (int i = 0; i < n; i++) {
    GemBackend *self;

    g_clear_pointer (&why, g_free);
    self = open_device (ops, i, options, &why);
    if (self != NULL) {
      self->is_automatic = TRUE;
      return self;
    }
  }
  if (n > 0 || gem_device_is_plugged_in (name))
    g_ptr_array_add (warnings,
                     g_strdup_printf ("The CPU computes, because the %s cannot be used: %s.  To "
                                      "have it so without this message, choose the CPU (“cpu”).",
                                      gem_device_get_kind (name), why));
  else
    g_debug ("%s: %s", name, why);
  return NULL;
}

static GemBackend *
open_automatic (const KrnOptions *options, GPtrArray *warnings, GError **error)
{
  g_autoptr (GPtrArray) reasons = g_ptr_array_new_with_free_func (g_free);
  GemBackend *self;

  for (const char *const *name = gem_module_names; !g_str_equal (*name, "cpu"); name++) {
    self = open_gpu (*name, options, reasons);
    if (self != NULL)
      return self;
  }
  self = open_chosen ("cpu", "cpu", options, error);
  if (self != NULL && warnings != NULL)
    g_ptr_array_extend_and_steal (warnings, g_steal_pointer (&reasons));
  return self;
}

static gboolean
is_automatic (const char *choice)
{
  return choice == NULL || *choice == '\0' || g_str_equal (choice, "auto");
}

GemBackend *
gem_backend_open (const char       *backend,
                  const char       *device,
                  const KrnOptions *options,
                  GPtrArray        *warnings,
                  GError          **error)
{
  g_autofree char *numbered = NULL;

  if (backend == NULL || g_str_equal (backend, "auto")) {
    if (is_automatic (device))
      return open_automatic (options, warnings, error);
    /* Other drivers need not be waited for. */
    return open_chosen (gem_device_get_backend (device), device, options, error);
  }
  if (!g_strv_contains (gem_module_names, backend)) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_DEVICE,
                 "There is no backend “%s”; there are cpu, cuda, hip and auto.", backend);
    return NULL;
  }
  if (is_automatic (device))
    device = backend;
  else if (device[strspn (device, "0123456789")] == '\0')
    device = numbered = g_strdup_printf ("%s:%s", backend, device);
  return open_chosen (backend, device, options, error);
}

void
gem_backend_close (GemBackend *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < self->buffers->len; i++)
    self->ops->free (self->device, g_ptr_array_index (self->buffers, i));
  g_ptr_array_unref (self->buffers);
  self->ops->close (self->device);
  g_free (self->description);
  g_free (self);
}

const KrnOps *
gem_backend_get_ops (GemBackend *self)
{
  return self->ops;
}

KrnDevice *
gem_backend_get_device (GemBackend *self)
{
  return self->device;
}

const char *
gem_backend_get_description (GemBackend *self)
{
  return self->description;
}

gboolean
gem_backend_is_automatic_gpu (GemBackend *self)
{
  return self->is_automatic;
}

/* ---- memory ---- */

/* What can be done about it. */
static char *
way_out (GemBackend *self)
{
  if (g_str_equal (self->ops->name, "cpu"))
    return g_strdup ("Close other programs, or choose smaller weights (q8 or q4).");
  return g_strdup_printf ("Choose smaller weights (q8 or q4), another device, or let Facet use "
                          "more "
                          "than %.0f %% of its memory.",
                          self->memory_share * 100);
}

static KrnBuffer *
keep (GemBackend *self, KrnBuffer *buffer, gsize bytes, const char *what, GError **error)
{
  g_autofree char *size = NULL;
  g_autofree char *way = NULL;

  if (buffer != NULL) {
    g_ptr_array_add (self->buffers, buffer);
    return buffer;
  }
  size = g_format_size (bytes);
  way = way_out (self);
  g_set_error (error, GEM_ERROR, GEM_ERROR_NO_MEMORY, "There is no memory for %s (%s) on %s.  %s",
               what, size, self->description, way);
  return NULL;
}

KrnBuffer *
gem_backend_wrap (GemBackend *self,
                  const void *memory,
                  gsize       bytes,
                  gboolean    host,
                  const char *what,
                  GError    **error)
{
  return keep (self, self->ops->wrap (self->device, memory, bytes, host), bytes, what, error);
}

KrnBuffer *
gem_backend_store (GemBackend *self,
                   const void *memory,
                   gsize       bytes,
                   const char *what,
                   GError    **error)
{
  KrnBuffer *buffer = keep (self, self->ops->alloc (self->device, bytes), bytes, what, error);

  if (buffer != NULL)
    self->ops->write (self->device, buffer, 0, memory, bytes);
  return buffer;
}
