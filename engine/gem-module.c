/* gem-module.c: finds the table of operations of a kernel backend, and asks it for its devices.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One lock around everything that goes into a module before a device is open. */
#define G_LOG_DOMAIN "gem"

#include "gem-module.h"

#include <gmodule.h>

typedef const KrnOps *(*KrnOpsFunc) (void);

enum {
  N_BACKENDS = 3
};

const char *const gem_module_names[N_BACKENDS + 1] = {"cuda", "hip", "cpu", NULL};

static GMutex        lock;
static const KrnOps *replacements[N_BACKENDS]; /* under lock */

/* N_BACKENDS: there is none of this name. */
static gsize
backend_number (const char *name)
{
  gsize i = 0;

  while (i < N_BACKENDS && !g_str_equal (gem_module_names[i], name))
    i++;
  return i;
}

void
gem_module_replace (const char *name, const KrnOps *ops)
{
  gsize i = backend_number (name);

  g_return_if_fail (i < N_BACKENDS);
  g_mutex_lock (&lock);
  replacements[i] = ops;
  g_mutex_unlock (&lock);
}

/* As backends write their sentences: some end in a full stop. */
static char *
make_reason (const char *sentence)
{
  char *reason = g_strstrip (g_utf8_make_valid (sentence, -1));
  gsize length = strlen (reason);

  if (length > 0 && reason[length - 1] == '.')
    reason[length - 1] = '\0';
  return reason;
}

/* ---- modules ---- */

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
      *why = make_reason (g_module_error ());
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

/* Under lock. */
static const KrnOps *
find (const char *name, char **why)
{
  gsize         i = backend_number (name);
  GModule      *module;
  const KrnOps *ops;

  g_return_val_if_fail (i < N_BACKENDS, NULL);
  if (replacements[i] != NULL)
    return replacements[i];
  if (g_str_equal (name, "cpu"))
    return krn_cpu_ops ();
  module = open_module (name, why);
  if (module == NULL)
    return NULL;
  ops = module_ops (module, name, why);
  if (ops != NULL)
    g_module_make_resident (module);
  g_module_close (module); /* a resident one stays */
  return ops;
}

const KrnOps *
gem_module_find (const char *name, char **why)
{
  const KrnOps *ops;

  g_mutex_lock (&lock);
  ops = find (name, why);
  g_mutex_unlock (&lock);
  return ops;
}

/* ---- devices ---- */

int
gem_module_probe (const KrnOps *ops, char **why)
{
  char sentence[256] = "it has no device";
  int  n;

  g_mutex_lock (&lock);
  n = ops->probe (sentence, sizeof sentence);
  g_mutex_unlock (&lock);
  if (n <= 0)
    *why = make_reason (sentence);
  return MAX (n, 0);
}

gboolean
gem_module_describe (const KrnOps *ops, int index, KrnDeviceInfo *info)
{
  int status;

  *info = (KrnDeviceInfo){.threads = 0};
  g_mutex_lock (&lock);
  status = ops->describe (index, info);
  g_mutex_unlock (&lock);
  return status == 0;
}

KrnDevice *
gem_module_open (const KrnOps *ops, const KrnOptions *options, char **why)
{
  char       sentence[256] = "the device cannot be opened";
  KrnDevice *device;

  g_mutex_lock (&lock);
  device = ops->open (options, sentence, sizeof sentence);
  g_mutex_unlock (&lock);
  if (device == NULL)
    *why = make_reason (sentence);
  return device;
}
