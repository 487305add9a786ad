/* test-sidebar.c: the list of conversations: what is marked, what is asked for, ten thousand of
 * them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-sidebar"

#include "config.h"

#include "facet-aside-row.h"
#include "facet-aside-view.h"
#include "facet-model-badge.h"
#include "facet-settings.h"
#include "facet-sidebar-row.h"
#include "facet-sidebar.h"
#include "ui-fixture.h"

#define MANY 10000

typedef struct {
  UiFixture          base;
  GtkWidget         *window;
  FacetSidebar      *sidebar;
  GtkListView       *list_view;
  FacetConversation *opened, *renamed, *deleted; /* what the signals said last; not owned */
} Fixture;

static void
open_cb (FacetSidebar *sidebar, FacetConversation *conversation, Fixture *f)
{
  f->opened = conversation;
  facet_sidebar_set_conversation (sidebar, conversation);
}

static void
rename_cb (FacetSidebar *sidebar, FacetConversation *conversation, Fixture *f)
{
  f->renamed = conversation;
}

static void
delete_cb (FacetSidebar *sidebar, FacetConversation *conversation, Fixture *f)
{
  f->deleted = conversation;
}

static void
set_up_with (Fixture *f, const UiConversation *conversations, guint n)
{
  ui_fixture_set_up (&f->base, conversations, n);
  f->sidebar = facet_sidebar_new ();
  f->window = gtk_window_new ();
  gtk_window_set_default_size (GTK_WINDOW (f->window), 280, 600);
  gtk_window_set_child (GTK_WINDOW (f->window), GTK_WIDGET (f->sidebar));
  facet_sidebar_set_library (f->sidebar, f->base.library);
  g_signal_connect (f->sidebar, "open", G_CALLBACK (open_cb), f);
  g_signal_connect (f->sidebar, "rename", G_CALLBACK (rename_cb), f);
  g_signal_connect (f->sidebar, "delete", G_CALLBACK (delete_cb), f);
  f->list_view = GTK_LIST_VIEW (ui_find (GTK_WIDGET (f->sidebar), GTK_TYPE_LIST_VIEW, NULL));
  gtk_window_present (GTK_WINDOW (f->window));
  gtk_test_widget_wait_for_draw (f->window);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  gint64               now = g_get_real_time ();
  const UiConversation conversations[] = {
      {"Newest", now - 1, FALSE},
      {"Older", now - 2, FALSE},
      {"House rules", now - 3, TRUE},
      {"Old", now - 400 * 24 * G_TIME_SPAN_HOUR, FALSE},
  };

  set_up_with (f, conversations, G_N_ELEMENTS (conversations));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_object_add_weak_pointer (G_OBJECT (f->sidebar), (gpointer *)&f->sidebar);
  gtk_window_destroy (GTK_WINDOW (f->window));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (f->sidebar);
  ui_fixture_tear_down (&f->base);
}

static FacetConversation *
nth (Fixture *f, guint n)
{
  return g_list_model_get_item (G_LIST_MODEL (f->base.library), n);
}

static guint
selected (Fixture *f)
{
  return gtk_single_selection_get_selected (
      GTK_SINGLE_SELECTION (gtk_list_view_get_model (f->list_view)));
}

static void
test_choose (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetConversation) pinned = nth (f, 0);
  g_autoptr (FacetConversation) newest = nth (f, 1);

  g_assert_cmpuint (selected (f), ==, GTK_INVALID_LIST_POSITION);
  ui_picture (f->window, "sidebar");

  /* [Pinned] House rules [Today] Newest Older [month] Old */
  gtk_widget_activate_action (GTK_WIDGET (f->list_view), "list.select-item", "(ubb)", 3, FALSE,
                              FALSE);
  g_assert_true (f->opened == newest);
  g_assert_cmpuint (selected (f), ==, 3);

  /* A heading cannot be chosen: the choice stays where it was. */
  f->opened = NULL;
  gtk_widget_activate_action (GTK_WIDGET (f->list_view), "list.select-item", "(ubb)", 2, FALSE,
                              FALSE);
  g_assert_null (f->opened);
  g_assert_cmpuint (selected (f), ==, 3);

  facet_sidebar_set_conversation (f->sidebar, pinned);
  g_assert_null (f->opened);
  g_assert_cmpuint (selected (f), ==, 1);
  facet_sidebar_set_conversation (f->sidebar, NULL);
  g_assert_cmpuint (selected (f), ==, GTK_INVALID_LIST_POSITION);
}

static void
test_neighbours (Fixture *f, gconstpointer data)
{
  static const char *const titles[] = {"House rules", "Newest", "Older", "Old"};
  g_autoptr (FacetConversation) above = NULL;
  g_autoptr (FacetConversation) bottom = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (titles); i++) {
    g_autoptr (FacetConversation) next = facet_sidebar_find_neighbour (f->sidebar, 1);

    g_assert_nonnull (next);
    g_assert_cmpstr (facet_conversation_get_title (next), ==, titles[i]);
    facet_sidebar_set_conversation (f->sidebar, next);
  }
  g_assert_null (facet_sidebar_find_neighbour (f->sidebar, 1));
  above = facet_sidebar_find_neighbour (f->sidebar, -1);
  g_assert_cmpstr (facet_conversation_get_title (above), ==, "Older");

  facet_sidebar_set_conversation (f->sidebar, NULL);
  bottom = facet_sidebar_find_neighbour (f->sidebar, -1);
  g_assert_cmpstr (facet_conversation_get_title (bottom), ==, "Old");
}

/* The mark stays on the conversation while it moves to the top, and nothing is asked for. */
static void
test_follows_moves (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetConversation) old = nth (f, 3);
  g_autoptr (FacetConversation) fresh = facet_library_new_conversation (f->base.library);

  facet_sidebar_set_conversation (f->sidebar, old);
  g_assert_cmpuint (selected (f), ==, 6);
  facet_conversation_open (old);
  facet_conversation_send (old, "Hello");
  ui_wait_idle (old);
  g_assert_null (f->opened);
  g_assert_cmpuint (selected (f), ==, 3);

  facet_conversation_set_pinned (old, TRUE);
  g_assert_cmpuint (selected (f), ==, 1);
  g_assert_null (f->opened);

  /* A new one is marked as soon as it is listed. */
  facet_sidebar_set_conversation (f->sidebar, fresh);
  g_assert_cmpuint (selected (f), ==, GTK_INVALID_LIST_POSITION);
  facet_conversation_send (fresh, "Hello");
  ui_wait_idle (fresh);
  g_assert_cmpuint (selected (f), ==, 4);
  g_assert_null (f->opened);
}

static GtkWidget *
find_row (Fixture *f, const char *title)
{
  GtkWidget *label = ui_find (GTK_WIDGET (f->list_view), GTK_TYPE_LABEL, title);

  g_assert_nonnull (label);
  return gtk_widget_get_ancestor (label, FACET_TYPE_SIDEBAR_ROW);
}

/* The menu of rows, not that of the header. */
static GtkWidget *
get_menu (Fixture *f)
{
  GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (f->sidebar));

  while (child != NULL && !GTK_IS_POPOVER_MENU (child))
    child = gtk_widget_get_next_sibling (child);
  g_assert_nonnull (child);
  return child;
}

static void
open_menu (Fixture *f, const char *title)
{
  GtkWidget *row = find_row (f, title);

  g_signal_emit_by_name (ui_find (row, GTK_TYPE_BUTTON, NULL), "clicked");
  g_assert_true (gtk_widget_get_visible (get_menu (f)));
}

/* The list as text: headings in brackets. */
static void
assert_rows (Fixture *f, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);
  GListModel *rows = G_LIST_MODEL (gtk_list_view_get_model (f->list_view));

  for (guint i = 0; i < g_list_model_get_n_items (rows); i++) {
    g_autoptr (GObject) item = g_list_model_get_item (rows, i);

    if (FACET_IS_SECTION (item))
      g_string_append_printf (text, "[%s] ", facet_section_get_title (FACET_SECTION (item)));
    else
      g_string_append_printf (text, "%s ",
                              facet_conversation_get_title (FACET_CONVERSATION (item)));
  }
  g_assert_true (g_str_has_prefix (text->str, expected));
}

static void
settle (Fixture *f)
{
  gtk_test_widget_wait_for_draw (f->window);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
drop (Fixture *f, const char *onto, gpointer dropped)
{
  gboolean taken = FALSE;

  g_signal_emit_by_name (find_row (f, onto), "dropped", dropped, &taken);
  g_assert_true (taken);
  settle (f);
}

/* By menu and by dropping; what was dropped among the pinned ones is pinned. */
static void
test_folders (Fixture *f, gconstpointer data)
{
  FacetFolder     *work = facet_library_add_folder (f->base.library, "Work");
  FacetFolder     *home = facet_library_add_folder (f->base.library, "Home_2");
  g_autofree char *work_id = g_strdup_printf ("%" G_GINT64_FORMAT, facet_folder_get_id (work));
  g_autoptr (FacetConversation) older = nth (f, 2);
  g_autoptr (FacetConversation) rules = nth (f, 0);

  settle (f);
  assert_rows (f, "[Pinned] House rules [Work] [Home_2] [Today] Newest Older [");
  open_menu (f, "Older");
  gtk_widget_activate_action (get_menu (f), "row.folder", "s", work_id);
  gtk_popover_popdown (GTK_POPOVER (get_menu (f)));
  settle (f);
  assert_rows (f, "[Pinned] House rules [Work] Older [Home_2] [Today] Newest [");
  gtk_test_accessible_assert_property (gtk_widget_get_parent (find_row (f, "Work")),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL, "Folder Work");
  gtk_test_accessible_assert_state (gtk_widget_get_parent (find_row (f, "Work")),
                                    GTK_ACCESSIBLE_STATE_EXPANDED, TRUE);
  ui_picture (f->window, "sidebar-folders");

  g_signal_emit_by_name (find_row (f, "Work"), "toggle");
  settle (f);
  assert_rows (f, "[Pinned] House rules [Work] [Home_2] [Today] Newest [");
  gtk_test_accessible_assert_state (gtk_widget_get_parent (find_row (f, "Work")),
                                    GTK_ACCESSIBLE_STATE_EXPANDED, FALSE);
  g_signal_emit_by_name (f->list_view, "activate", 2);
  settle (f);
  assert_rows (f, "[Pinned] House rules [Work] Older [Home_2] [Today] Newest [");

  drop (f, "Home_2", older);
  assert_rows (f, "[Pinned] House rules [Work] [Home_2] Older [Today] Newest [");
  drop (f, "Work", home);
  assert_rows (f, "[Pinned] House rules [Home_2] Older [Work] [Today] Newest [");
  drop (f, "Older", rules);
  assert_rows (f, "[Home_2] Older House rules [Work] [Today] Newest [");
  drop (f, "Today", older);
  assert_rows (f, "[Home_2] House rules [Work] [Today] Newest Older [");
  facet_conversation_set_pinned (rules, TRUE);
  settle (f);
  drop (f, "House rules", older);
  assert_rows (f, "[Pinned] Older House rules [Home_2] [Work] [Today] Newest [");

  open_menu (f, "Work");
  gtk_widget_activate_action (get_menu (f), "folder.up", NULL);
  assert_rows (f, "[Pinned] Older House rules [Work] [Home_2] [Today] Newest [");
  open_menu (f, "Work");
  gtk_widget_activate_action (get_menu (f), "row.delete", NULL);
  assert_rows (f, "[Pinned] Older House rules [Home_2] [Today] Newest [");
  gtk_popover_popdown (GTK_POPOVER (get_menu (f)));
}

/* What is folded stays folded; ids of folders that are gone are forgotten. */
static void
test_folded (Fixture *f, gconstpointer data)
{
  GSettings   *settings = facet_settings_get_default ();
  FacetFolder *work = facet_library_add_folder (f->base.library, "Work");
  g_autoptr (GVariant) kept = NULL;
  g_autoptr (FacetConversation) newest = nth (f, 1);

  facet_library_put_in_folder (f->base.library, newest, work);
  settle (f);
  g_signal_emit_by_name (find_row (f, "Work"), "toggle");
  kept = g_settings_get_value (settings, "folded-folders");
  g_assert_cmpuint (g_variant_n_children (kept), ==, 1);

  facet_sidebar_set_library (f->sidebar, NULL);
  facet_sidebar_set_library (f->sidebar, f->base.library);
  settle (f);
  assert_rows (f, "[Pinned] House rules [Work] [Today] Older [");
  g_settings_reset (settings, "folded-folders");
}

static void
test_aside (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetConversation) older = nth (f, 2);
  g_autoptr (FacetConversation) newest = nth (f, 1);
  GtkWidget *view = ui_find (GTK_WIDGET (f->sidebar), FACET_TYPE_ASIDE_VIEW, NULL);
  GtkWidget *row;

  facet_library_set_archived (f->base.library, older, TRUE);
  facet_library_delete (f->base.library, newest);
  gtk_widget_activate_action (GTK_WIDGET (f->sidebar), "sidebar.show-archive", NULL);
  settle (f);
  ui_run_for (300);
  row = gtk_widget_get_ancestor (ui_find (view, GTK_TYPE_LABEL, "Older"), FACET_TYPE_ASIDE_ROW);
  g_assert_nonnull (row);
  ui_picture (f->window, "sidebar-archive");
  g_signal_emit_by_name (row, "restore");
  g_assert_false (facet_conversation_get_archived (older));

  gtk_widget_activate_action (GTK_WIDGET (f->sidebar), "sidebar.show-trash", NULL);
  settle (f);
  ui_run_for (300);
  g_assert_nonnull (ui_find (view, GTK_TYPE_LABEL, "Gone in 30 days"));
  ui_picture (f->window, "sidebar-trash");
  row = gtk_widget_get_ancestor (ui_find (view, GTK_TYPE_LABEL, "Newest"), FACET_TYPE_ASIDE_ROW);
  g_signal_emit_by_name (row, "restore");
  settle (f);
  g_assert_cmpuint (g_list_model_get_n_items (facet_library_get_trash (f->base.library)), ==, 0);
  gtk_widget_activate_action (view, "sidebar.show-list", NULL);
  settle (f);
  assert_rows (f, "[Pinned] House rules [Today] Newest Older [");
}

static void
test_days_left (void)
{
  const gint64 day = 24 * G_TIME_SPAN_HOUR, now = 1000 * day;
  const struct {
    gint64      deleted;
    const char *words;
  } cases[] = {
      {now, "Gone in 30 days"},
      {now - day / 2, "Gone in 30 days"},
      {now - 28 * day, "Gone in 2 days"},
      {now - 29 * day, "Gone in 1 day"},
      {now - 30 * day, "Gone at the next start"},
      {now + 5 * day, "Gone in 30 days"}, /* the clock was put back */
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *words = facet_aside_dup_days_left (cases[i].deleted, now);

    g_assert_cmpstr (words, ==, cases[i].words);
  }
}

/* In front of all, marked, and not to be dragged anywhere. */
static void
test_private (Fixture *f, gconstpointer data)
{
  g_autoptr (GListStore) kept = g_list_store_new (FACET_TYPE_CONVERSATION);
  g_autoptr (GError) error = NULL;
  g_autoptr (FacetConversation) secret =
      facet_library_new_private_conversation (f->base.library, &error);

  g_assert_no_error (error);
  facet_conversation_set_title (secret, "Secret");
  facet_sidebar_set_private (f->sidebar, G_LIST_MODEL (kept));
  assert_rows (f, "[Pinned] House rules");
  g_list_store_append (kept, secret);
  settle (f);
  assert_rows (f, "[Private] Secret [Pinned] House rules");
  gtk_test_accessible_assert_property (gtk_widget_get_parent (find_row (f, "Secret")),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL, "Secret, private");
  facet_sidebar_set_conversation (f->sidebar, secret);
  g_assert_cmpuint (selected (f), ==, 1);
  ui_picture (f->window, "sidebar-private");
  g_list_store_remove_all (kept);
  assert_rows (f, "[Pinned] House rules");
  facet_sidebar_set_conversation (f->sidebar, NULL);
  facet_sidebar_set_private (f->sidebar, NULL);
}

static void
test_menu (Fixture *f, gconstpointer data)
{
  GtkWidget         *row = find_row (f, "Older");
  FacetConversation *older = facet_sidebar_row_get_conversation (FACET_SIDEBAR_ROW (row));
  GtkWidget         *popover = get_menu (f);

  g_signal_emit_by_name (ui_find (row, GTK_TYPE_BUTTON, NULL), "clicked");
  g_assert_true (gtk_widget_get_visible (popover));
  gtk_widget_activate_action (popover, "row.rename", NULL);
  g_assert_true (f->renamed == older);
  gtk_widget_activate_action (popover, "row.pinned", NULL);
  g_assert_true (facet_conversation_get_pinned (older));
  gtk_widget_activate_action (popover, "row.pinned", NULL);
  g_assert_false (facet_conversation_get_pinned (older));
  gtk_widget_activate_action (popover, "row.delete", NULL);
  g_assert_true (f->deleted == older);
  gtk_popover_popdown (GTK_POPOVER (popover));
}

static void
test_words (Fixture *f, gconstpointer data)
{
  GtkWidget *row = find_row (f, "House rules");

  gtk_test_accessible_assert_property (gtk_widget_get_parent (row), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "House rules, pinned");
  row = find_row (f, "Newest");
  gtk_test_accessible_assert_property (gtk_widget_get_parent (row), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "Newest");
  facet_conversation_set_title (facet_sidebar_row_get_conversation (FACET_SIDEBAR_ROW (row)),
                                "Renamed");
  gtk_test_accessible_assert_property (gtk_widget_get_parent (row), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "Renamed");
  gtk_test_accessible_assert_property (GTK_WIDGET (f->list_view), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "Conversations");
}

static void
test_badge (Fixture *f, gconstpointer data)
{
  GtkWidget *badge = ui_find (GTK_WIDGET (f->sidebar), FACET_TYPE_MODEL_BADGE, NULL);
  GtkWidget *bar = NULL;

  g_assert_nonnull (ui_find (badge, GTK_TYPE_LABEL, "Fake model"));
  bar = ui_find (badge, GTK_TYPE_PROGRESS_BAR, NULL);
  g_assert_false (gtk_widget_get_visible (bar));
  fake_assistant_set_loading (f->base.fake, 0.43);
  g_assert_nonnull (ui_find (badge, GTK_TYPE_LABEL, "Loading, 43 %"));
  g_assert_true (gtk_widget_get_visible (bar));
  g_assert_cmpfloat (gtk_progress_bar_get_fraction (GTK_PROGRESS_BAR (bar)), ==, 0.43);
  fake_assistant_set_failed (f->base.fake, "It is gone.");
  g_assert_nonnull (ui_find (badge, GTK_TYPE_LABEL, "Could not be loaded"));
  fake_assistant_set_ready (f->base.fake);
  g_assert_null (ui_find (badge, GTK_TYPE_LABEL, "Could not be loaded"));
}

static void
test_empty (void)
{
  Fixture    f = {0};
  GtkStack  *stack;
  GtkWidget *label;
  g_autoptr (FacetConversation) first = NULL;

  set_up_with (&f, NULL, 0);
  stack = GTK_STACK (gtk_widget_get_ancestor (GTK_WIDGET (f.list_view), GTK_TYPE_STACK));
  g_assert_cmpstr (gtk_stack_get_visible_child_name (stack), ==, "empty");
  g_assert_null (facet_sidebar_find_neighbour (f.sidebar, 1));
  label = gtk_stack_get_visible_child (stack);
  g_assert_true (g_str_has_prefix (gtk_label_get_label (GTK_LABEL (label)), "No conversations"));

  first = facet_library_new_conversation (f.base.library);
  facet_conversation_send (first, "Hello");
  ui_wait_idle (first);
  g_assert_cmpstr (gtk_stack_get_visible_child_name (stack), ==, "list");
  facet_library_delete (f.base.library, first);
  g_assert_cmpstr (gtk_stack_get_visible_child_name (stack), ==, "empty");
  g_clear_object (&first);
  tear_down (&f, NULL);
}

static guint
count_rows (GtkWidget *root)
{
  guint n = FACET_IS_SIDEBAR_ROW (root);

  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    n += count_rows (child);
  return n;
}

/* Ten thousand conversations make a few hundred rows, and a step through them stays cheap. */
static void
test_many (void)
{
  Fixture                    f = {0};
  g_autofree UiConversation *many = g_new (UiConversation, MANY);
  gint64                     now = g_get_real_time (), begun, taken;
  GtkWidget                 *scroller;
  GtkAdjustment             *adjustment;
  g_autoptr (FacetConversation) last = NULL;

  for (guint i = 0; i < MANY; i++)
    many[i] = (UiConversation){"One of many", now - i * 3 * G_TIME_SPAN_HOUR, i % 1000 == 7};
  begun = g_get_monotonic_time ();
  set_up_with (&f, many, MANY);
  taken = g_get_monotonic_time () - begun;
  g_test_message ("%d conversations listed and drawn in %.0f ms", MANY, taken / 1000.0);
  g_assert_cmpuint (count_rows (GTK_WIDGET (f.list_view)), <, 500);

  scroller = gtk_widget_get_ancestor (GTK_WIDGET (f.list_view), GTK_TYPE_SCROLLED_WINDOW);
  adjustment = gtk_scrolled_window_get_vadjustment (GTK_SCROLLED_WINDOW (scroller));
  begun = g_get_monotonic_time ();
  for (guint i = 1; i <= 20; i++) {
    gtk_adjustment_set_value (adjustment, i * gtk_adjustment_get_upper (adjustment) / 21);
    gtk_test_widget_wait_for_draw (f.window);
  }
  taken = g_get_monotonic_time () - begun;
  g_test_message ("20 jumps through the list: %.1f ms each", taken / 20000.0);

  last = nth (&f, MANY - 1);
  begun = g_get_monotonic_time ();
  facet_conversation_open (last);
  facet_conversation_set_pinned (last, TRUE);
  taken = g_get_monotonic_time () - begun;
  g_test_message ("the last one moved to the top: %.1f ms", taken / 1000.0);
  facet_sidebar_set_conversation (f.sidebar, last);
  facet_sidebar_reveal (f.sidebar);
  gtk_test_widget_wait_for_draw (f.window);
  g_assert_cmpuint (selected (&f), <, 20);
  g_clear_object (&last);
  tear_down (&f, NULL);
}

int
main (int argc, char *argv[])
{
  static const struct {
    const char *path;
    void (*test) (Fixture *f, gconstpointer data);
  } tests[] = {
      {"/sidebar/choose", test_choose},
      {"/sidebar/neighbours", test_neighbours},
      {"/sidebar/follows-moves", test_follows_moves},
      {"/sidebar/menu", test_menu},
      {"/sidebar/folders", test_folders},
      {"/sidebar/folded", test_folded},
      {"/sidebar/aside", test_aside},
      {"/sidebar/private", test_private},
      {"/sidebar/words", test_words},
      {"/sidebar/badge", test_badge},
  };

  ui_test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
  g_test_add_func ("/sidebar/days-left", test_days_left);
  g_test_add_func ("/sidebar/empty", test_empty);
  g_test_add_func ("/sidebar/many", test_many);
  return g_test_run ();
}
