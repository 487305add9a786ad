/* facet-states-row.c: the preference of keeping what was computed on long conversations.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  The application hears of the setting and tells the assistant, which deletes what
 * is there when it is switched off; this row only says what it was found to be. */
#define G_LOG_DOMAIN "facet-states-row"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-settings.h"
#include "facet-states-folder.h"
#include "facet-states-row.h"

struct _FacetStatesRow {
  AdwActionRow parent_instance;

  GtkWidget *keep_switch;
  GSettings *settings;
  guint64    bytes; /* what the folder was found to hold */
  gboolean   measured;
};

G_DEFINE_FINAL_TYPE (FacetStatesRow, facet_states_row, ADW_TYPE_ACTION_ROW)

static void
update_subtitle (FacetStatesRow *self)
{
  guint64          limit = facet_settings_get_state_limit (self->settings);
  g_autofree char *have = g_format_size_full (self->bytes, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *most = g_format_size_full (limit, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *text = NULL;

  if (limit == 0)
    text = g_strdup (_ ("Off: when you come back to one, the model reads all of it again"));
  else if (!self->measured)
    text = g_strdup (_ ("When you come back to one, the model goes on at once"));
  else
    /* Translators: the first %s is a size such as “136.2 MiB”, the second the most it may become.
     */
    text = g_strdup_printf (_ ("When you come back to one, the model goes on at once; takes %s of "
                               "at most %s"),
                            have, most);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self), text);
}

static void
measured_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (FacetStatesRow) self = data;

  self->bytes = facet_states_folder_measure_finish (result);
  self->measured = TRUE;
  update_subtitle (self);
}

static void
measure (FacetStatesRow *self)
{
  g_autofree char *folder = facet_states_folder_get_default ();

  facet_states_folder_measure_async (folder, measured_cb, g_object_ref (self));
}

/* What there was is deleted by now, or soon: nothing is kept when it is switched on again. */
static void
setting_changed_cb (FacetStatesRow *self)
{
  if (facet_settings_get_state_limit (self->settings) == 0)
    self->bytes = 0;
  update_subtitle (self);
}

static void
map_cb (FacetStatesRow *self)
{
  if (self->settings != NULL)
    measure (self);
}

static void
facet_states_row_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), FACET_TYPE_STATES_ROW);
  G_OBJECT_CLASS (facet_states_row_parent_class)->dispose (object);
}

static void
facet_states_row_finalize (GObject *object)
{
  g_clear_object (&FACET_STATES_ROW (object)->settings);
  G_OBJECT_CLASS (facet_states_row_parent_class)->finalize (object);
}

static void
facet_states_row_class_init (FacetStatesRowClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = facet_states_row_dispose;
  object_class->finalize = facet_states_row_finalize;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/facet/Facet/facet-states-row.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetStatesRow, keep_switch);
  gtk_widget_class_bind_template_callback (widget_class, map_cb);
}

static void
facet_states_row_init (FacetStatesRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
facet_states_row_set_up (FacetStatesRow *self, GSettings *settings)
{
  g_return_if_fail (FACET_IS_STATES_ROW (self));

  self->settings = g_object_ref (settings);
  g_settings_bind (settings, "keep-states", self->keep_switch, "active", G_SETTINGS_BIND_DEFAULT);
  g_signal_connect_object (settings, "changed::keep-states", G_CALLBACK (setting_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (settings, "changed::states-size", G_CALLBACK (setting_changed_cb), self,
                           G_CONNECT_SWAPPED);
  update_subtitle (self);
}
