/* facet-window-private.h: what the files of FacetWindow share.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "facet-banner.h"
#include "facet-chat-view.h"
#include "facet-composer.h"
#include "facet-download-line.h"
#include "facet-drop-zone.h"
#include "facet-export.h"
#include "facet-first-run.h"
#include "facet-model-badge.h"
#include "facet-sidebar.h"
#include "facet-talk.h"
#include "facet-welcome.h"
#include "facet-window.h"

G_BEGIN_DECLS

struct _FacetWindow {
  AdwApplicationWindow parent_instance;

  AdwToastOverlay   *toasts;
  AdwFlap           *flap;
  FacetSidebar      *sidebar;
  AdwHeaderBar      *header;
  GtkWidget         *new_button;
  GtkWidget         *title_button;
  GtkLabel          *title_label;
  GtkWidget         *private_icon;
  GtkMenuButton     *place_button;
  GtkImage          *place_icon;
  GtkLabel          *place_label;
  GMenu             *places; /* in the place's menu: one an answer may come from */
  FacetModelBadge   *menu_badge;
  FacetBanner       *banner;
  FacetBanner       *recordings_banner;
  FacetDownloadLine *download_line;
  GtkStack          *pages;
  FacetFirstRun     *first_run;
  FacetChatView     *chat;
  FacetWelcome      *welcome;
  AdwStatusPage     *storage_page;
  FacetComposer     *composer;
  GtkWidget         *demo_line;
  FacetDropZone     *drop_zone;

  FacetTalk         *talk;
  GPtrArray         *recordings; /* of FacetClip: found, and offered; NULL: none */
  FacetLibrary      *library;
  FacetModels       *models;
  FacetConversation *conversation; /* shown */
  FacetConversation *fresh; /* the new one; kept while another is shown, for what was typed in it */
  GListStore *private;      /* of FacetConversation: kept in memory as long as the window */
  FacetConversation *archived; /* the last one, for undo */
  GSignalGroup      *library_signals;
  GSignalGroup      *assistant_signals;
  GSignalGroup      *conversation_signals;
  GSignalGroup      *server_signals;
  AdwToast          *hint;          /* what is to be said now; weak */
  AdwToast          *undo_toast;    /* the last deletion's, not owned; NULL when it is gone */
  char              *failure;       /* why what was sent last could not be kept */
  char              *storage_error; /* why there is no library */
  gboolean           is_first_run;  /* which model is to answer is asked */
  gboolean           narrow;        /* the sidebar slides over the conversation */
  gboolean           short_place;   /* where words go is told by an icon alone */
};

/* facet-window.c */
/* After anything that changes what is said about the assistant. */
void facet_window_update_assistant (FacetWindow *self);
/* After anything that decides which page is shown. */
void facet_window_show_page (FacetWindow *self);

/* facet-window-actions.c */
void facet_window_install_actions (GtkWidgetClass *widget_class);
/* After anything that decides which of them can be used. */
void facet_window_update_actions (FacetWindow *self);
void facet_window_begin_conversation (FacetWindow *self);
void facet_window_rename (FacetWindow *self, FacetConversation *conversation);
void facet_window_delete (FacetWindow *self, FacetConversation *conversation);
/* Says @text in a toast.  With @undo, a void (*) (gpointer), it has a button that calls it on
 * @subject, a GObject. */
void facet_window_say (FacetWindow *self, const char *text, GCallback undo, gpointer subject);

/* Lets @toast say @text, in as many lines of @n_chars as that takes. */
void facet_window_wrap_toast (AdwToast *toast, const char *text, int n_chars);

/* facet-window-organise.c */
void               facet_window_install_organise_actions (GtkWidgetClass *widget_class);
/* A conversation that the window forgets: shows another one if it is shown. */
void               facet_window_leave (FacetWindow *self, FacetConversation *conversation);
/* All private ones, also where an answer is being written. */
void               facet_window_forget_all_private (FacetWindow *self);
/* Private ones in which nothing was said, and that are not shown. */
void               facet_window_drop_empty_private (FacetWindow *self);
void               facet_window_forget_private (FacetWindow *self, FacetConversation *conversation);
/* By id, in the library or among the private ones.  (transfer full), NULL: there is none. */
FacetConversation *facet_window_find_conversation (FacetWindow *self, gint64 id);

/* facet-window-examples.c */
/* Handler of the welcome page's ::example. */
void facet_window_begin_example (FacetWindow *self, FacetExample kind, const char *text);
/* What is to be said need not be said any more. */
void facet_window_drop_hint (FacetWindow *self);

/* facet-window-exchange.c */
/* These ask what and where to. */
void facet_window_import (FacetWindow *self);
/* @conversation 0: nothing. */
void facet_window_export_conversation (FacetWindow *self, gint64 conversation);
void facet_window_export_all (FacetWindow *self);
/* @files of GFile. */
void facet_window_import_files (FacetWindow *self, GListModel *files);
/* @conversation 0: all. */
void facet_window_export_to (FacetWindow      *self,
                             FacetExportFormat format,
                             const char       *folder,
                             gint64            conversation);

/* facet-window-recordings.c */
/* The two buttons of the offer. */
void facet_window_add_recordings (FacetWindow *self);
void facet_window_discard_recordings (FacetWindow *self);

/* facet-window-search.c */
void facet_window_install_search_actions (GtkWidgetClass *widget_class);
/* With facet_window_update_actions (). */
void facet_window_update_search_actions (FacetWindow *self);

/* facet-window-models.c */
void facet_window_set_models (FacetWindow *self, FacetModels *models);
/* Handler of the first-run page. */
void facet_window_first_run_chosen (FacetWindow        *self,
                                    FacetFirstRunChoice choice,
                                    FacetModel         *model);

/* facet-window-place.c */
/* Who answers the shown conversation; borrowed, NULL: nobody does. */
FacetAssistant *facet_window_get_assistant (FacetWindow *self);
/* The property "place": the id of the server that answers, "" for this computer; borrowed. */
const char     *facet_window_get_place (FacetWindow *self);
/* Asks first where that is needed. */
void            facet_window_set_place (FacetWindow *self, const char *id);
/* After anything that changes what the header says of it. */
void            facet_window_update_place (FacetWindow *self);
void            facet_window_fill_places (FacetWindow *self);
/* The library is another. */
void            facet_window_watch_servers (FacetWindow *self);

/* facet-window-storage.c */
/* Says it in the banner, with two buttons.  FALSE: there is nothing to offer. */
gboolean facet_window_offer_backup (FacetWindow *self);
/* The two buttons. */
void     facet_window_decide (FacetWindow *self, gboolean restore);
/* Handler of the library's ::reset. */
void     facet_window_library_reset (FacetWindow *self, gboolean forgotten);

/* facet-window-layout.c */
void facet_window_arrange (FacetWindow *self, int width);
void facet_window_update_header (FacetWindow *self);
void facet_window_set_sidebar_visible (FacetWindow *self, gboolean visible);
void facet_window_restore_size (FacetWindow *self);
void facet_window_save_size (FacetWindow *self);

G_END_DECLS
