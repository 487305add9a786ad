/* test-demo.c: the demonstration model in the window: what a person gets who opens Facet for the
 * first time, from the click to the words.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The real model answers; what is asked and what is right comes from its own samples, or is a sum.
 * Speech is test-talk-model.c, a real drag drop.sh. */
#define G_LOG_DOMAIN "test-demo"

#include "config.h"

#include <string.h>

#include "demo-sample.h"
#include "facet-composer.h"
#include "facet-local-assistant.h"
#include "facet-thought-panel.h"
#include "facet-tool-call.h"
#include "facet-tool-cards.h"
#include "facet-welcome.h"
#include "facet-window.h"
#include "test-folder.h"
#include "test-wait.h"
#include "ui-media.h"

#define WAIT_SECONDS 90 /* a model loads and computes */

static FacetApplication *application;

typedef struct {
  char           *folder;
  FacetAssistant *assistant;
  FacetLibrary   *library;
  GtkWidget      *window;
  FacetComposer  *composer;
} Fixture;

static void
open_window (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  f->library = facet_library_new (f->folder, f->assistant, &error);
  g_assert_no_error (error);
  wait_at_most (WAIT_SECONDS, facet_library_get_loaded (f->library));
  f->window = GTK_WIDGET (facet_window_new (application));
  gtk_window_set_default_size (GTK_WINDOW (f->window), 900, 700);
  facet_window_set_library (FACET_WINDOW (f->window), f->library);
  f->composer = FACET_COMPOSER (ui_find (f->window, FACET_TYPE_COMPOSER, NULL));
  gtk_window_present (GTK_WINDOW (f->window));
  gtk_test_widget_wait_for_draw (f->window);
}

static void
close_window (Fixture *f)
{
  gtk_window_destroy (GTK_WINDOW (f->window));
  facet_library_close (f->library);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (f->library);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  FacetLocalOptions options = {.weights = "bf16"};

  f->folder = test_folder_new ();
  f->assistant = facet_local_assistant_new (&options);
  open_window (f);
  wait_at_most (WAIT_SECONDS, facet_assistant_get_state (f->assistant) == FACET_ASSISTANT_READY);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  close_window (f);
  g_object_unref (f->assistant);
  test_folder_remove (f->folder);
  g_free (f->folder);
}

static FacetConversation *
shown (Fixture *f)
{
  return facet_window_get_conversation (FACET_WINDOW (f->window));
}

static void
wait_answered (Fixture *f)
{
  wait_at_most (WAIT_SECONDS, g_list_model_get_n_items (G_LIST_MODEL (shown (f))) == 2 &&
                                  !facet_conversation_get_busy (shown (f)));
  gtk_test_widget_wait_for_draw (f->window);
}

/* (transfer full) */
static FacetMessage *
dup_answer (Fixture *f)
{
  FacetMessage *answer = g_list_model_get_item (G_LIST_MODEL (shown (f)), 1);

  g_assert_cmpint (facet_message_get_state (answer), ==, FACET_MESSAGE_COMPLETE);
  return answer;
}

static void
activate_example (Fixture *f, const char *title)
{
  GtkWidget *welcome = ui_find (f->window, FACET_TYPE_WELCOME, NULL);
  GtkWidget *label = ui_find (welcome, GTK_TYPE_LABEL, title);

  g_assert_nonnull (label);
  adw_action_row_activate (ADW_ACTION_ROW (gtk_widget_get_ancestor (label, ADW_TYPE_ACTION_ROW)));
}

/* The drawn picture of the welcome page: attached, asked about, described. */
static void
test_example_picture (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetMessage) question = NULL;
  g_autoptr (FacetMessage) answer = NULL;
  GPtrArray  *media;
  const char *words;

  g_assert_nonnull (ui_find (f->window, GTK_TYPE_LABEL, "Demonstration model"));
  activate_example (f, "What do you see?");
  wait_answered (f);
  question = g_list_model_get_item (G_LIST_MODEL (shown (f)), 0);
  media = facet_message_get_attachments (question);
  g_assert_cmpuint (media->len, ==, 1);
  g_assert_cmpint (facet_media_get_kind (g_ptr_array_index (media, 0)), ==, FACET_MEDIA_IMAGE);
  answer = dup_answer (f);
  words = facet_message_get_text (answer);
  g_test_message ("%s", words);
  g_assert_nonnull (strstr (words, "blue circle"));
  g_assert_nonnull (strstr (words, "red triangle"));
  ui_picture (f->window, "demo-picture");
}

/* The sum of the welcome page: thought about where it can be read, and answered. */
static void
test_example_sum (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetMessage) answer = NULL;
  GtkWidget *panel;

  activate_example (f, "What is 47 + 38?");
  g_assert_true (facet_conversation_get_thinking (shown (f)));
  wait_answered (f);
  answer = dup_answer (f);
  g_assert_nonnull (strstr (facet_message_get_thinking (answer), "85"));
  g_assert_nonnull (strstr (facet_message_get_text (answer), "85"));
  panel = ui_find (f->window, FACET_TYPE_THOUGHT_PANEL, NULL);
  g_assert_true (gtk_widget_get_mapped (panel));
  g_assert_true (g_str_has_prefix (facet_thought_panel_get_title (FACET_THOUGHT_PANEL (panel)),
                                   "Thought for"));
  ui_picture (f->window, "demo-sum");
}

/* A drawn picture that is dropped on the conversation is described. */
static void
test_drop (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetMessage) answer = NULL;
  g_auto (GValue) value = G_VALUE_INIT;
  DemoSample sample;

  demo_sample_find (&sample, "image", "one");
  g_value_init (&value, G_TYPE_FILE);
  g_value_take_object (&value, g_file_new_for_path (sample.path));
  g_assert_true (facet_composer_add (f->composer, &value));
  ui_media_wait (shown (f));
  g_assert_true (facet_composer_send (f->composer, sample.question));
  wait_answered (f);
  answer = dup_answer (f);
  g_assert_cmpstr (facet_message_get_text (answer), ==, sample.answer);
  demo_sample_clear (&sample);
}

/* The conversation is shown a frame after it was read. */
static GtkWidget *
find_cards (Fixture *f)
{
  GtkWidget *cards = ui_find (f->window, FACET_TYPE_TOOL_CARDS, NULL);

  return cards != NULL && gtk_widget_get_mapped (cards) ? cards : NULL;
}

static void
check_card (Fixture *f)
{
  GtkWidget *cards, *value;

  wait_at_most (WAIT_SECONDS, find_cards (f) != NULL);
  cards = find_cards (f);
  g_assert_nonnull (ui_find (cards, GTK_TYPE_LABEL, "get_time"));
  g_assert_nonnull (ui_find (cards, GTK_TYPE_LABEL, "place"));
  value = ui_find (cards, GTK_TYPE_LABEL, "Rome");
  g_assert_nonnull (value);
  gtk_test_accessible_assert_relation (value, GTK_ACCESSIBLE_RELATION_LABELLED_BY,
                                       ui_find (cards, GTK_TYPE_LABEL, "place"), NULL);
}

/* A tool that was declared is called, shown with its arguments, and still there after a restart. */
static void
test_tool_call (Fixture *f, gconstpointer data)
{
  static const char declared[] =
      "[{\"type\": \"function\", \"function\": {\"name\": \"get_time\", \"description\": \"Tells "
      "the time\", \"parameters\": {\"type\": \"object\", \"properties\": {\"place\": {\"type\": "
      "\"string\"}}, \"required\": [\"place\"]}}}]";
  g_autoptr (GError) error = NULL;
  g_autofree char *tools = facet_tools_read (declared, strlen (declared), &error);

  g_assert_no_error (error);
  facet_conversation_set_tools (shown (f), tools);
  g_assert_true (facet_composer_send (f->composer, "What time is it in Rome?"));
  wait_answered (f);
  check_card (f);
  ui_picture (f->window, "demo-tool-call");

  close_window (f);
  open_window (f);
  g_assert_true (gtk_widget_activate_action (f->window, "win.next", NULL));
  wait_answered (f);
  check_card (f);
}

int
main (int argc, char *argv[])
{
  g_autofree char *demo = NULL;
  int              result;

  ui_test_init (&argc, &argv);
  demo = g_build_filename (g_getenv ("FACET_SOURCE_ROOT"), "data", "demo", NULL);
  g_setenv ("FACET_DEMO_MODEL", demo, TRUE);
  application = facet_application_new (G_APPLICATION_NON_UNIQUE);
  g_assert_true (g_application_register (G_APPLICATION (application), NULL, NULL));
  g_test_add ("/demo/example/picture", Fixture, NULL, set_up, test_example_picture, tear_down);
  g_test_add ("/demo/example/sum", Fixture, NULL, set_up, test_example_sum, tear_down);
  g_test_add ("/demo/drop", Fixture, NULL, set_up, test_drop, tear_down);
  g_test_add ("/demo/tool-call", Fixture, NULL, set_up, test_tool_call, tear_down);
  result = g_test_run ();
  g_object_unref (application);
  return result;
}
