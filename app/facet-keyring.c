/* facet-keyring.c: libsecret, and what stands in for it while there is no keyring.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  What could not be stored is kept in a table, which is asked first. */
#define G_LOG_DOMAIN "facet-keyring"

#include "config.h"

#include "facet-keyring.h"

#include <glib/gi18n-lib.h>
#include <libsecret/secret.h>
#include <string.h>

struct _FacetKeyring {
  GObject                    parent_instance;
  const FacetKeyringBackend *backend;
  gpointer                   data;
  GHashTable                *kept; /* address → key: of this run */
};

G_DEFINE_FINAL_TYPE (FacetKeyring, facet_keyring, G_TYPE_OBJECT)

static void
free_key (gpointer key)
{
  if (key != NULL)
    explicit_bzero (key, strlen (key));
  g_free (key);
}

/* libsecret */

static const SecretSchema *
get_schema (void)
{
  static const SecretSchema schema = {"org.facet.Facet.Server",
                                      SECRET_SCHEMA_NONE,
                                      {{"address", SECRET_SCHEMA_ATTRIBUTE_STRING}}};

  return &schema;
}

static void
secret_lookup (gpointer data, const char *address, GAsyncReadyCallback callback, gpointer user_data)
{
  secret_password_lookup (get_schema (), NULL, callback, user_data, "address", address, NULL);
}

static char *
secret_lookup_finish (gpointer data, GAsyncResult *result, GError **error)
{
  char *secret = secret_password_lookup_finish (result, error);
  char *key = g_strdup (secret);

  secret_password_free (secret);
  return key;
}

static void
secret_store (gpointer            data,
              const char         *address,
              const char         *label,
              const char         *key,
              GAsyncReadyCallback callback,
              gpointer            user_data)
{
  if (key == NULL)
    secret_password_clear (get_schema (), NULL, callback, user_data, "address", address, NULL);
  else
    secret_password_store (get_schema (), SECRET_COLLECTION_DEFAULT, label, key, NULL, callback,
                           user_data, "address", address, NULL);
}

/* That there was nothing to take out is no error. */
static gboolean
secret_store_finish (gpointer data, gboolean taken_out, GAsyncResult *result, GError **error)
{
  GError *problem = NULL;

  if (taken_out)
    secret_password_clear_finish (result, &problem);
  else
    secret_password_store_finish (result, &problem);
  if (problem == NULL)
    return TRUE;
  g_propagate_error (error, problem);
  return FALSE;
}

static const FacetKeyringBackend secret_backend = {secret_lookup, secret_lookup_finish,
                                                   secret_store, secret_store_finish};

/* Looking up */

static void
looked_up_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  FacetKeyring *self = g_task_get_source_object (task);
  GError       *error = NULL;
  char         *key = self->backend->lookup_finish (self->data, result, &error);

  if (error != NULL) {
    g_debug ("the keyring cannot be read: %s", error->message);
    g_task_return_new_error (task, error->domain, error->code, _ ("The keyring cannot be read: %s"),
                             error->message);
    g_error_free (error);
  } else
    g_task_return_pointer (task, key, free_key);
}

void
facet_keyring_lookup_async (FacetKeyring       *self,
                            const char         *address,
                            GAsyncReadyCallback callback,
                            gpointer            user_data)
{
  GTask      *task = g_task_new (self, NULL, callback, user_data);
  const char *kept = g_hash_table_lookup (self->kept, address);

  g_task_set_source_tag (task, facet_keyring_lookup_async);
  if (kept != NULL) {
    g_task_return_pointer (task, g_strdup (kept), free_key);
    g_object_unref (task);
  } else
    self->backend->lookup (self->data, address, looked_up_cb, task);
}

char *
facet_keyring_lookup_finish (FacetKeyring *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Storing */

typedef struct {
  char *address, *key;
} Storing;

static void
storing_free (gpointer data)
{
  Storing *storing = data;

  g_free (storing->address);
  free_key (storing->key);
  g_free (storing);
}

static void
stored_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  FacetKeyring *self = g_task_get_source_object (task);
  Storing      *storing = g_task_get_task_data (task);

  if (self->backend->store_finish (self->data, storing->key == NULL, result, &error)) {
    g_hash_table_remove (self->kept, storing->address);
    g_task_return_boolean (task, TRUE);
    return;
  }
  g_debug ("the keyring cannot be written: %s", error->message);
  if (storing->key != NULL) {
    g_hash_table_replace (self->kept, g_strdup (storing->address), g_strdup (storing->key));
    g_task_return_new_error (task, error->domain, error->code,
                             /* Translators: %s is what the system says */
                             _ ("The keyring of this desktop cannot be used (%s).  The key is kept "
                                "until Facet ends, and must then be entered again."),
                             error->message);
  } else {
    g_hash_table_remove (self->kept, storing->address);
    g_task_return_new_error (task, error->domain, error->code,
                             _ ("The key may still be in the keyring, which cannot be used: %s"),
                             error->message);
  }
}

void
facet_keyring_store_async (FacetKeyring       *self,
                           const char         *address,
                           const char         *label,
                           const char         *key,
                           GAsyncReadyCallback callback,
                           gpointer            user_data)
{
  GTask   *task = g_task_new (self, NULL, callback, user_data);
  Storing *storing = g_new0 (Storing, 1);

  g_task_set_source_tag (task, facet_keyring_store_async);
  storing->address = g_strdup (address);
  storing->key = key != NULL && *key != '\0' ? g_strdup (key) : NULL;
  g_task_set_task_data (task, storing, storing_free);
  self->backend->store (self->data, address, label, storing->key, stored_cb, task);
}

gboolean
facet_keyring_store_finish (FacetKeyring *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* The object */

static void
facet_keyring_finalize (GObject *object)
{
  g_hash_table_unref (FACET_KEYRING (object)->kept);
  G_OBJECT_CLASS (facet_keyring_parent_class)->finalize (object);
}

static void
facet_keyring_class_init (FacetKeyringClass *class)
{
  G_OBJECT_CLASS (class)->finalize = facet_keyring_finalize;
}

static void
facet_keyring_init (FacetKeyring *self)
{
  self->kept = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_key);
}

FacetKeyring *
facet_keyring_new_with (const FacetKeyringBackend *backend, gpointer data)
{
  FacetKeyring *self = g_object_new (FACET_TYPE_KEYRING, NULL);

  self->backend = backend;
  self->data = data;
  return self;
}

FacetKeyring *
facet_keyring_new (void)
{
  return facet_keyring_new_with (&secret_backend, NULL);
}
