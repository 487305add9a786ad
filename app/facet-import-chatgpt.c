/* facet-import-chatgpt.c: a conversation of ChatGPT's conversations.json.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The import's thread.  "mapping" is a tree of nodes by id, each with its parent; a node may have
 * no message, or one that says nothing or only a thought.  Such a node gets no row: its children
 * follow what it followed, and a thought goes to the answers after it.  Files are in the archive
 * beside conversations.json under names that the JSON does not always give, so they are named as
 * missing. The fields are described nowhere officially; what is not known here is kept as text. */
#define G_LOG_DOMAIN "facet-import"

#include "config.h"

#include "facet-import-chatgpt-private.h"

#include <glib/gi18n-lib.h>

/* Where the walk up from a node is. */
typedef enum {
  NODE_NEW,
  NODE_OPEN, /* its ancestors are being visited */
  NODE_DONE,
} NodeState;

typedef struct {
  const char   *id;
  const json_t *message;                   /* NULL: none */
  gint64        parent;                    /* index, -1: none */
  gboolean      has_children, all_answers; /* every child is the assistant's */
  NodeState     state;
  gint64        number;   /* of its row, or of what it follows if it has none */
  char         *thinking; /* for the answers after it; NULL: none */
} Node;

typedef struct {
  FacetImport *import;
  FacetTree   *tree;
  GArray      *nodes; /* of Node */
  GHashTable  *by_id; /* id → index + 1 */
} Mapping;

static void
node_clear (gpointer data)
{
  g_free (((Node *)data)->thinking);
}

static Node *
node_at (Mapping *self, gint64 index)
{
  return &g_array_index (self->nodes, Node, index);
}

/* Fails at mapping.ID.KEY. */
static gboolean
fail_node (Mapping *self, const Node *node, const char *key, const char *why, GError **error)
{
  gsize place = facet_import_enter_key (self->import, node->id);

  facet_import_enter_key (self->import, key);
  facet_import_fail (self->import, error, "%s", why);
  facet_import_leave (self->import, place);
  return FALSE;
}

static gboolean
collect (Mapping *self, json_t *mapping, GError **error)
{
  const char *id;
  json_t     *value;

  json_object_foreach (mapping, id, value)
  {
    Node          node = {.id = id, .parent = -1, .all_answers = TRUE};
    const json_t *message = json_object_get (value, "message");

    if (!json_is_object (value))
      return fail_node (self, &node, "message", _ ("this is no message"), error);
    if (message != NULL && !json_is_null (message))
      node.message = message;
    if (node.message != NULL && !json_is_object (message))
      return fail_node (self, &node, "message", _ ("this is no message"), error);
    g_array_append_val (self->nodes, node);
    g_hash_table_insert (self->by_id, (gpointer)id, GUINT_TO_POINTER (self->nodes->len));
  }
  return TRUE;
}

static gboolean
link_nodes (Mapping *self, const json_t *mapping, GError **error)
{
  for (guint i = 0; i < self->nodes->len; i++) {
    Node       *node = node_at (self, i);
    const char *parent = NULL;
    gsize       place = facet_import_enter_key (self->import, node->id);
    gboolean    ok = facet_import_get_text (self->import, json_object_get (mapping, node->id),
                                            "parent", &parent, error);

    facet_import_leave (self->import, place);
    if (!ok)
      return FALSE;
    if (parent == NULL)
      continue;
    node->parent = GPOINTER_TO_INT (g_hash_table_lookup (self->by_id, parent)) - 1;
    if (node->parent < 0)
      return fail_node (self, node, "parent", _ ("there is no such message"), error);
    node_at (self, node->parent)->has_children = TRUE;
    if (node->message == NULL || facet_chatgpt_get_role (node->message) != FACET_ROLE_ASSISTANT)
      node_at (self, node->parent)->all_answers = FALSE;
  }
  return TRUE;
}

/* Its ancestors have been added. */
static gboolean
add_node (Mapping *self, Node *node, GError **error)
{
  const Node      *parent = node->parent >= 0 ? node_at (self, node->parent) : NULL;
  FacetMessageRow *row = NULL;

  node->state = NODE_DONE;
  node->number = parent != NULL ? parent->number : 0;
  if (node->message != NULL) {
    gsize place = facet_import_enter_key (self->import, node->id);

    facet_import_enter_key (self->import, "message");
    if (!facet_chatgpt_read_message (self->import, node->message, &row, error))
      return FALSE;
    facet_import_leave (self->import, place);
  }
  if (parent != NULL && parent->thinking != NULL && row == NULL)
    node->thinking = g_strdup (parent->thinking);
  if (row == NULL)
    return TRUE;
  if (parent != NULL && parent->thinking != NULL) {
    char *thinking = *row->thinking != '\0'
                         ? g_strconcat (parent->thinking, "\n\n", row->thinking, NULL)
                         : g_strdup (parent->thinking);

    g_free (row->thinking);
    row->thinking = thinking;
  }
  if (row->role == FACET_ROLE_ASSISTANT && *row->text == '\0' && *row->thinking != '\0' &&
      row->attachments == NULL && node->has_children && node->all_answers) {
    node->thinking = g_strdup (row->thinking);
    facet_message_row_free (row);
    return TRUE;
  }
  row->parent_id = node->number;
  node->number = facet_tree_add (self->tree, row, 0);
  return TRUE;
}

/* Adds what is above @index first, without recursion: a path may be as long as the file. */
static gboolean
add_with_ancestors (Mapping *self, guint index, GArray *path, GError **error)
{
  gint64 at = index;

  g_array_set_size (path, 0);
  while (at >= 0 && node_at (self, at)->state == NODE_NEW) {
    node_at (self, at)->state = NODE_OPEN;
    g_array_append_val (path, at);
    at = node_at (self, at)->parent;
  }
  if (at >= 0 && node_at (self, at)->state == NODE_OPEN)
    return fail_node (self, node_at (self, at), "parent",
                      _ ("the messages follow each other in a circle"), error);
  for (guint i = path->len; i-- > 0;)
    if (!add_node (self, node_at (self, g_array_index (path, gint64, i)), error))
      return FALSE;
  return TRUE;
}

static gboolean
add_all (Mapping *self, GError **error)
{
  g_autoptr (GArray) path = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (guint i = 0; i < self->nodes->len; i++)
    if (g_cancellable_set_error_if_cancelled (self->import->cancellable, error) ||
        !add_with_ancestors (self, i, path, error))
      return FALSE;
  return TRUE;
}

static gboolean
read_mapping (Mapping *self, json_t *mapping, GError **error)
{
  gsize    place = facet_import_enter_key (self->import, "mapping");
  gboolean ok;

  if (!json_is_object (mapping))
    return facet_import_fail (self->import, error, "%s", _ ("this is no object"));
  ok = collect (self, mapping, error) && link_nodes (self, mapping, error) && add_all (self, error);
  if (ok)
    facet_import_leave (self->import, place);
  return ok;
}

static gboolean
read_head (Mapping *self, const json_t *json, GError **error)
{
  const char *current = NULL;
  gint64      index;
  gsize       place;

  if (!facet_import_get_text (self->import, json, "current_node", &current, error))
    return FALSE;
  self->tree->conversation->head_id = self->tree->messages->len;
  if (current == NULL)
    return TRUE;
  index = GPOINTER_TO_INT (g_hash_table_lookup (self->by_id, current)) - 1;
  if (index >= 0) {
    self->tree->conversation->head_id = node_at (self, index)->number;
    return TRUE;
  }
  place = facet_import_enter_key (self->import, "current_node");
  facet_import_fail (self->import, error, "%s", _ ("there is no such message"));
  facet_import_leave (self->import, place);
  return FALSE;
}

static gboolean
read_facts (Mapping *self, const json_t *json, GError **error)
{
  FacetConversationRow *row = self->tree->conversation;
  const char           *title = NULL;
  gboolean              archived = FALSE;

  row->created = self->import->now;
  if (!facet_import_get_text (self->import, json, "title", &title, error) ||
      !facet_import_get_time (self->import, json, "create_time", &row->created, error))
    return FALSE;
  row->updated = row->created;
  if (!facet_import_get_time (self->import, json, "update_time", &row->updated, error) ||
      !facet_import_get_boolean (self->import, json, "is_archived", &archived, error))
    return FALSE;
  row->title = title != NULL && *title != '\0' ? g_strdup (title) : NULL;
  row->title_is_own = row->title != NULL;
  self->tree->conversation->archived = archived;
  return TRUE;
}

/* A message without a time is of the time of the one before. */
static void
fill_times (FacetTree *tree)
{
  for (guint i = 0; i < tree->messages->len; i++) {
    FacetMessageRow *row = tree->messages->pdata[i];

    if (row->created == 0)
      row->created = row->parent_id != 0 ? facet_tree_get (tree, row->parent_id)->created
                                         : tree->conversation->created;
  }
}

gboolean
facet_import_chatgpt (FacetImport *import, const json_t *json, GError **error)
{
  g_autoptr (FacetTree) tree = facet_tree_new ();
  g_autoptr (GArray) nodes = g_array_new (FALSE, FALSE, sizeof (Node));
  g_autoptr (GHashTable) by_id = g_hash_table_new (g_str_hash, g_str_equal);
  Mapping self = {import, tree, nodes, by_id};

  g_array_set_clear_func (nodes, node_clear);
  if (!read_facts (&self, json, error) ||
      !read_mapping (&self, json_object_get (json, "mapping"), error) ||
      !read_head (&self, json, error))
    return FALSE;
  fill_times (tree);
  facet_import_add_tree (import, g_steal_pointer (&tree));
  return TRUE;
}
