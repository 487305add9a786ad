/* facet-conversation-private.h: what the parts of a conversation and its library know of each
 * other.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to app/.  Main thread. */
#pragma once

#include "facet-library.h"
#include "facet-store.h"

G_BEGIN_DECLS

typedef struct _FacetTurn FacetTurn;

/* Where the draft of a conversation is kept that has no row yet. */
#define FACET_NEW_DRAFT_KEY "new-draft"

struct _FacetConversation {
  GObject           parent_instance;
  FacetStore       *store;
  FacetAssistant   *assistant;
  gint64            id;
  char             *title;
  gboolean          title_is_own;
  gint64            created, updated;
  gboolean          pinned, thinking;
  char             *draft;
  guint             draft_timer;
  GListStore       *draft_media;         /* of FacetMedia */
  gulong            draft_media_handler; /* stores it when it changes */
  gint64            head_id;
  gint64            deleted_at; /* 0: not in the trash */
  GPtrArray        *messages;   /* of FacetMessage, as shown */
  GPtrArray        *deleted;    /* of FacetMessage, the latest last */
  FacetTurn        *turn;       /* NULL: not busy */
  gboolean          loading, loaded;
  gboolean          naming_done; /* the model was asked for a title */
  gboolean          archived;
  gint64            folder;         /* 0: none */
  char             *server;         /* the id of the one that answers; "": this computer */
  char             *servers_agreed; /* ids between spaces: what is in it may be sent there */
  FacetMessageTree *tree;           /* all that are stored, of every branch */
  gboolean          switching;      /* to the branch that ends with: */
  gint64            next_head;
  gint64            wanted_message; /* to be shown once it is loaded; 0: none */
  FacetSampling    *sampling; /* shared with the library, in a g_rc_box; NULL: the model's own */
  char             *tools;    /* declarations; NULL: none */
};

/* A listed conversation, not opened yet. */
FacetConversation *facet_conversation_new_for_row (FacetStore                 *store,
                                                   FacetAssistant             *assistant,
                                                   const FacetConversationRow *row)
    G_GNUC_WARN_UNUSED_RESULT;
/* What is to be stored of it.  (transfer full) */
FacetConversationRow *facet_conversation_dup_row (FacetConversation *self)
    G_GNUC_WARN_UNUSED_RESULT;
FacetStore *facet_conversation_get_store (FacetConversation *self);
/* Borrowed. */
FacetStore *facet_library_get_store (FacetLibrary *self);
/* Ids for @n folders that the store may make; the first one. */
gint64      facet_library_reserve_folders (FacetLibrary *self, guint n);
/* The store has a folder of that id, perhaps a new one; 0: none. */
void        facet_library_know_folder (FacetLibrary *self, gint64 id, const char *name);
/* The one that private conversation @id is in; NULL: it is none.  (transfer full) */
FacetStore *facet_library_ref_private_store (FacetLibrary *self,
                                             gint64        id) G_GNUC_WARN_UNUSED_RESULT;
/* Lists conversations that were stored whole, of FacetConversationRow, with one change of the list:
 * there may be thousands.  Takes them out of the array. */
void        facet_library_add_stored (FacetLibrary *self, GPtrArray *rows);
/* Takes a reference to the g_rc_box: what is written into it later counts for the next answer. */
void        facet_conversation_share_sampling (FacetConversation *self, FacetSampling *sampling);
/* Writes what waits to be written and ends a running answer at once, as STOPPED; what it still says
 * is not heard. */
void        facet_conversation_close (FacetConversation *self);

/* The first words of what the person wrote, on one line.  (transfer full) */
char *facet_title_of_text (const char *text) G_GNUC_WARN_UNUSED_RESULT;

/* Of what the person wrote, or else of what is attached.  (transfer full) */
char *facet_title_of_message (FacetMessage *message) G_GNUC_WARN_UNUSED_RESULT;
/* From the model: stored, and still not the person's. */
void  facet_conversation_take_title (FacetConversation *self, const char *title);

/* Without storing it: */
void       facet_conversation_change_title (FacetConversation *self, const char *title);
gboolean   facet_conversation_change_draft (FacetConversation *self, const char *draft);
/* Stores what is attached to the draft; or reads what was, and puts it in front. */
void       facet_conversation_store_draft_media (FacetConversation *self);
void       facet_conversation_restore_draft_media (FacetConversation *self);
/* The draft's media, in order; (transfer full) */
GPtrArray *facet_conversation_list_draft_media (FacetConversation *self) G_GNUC_WARN_UNUSED_RESULT;
/* A FacetStoreFunc whose @user_data is a reference to the conversation: says what went wrong. */
void       facet_conversation_stored_cb (const GError *error, gpointer user_data);

/* For its library: */
/* At first, before it has a message. */
void facet_conversation_begin_at (FacetConversation *self, const char *server);
void facet_conversation_set_folder (FacetConversation *self, gint64 folder);
void facet_conversation_set_archived (FacetConversation *self, gboolean archived);

/* For its branches: */

/* Reads the tree; before the messages. */
void facet_conversation_read_tree (FacetConversation *self);
/* Messages at the end have got their ids. */
void facet_conversation_grow_tree (FacetConversation *self);
/* What was asked for before it was loaded. */
void facet_conversation_show_wanted (FacetConversation *self);
/* @message was deleted, and was the end of the branch: another version of it is shown, if there is
 * one. */
void facet_conversation_leave_deleted (FacetConversation *self, FacetMessage *message);

/* For a turn: */

/* Its first rows are on disk. */
void facet_conversation_turn_saved (FacetConversation          *self,
                                    FacetTurn                  *turn,
                                    const FacetConversationRow *row);
/* They could not be written, and the messages are as they were before.  @user: what was to be sent;
 * NULL: nothing new.  @is_draft: it becomes the draft with all that is attached; FALSE: only its
 * text, because the message of which it was a new version still has the rest. */
void facet_conversation_turn_undone (FacetConversation *self,
                                     FacetTurn         *turn,
                                     FacetMessage      *user,
                                     gboolean           is_draft,
                                     const char        *sentence);
/* The answer has its final state. */
void facet_conversation_turn_ended (FacetConversation *self, FacetTurn *turn);
void facet_conversation_fail (FacetConversation *self, const char *sentence);
/* Puts @n_added messages in place of @n_removed at @position, and tells. */
void facet_conversation_splice (FacetConversation *self,
                                guint              position,
                                guint              n_removed,
                                FacetMessage     **added,
                                guint              n_added);

G_END_DECLS
