/* facet-library.c: the list of conversations, kept in order, and what becomes of the store at the
 * end.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  A conversation enters the list with its first saved message, and moves to its place
 * whenever it is answered or pinned. */
#define G_LOG_DOMAIN "facet-library"

#include "facet-library-private.h"

static void facet_library_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (FacetLibrary,
                               facet_library,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL,
                                                      facet_library_list_model_init))

enum {
  PROP_ASSISTANT = 1,
  PROP_LOADED,
  PROP_WARNING,
  PROP_OFFER,
  N_PROPS,
};

static GParamSpec *props[N_PROPS];

/* The list */

static GType
facet_library_get_item_type (GListModel *model)
{
  return FACET_TYPE_CONVERSATION;
}

static guint
facet_library_get_n_items (GListModel *model)
{
  return g_list_model_get_n_items (G_LIST_MODEL (FACET_LIBRARY (model)->shelf));
}

static gpointer
facet_library_get_item (GListModel *model, guint position)
{
  return g_list_model_get_item (G_LIST_MODEL (FACET_LIBRARY (model)->shelf), position);
}

static void
facet_library_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = facet_library_get_item_type;
  iface->get_n_items = facet_library_get_n_items;
  iface->get_item = facet_library_get_item;
}

void
facet_library_get_key (FacetLibrary *self,
                       guint         position,
                       gboolean     *pinned,
                       gint64       *folder,
                       gint64       *updated)
{
  FacetShelfKey key;

  facet_shelf_get_key (self->shelf, position, &key);
  *pinned = key.pinned;
  *folder = key.folder;
  *updated = key.updated;
}

gboolean
facet_library_get_position (FacetLibrary *self, FacetConversation *conversation, guint *position)
{
  return facet_shelf_find (self->shelf, conversation, position);
}

void
facet_library_put_in (FacetLibrary *self, FacetConversation *conversation)
{
  facet_shelf_add (facet_conversation_get_archived (conversation) ? self->archive : self->shelf,
                   conversation);
}

gboolean
facet_library_take_out (FacetLibrary *self, FacetConversation *conversation)
{
  FacetShelf *shelves[] = {self->shelf, self->archive};

  for (guint i = 0; i < G_N_ELEMENTS (shelves); i++) {
    guint position;

    if (!facet_shelf_find (shelves[i], conversation, &position))
      continue;
    facet_shelf_remove (shelves[i], position);
    return TRUE;
  }
  return FALSE;
}

/* Something that the order looks at has changed.  Who goes on with an archived conversation wants
 * it back. */
static void
moved_cb (FacetConversation *conversation, GParamSpec *pspec, FacetLibrary *self)
{
  if (!facet_conversation_get_archived (conversation))
    facet_shelf_moved (self->shelf, conversation);
  else if (g_str_equal (pspec->name, "updated"))
    facet_library_set_archived (self, conversation, FALSE);
}

/* Who answers: its server, or this computer if it has none, or one that is not set up any more. */
static void
settle (FacetLibrary *self, FacetConversation *conversation)
{
  FacetAssistant *remote = NULL;

  if (self->servers != NULL)
    remote =
        facet_servers_get_assistant (self->servers, facet_conversation_get_server (conversation));
  facet_conversation_set_assistant (conversation, remote != NULL ? remote : self->assistant);
}

static void
server_cb (FacetConversation *conversation, GParamSpec *pspec, FacetLibrary *self)
{
  settle (self, conversation);
}

static void
settle_cb (gpointer conversation, gpointer self)
{
  settle (self, conversation);
}

static void
busy_cb (FacetConversation *conversation, GParamSpec *pspec, FacetLibrary *self)
{
  facet_namer_note (self->namer, conversation);
}

/* The library's assistant or servers have changed: for one that is in no list. */
static void
places_changed_cb (FacetLibrary *self, FacetConversation *conversation)
{
  settle (self, conversation);
}

static void
watch_unlisted (FacetLibrary *self, FacetConversation *conversation)
{
  facet_conversation_share_sampling (conversation, self->sampling);
  g_signal_connect_object (conversation, "notify::busy", G_CALLBACK (busy_cb), self, 0);
  g_signal_connect_object (conversation, "notify::server", G_CALLBACK (server_cb), self, 0);
  g_signal_connect_object (self, "places-changed", G_CALLBACK (places_changed_cb), conversation, 0);
  settle (self, conversation);
}

static void
watch (FacetLibrary *self, FacetConversation *conversation)
{
  g_signal_connect_object (conversation, "notify::updated", G_CALLBACK (moved_cb), self, 0);
  g_signal_connect_object (conversation, "notify::pinned", G_CALLBACK (moved_cb), self, 0);
  g_signal_connect_object (conversation, "notify::folder", G_CALLBACK (moved_cb), self, 0);
}

FacetConversation *
facet_library_make (const FacetConversationRow *row, gpointer library)
{
  FacetLibrary      *self = library;
  FacetConversation *conversation =
      facet_conversation_new_for_row (self->store, self->assistant, row);

  settle (self, conversation);
  facet_conversation_share_sampling (conversation, self->sampling);
  g_signal_connect_object (conversation, "notify::busy", G_CALLBACK (busy_cb), self, 0);
  g_signal_connect_object (conversation, "notify::server", G_CALLBACK (server_cb), self, 0);
  watch (self, conversation);
  return conversation;
}

/* Its first message is on disk. */
static void
stored_cb (FacetConversation *conversation, GParamSpec *pspec, FacetLibrary *self)
{
  g_signal_handlers_disconnect_by_func (conversation, stored_cb, self);
  if (self->fresh == conversation)
    g_clear_weak_pointer (&self->fresh);
  watch (self, conversation);
  facet_library_put_in (self, conversation);
}

/* Reading */

void
facet_library_set_warning (FacetLibrary *self, const char *warning)
{
  if (g_strcmp0 (self->warning, warning) == 0)
    return;
  g_free (self->warning);
  self->warning = g_strdup (warning);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_WARNING]);
}

/* Splits what was listed. */
static GPtrArray *
take_archived (GPtrArray *rows)
{
  GPtrArray *archived =
      g_ptr_array_new_with_free_func ((GDestroyNotify)facet_conversation_row_free);
  guint n = 0;

  for (guint i = 0; i < rows->len; i++) {
    FacetConversationRow *row = g_ptr_array_index (rows, i);

    if (row->archived)
      g_ptr_array_add (archived, row);
    else
      rows->pdata[n++] = row;
  }
  g_ptr_array_set_free_func (rows, NULL);
  g_ptr_array_set_size (rows, (int)n);
  g_ptr_array_set_free_func (rows, (GDestroyNotify)facet_conversation_row_free);
  return archived;
}

static void
listed_cb (GPtrArray *rows, const GError *error, gpointer user_data)
{
  g_autoptr (FacetLibrary) self = user_data;
  g_autoptr (GPtrArray) archived = take_archived (rows);

  facet_library_set_warning (self, facet_store_get_warning (self->store) != NULL || error == NULL
                                       ? facet_store_get_warning (self->store)
                                       : error->message);
  facet_shelf_fill (self->shelf, rows);
  facet_shelf_fill (self->archive, archived);
  self->loaded = TRUE;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_LOADED]);
}

static void
give_draft (FacetLibrary *self)
{
  if (self->fresh == NULL || self->new_draft == NULL)
    return;
  if (*facet_conversation_get_draft (self->fresh) == '\0')
    facet_conversation_set_draft (self->fresh, self->new_draft);
  g_clear_pointer (&self->new_draft, g_free);
}

static void
draft_cb (const char *value, const GError *error, gpointer user_data)
{
  g_autoptr (FacetLibrary) self = user_data;

  self->new_draft = g_strdup (value);
  give_draft (self);
}

void
facet_library_read (FacetLibrary *self)
{
  facet_store_list_folders (self->store, facet_library_folders_cb, g_object_ref (self));
  facet_store_list (self->store, listed_cb, g_object_ref (self));
  facet_store_get_value (self->store, FACET_NEW_DRAFT_KEY, draft_cb, g_object_ref (self));
}

FacetLibrary *
facet_library_new (const char *data_dir, FacetAssistant *assistant, GError **error)
{
  g_autofree char *folder = data_dir != NULL
                                ? g_strdup (data_dir)
                                : g_build_filename (g_get_user_data_dir (), "facet", NULL);
  FacetStore      *store = facet_store_open (folder, error);
  FacetLibrary    *self;

  if (store == NULL)
    return NULL;
  self = g_object_new (FACET_TYPE_LIBRARY, NULL);
  self->store = store;
  self->warning = g_strdup (facet_store_get_warning (store));
  self->offer = facet_store_get_offer (store);
  facet_store_set_changed_func (store, facet_library_store_changed_cb, self);
  g_set_object (&self->assistant, assistant);
  facet_library_read (self);
  return self;
}

/* What a person does */

FacetConversation *
facet_library_new_conversation (FacetLibrary *self)
{
  FacetConversation *conversation;

  g_return_val_if_fail (FACET_IS_LIBRARY (self), NULL);
  conversation = facet_conversation_new (self->store, self->assistant);
  watch_unlisted (self, conversation);
  facet_conversation_begin_at (conversation, self->default_server);
  g_signal_connect_object (conversation, "notify::id", G_CALLBACK (stored_cb), self, 0);
  g_set_weak_pointer (&self->fresh, conversation);
  give_draft (self);
  if (!self->gave_draft_media)
    facet_conversation_restore_draft_media (conversation);
  self->gave_draft_media = TRUE;
  return conversation;
}

static void
private_gone_cb (gpointer self, GObject *was_at)
{
  g_ptr_array_remove_fast (((FacetLibrary *)self)->private, was_at);
}

FacetConversation *
facet_library_new_private_conversation (FacetLibrary *self, GError **error)
{
  g_autoptr (FacetStore) store = NULL;
  FacetConversation *conversation;

  g_return_val_if_fail (FACET_IS_LIBRARY (self), NULL);
  store = facet_store_open_private (error);
  if (store == NULL)
    return NULL;
  conversation = facet_conversation_new (store, self->assistant);
  watch_unlisted (self, conversation);
  g_object_weak_ref (G_OBJECT (conversation), private_gone_cb, self);
  g_ptr_array_add (self->private, conversation);
  return conversation;
}

FacetConversation *
facet_library_find (FacetLibrary *self, gint64 id)
{
  FacetConversation *conversation;

  g_return_val_if_fail (FACET_IS_LIBRARY (self), NULL);
  conversation = facet_shelf_find_id (self->shelf, id);
  return conversation != NULL ? conversation : facet_shelf_find_id (self->archive, id);
}

void
facet_library_add_stored (FacetLibrary *self, GPtrArray *rows)
{
  g_autoptr (GPtrArray) archived = take_archived (rows);

  facet_shelf_add_rows (self->shelf, rows);
  facet_shelf_add_rows (self->archive, archived);
}

FacetStore *
facet_library_ref_private_store (FacetLibrary *self, gint64 id)
{
  for (guint i = 0; i < self->private->len; i++) {
    FacetConversation *conversation = g_ptr_array_index (self->private, i);

    if (facet_conversation_get_id (conversation) == id)
      return facet_store_ref (facet_conversation_get_store (conversation));
  }
  return NULL;
}

FacetStore *
facet_library_get_store (FacetLibrary *self)
{
  return self->store;
}

void
facet_library_for_each (FacetLibrary *self, GFunc func, gpointer user_data)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->trash));

  facet_shelf_for_each (self->shelf, func, user_data);
  facet_shelf_for_each (self->archive, func, user_data);
  for (guint i = 0; i < n; i++) {
    g_autoptr (FacetConversation) conversation =
        g_list_model_get_item (G_LIST_MODEL (self->trash), i);

    func (conversation, user_data);
  }
}

static void
close_cb (gpointer conversation, gpointer user_data)
{
  facet_conversation_close (conversation);
}

void
facet_library_close (FacetLibrary *self)
{
  g_return_if_fail (FACET_IS_LIBRARY (self));
  facet_namer_close (self->namer);
  if (self->fresh != NULL)
    facet_conversation_close (self->fresh);
  while (self->private->len > 0) {
    g_autoptr (FacetConversation) conversation = g_object_ref (self->private->pdata[0]);

    g_object_weak_unref (G_OBJECT (conversation), private_gone_cb, self);
    private_gone_cb (self, G_OBJECT (conversation));
    facet_conversation_close (conversation);
    facet_store_close (facet_conversation_get_store (conversation));
  }
  facet_library_for_each (self, close_cb, NULL);
  facet_store_close (self->store);
}

/* Properties */

FacetAssistant *
facet_library_get_assistant (FacetLibrary *self)
{
  return self->assistant;
}

static void
settle_all (FacetLibrary *self)
{
  facet_library_for_each (self, settle_cb, self);
  g_signal_emit_by_name (self, "places-changed");
}

void
facet_library_set_assistant (FacetLibrary *self, FacetAssistant *assistant)
{
  g_return_if_fail (FACET_IS_LIBRARY (self));
  if (!g_set_object (&self->assistant, assistant))
    return;
  settle_all (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ASSISTANT]);
}

FacetServers *
facet_library_get_servers (FacetLibrary *self)
{
  return self->servers;
}

void
facet_library_set_servers (FacetLibrary *self, FacetServers *servers)
{
  g_return_if_fail (FACET_IS_LIBRARY (self));
  if (self->servers != NULL)
    g_signal_handlers_disconnect_by_func (self->servers, settle_all, self);
  g_set_object (&self->servers, servers);
  if (servers != NULL)
    g_signal_connect_object (servers, "items-changed", G_CALLBACK (settle_all), self,
                             G_CONNECT_SWAPPED);
  settle_all (self);
}

void
facet_library_set_default_server (FacetLibrary *self, const char *id)
{
  g_return_if_fail (FACET_IS_LIBRARY (self));
  g_free (self->default_server);
  self->default_server = g_strdup (id);
}

void
facet_library_set_sampling (FacetLibrary *self, const FacetSampling *sampling)
{
  g_return_if_fail (FACET_IS_LIBRARY (self));
  *self->sampling = sampling != NULL ? *sampling : FACET_SAMPLING_OF_MODEL;
}

void
facet_library_set_naming (FacetLibrary *self, gboolean naming)
{
  g_return_if_fail (FACET_IS_LIBRARY (self));
  facet_namer_set_enabled (self->namer, naming);
}

gint64
facet_library_get_offer (FacetLibrary *self)
{
  return self->offer;
}

gboolean
facet_library_get_loaded (FacetLibrary *self)
{
  return self->loaded;
}

const char *
facet_library_get_warning (FacetLibrary *self)
{
  return self->warning;
}

static void
facet_library_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  FacetLibrary *self = FACET_LIBRARY (object);

  switch (id) {
  case PROP_ASSISTANT:
    g_value_set_object (value, self->assistant);
    break;
  case PROP_LOADED:
    g_value_set_boolean (value, self->loaded);
    break;
  case PROP_WARNING:
    g_value_set_string (value, self->warning);
    break;
  case PROP_OFFER:
    g_value_set_int64 (value, self->offer);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
facet_library_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  FacetLibrary *self = FACET_LIBRARY (object);

  switch (id) {
  case PROP_ASSISTANT:
    facet_library_set_assistant (self, g_value_get_object (value));
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
facet_library_finalize (GObject *object)
{
  FacetLibrary *self = FACET_LIBRARY (object);

  g_clear_weak_pointer (&self->fresh);
  facet_namer_close (self->namer);
  facet_namer_unref (self->namer);
  g_object_unref (self->shelf);
  g_object_unref (self->archive);
  g_object_unref (self->folders);
  g_ptr_array_unref (self->deleted);
  g_object_unref (self->trash);
  for (guint i = 0; i < self->private->len; i++)
    g_object_weak_unref (g_ptr_array_index (self->private, i), private_gone_cb, self);
  g_ptr_array_unref (self->private);
  g_clear_object (&self->assistant);
  g_clear_object (&self->servers);
  g_free (self->default_server);
  if (self->store != NULL)
    facet_store_set_changed_func (self->store, NULL, NULL);
  g_clear_pointer (&self->store, facet_store_unref);
  g_free (self->new_draft);
  g_free (self->warning);
  g_rc_box_release (self->sampling);
  G_OBJECT_CLASS (facet_library_parent_class)->finalize (object);
}

static void
facet_library_class_init (FacetLibraryClass *class)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (class);
  const GParamFlags read = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = facet_library_get_property;
  object_class->set_property = facet_library_set_property;
  object_class->finalize = facet_library_finalize;
  props[PROP_ASSISTANT] =
      g_param_spec_object ("assistant", NULL, NULL, FACET_TYPE_ASSISTANT, read | G_PARAM_WRITABLE);
  props[PROP_LOADED] = g_param_spec_boolean ("loaded", NULL, NULL, FALSE, read);
  props[PROP_WARNING] = g_param_spec_string ("warning", NULL, NULL, NULL, read);
  props[PROP_OFFER] = g_param_spec_int64 ("offer", NULL, NULL, 0, G_MAXINT64, 0, read);
  g_object_class_install_properties (object_class, N_PROPS, props);

  /* Private to it: the assistant or the servers are others. */
  g_signal_new ("places-changed", G_TYPE_FROM_CLASS (class), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                G_TYPE_NONE, 0);
  g_signal_new ("reset", G_TYPE_FROM_CLASS (class), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
}

static void
facet_library_init (FacetLibrary *self)
{
  self->namer = facet_namer_new ();
  self->default_server = g_strdup ("");
  self->folders = g_list_store_new (FACET_TYPE_FOLDER);
  self->shelf = facet_shelf_new (TRUE, facet_library_make, self);
  self->archive = facet_shelf_new (FALSE, facet_library_make, self);
  g_signal_connect_object (self->shelf, "items-changed", G_CALLBACK (g_list_model_items_changed),
                           self, G_CONNECT_SWAPPED);
  self->deleted = g_ptr_array_new_with_free_func (g_object_unref);
  self->private = g_ptr_array_new ();
  self->trash = g_list_store_new (FACET_TYPE_CONVERSATION);
  self->sampling = g_rc_box_new (FacetSampling);
  facet_library_set_sampling (self, NULL);
}
