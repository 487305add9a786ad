/* ui-fixture.c: a library in a folder of its own, an assistant that plays a script, and a
 * conversation in a window, for tests of widgets.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "ui-fixture"

#include "config.h"

#include <sqlite3.h>

#include "test-folder.h"
#include "ui-fixture.h"

#define WAIT_SECONDS 30 /* longer is a hang */

/* What AdwApplication would load. */
static void
load_styles (void)
{
  g_autoptr (GtkCssProvider) provider = gtk_css_provider_new ();

  gtk_css_provider_load_from_resource (provider, "/org/facet/Facet/style.css");
  gtk_style_context_add_provider_for_display (gdk_display_get_default (),
                                              GTK_STYLE_PROVIDER (provider),
                                              GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
}

void
ui_test_init (int *argc, char ***argv)
{
  /* An input method of the desktop would need a connection to it. */
  g_setenv ("GTK_IM_MODULE", "gtk-im-context-simple", TRUE);
  gtk_test_init (argc, argv, NULL);
  adw_init ();
  gtk_icon_theme_add_resource_path (gtk_icon_theme_get_for_display (gdk_display_get_default ()),
                                    "/org/facet/Facet/icons");
  load_styles ();
}

/* Waiting */

void
ui_wait (UiCondition condition, gpointer data)
{
  gint64 deadline = g_get_monotonic_time () + WAIT_SECONDS * G_USEC_PER_SEC;

  while (!condition (data)) {
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (1000);
  }
}

static gboolean
is_past (gpointer data)
{
  return g_get_monotonic_time () >= *(gint64 *)data;
}

void
ui_run_for (guint milliseconds)
{
  gint64 end = g_get_monotonic_time () + milliseconds * 1000;

  ui_wait (is_past, &end);
}

static gboolean
is_idle (gpointer conversation)
{
  return !facet_conversation_get_busy (conversation) &&
         facet_conversation_get_id (conversation) != 0;
}

void
ui_wait_idle (FacetConversation *conversation)
{
  ui_wait (is_idle, conversation);
}

static gboolean
is_loaded (gpointer library)
{
  return facet_library_get_loaded (library);
}

/* The library */

static void
open_library (UiFixture *f)
{
  g_autoptr (GError) error = NULL;

  f->library = facet_library_new (f->folder, FACET_ASSISTANT (f->fake), &error);
  g_assert_no_error (error);
  ui_wait (is_loaded, f->library);
}

static void
close_library (UiFixture *f)
{
  facet_library_close (f->library);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (f->library);
  f->library = NULL;
}

/* Straight into the tables: nothing else can say when a conversation was held. */
static void
insert (UiFixture *f, const UiConversation *conversations, guint n)
{
  sqlite3      *db = test_folder_open_db (f->folder);
  sqlite3_stmt *statement;

  g_assert_cmpint (sqlite3_exec (db, "BEGIN", NULL, NULL, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_prepare_v2 (db,
                                       "INSERT INTO conversations (title, title_is_own, created, "
                                       "updated, "
                                       "pinned) VALUES (?, 1, ?, ?, ?)",
                                       -1, &statement, NULL),
                   ==, SQLITE_OK);
  for (guint i = 0; i < n; i++) {
    sqlite3_bind_text (statement, 1, conversations[i].title, -1, SQLITE_STATIC);
    sqlite3_bind_int64 (statement, 2, conversations[i].updated);
    sqlite3_bind_int64 (statement, 3, conversations[i].updated);
    sqlite3_bind_int (statement, 4, conversations[i].pinned);
    g_assert_cmpint (sqlite3_step (statement), ==, SQLITE_DONE);
    sqlite3_reset (statement);
  }
  sqlite3_finalize (statement);
  g_assert_cmpint (sqlite3_exec (db, "COMMIT", NULL, NULL, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_close (db), ==, SQLITE_OK);
}

void
ui_fixture_set_up (UiFixture *f, const UiConversation *conversations, guint n)
{
  f->folder = test_folder_new ();
  f->fake = fake_assistant_new ();
  fake_assistant_set_speed (f->fake, 0);
  open_library (f);
  if (n > 0) {
    close_library (f);
    insert (f, conversations, n);
    open_library (f);
  }
}

void
ui_fixture_reopen (UiFixture *f)
{
  close_library (f);
  open_library (f);
}

void
ui_fixture_tear_down (UiFixture *f)
{
  close_library (f);
  g_assert_finalize_object (f->fake);
  test_folder_remove (f->folder);
  g_free (f->folder);
}

/* Widgets */

static gboolean
says (GtkWidget *widget, const char *text)
{
  const char *tooltip = gtk_widget_get_tooltip_text (widget);

  if (text == NULL || (tooltip != NULL && g_str_has_prefix (tooltip, text)))
    return TRUE;
  if (GTK_IS_LABEL (widget))
    return g_strcmp0 (gtk_label_get_label (GTK_LABEL (widget)), text) == 0;
  if (GTK_IS_BUTTON (widget))
    return g_strcmp0 (gtk_button_get_label (GTK_BUTTON (widget)), text) == 0;
  return FALSE;
}

GtkWidget *
ui_find (GtkWidget *root, GType type, const char *text)
{
  if (g_type_is_a (G_OBJECT_TYPE (root), type) && says (root, text))
    return root;
  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL;
       child = gtk_widget_get_next_sibling (child)) {
    GtkWidget *found = ui_find (child, type, text);

    if (found != NULL)
      return found;
  }
  return NULL;
}

gboolean
ui_press (GtkWidget *widget, guint keyval, GdkModifierType modifiers)
{
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (widget);
  gboolean handled = FALSE;

  for (guint i = 0; i < g_list_model_get_n_items (controllers) && !handled; i++) {
    g_autoptr (GtkEventController) controller = g_list_model_get_item (controllers, i);

    if (GTK_IS_EVENT_CONTROLLER_KEY (controller))
      g_signal_emit_by_name (controller, "key-pressed", keyval, 0, modifiers, &handled);
  }
  return handled;
}

void
ui_picture (GtkWidget *window, const char *name)
{
  const char *folder = g_getenv ("FACET_TEST_PICTURES");
  g_autoptr (GdkPaintable) widget = NULL;
  g_autoptr (GskRenderNode) node = NULL;
  g_autoptr (GdkTexture) texture = NULL;
  g_autofree char *path = NULL;
  GtkSnapshot     *snapshot;

  if (folder == NULL)
    return;
  gtk_test_widget_wait_for_draw (window);
  widget = gtk_widget_paintable_new (window);
  snapshot = gtk_snapshot_new ();
  gdk_paintable_snapshot (widget, snapshot, gtk_widget_get_width (window),
                          gtk_widget_get_height (window));
  node = gtk_snapshot_free_to_node (snapshot);
  if (node == NULL)
    return;
  texture = gsk_renderer_render_texture (gtk_native_get_renderer (GTK_NATIVE (window)), node, NULL);
  path = g_strdup_printf ("%s/%s.png", folder, name);
  gdk_texture_save_to_png (texture, path);
}

char *
ui_make_text (guint n_words, guint paragraph)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < n_words; i++)
    g_string_append_printf (text, "word%u%s", i, (i + 1) % paragraph == 0 ? ".\n\n" : " ");
  return g_string_free (text, FALSE);
}

/* A conversation in a window */

static void
toast_cb (FacetChatView *view, const char *text, gboolean undo, UiChat *f)
{
  g_string_append_printf (f->toasts, "%s%s;", text, undo ? "+" : "");
}

static void
edit_cb (FacetChatView *view, FacetMessage *message, UiChat *f)
{
  f->edited = message;
}

void
ui_chat_set_up (UiChat *f, gconstpointer data)
{
  ui_fixture_set_up (&f->base, NULL, 0);
  f->conversation = facet_library_new_conversation (f->base.library);
  f->toasts = g_string_new (NULL);
  f->window = adw_window_new ();
  gtk_window_set_default_size (GTK_WINDOW (f->window), 800, 600);
  f->view = facet_chat_view_new ();
  f->list = FACET_CHAT_LIST (ui_find (GTK_WIDGET (f->view), FACET_TYPE_CHAT_LIST, NULL));
  f->adjustment = gtk_scrolled_window_get_vadjustment (
      GTK_SCROLLED_WINDOW (ui_find (GTK_WIDGET (f->view), GTK_TYPE_SCROLLED_WINDOW, NULL)));
  g_signal_connect (f->view, "toast", G_CALLBACK (toast_cb), f);
  g_signal_connect (f->view, "edit-requested", G_CALLBACK (edit_cb), f);
  adw_window_set_content (ADW_WINDOW (f->window), GTK_WIDGET (f->view));
  facet_chat_view_set_conversation (f->view, f->conversation);
  gtk_window_present (GTK_WINDOW (f->window));
  gtk_test_widget_wait_for_draw (f->window);
}

void
ui_chat_tear_down (UiChat *f, gconstpointer data)
{
  g_object_add_weak_pointer (G_OBJECT (f->view), (gpointer *)&f->view);
  gtk_window_destroy (GTK_WINDOW (f->window));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (f->view);
  g_string_free (f->toasts, TRUE);
  g_object_unref (f->conversation);
  ui_fixture_tear_down (&f->base);
}

void
ui_chat_wait_frames (UiChat *f, guint n)
{
  for (guint i = 0; i < n; i++) {
    gtk_widget_queue_draw (f->window);
    gtk_test_widget_wait_for_draw (f->window);
  }
}

void
ui_chat_settle (UiChat *f)
{
  ui_chat_wait_frames (f, 4);
}

FacetMessage *
ui_chat_get_message (UiChat *f, int index)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (f->conversation));
  g_autoptr (FacetMessage) message =
      g_list_model_get_item (G_LIST_MODEL (f->conversation), index < 0 ? n + index : (guint)index);

  g_assert_nonnull (message);
  return message; /* the conversation has it */
}

GtkWidget *
ui_chat_get_row (UiChat *f, int index)
{
  return facet_chat_list_get_row (f->list, ui_chat_get_message (f, index));
}

FacetBlockColumn *
ui_chat_get_body (UiChat *f, int index)
{
  GtkWidget *row = ui_chat_get_row (f, index);

  g_assert_nonnull (row);
  for (GtkWidget *child = gtk_widget_get_first_child (row); child != NULL;
       child = gtk_widget_get_next_sibling (child)) {
    if (FACET_IS_BLOCK_COLUMN (child))
      return FACET_BLOCK_COLUMN (child);
  }
  g_assert_not_reached ();
}

void
ui_chat_act (UiChat *f, int index, const char *action)
{
  g_assert_true (gtk_widget_activate_action (ui_chat_get_row (f, index), action, NULL));
}

void
ui_chat_ask (UiChat *f, const char *question, const char *answer)
{
  fake_assistant_begin_turn (f->base.fake);
  fake_assistant_add_answer (f->base.fake, answer);
  facet_conversation_send (f->conversation, question);
  ui_wait_idle (f->conversation);
}

double
ui_chat_get_end (UiChat *f)
{
  return gtk_adjustment_get_upper (f->adjustment) - gtk_adjustment_get_page_size (f->adjustment);
}

gboolean
ui_chat_is_at_end (UiChat *f)
{
  return gtk_adjustment_get_value (f->adjustment) >= ui_chat_get_end (f) - 1;
}

void
ui_chat_scroll_by (UiChat *f, double pixels)
{
  gtk_adjustment_set_value (f->adjustment, gtk_adjustment_get_value (f->adjustment) + pixels);
}
