/* facet-storage-group.c: a row for every kind that takes space.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  The library answers later than the group may live: what it answers to holds a
 * reference, and does nothing when the group has been taken down. */
#define G_LOG_DOMAIN "facet-storage-group"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-storage-group.h"

static const struct {
  const char *title, *subtitle;
  gboolean    asks; /* before it is freed: it is a way back */
} kinds[FACET_STORAGE_N_KINDS] = {
    [FACET_STORAGE_MESSAGES] = {N_ ("Conversations"), NULL, FALSE},
    [FACET_STORAGE_PICTURES] = {N_ ("Pictures"), NULL, FALSE},
    [FACET_STORAGE_SOUND] = {N_ ("Sound"), NULL, FALSE},
    [FACET_STORAGE_VIDEO] = {N_ ("Videos"), NULL, FALSE},
    [FACET_STORAGE_UNUSED] = {N_ ("Unused attachments"), N_ ("No conversation refers to them"),
                              FALSE},
    [FACET_STORAGE_RECORDINGS] = {N_ ("Recordings"), N_ ("Spoken, and not attached yet"), FALSE},
    [FACET_STORAGE_BACKUPS] = {N_ ("Backups"), N_ ("The latest copies of your conversations"),
                               TRUE},
    [FACET_STORAGE_DAMAGED] = {N_ ("Damaged databases"), N_ ("Set aside when they were found"),
                               TRUE},
    [FACET_STORAGE_WEIGHTS] = {N_ ("Prepared models"),
                               N_ ("Made again when a model is loaded, which takes longer then"),
                               FALSE},
    [FACET_STORAGE_CACHE] = {N_ ("Other caches"), N_ ("Made again when they are needed"), FALSE},
};

struct _FacetStorageGroup {
  AdwPreferencesGroup parent_instance;

  GtkWidget    *everything_row;
  GtkWidget    *everything;
  GtkWidget    *rows[FACET_STORAGE_N_KINDS];
  GtkLabel     *sizes[FACET_STORAGE_N_KINDS];
  FacetLibrary *library; /* NULL: taken down */
};

G_DEFINE_FINAL_TYPE (FacetStorageGroup, facet_storage_group, ADW_TYPE_PREFERENCES_GROUP)

static void
say (FacetStorageGroup *self, const char *sentence)
{
  g_autofree char *escaped = sentence != NULL ? g_markup_escape_text (sentence, -1) : NULL;

  adw_preferences_group_set_description (ADW_PREFERENCES_GROUP (self), escaped);
}

/* Measuring */

static void
measured_cb (const FacetStorageSizes *sizes, const GError *error, gpointer user_data)
{
  g_autoptr (FacetStorageGroup) self = user_data;

  if (self->library == NULL)
    return;
  if (sizes == NULL) {
    say (self, error->message);
    return;
  }
  for (guint kind = 0; kind < FACET_STORAGE_N_KINDS; kind++) {
    g_autofree char *size = g_format_size (sizes->bytes[kind]);

    gtk_label_set_label (self->sizes[kind], size);
    gtk_widget_set_visible (self->rows[kind],
                            kind == FACET_STORAGE_MESSAGES || sizes->bytes[kind] > 0);
  }
}

static void
measure (FacetStorageGroup *self)
{
  if (self->library != NULL)
    facet_library_measure (self->library, measured_cb, g_object_ref (self));
}

/* Freeing */

static void
freed_cb (const GError *error, gpointer user_data)
{
  g_autoptr (FacetStorageGroup) self = user_data;

  if (self->library == NULL)
    return;
  gtk_widget_set_sensitive (GTK_WIDGET (self), TRUE);
  say (self, error != NULL ? error->message : NULL);
  measure (self);
}

static void
free_kind (FacetStorageGroup *self, FacetStorageKind kind)
{
  gtk_widget_set_sensitive (GTK_WIDGET (self), FALSE);
  facet_library_free_space (self->library, kind, freed_cb, g_object_ref (self));
}

static void
delete_everything (FacetStorageGroup *self)
{
  gtk_widget_set_sensitive (GTK_WIDGET (self), FALSE);
  facet_library_delete_everything (self->library, freed_cb, g_object_ref (self));
}

/* Asking first; FACET_STORAGE_N_KINDS: everything */

static void
response_cb (AdwMessageDialog *dialog, const char *response, FacetStorageGroup *self)
{
  guint kind = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (dialog), "kind"));

  if (!g_str_equal (response, "delete") || self->library == NULL)
    return;
  if (kind == FACET_STORAGE_N_KINDS)
    delete_everything (self);
  else
    free_kind (self, kind);
}

static void
confirm (FacetStorageGroup *self, guint kind, const char *heading, const char *body)
{
  GtkRoot          *root = gtk_widget_get_root (GTK_WIDGET (self));
  AdwMessageDialog *dialog =
      ADW_MESSAGE_DIALOG (adw_message_dialog_new (GTK_WINDOW (root), heading, body));

  g_object_set_data (G_OBJECT (dialog), "kind", GUINT_TO_POINTER (kind));
  adw_message_dialog_add_responses (dialog, "cancel", _ ("_Cancel"), "delete",
                                    kind == FACET_STORAGE_N_KINDS ? _ ("_Delete Everything")
                                                                  : _ ("_Delete"),
                                    NULL);
  adw_message_dialog_set_response_appearance (dialog, "delete", ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_default_response (dialog, "cancel");
  adw_message_dialog_set_close_response (dialog, "cancel");
  g_signal_connect_object (dialog, "response", G_CALLBACK (response_cb), self, 0);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
everything_clicked_cb (FacetStorageGroup *self)
{
  confirm (self, FACET_STORAGE_N_KINDS, _ ("Delete Everything?"),
           _ ("All conversations, those in the trash too, their pictures, sounds and videos, "
              "drafts, "
              "recordings, backups and caches are deleted.  Answers that are being written are "
              "stopped.  This cannot be undone.\n\nModels and preferences stay."));
}

static void
free_clicked_cb (GtkButton *button, FacetStorageGroup *self)
{
  guint kind = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (button), "kind"));

  if (!kinds[kind].asks)
    free_kind (self, kind);
  else if (kind == FACET_STORAGE_BACKUPS)
    confirm (self, kind, _ ("Delete the Backups?"),
             _ ("Without them there is nothing to go back to if the database is damaged.  The next "
                "one is made within a day."));
  else
    confirm (self, kind, _ ("Delete the Damaged Databases?"),
             _ ("What could still be saved from them is lost."));
}

/* Rows */

static void
add_free_button (FacetStorageGroup *self, AdwActionRow *row, FacetStorageKind kind)
{
  GtkWidget       *button = gtk_button_new_with_label (_ ("Free"));
  /* Translators: what a button frees, such as “Free: Backups”. */
  g_autofree char *label = g_strdup_printf (_ ("Free: %s"), _ (kinds[kind].title));

  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, label,
                                  -1);
  g_object_set_data (G_OBJECT (button), "kind", GUINT_TO_POINTER (kind));
  g_signal_connect_object (button, "clicked", G_CALLBACK (free_clicked_cb), self, 0);
  adw_action_row_add_suffix (row, button);
}

static void
add_row (FacetStorageGroup *self, FacetStorageKind kind)
{
  GtkWidget *row = adw_action_row_new ();

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), _ (kinds[kind].title));
  if (kinds[kind].subtitle != NULL)
    adw_action_row_set_subtitle (ADW_ACTION_ROW (row), _ (kinds[kind].subtitle));
  self->sizes[kind] = GTK_LABEL (gtk_label_new (NULL));
  gtk_widget_add_css_class (GTK_WIDGET (self->sizes[kind]), "dim-label");
  gtk_widget_add_css_class (GTK_WIDGET (self->sizes[kind]), "numeric");
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), GTK_WIDGET (self->sizes[kind]));
  if (facet_storage_kind_can_be_freed (kind))
    add_free_button (self, ADW_ACTION_ROW (row), kind);
  gtk_widget_set_visible (row, kind == FACET_STORAGE_MESSAGES);
  self->rows[kind] = row;
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (self), row);
}

void
facet_storage_group_set_up (FacetStorageGroup *self, FacetLibrary *library)
{
  g_return_if_fail (FACET_IS_STORAGE_GROUP (self));

  g_set_object (&self->library, library);
  gtk_widget_set_visible (GTK_WIDGET (self), library != NULL);
}

static void
facet_storage_group_dispose (GObject *object)
{
  FacetStorageGroup *self = FACET_STORAGE_GROUP (object);

  g_clear_object (&self->library);
  gtk_widget_dispose_template (GTK_WIDGET (self), FACET_TYPE_STORAGE_GROUP);
  G_OBJECT_CLASS (facet_storage_group_parent_class)->dispose (object);
}

static void
facet_storage_group_class_init (FacetStorageGroupClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = facet_storage_group_dispose;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/facet/Facet/facet-storage-group.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetStorageGroup, everything_row);
  gtk_widget_class_bind_template_child (widget_class, FacetStorageGroup, everything);
  gtk_widget_class_bind_template_callback (widget_class, measure);
  gtk_widget_class_bind_template_callback (widget_class, everything_clicked_cb);
}

static void
facet_storage_group_init (FacetStorageGroup *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  g_object_ref (self->everything_row);
  adw_preferences_group_remove (ADW_PREFERENCES_GROUP (self), self->everything_row);
  for (guint kind = 0; kind < FACET_STORAGE_N_KINDS; kind++)
    add_row (self, kind);
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (self), self->everything_row);
  g_object_unref (self->everything_row);
}
