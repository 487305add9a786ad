/* facet-message-tree.h: which messages of a conversation follow which: its branches, by id alone.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to app/.  Belongs to one thread.  Messages with the same parent are versions of each
 * other; a deleted one is none, but what follows it is still there.  An id is greater than its
 * parent's, because a message is stored after its parent: what says otherwise is not believed, so
 * that a file that someone else wrote makes no circle. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _FacetMessageTree FacetMessageTree;

/* As it is stored; parent 0: none. */
typedef struct {
  gint64   id, parent;
  gboolean deleted;
} FacetMessageLink;

FacetMessageTree *facet_message_tree_new (void) G_GNUC_WARN_UNUSED_RESULT;
void              facet_message_tree_free (FacetMessageTree *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetMessageTree, facet_message_tree_free)

/* The second time for the same id: only whether it is deleted. */
void     facet_message_tree_add (FacetMessageTree *self, const FacetMessageLink *link);
void     facet_message_tree_set_deleted (FacetMessageTree *self, gint64 id, gboolean deleted);
gboolean facet_message_tree_has (FacetMessageTree *self, gint64 id);
/* How many versions there are below @parent, and which of them @id is, counted from 0.  An @id that
 * was not added (0: not yet stored) will be the last. */
void     facet_message_tree_get_versions (FacetMessageTree *self,
                                          gint64            parent,
                                          gint64            id,
                                          guint            *index,
                                          guint            *count);
/* The version below @parent; 0: there are not so many. */
gint64   facet_message_tree_get_version (FacetMessageTree *self, gint64 parent, guint index);
/* The newest message below @id, or @id itself; 0: it is not there. */
gint64   facet_message_tree_find_newest (FacetMessageTree *self, gint64 id);

/* Whether @end is @id, or below it. */
gboolean facet_message_tree_leads_to (FacetMessageTree *self, gint64 id, gint64 end);

G_END_DECLS
