/* facet-search-dialog.c: an entry, and below it what is found.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  What is typed is searched for in the next frame, so that a word that is pasted or
 * typed in one go is one search.  While a search runs what was found before stays in sight.  Of the
 * hits only as many as have room get rows at once, the others in the frames after: GtkListView
 * would make all sixty, which takes longer than finding them. */
#define G_LOG_DOMAIN "facet-search-dialog"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-announcer.h"
#include "facet-search-dialog.h"
#include "facet-search-row.h"

#define WIDTH        640
#define HEIGHT       560
#define MIN_WIDTH    312
#define MIN_HEIGHT   264
#define SPACE        24  /* of the window below that is seen on each side */
#define FIRST_ROWS   8   /* that are made at once, and in every frame after */
#define PAGE         5   /* rows that Page Up and Page Down go */
#define SAY_DELAY_MS 600 /* nobody wants every letter's number read out */

struct _FacetSearchDialog {
  AdwWindow parent_instance;

  GtkEditable        *entry;
  GtkStack           *pages;
  GtkListView        *list;
  AdwStatusPage      *none;
  GtkLabel           *words;
  GtkSliceListModel  *rows; /* the first of what was found */
  GtkSingleSelection *selection;
  FacetAnnouncer     *announcer;

  FacetSearch *search;
  guint        tick; /* 0: what was typed is being searched for */
  guint        grow; /* 0: all rows are there */
  guint        say;
};

enum {
  OPEN,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (FacetSearchDialog, facet_search_dialog, ADW_TYPE_WINDOW)

FacetSearch *
facet_search_dialog_get_search (FacetSearchDialog *self)
{
  g_return_val_if_fail (FACET_IS_SEARCH_DIALOG (self), NULL);
  return self->search;
}

/* What is said about it */

static char *
dup_number (FacetSearchDialog *self)
{
  gboolean more;
  guint    n = facet_search_get_n_found (self->search, &more);
  guint    n_rows = g_list_model_get_n_items (G_LIST_MODEL (self->search));

  if (more)
    return g_strdup_printf (_ ("More than %'u found; the newest of each conversation are shown"),
                            n);
  if (n > n_rows)
    return g_strdup_printf (ngettext ("%'u found; the newest of each conversation are shown",
                                      "%'u found; the newest of each conversation are shown", n),
                            n);
  return g_strdup_printf (ngettext ("%'u found", "%'u found", n_rows), n_rows);
}

static gboolean
say_cb (gpointer data)
{
  FacetSearchDialog *self = data;
  const char        *page = gtk_stack_get_visible_child_name (self->pages);

  self->say = 0;
  if (g_strcmp0 (page, "results") == 0)
    facet_announcer_say (self->announcer, gtk_label_get_label (self->words));
  else if (g_strcmp0 (page, "none") == 0)
    facet_announcer_say (self->announcer, adw_status_page_get_title (self->none));
  return G_SOURCE_REMOVE;
}

static void
show_none (FacetSearchDialog *self)
{
  const char      *error = facet_search_get_error (self->search);
  g_autofree char *shown =
      g_markup_escape_text (error != NULL ? error
                                          : _ ("Titles, messages, thoughts and the names of "
                                               "attachments were looked through, archived "
                                               "conversations as well."),
                            -1);

  adw_status_page_set_title (self->none,
                             error != NULL ? _ ("Cannot be searched") : _ ("Nothing found"));
  adw_status_page_set_description (self->none, shown);
  gtk_stack_set_visible_child_name (self->pages, "none");
}

static gboolean
grow_cb (GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
  FacetSearchDialog *self = FACET_SEARCH_DIALOG (widget);
  guint              size = gtk_slice_list_model_get_size (self->rows);

  if (size < g_list_model_get_n_items (G_LIST_MODEL (self->search))) {
    gtk_slice_list_model_set_size (self->rows, size + FIRST_ROWS);
    return G_SOURCE_CONTINUE;
  }
  self->grow = 0;
  return G_SOURCE_REMOVE;
}

static void
answered_cb (FacetSearchDialog *self)
{
  g_autofree char *number = dup_number (self);
  guint            n = g_list_model_get_n_items (G_LIST_MODEL (self->search));

  gtk_label_set_label (self->words, number);
  if (facet_search_query_is_empty (facet_search_get_query (self->search)))
    gtk_stack_set_visible_child_name (self->pages, "hint");
  else if (n == 0)
    show_none (self);
  else
    gtk_stack_set_visible_child_name (self->pages, "results");
  if (n > 0) {
    gtk_single_selection_set_selected (self->selection, 0);
    gtk_widget_activate_action (GTK_WIDGET (self->list), "list.scroll-to-item", "u", 0);
  }
  if (self->grow == 0)
    self->grow = gtk_widget_add_tick_callback (GTK_WIDGET (self), grow_cb, NULL, NULL);
  g_clear_handle_id (&self->say, g_source_remove);
  self->say = g_timeout_add (SAY_DELAY_MS, say_cb, self);
}

/* Typing */

static gboolean
tick_cb (GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
  FacetSearchDialog *self = FACET_SEARCH_DIALOG (widget);

  self->tick = 0;
  if (self->grow != 0)
    gtk_widget_remove_tick_callback (widget, self->grow);
  self->grow = 0;
  gtk_slice_list_model_set_size (self->rows, FIRST_ROWS);
  facet_search_set_text (self->search, gtk_editable_get_text (self->entry));
  return G_SOURCE_REMOVE;
}

static void
typed_cb (FacetSearchDialog *self)
{
  if (self->tick == 0)
    self->tick = gtk_widget_add_tick_callback (GTK_WIDGET (self), tick_cb, NULL, NULL);
}

/* Choosing */

static void
open_cb (FacetSearchDialog *self, guint position)
{
  g_autoptr (FacetSearchHit) hit = g_list_model_get_item (G_LIST_MODEL (self->search), position);
  g_autoptr (FacetSearchDialog) keep = g_object_ref (self);
  g_autofree char *text = g_strdup (gtk_editable_get_text (self->entry));

  if (hit == NULL)
    return;
  /* First, so that the focus can go where the hit is. */
  gtk_window_close (GTK_WINDOW (self));
  g_signal_emit (self, signals[OPEN], 0, hit, text);
}

static void
activate_cb (FacetSearchDialog *self)
{
  /* What is on the screen may still be the answer to the letters before. */
  if (self->tick == 0 && !facet_search_get_searching (self->search))
    open_cb (self, gtk_single_selection_get_selected (self->selection));
}

static void
choose (FacetSearchDialog *self, int step)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->selection));
  guint at = gtk_single_selection_get_selected (self->selection);

  if (n == 0)
    return;
  at = (guint)CLAMP ((gint64)(at == GTK_INVALID_LIST_POSITION ? 0 : at) + step, 0, (gint64)n - 1);
  gtk_single_selection_set_selected (self->selection, at);
  gtk_widget_activate_action (GTK_WIDGET (self->list), "list.scroll-to-item", "u", at);
}

/* The entry keeps the focus; keys that choose go to the list. */
static gboolean
key_pressed_cb (GtkEventControllerKey *controller,
                guint                  keyval,
                guint                  keycode,
                GdkModifierType        state,
                FacetSearchDialog     *self)
{
  static const struct {
    guint key, keypad_key;
    int   step;
  } keys[] = {
      {GDK_KEY_Up, GDK_KEY_KP_Up, -1},
      {GDK_KEY_Down, GDK_KEY_KP_Down, 1},
      {GDK_KEY_Page_Up, GDK_KEY_KP_Page_Up, -PAGE},
      {GDK_KEY_Page_Down, GDK_KEY_KP_Page_Down, PAGE},
  };

  if ((state & (GDK_CONTROL_MASK | GDK_ALT_MASK | GDK_SHIFT_MASK)) != 0)
    return GDK_EVENT_PROPAGATE;
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++) {
    if (keyval != keys[i].key && keyval != keys[i].keypad_key)
      continue;
    choose (self, keys[i].step);
    return GDK_EVENT_STOP;
  }
  return GDK_EVENT_PROPAGATE;
}

/* Rows */

static void
setup_row_cb (FacetSearchDialog *self, GtkListItem *item)
{
  gtk_list_item_set_child (item, facet_search_row_new ());
}

static void
bind_row_cb (FacetSearchDialog *self, GtkListItem *item)
{
  facet_search_row_set_hit (FACET_SEARCH_ROW (gtk_list_item_get_child (item)),
                            gtk_list_item_get_item (item));
}

static void
unbind_row_cb (FacetSearchDialog *self, GtkListItem *item)
{
  facet_search_row_set_hit (FACET_SEARCH_ROW (gtk_list_item_get_child (item)), NULL);
}

/* Widget */

static void
close_cb (FacetSearchDialog *self)
{
  gtk_window_close (GTK_WINDOW (self));
}

static void
facet_search_dialog_dispose (GObject *object)
{
  FacetSearchDialog *self = FACET_SEARCH_DIALOG (object);

  g_clear_handle_id (&self->say, g_source_remove);
  if (self->search != NULL)
    g_signal_handlers_disconnect_by_data (self->search, self);
  if (self->list != NULL)
    gtk_list_view_set_model (self->list, NULL);
  g_clear_object (&self->selection);
  g_clear_object (&self->rows);
  g_clear_object (&self->search);
  gtk_widget_dispose_template (GTK_WIDGET (self), FACET_TYPE_SEARCH_DIALOG);
  G_OBJECT_CLASS (facet_search_dialog_parent_class)->dispose (object);
}

static void
facet_search_dialog_class_init (FacetSearchDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = facet_search_dialog_dispose;
  signals[OPEN] = g_signal_new ("open", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                NULL, G_TYPE_NONE, 2, FACET_TYPE_SEARCH_HIT, G_TYPE_STRING);

  g_type_ensure (FACET_TYPE_ANNOUNCER);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/facet/Facet/facet-search-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetSearchDialog, entry);
  gtk_widget_class_bind_template_child (widget_class, FacetSearchDialog, pages);
  gtk_widget_class_bind_template_child (widget_class, FacetSearchDialog, list);
  gtk_widget_class_bind_template_child (widget_class, FacetSearchDialog, none);
  gtk_widget_class_bind_template_child (widget_class, FacetSearchDialog, words);
  gtk_widget_class_bind_template_child (widget_class, FacetSearchDialog, announcer);
  gtk_widget_class_bind_template_callback (widget_class, typed_cb);
  gtk_widget_class_bind_template_callback (widget_class, activate_cb);
  gtk_widget_class_bind_template_callback (widget_class, open_cb);
  gtk_widget_class_bind_template_callback (widget_class, close_cb);
  gtk_widget_class_bind_template_callback (widget_class, key_pressed_cb);
  gtk_widget_class_bind_template_callback (widget_class, setup_row_cb);
  gtk_widget_class_bind_template_callback (widget_class, bind_row_cb);
  gtk_widget_class_bind_template_callback (widget_class, unbind_row_cb);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
facet_search_dialog_init (FacetSearchDialog *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

FacetSearchDialog *
facet_search_dialog_new (GtkWindow *parent, FacetLibrary *library)
{
  FacetSearchDialog *self = g_object_new (FACET_TYPE_SEARCH_DIALOG, "transient-for", parent, NULL);
  GtkWidget         *below = GTK_WIDGET (parent);

  gtk_window_set_default_size (GTK_WINDOW (self),
                               CLAMP (gtk_widget_get_width (below) - 2 * SPACE, MIN_WIDTH, WIDTH),
                               CLAMP (gtk_widget_get_height (below) - 2 * SPACE, MIN_HEIGHT,
                                      HEIGHT));
  self->search = facet_search_new (library);
  g_signal_connect_swapped (self->search, "answered", G_CALLBACK (answered_cb), self);
  self->rows = gtk_slice_list_model_new (g_object_ref (G_LIST_MODEL (self->search)), 0, FIRST_ROWS);
  self->selection = gtk_single_selection_new (g_object_ref (G_LIST_MODEL (self->rows)));
  gtk_list_view_set_model (self->list, GTK_SELECTION_MODEL (self->selection));
  gtk_widget_grab_focus (GTK_WIDGET (self->entry));
  return self;
}
