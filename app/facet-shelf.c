/* facet-shelf.c: conversations in order: a GListModel of FacetConversation, made when they are
 * asked for.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#define G_LOG_DOMAIN "facet-shelf"

#include "facet-shelf.h"

#include "facet-folder.h"

typedef struct {
  FacetConversationRow *row;          /* as listed; NULL once: */
  FacetConversation    *conversation; /* it was asked for */
} Entry;

struct _FacetShelf {
  GObject        parent_instance;
  GPtrArray     *entries;   /* of Entry, in order */
  gboolean       by_folder; /* else only the time counts */
  GHashTable    *ranks;     /* id of a folder → its place, from 1 */
  FacetShelfMake make;
  gpointer       user_data;
};

static void facet_shelf_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (FacetShelf,
                               facet_shelf,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL,
                                                      facet_shelf_list_model_init))

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  facet_conversation_row_free (entry->row);
  g_clear_object (&entry->conversation);
  g_free (entry);
}

static gint64
entry_id (const Entry *entry)
{
  return entry->row != NULL ? entry->row->id : facet_conversation_get_id (entry->conversation);
}

static void
entry_get_key (const Entry *entry, FacetShelfKey *key)
{
  if (entry->row != NULL)
    *key = (FacetShelfKey){entry->row->pinned, entry->row->folder, entry->row->updated};
  else
    *key = (FacetShelfKey){facet_conversation_get_pinned (entry->conversation),
                           facet_conversation_get_folder (entry->conversation),
                           facet_conversation_get_updated (entry->conversation)};
}

/* The list */

static GType
facet_shelf_get_item_type (GListModel *model)
{
  return FACET_TYPE_CONVERSATION;
}

static guint
facet_shelf_get_n_items (GListModel *model)
{
  return FACET_SHELF (model)->entries->len;
}

static FacetConversation *
make (FacetShelf *self, Entry *entry)
{
  if (entry->conversation == NULL) {
    entry->conversation = self->make (entry->row, self->user_data);
    g_clear_pointer (&entry->row, facet_conversation_row_free);
  }
  return g_object_ref (entry->conversation);
}

static gpointer
facet_shelf_get_item (GListModel *model, guint position)
{
  FacetShelf *self = FACET_SHELF (model);

  if (position >= self->entries->len)
    return NULL;
  return make (self, g_ptr_array_index (self->entries, position));
}

static void
facet_shelf_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = facet_shelf_get_item_type;
  iface->get_n_items = facet_shelf_get_n_items;
  iface->get_item = facet_shelf_get_item;
}

/* The order */

static guint
rank_of (FacetShelf *self, const FacetShelfKey *key)
{
  guint rank;

  if (!self->by_folder || key->pinned)
    return 0;
  rank = GPOINTER_TO_UINT (g_hash_table_lookup (self->ranks, &key->folder));
  return rank > 0 ? rank : G_MAXUINT;
}

static int
compare (FacetShelf *self, const Entry *a, const Entry *b)
{
  FacetShelfKey key_a, key_b;
  guint         rank_a, rank_b;

  entry_get_key (a, &key_a);
  entry_get_key (b, &key_b);
  rank_a = rank_of (self, &key_a);
  rank_b = rank_of (self, &key_b);
  if (rank_a != rank_b)
    return rank_a < rank_b ? -1 : 1;
  return key_a.updated > key_b.updated ? -1 : key_a.updated < key_b.updated;
}

static int
compare_cb (gconstpointer a, gconstpointer b, gpointer self)
{
  return compare (self, *(Entry *const *)a, *(Entry *const *)b);
}

/* The first place where what stands there comes after @entry. */
static guint
place_of (FacetShelf *self, const Entry *entry)
{
  guint low = 0, high = self->entries->len;

  while (low < high) {
    guint middle = low + (high - low) / 2;

    if (compare (self, g_ptr_array_index (self->entries, middle), entry) <= 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static gboolean
is_in_place (FacetShelf *self, guint position)
{
  gpointer *all = self->entries->pdata;

  return (position == 0 || compare (self, all[position - 1], all[position]) <= 0) &&
         (position + 1 == self->entries->len ||
          compare (self, all[position], all[position + 1]) <= 0);
}

static void
insert (FacetShelf *self, Entry *entry)
{
  guint position = place_of (self, entry);

  g_ptr_array_insert (self->entries, (int)position, entry);
  g_list_model_items_changed (G_LIST_MODEL (self), position, 0, 1);
}

/* Changes */

void
facet_shelf_fill (FacetShelf *self, GPtrArray *rows)
{
  g_autoptr (GPtrArray) begun = g_steal_pointer (&self->entries);
  g_autoptr (GHashTable) known = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);

  self->entries = g_ptr_array_new_full (rows->len, entry_free);
  for (guint i = 0; i < begun->len; i++) {
    gint64 id = entry_id (g_ptr_array_index (begun, i));

    g_hash_table_add (known, g_memdup2 (&id, sizeof id));
  }
  g_ptr_array_set_free_func (rows, NULL);
  for (guint i = 0; i < rows->len; i++) {
    FacetConversationRow *row = g_ptr_array_index (rows, i);
    Entry                *entry;

    if (g_hash_table_contains (known, &row->id)) {
      facet_conversation_row_free (row);
      continue;
    }
    entry = g_new0 (Entry, 1);
    entry->row = row;
    g_ptr_array_add (self->entries, entry);
  }
  g_ptr_array_set_size (rows, 0);
  g_ptr_array_sort_with_data (self->entries, compare_cb, self);
  g_list_model_items_changed (G_LIST_MODEL (self), 0, begun->len, self->entries->len);
  g_ptr_array_set_free_func (begun, NULL);
  for (guint i = 0; i < begun->len; i++)
    insert (self, g_ptr_array_index (begun, i));
}

/* Tells of the part in which @before, of Entry, differs from what there is now. */
static void
tell_of_change (FacetShelf *self, GPtrArray *before)
{
  GPtrArray *now = self->entries;
  guint      first = 0, n_same = 0;

  while (first < before->len && before->pdata[first] == now->pdata[first])
    first++;
  while (n_same < before->len - first &&
         before->pdata[before->len - 1 - n_same] == now->pdata[now->len - 1 - n_same])
    n_same++;
  g_list_model_items_changed (G_LIST_MODEL (self), first, before->len - first - n_same,
                              now->len - first - n_same);
}

void
facet_shelf_add_rows (FacetShelf *self, GPtrArray *rows)
{
  g_autoptr (GPtrArray) before = g_ptr_array_copy (self->entries, NULL, NULL);

  g_ptr_array_set_free_func (before, NULL); /* they are those of self->entries */
  g_ptr_array_set_free_func (rows, NULL);
  for (guint i = 0; i < rows->len; i++) {
    Entry *entry = g_new0 (Entry, 1);

    entry->row = g_ptr_array_index (rows, i);
    g_ptr_array_add (self->entries, entry);
  }
  g_ptr_array_set_size (rows, 0);
  g_ptr_array_sort_with_data (self->entries, compare_cb, self);
  tell_of_change (self, before);
}

void
facet_shelf_get_key (FacetShelf *self, guint position, FacetShelfKey *key)
{
  entry_get_key (g_ptr_array_index (self->entries, position), key);
}

gboolean
facet_shelf_find (FacetShelf *self, FacetConversation *conversation, guint *position)
{
  for (guint i = 0; i < self->entries->len; i++) {
    Entry *entry = g_ptr_array_index (self->entries, i);

    if (entry->conversation == conversation) {
      *position = i;
      return TRUE;
    }
  }
  return FALSE;
}

static Entry *
find_entry (FacetShelf *self, gint64 id)
{
  for (guint i = 0; i < self->entries->len; i++) {
    if (entry_id (g_ptr_array_index (self->entries, i)) == id)
      return g_ptr_array_index (self->entries, i);
  }
  return NULL;
}

FacetConversation *
facet_shelf_find_id (FacetShelf *self, gint64 id)
{
  Entry *entry = find_entry (self, id);

  return entry != NULL ? make (self, entry) : NULL;
}

gboolean
facet_shelf_has_id (FacetShelf *self, gint64 id)
{
  return find_entry (self, id) != NULL;
}

void
facet_shelf_add (FacetShelf *self, FacetConversation *conversation)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->conversation = g_object_ref (conversation);
  insert (self, entry);
}

void
facet_shelf_remove (FacetShelf *self, guint position)
{
  g_ptr_array_remove_index (self->entries, position);
  g_list_model_items_changed (G_LIST_MODEL (self), position, 1, 0);
}

void
facet_shelf_clear (FacetShelf *self)
{
  guint n = self->entries->len;

  g_ptr_array_set_size (self->entries, 0);
  g_list_model_items_changed (G_LIST_MODEL (self), 0, n, 0);
}

/* Also what keeps its place may belong under another heading. */
void
facet_shelf_moved (FacetShelf *self, FacetConversation *conversation)
{
  Entry *entry;
  guint  position;

  if (!facet_shelf_find (self, conversation, &position))
    return;
  if (is_in_place (self, position)) {
    g_list_model_items_changed (G_LIST_MODEL (self), position, 1, 1);
    return;
  }
  entry = g_ptr_array_steal_index (self->entries, position);
  g_list_model_items_changed (G_LIST_MODEL (self), position, 1, 0);
  insert (self, entry);
}

void
facet_shelf_sort (FacetShelf *self, GPtrArray *folders)
{
  g_hash_table_remove_all (self->ranks);
  for (guint i = 0; i < folders->len; i++) {
    gint64 id = facet_folder_get_id (g_ptr_array_index (folders, i));

    g_hash_table_insert (self->ranks, g_memdup2 (&id, sizeof id), GUINT_TO_POINTER (i + 1));
  }
  g_ptr_array_sort_with_data (self->entries, compare_cb, self);
}

void
facet_shelf_empty_folder (FacetShelf *self, gint64 folder)
{
  for (guint i = 0; i < self->entries->len; i++) {
    Entry *entry = g_ptr_array_index (self->entries, i);

    if (entry->row != NULL && entry->row->folder == folder)
      entry->row->folder = 0;
    else if (entry->row == NULL && facet_conversation_get_folder (entry->conversation) == folder)
      entry->conversation->folder = 0;
  }
}

void
facet_shelf_for_each (FacetShelf *self, GFunc func, gpointer user_data)
{
  for (guint i = 0; i < self->entries->len; i++) {
    Entry *entry = g_ptr_array_index (self->entries, i);

    if (entry->conversation != NULL)
      func (entry->conversation, user_data);
  }
}

/* The object */

static void
facet_shelf_finalize (GObject *object)
{
  FacetShelf *self = FACET_SHELF (object);

  g_ptr_array_unref (self->entries);
  g_hash_table_unref (self->ranks);
  G_OBJECT_CLASS (facet_shelf_parent_class)->finalize (object);
}

static void
facet_shelf_class_init (FacetShelfClass *class)
{
  G_OBJECT_CLASS (class)->finalize = facet_shelf_finalize;
}

static void
facet_shelf_init (FacetShelf *self)
{
  self->entries = g_ptr_array_new_with_free_func (entry_free);
  self->ranks = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
}

FacetShelf *
facet_shelf_new (gboolean by_folder, FacetShelfMake make_func, gpointer user_data)
{
  FacetShelf *self = g_object_new (FACET_TYPE_SHELF, NULL);

  self->by_folder = by_folder;
  self->make = make_func;
  self->user_data = user_data;
  return self;
}
