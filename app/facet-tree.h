/* facet-tree.h: a conversation whole, with every branch, as it is exported and imported.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to app/.  A tree has one owner at a time, in any thread.  In it messages are numbered
 * from 1 in the order in which they were stored, and these numbers stand for ids everywhere: in
 * FacetMessageRow.id and .parent_id, and in FacetConversationRow.head_id.  So a tree says the same
 * wherever its rows lie. */
#pragma once

#include "facet-progress.h"
#include "facet-store.h"

G_BEGIN_DECLS

typedef struct {
  FacetConversationRow *conversation; /* its id: 0 until it is stored */
  char                 *folder;       /* its name, whose id the row gets when stored; NULL: none */
  GPtrArray            *messages;     /* of FacetMessageRow; the one numbered n is at n - 1 */
  GArray               *deleted;      /* gint64 each: when it was taken out; 0: it was not */
  GPtrArray            *draft_media;  /* of FacetMedia */
} FacetTree;

FacetTree *facet_tree_new (void) G_GNUC_WARN_UNUSED_RESULT;
void       facet_tree_free (FacetTree *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetTree, facet_tree_free)

/* Takes @row and numbers it; its parent has a number already.  Returns the number. */
gint64           facet_tree_add (FacetTree *self, FacetMessageRow *row, gint64 deleted);
/* Borrowed. */
FacetMessageRow *facet_tree_get (FacetTree *self, gint64 number);
/* What is shown: the path from the head to the root, oldest first, without what was taken out; of
 * borrowed FacetMessageRow.  (transfer container) */
GPtrArray       *facet_tree_list_shown (FacetTree *self) G_GNUC_WARN_UNUSED_RESULT;

/* On the thread that owns @db: conversation @id.  NULL without @error: there is none. */
FacetTree *facet_tree_read (FacetDb *db, gint64 id, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The ids of all conversations outside the trash, as they are listed, archived ones last; gint64
 * each.  (transfer full) */
GArray    *facet_tree_list_all (FacetDb *db, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Main thread.  The same, of a store whose file nobody else can open.  @tree: (transfer full). */
typedef void (*FacetStoreTreeFunc) (FacetTree *tree, const GError *error, gpointer user_data);
void facet_store_read_tree (FacetStore        *self,
                            gint64             id,
                            FacetStoreTreeFunc func,
                            gpointer           user_data);

/* Main thread.  Stores new conversations, all or none: in many transactions, between which other
 * saves have their turn, and of which the last, a durable one, shows them all.  The trees are
 * written to (each gets its id), and nobody else may touch them until @func was called.
 * @move_media, on the writer's thread and before the last one: puts their files into the media
 * folder, one a call.
 * @progress (NULL: nobody looks) goes from @begin to FACET_TREE_PROGRESS.  @first_folder and the
 * numbers after it, one for each tree, are kept free for new folders. */
#define FACET_TREE_PROGRESS 1000
/* *@done: there was no more. */
typedef gboolean (*FacetTreeMediaFunc) (gpointer data, gboolean *done, GError **error);
void facet_store_add_trees (FacetStore        *self,
                            GPtrArray         *trees,
                            FacetTreeMediaFunc move_media,
                            gpointer           media_data,
                            FacetProgress     *progress,
                            guint              begin,
                            gint64             first_folder,
                            GCancellable      *cancellable,
                            FacetStoreFunc     func,
                            gpointer           user_data);

G_END_DECLS
