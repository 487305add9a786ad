/* facet-library-storage.c: the file that everything is in: another one in its place, the offered
 * backup, how much space it takes, and deleting everything.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#define G_LOG_DOMAIN "facet-library"

#include "facet-library-private.h"

/* Another file has taken the place of the one that everything was of. */
static void
reset (FacetLibrary *self, gboolean forgotten)
{
  facet_shelf_clear (self->shelf);
  facet_shelf_clear (self->archive);
  g_list_store_remove_all (self->folders);
  g_ptr_array_set_size (self->deleted, 0);
  g_list_store_remove_all (self->trash);
  self->gave_draft_media = FALSE;
  facet_namer_forget (self->namer);
  g_signal_emit_by_name (self, "reset", forgotten);
}

static void
set_offer (FacetLibrary *self, gint64 offer)
{
  if (self->offer == offer)
    return;
  self->offer = offer;
  g_object_notify (G_OBJECT (self), "offer");
}

static void
read_again (FacetLibrary *self, gboolean forgotten)
{
  reset (self, forgotten);
  facet_library_read (self);
  if (self->asked_trash)
    facet_library_read_trash (self);
}

void
facet_library_store_changed_cb (const GError *error, gpointer user_data)
{
  FacetLibrary *self = user_data;

  facet_library_set_warning (self, facet_store_get_warning (self->store));
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

  facet_library_set_warning (self, error != NULL ? error->message
                                                 : facet_store_get_warning (self->store));
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

  facet_library_set_warning (self, facet_store_get_warning (self->store));
  set_offer (self, facet_store_get_offer (self->store));
  read_again (self, TRUE);
  wipe->func (error, wipe->user_data);
}

static void
close_cb (gpointer conversation, gpointer user_data)
{
  facet_conversation_close (conversation);
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
  facet_library_for_each (self, close_cb, NULL);
  wipe = g_new0 (Wipe, 1);
  *wipe = (Wipe){g_object_ref (self), func, user_data};
  if (self->assistant != NULL)
    facet_assistant_forget (self->assistant, facet_store_get_media_folder (self->store), 0);
  facet_store_delete_everything (self->store, wiped_cb, wipe);
}
