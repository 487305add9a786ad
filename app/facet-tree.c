/* facet-tree.c: a conversation whole: numbering, and the path that is shown.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any thread, one at a time. */
#define G_LOG_DOMAIN "facet-tree"

#include "facet-tree.h"

FacetTree *
facet_tree_new (void)
{
  FacetTree *self = g_new0 (FacetTree, 1);

  self->conversation = facet_conversation_row_new ();
  self->messages = g_ptr_array_new_with_free_func ((GDestroyNotify)facet_message_row_free);
  self->deleted = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->draft_media = g_ptr_array_new_with_free_func (g_object_unref);
  return self;
}

void
facet_tree_free (FacetTree *self)
{
  if (self == NULL)
    return;
  facet_conversation_row_free (self->conversation);
  g_ptr_array_unref (self->messages);
  g_array_unref (self->deleted);
  g_ptr_array_unref (self->draft_media);
  g_free (self->folder);
  g_free (self);
}

gint64
facet_tree_add (FacetTree *self, FacetMessageRow *row, gint64 deleted)
{
  g_ptr_array_add (self->messages, row);
  g_array_append_val (self->deleted, deleted);
  row->id = self->messages->len;
  return row->id;
}

FacetMessageRow *
facet_tree_get (FacetTree *self, gint64 number)
{
  g_return_val_if_fail (number > 0 && number <= self->messages->len, NULL);
  return g_ptr_array_index (self->messages, number - 1);
}

GPtrArray *
facet_tree_list_shown (FacetTree *self)
{
  GPtrArray *path = g_ptr_array_new ();
  gint64     number = self->conversation->head_id;

  /* A longer path is a loop in a file that someone else wrote. */
  for (guint n = 0; number != 0 && n < self->messages->len; n++) {
    FacetMessageRow *row = facet_tree_get (self, number);

    if (g_array_index (self->deleted, gint64, number - 1) == 0)
      g_ptr_array_add (path, row);
    number = row->parent_id;
  }
  for (guint i = 0; i < path->len / 2; i++) {
    gpointer other = path->pdata[path->len - 1 - i];

    path->pdata[path->len - 1 - i] = path->pdata[i];
    path->pdata[i] = other;
  }
  return path;
}
