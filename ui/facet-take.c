/* facet-take.c: one recording on its way from its clips' files to a message.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  A take that is in the draft belongs to the conversation until it is decided what
 * becomes of its files. */
#define G_LOG_DOMAIN "facet-take"

#include "config.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "facet-media-import.h"
#include "facet-take.h"

#define TAKES_KEY "facet-takes"

/* A clip that was imported. */
typedef struct {
  FacetMedia *media;
  char       *path;
} Piece;

struct _FacetTake {
  GObject parent_instance;

  GWeakRef   conversation;
  GQueue     waiting; /* of FacetClip; the first is being imported */
  GPtrArray *pieces;
  char      *error;
  gboolean   ended, importing;
  gboolean   settled; /* what is left of the pieces is the conversation's */
  gboolean   failed;  /* the conversation could not be kept */
  guint      look;    /* an idle source; 0: none */
};

enum {
  DONE,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (FacetTake, facet_take, G_TYPE_OBJECT)

static void
piece_free (gpointer data)
{
  Piece *self = data;

  g_object_unref (self->media);
  g_free (self->path);
  g_free (self);
}

/* Importing */

static void import_next (FacetTake *self);

static void
imported_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (FacetTake) self = data;
  g_autoptr (FacetClip) clip = g_queue_pop_head (&self->waiting);
  g_autoptr (FacetMedia) media = NULL;
  g_autoptr (GError) error = NULL;

  media = facet_media_import_finish (result, &error);
  if (media != NULL) {
    Piece *piece = g_new0 (Piece, 1);

    piece->media = g_steal_pointer (&media);
    piece->path = g_strdup (clip->path);
    g_ptr_array_add (self->pieces, piece);
  } else if (self->error == NULL)
    self->error = g_strdup (error->message);
  self->importing = FALSE;
  import_next (self);
}

/* As the person knows it. */
static char *
name_clip (const FacetClip *clip)
{
  g_autoptr (GDateTime) begun = g_date_time_new_from_unix_local (clip->recording / G_USEC_PER_SEC);
  /* Translators: the name of a recording; the time of day when it began. */
  char *name = begun != NULL ? g_date_time_format (begun, _ ("Recording %H:%M")) : NULL;

  return name != NULL ? name : g_strdup (_ ("Recording"));
}

static void
import_next (FacetTake *self)
{
  g_autoptr (FacetConversation) conversation = g_weak_ref_get (&self->conversation);
  FacetClip *clip = g_queue_peek_head (&self->waiting);

  if (self->importing)
    return;
  if (clip != NULL && conversation != NULL) {
    g_autoptr (GFile) file = g_file_new_for_path (clip->path);
    g_autofree char *name = name_clip (clip);

    self->importing = TRUE;
    facet_media_import_file_async (facet_conversation_get_media_folder (conversation), file, name,
                                   NULL, imported_cb, g_object_ref (self));
    return;
  }
  if (self->ended)
    g_signal_emit (self, signals[DONE], 0);
}

void
facet_take_add (FacetTake *self, FacetClip *clip)
{
  g_return_if_fail (FACET_IS_TAKE (self));

  g_queue_push_tail (&self->waiting, facet_clip_ref (clip));
  import_next (self);
}

void
facet_take_end (FacetTake *self)
{
  g_return_if_fail (FACET_IS_TAKE (self));

  self->ended = TRUE;
  import_next (self);
}

/* In the draft, and what becomes of it */

static gboolean
is_in_draft (FacetConversation *conversation, FacetMedia *media)
{
  return g_list_store_find (facet_conversation_get_draft_media (conversation), media, NULL);
}

/* The newest messages first: it was sent just now. */
static FacetMessage *
find_message (FacetConversation *conversation, FacetMedia *media)
{
  for (guint i = g_list_model_get_n_items (G_LIST_MODEL (conversation)); i-- > 0;) {
    g_autoptr (FacetMessage) message = g_list_model_get_item (G_LIST_MODEL (conversation), i);

    if (g_ptr_array_find (facet_message_get_attachments (message), media, NULL))
      return message; /* the conversation has it */
  }
  return NULL;
}

/* TRUE: its file is of no use any more. */
static gboolean
is_settled (FacetConversation *conversation, const Piece *piece)
{
  FacetMessage *message = find_message (conversation, piece->media);

  if (message != NULL)
    return facet_message_get_id (message) != 0;
  return !is_in_draft (conversation, piece->media);
}

static void
delete_file (const Piece *piece)
{
  if (g_unlink (piece->path) < 0)
    g_debug ("%s stays: %s", piece->path, g_strerror (errno));
}

static gboolean
look_cb (gpointer data)
{
  FacetTake *self = data;
  g_autoptr (FacetConversation) conversation = g_weak_ref_get (&self->conversation);

  self->look = 0;
  if (conversation == NULL)
    return G_SOURCE_REMOVE;
  for (guint i = self->pieces->len; i-- > 0;) {
    Piece *piece = g_ptr_array_index (self->pieces, i);

    if (!is_settled (conversation, piece))
      continue;
    delete_file (piece);
    g_ptr_array_remove_index (self->pieces, i);
  }
  if (self->pieces->len == 0) /* the last reference, maybe */
    g_ptr_array_remove (g_object_get_data (G_OBJECT (conversation), TAKES_KEY), self);
  return G_SOURCE_REMOVE;
}

/* A moment later: sending takes media out of the draft before the message has them. */
static void
look_later (FacetTake *self)
{
  if (self->look == 0)
    self->look = g_idle_add (look_cb, self);
}

static void
failed_cb (FacetTake *self)
{
  self->failed = TRUE;
}

gboolean
facet_take_settle (FacetTake *self)
{
  g_autoptr (FacetConversation) conversation = g_weak_ref_get (&self->conversation);
  GListStore *draft;
  GPtrArray  *takes;

  g_return_val_if_fail (FACET_IS_TAKE (self), FALSE);

  if (conversation == NULL || self->pieces->len == 0)
    return FALSE;
  takes = g_object_get_data (G_OBJECT (conversation), TAKES_KEY);
  if (takes == NULL) {
    takes = g_ptr_array_new_with_free_func (g_object_unref);
    g_object_set_data_full (G_OBJECT (conversation), TAKES_KEY, takes,
                            (GDestroyNotify)g_ptr_array_unref);
  }
  g_ptr_array_add (takes, g_object_ref (self));

  self->settled = TRUE;
  draft = facet_conversation_get_draft_media (conversation);
  for (guint i = 0; i < self->pieces->len; i++)
    g_list_store_append (draft, ((Piece *)g_ptr_array_index (self->pieces, i))->media);
  g_signal_connect_object (draft, "items-changed", G_CALLBACK (look_later), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (conversation, "notify::updated", G_CALLBACK (look_later), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (conversation, "failed", G_CALLBACK (failed_cb), self, G_CONNECT_SWAPPED);
  return TRUE;
}

/* The object */

FacetConversation *
facet_take_dup_conversation (FacetTake *self)
{
  g_return_val_if_fail (FACET_IS_TAKE (self), NULL);

  return g_weak_ref_get (&self->conversation);
}

const char *
facet_take_get_error (FacetTake *self)
{
  g_return_val_if_fail (FACET_IS_TAKE (self), NULL);

  return self->error;
}

static void
facet_take_finalize (GObject *object)
{
  FacetTake *self = FACET_TAKE (object);

  g_clear_handle_id (&self->look, g_source_remove);
  /* The conversation is gone, and the store has its draft. */
  for (guint i = 0; self->settled && !self->failed && i < self->pieces->len; i++)
    delete_file (g_ptr_array_index (self->pieces, i));
  g_weak_ref_clear (&self->conversation);
  g_queue_clear_full (&self->waiting, (GDestroyNotify)facet_clip_unref);
  g_ptr_array_unref (self->pieces);
  g_free (self->error);
  G_OBJECT_CLASS (facet_take_parent_class)->finalize (object);
}

static void
facet_take_class_init (FacetTakeClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = facet_take_finalize;

  signals[DONE] = g_signal_new ("done", FACET_TYPE_TAKE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 0);
}

static void
facet_take_init (FacetTake *self)
{
  g_queue_init (&self->waiting);
  self->pieces = g_ptr_array_new_with_free_func (piece_free);
}

FacetTake *
facet_take_new (FacetConversation *conversation)
{
  FacetTake *self = g_object_new (FACET_TYPE_TAKE, NULL);

  g_weak_ref_init (&self->conversation, conversation);
  return self;
}
