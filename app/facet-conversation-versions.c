/* facet-conversation-versions.c: the branches of a conversation: which versions a message has, and
 * showing another one.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  The tree knows the ids of all messages; their texts are read when their branch is
 * shown. */
#define G_LOG_DOMAIN "facet-conversation"

#include "facet-conversation-private.h"

static void
links_cb (GArray *links, const GError *error, gpointer user_data)
{
  g_autoptr (FacetConversation) self = user_data;

  if (error != NULL)
    facet_conversation_fail (self, error->message);
  for (guint i = 0; i < links->len; i++)
    facet_message_tree_add (self->tree, &g_array_index (links, FacetMessageLink, i));
}

void
facet_conversation_read_tree (FacetConversation *self)
{
  facet_store_load_links (self->store, self->id, links_cb, g_object_ref (self));
}

void
facet_conversation_grow_tree (FacetConversation *self)
{
  for (guint i = self->messages->len; i > 0; i--) {
    FacetMessage    *message = g_ptr_array_index (self->messages, i - 1);
    FacetMessageLink link = {facet_message_get_id (message), facet_message_get_parent_id (message),
                             FALSE};

    if (facet_message_tree_has (self->tree, link.id))
      break;
    facet_message_tree_add (self->tree, &link);
  }
}

void
facet_conversation_get_versions (FacetConversation *self,
                                 FacetMessage      *message,
                                 guint             *index,
                                 guint             *count)
{
  g_return_if_fail (FACET_IS_CONVERSATION (self));
  g_return_if_fail (FACET_IS_MESSAGE (message));
  /* The first answer to a question that is not stored yet does not know its parent. */
  if (facet_message_get_id (message) == 0 && facet_message_get_parent_id (message) == 0 &&
      facet_message_get_role (message) == FACET_ROLE_ASSISTANT) {
    *index = 0;
    *count = 1;
  } else
    facet_message_tree_get_versions (self->tree, facet_message_get_parent_id (message),
                                     facet_message_get_id (message), index, count);
}

/* What both branches have in common stays the same objects. */
static void
replace_path (FacetConversation *self, GPtrArray *rows)
{
  g_autoptr (GPtrArray) added = g_ptr_array_new_with_free_func (g_object_unref);
  guint same = 0;

  while (same < rows->len && same < self->messages->len &&
         ((FacetMessageRow *)g_ptr_array_index (rows, same))->id ==
             facet_message_get_id (g_ptr_array_index (self->messages, same)))
    same++;
  for (guint i = same; i < rows->len; i++)
    g_ptr_array_add (added, facet_message_row_to_message (g_ptr_array_index (rows, i)));
  facet_conversation_splice (self, same, self->messages->len - same, (FacetMessage **)added->pdata,
                             added->len);
}

static void
shown_cb (GPtrArray *rows, const GError *error, gpointer user_data)
{
  g_autoptr (FacetConversation) self = user_data;

  self->switching = FALSE;
  if (error != NULL) {
    facet_conversation_fail (self, error->message);
    return;
  }
  self->head_id = self->next_head;
  replace_path (self, rows);
}

/* The end of the branch that is to be shown; 0: there is none. */
static void
show_branch (FacetConversation *self, gint64 head)
{
  if (head == 0 || head == self->head_id)
    return;
  self->switching = TRUE;
  self->next_head = head;
  facet_store_show_branch (self->store, self->id, head, shown_cb, g_object_ref (self));
}

static gboolean
may_switch (FacetConversation *self)
{
  return self->loaded && self->turn == NULL && !self->switching;
}

void
facet_conversation_show_version (FacetConversation *self, FacetMessage *message, guint index)
{
  gint64 version;

  g_return_if_fail (FACET_IS_CONVERSATION (self));
  g_return_if_fail (FACET_IS_MESSAGE (message));
  if (!may_switch (self))
    return;
  version =
      facet_message_tree_get_version (self->tree, facet_message_get_parent_id (message), index);
  if (version != 0 && version != facet_message_get_id (message))
    show_branch (self, facet_message_tree_find_newest (self->tree, version));
}

void
facet_conversation_show_message (FacetConversation *self, gint64 id)
{
  g_return_if_fail (FACET_IS_CONVERSATION (self));
  if (!self->loaded) {
    self->wanted_message = id;
    facet_conversation_open (self);
  } else if (may_switch (self) && !facet_message_tree_leads_to (self->tree, id, self->head_id))
    show_branch (self, facet_message_tree_find_newest (self->tree, id));
}

void
facet_conversation_show_wanted (FacetConversation *self)
{
  gint64 id = self->wanted_message;

  self->wanted_message = 0;
  if (id != 0)
    facet_conversation_show_message (self, id);
}

void
facet_conversation_leave_deleted (FacetConversation *self, FacetMessage *message)
{
  gint64 parent = facet_message_get_parent_id (message), version;
  guint  index, count;

  if (facet_message_get_id (message) != self->head_id || !may_switch (self))
    return;
  /* As if it were to be the last one: those that there are otherwise are counted, too. */
  facet_message_tree_get_versions (self->tree, parent, 0, &index, &count);
  if (index == 0)
    return;
  version = facet_message_tree_get_version (self->tree, parent, index - 1);
  show_branch (self, facet_message_tree_find_newest (self->tree, version));
}
