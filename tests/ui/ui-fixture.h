/* ui-fixture.h: a library in a folder of its own, an assistant that plays a script, and a
 * conversation in a window, for tests of widgets.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "facet-block-column.h"
#include "facet-chat-list.h"
#include "facet-chat-view.h"
#include "facet-compat.h"
#include "facet-library.h"
#include "fake-assistant.h"

G_BEGIN_DECLS

typedef struct {
  char          *folder;
  FakeAssistant *fake; /* answers at once unless told otherwise */
  FacetLibrary  *library;
} UiFixture;

/* A conversation that is in the library from the start. */
typedef struct {
  const char *title;
  gint64      updated; /* µs */
  gboolean    pinned;
} UiConversation;

/* GTK, the resources and the icons; settings are in memory, data in a folder that goes away. */
void ui_test_init (int *argc, char ***argv);

void ui_fixture_set_up (UiFixture *f, const UiConversation *conversations, guint n);
void ui_fixture_tear_down (UiFixture *f);
/* Closes the library, which nobody else may hold, and reads it from disk again. */
void ui_fixture_reopen (UiFixture *f);

/* Lets the main loop run until @condition is TRUE, or fails the test after ten seconds. */
typedef gboolean (*UiCondition) (gpointer data);
void ui_wait (UiCondition condition, gpointer data);
/* Lets the main loop run for so long. */
void ui_run_for (guint milliseconds);
/* Until @conversation is answered. */
void ui_wait_idle (FacetConversation *conversation);

/* The first widget of @type at or below @root, in the order of focus, which says @text (a label, a
 * button's label, or a tooltip that begins so); NULL @text: any.  NULL: there is none. */
GtkWidget *ui_find (GtkWidget *root, GType type, const char *text);

/* Hands a key to the controllers of @widget alone, with no event behind it: GTK cannot make one.
 * TRUE: one of them took it. */
gboolean ui_press (GtkWidget *widget, guint keyval, GdkModifierType modifiers);

/* A picture of @window, for who runs the test by hand with FACET_TEST_PICTURES set to a folder. */
void ui_picture (GtkWidget *window, const char *name);

/* So many words, in paragraphs of @paragraph.  (transfer full) */
char *ui_make_text (guint n_words, guint paragraph) G_GNUC_WARN_UNUSED_RESULT;

/* A conversation in a window of 800 × 600, empty at first: the fixture of tests of the chat view.
 */
typedef struct {
  UiFixture          base;
  FacetConversation *conversation;
  GtkWidget         *window;
  FacetChatView     *view;
  FacetChatList     *list;
  GtkAdjustment     *adjustment; /* of the list */
  GString           *toasts;     /* all that were shown, "+" after those with undo */
  FacetMessage      *edited;     /* the last that was asked for */
} UiChat;

void ui_chat_set_up (UiChat *f, gconstpointer data);
void ui_chat_tear_down (UiChat *f, gconstpointer data);

void ui_chat_wait_frames (UiChat *f, guint n);
/* A few frames, so that everything has its place. */
void ui_chat_settle (UiChat *f);
/* One turn, answered at once. */
void ui_chat_ask (UiChat *f, const char *question, const char *answer);
/* Activates @action on the row of message @index, which has to be there. */
void ui_chat_act (UiChat *f, int index, const char *action);

/* The greatest value of the adjustment, and whether it has it. */
double   ui_chat_get_end (UiChat *f);
gboolean ui_chat_is_at_end (UiChat *f);
void     ui_chat_scroll_by (UiChat *f, double pixels);

/* By @index, from the end where it is negative; borrowed.  The row is NULL when it is not in sight.
 */
FacetMessage     *ui_chat_get_message (UiChat *f, int index);
GtkWidget        *ui_chat_get_row (UiChat *f, int index);
FacetBlockColumn *ui_chat_get_body (UiChat *f, int index);

G_END_DECLS
