/* facet-aside-view.c: what was put aside: the archive, or the trash.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#define G_LOG_DOMAIN "facet-aside-view"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-aside-row.h"
#include "facet-aside-view.h"

struct _FacetAsideView {
  GtkWidget       parent_instance;
  GtkWidget      *root;
  AdwWindowTitle *title;
  GtkWidget      *empty_button;
  GtkStack       *stack;
  GtkListView    *list_view;
  GtkLabel       *nothing;

  FacetLibrary *library;
  FacetAside    which;
  GListModel   *list;
};

enum {
  OPEN,
  DELETE,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (FacetAsideView, facet_aside_view, GTK_TYPE_WIDGET)

static void
update (FacetAsideView *self)
{
  gboolean empty = g_list_model_get_n_items (self->list) == 0;

  gtk_stack_set_visible_child_name (self->stack, empty ? "nothing" : "list");
  gtk_widget_set_sensitive (self->empty_button, !empty);
}

/* Asking before something is gone for good */

typedef struct {
  FacetLibrary      *library;
  FacetConversation *conversation; /* NULL: all */
} Doomed;

static void
doomed_free (gpointer data)
{
  Doomed *doomed = data;

  g_clear_object (&doomed->library);
  g_clear_object (&doomed->conversation);
  g_free (doomed);
}

static void
response_cb (AdwMessageDialog *dialog, const char *response, Doomed *doomed)
{
  if (!g_str_equal (response, "delete"))
    return;
  if (doomed->conversation != NULL)
    facet_library_delete_for_good (doomed->library, doomed->conversation);
  else
    facet_library_empty_trash (doomed->library);
}

static void
ask (FacetAsideView *self, FacetConversation *conversation, const char *heading, const char *delete)
{
  GtkWindow        *window = GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self)));
  AdwMessageDialog *dialog = ADW_MESSAGE_DIALOG (adw_message_dialog_new (window, heading, NULL));
  Doomed           *doomed = g_new0 (Doomed, 1);

  g_set_object (&doomed->library, self->library);
  g_set_object (&doomed->conversation, conversation);
  adw_message_dialog_set_body (dialog,
                               _ ("Messages and what is attached to them cannot be brought back."));
  adw_message_dialog_add_responses (dialog, "cancel", _ ("_Cancel"), "delete", delete, NULL);
  adw_message_dialog_set_response_appearance (dialog, "delete", ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_close_response (dialog, "cancel");
  g_signal_connect (dialog, "response", G_CALLBACK (response_cb), doomed);
  g_object_set_data_full (G_OBJECT (dialog), "doomed", doomed, doomed_free);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
empty_clicked_cb (FacetAsideView *self)
{
  ask (self, NULL, _ ("Empty the Trash?"), _ ("_Empty Trash"));
}

/* Rows */

static void
restore_cb (FacetAsideRow *row, FacetAsideView *self)
{
  g_autoptr (FacetConversation) conversation =
      g_object_ref (facet_aside_row_get_conversation (row));

  if (self->which == FACET_ASIDE_TRASH)
    facet_library_restore (self->library, conversation);
  else
    facet_library_set_archived (self->library, conversation, FALSE);
}

static void
delete_cb (FacetAsideRow *row, FacetAsideView *self)
{
  g_autoptr (FacetConversation) conversation =
      g_object_ref (facet_aside_row_get_conversation (row));
  g_autofree char *heading = NULL;

  if (self->which == FACET_ASIDE_ARCHIVE) {
    g_signal_emit (self, signals[DELETE], 0, conversation);
    return;
  }
  /* Translators: the title of a conversation. */
  heading =
      g_strdup_printf (_ ("Delete “%s” for Good?"), facet_conversation_get_title (conversation));
  ask (self, conversation, heading, _ ("_Delete for Good"));
}

static void
setup_row_cb (GtkSignalListItemFactory *factory, GtkListItem *list_item, FacetAsideView *self)
{
  FacetAsideRow *row = facet_aside_row_new ();

  g_signal_connect_object (row, "restore", G_CALLBACK (restore_cb), self, 0);
  g_signal_connect_object (row, "delete", G_CALLBACK (delete_cb), self, 0);
  gtk_list_item_set_child (list_item, GTK_WIDGET (row));
}

static void
bind_row_cb (GtkSignalListItemFactory *factory, GtkListItem *list_item, FacetAsideView *self)
{
  gtk_list_item_set_activatable (list_item, self->which == FACET_ASIDE_ARCHIVE);
  facet_aside_row_set_conversation (FACET_ASIDE_ROW (gtk_list_item_get_child (list_item)),
                                    gtk_list_item_get_item (list_item));
}

static void
unbind_row_cb (GtkSignalListItemFactory *factory, GtkListItem *list_item, FacetAsideView *self)
{
  facet_aside_row_set_conversation (FACET_ASIDE_ROW (gtk_list_item_get_child (list_item)), NULL);
}

static void
activated_cb (FacetAsideView *self, guint position)
{
  g_autoptr (FacetConversation) conversation = g_list_model_get_item (self->list, position);

  if (conversation != NULL && self->which == FACET_ASIDE_ARCHIVE)
    g_signal_emit (self, signals[OPEN], 0, conversation);
}

static void
set_list (FacetAsideView *self, GListModel *list)
{
  GtkNoSelection *selection = NULL;

  if (self->list != NULL)
    g_signal_handlers_disconnect_by_func (self->list, update, self);
  g_set_object (&self->list, list);
  if (list != NULL) {
    selection = gtk_no_selection_new (g_object_ref (list));
    g_signal_connect_object (list, "items-changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
    update (self);
  }
  gtk_list_view_set_model (self->list_view, GTK_SELECTION_MODEL (selection));
  g_clear_object (&selection);
}

void
facet_aside_view_show (FacetAsideView *self, FacetLibrary *library, FacetAside which)
{
  gboolean trash = which == FACET_ASIDE_TRASH;

  g_return_if_fail (FACET_IS_ASIDE_VIEW (self));
  g_return_if_fail (FACET_IS_LIBRARY (library));
  g_set_object (&self->library, library);
  self->which = which;
  adw_window_title_set_title (self->title, trash ? _ ("Trash") : _ ("Archive"));
  gtk_widget_set_visible (self->empty_button, trash);
  gtk_label_set_label (self->nothing,
                       trash ? _ ("The trash is empty.\nWhat you delete stays here for 30 days.")
                             : _ ("The archive is empty.\nWhat you archive is kept here, out of "
                                  "the way."));
  set_list (self, trash ? facet_library_get_trash (library) : facet_library_get_archive (library));
}

static void
facet_aside_view_dispose (GObject *object)
{
  FacetAsideView *self = FACET_ASIDE_VIEW (object);

  if (self->list_view != NULL)
    set_list (self, NULL);
  g_clear_object (&self->library);
  gtk_widget_dispose_template (GTK_WIDGET (self), FACET_TYPE_ASIDE_VIEW);
  G_OBJECT_CLASS (facet_aside_view_parent_class)->dispose (object);
}

static void
facet_aside_view_class_init (FacetAsideViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = facet_aside_view_dispose;
  signals[OPEN] = g_signal_new ("open", FACET_TYPE_ASIDE_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                NULL, G_TYPE_NONE, 1, FACET_TYPE_CONVERSATION);
  signals[DELETE] = g_signal_new ("delete", FACET_TYPE_ASIDE_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 1, FACET_TYPE_CONVERSATION);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/facet/Facet/facet-aside-view.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetAsideView, root);
  gtk_widget_class_bind_template_child (widget_class, FacetAsideView, title);
  gtk_widget_class_bind_template_child (widget_class, FacetAsideView, empty_button);
  gtk_widget_class_bind_template_child (widget_class, FacetAsideView, stack);
  gtk_widget_class_bind_template_child (widget_class, FacetAsideView, list_view);
  gtk_widget_class_bind_template_child (widget_class, FacetAsideView, nothing);
  gtk_widget_class_bind_template_callback (widget_class, activated_cb);
  gtk_widget_class_bind_template_callback (widget_class, bind_row_cb);
  gtk_widget_class_bind_template_callback (widget_class, empty_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, setup_row_cb);
  gtk_widget_class_bind_template_callback (widget_class, unbind_row_cb);
}

static void
facet_aside_view_init (FacetAsideView *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
