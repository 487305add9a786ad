/* facet-store-drafts.c: what is attached to messages that are being written, stored and read.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The *_run functions run on a store thread, the others on the main thread. */
#define G_LOG_DOMAIN "facet-store"

#include "facet-store-private.h"

typedef struct {
  FacetStoreOp       op;
  gint64             conversation;
  GPtrArray         *media; /* of FacetMedia: what is to be kept, or what was */
  FacetStoreFunc     func;
  FacetStoreRowsFunc rows_func;
  gpointer           user_data;
} DraftOp;

static gboolean
save_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  DraftOp *draft = (DraftOp *)op;

  return facet_db_begin (db, FALSE, error) &&
         facet_draft_attachments_write (db, draft->conversation, draft->media, error) &&
         facet_db_commit (db, error);
}

static gboolean
load_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  DraftOp *draft = (DraftOp *)op;

  draft->media = facet_draft_attachments_read (db, draft->conversation, error);
  return draft->media != NULL;
}

static void
reply (FacetStoreOp *op)
{
  DraftOp *draft = (DraftOp *)op;

  if (draft->func != NULL)
    draft->func (op->error, draft->user_data);
  if (draft->rows_func != NULL)
    draft->rows_func (draft->media, op->error, draft->user_data);
}

static void
draft_free (FacetStoreOp *op)
{
  DraftOp *draft = (DraftOp *)op;

  g_clear_pointer (&draft->media, g_ptr_array_unref);
  g_free (draft);
}

static DraftOp *
draft_new (gboolean (*run) (FacetStoreOp *, FacetDb *, GError **),
           gint64   conversation,
           gpointer user_data)
{
  DraftOp *draft = g_new0 (DraftOp, 1);

  draft->op.run = run;
  draft->op.reply = reply;
  draft->op.free = draft_free;
  draft->conversation = conversation;
  draft->user_data = user_data;
  return draft;
}

void
facet_store_save_draft_media (FacetStore    *self,
                              gint64         conversation,
                              GPtrArray     *media,
                              FacetStoreFunc func,
                              gpointer       user_data)
{
  DraftOp *draft = draft_new (save_run, conversation, user_data);

  draft->media = g_ptr_array_ref (media);
  draft->func = func;
  facet_store_push_write (self, &draft->op);
}

void
facet_store_load_draft_media (FacetStore        *self,
                              gint64             conversation,
                              FacetStoreRowsFunc func,
                              gpointer           user_data)
{
  DraftOp *draft = draft_new (load_run, conversation, user_data);

  draft->rows_func = func;
  facet_store_push_read (self, &draft->op);
}
