/* gem-device.c: lists the devices of all backends, and finds one by what a person calls it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which GPUs are plugged in is asked of the kernel, not of a driver: the question is there for the
 * case in which no driver answers. */
#define G_LOG_DOMAIN "gem"

#include "gem-device.h"
#include "gem-module.h"

#include <string.h>

#define PCI_FOLDER "/sys/bus/pci/devices"

static const struct {
  const char *backend, *kind;
  guint64     pci_vendor; /* 0: not a GPU */
} makers[] = {
    {"cuda", "NVIDIA GPU", 0x10de},
    {"hip", "AMD GPU", 0x1002},
    {"cpu", "CPU", 0},
};

static gsize
find_maker (const char *backend)
{
  gsize i = 0;

  while (i < G_N_ELEMENTS (makers) - 1 && !g_str_equal (makers[i].backend, backend))
    i++;
  return i;
}

const char *
gem_device_get_kind (const char *backend)
{
  return makers[find_maker (backend)].kind;
}

/* ---- what is plugged in ---- */

/* A file of one hexadecimal number; 0 when there is none. */
static guint64
read_number (const char *folder, const char *device, const char *file)
{
  g_autofree char *path = g_build_filename (folder, device, file, NULL);
  g_autofree char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? g_ascii_strtoull (text, NULL, 16) : 0;
}

/* Display controllers and processing accelerators (PCI Code and ID Assignment Specification). */
static gboolean
is_gpu_class (guint64 class)
{
  return class >> 16 == 0x03 || class >> 16 == 0x12;
}

gboolean
gem_device_is_plugged_in (const char *backend)
{
  const char *injected = g_getenv ("FACET_PCI_FOLDER");
  const char *folder = injected != NULL ? injected : PCI_FOLDER;
  guint64     vendor = makers[find_maker (backend)].pci_vendor;
  GDir       *dir = vendor != 0 ? g_dir_open (folder, 0, NULL) : NULL;
  const char *name;
  gboolean    found = FALSE;

  while (dir != NULL && !found && (name = g_dir_read_name (dir)) != NULL)
    found = read_number (folder, name, "vendor") == vendor &&
            is_gpu_class (read_number (folder, name, "class"));
  g_clear_pointer (&dir, g_dir_close);
  return found;
}

/* ---- the list ---- */

static void
device_free (gpointer data)
{
  GemDevice *self = data;

  g_free (self->name);
  g_free (self->isa);
  g_free (self->problem);
  g_free (self);
}

static GemDevice *
add (GPtrArray *devices, const char *backend, int index)
{
  GemDevice *device = g_new0 (GemDevice, 1);

  device->backend = makers[find_maker (backend)].backend;
  device->index = index;
  g_ptr_array_add (devices, device);
  return device;
}

static void
add_usable (GPtrArray *devices, const KrnOps *ops, const char *backend, int index)
{
  GemDevice    *device = add (devices, backend, index);
  KrnDeviceInfo info;

  gem_module_describe (ops, index, &info);
  device->name = g_strstrip (g_utf8_make_valid (info.name, -1));
  if (device->name[0] == '\0') {
    g_free (device->name);
    device->name = g_strdup (gem_device_get_kind (backend));
  }
  device->isa = g_utf8_make_valid (info.isa, -1);
  device->threads = info.threads;
  device->memory_total = info.memory_total;
  device->memory_free = info.memory_free;
  device->has_module = TRUE;
  device->is_here = TRUE;
}

static void
add_backend (GPtrArray *devices, const char *backend)
{
  g_autofree char *why = NULL;
  const KrnOps    *ops = gem_module_find (backend, &why);
  int              n = ops != NULL ? gem_module_probe (ops, &why) : 0;
  GemDevice       *device;

  for (int i = 0; i < n; i++)
    add_usable (devices, ops, backend, i);
  if (n > 0)
    return;
  device = add (devices, backend, -1);
  device->name = g_strdup (gem_device_get_kind (backend));
  device->isa = g_strdup ("");
  device->has_module = ops != NULL;
  device->problem = g_steal_pointer (&why);
  device->is_here = gem_device_is_plugged_in (backend);
}

GPtrArray *
gem_device_list (const char *backend)
{
  GPtrArray *devices = g_ptr_array_new_with_free_func (device_free);

  for (const char *const *name = gem_module_names; *name != NULL; name++)
    if (backend == NULL || g_str_equal (backend, *name))
      add_backend (devices, *name);
  return devices;
}

/* ---- by name ---- */

/* Whether @choice is "cuda", or "cuda:1": then *@index is 1. */
static gboolean
parse (const char *choice, const char *backend, gint64 *index)
{
  gsize       length = strlen (backend);
  const char *number = choice + length;

  *index = 0;
  if (g_ascii_strncasecmp (choice, backend, length) != 0)
    return FALSE;
  if (*number == '\0')
    return TRUE;
  return *number == ':' && g_ascii_string_to_signed (number + 1, 10, 0, G_MAXINT, index, NULL);
}

const char *
gem_device_get_backend (const char *choice)
{
  gint64 index;

  for (gsize i = 0; i < G_N_ELEMENTS (makers); i++)
    if (parse (choice, makers[i].backend, &index))
      return makers[i].backend;
  return NULL;
}

static gboolean
has_several_devices (const GPtrArray *devices, const char *backend)
{
  guint n = 0;

  for (guint i = 0; i < devices->len; i++)
    n += g_str_equal (((const GemDevice *)devices->pdata[i])->backend, backend);
  return n > 1;
}

/* "“cuda:0” (NVIDIA H100 80GB HBM3)" */
static void
append_device (GString *text, const GPtrArray *devices, const GemDevice *device)
{
  g_string_append_printf (text, "“%s", device->backend);
  if (has_several_devices (devices, device->backend))
    g_string_append_printf (text, ":%d", device->index);
  g_string_append_printf (text, "” (%s)", device->name);
}

static void
set_unusable (GError **error, const GemDevice *device, const char *why)
{
  g_autofree char *upper = g_ascii_strup (device->backend, -1);

  g_set_error (error, GEM_ERROR, GEM_ERROR_DEVICE,
               "%s cannot be used: %s.  Choose another device or “auto”.", upper, why);
}

static void
set_missing (GError **error, const GPtrArray *devices, const char *choice)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint n = 0;

  g_string_append_printf (text, "There is no device “%s”.  There are ", choice);
  for (guint i = 0; i < devices->len; i++) {
    const GemDevice *device = g_ptr_array_index (devices, i);

    if (device->problem != NULL)
      continue;
    if (n++ > 0)
      g_string_append (text, ", ");
    append_device (text, devices, device);
  }
  g_string_append (text, n > 0 ? " and “auto”." : "“auto” and the other backends.");
  for (guint i = 0; i < devices->len; i++) {
    const GemDevice *device = g_ptr_array_index (devices, i);

    if (device->problem != NULL && (device->is_here || n == 0))
      g_string_append_printf (text, "  The %s cannot be used: %s.", device->name, device->problem);
  }
  g_set_error_literal (error, GEM_ERROR, GEM_ERROR_DEVICE, text->str);
}

static void
set_ambiguous (GError **error, const GPtrArray *devices, const char *choice, const GPtrArray *fit)
{
  g_autoptr (GString) text = g_string_new (NULL);

  g_string_append_printf (text, "“%s” fits %u devices: ", choice, fit->len);
  for (guint i = 0; i < fit->len; i++) {
    if (i > 0)
      g_string_append (text, i + 1 < fit->len ? ", " : " and ");
    append_device (text, devices, g_ptr_array_index (fit, i));
  }
  g_set_error (error, GEM_ERROR, GEM_ERROR_DEVICE, "%s.  Choose one of them.", text->str);
}

/* Those whose name is @folded, or has it in it. */
static GPtrArray *
find_fitting (const GPtrArray *devices, const char *folded, gboolean whole)
{
  GPtrArray *fit = g_ptr_array_new ();

  for (guint i = 0; i < devices->len; i++) {
    const GemDevice *device = g_ptr_array_index (devices, i);
    g_autofree char *name = g_utf8_casefold (device->name, -1);

    if (whole ? g_str_equal (name, folded) : strstr (name, folded) != NULL)
      g_ptr_array_add (fit, (gpointer)device);
  }
  return fit;
}

/* A whole name comes before a part of one, and what can be used before what cannot. */
static const GemDevice *
find_by_name (const GPtrArray *devices, const char *choice, GError **error)
{
  g_autofree char *valid = g_utf8_make_valid (choice, -1);
  g_autofree char *folded = g_utf8_casefold (g_strstrip (valid), -1);
  g_autoptr (GPtrArray) fit = find_fitting (devices, folded, TRUE);
  const GemDevice *unusable = NULL;

  if (fit->len == 0 && folded[0] != '\0') {
    g_ptr_array_unref (fit);
    fit = find_fitting (devices, folded, FALSE);
  }
  for (guint i = fit->len; i-- > 0;) {
    const GemDevice *device = g_ptr_array_index (fit, i);

    if (device->problem != NULL) {
      unusable = device;
      g_ptr_array_remove_index (fit, i);
    }
  }
  if (fit->len == 1)
    return g_ptr_array_index (fit, 0);
  if (fit->len > 1)
    set_ambiguous (error, devices, valid, fit);
  else if (unusable != NULL)
    set_unusable (error, unusable, unusable->problem);
  else
    set_missing (error, devices, valid);
  return NULL;
}

const GemDevice *
gem_device_find (const GPtrArray *devices, const char *choice, GError **error)
{
  const GemDevice *first = NULL;
  gint64           index;
  int              n = 0;

  for (guint i = 0; i < devices->len; i++) {
    const GemDevice *device = g_ptr_array_index (devices, i);

    if (!parse (choice, device->backend, &index))
      continue;
    if (device->problem == NULL && device->index == index)
      return device;
    first = first != NULL ? first : device;
    n++;
  }
  if (first == NULL)
    return find_by_name (devices, choice, error);
  if (first->problem != NULL)
    set_unusable (error, first, first->problem);
  else {
    g_autofree char *why = NULL;

    parse (choice, first->backend, &index);
    why = g_strdup_printf ("there is no device %d (there %s %d, counted from 0)", (int)index,
                           n == 1 ? "is" : "are", n);
    set_unusable (error, first, why);
  }
  return NULL;
}

char *
gem_device_dup_choice (const GPtrArray *devices, const GemDevice *device)
{
  g_autoptr (GError) error = NULL;

  if (g_str_equal (device->backend, "cpu"))
    return g_strdup ("cpu");
  if (device->index < 0)
    return g_strdup (device->backend);
  if (gem_device_find (devices, device->name, &error) == device)
    return g_strdup (device->name);
  return g_strdup_printf ("%s:%d", device->backend, device->index);
}
