/* facet-library-folders.c: what a person puts where: folders and the archive.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Everything changes at once and is stored behind it. */
#define G_LOG_DOMAIN "facet-library"

#include "facet-library-private.h"

static GPtrArray *
dup_folders (FacetLibrary *self)
{
  GPtrArray *folders = g_ptr_array_new_with_free_func (g_object_unref);
  guint      n = g_list_model_get_n_items (G_LIST_MODEL (self->folders));

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (folders, g_list_model_get_item (G_LIST_MODEL (self->folders), i));
  return folders;
}

/* The shelf is sorted before anyone hears of it. */
static void
change_folders (FacetLibrary *self, GPtrArray *after)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->folders));
  guint n_listed = g_list_model_get_n_items (G_LIST_MODEL (self->shelf));

  facet_shelf_sort (self->shelf, after);
  g_list_store_splice (self->folders, 0, n, after->pdata, after->len);
  g_list_model_items_changed (G_LIST_MODEL (self->shelf), 0, n_listed, n_listed);
}

void
facet_library_folders_cb (GPtrArray *rows, const GError *error, gpointer user_data)
{
  g_autoptr (FacetLibrary) self = user_data;
  g_autoptr (GPtrArray) folders = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < rows->len; i++) {
    const FacetFolderRow *row = g_ptr_array_index (rows, i);

    self->last_folder = MAX (self->last_folder, row->id);
    g_ptr_array_add (folders, facet_folder_new (row->id, row->name));
  }
  change_folders (self, folders);
}

GListModel *
facet_library_get_folders (FacetLibrary *self)
{
  g_return_val_if_fail (FACET_IS_LIBRARY (self), NULL);
  return G_LIST_MODEL (self->folders);
}

static void
stored_cb (const GError *error, gpointer user_data)
{
  g_autoptr (FacetLibrary) self = user_data;

  if (error != NULL)
    facet_library_set_warning (self, error->message);
}

static void
store_folders (FacetLibrary *self)
{
  GPtrArray *rows = g_ptr_array_new_with_free_func ((GDestroyNotify)facet_folder_row_free);
  guint      n = g_list_model_get_n_items (G_LIST_MODEL (self->folders));

  for (guint i = 0; i < n; i++) {
    g_autoptr (FacetFolder) folder = g_list_model_get_item (G_LIST_MODEL (self->folders), i);
    FacetFolderRow *row = g_new0 (FacetFolderRow, 1);

    row->id = facet_folder_get_id (folder);
    row->name = g_strdup (facet_folder_get_name (folder));
    g_ptr_array_add (rows, row);
  }
  facet_store_save_folders (self->store, rows, stored_cb, g_object_ref (self));
}

FacetFolder *
facet_library_add_folder (FacetLibrary *self, const char *name)
{
  g_autoptr (FacetFolder) folder = NULL;
  g_autoptr (GPtrArray) folders = NULL;
  g_autofree char *valid = NULL;

  g_return_val_if_fail (FACET_IS_LIBRARY (self), NULL);
  valid = facet_folder_clean_name (name);
  if (valid == NULL || !self->loaded)
    return NULL;
  folder = facet_folder_new (++self->last_folder, valid);
  folders = dup_folders (self);
  g_ptr_array_add (folders, g_object_ref (folder));
  change_folders (self, folders);
  store_folders (self);
  return folder; /* the list has it */
}

gint64
facet_library_reserve_folders (FacetLibrary *self, guint n)
{
  gint64 first = self->last_folder + 1;

  self->last_folder += n;
  return first;
}

static gboolean
has_folder (FacetLibrary *self, gint64 id)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->folders)); i++) {
    g_autoptr (FacetFolder) folder = g_list_model_get_item (G_LIST_MODEL (self->folders), i);

    if (facet_folder_get_id (folder) == id)
      return TRUE;
  }
  return FALSE;
}

void
facet_library_know_folder (FacetLibrary *self, gint64 id, const char *name)
{
  g_autoptr (GPtrArray) folders = NULL;

  if (id == 0 || has_folder (self, id))
    return;
  folders = dup_folders (self);
  g_ptr_array_add (folders, facet_folder_new (id, name));
  change_folders (self, folders);
}

void
facet_library_rename_folder (FacetLibrary *self, FacetFolder *folder, const char *name)
{
  g_autofree char *valid = NULL;

  g_return_if_fail (FACET_IS_LIBRARY (self));
  valid = facet_folder_clean_name (name);
  if (valid == NULL)
    return;
  facet_folder_set_name (folder, valid);
  store_folders (self);
}

void
facet_library_move_folder (FacetLibrary *self, FacetFolder *folder, guint position)
{
  g_autoptr (GPtrArray) folders = NULL;
  guint from;

  g_return_if_fail (FACET_IS_LIBRARY (self));
  folders = dup_folders (self);
  if (!g_ptr_array_find (folders, folder, &from) || from == position || position >= folders->len)
    return;
  g_ptr_array_insert (folders, (int)position, g_ptr_array_steal_index (folders, from));
  change_folders (self, folders);
  store_folders (self);
}

void
facet_library_delete_folder (FacetLibrary *self, FacetFolder *folder)
{
  g_autoptr (GPtrArray) folders = NULL;
  gint64 id;

  g_return_if_fail (FACET_IS_LIBRARY (self));
  folders = dup_folders (self);
  id = facet_folder_get_id (folder);
  if (!g_ptr_array_remove (folders, folder))
    return;
  facet_shelf_empty_folder (self->shelf, id);
  facet_shelf_empty_folder (self->archive, id);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->trash)); i++) {
    g_autoptr (FacetConversation) conversation =
        g_list_model_get_item (G_LIST_MODEL (self->trash), i);

    if (conversation->folder == id)
      conversation->folder = 0;
  }
  facet_store_delete_folder (self->store, id, stored_cb, g_object_ref (self));
  change_folders (self, folders);
}

void
facet_library_put_in_folder (FacetLibrary      *self,
                             FacetConversation *conversation,
                             FacetFolder       *folder)
{
  g_return_if_fail (FACET_IS_LIBRARY (self));
  g_return_if_fail (FACET_IS_CONVERSATION (conversation));
  if (facet_conversation_is_private (conversation) ||
      (folder != NULL && !g_list_store_find (self->folders, folder, NULL)))
    return;
  facet_conversation_set_folder (conversation, folder != NULL ? facet_folder_get_id (folder) : 0);
}

/* The archive */

GListModel *
facet_library_get_archive (FacetLibrary *self)
{
  g_return_val_if_fail (FACET_IS_LIBRARY (self), NULL);
  return G_LIST_MODEL (self->archive);
}

void
facet_library_set_archived (FacetLibrary *self, FacetConversation *conversation, gboolean archived)
{
  g_autoptr (FacetConversation) keep = g_object_ref (conversation);

  g_return_if_fail (FACET_IS_LIBRARY (self));
  if (facet_conversation_get_archived (conversation) == (archived != FALSE) ||
      !facet_library_take_out (self, conversation))
    return;
  facet_conversation_set_archived (conversation, archived != FALSE);
  facet_library_put_in (self, conversation);
}
