/* facet-library-private.h: what the files of FacetLibrary share.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to app/.  Main thread. */
#pragma once

#include "facet-library.h"
#include "facet-namer.h"
#include "facet-shelf.h"

G_BEGIN_DECLS

struct _FacetLibrary {
  GObject         parent_instance;
  FacetStore     *store;
  FacetAssistant *assistant;      /* of this computer */
  FacetServers   *servers;        /* NULL: there are none */
  char           *default_server; /* where new conversations are answered; "": here */
  FacetNamer     *namer;
  FacetShelf     *shelf;       /* what is listed */
  FacetShelf     *archive;     /* what was put aside, the latest first */
  GListStore     *folders;     /* of FacetFolder, in order */
  gint64          last_folder; /* the greatest id that was given */
  GPtrArray      *deleted;     /* of FacetConversation: what undo brings back, the latest last */
  GPtrArray *private;          /* of FacetConversation, weak: those kept in memory only */
  GListStore *trash;           /* of FacetConversation, the latest first */
  gboolean    asked_trash;     /* what earlier sessions left there was asked for */
  FacetConversation
                *fresh; /* weak: the latest one without a message, to whom the kept draft belongs */
  char          *new_draft; /* not yet given to one */
  gboolean       gave_draft_media;
  FacetSampling *sampling; /* a g_rc_box, shared with the conversations */
  char          *warning;
  gint64         offer; /* of a backup: when it was made; 0: none */
  gboolean       loaded;
};

/* facet-library.c */
void               facet_library_set_warning (FacetLibrary *self, const char *warning);
/* A conversation of the store, which belongs to the library from now on.  (transfer full) */
FacetConversation *facet_library_make (const FacetConversationRow *row,
                                       gpointer library) G_GNUC_WARN_UNUSED_RESULT;
/* Onto the shelf or into the archive, wherever it belongs. */
void               facet_library_put_in (FacetLibrary *self, FacetConversation *conversation);
/* FALSE: it is on neither. */
gboolean           facet_library_take_out (FacetLibrary *self, FacetConversation *conversation);

/* The folders, the conversations and the draft of the store; the trash is read when it is seen. */
void facet_library_read (FacetLibrary *self);
/* Of the conversations that were made. */
void facet_library_for_each (FacetLibrary *self, GFunc func, gpointer user_data);

/* facet-library-folders.c */
/* A FacetStoreRowsFunc whose @user_data is a reference to the library. */
void facet_library_folders_cb (GPtrArray *rows, const GError *error, gpointer user_data);

/* facet-library-storage.c */
/* A FacetStoreFunc whose @user_data is the library, borrowed. */
void facet_library_store_changed_cb (const GError *error, gpointer user_data);

/* facet-library-trash.c */
void facet_library_read_trash (FacetLibrary *self);

G_END_DECLS
