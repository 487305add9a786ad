/* facet-servers-page.c: the servers as rows, and where new conversations are answered.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Shows what the settings say; a row opens the dialog in which it is changed. */
#define G_LOG_DOMAIN "facet-servers-page"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-server-dialog.h"
#include "facet-servers-page.h"

struct _FacetServersPage {
  AdwPreferencesPage parent_instance;

  AdwPreferencesGroup *servers_group;
  GtkWidget           *add_button;
  GtkWidget           *none_row;
  GtkWidget           *default_group;
  AdwComboRow         *default_row;

  GSettings    *settings;
  FacetServers *servers; /* NULL: they cannot be set up */
  GPtrArray    *rows;    /* of GtkWidget, borrowed: one a server */
  gboolean      filling; /* what the combo row says is not the person's choice */
};

G_DEFINE_FINAL_TYPE (FacetServersPage, facet_servers_page, ADW_TYPE_PREFERENCES_PAGE)

/* The dialog */

static void
say_cb (FacetServersPage *self, const char *sentence)
{
  GtkRoot  *root = gtk_widget_get_root (GTK_WIDGET (self));
  AdwToast *toast;

  if (!ADW_IS_PREFERENCES_WINDOW (root))
    return;
  toast = adw_toast_new (sentence);
  adw_toast_set_timeout (toast, 0);
  adw_preferences_window_add_toast (ADW_PREFERENCES_WINDOW (root), toast);
}

static void
open_dialog (FacetServersPage *self, FacetServer *server)
{
  GtkWidget *dialog = facet_server_dialog_new (self->servers, server);

  gtk_window_set_transient_for (GTK_WINDOW (dialog),
                                GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))));
  g_signal_connect_object (dialog, "say", G_CALLBACK (say_cb), self, G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
add_cb (FacetServersPage *self)
{
  open_dialog (self, NULL);
}

static void
activated_cb (AdwActionRow *row, FacetServersPage *self)
{
  open_dialog (self, g_object_get_data (G_OBJECT (row), "server"));
}

/* The rows */

static GtkWidget *
make_row (FacetServersPage *self, FacetServer *server)
{
  GtkWidget       *row = adw_action_row_new ();
  g_autofree char *subtitle = NULL;

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), facet_server_get_name (server));
  if (*facet_server_get_model (server) != '\0')
    subtitle = g_strdup_printf ("%s · %s", facet_server_get_address (server),
                                facet_server_get_model (server));
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row),
                               subtitle != NULL ? subtitle : facet_server_get_address (server));
  adw_action_row_add_suffix (ADW_ACTION_ROW (row),
                             gtk_image_new_from_icon_name ("go-next-symbolic"));
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), TRUE);
  g_object_set_data_full (G_OBJECT (row), "server", g_object_ref (server), g_object_unref);
  g_signal_connect_object (row, "activated", G_CALLBACK (activated_cb), self, 0);
  return row;
}

static void
fill_default (FacetServersPage *self, guint n)
{
  g_autoptr (GtkStringList) names = gtk_string_list_new (NULL);
  g_autofree char *id = g_settings_get_string (self->settings, "default-server");
  guint            selected = 0;

  gtk_string_list_append (names, _ ("On This Computer"));
  for (guint i = 0; i < n; i++) {
    g_autoptr (FacetServer) server = g_list_model_get_item (G_LIST_MODEL (self->servers), i);

    gtk_string_list_append (names, facet_server_get_name (server));
    if (g_str_equal (facet_server_get_id (server), id))
      selected = i + 1;
  }
  self->filling = TRUE;
  adw_combo_row_set_model (self->default_row, G_LIST_MODEL (names));
  adw_combo_row_set_selected (self->default_row, selected);
  self->filling = FALSE;
  gtk_widget_set_visible (self->default_group, n > 0);
}

static void
fill (FacetServersPage *self)
{
  guint n = self->servers != NULL ? g_list_model_get_n_items (G_LIST_MODEL (self->servers)) : 0;

  for (guint i = 0; i < self->rows->len; i++)
    adw_preferences_group_remove (self->servers_group, self->rows->pdata[i]);
  g_ptr_array_set_size (self->rows, 0);
  for (guint i = 0; i < n; i++) {
    g_autoptr (FacetServer) server = g_list_model_get_item (G_LIST_MODEL (self->servers), i);
    GtkWidget *row = make_row (self, server);

    adw_preferences_group_add (self->servers_group, row);
    g_ptr_array_add (self->rows, row);
  }
  gtk_widget_set_visible (self->none_row, n == 0);
  gtk_widget_set_sensitive (self->add_button, self->servers != NULL);
  fill_default (self, n);
}

static void
default_chosen_cb (FacetServersPage *self)
{
  guint selected = adw_combo_row_get_selected (self->default_row);
  g_autoptr (FacetServer) server = NULL;

  if (self->filling || selected == GTK_INVALID_LIST_POSITION)
    return;
  if (selected > 0)
    server = g_list_model_get_item (G_LIST_MODEL (self->servers), selected - 1);
  g_settings_set_string (self->settings, "default-server",
                         server != NULL ? facet_server_get_id (server) : "");
}

/* The object */

static void
facet_servers_page_dispose (GObject *object)
{
  FacetServersPage *self = FACET_SERVERS_PAGE (object);

  if (self->servers != NULL)
    g_signal_handlers_disconnect_by_data (self->servers, self);
  gtk_widget_dispose_template (GTK_WIDGET (self), FACET_TYPE_SERVERS_PAGE);
  g_clear_object (&self->servers);
  g_clear_object (&self->settings);
  g_clear_pointer (&self->rows, g_ptr_array_unref);
  G_OBJECT_CLASS (facet_servers_page_parent_class)->dispose (object);
}

static void
facet_servers_page_class_init (FacetServersPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = facet_servers_page_dispose;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/facet/Facet/facet-servers-page.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetServersPage, servers_group);
  gtk_widget_class_bind_template_child (widget_class, FacetServersPage, add_button);
  gtk_widget_class_bind_template_child (widget_class, FacetServersPage, none_row);
  gtk_widget_class_bind_template_child (widget_class, FacetServersPage, default_group);
  gtk_widget_class_bind_template_child (widget_class, FacetServersPage, default_row);
  gtk_widget_class_bind_template_callback (widget_class, add_cb);
}

static void
facet_servers_page_init (FacetServersPage *self)
{
  self->rows = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
facet_servers_page_new (const FacetPreferencesParts *parts)
{
  FacetServersPage *self = g_object_new (FACET_TYPE_SERVERS_PAGE, NULL);

  g_set_object (&self->settings, parts->settings);
  if (parts->library != NULL)
    g_set_object (&self->servers, facet_library_get_servers (parts->library));
  if (self->servers != NULL)
    g_signal_connect_object (self->servers, "items-changed", G_CALLBACK (fill), self,
                             G_CONNECT_SWAPPED);
  fill (self);
  g_signal_connect_object (self->default_row, "notify::selected", G_CALLBACK (default_chosen_cb),
                           self, G_CONNECT_SWAPPED);
  return GTK_WIDGET (self);
}
