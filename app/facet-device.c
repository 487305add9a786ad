/* facet-device.c: lists the devices of this computer in a thread, and puts them into words.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The thread has only the engine's plain list; the objects are made on the main thread. */
#define G_LOG_DOMAIN "facet-device"

#include "config.h"

#include "facet-device.h"

#include "engine/gem-device.h"

#include <glib/gi18n-lib.h>

struct _FacetDevice {
  GObject  parent_instance;
  char    *choice, *name, *detail;
  gboolean is_gpu, is_usable;
};

G_DEFINE_FINAL_TYPE (FacetDevice, facet_device, G_TYPE_OBJECT)

/* In words */

static char *
describe (const GemDevice *device, const char *choice)
{
  g_autoptr (GString) text = g_string_new (NULL);

  if (device->problem != NULL)
    /* Translators: a GPU, and half a sentence that says why. */
    return g_strdup_printf (_ ("Cannot be used: %s."), device->problem);
  if (g_str_equal (device->backend, "cpu"))
    g_string_append (text, _ ("Processor"));
  else if (g_str_equal (choice, device->name)) {
    g_autofree char *backend = g_ascii_strup (device->backend, -1);

    g_string_append (text, backend);
  } else
    g_string_append (text, choice);
  if (device->threads > 0) {
    g_autofree char *threads = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%d thread",
                                                             "%d threads", (gulong)device->threads),
                                                device->threads);

    g_string_append_printf (text, ", %s", threads);
  }
  if (device->memory_total > 0) {
    g_autofree char *size = g_format_size (device->memory_total);

    g_string_append (text, ", ");
    /* Translators: how much memory a GPU or a computer has. */
    g_string_append_printf (text, _ ("%s of memory"), size);
  }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static FacetDevice *
device_from_engine (const GPtrArray *devices, const GemDevice *device)
{
  g_autofree char *choice = gem_device_dup_choice (devices, device);
  g_autofree char *detail = describe (device, choice);

  return facet_device_new (choice, device->name, detail, !g_str_equal (device->backend, "cpu"),
                           device->problem == NULL);
}

/* Listing */

typedef struct {
  GPtrArray       *devices; /* of GemDevice */
  const GemDevice *chosen;
} Found;

static void
found_free (gpointer data)
{
  Found *found = data;

  g_ptr_array_unref (found->devices);
  g_free (found);
}

static void
list_thread (GTask *task, gpointer source, gpointer choice, GCancellable *cancellable)
{
  Found *found = g_new0 (Found, 1);

  found->devices = gem_device_list (NULL);
  if (!g_str_equal (choice, FACET_DEVICE_AUTO))
    found->chosen = gem_device_find (found->devices, choice, NULL);
  g_task_return_pointer (task, found, found_free);
}

void
facet_device_list_async (const char         *choice,
                         GCancellable       *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer            user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, facet_device_list_async);
  g_task_set_task_data (task, g_strdup (choice), g_free);
  g_task_run_in_thread (task, list_thread);
}

GPtrArray *
facet_device_list_finish (GAsyncResult *result, FacetDevice **chosen, GError **error)
{
  Found     *found = g_task_propagate_pointer (G_TASK (result), error);
  GPtrArray *list;

  *chosen = NULL;
  if (found == NULL)
    return NULL;
  list = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < found->devices->len; i++) {
    const GemDevice *device = g_ptr_array_index (found->devices, i);

    if (!device->is_here)
      continue;
    g_ptr_array_add (list, device_from_engine (found->devices, device));
    if (device == found->chosen)
      *chosen = g_ptr_array_index (list, list->len - 1);
  }
  found_free (found);
  return list;
}

/* The object */

const char *
facet_device_get_choice (FacetDevice *self)
{
  g_return_val_if_fail (FACET_IS_DEVICE (self), NULL);

  return self->choice;
}

const char *
facet_device_get_name (FacetDevice *self)
{
  g_return_val_if_fail (FACET_IS_DEVICE (self), NULL);

  return self->name;
}

const char *
facet_device_get_detail (FacetDevice *self)
{
  g_return_val_if_fail (FACET_IS_DEVICE (self), NULL);

  return self->detail;
}

gboolean
facet_device_is_gpu (FacetDevice *self)
{
  g_return_val_if_fail (FACET_IS_DEVICE (self), FALSE);

  return self->is_gpu;
}

gboolean
facet_device_is_usable (FacetDevice *self)
{
  g_return_val_if_fail (FACET_IS_DEVICE (self), FALSE);

  return self->is_usable;
}

static void
facet_device_finalize (GObject *object)
{
  FacetDevice *self = FACET_DEVICE (object);

  g_free (self->choice);
  g_free (self->name);
  g_free (self->detail);
  G_OBJECT_CLASS (facet_device_parent_class)->finalize (object);
}

static void
facet_device_class_init (FacetDeviceClass *class)
{
  G_OBJECT_CLASS (class)->finalize = facet_device_finalize;
}

static void
facet_device_init (FacetDevice *self)
{
}

FacetDevice *
facet_device_new (const char *choice,
                  const char *name,
                  const char *detail,
                  gboolean    is_gpu,
                  gboolean    is_usable)
{
  FacetDevice *self = g_object_new (FACET_TYPE_DEVICE, NULL);

  self->choice = g_strdup (choice);
  self->name = g_strdup (name);
  self->detail = g_strdup (detail);
  self->is_gpu = is_gpu;
  self->is_usable = is_usable;
  return self;
}
