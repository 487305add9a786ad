/* test-models.c: the window of models, the first choice of one, and the line that says how far a
 * download is.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Against a hub made for the tests, which has one repository; of the catalogue it has none. */
#include "facet-announcer.h"
#include "facet-download-line.h"
#include "facet-first-run.h"
#include "facet-model-row.h"
#include "facet-models-window.h"
#include "facet-settings.h"
#include "facet-window.h"
#include "fake-hub.h"
#include "fake-keyring.h"
#include "test-folder.h"
#include "ui-fixture.h"

#include <string.h>

static FacetApplication *application;

typedef struct {
  FakeHub      *hub;
  char         *folder, *cache;
  FakeKeyring   fake;
  FacetKeyring *keyring;
  FacetModels  *models;
  GtkWidget    *window; /* of models */
} Fixture;

static gboolean
is_loaded (gpointer models)
{
  return facet_models_is_loaded (models);
}

static void
fill_hub (FakeHub *hub)
{
  fake_hub_add (hub, "config.json", "{}", 2, FALSE);
  fake_hub_add (hub, "tokenizer.json", "[]", 2, FALSE);
  fake_hub_add_random (hub, "model.safetensors", 600000, 1, 600000);
}

/* As if an earlier process had begun: the list is there, and none of the bytes. */
static void
begin_download (Fixture *f)
{
  FacetDownloadJob      job = {.address = fake_hub_get_address (f->hub),
                               .token = "",
                               .repository = "test/model",
                               .models = f->folder,
                               .tuning = {.retries = 1, .retry_ms = 1}};
  FacetDownloadProgress progress;

  facet_download_progress_init (&progress);
  fake_hub_set_fault (f->hub, FAKE_FORBIDDEN, -1);
  g_assert_false (facet_download_job_run (&job, &progress, NULL, NULL));
  fake_hub_set_fault (f->hub, FAKE_FORBIDDEN, 0);
  facet_download_progress_clear (&progress);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->hub = fake_hub_new ();
  f->folder = test_folder_new ();
  f->cache = test_folder_new ();
  fill_hub (f->hub);
  fake_keyring_init (&f->fake);
  f->keyring = fake_keyring_new_keyring (&f->fake);
  begin_download (f);
  f->models = facet_models_new (f->folder, f->cache, f->keyring);
  facet_models_set_address (f->models, fake_hub_get_address (f->hub));
  facet_models_refresh (f->models);
  ui_wait (is_loaded, f->models);
  f->window = facet_models_window_new (f->models, facet_settings_get_default ());
  gtk_window_present (GTK_WINDOW (f->window));
  gtk_test_widget_wait_for_draw (f->window);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  gtk_window_destroy (GTK_WINDOW (f->window));
  facet_models_stop (f->models);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_object_unref (f->models);
  g_object_unref (f->keyring);
  fake_keyring_clear (&f->fake);
  fake_hub_free (f->hub);
  test_folder_remove (f->folder);
  test_folder_remove (f->cache);
  g_free (f->folder);
  g_free (f->cache);
  g_settings_reset (facet_settings_get_default (), "model-folder");
  g_settings_reset (facet_settings_get_default (), "model-server");
}

static GtkWidget *
find_row (GtkWidget *root, const char *name)
{
  GtkWidget *label = ui_find (root, GTK_TYPE_LABEL, name);

  g_assert_nonnull (label);
  return gtk_widget_get_ancestor (label, FACET_TYPE_MODEL_ROW);
}

/* Presses the button of a row, which must say @label. */
static void
press (GtkWidget *row, const char *label)
{
  GtkWidget *button = ui_find (row, GTK_TYPE_BUTTON, label);

  g_assert_nonnull (button);
  g_assert_true (gtk_widget_is_sensitive (button));
  g_signal_emit_by_name (button, "clicked");
}

static FacetModel *
get_model (Fixture *f)
{
  FacetModel *model = facet_models_find (f->models, "test/model");

  g_assert_nonnull (model);
  return model;
}

static gboolean
is_here (gpointer model)
{
  return facet_model_get_state (model) == FACET_MODEL_HERE;
}

static gboolean
is_paused (gpointer model)
{
  return facet_model_get_state (model) == FACET_MODEL_PAUSED;
}

static gboolean
has_bytes (gpointer model)
{
  return facet_model_get_fraction (model) > 0.1;
}

static gboolean
has_failed (gpointer model)
{
  return facet_model_get_state (model) == FACET_MODEL_FAILED;
}

static const char *
group_title (GtkWidget *row)
{
  GtkWidget *group = gtk_widget_get_ancestor (row, ADW_TYPE_PREFERENCES_GROUP);

  return adw_preferences_group_get_title (ADW_PREFERENCES_GROUP (group));
}

static gboolean
says_that_it_is_here (gpointer announcer)
{
  return g_str_equal (facet_announcer_get_text (announcer), "test/model is downloaded");
}

/* From what was begun to a model that answers, and back. */
static void
test_life (Fixture *f, gconstpointer data)
{
  GtkWidget       *row = find_row (f->window, "test/model");
  FacetModel      *model = get_model (f);
  GSettings       *settings = facet_settings_get_default ();
  g_autofree char *used = NULL;

  g_assert_cmpint (facet_model_get_state (model), ==, FACET_MODEL_PAUSED);
  g_assert_cmpstr (group_title (row), ==, "To Download");
  fake_hub_set_fault (f->hub, FAKE_SLOW, -1);
  press (row, "Resume");
  ui_wait (has_bytes, model);
  ui_picture (f->window, "models-downloading");
  press (row, "Pause");
  ui_wait (is_paused, model);
  g_assert_nonnull (ui_find (row, GTK_TYPE_LABEL, facet_model_get_message (model)));
  fake_hub_set_fault (f->hub, FAKE_SLOW, 0);
  press (row, "Resume");
  ui_wait (is_here, model);
  g_assert_cmpstr (group_title (row), ==, "On This Computer");
  ui_wait (says_that_it_is_here, ui_find (f->window, FACET_TYPE_ANNOUNCER, NULL));

  press (row, "Use");
  used = g_settings_get_string (settings, "model-folder");
  g_assert_cmpstr (used, ==, facet_model_get_folder (model));
  g_assert_false (gtk_widget_is_sensitive (ui_find (row, GTK_TYPE_BUTTON, "In Use")));

  gtk_widget_activate_action (row, "model.verify", NULL);
  g_assert_cmpint (facet_model_get_state (model), ==, FACET_MODEL_VERIFYING);
  ui_wait (is_here, model);
  g_assert_true (g_str_has_prefix (facet_model_get_message (model), "Verified"));
}

/* The last window of that title. */
static GtkWidget *
find_dialog (void)
{
  GListModel *windows = gtk_window_get_toplevels ();
  GtkWidget  *found = NULL;

  for (guint i = 0; i < g_list_model_get_n_items (windows); i++) {
    g_autoptr (GtkWidget) window = g_list_model_get_item (windows, i);

    if (ADW_IS_MESSAGE_DIALOG (window))
      found = window;
  }
  return found;
}

/* As a click on its button: which closes it, too. */
static void
answer_dialog (const char *response)
{
  GtkWidget *dialog = find_dialog ();

  g_assert_nonnull (dialog);
  adw_message_dialog_response (ADW_MESSAGE_DIALOG (dialog), response);
  gtk_window_destroy (GTK_WINDOW (dialog));
}

static void
test_remove (Fixture *f, gconstpointer data)
{
  GtkWidget       *row = find_row (f->window, "test/model");
  FacetModel      *model = get_model (f);
  g_autofree char *folder = NULL, *used = NULL;

  facet_model_download (model, FALSE);
  ui_wait (is_here, model);
  folder = g_strdup (facet_model_get_folder (model));
  press (row, "Use");
  gtk_widget_activate_action (row, "model.remove", NULL);
  answer_dialog ("cancel");
  g_assert_true (g_file_test (folder, G_FILE_TEST_IS_DIR));
  gtk_widget_activate_action (row, "model.remove", NULL);
  answer_dialog ("remove");
  g_assert_false (g_file_test (folder, G_FILE_TEST_EXISTS));
  /* What answered from there answers no more. */
  used = g_settings_get_string (facet_settings_get_default (), "model-folder");
  g_assert_cmpstr (used, ==, "");
}

/* A file that is wrong is found, and brought again. */
static void
test_mend (Fixture *f, gconstpointer data)
{
  GtkWidget       *row = find_row (f->window, "test/model");
  FacetModel      *model = get_model (f);
  g_autofree char *path = NULL, *folder = NULL;

  facet_model_download (model, FALSE);
  ui_wait (is_here, model);
  folder = g_strdup (facet_model_get_folder (model));
  path = g_build_filename (folder, "tokenizer.json", NULL);
  g_assert_true (g_file_set_contents (path, "()", -1, NULL));
  gtk_widget_activate_action (row, "model.verify", NULL);
  ui_wait (is_here, model);
  g_assert_true (facet_model_is_damaged (model));
  g_assert_nonnull (strstr (facet_model_get_message (model), "tokenizer.json"));
  press (row, "Mend");
  ui_wait (is_here, model);
  g_assert_false (facet_model_is_damaged (model));
  fake_hub_assert_same (f->hub, folder, "tokenizer.json");
}

/* The licence is shown before the first download of the catalogue, once; without it nothing is
 * asked of the server. */
static void
test_licence (Fixture *f, gconstpointer data)
{
  GtkWidget  *row = find_row (f->window, "Gemma 4 E2B");
  FacetModel *model = facet_models_find (f->models, "gemma-4-e2b");
  guint       asked = test_server_count (fake_hub_get_hub (f->hub), "/");

  press (row, "Download");
  g_assert_nonnull (strstr (adw_message_dialog_get_body (ADW_MESSAGE_DIALOG (find_dialog ())),
                            FACET_CATALOGUE_LICENCE_URL));
  answer_dialog ("cancel");
  g_assert_cmpint (facet_model_get_state (model), ==, FACET_MODEL_AVAILABLE);
  g_assert_cmpuint (test_server_count (fake_hub_get_hub (f->hub), "/"), ==, asked);

  press (row, "Download");
  answer_dialog ("accept");
  ui_wait (has_failed, model); /* this hub does not have it */
  g_assert_nonnull (strstr (facet_model_get_message (model), "google/gemma-4-E2B-it"));
  g_assert_nonnull (ui_find (row, GTK_TYPE_LABEL, facet_model_get_message (model)));
  ui_picture (f->window, "models-failed");
  press (row, "Try Again");
  g_assert_null (find_dialog ());
  ui_wait (has_failed, model);
}

/* What ran when the program ended goes on by itself; what was paused does not. */
static void
test_goes_on (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetModels) again = NULL;
  FacetModel *model = get_model (f);

  fake_hub_set_fault (f->hub, FAKE_SLOW, -1);
  facet_model_download (model, TRUE);
  ui_wait (has_bytes, model);
  facet_models_stop (f->models); /* the end of the program */
  fake_hub_set_fault (f->hub, FAKE_SLOW, 0);
  again = facet_models_new (f->folder, f->cache, f->keyring);
  facet_models_set_address (again, fake_hub_get_address (f->hub));
  facet_models_refresh (again);
  ui_wait (is_loaded, again);
  ui_wait (is_here, facet_models_find (again, "test/model"));
  facet_models_stop (again);
}

static void
test_server_address (Fixture *f, gconstpointer data)
{
  AdwEntryRow     *row = ADW_ENTRY_ROW (ui_find (f->window, ADW_TYPE_ENTRY_ROW, NULL));
  GSettings       *settings = facet_settings_get_default ();
  g_autofree char *set = NULL, *kept = NULL;

  gtk_editable_set_text (GTK_EDITABLE (row), "https://mirror.example.org");
  g_signal_emit_by_name (row, "apply");
  set = g_settings_get_string (settings, "model-server");
  g_assert_cmpstr (set, ==, "https://mirror.example.org");
  gtk_editable_set_text (GTK_EDITABLE (row), "nonsense");
  g_signal_emit_by_name (row, "apply");
  kept = g_settings_get_string (settings, "model-server");
  g_assert_cmpstr (kept, ==, "https://mirror.example.org");
}

static gboolean
has_key (gpointer keys)
{
  return g_hash_table_size (keys) > 0;
}

/* It goes to the keyring, under the address that downloads come from, and nowhere else. */
static void
test_token (Fixture *f, gconstpointer data)
{
  GtkWidget *row = ui_find (f->window, ADW_TYPE_PASSWORD_ENTRY_ROW, NULL);

  gtk_editable_set_text (GTK_EDITABLE (row), "hf_typed");
  g_signal_emit_by_name (row, "apply");
  ui_wait (has_key, f->fake.keys);
  g_assert_cmpstr (g_hash_table_lookup (f->fake.keys, fake_hub_get_address (f->hub)), ==,
                   "hf_typed");
  g_assert_false (test_folder_contains (f->folder, "hf_typed"));
}

static void
test_narrow (Fixture *f, gconstpointer data)
{
  int minimum;

  gtk_widget_measure (f->window, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
  g_assert_cmpint (minimum, <=, 360);
}

/* ---- the main window ---- */

static gboolean
is_visible (gpointer widget)
{
  return gtk_widget_get_visible (widget);
}

static gboolean
is_invisible (gpointer widget)
{
  return !gtk_widget_get_visible (widget);
}

static void
test_line (Fixture *f, gconstpointer data)
{
  GtkWidget  *window = GTK_WIDGET (facet_window_new (application));
  GtkWidget  *line = ui_find (window, FACET_TYPE_DOWNLOAD_LINE, NULL);
  FacetModel *model = get_model (f);

  g_object_set (window, "models", f->models, NULL);
  gtk_window_present (GTK_WINDOW (window));
  g_assert_false (gtk_widget_get_visible (line));
  fake_hub_set_fault (f->hub, FAKE_SLOW, -1);
  facet_model_download (model, FALSE);
  ui_wait (is_visible, line);
  ui_wait (has_bytes, model);
  gtk_test_widget_wait_for_draw (window);
  g_assert_nonnull (strstr (gtk_label_get_label (GTK_LABEL (ui_find (line, GTK_TYPE_LABEL, NULL))),
                            "test/model: "));
  ui_picture (window, "download-line");
  facet_model_pause (model);
  ui_wait (is_invisible, line);
  gtk_window_destroy (GTK_WINDOW (window));
}

static GtkWidget *
find_check (GtkWidget *page, const char *title)
{
  GtkWidget *row =
      gtk_widget_get_ancestor (ui_find (page, GTK_TYPE_LABEL, title), ADW_TYPE_ACTION_ROW);

  return ui_find (row, GTK_TYPE_CHECK_BUTTON, NULL);
}

static void
test_first_run (Fixture *f, gconstpointer data)
{
  GtkWidget  *window = GTK_WIDGET (facet_window_new (application));
  GtkWidget  *page = ui_find (window, FACET_TYPE_FIRST_RUN, NULL);
  GtkWidget  *composer = ui_find (window, g_type_from_name ("FacetComposer"), NULL);
  GtkStack   *pages = GTK_STACK (gtk_widget_get_ancestor (page, GTK_TYPE_STACK));
  FacetModel *model = facet_models_find (f->models, "gemma-4-e2b-q4");
  GSettings  *settings = facet_settings_get_default ();
  UiFixture   base;
  int         minimum;

  ui_fixture_set_up (&base, NULL, 0);
  g_object_set (window, "models", f->models, NULL);
  facet_window_show_first_run (FACET_WINDOW (window));
  facet_window_set_library (FACET_WINDOW (window),
                            base.library); /* as it is opened behind the first frame */
  gtk_window_present (GTK_WINDOW (window));
  gtk_test_widget_wait_for_draw (window);
  g_assert_cmpstr (gtk_stack_get_visible_child_name (pages), ==, "first-run");
  g_assert_false (gtk_widget_get_visible (composer));
  /* It says how large and whether it fits: 16 GB or less here, whatever the machine has. */
  g_assert_nonnull (
      strstr (adw_action_row_get_subtitle (ADW_ACTION_ROW (
                  gtk_widget_get_ancestor (find_check (page, "Gemma 4 E2B"), ADW_TYPE_ACTION_ROW))),
              "to download. "));
  gtk_widget_measure (page, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
  g_assert_cmpint (minimum, <=, 360);
  ui_picture (window, "first-run");
  g_assert_true (gtk_widget_is_ancestor (gtk_window_get_focus (GTK_WINDOW (window)), page));

  gtk_check_button_set_active (GTK_CHECK_BUTTON (find_check (page, "Gemma 4 E2B, 4 bits")), TRUE);
  g_signal_emit_by_name (ui_find (page, GTK_TYPE_BUTTON, "_Start"), "clicked");
  g_assert_true (g_settings_get_boolean (settings, "welcomed"));
  g_assert_cmpstr (gtk_stack_get_visible_child_name (pages), ==, "welcome");
  g_assert_true (gtk_widget_get_visible (composer));
  answer_dialog ("accept");
  ui_wait (has_failed, model);
  facet_window_set_library (FACET_WINDOW (window), NULL);
  gtk_window_destroy (GTK_WINDOW (window));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  ui_fixture_tear_down (&base);
  g_settings_reset (settings, "welcomed");
}

int
main (int argc, char *argv[])
{
  static const struct {
    const char *path;
    void (*test) (Fixture *f, gconstpointer data);
  } tests[] = {
      {"/models/life", test_life},       {"/models/remove", test_remove},
      {"/models/mend", test_mend},       {"/models/licence", test_licence},
      {"/models/goes-on", test_goes_on}, {"/models/server-address", test_server_address},
      {"/models/token", test_token},     {"/models/narrow", test_narrow},
      {"/models/line", test_line},       {"/models/first-run", test_first_run},
  };
  int result;

  g_unsetenv ("HF_TOKEN");
  g_unsetenv ("HF_ENDPOINT");
  ui_test_init (&argc, &argv);
  application = facet_application_new (G_APPLICATION_NON_UNIQUE);
  g_assert_true (g_application_register (G_APPLICATION (application), NULL, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
  result = g_test_run ();
  g_object_unref (application);
  return result;
}
