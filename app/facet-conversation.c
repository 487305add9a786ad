/* facet-conversation.c: the list of messages, what a person can do to it, and its few properties on
 * disk.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  What a running answer does is in facet-turn.c; SQL is in facet-store-rows.c.
 *
 * The list is the path that is shown.  Along it ids ascend, because a message is stored after its
 * parent: so a deleted message finds its place again by its id. */
#define G_LOG_DOMAIN "facet-conversation"

#include "facet-conversation-private.h"
#include "facet-turn.h"

#include <string.h>

#define DRAFT_DELAY_MS 150

static void facet_conversation_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (FacetConversation,
                               facet_conversation,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL,
                                                      facet_conversation_list_model_init))

enum {
  PROP_ID = 1,
  PROP_TITLE,
  PROP_THINKING,
  PROP_PINNED,
  PROP_UPDATED,
  PROP_BUSY,
  PROP_LOADED,
  PROP_DRAFT,
  PROP_CAN_UNDO,
  PROP_ASSISTANT,
  PROP_FOLDER,
  PROP_ARCHIVED,
  PROP_SERVER,
  N_PROPS,
};

static GParamSpec *props[N_PROPS];

enum {
  FAILED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static void
notify (FacetConversation *self, int property)
{
  g_object_notify_by_pspec (G_OBJECT (self), props[property]);
}

/* The list */

static GType
facet_conversation_get_item_type (GListModel *model)
{
  return FACET_TYPE_MESSAGE;
}

static guint
facet_conversation_get_n_items (GListModel *model)
{
  return FACET_CONVERSATION (model)->messages->len;
}

static gpointer
facet_conversation_get_item (GListModel *model, guint position)
{
  FacetConversation *self = FACET_CONVERSATION (model);

  if (position >= self->messages->len)
    return NULL;
  return g_object_ref (g_ptr_array_index (self->messages, position));
}

static void
facet_conversation_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = facet_conversation_get_item_type;
  iface->get_n_items = facet_conversation_get_n_items;
  iface->get_item = facet_conversation_get_item;
}

void
facet_conversation_splice (FacetConversation *self,
                           guint              position,
                           guint              n_removed,
                           FacetMessage     **added,
                           guint              n_added)
{
  if (n_removed > 0)
    g_ptr_array_remove_range (self->messages, position, n_removed);
  for (guint i = 0; i < n_added; i++)
    g_ptr_array_insert (self->messages, (int)(position + i), g_object_ref (added[i]));
  g_list_model_items_changed (G_LIST_MODEL (self), position, n_removed, n_added);
}

/* What is kept of it besides messages */

FacetConversationRow *
facet_conversation_dup_row (FacetConversation *self)
{
  FacetConversationRow *row = facet_conversation_row_new ();

  row->id = self->id;
  row->title = g_strdup (self->title);
  row->title_is_own = self->title_is_own;
  row->created = self->created;
  row->updated = self->updated;
  row->pinned = self->pinned;
  row->thinking = self->thinking;
  row->draft = g_strdup (self->draft);
  row->head_id = self->head_id;
  row->archived = self->archived;
  row->folder = self->folder;
  row->server = g_strdup (self->server);
  row->servers_agreed = g_strdup (self->servers_agreed);
  return row;
}

FacetStore *
facet_conversation_get_store (FacetConversation *self)
{
  return self->store;
}

void
facet_conversation_fail (FacetConversation *self, const char *sentence)
{
  g_signal_emit (self, signals[FAILED], 0, sentence);
}

void
facet_conversation_stored_cb (const GError *error, gpointer user_data)
{
  g_autoptr (FacetConversation) self = user_data;

  if (error != NULL)
    facet_conversation_fail (self, error->message);
}

/* Before the first message there is no row to write to. */
static void
store_properties (FacetConversation *self)
{
  if (self->id != 0)
    facet_store_save_conversation (self->store, facet_conversation_dup_row (self),
                                   facet_conversation_stored_cb, g_object_ref (self));
}

static void
store_draft (FacetConversation *self)
{
  g_clear_handle_id (&self->draft_timer, g_source_remove);
  if (self->id != 0)
    store_properties (self);
  else
    facet_store_set_value (self->store, FACET_NEW_DRAFT_KEY,
                           *self->draft != '\0' ? self->draft : NULL, facet_conversation_stored_cb,
                           g_object_ref (self));
}

static gboolean
draft_timer_cb (gpointer user_data)
{
  FacetConversation *self = user_data;

  self->draft_timer = 0;
  store_draft (self);
  return G_SOURCE_REMOVE;
}

GPtrArray *
facet_conversation_list_draft_media (FacetConversation *self)
{
  GPtrArray *media = g_ptr_array_new_with_free_func (g_object_unref);
  guint      n = g_list_model_get_n_items (G_LIST_MODEL (self->draft_media));

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (media, g_list_model_get_item (G_LIST_MODEL (self->draft_media), i));
  return media;
}

void
facet_conversation_store_draft_media (FacetConversation *self)
{
  g_autoptr (GPtrArray) media = facet_conversation_list_draft_media (self);

  facet_store_save_draft_media (self->store, self->id, media, facet_conversation_stored_cb,
                                g_object_ref (self));
}

static void
draft_media_cb (GPtrArray *media, const GError *error, gpointer user_data)
{
  g_autoptr (FacetConversation) self = user_data;

  if (error != NULL)
    facet_conversation_fail (self, error->message);
  else if (media->len > 0)
    g_list_store_splice (self->draft_media, 0, 0, media->pdata, media->len);
}

void
facet_conversation_restore_draft_media (FacetConversation *self)
{
  facet_store_load_draft_media (self->store, self->id, draft_media_cb, g_object_ref (self));
}

gboolean
facet_conversation_change_draft (FacetConversation *self, const char *draft)
{
  if (strcmp (self->draft, draft) == 0)
    return FALSE;
  g_free (self->draft);
  self->draft = g_strdup (draft);
  notify (self, PROP_DRAFT);
  return TRUE;
}

void
facet_conversation_change_title (FacetConversation *self, const char *title)
{
  if (strcmp (self->title, title) == 0)
    return;
  g_free (self->title);
  self->title = g_strdup (title);
  notify (self, PROP_TITLE);
}

/* Opening */

static void
loaded_cb (GPtrArray *rows, const GError *error, gpointer user_data)
{
  g_autoptr (FacetConversation) self = user_data;

  self->loading = FALSE;
  if (error != NULL) {
    facet_conversation_fail (self, error->message);
    return;
  }
  for (guint i = 0; i < rows->len; i++)
    g_ptr_array_add (self->messages, facet_message_row_to_message (g_ptr_array_index (rows, i)));
  self->loaded = TRUE;
  g_list_model_items_changed (G_LIST_MODEL (self), 0, 0, self->messages->len);
  notify (self, PROP_LOADED);
  facet_conversation_show_wanted (self);
}

void
facet_conversation_open (FacetConversation *self)
{
  g_return_if_fail (FACET_IS_CONVERSATION (self));

  if (self->loaded || self->loading)
    return;
  self->loading = TRUE;
  facet_conversation_read_tree (self);
  facet_store_load (self->store, self->id, loaded_cb, g_object_ref (self));
  facet_conversation_restore_draft_media (self);
}

/* Properties */

gint64
facet_conversation_get_id (FacetConversation *self)
{
  return self->id;
}

const char *
facet_conversation_get_title (FacetConversation *self)
{
  return self->title;
}

void
facet_conversation_set_title (FacetConversation *self, const char *title)
{
  g_autofree char *valid = NULL;

  g_return_if_fail (FACET_IS_CONVERSATION (self));
  g_return_if_fail (title != NULL);
  valid = g_utf8_make_valid (title, -1);
  self->title_is_own = *g_strstrip (valid) != '\0';
  facet_conversation_change_title (self, valid);
  store_properties (self);
}

void
facet_conversation_take_title (FacetConversation *self, const char *title)
{
  facet_conversation_change_title (self, title);
  store_properties (self);
}

gboolean
facet_conversation_get_thinking (FacetConversation *self)
{
  return self->thinking;
}

void
facet_conversation_set_thinking (FacetConversation *self, gboolean thinking)
{
  g_return_if_fail (FACET_IS_CONVERSATION (self));
  thinking = thinking != FALSE;
  if (self->thinking == thinking)
    return;
  self->thinking = thinking;
  store_properties (self);
  notify (self, PROP_THINKING);
}

gboolean
facet_conversation_get_pinned (FacetConversation *self)
{
  return self->pinned;
}

void
facet_conversation_set_pinned (FacetConversation *self, gboolean pinned)
{
  g_return_if_fail (FACET_IS_CONVERSATION (self));
  pinned = pinned != FALSE;
  if (self->pinned == pinned)
    return;
  self->pinned = pinned;
  store_properties (self);
  notify (self, PROP_PINNED);
}

gint64
facet_conversation_get_folder (FacetConversation *self)
{
  return self->folder;
}

void
facet_conversation_set_folder (FacetConversation *self, gint64 folder)
{
  if (self->folder == folder)
    return;
  self->folder = folder;
  store_properties (self);
  notify (self, PROP_FOLDER);
}

gboolean
facet_conversation_get_archived (FacetConversation *self)
{
  return self->archived;
}

void
facet_conversation_set_archived (FacetConversation *self, gboolean archived)
{
  if (self->archived == archived)
    return;
  self->archived = archived;
  store_properties (self);
  notify (self, PROP_ARCHIVED);
}

/* Where it is answered */

const char *
facet_conversation_get_server (FacetConversation *self)
{
  return self->server;
}

static gboolean
has_agreed (FacetConversation *self, const char *server)
{
  g_auto (GStrv) ids = g_strsplit (self->servers_agreed, " ", -1);

  return g_strv_contains ((const char *const *)ids, server);
}

gboolean
facet_conversation_needs_consent (FacetConversation *self, const char *server)
{
  g_return_val_if_fail (FACET_IS_CONVERSATION (self), TRUE);
  if (*server == '\0' || has_agreed (self, server))
    return FALSE;
  return facet_conversation_is_private (self) || !self->loaded || self->messages->len > 0;
}

void
facet_conversation_begin_at (FacetConversation *self, const char *server)
{
  if (g_str_equal (self->server, server))
    return;
  g_free (self->server);
  self->server = g_strdup (server);
  notify (self, PROP_SERVER);
}

void
facet_conversation_set_server (FacetConversation *self, const char *server)
{
  g_return_if_fail (FACET_IS_CONVERSATION (self));
  g_return_if_fail (server != NULL);
  if (g_str_equal (self->server, server))
    return;
  if (facet_conversation_needs_consent (self, server)) {
    char *agreed = g_strconcat (self->servers_agreed, " ", server, NULL);

    g_free (self->servers_agreed);
    self->servers_agreed = g_strchug (agreed);
  }
  facet_conversation_begin_at (self, server);
  store_properties (self);
}

gint64
facet_conversation_get_updated (FacetConversation *self)
{
  return self->updated;
}

gboolean
facet_conversation_is_private (FacetConversation *self)
{
  return facet_store_is_private (self->store);
}

gint64
facet_conversation_get_deleted_at (FacetConversation *self)
{
  return self->deleted_at;
}

gboolean
facet_conversation_get_busy (FacetConversation *self)
{
  return self->turn != NULL;
}

gboolean
facet_conversation_get_loaded (FacetConversation *self)
{
  return self->loaded;
}

const char *
facet_conversation_get_draft (FacetConversation *self)
{
  return self->draft;
}

void
facet_conversation_set_draft (FacetConversation *self, const char *draft)
{
  g_autofree char *valid = NULL;

  g_return_if_fail (FACET_IS_CONVERSATION (self));
  valid = g_utf8_make_valid (draft != NULL ? draft : "", -1);
  if (facet_conversation_change_draft (self, valid) && self->draft_timer == 0)
    self->draft_timer = g_timeout_add (DRAFT_DELAY_MS, draft_timer_cb, self);
}

GListStore *
facet_conversation_get_draft_media (FacetConversation *self)
{
  return self->draft_media;
}

const char *
facet_conversation_get_media_folder (FacetConversation *self)
{
  return facet_store_get_media_folder (self->store);
}

const char *
facet_conversation_get_recordings_folder (FacetConversation *self)
{
  return facet_store_get_recordings_folder (self->store);
}

FacetAssistant *
facet_conversation_get_assistant (FacetConversation *self)
{
  return self->assistant;
}

/* A running answer stays with the one that it was asked of. */
void
facet_conversation_set_assistant (FacetConversation *self, FacetAssistant *assistant)
{
  g_return_if_fail (FACET_IS_CONVERSATION (self));
  if (g_set_object (&self->assistant, assistant))
    notify (self, PROP_ASSISTANT);
}

void
facet_conversation_set_tools (FacetConversation *self, const char *tools_json)
{
  g_return_if_fail (FACET_IS_CONVERSATION (self));
  g_free (self->tools);
  self->tools = g_strdup (tools_json);
}

void
facet_conversation_share_sampling (FacetConversation *self, FacetSampling *sampling)
{
  g_clear_pointer (&self->sampling, g_rc_box_release);
  self->sampling = g_rc_box_acquire (sampling);
}

static void
facet_conversation_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  FacetConversation *self = FACET_CONVERSATION (object);

  switch (id) {
  case PROP_ID:
    g_value_set_int64 (value, self->id);
    break;
  case PROP_TITLE:
    g_value_set_string (value, self->title);
    break;
  case PROP_THINKING:
    g_value_set_boolean (value, self->thinking);
    break;
  case PROP_PINNED:
    g_value_set_boolean (value, self->pinned);
    break;
  case PROP_UPDATED:
    g_value_set_int64 (value, self->updated);
    break;
  case PROP_BUSY:
    g_value_set_boolean (value, self->turn != NULL);
    break;
  case PROP_LOADED:
    g_value_set_boolean (value, self->loaded);
    break;
  case PROP_DRAFT:
    g_value_set_string (value, self->draft);
    break;
  case PROP_CAN_UNDO:
    g_value_set_boolean (value, self->deleted->len > 0);
    break;
  case PROP_ASSISTANT:
    g_value_set_object (value, self->assistant);
    break;
  case PROP_FOLDER:
    g_value_set_int64 (value, self->folder);
    break;
  case PROP_ARCHIVED:
    g_value_set_boolean (value, self->archived);
    break;
  case PROP_SERVER:
    g_value_set_string (value, self->server);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
facet_conversation_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  FacetConversation *self = FACET_CONVERSATION (object);

  switch (id) {
  case PROP_TITLE:
    facet_conversation_set_title (self, g_value_get_string (value));
    break;
  case PROP_THINKING:
    facet_conversation_set_thinking (self, g_value_get_boolean (value));
    break;
  case PROP_PINNED:
    facet_conversation_set_pinned (self, g_value_get_boolean (value));
    break;
  case PROP_DRAFT:
    facet_conversation_set_draft (self, g_value_get_string (value));
    break;
  case PROP_ASSISTANT:
    facet_conversation_set_assistant (self, g_value_get_object (value));
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

void
facet_conversation_close (FacetConversation *self)
{
  if (self->turn != NULL) {
    facet_turn_stop (self->turn);
    facet_store_flush (self->store); /* its first rows, if they are on their way */
    if (self->turn != NULL)
      facet_turn_abandon (self->turn);
  }
  if (self->draft_timer != 0)
    store_draft (self);
}

/* A turn holds a reference, so nothing runs here any more. */
static void
facet_conversation_dispose (GObject *object)
{
  FacetConversation *self = FACET_CONVERSATION (object);

  if (self->draft_timer != 0) {
    g_clear_handle_id (&self->draft_timer, g_source_remove);
    if (self->id != 0)
      facet_store_save_conversation (self->store, facet_conversation_dup_row (self), NULL, NULL);
    else
      facet_store_set_value (self->store, FACET_NEW_DRAFT_KEY,
                             *self->draft != '\0' ? self->draft : NULL, NULL, NULL);
  }
  g_clear_signal_handler (&self->draft_media_handler, self->draft_media);
  g_clear_object (&self->assistant);
  G_OBJECT_CLASS (facet_conversation_parent_class)->dispose (object);
}

static void
facet_conversation_finalize (GObject *object)
{
  FacetConversation *self = FACET_CONVERSATION (object);

  g_ptr_array_unref (self->messages);
  g_ptr_array_unref (self->deleted);
  facet_message_tree_free (self->tree);
  g_object_unref (self->draft_media);
  g_free (self->title);
  g_free (self->draft);
  g_free (self->tools);
  g_free (self->server);
  g_free (self->servers_agreed);
  g_clear_pointer (&self->sampling, g_rc_box_release);
  g_clear_pointer (&self->store, facet_store_unref);
  G_OBJECT_CLASS (facet_conversation_parent_class)->finalize (object);
}

static void
facet_conversation_class_init (FacetConversationClass *class)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (class);
  const GParamFlags read = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  const GParamFlags write = read | G_PARAM_WRITABLE;

  object_class->get_property = facet_conversation_get_property;
  object_class->set_property = facet_conversation_set_property;
  object_class->dispose = facet_conversation_dispose;
  object_class->finalize = facet_conversation_finalize;

  props[PROP_ID] = g_param_spec_int64 ("id", NULL, NULL, 0, G_MAXINT64, 0, read);
  props[PROP_TITLE] = g_param_spec_string ("title", NULL, NULL, "", write);
  props[PROP_THINKING] = g_param_spec_boolean ("thinking", NULL, NULL, FALSE, write);
  props[PROP_PINNED] = g_param_spec_boolean ("pinned", NULL, NULL, FALSE, write);
  props[PROP_UPDATED] = g_param_spec_int64 ("updated", NULL, NULL, 0, G_MAXINT64, 0, read);
  props[PROP_BUSY] = g_param_spec_boolean ("busy", NULL, NULL, FALSE, read);
  props[PROP_LOADED] = g_param_spec_boolean ("loaded", NULL, NULL, FALSE, read);
  props[PROP_DRAFT] = g_param_spec_string ("draft", NULL, NULL, "", write);
  props[PROP_CAN_UNDO] = g_param_spec_boolean ("can-undo", NULL, NULL, FALSE, read);
  props[PROP_ASSISTANT] =
      g_param_spec_object ("assistant", NULL, NULL, FACET_TYPE_ASSISTANT, write);
  props[PROP_FOLDER] = g_param_spec_int64 ("folder", NULL, NULL, 0, G_MAXINT64, 0, read);
  props[PROP_ARCHIVED] = g_param_spec_boolean ("archived", NULL, NULL, FALSE, read);
  props[PROP_SERVER] = g_param_spec_string ("server", NULL, NULL, "", read);
  g_object_class_install_properties (object_class, N_PROPS, props);

  signals[FAILED] = g_signal_new ("failed", G_TYPE_FROM_CLASS (class), G_SIGNAL_RUN_LAST, 0, NULL,
                                  NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
facet_conversation_init (FacetConversation *self)
{
  self->title = g_strdup ("");
  self->draft = g_strdup ("");
  self->server = g_strdup ("");
  self->servers_agreed = g_strdup ("");
  self->draft_media = g_list_store_new (FACET_TYPE_MEDIA);
  self->created = self->updated = g_get_real_time ();
  self->messages = g_ptr_array_new_with_free_func (g_object_unref);
  self->deleted = g_ptr_array_new_with_free_func (g_object_unref);
  self->tree = facet_message_tree_new ();
}

FacetConversation *
facet_conversation_new (FacetStore *store, FacetAssistant *assistant)
{
  FacetConversation *self = g_object_new (FACET_TYPE_CONVERSATION, NULL);

  self->store = facet_store_ref (store);
  g_set_object (&self->assistant, assistant);
  self->draft_media_handler =
      g_signal_connect_swapped (self->draft_media, "items-changed",
                                G_CALLBACK (facet_conversation_store_draft_media), self);
  self->loaded = TRUE; /* there is nothing to read */
  return self;
}

FacetConversation *
facet_conversation_new_for_row (FacetStore                 *store,
                                FacetAssistant             *assistant,
                                const FacetConversationRow *row)
{
  FacetConversation *self = facet_conversation_new (store, assistant);

  self->loaded = FALSE;
  self->id = row->id;
  self->title_is_own = row->title_is_own;
  self->created = row->created;
  self->updated = row->updated;
  self->pinned = row->pinned;
  self->thinking = row->thinking;
  self->head_id = row->head_id;
  self->archived = row->archived;
  self->folder = row->folder;
  self->deleted_at = row->deleted_at;
  g_free (self->title);
  self->title = g_strdup (row->title != NULL ? row->title : "");
  g_free (self->draft);
  self->draft = g_strdup (row->draft != NULL ? row->draft : "");
  g_free (self->server);
  self->server = g_strdup (row->server != NULL ? row->server : "");
  g_free (self->servers_agreed);
  self->servers_agreed = g_strdup (row->servers_agreed != NULL ? row->servers_agreed : "");
  return self;
}
