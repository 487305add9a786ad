/* facet-hub-token.c: looks a hub's token up, and stores it, by libsecret.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "facet-hub"

#include "config.h"

#include "facet-hub-token.h"
#include "facet-hub.h"

#include <glib/gi18n-lib.h>
#include <libsecret/secret.h>
#include <string.h>

static const SecretSchema schema = {FACET_APP_ID ".HubToken",
                                    SECRET_SCHEMA_NONE,
                                    {{"address", SECRET_SCHEMA_ATTRIBUTE_STRING}, {NULL, 0}}};

static char *
settle_address (const char *address)
{
  char *settled = g_strdup (address != NULL && address[0] != '\0' ? address : FACET_HUB_ADDRESS);

  while (g_str_has_suffix (settled, "/"))
    settled[strlen (settled) - 1] = '\0';
  return settled;
}

char *
facet_hub_token_find (const char *address, GCancellable *cancellable)
{
  const char      *given = g_getenv ("HF_TOKEN");
  g_autofree char *settled = NULL;
  g_autoptr (GError) error = NULL;
  char *secret, *token;

  if (given != NULL && given[0] != '\0')
    return g_strdup (given);
  settled = settle_address (address);
  secret = secret_password_lookup_sync (&schema, cancellable, &error, "address", settled, NULL);
  if (error != NULL)
    g_debug ("No keyring: %s", error->message);
  token = g_strdup (secret);
  secret_password_free (secret);
  return token;
}

static void
done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  gboolean clears = GPOINTER_TO_INT (g_task_get_task_data (task));

  /* Nothing to forget is forgotten. */
  if (clears)
    secret_password_clear_finish (result, &error);
  else
    secret_password_store_finish (result, &error);
  if (error != NULL)
    g_task_return_new_error (task, error->domain, error->code,
                             _ ("The token could not be kept in the desktop’s keyring: %s."),
                             error->message);
  else
    g_task_return_boolean (task, TRUE);
}

void
facet_hub_token_store_async (const char         *address,
                             const char         *token,
                             GCancellable       *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer            user_data)
{
  GTask           *task = g_task_new (NULL, cancellable, callback, user_data);
  g_autofree char *settled = settle_address (address);
  gboolean         clears = token == NULL || token[0] == '\0';
  /* Translators: in the list of the desktop's passwords; %s is an address. */
  g_autofree char *label = g_strdup_printf (_ ("Facet: access token for %s"), settled);

  g_task_set_task_data (task, GINT_TO_POINTER (clears), NULL);
  if (clears)
    secret_password_clear (&schema, cancellable, done_cb, task, "address", settled, NULL);
  else
    secret_password_store (&schema, SECRET_COLLECTION_DEFAULT, label, token, cancellable, done_cb,
                           task, "address", settled, NULL);
}

gboolean
facet_hub_token_store_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
