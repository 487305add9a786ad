/* facet-server-dialog.c: a server's settings as rows, and the test of what stands in them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Nothing is kept before "Save"; the test uses what is shown.  A key that was kept is
 * not shown: an empty row leaves it as it is. */
#define G_LOG_DOMAIN "facet-server-dialog"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-server-dialog.h"
#include "facet-server-steps.h"

struct _FacetServerDialog {
  AdwWindow parent_instance;

  GtkWidget        *save_button;
  GtkWidget        *address_row;
  GtkWidget        *name_row;
  GtkWidget        *key_row;
  AdwComboRow      *model_row;
  GtkWidget        *certificate_row;
  GtkSwitch        *certificate_switch;
  GtkWidget        *problem_label;
  GtkButton        *test_button;
  FacetServerSteps *steps;
  GtkWidget        *remove_group;

  FacetServers    *servers;
  FacetServer     *server;      /* NULL: a new one */
  char            *fingerprint; /* of the certificate that the switch is about */
  FacetServerTest *test;        /* NULL: none was begun */
  gboolean         testing;
};

G_DEFINE_FINAL_TYPE (FacetServerDialog, facet_server_dialog, ADW_TYPE_WINDOW)

enum {
  SAY,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static const char *
get_text (GtkWidget *row)
{
  return gtk_editable_get_text (GTK_EDITABLE (row));
}

/* The models */

/* The first row stands for whichever the server names first; @chosen "" is that one. */
static void
fill_models (FacetServerDialog *self, GPtrArray *models, const char *chosen)
{
  g_autoptr (GtkStringList) list = gtk_string_list_new (NULL);
  guint selected = 0;

  gtk_string_list_append (list, _ ("The first one"));
  for (guint i = 0; models != NULL && i < models->len; i++) {
    const char *model = g_ptr_array_index (models, i);

    gtk_string_list_append (list, model);
    if (g_str_equal (model, chosen))
      selected = i + 1;
  }
  if (selected == 0 && *chosen != '\0') { /* not named, or not asked for yet */
    gtk_string_list_append (list, chosen);
    selected = g_list_model_get_n_items (G_LIST_MODEL (list)) - 1;
  }
  adw_combo_row_set_model (self->model_row, G_LIST_MODEL (list));
  adw_combo_row_set_selected (self->model_row, selected);
}

/* "": the first one. */
static const char *
get_model (FacetServerDialog *self)
{
  GtkStringObject *item = adw_combo_row_get_selected_item (self->model_row);

  return adw_combo_row_get_selected (self->model_row) > 0 && item != NULL
             ? gtk_string_object_get_string (item)
             : "";
}

/* The certificate */

static void
show_certificate (FacetServerDialog *self, const char *fingerprint, gboolean trusted)
{
  g_autofree char *text = NULL;

  g_free (self->fingerprint);
  self->fingerprint = g_strdup (fingerprint);
  gtk_widget_set_visible (self->certificate_row, *fingerprint != '\0');
  gtk_switch_set_active (self->certificate_switch, trusted);
  if (*fingerprint == '\0')
    return;
  /* Translators: %s are hexadecimal digits. */
  text = g_strdup_printf (_ ("Nobody that this computer knows vouches for it.  Compare its SHA-256 "
                             "with what the owner of the server tells you: %s"),
                          fingerprint);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self->certificate_row), text);
}

/* What stands in the rows */

static void
show_problem (FacetServerDialog *self, const char *sentence)
{
  gtk_label_set_label (GTK_LABEL (self->problem_label), sentence != NULL ? sentence : "");
  gtk_widget_set_visible (self->problem_label, sentence != NULL);
}

/* NULL: the address is none, which was said.  (transfer full) */
static FacetServer *
make_server (FacetServerDialog *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *address = facet_server_parse_address (get_text (self->address_row), &error);
  FacetServerInfo  info = {.name = get_text (self->name_row), .address = address};

  show_problem (self, error != NULL ? error->message : NULL);
  if (address == NULL)
    return NULL;
  if (self->server != NULL)
    info.id = facet_server_get_id (self->server);
  info.model = get_model (self);
  if (gtk_switch_get_active (self->certificate_switch))
    info.certificate = self->fingerprint;
  return facet_server_new (&info);
}

static void
update (FacetServerDialog *self)
{
  gboolean has_address = *get_text (self->address_row) != '\0';

  gtk_widget_set_sensitive (self->save_button, has_address);
  gtk_widget_set_sensitive (GTK_WIDGET (self->test_button), has_address);
  gtk_button_set_label (self->test_button,
                        self->testing ? _ ("_Stop the Test") : _ ("_Test Connection"));
}

static void
changed_cb (FacetServerDialog *self)
{
  show_problem (self, NULL);
  update (self);
}

/* Testing */

static void
end_test (FacetServerDialog *self)
{
  g_clear_pointer (&self->test, facet_server_test_free);
  self->testing = FALSE;
}

static void
step_cb (FacetServerStep step, FacetStepState state, const char *words, gpointer user_data)
{
  FacetServerDialog *self = user_data;
  GPtrArray         *models = facet_server_test_get_models (self->test);

  facet_server_steps_set (self->steps, step, state, words);
  if (step == FACET_SERVER_STEP_MODELS && models != NULL) {
    g_autofree char *chosen = g_strdup (get_model (self));

    fill_models (self, models, chosen);
  }
}

static void
tested_cb (FacetServerTest *test, gpointer user_data)
{
  FacetServerDialog *self = user_data;
  const char        *fingerprint = facet_server_test_get_fingerprint (test);

  if (fingerprint != NULL)
    show_certificate (self, fingerprint, FALSE);
  self->testing = FALSE;
  update (self);
}

static void
test_cb (FacetServerDialog *self)
{
  g_autoptr (FacetServer) server = NULL;
  const char *key = get_text (self->key_row);

  if (self->testing) {
    end_test (self);
    update (self);
    return;
  }
  server = make_server (self);
  if (server == NULL)
    return;
  end_test (self);
  facet_server_steps_begin (self->steps);
  self->testing = TRUE;
  self->test = facet_server_test_new (server, facet_servers_get_keyring (self->servers),
                                      *key != '\0' ? key : NULL, NULL, step_cb, tested_cb, self);
  update (self);
}

/* Saving */

/* The window may have been closed meanwhile; a reference would keep it longer than its parent. */
static void
stored_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GWeakRef *weak = user_data;
  g_autoptr (FacetServerDialog) self = g_weak_ref_get (weak);
  g_autoptr (GError) error = NULL;
  gboolean stored = facet_keyring_store_finish (FACET_KEYRING (source), result, &error);

  if (self != NULL && !stored)
    g_signal_emit (self, signals[SAY], 0, error->message);
  if (self != NULL)
    gtk_window_close (GTK_WINDOW (self));
  g_weak_ref_clear (weak);
  g_free (weak);
}

static void
save_cb (FacetServerDialog *self)
{
  g_autoptr (FacetServer) server = make_server (self);
  g_autofree char *label = NULL;
  const char      *key = get_text (self->key_row);
  GWeakRef        *weak;

  if (server == NULL)
    return;
  facet_servers_put (self->servers, server);
  if (*key == '\0') {
    gtk_window_close (GTK_WINDOW (self));
    return;
  }
  gtk_widget_set_sensitive (self->save_button, FALSE);
  weak = g_new (GWeakRef, 1);
  g_weak_ref_init (weak, self);
  label = g_strdup_printf ("Facet: %s", facet_server_get_name (server));
  facet_keyring_store_async (facet_servers_get_keyring (self->servers),
                             facet_server_get_address (server), label, key, stored_cb, weak);
}

/* Removing */

static gboolean
close_cb (gpointer self)
{
  gtk_window_close (GTK_WINDOW (self));
  return G_SOURCE_REMOVE;
}

/* The question, which is above this window, has to be gone before it. */
static void
remove_response_cb (AdwMessageDialog *dialog, const char *response, FacetServerDialog *self)
{
  if (!g_str_equal (response, "remove"))
    return;
  facet_servers_remove (self->servers, facet_server_get_id (self->server));
  g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, close_cb, g_object_ref (self), g_object_unref);
}

static void
remove_cb (FacetServerDialog *self)
{
  AdwMessageDialog *dialog =
      ADW_MESSAGE_DIALOG (adw_message_dialog_new (GTK_WINDOW (self), NULL,
                                                  _ ("Its key is taken out of the keyring.  "
                                                     "Conversations that it answered stay, and are "
                                                     "answered on this computer.")));

  /* Translators: the name of a server. */
  adw_message_dialog_format_heading (dialog, _ ("Remove “%s”?"),
                                     facet_server_get_name (self->server));
  adw_message_dialog_add_responses (dialog, "cancel", _ ("_Cancel"), "remove", _ ("_Remove"), NULL);
  adw_message_dialog_set_response_appearance (dialog, "remove", ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_default_response (dialog, "cancel");
  adw_message_dialog_set_close_response (dialog, "cancel");
  g_signal_connect_object (dialog, "response", G_CALLBACK (remove_response_cb), self, 0);
  gtk_window_present (GTK_WINDOW (dialog));
}

/* The object */

static void
facet_server_dialog_dispose (GObject *object)
{
  FacetServerDialog *self = FACET_SERVER_DIALOG (object);

  end_test (self);
  gtk_widget_dispose_template (GTK_WIDGET (self), FACET_TYPE_SERVER_DIALOG);
  g_clear_object (&self->servers);
  g_clear_object (&self->server);
  g_clear_pointer (&self->fingerprint, g_free);
  G_OBJECT_CLASS (facet_server_dialog_parent_class)->dispose (object);
}

static void
facet_server_dialog_class_init (FacetServerDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = facet_server_dialog_dispose;
  signals[SAY] = g_signal_new ("say", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                               NULL, G_TYPE_NONE, 1, G_TYPE_STRING);

  g_type_ensure (FACET_TYPE_SERVER_STEPS);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/facet/Facet/facet-server-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetServerDialog, save_button);
  gtk_widget_class_bind_template_child (widget_class, FacetServerDialog, address_row);
  gtk_widget_class_bind_template_child (widget_class, FacetServerDialog, name_row);
  gtk_widget_class_bind_template_child (widget_class, FacetServerDialog, key_row);
  gtk_widget_class_bind_template_child (widget_class, FacetServerDialog, model_row);
  gtk_widget_class_bind_template_child (widget_class, FacetServerDialog, certificate_row);
  gtk_widget_class_bind_template_child (widget_class, FacetServerDialog, certificate_switch);
  gtk_widget_class_bind_template_child (widget_class, FacetServerDialog, problem_label);
  gtk_widget_class_bind_template_child (widget_class, FacetServerDialog, test_button);
  gtk_widget_class_bind_template_child (widget_class, FacetServerDialog, steps);
  gtk_widget_class_bind_template_child (widget_class, FacetServerDialog, remove_group);
  gtk_widget_class_bind_template_callback (widget_class, changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, remove_cb);
  gtk_widget_class_bind_template_callback (widget_class, save_cb);
  gtk_widget_class_bind_template_callback (widget_class, test_cb);
}

static void
facet_server_dialog_init (FacetServerDialog *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->fingerprint = g_strdup ("");
}

GtkWidget *
facet_server_dialog_new (FacetServers *servers, FacetServer *server)
{
  FacetServerDialog *self =
      g_object_new (FACET_TYPE_SERVER_DIALOG, "title",
                    server != NULL ? facet_server_get_name (server) : _ ("Add Server"), NULL);

  self->servers = g_object_ref (servers);
  if (g_set_object (&self->server, server)) {
    gtk_editable_set_text (GTK_EDITABLE (self->address_row), facet_server_get_address (server));
    gtk_editable_set_text (GTK_EDITABLE (self->name_row), facet_server_get_name (server));
    show_certificate (self, facet_server_get_certificate (server), TRUE);
  }
  fill_models (self, NULL, server != NULL ? facet_server_get_model (server) : "");
  gtk_widget_set_visible (self->remove_group, server != NULL);
  update (self);
  return GTK_WIDGET (self);
}
