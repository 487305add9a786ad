/* gem-backend.c: finds, opens and closes a kernel backend and one of its devices.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Owns the module, the device and the buffers of the weights.  A module that is missing, of another
 * interface version or without a usable device is an error sentence when asked for by name, and
 * skipped by "auto".  Computes nothing. */
#define G_LOG_DOMAIN "gem"

#include "gem-backend.h"

#include <gmodule.h>
#include <string.h>

typedef const KrnOps *(*KrnOpsFunc) (void);

struct _GemBackend {
  GModule      *module; /* NULL: linked in */
  const KrnOps *ops;
  KrnDevice    *device;
  GPtrArray    *buffers; /* of KrnBuffer */
  char         *description;
};

static const KrnOps *cpu_replacement;

void
gem_backend_replace_cpu (const KrnOps *ops)
{
  cpu_replacement = ops;
}

static void
set_device_error (GError **error, const char *name, const char *why)
{
  g_autofree char *upper = g_ascii_strup (name, -1);

  g_set_error (error, GEM_ERROR, GEM_ERROR_DEVICE,
               "%s cannot be used: %s%s  Choose another device or “auto”.", upper, why,
               g_str_has_suffix (why, ".") ? "" : ".");
}

/* ---- modules ---- */

/* NULL with @why when there is none or it cannot be loaded. */
static GModule *
open_module (const char *name, char **why)
{
  const char      *folders[] = {g_getenv ("FACET_MODULE_PATH"), GEM_MODULE_DIR};
  g_autofree char *file = g_strdup_printf ("libkrn-%s.so", name);

  for (gsize i = 0; i < G_N_ELEMENTS (folders); i++) {
    g_autofree char *path = NULL;
    GModule         *module;

    if (folders[i] == NULL)
      continue;
    path = g_build_filename (folders[i], file, NULL);
    if (!g_file_test (path, G_FILE_TEST_EXISTS))
      continue;
    module = g_module_open (path, G_MODULE_BIND_LOCAL);
    if (module == NULL)
      *why = g_strdup (g_module_error ());
    return module;
  }
  *why = g_strdup_printf ("its module %s is not installed", file);
  return NULL;
}

static const KrnOps *
module_ops (GModule *module, const char *name, char **why)
{
  gpointer      symbol = NULL;
  const KrnOps *ops;

  if (!g_module_symbol (module, "krn_ops", &symbol) || symbol == NULL) {
    *why = g_strdup ("its module is no backend of Facet (it lacks krn_ops)");
    return NULL;
  }
  ops = ((KrnOpsFunc)symbol) ();
  if (ops == NULL || ops->abi != KRN_ABI) {
    *why =
        g_strdup_printf ("its module was built for another version of Facet (interface %u, not %u)",
                         ops != NULL ? ops->abi : 0, KRN_ABI);
    return NULL;
  }
  if (g_strcmp0 (ops->name, name) != 0) {
    *why = g_strdup_printf ("its module says it is “%s”", ops->name != NULL ? ops->name : "");
    return NULL;
  }
  return ops;
}

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

/* Takes @module, also on error. */
static GemBackend *
open_device (const KrnOps     *ops,
             GModule          *module,
             const char       *name,
             const KrnOptions *options,
             GError          **error)
{
  char        why[256] = "no such device";
  KrnDevice  *device = NULL;
  int         n = ops->probe (why, sizeof why);
  GemBackend *self;

  if (options->index >= 0 && options->index < n)
    device = ops->open (options, why, sizeof why);
  else if (n > 0)
    g_snprintf (why, sizeof why, "there is no device %d (there are %d, counted from 0)",
                options->index, n);
  if (device == NULL) {
    set_device_error (error, name, why);
    g_clear_pointer (&module, g_module_close);
    return NULL;
  }
  self = g_new0 (GemBackend, 1);
  self->module = module;
  self->ops = ops;
  self->device = device;
  self->buffers = g_ptr_array_new ();
  self->description = describe (ops, device);
  return self;
}

static GemBackend *
open_named (const char *name, const KrnOptions *options, GError **error)
{
  g_autofree char *why = NULL;
  GModule         *module;
  const KrnOps    *ops;

  if (g_str_equal (name, "cpu"))
    return open_device (cpu_replacement != NULL ? cpu_replacement : krn_cpu_ops (), NULL, name,
                        options, error);
  if (!g_str_equal (name, "cuda") && !g_str_equal (name, "hip")) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_DEVICE,
                 "There is no backend “%s”; there are cpu, cuda, hip and auto.", name);
    return NULL;
  }
  module = open_module (name, &why);
  ops = module != NULL ? module_ops (module, name, &why) : NULL;
  if (ops != NULL)
    return open_device (ops, module, name, options, error);
  set_device_error (error, name, why);
  g_clear_pointer (&module, g_module_close);
  return NULL;
}

GemBackend *
gem_backend_open (const char *name, const KrnOptions *options, GError **error)
{
  static const char *const gpus[] = {"cuda", "hip"};

  if (name != NULL && !g_str_equal (name, "auto"))
    return open_named (name, options, error);
  for (gsize i = 0; i < G_N_ELEMENTS (gpus); i++) {
    g_autoptr (GError) why = NULL;
    GemBackend *self = open_named (gpus[i], options, &why);

    if (self != NULL)
      return self;
    g_debug ("%s", why->message);
  }
  /* The index counts GPUs; there is one CPU. */
  return open_named ("cpu", &(KrnOptions){.threads = options->threads, .fast = options->fast},
                     error);
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
  g_clear_pointer (&self->module, g_module_close);
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

/* ---- memory ---- */

static KrnBuffer *
keep (GemBackend *self, KrnBuffer *buffer, gsize bytes, const char *what, GError **error)
{
  g_autofree char *size = NULL;

  if (buffer != NULL) {
    g_ptr_array_add (self->buffers, buffer);
    return buffer;
  }
  size = g_format_size (bytes);
  g_set_error (error, GEM_ERROR, GEM_ERROR_NO_MEMORY,
               "There is no memory for %s (%s) on %s.  Close other programs, or choose smaller "
               "weights (q8 or q4).",
               what, size, self->description);
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
