/* facet-shelf.h: conversations in order: a GListModel of FacetConversation, made when they are
 * asked for.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to app/.  Main thread.  What the store has listed stays a row until someone wants to see
 * the conversation: of ten thousand, those that a window shows.  The same object is given as long
 * as the shelf holds the conversation.
 *
 * The order: pinned ones first, then folder by folder, then those in no folder; the latest first
 * within each. */
#pragma once

#include "facet-conversation-private.h"

G_BEGIN_DECLS

#define FACET_TYPE_SHELF (facet_shelf_get_type ())
G_DECLARE_FINAL_TYPE (FacetShelf, facet_shelf, FACET, SHELF, GObject)

/* What the order looks at. */
typedef struct {
  gboolean pinned;
  gint64   folder; /* 0: none */
  gint64   updated;
} FacetShelfKey;

/* (transfer full) */
typedef FacetConversation *(*FacetShelfMake) (const FacetConversationRow *row, gpointer user_data);

/* @by_folder FALSE: pins and folders do not count. */
FacetShelf *facet_shelf_new (gboolean       by_folder,
                             FacetShelfMake make,
                             gpointer       user_data) G_GNUC_WARN_UNUSED_RESULT;

/* The first rows, of FacetConversationRow, in any order; takes them out of the array.  What is
 * there already stays, and its row is left out. */
void facet_shelf_fill (FacetShelf *self, GPtrArray *rows);

/* More, of which none is there, with one change of the list; takes them out of the array. */
void facet_shelf_add_rows (FacetShelf *self, GPtrArray *rows);

void     facet_shelf_get_key (FacetShelf *self, guint position, FacetShelfKey *key);
gboolean facet_shelf_find (FacetShelf *self, FacetConversation *conversation, guint *position);
/* (transfer full), NULL: there is none. */
FacetConversation *facet_shelf_find_id (FacetShelf *self, gint64 id) G_GNUC_WARN_UNUSED_RESULT;
gboolean           facet_shelf_has_id (FacetShelf *self, gint64 id);
void               facet_shelf_add (FacetShelf *self, FacetConversation *conversation);
void               facet_shelf_remove (FacetShelf *self, guint position);
void               facet_shelf_clear (FacetShelf *self);
/* Something that the order looks at has changed. */
void               facet_shelf_moved (FacetShelf *self, FacetConversation *conversation);
/* The folders, of FacetFolder, are others or in another order: everything may have another place.
 * Told by the caller, with g_list_model_items_changed (). */
void               facet_shelf_sort (FacetShelf *self, GPtrArray *folders);
/* Takes all out of @folder; without telling, or sorting. */
void               facet_shelf_empty_folder (FacetShelf *self, gint64 folder);
/* Of those that were made. */
void               facet_shelf_for_each (FacetShelf *self, GFunc func, gpointer user_data);

G_END_DECLS
