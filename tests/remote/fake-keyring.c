/* fake-keyring.c: a hash table behind the interface of a keyring.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fake-keyring.h"

static GTask *
begin (FakeKeyring *self, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);

  if (self->broken)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no such service");
  return task;
}

static void
lookup (gpointer data, const char *address, GAsyncReadyCallback callback, gpointer user_data)
{
  FakeKeyring *self = data;
  g_autoptr (GTask) task = begin (self, callback, user_data);

  self->n_lookups++;
  if (!self->broken)
    g_task_return_pointer (task, g_strdup (g_hash_table_lookup (self->keys, address)), g_free);
}

static char *
lookup_finish (gpointer data, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
store (gpointer            data,
       const char         *address,
       const char         *label,
       const char         *key,
       GAsyncReadyCallback callback,
       gpointer            user_data)
{
  FakeKeyring *self = data;
  g_autoptr (GTask) task = begin (self, callback, user_data);

  if (self->broken)
    return;
  if (key != NULL)
    g_hash_table_replace (self->keys, g_strdup (address), g_strdup (key));
  else
    g_hash_table_remove (self->keys, address);
  g_task_return_boolean (task, TRUE);
}

static gboolean
store_finish (gpointer data, gboolean taken_out, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static const FacetKeyringBackend backend = {lookup, lookup_finish, store, store_finish};

void
fake_keyring_init (FakeKeyring *self)
{
  *self = (FakeKeyring){.keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free)};
}

void
fake_keyring_clear (FakeKeyring *self)
{
  g_hash_table_unref (self->keys);
}

FacetKeyring *
fake_keyring_new_keyring (FakeKeyring *self)
{
  return facet_keyring_new_with (&backend, self);
}
