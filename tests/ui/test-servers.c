/* test-servers.c: where a conversation's words go, as the window shows and changes it, and the
 * preferences of servers.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-servers"

#include "config.h"

#include "chat-server.h"
#include "facet-composer.h"
#include "facet-preferences.h"
#include "facet-server-dialog.h"
#include "facet-settings.h"
#include "facet-window.h"
#include "fake-keyring.h"
#include "test-wait.h"
#include "ui-fixture.h"

#include <string.h>

static FacetApplication *application;

typedef struct {
  UiFixture     base;
  FakeKeyring   fake;
  FacetKeyring *keyring;
  FacetServers *servers;
  ChatServer   *chat;
  GtkWidget    *window;
} Fixture;

static const char *const lines[] =
    {"{\"choices\": [{\"delta\": {\"content\": \"From afar.\"}, \"finish_reason\": \"stop\"}]}",
     NULL};

static void
set_up (Fixture *f, gconstpointer data)
{
  ui_fixture_set_up (&f->base, NULL, 0);
  g_settings_reset (facet_settings_get_default (), "servers");
  fake_keyring_init (&f->fake);
  f->keyring = fake_keyring_new_keyring (&f->fake);
  f->servers = facet_servers_new (facet_settings_get_default (), f->keyring);
  f->chat = chat_server_new ();
  chat_server_add_stream (f->chat, lines);
  facet_library_set_servers (f->base.library, f->servers);
  f->window = GTK_WIDGET (facet_window_new (application));
  gtk_window_set_default_size (GTK_WINDOW (f->window), 1000, 640);
  facet_window_set_library (FACET_WINDOW (f->window), f->base.library);
  gtk_window_present (GTK_WINDOW (f->window));
  gtk_test_widget_wait_for_draw (f->window);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_object_add_weak_pointer (G_OBJECT (f->window), (gpointer *)&f->window);
  gtk_window_destroy (GTK_WINDOW (f->window));
  wait_until (f->window == NULL);
  ui_fixture_tear_down (&f->base);
  g_assert_finalize_object (f->servers);
  g_object_unref (f->keyring);
  fake_keyring_clear (&f->fake);
  chat_server_free (f->chat);
}

static void
add_server (Fixture *f, const char *id, const char *name)
{
  const FacetServerInfo info = {.id = id,
                                .name = name,
                                .address = chat_server_get_address (f->chat)};
  g_autoptr (FacetServer) server = facet_server_new (&info);

  facet_servers_put (f->servers, server);
}

static FacetConversation *
shown (Fixture *f)
{
  return facet_window_get_conversation (FACET_WINDOW (f->window));
}

static void
send (Fixture *f, const char *text)
{
  FacetComposer *composer = FACET_COMPOSER (ui_find (f->window, FACET_TYPE_COMPOSER, NULL));

  g_assert_true (facet_composer_send (composer, text));
  ui_wait_idle (shown (f));
}

static void
choose_place (Fixture *f, const char *id)
{
  g_assert_true (gtk_widget_activate_action (f->window, "win.place", "s", id));
}

static GtkWidget *
find_window (GType type)
{
  GListModel *windows = gtk_window_get_toplevels ();

  for (guint i = 0; i < g_list_model_get_n_items (windows); i++) {
    g_autoptr (GtkWidget) window = g_list_model_get_item (windows, i);

    if (g_type_is_a (G_OBJECT_TYPE (window), type) && gtk_widget_get_visible (window))
      return window;
  }
  return NULL;
}

static void
click (GtkWidget *window, const char *text)
{
  GtkWidget *button = ui_find (window, GTK_TYPE_BUTTON, text);

  g_assert_nonnull (button);
  g_signal_emit_by_name (button, "clicked");
}

static void
answer_dialog (const char *button)
{
  GtkWidget *dialog;

  wait_until ((dialog = find_window (ADW_TYPE_MESSAGE_DIALOG)) != NULL);
  click (dialog, button);
  wait_until (find_window (ADW_TYPE_MESSAGE_DIALOG) == NULL);
}

/* What the header says, to the eye and to a screen reader. */
static void
assert_place (Fixture *f, const char *place, const char *icon, const char *spoken)
{
  GtkWidget *label = ui_find (f->window, GTK_TYPE_LABEL, place);
  GtkWidget *button = label != NULL ? gtk_widget_get_ancestor (label, GTK_TYPE_MENU_BUTTON) : NULL;
  GtkWidget *image;

  g_assert_nonnull (button);
  image = gtk_widget_get_prev_sibling (label);
  g_assert_cmpstr (gtk_image_get_icon_name (GTK_IMAGE (image)), ==, icon);
  gtk_test_accessible_assert_property (button, GTK_ACCESSIBLE_PROPERTY_LABEL, spoken);
}

static void
test_place (Fixture *f, gconstpointer data)
{
  assert_place (f, "On this computer", "computer-symbolic", "On this computer");
  add_server (f, "one", "Rack_1");
  choose_place (f, "one"); /* nothing is in it yet: nobody is asked */
  g_assert_null (find_window (ADW_TYPE_MESSAGE_DIALOG));
  assert_place (f, "Rack_1", "network-server-symbolic", "On the server “Rack_1”");
  send (f, "Anyone there?");
  g_assert_cmpuint (chat_server_count (f->chat), ==, 1);
  ui_picture (f->window, "servers-place");
  choose_place (f, "");
  assert_place (f, "On this computer", "computer-symbolic", "On this computer");
  send (f, "And here?");
  g_assert_cmpuint (chat_server_count (f->chat), ==, 1);
  /* A server that goes takes nothing with it. */
  choose_place (f, "one");
  if (find_window (ADW_TYPE_MESSAGE_DIALOG) != NULL)
    answer_dialog ("_Send It");
  facet_servers_remove (f->servers, "one");
  assert_place (f, "On this computer", "computer-symbolic", "On this computer");
}

static void
test_consent (Fixture *f, gconstpointer data)
{
  add_server (f, "one", "Rack");
  send (f, "Private words");
  choose_place (f, "one");
  wait_until (find_window (ADW_TYPE_MESSAGE_DIALOG) != NULL);
  ui_picture (find_window (ADW_TYPE_MESSAGE_DIALOG), "servers-consent");
  answer_dialog ("_Keep It Here");
  assert_place (f, "On this computer", "computer-symbolic", "On this computer");
  choose_place (f, "one");
  answer_dialog ("_Send It");
  assert_place (f, "Rack", "network-server-symbolic", "On the server “Rack”");
  /* Once. */
  choose_place (f, "");
  choose_place (f, "one");
  g_assert_null (find_window (ADW_TYPE_MESSAGE_DIALOG));
  assert_place (f, "Rack", "network-server-symbolic", "On the server “Rack”");
}

static void
test_private (Fixture *f, gconstpointer data)
{
  add_server (f, "one", "Rack");
  g_assert_true (gtk_widget_activate_action (f->window, "win.new-private-conversation", NULL));
  g_assert_true (facet_conversation_is_private (shown (f)));
  choose_place (f, "one"); /* also while it is empty */
  answer_dialog ("_Keep It Here");
  assert_place (f, "On this computer", "computer-symbolic", "On this computer");
}

/* The preferences */

static GtkWidget *
open_preferences (Fixture *f)
{
  GtkWidget *preferences =
      GTK_WIDGET (facet_preferences_new (facet_settings_get_default (), NULL, f->base.library));

  gtk_window_present (GTK_WINDOW (preferences));
  adw_preferences_window_set_visible_page_name (ADW_PREFERENCES_WINDOW (preferences), "servers");
  gtk_test_widget_wait_for_draw (preferences);
  return preferences;
}

static GtkWidget *
find_entry (GtkWidget *window, const char *title)
{
  GtkWidget *label = ui_find (window, GTK_TYPE_LABEL, title);
  GtkWidget *row = label != NULL ? gtk_widget_get_ancestor (label, ADW_TYPE_ENTRY_ROW) : NULL;

  g_assert_nonnull (row);
  return row;
}

static FacetServer *
first_server (Fixture *f)
{
  g_autoptr (FacetServer) server = g_list_model_get_item (G_LIST_MODEL (f->servers), 0);

  return server;
}

static void
test_add (Fixture *f, gconstpointer data)
{
  GtkWidget *preferences = open_preferences (f);
  GtkWidget *dialog;

  g_assert_nonnull (ui_find (preferences, GTK_TYPE_LABEL, "None Yet"));
  ui_picture (preferences, "servers-none");
  click (preferences, "Add a server");
  wait_until ((dialog = find_window (FACET_TYPE_SERVER_DIALOG)) != NULL);
  g_assert_false (gtk_widget_get_sensitive (ui_find (dialog, GTK_TYPE_BUTTON, "_Save")));
  gtk_editable_set_text (GTK_EDITABLE (find_entry (dialog, "Address")), "ftp://nowhere");
  click (dialog, "_Save");
  g_assert_nonnull (ui_find (dialog, GTK_TYPE_LABEL,
                             "“ftp://nowhere” is not the address of a server.  One looks like "
                             "https://example.org/v1 or localhost:8000."));
  gtk_editable_set_text (GTK_EDITABLE (find_entry (dialog, "Address")), "gpu.example.org");
  gtk_editable_set_text (GTK_EDITABLE (find_entry (dialog, "Name (shown where your words go)")),
                         "Rack");
  gtk_editable_set_text (GTK_EDITABLE (
                             find_entry (dialog, "Key, if it wants one (kept in the keyring)")),
                         "sk-1");
  click (dialog, "_Save");
  wait_until (find_window (FACET_TYPE_SERVER_DIALOG) == NULL);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->servers)), ==, 1);
  g_assert_cmpstr (facet_server_get_address (first_server (f)), ==, "https://gpu.example.org/v1");
  wait_until (g_hash_table_size (f->fake.keys) == 1);
  g_assert_nonnull (ui_find (preferences, GTK_TYPE_LABEL, "Rack"));
  g_assert_nonnull (ui_find (preferences, GTK_TYPE_LABEL, "https://gpu.example.org/v1"));
  ui_picture (preferences, "servers-one");
  gtk_window_destroy (GTK_WINDOW (preferences));
}

static void
activate_row (GtkWidget *preferences, const char *title)
{
  GtkWidget *label = ui_find (preferences, GTK_TYPE_LABEL, title);

  adw_action_row_activate (ADW_ACTION_ROW (gtk_widget_get_ancestor (label, ADW_TYPE_ACTION_ROW)));
}

static void
test_change_and_remove (Fixture *f, gconstpointer data)
{
  GtkWidget *preferences = open_preferences (f);
  GtkWidget *dialog;

  add_server (f, "one", "Rack");
  activate_row (preferences, "Rack");
  wait_until ((dialog = find_window (FACET_TYPE_SERVER_DIALOG)) != NULL);
  gtk_editable_set_text (GTK_EDITABLE (find_entry (dialog, "Name (shown where your words go)")),
                         "Shelf");
  click (dialog, "_Save");
  wait_until (find_window (FACET_TYPE_SERVER_DIALOG) == NULL);
  g_assert_cmpstr (facet_server_get_name (facet_servers_find (f->servers, "one")), ==, "Shelf");
  activate_row (preferences, "Shelf");
  wait_until ((dialog = find_window (FACET_TYPE_SERVER_DIALOG)) != NULL);
  click (dialog, "_Remove Server…");
  answer_dialog ("_Remove");
  wait_until (find_window (FACET_TYPE_SERVER_DIALOG) == NULL);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->servers)), ==, 0);
  g_assert_nonnull (ui_find (preferences, GTK_TYPE_LABEL, "None Yet"));
  gtk_window_destroy (GTK_WINDOW (preferences));
}

static void
test_default (Fixture *f, gconstpointer data)
{
  GSettings       *settings = facet_settings_get_default ();
  GtkWidget       *preferences, *row;
  g_autofree char *chosen = NULL;

  add_server (f, "one", "Rack");
  preferences = open_preferences (f);
  row = gtk_widget_get_ancestor (ui_find (preferences, GTK_TYPE_LABEL, "New Conversations"),
                                 ADW_TYPE_COMBO_ROW);
  adw_combo_row_set_selected (ADW_COMBO_ROW (row), 1);
  chosen = g_settings_get_string (settings, "default-server");
  g_assert_cmpstr (chosen, ==, "one");
  g_settings_reset (settings, "default-server");
  gtk_window_destroy (GTK_WINDOW (preferences));
}

static gboolean
says (GtkWidget *dialog, const char *text)
{
  return ui_find (dialog, GTK_TYPE_LABEL, text) != NULL;
}

static void
test_connection (Fixture *f, gconstpointer data)
{
  GtkWidget *dialog = facet_server_dialog_new (f->servers, NULL);
  GtkWidget *models;

  gtk_window_present (GTK_WINDOW (dialog));
  gtk_editable_set_text (GTK_EDITABLE (find_entry (dialog, "Address")),
                         chat_server_get_address (f->chat));
  click (dialog, "_Test Connection");
  wait_until (says (dialog, "Limited: they are accepted, but the model called none"));
  g_assert_true (says (dialog, "Works: 127.0.0.1"));
  g_assert_true (says (dialog, "Works: not needed: it stays on this computer"));
  g_assert_true (says (dialog, "Works: HTTP 200"));
  g_assert_true (says (dialog, "Works: “From afar.”"));
  models = gtk_widget_get_ancestor (ui_find (dialog, GTK_TYPE_LABEL, "Model"), ADW_TYPE_COMBO_ROW);
  g_assert_cmpuint (g_list_model_get_n_items (adw_combo_row_get_model (ADW_COMBO_ROW (models))), ==,
                    2);
  adw_combo_row_set_selected (ADW_COMBO_ROW (models), 1);
  ui_picture (dialog, "servers-test");
  adw_style_manager_set_color_scheme (adw_style_manager_get_default (),
                                      ADW_COLOR_SCHEME_FORCE_DARK);
  gtk_window_set_default_size (GTK_WINDOW (dialog), 360, 620);
  gtk_test_widget_wait_for_draw (dialog);
  g_assert_cmpint (gtk_widget_get_width (dialog), <=, 360);
  ui_picture (dialog, "servers-test-narrow-dark");
  adw_style_manager_set_color_scheme (adw_style_manager_get_default (), ADW_COLOR_SCHEME_DEFAULT);
  click (dialog, "_Save");
  wait_until (g_list_model_get_n_items (G_LIST_MODEL (f->servers)) == 1);
  g_assert_cmpstr (facet_server_get_model (first_server (f)), ==, "tiny");
}

/* A certificate is trusted by choice only, and the test may be left at any moment. */
static void
test_certificate (Fixture *f, gconstpointer data)
{
  g_autoptr (TestServer) server = NULL;
  GtkWidget *dialog, *row;

  if (!g_tls_backend_supports_tls (g_tls_backend_get_default ())) {
    g_test_skip ("glib-networking is not installed");
    return;
  }
  server = test_server_new_encrypted ();
  dialog = facet_server_dialog_new (f->servers, NULL);
  gtk_window_present (GTK_WINDOW (dialog));
  row = gtk_widget_get_ancestor (ui_find (dialog, GTK_TYPE_LABEL, "Trust Its Certificate"),
                                 ADW_TYPE_ACTION_ROW);
  g_assert_false (gtk_widget_get_visible (row));
  gtk_editable_set_text (GTK_EDITABLE (find_entry (dialog, "Address")),
                         test_server_get_address (server));
  click (dialog, "_Test Connection");
  wait_until (gtk_widget_get_visible (row));
  g_assert_nonnull (
      strstr (adw_action_row_get_subtitle (ADW_ACTION_ROW (row)), TEST_SERVER_FINGERPRINT));
  g_assert_false (gtk_switch_get_active (GTK_SWITCH (ui_find (row, GTK_TYPE_SWITCH, NULL))));
  ui_picture (dialog, "servers-certificate");
  gtk_switch_set_active (GTK_SWITCH (ui_find (row, GTK_TYPE_SWITCH, NULL)), TRUE);
  click (dialog, "_Test Connection");
  click (dialog, "_Save");
  wait_until (g_list_model_get_n_items (G_LIST_MODEL (f->servers)) == 1);
  g_assert_cmpstr (facet_server_get_certificate (first_server (f)), ==, TEST_SERVER_FINGERPRINT);
}

int
main (int argc, char **argv)
{
  int status;

  ui_test_init (&argc, &argv);
  application = facet_application_new (G_APPLICATION_NON_UNIQUE);
  g_application_register (G_APPLICATION (application), NULL, NULL);
#define ADD(name, func) g_test_add (name, Fixture, NULL, set_up, func, tear_down)
  ADD ("/servers/place", test_place);
  ADD ("/servers/consent", test_consent);
  ADD ("/servers/private", test_private);
  ADD ("/servers/add", test_add);
  ADD ("/servers/change-and-remove", test_change_and_remove);
  ADD ("/servers/default", test_default);
  ADD ("/servers/connection", test_connection);
  ADD ("/servers/certificate", test_certificate);
  status = g_test_run ();
  g_object_unref (application);
  return status;
}
