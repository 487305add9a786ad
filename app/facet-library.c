/* facet-library.c: the list of conversations, kept in order, and what becomes of the store at the
 * end.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  A conversation enters the list with its first saved message, and moves to its place
 * whenever it is answered or pinned. */
#define G_LOG_DOMAIN "facet-library"

#include "facet-library.h"

#include "facet-conversation-private.h"

struct _FacetLibrary {
  GObject         parent_instance;
  FacetStore     *store;
  FacetAssistant *assistant;
  GPtrArray      *conversations; /* of FacetConversation, in order */
  GPtrArray      *deleted;       /* of FacetConversation: what undo brings back, the latest last */
  GPtrArray *private;            /* of FacetConversation, weak: those kept in memory only */
  GListStore *trash;             /* of FacetConversation, the latest first */
  gboolean    asked_trash;       /* what earlier sessions left there was asked for */
  FacetConversation
                *fresh; /* weak: the latest one without a message, to whom the kept draft belongs */
  char          *new_draft; /* not yet given to one */
  gboolean       gave_draft_media;
  FacetSampling *sampling; /* a g_rc_box, shared with the conversations */
  char          *warning;
  gint64         offer;
  gboolean       loaded;
};

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

enum {
  RESET,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

/* The list */

static GType
facet_library_get_item_type (GListModel *model)
{
  return FACET_TYPE_CONVERSATION;
}

static guint
facet_library_get_n_items (GListModel *model)
{
  return FACET_LIBRARY (model)->conversations->len;
}

static gpointer
facet_library_get_item (GListModel *model, guint position)
{
  FacetLibrary *self = FACET_LIBRARY (model);

  if (position >= self->conversations->len)
    return NULL;
  return g_object_ref (g_ptr_array_index (self->conversations, position));
}

static void
facet_library_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = facet_library_get_item_type;
  iface->get_n_items = facet_library_get_n_items;
  iface->get_item = facet_library_get_item;
}

static int
compare (FacetConversation *a, FacetConversation *b)
{
  gboolean pinned_a = facet_conversation_get_pinned (a);
  gboolean pinned_b = facet_conversation_get_pinned (b);
  gint64   updated_a = facet_conversation_get_updated (a);
  gint64   updated_b = facet_conversation_get_updated (b);

  if (pinned_a != pinned_b)
    return pinned_a ? -1 : 1;
  return updated_a > updated_b ? -1 : updated_a < updated_b;
}

/* The first place where what stands there comes after @conversation. */
static guint
place_of (FacetLibrary *self, FacetConversation *conversation)
{
  guint low = 0, high = self->conversations->len;

  while (low < high) {
    guint middle = low + (high - low) / 2;

    if (compare (g_ptr_array_index (self->conversations, middle), conversation) <= 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static void
take_out (FacetLibrary *self, guint position)
{
  g_ptr_array_remove_index (self->conversations, position);
  g_list_model_items_changed (G_LIST_MODEL (self), position, 1, 0);
}

static void
put_in (FacetLibrary *self, FacetConversation *conversation)
{
  guint position = place_of (self, conversation);

  g_ptr_array_insert (self->conversations, (int)position, g_object_ref (conversation));
  g_list_model_items_changed (G_LIST_MODEL (self), position, 0, 1);
}

static gboolean
is_in_place (FacetLibrary *self, guint position)
{
  GPtrArray *all = self->conversations;

  return (position == 0 || compare (g_ptr_array_index (all, position - 1),
                                    g_ptr_array_index (all, position)) <= 0) &&
         (position + 1 == all->len ||
          compare (g_ptr_array_index (all, position), g_ptr_array_index (all, position + 1)) <= 0);
}

/* Something that the order looks at has changed. */
static void
moved_cb (FacetConversation *conversation, GParamSpec *pspec, FacetLibrary *self)
{
  g_autoptr (FacetConversation) keep = g_object_ref (conversation);
  guint position;

  if (!g_ptr_array_find (self->conversations, conversation, &position) ||
      is_in_place (self, position))
    return;
  take_out (self, position);
  put_in (self, conversation);
}

static void
watch (FacetLibrary *self, FacetConversation *conversation)
{
  g_signal_connect_object (conversation, "notify::updated", G_CALLBACK (moved_cb), self, 0);
  g_signal_connect_object (conversation, "notify::pinned", G_CALLBACK (moved_cb), self, 0);
}

/* Its first message is on disk. */
static void
stored_cb (FacetConversation *conversation, GParamSpec *pspec, FacetLibrary *self)
{
  g_signal_handlers_disconnect_by_func (conversation, stored_cb, self);
  if (self->fresh == conversation)
    g_clear_weak_pointer (&self->fresh);
  watch (self, conversation);
  put_in (self, conversation);
}

/* Reading */

static void
set_warning (FacetLibrary *self, const char *warning)
{
  if (g_strcmp0 (self->warning, warning) == 0)
    return;
  g_free (self->warning);
  self->warning = g_strdup (warning);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_WARNING]);
}

static gboolean
has_id (gconstpointer conversation, gconstpointer id)
{
  return facet_conversation_get_id ((FacetConversation *)conversation) == *(const gint64 *)id;
}

static void
listed_cb (GPtrArray *rows, const GError *error, gpointer user_data)
{
  g_autoptr (FacetLibrary) self = user_data;
  /* Begun while the list was being read, and perhaps in it. */
  g_autoptr (GPtrArray) begun = g_steal_pointer (&self->conversations);

  set_warning (self, facet_store_get_warning (self->store) != NULL || error == NULL
                         ? facet_store_get_warning (self->store)
                         : error->message);
  self->conversations = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < rows->len; i++) {
    const FacetConversationRow *row = g_ptr_array_index (rows, i);
    FacetConversation          *conversation;

    if (g_ptr_array_find_with_equal_func (begun, &row->id, has_id, NULL))
      continue;
    conversation = facet_conversation_new_for_row (self->store, self->assistant, row);
    facet_conversation_share_sampling (conversation, self->sampling);
    watch (self, conversation);
    g_ptr_array_add (self->conversations, conversation);
  }
  g_list_model_items_changed (G_LIST_MODEL (self), 0, begun->len, self->conversations->len);
  for (guint i = 0; i < begun->len; i++)
    put_in (self, g_ptr_array_index (begun, i));
  self->loaded = TRUE;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_LOADED]);
}

/* Some may be there already, and some may have been restored meanwhile. */
static void
trash_listed_cb (GPtrArray *rows, const GError *error, gpointer user_data)
{
  g_autoptr (FacetLibrary) self = user_data;
  g_autoptr (GHashTable) known = g_hash_table_new (g_int64_hash, g_int64_equal);

  if (error != NULL) {
    self->asked_trash = FALSE;
    set_warning (self, error->message);
    return;
  }
  for (guint i = 0; i < self->conversations->len; i++)
    g_hash_table_add (known,
                      &((FacetConversation *)g_ptr_array_index (self->conversations, i))->id);
  for (guint i = 0; i < self->deleted->len; i++)
    g_hash_table_add (known, &((FacetConversation *)g_ptr_array_index (self->deleted, i))->id);
  for (guint i = 0; i < rows->len; i++) {
    const FacetConversationRow *row = g_ptr_array_index (rows, i);
    g_autoptr (FacetConversation) conversation = NULL;

    if (g_hash_table_contains (known, &row->id))
      continue;
    conversation = facet_conversation_new_for_row (self->store, self->assistant, row);
    facet_conversation_share_sampling (conversation, self->sampling);
    watch (self, conversation);
    g_list_store_append (self->trash, conversation);
  }
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

static void
read_all (FacetLibrary *self)
{
  facet_store_list (self->store, listed_cb, g_object_ref (self));
  facet_store_get_value (self->store, FACET_NEW_DRAFT_KEY, draft_cb, g_object_ref (self));
}

/* Another file has taken the place of the one that everything was of. */
static void
reset (FacetLibrary *self, gboolean forgotten)
{
  guint n = self->conversations->len;

  g_ptr_array_set_size (self->conversations, 0);
  g_list_model_items_changed (G_LIST_MODEL (self), 0, n, 0);
  g_ptr_array_set_size (self->deleted, 0);
  g_list_store_remove_all (self->trash);
  self->gave_draft_media = FALSE;
  g_signal_emit (self, signals[RESET], 0, forgotten);
}

static void
set_offer (FacetLibrary *self, gint64 offer)
{
  if (self->offer == offer)
    return;
  self->offer = offer;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_OFFER]);
}

static void
read_again (FacetLibrary *self, gboolean forgotten)
{
  reset (self, forgotten);
  read_all (self);
  if (self->asked_trash)
    facet_store_list_trash (self->store, trash_listed_cb, g_object_ref (self));
}

static void
changed_cb (const GError *error, gpointer user_data)
{
  FacetLibrary *self = user_data;

  set_warning (self, facet_store_get_warning (self->store));
  set_offer (self, facet_store_get_offer (self->store));
  if (self->offer != 0)
    reset (self, FALSE);
  else
    read_again (self, FALSE);
}

static void
decided_cb (const GError *error, gpointer user_data)
{
  g_autoptr (FacetLibrary) self = user_data;

  set_warning (self, error != NULL ? error->message : facet_store_get_warning (self->store));
  set_offer (self, facet_store_get_offer (self->store));
  if (error == NULL)
    read_again (self, FALSE);
}

void
facet_library_decide (FacetLibrary *self, gboolean restore)
{
  g_return_if_fail (FACET_IS_LIBRARY (self));
  if (self->offer != 0)
    facet_store_decide (self->store, restore, decided_cb, g_object_ref (self));
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
  facet_store_set_changed_func (store, changed_cb, self);
  g_set_object (&self->assistant, assistant);
  read_all (self);
  return self;
}

/* What a person does */

FacetConversation *
facet_library_new_conversation (FacetLibrary *self)
{
  FacetConversation *conversation;

  g_return_val_if_fail (FACET_IS_LIBRARY (self), NULL);
  conversation = facet_conversation_new (self->store, self->assistant);
  facet_conversation_share_sampling (conversation, self->sampling);
  g_signal_connect_object (conversation, "notify::id", G_CALLBACK (stored_cb), self, 0);
  g_object_bind_property (self, "assistant", conversation, "assistant", G_BINDING_DEFAULT);
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
  facet_conversation_share_sampling (conversation, self->sampling);
  g_object_bind_property (self, "assistant", conversation, "assistant", G_BINDING_DEFAULT);
  g_object_weak_ref (G_OBJECT (conversation), private_gone_cb, self);
  g_ptr_array_add (self->private, conversation);
  return conversation;
}

FacetConversation *
facet_library_find (FacetLibrary *self, gint64 id)
{
  g_return_val_if_fail (FACET_IS_LIBRARY (self), NULL);
  for (guint i = 0; i < self->conversations->len; i++) {
    FacetConversation *conversation = g_ptr_array_index (self->conversations, i);

    if (facet_conversation_get_id (conversation) == id)
      return g_object_ref (conversation);
  }
  return NULL;
}

/* The trash */

static void
leave_trash (FacetLibrary *self, FacetConversation *conversation)
{
  guint position;

  g_ptr_array_remove (self->deleted, conversation);
  if (g_list_store_find (self->trash, conversation, &position))
    g_list_store_remove (self->trash, position);
}

void
facet_library_delete (FacetLibrary *self, FacetConversation *conversation)
{
  guint position;

  g_return_if_fail (FACET_IS_LIBRARY (self));
  if (!g_ptr_array_find (self->conversations, conversation, &position))
    return;
  facet_conversation_stop (conversation);
  conversation->deleted_at = g_get_real_time ();
  g_ptr_array_add (self->deleted, g_object_ref (conversation));
  g_list_store_insert (self->trash, 0, conversation);
  facet_store_delete_conversation (self->store, facet_conversation_get_id (conversation),
                                   conversation->deleted_at, facet_conversation_stored_cb,
                                   g_object_ref (conversation));
  take_out (self, position);
}

void
facet_library_restore (FacetLibrary *self, FacetConversation *conversation)
{
  g_autoptr (FacetConversation) keep = g_object_ref (conversation);

  g_return_if_fail (FACET_IS_LIBRARY (self));
  if (!g_list_store_find (self->trash, conversation, NULL))
    return;
  leave_trash (self, conversation);
  conversation->deleted_at = 0;
  facet_store_delete_conversation (self->store, facet_conversation_get_id (conversation), 0,
                                   facet_conversation_stored_cb, g_object_ref (conversation));
  put_in (self, conversation);
}

void
facet_library_undo_delete (FacetLibrary *self)
{
  g_return_if_fail (FACET_IS_LIBRARY (self));
  if (self->deleted->len > 0)
    facet_library_restore (self, g_ptr_array_index (self->deleted, self->deleted->len - 1));
}

GListModel *
facet_library_get_trash (FacetLibrary *self)
{
  g_return_val_if_fail (FACET_IS_LIBRARY (self), NULL);
  if (!self->asked_trash)
    facet_store_list_trash (self->store, trash_listed_cb, g_object_ref (self));
  self->asked_trash = TRUE;
  return G_LIST_MODEL (self->trash);
}

typedef struct {
  FacetLibrary      *library;
  FacetConversation *conversation; /* NULL: all until then */
  gint64             until;
} Purge;

static void
purged_cb (const GError *error, gpointer user_data)
{
  Purge *purge = user_data;
  guint  n = g_list_model_get_n_items (G_LIST_MODEL (purge->library->trash));

  for (guint i = n; i > 0; i--) {
    g_autoptr (FacetConversation) conversation =
        g_list_model_get_item (G_LIST_MODEL (purge->library->trash), i - 1);

    if (purge->conversation != NULL ? purge->conversation != conversation
                                    : conversation->deleted_at > purge->until)
      continue;
    if (error != NULL)
      facet_conversation_fail (conversation, error->message);
    else
      leave_trash (purge->library, conversation);
  }
  g_clear_object (&purge->conversation);
  g_object_unref (purge->library);
  g_free (purge);
}

static Purge *
purge_new (FacetLibrary *self, FacetConversation *conversation)
{
  Purge *purge = g_new0 (Purge, 1);

  purge->library = g_object_ref (self);
  g_set_object (&purge->conversation, conversation);
  purge->until = g_get_real_time ();
  return purge;
}

void
facet_library_delete_for_good (FacetLibrary *self, FacetConversation *conversation)
{
  g_return_if_fail (FACET_IS_LIBRARY (self));
  if (g_list_store_find (self->trash, conversation, NULL))
    facet_store_purge_conversation (self->store, facet_conversation_get_id (conversation),
                                    purged_cb, purge_new (self, conversation));
}

void
facet_library_empty_trash (FacetLibrary *self)
{
  Purge *purge;

  g_return_if_fail (FACET_IS_LIBRARY (self));
  purge = purge_new (self, NULL);
  facet_store_empty_trash (self->store, purge->until, purged_cb, purge);
}

static void
close_all (GListModel *conversations)
{
  for (guint i = 0; i < g_list_model_get_n_items (conversations); i++) {
    g_autoptr (FacetConversation) conversation = g_list_model_get_item (conversations, i);

    facet_conversation_close (conversation);
  }
}

/* Space */

void
facet_library_measure (FacetLibrary *self, FacetStorageFunc func, gpointer user_data)
{
  g_return_if_fail (FACET_IS_LIBRARY (self));
  facet_store_measure (self->store, func, user_data);
}

void
facet_library_free_space (FacetLibrary        *self,
                          FacetStorageKind     kind,
                          FacetStorageDoneFunc func,
                          gpointer             user_data)
{
  g_return_if_fail (FACET_IS_LIBRARY (self));
  facet_store_free_space (self->store, kind, func, user_data);
}

typedef struct {
  FacetLibrary        *library;
  FacetStorageDoneFunc func;
  gpointer             user_data;
} Wipe;

static void
wiped_cb (const GError *error, gpointer user_data)
{
  g_autofree Wipe *wipe = user_data;
  g_autoptr (FacetLibrary) self = wipe->library;

  set_warning (self, facet_store_get_warning (self->store));
  set_offer (self, facet_store_get_offer (self->store));
  read_again (self, TRUE);
  wipe->func (error, wipe->user_data);
}

void
facet_library_delete_everything (FacetLibrary *self, FacetStorageDoneFunc func, gpointer user_data)
{
  Wipe *wipe;

  g_return_if_fail (FACET_IS_LIBRARY (self));
  if (self->fresh != NULL) {
    facet_conversation_set_draft (self->fresh, NULL);
    g_list_store_remove_all (facet_conversation_get_draft_media (self->fresh));
    facet_conversation_close (self->fresh);
  }
  g_clear_pointer (&self->new_draft, g_free);
  close_all (G_LIST_MODEL (self));
  close_all (G_LIST_MODEL (self->trash));
  wipe = g_new0 (Wipe, 1);
  *wipe = (Wipe){g_object_ref (self), func, user_data};
  facet_store_delete_everything (self->store, wiped_cb, wipe);
}

void
facet_library_close (FacetLibrary *self)
{
  g_return_if_fail (FACET_IS_LIBRARY (self));
  if (self->fresh != NULL)
    facet_conversation_close (self->fresh);
  while (self->private->len > 0) {
    g_autoptr (FacetConversation) conversation = g_object_ref (self->private->pdata[0]);

    g_object_weak_unref (G_OBJECT (conversation), private_gone_cb, self);
    private_gone_cb (self, G_OBJECT (conversation));
    facet_conversation_close (conversation);
    facet_store_close (facet_conversation_get_store (conversation));
  }
  close_all (G_LIST_MODEL (self));
  close_all (G_LIST_MODEL (self->trash));
  facet_store_close (self->store);
}

/* Properties */

FacetAssistant *
facet_library_get_assistant (FacetLibrary *self)
{
  return self->assistant;
}

static void
give_assistant (GListModel *conversations, FacetAssistant *assistant)
{
  for (guint i = 0; i < g_list_model_get_n_items (conversations); i++) {
    g_autoptr (FacetConversation) conversation = g_list_model_get_item (conversations, i);

    facet_conversation_set_assistant (conversation, assistant);
  }
}

void
facet_library_set_assistant (FacetLibrary *self, FacetAssistant *assistant)
{
  g_return_if_fail (FACET_IS_LIBRARY (self));
  if (!g_set_object (&self->assistant, assistant))
    return;
  give_assistant (G_LIST_MODEL (self), assistant);
  give_assistant (G_LIST_MODEL (self->trash), assistant);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ASSISTANT]);
}

void
facet_library_set_sampling (FacetLibrary *self, const FacetSampling *sampling)
{
  static const FacetSampling of_model = {-1, -1, -1, -1, -1};

  g_return_if_fail (FACET_IS_LIBRARY (self));
  *self->sampling = sampling != NULL ? *sampling : of_model;
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
  g_ptr_array_unref (self->conversations);
  g_ptr_array_unref (self->deleted);
  g_object_unref (self->trash);
  for (guint i = 0; i < self->private->len; i++)
    g_object_weak_unref (g_ptr_array_index (self->private, i), private_gone_cb, self);
  g_ptr_array_unref (self->private);
  g_clear_object (&self->assistant);
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

  signals[RESET] = g_signal_new ("reset", G_TYPE_FROM_CLASS (class), G_SIGNAL_RUN_LAST, 0, NULL,
                                 NULL, NULL, G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
}

static void
facet_library_init (FacetLibrary *self)
{
  self->conversations = g_ptr_array_new_with_free_func (g_object_unref);
  self->deleted = g_ptr_array_new_with_free_func (g_object_unref);
  self->private = g_ptr_array_new ();
  self->trash = g_list_store_new (FACET_TYPE_CONVERSATION);
  self->sampling = g_rc_box_new (FacetSampling);
  facet_library_set_sampling (self, NULL);
}
