/* test-exchange.c: import and export from a window: the menu, the question, what is said after.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The choosers of files are the desktop's: what they give is given by the test. */
#define G_LOG_DOMAIN "test-exchange"

#include "config.h"

#include <glib/gstdio.h>
#include <string.h>

#include "facet-export-dialog.h"
#include "facet-window-private.h"
#include "test-folder.h"
#include "ui-fixture.h"

static FacetApplication *application;

typedef struct {
  UiFixture    base;
  FacetWindow *window;
  char        *folder;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  ui_fixture_set_up (&f->base, NULL, 0);
  f->folder = test_folder_new ();
  f->window = facet_window_new (application);
  gtk_window_set_default_size (GTK_WINDOW (f->window), 1000, 640);
  facet_window_set_library (f->window, f->base.library);
  gtk_window_present (GTK_WINDOW (f->window));
  gtk_test_widget_wait_for_draw (GTK_WIDGET (f->window));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_object_add_weak_pointer (G_OBJECT (f->window), (gpointer *)&f->window);
  gtk_window_destroy (GTK_WINDOW (f->window));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (f->window);
  ui_fixture_tear_down (&f->base);
  test_folder_remove (f->folder);
  g_free (f->folder);
}

static void
send (Fixture *f, const char *text)
{
  g_assert_true (facet_composer_send (f->window->composer, text));
  ui_wait_idle (facet_window_get_conversation (f->window));
}

/* A label in the window or in a dialog over it that says it. */
static gboolean
is_said (Fixture *f, const char *text)
{
  g_autoptr (GList) windows = gtk_window_list_toplevels ();

  for (GList *l = windows; l != NULL; l = l->next)
    if (ui_find (l->data, GTK_TYPE_LABEL, text) != NULL)
      return TRUE;
  return FALSE;
}

typedef struct {
  Fixture    *f;
  const char *text;
} Saying;

static gboolean
is_said_cb (gpointer data)
{
  Saying *saying = data;

  return is_said (saying->f, saying->text);
}

static void
wait_for (Fixture *f, const char *text)
{
  Saying saying = {f, text};

  ui_wait (is_said_cb, &saying);
}

/* (transfer full) */
static GListModel *
make_files (Fixture *f, const char *const *texts)
{
  GListStore *files = g_list_store_new (G_TYPE_FILE);

  for (guint i = 0; texts[i] != NULL; i++) {
    g_autofree char *name = g_strdup_printf ("file %u.json", i + 1);
    g_autofree char *path = g_build_filename (f->folder, name, NULL);
    g_autoptr (GFile) file = g_file_new_for_path (path);

    g_assert_true (g_file_set_contents (path, texts[i], -1, NULL));
    g_list_store_append (files, file);
  }
  return G_LIST_MODEL (files);
}

static GtkWindow *
find_dialog (Fixture *f)
{
  g_autoptr (GList) windows = gtk_window_list_toplevels ();

  for (GList *l = windows; l != NULL; l = l->next)
    if (ADW_IS_MESSAGE_DIALOG (l->data))
      return l->data;
  return NULL;
}

static void
test_enabled (Fixture *f, gconstpointer data)
{
  GtkWidget *window = GTK_WIDGET (f->window);

  gtk_widget_activate_action (window, "win.export", NULL);
  g_assert_null (find_dialog (f));
  send (f, "First");
  g_assert_true (gtk_widget_activate_action (window, "win.export", NULL));
  g_assert_nonnull (find_dialog (f));
}

/* Three formats, of which one is chosen; names for who does not see them. */
static void
test_question (Fixture *f, gconstpointer data)
{
  GtkWindow *dialog;
  GtkWidget *button;

  send (f, "First");
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (f->window), "win.export-all", NULL));
  dialog = find_dialog (f);
  g_assert_cmpstr (adw_message_dialog_get_heading (ADW_MESSAGE_DIALOG (dialog)), ==,
                   "Export All Conversations");
  ui_picture (GTK_WIDGET (dialog), "export-question");
  button = ui_find (GTK_WIDGET (dialog), GTK_TYPE_CHECK_BUTTON, NULL);
  g_assert_true (gtk_check_button_get_active (GTK_CHECK_BUTTON (button)));
  gtk_test_accessible_assert_property (button, GTK_ACCESSIBLE_PROPERTY_LABEL, "Markdown");
  gtk_test_accessible_assert_property (button, GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                       "What is shown, as text with media beside it");
  button = gtk_widget_get_ancestor (ui_find (GTK_WIDGET (dialog), GTK_TYPE_LABEL, "JSON"),
                                    ADW_TYPE_ACTION_ROW);
  adw_action_row_activate (ADW_ACTION_ROW (button));
  button = ui_find (button, GTK_TYPE_CHECK_BUTTON, NULL);
  g_assert_true (gtk_check_button_get_active (GTK_CHECK_BUTTON (button)));
  adw_message_dialog_response (ADW_MESSAGE_DIALOG (dialog), "cancel");
  g_assert_false (is_said (f, "Exporting…"));
}

static void
test_export (Fixture *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->folder, "First.html", NULL);

  send (f, "First");
  facet_window_export_to (f->window, FACET_EXPORT_HTML, f->folder,
                          facet_conversation_get_id (facet_window_get_conversation (f->window)));
  wait_for (f, "Exported as “First.html”.");
  g_assert_true (g_file_test (path, G_FILE_TEST_IS_REGULAR));
  g_assert_nonnull (ui_find (GTK_WIDGET (f->window), GTK_TYPE_BUTTON, "Open Folder"));
  ui_picture (GTK_WIDGET (f->window), "export-done");
}

static gboolean
is_there (gpointer path)
{
  return g_file_test (path, G_FILE_TEST_EXISTS);
}

/* The row's own, not the one that is shown; a private one is only in what was asked for. */
static void
test_export_row (Fixture *f, gconstpointer data)
{
  GtkWidget       *window = GTK_WIDGET (f->window);
  g_autofree char *first = g_build_filename (f->folder, "First.md", NULL);
  g_autofree char *secret = g_build_filename (f->folder, "Secret.json", NULL);
  g_autofree char *text = NULL;
  GtkWidget       *dialog;
  gint64           id, private;

  send (f, "First");
  id = facet_conversation_get_id (facet_window_get_conversation (f->window));
  g_assert_true (gtk_widget_activate_action (window, "win.new-private-conversation", NULL));
  gtk_widget_activate_action (window, "win.export-conversation", "x", (gint64)0);
  g_assert_null (find_dialog (f)); /* nothing, and not everything */
  send (f, "Secret");
  private = facet_conversation_get_id (facet_window_get_conversation (f->window));
  g_assert_true (gtk_widget_activate_action (window, "win.export-conversation", "x", id));
  dialog = GTK_WIDGET (find_dialog (f));
  g_assert_nonnull (dialog);
  gtk_window_destroy (GTK_WINDOW (dialog));

  facet_window_export_to (f->window, FACET_EXPORT_MARKDOWN, f->folder, id);
  ui_wait (is_there, first);
  facet_window_export_to (f->window, FACET_EXPORT_JSON, f->folder, private);
  ui_wait (is_there, secret); /* whole, as soon as it has its name */
  g_assert_true (g_file_get_contents (secret, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "You said: Secret"));
}

static void
test_export_fails (Fixture *f, gconstpointer data)
{
  send (f, "First");
  facet_window_export_to (f->window, FACET_EXPORT_JSON, "/nonexistent", 0);
  wait_for (f, "Nothing Was Exported");
}

static void
test_import (Fixture *f, gconstpointer data)
{
  static const char *const texts[] =
      {"{\"title\":\"From elsewhere\",\"messages\":[{\"role\":\"user\",\"content\":\"1\"},"
       "{\"role\":\"assistant\",\"content\":\"One.\",\"reasoning\":\"Count.\"}]}",
       NULL};
  g_autoptr (GListModel) files = make_files (f, texts);
  GtkWidget *open;

  facet_window_import_files (f->window, files);
  wait_for (f, "1 conversation with 2 messages was imported.");
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->base.library)), ==, 1);
  open = ui_find (GTK_WIDGET (f->window), GTK_TYPE_BUTTON, "Open");
  g_assert_nonnull (open);
  ui_picture (GTK_WIDGET (f->window), "import-done");
  g_signal_emit_by_name (open, "clicked");
  g_assert_cmpstr (facet_conversation_get_title (facet_window_get_conversation (f->window)), ==,
                   "From elsewhere");
}

/* One of two files is broken: that is said with its place, and the other one is there. */
static void
test_import_fails (Fixture *f, gconstpointer data)
{
  static const char *const texts[] =
      {"[{\"role\":\"user\",\"content\":\"1\"}]",
       "[{\"role\":\"user\",\"content\":\"1\"},{\"role\":\"cook\",\"content\":\"2\"}]", NULL};
  g_autoptr (GListModel) files = make_files (f, texts);

  facet_window_import_files (f->window, files);
  wait_for (f, "Not Everything Was Imported");
  g_assert_nonnull (strstr (adw_message_dialog_get_body (ADW_MESSAGE_DIALOG (find_dialog (f))),
                            "Nothing of “file 2.json” was imported.  In what begins in line 1, at "
                            "[1].role: this role is not known."));
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->base.library)), ==, 1);
  ui_picture (GTK_WIDGET (find_dialog (f)), "import-failed");
}

/* Nobody hears of it, and nothing breaks. */
static void
test_close_meanwhile (Fixture *f, gconstpointer data)
{
  static const char *const texts[] = {"[{\"role\":\"user\",\"content\":\"1\"}]", NULL};
  g_autoptr (GListModel) files = make_files (f, texts);

  facet_window_import_files (f->window, files);
}

int
main (int argc, char *argv[])
{
  static const struct {
    const char *path;
    void (*test) (Fixture *f, gconstpointer data);
  } tests[] = {
      {"/exchange/enabled", test_enabled},
      {"/exchange/question", test_question},
      {"/exchange/export", test_export},
      {"/exchange/export-row", test_export_row},
      {"/exchange/export-fails", test_export_fails},
      {"/exchange/import", test_import},
      {"/exchange/import-fails", test_import_fails},
      {"/exchange/close-meanwhile", test_close_meanwhile},
  };
  int result;

  ui_test_init (&argc, &argv);
  application = facet_application_new (G_APPLICATION_NON_UNIQUE);
  g_assert_true (g_application_register (G_APPLICATION (application), NULL, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
  result = g_test_run ();
  g_object_unref (application);
  return result;
}
