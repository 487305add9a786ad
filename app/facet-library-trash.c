/* facet-library-trash.c: what was deleted, and can be restored or deleted for good.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Deleting and restoring are seen at once and stored behind it; what is deleted for
 * good is seen to be gone when it is. */
#define G_LOG_DOMAIN "facet-library"

#include "facet-library-private.h"

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
  g_autoptr (FacetConversation) keep = g_object_ref (conversation);

  g_return_if_fail (FACET_IS_LIBRARY (self));
  if (!facet_library_take_out (self, conversation))
    return;
  facet_conversation_stop (conversation);
  conversation->deleted_at = g_get_real_time ();
  g_ptr_array_add (self->deleted, g_object_ref (conversation));
  g_list_store_insert (self->trash, 0, conversation);
  facet_store_delete_conversation (self->store, facet_conversation_get_id (conversation),
                                   conversation->deleted_at, facet_conversation_stored_cb,
                                   g_object_ref (conversation));
  if (self->assistant != NULL)
    facet_assistant_forget (self->assistant, facet_store_get_media_folder (self->store),
                            facet_conversation_get_id (conversation));
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
  facet_library_put_in (self, conversation);
}

void
facet_library_undo_delete (FacetLibrary *self)
{
  g_return_if_fail (FACET_IS_LIBRARY (self));
  if (self->deleted->len > 0)
    facet_library_restore (self, g_ptr_array_index (self->deleted, self->deleted->len - 1));
}

static gboolean
has_id (gconstpointer conversation, gconstpointer id)
{
  return ((const FacetConversation *)conversation)->id == *(const gint64 *)id;
}

/* Some may be there already, and some may have been restored meanwhile. */
static void
trash_listed_cb (GPtrArray *rows, const GError *error, gpointer user_data)
{
  g_autoptr (FacetLibrary) self = user_data;

  if (error != NULL) {
    self->asked_trash = FALSE;
    facet_library_set_warning (self, error->message);
    return;
  }
  for (guint i = 0; i < rows->len; i++) {
    const FacetConversationRow *row = g_ptr_array_index (rows, i);
    g_autoptr (FacetConversation) conversation = NULL;

    if (facet_shelf_has_id (self->shelf, row->id) || facet_shelf_has_id (self->archive, row->id) ||
        g_ptr_array_find_with_equal_func (self->deleted, &row->id, has_id, NULL))
      continue;
    conversation = facet_library_make (row, self);
    g_list_store_append (self->trash, conversation);
  }
}

void
facet_library_read_trash (FacetLibrary *self)
{
  facet_store_list_trash (self->store, trash_listed_cb, g_object_ref (self));
}

GListModel *
facet_library_get_trash (FacetLibrary *self)
{
  g_return_val_if_fail (FACET_IS_LIBRARY (self), NULL);
  if (!self->asked_trash)
    facet_library_read_trash (self);
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
