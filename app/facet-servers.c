/* facet-servers.c: the list in the settings, and an assistant for each that is asked for.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  The settings are what counts: a change is written there, and the list is read again
 * when they say that they have changed. */
#define G_LOG_DOMAIN "facet-servers"

#include "config.h"

#include "facet-servers.h"

#include "facet-remote-assistant.h"

#include <string.h>

#define KEY "servers"

struct _FacetServers {
  GObject       parent_instance;
  GSettings    *settings;
  FacetKeyring *keyring;
  GPtrArray    *list;       /* of FacetServer */
  GHashTable   *assistants; /* id → FacetAssistant */
};

static void facet_servers_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (FacetServers,
                               facet_servers,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL,
                                                      facet_servers_list_model_init))

/* The list */

static GType
facet_servers_get_item_type (GListModel *model)
{
  return FACET_TYPE_SERVER;
}

static guint
facet_servers_get_n_items (GListModel *model)
{
  return FACET_SERVERS (model)->list->len;
}

static gpointer
facet_servers_get_item (GListModel *model, guint position)
{
  FacetServers *self = FACET_SERVERS (model);

  return position < self->list->len ? g_object_ref (self->list->pdata[position]) : NULL;
}

static void
facet_servers_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = facet_servers_get_item_type;
  iface->get_n_items = facet_servers_get_n_items;
  iface->get_item = facet_servers_get_item;
}

/* Reading */

/* NULL: it has no id, or no address that makes sense. */
static FacetServer *
parse (GVariant *dictionary)
{
  FacetServerInfo  info = {0};
  g_autofree char *address = NULL;

  g_variant_lookup (dictionary, "id", "&s", &info.id);
  g_variant_lookup (dictionary, "name", "&s", &info.name);
  g_variant_lookup (dictionary, "address", "&s", &info.address);
  g_variant_lookup (dictionary, "model", "&s", &info.model);
  g_variant_lookup (dictionary, "certificate", "&s", &info.certificate);
  if (info.id == NULL || *info.id == '\0' || info.address == NULL)
    return NULL;
  address = facet_server_parse_address (info.address, NULL);
  info.address = address;
  return address != NULL ? facet_server_new (&info) : NULL;
}

static gboolean
is_same (FacetServer *a, FacetServer *b)
{
  return g_str_equal (facet_server_get_id (a), facet_server_get_id (b)) &&
         g_str_equal (facet_server_get_name (a), facet_server_get_name (b)) &&
         g_str_equal (facet_server_get_address (a), facet_server_get_address (b)) &&
         g_str_equal (facet_server_get_model (a), facet_server_get_model (b)) &&
         g_str_equal (facet_server_get_certificate (a), facet_server_get_certificate (b));
}

/* Those whose server is no longer what it was; a running answer keeps its own. */
static gboolean
is_outdated (gpointer id, gpointer assistant, gpointer user_data)
{
  FacetServer *now = facet_servers_find (user_data, id);

  return now == NULL ||
         !is_same (now, facet_remote_assistant_get_server (FACET_REMOTE_ASSISTANT (assistant)));
}

static void
read_settings (FacetServers *self)
{
  g_autoptr (GVariant) all = g_settings_get_value (self->settings, KEY);
  g_autoptr (GPtrArray) old = self->list;
  gsize n = MIN (g_variant_n_children (all), FACET_SERVERS_MAX);

  self->list = g_ptr_array_new_with_free_func (g_object_unref);
  for (gsize i = 0; i < n; i++) {
    g_autoptr (GVariant) dictionary = g_variant_get_child_value (all, i);
    g_autoptr (FacetServer) server = parse (dictionary);

    if (server != NULL && facet_servers_find (self, facet_server_get_id (server)) == NULL)
      g_ptr_array_add (self->list, g_steal_pointer (&server));
  }
  g_hash_table_foreach_remove (self->assistants, is_outdated, self);
  g_list_model_items_changed (G_LIST_MODEL (self), 0, old->len, self->list->len);
}

/* Writing */

static GVariant *
to_variant (FacetServer *server)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{ss}"));
  g_variant_builder_add (&builder, "{ss}", "id", facet_server_get_id (server));
  g_variant_builder_add (&builder, "{ss}", "name", facet_server_get_name (server));
  g_variant_builder_add (&builder, "{ss}", "address", facet_server_get_address (server));
  g_variant_builder_add (&builder, "{ss}", "model", facet_server_get_model (server));
  g_variant_builder_add (&builder, "{ss}", "certificate", facet_server_get_certificate (server));
  return g_variant_builder_end (&builder);
}

/* The list with @server in it, or without @without. */
static void
write_settings (FacetServers *self, FacetServer *server, const char *without)
{
  GVariantBuilder builder;
  gboolean        placed = server == NULL;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{ss}"));
  for (guint i = 0; i < self->list->len; i++) {
    FacetServer *old = g_ptr_array_index (self->list, i);
    gboolean     replaced =
        server != NULL && g_str_equal (facet_server_get_id (old), facet_server_get_id (server));

    placed |= replaced;
    if (g_strcmp0 (facet_server_get_id (old), without) != 0)
      g_variant_builder_add_value (&builder, to_variant (replaced ? server : old));
  }
  if (!placed)
    g_variant_builder_add_value (&builder, to_variant (server));
  g_settings_set_value (self->settings, KEY, g_variant_builder_end (&builder));
}

/* Servers are told apart by their names: in the header, and by facet-cli. */
static FacetServer *
with_own_name (FacetServers *self, FacetServer *server)
{
  FacetServerInfo  info;
  g_autofree char *name = g_strdup (facet_server_get_name (server));

  for (guint n = 2;; n++) {
    FacetServer *other = facet_servers_find_by_name (self, name);

    if (other == NULL || g_str_equal (facet_server_get_id (other), facet_server_get_id (server)))
      break;
    g_free (name);
    name = g_strdup_printf ("%s %u", facet_server_get_name (server), n);
  }
  facet_server_get_info (server, &info);
  info.name = name;
  return facet_server_new (&info);
}

void
facet_servers_put (FacetServers *self, FacetServer *server)
{
  g_autoptr (FacetServer) named = NULL;

  g_return_if_fail (FACET_IS_SERVERS (self));
  g_return_if_fail (FACET_IS_SERVER (server));
  named = with_own_name (self, server);
  write_settings (self, named, NULL);
}

void
facet_servers_remove (FacetServers *self, const char *id)
{
  g_autoptr (FacetServer) server = NULL;

  g_return_if_fail (FACET_IS_SERVERS (self));
  if (!g_set_object (&server, facet_servers_find (self, id)))
    return;
  write_settings (self, NULL, id);
  for (guint i = 0; i < self->list->len; i++)
    if (g_str_equal (facet_server_get_address (self->list->pdata[i]),
                     facet_server_get_address (server)))
      return;
  facet_keyring_store_async (self->keyring, facet_server_get_address (server), "", NULL, NULL,
                             NULL);
}

/* Finding */

FacetServer *
facet_servers_find (FacetServers *self, const char *id)
{
  for (guint i = 0; i < self->list->len; i++)
    if (g_strcmp0 (facet_server_get_id (self->list->pdata[i]), id) == 0)
      return self->list->pdata[i];
  return NULL;
}

FacetServer *
facet_servers_find_by_name (FacetServers *self, const char *name)
{
  for (guint i = 0; i < self->list->len; i++)
    if (g_strcmp0 (facet_server_get_name (self->list->pdata[i]), name) == 0)
      return self->list->pdata[i];
  return NULL;
}

FacetKeyring *
facet_servers_get_keyring (FacetServers *self)
{
  return self->keyring;
}

FacetAssistant *
facet_servers_get_assistant (FacetServers *self, const char *id)
{
  FacetServer    *server = facet_servers_find (self, id);
  FacetAssistant *assistant;

  if (server == NULL)
    return NULL;
  assistant = g_hash_table_lookup (self->assistants, id);
  if (assistant == NULL) {
    assistant = facet_remote_assistant_new (server, self->keyring, NULL, NULL);
    g_hash_table_insert (self->assistants, g_strdup (id), assistant);
  }
  return assistant;
}

/* The object */

static void
facet_servers_finalize (GObject *object)
{
  FacetServers *self = FACET_SERVERS (object);

  g_hash_table_unref (self->assistants);
  g_ptr_array_unref (self->list);
  g_object_unref (self->keyring);
  g_object_unref (self->settings);
  G_OBJECT_CLASS (facet_servers_parent_class)->finalize (object);
}

static void
facet_servers_class_init (FacetServersClass *class)
{
  G_OBJECT_CLASS (class)->finalize = facet_servers_finalize;
}

static void
facet_servers_init (FacetServers *self)
{
  self->list = g_ptr_array_new_with_free_func (g_object_unref);
  self->assistants = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
}

FacetServers *
facet_servers_new (GSettings *settings, FacetKeyring *keyring)
{
  FacetServers *self = g_object_new (FACET_TYPE_SERVERS, NULL);

  self->settings = g_object_ref (settings);
  self->keyring = g_object_ref (keyring);
  g_signal_connect_object (settings, "changed::" KEY, G_CALLBACK (read_settings), self,
                           G_CONNECT_SWAPPED);
  read_settings (self);
  return self;
}
