/* facet-message-tree.c: which messages of a conversation follow which: its branches, by id alone.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "facet-message-tree"

#include "facet-message-tree.h"

typedef struct {
  gint64   id, parent;
  gboolean added; /* else only known as a parent */
  gboolean deleted;
  GArray  *children; /* of gint64, ascending */
} Node;

struct _FacetMessageTree {
  GHashTable *nodes; /* gint64 → Node; 0 is the parent of the first message */
};

static void
node_free (gpointer data)
{
  Node *node = data;

  g_array_unref (node->children);
  g_free (node);
}

FacetMessageTree *
facet_message_tree_new (void)
{
  FacetMessageTree *self = g_new0 (FacetMessageTree, 1);

  self->nodes = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, node_free);
  return self;
}

void
facet_message_tree_free (FacetMessageTree *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->nodes);
  g_free (self);
}

static Node *
find (FacetMessageTree *self, gint64 id)
{
  return g_hash_table_lookup (self->nodes, &id);
}

static Node *
ensure (FacetMessageTree *self, gint64 id)
{
  Node *node = find (self, id);

  if (node != NULL)
    return node;
  node = g_new0 (Node, 1);
  node->id = id;
  node->children = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_hash_table_insert (self->nodes, &node->id, node);
  return node;
}

void
facet_message_tree_add (FacetMessageTree *self, const FacetMessageLink *link)
{
  Node   *node, *parent;
  guint   place;
  GArray *children;

  if (link->id <= 0 || link->parent < 0 || link->parent >= link->id)
    return;
  node = ensure (self, link->id);
  node->deleted = link->deleted;
  if (node->added)
    return;
  node->added = TRUE;
  node->parent = link->parent;
  parent = ensure (self, link->parent);
  children = parent->children;
  for (place = children->len; place > 0; place--) {
    if (g_array_index (children, gint64, place - 1) < link->id)
      break;
  }
  g_array_insert_val (children, place, node->id);
}

void
facet_message_tree_set_deleted (FacetMessageTree *self, gint64 id, gboolean deleted)
{
  Node *node = find (self, id);

  if (node != NULL)
    node->deleted = deleted;
}

gboolean
facet_message_tree_has (FacetMessageTree *self, gint64 id)
{
  Node *node = find (self, id);

  return node != NULL && node->added;
}

void
facet_message_tree_get_versions (FacetMessageTree *self,
                                 gint64            parent,
                                 gint64            id,
                                 guint            *index,
                                 guint            *count)
{
  Node    *node = find (self, parent);
  gboolean found = FALSE;

  *index = *count = 0;
  for (guint i = 0; node != NULL && i < node->children->len; i++) {
    gint64 child = g_array_index (node->children, gint64, i);

    if (find (self, child)->deleted)
      continue;
    if (child == id) {
      *index = *count;
      found = TRUE;
    }
    (*count)++;
  }
  if (!found)
    *index = (*count)++;
}

gint64
facet_message_tree_get_version (FacetMessageTree *self, gint64 parent, guint index)
{
  Node *node = find (self, parent);
  guint n = 0;

  for (guint i = 0; node != NULL && i < node->children->len; i++) {
    gint64 child = g_array_index (node->children, gint64, i);

    if (!find (self, child)->deleted && n++ == index)
      return child;
  }
  return 0;
}

/* The greatest id below a message has nothing below it: it is the end of a branch. */
gint64
facet_message_tree_find_newest (FacetMessageTree *self, gint64 id)
{
  g_autoptr (GArray) waiting = g_array_new (FALSE, FALSE, sizeof (gint64));
  gint64 newest = 0;

  if (!facet_message_tree_has (self, id))
    return 0;
  g_array_append_val (waiting, id);
  while (waiting->len > 0) {
    gint64 next = g_array_index (waiting, gint64, waiting->len - 1);
    Node  *node = find (self, next);

    g_array_set_size (waiting, waiting->len - 1);
    newest = MAX (newest, next);
    g_array_append_vals (waiting, node->children->data, node->children->len);
  }
  return newest;
}

gboolean
facet_message_tree_leads_to (FacetMessageTree *self, gint64 id, gint64 end)
{
  Node *node = find (self, end);

  /* Ids descend on the way up. */
  while (node != NULL && node->id > id)
    node = find (self, node->parent);
  return node != NULL && node->id == id;
}
