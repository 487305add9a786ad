/* facet-preferences.c: the preferences: the model, how it computes, how it answers, how it
 * hears.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Rows are bound to settings; who needs a setting listens to it. */
#define G_LOG_DOMAIN "facet-preferences"

#include "config.h"

#include <glib/gi18n.h>
#include <math.h>

#include "facet-device-row.h"
#include "facet-model-chooser.h"
#include "facet-microphone-group.h"
#include "facet-preferences.h"
#include "facet-states-row.h"
#include "facet-storage-group.h"

struct _FacetPreferences {
  AdwWindow parent_instance;

  AdwActionRow  *folder_row;
  GtkWidget     *demo_button;
  GtkWidget     *gpu_memory;
  AdwComboRow   *weights_row;
  GtkWidget     *threads;
  GtkAdjustment *threads_adjustment;
  AdwComboRow   *context_row;
  GtkWidget     *think_switch;
  GtkWidget     *naming_switch;
  GtkWidget     *sampling_row;
  GtkWidget     *temperature;
  GtkWidget     *top_k;
  GtkWidget     *top_p;
  GtkWidget     *min_p;
  GtkWidget     *repetition_penalty;

  FacetDeviceRow       *device_row;
  FacetStatesRow       *states_row;
  FacetMicrophoneGroup *microphone;
  FacetStorageGroup    *storage;

  GSettings *settings;
  GArray    *context_sizes; /* guint: what the rows of context_row stand for; 0: automatic */
};

G_DEFINE_FINAL_TYPE (FacetPreferences, facet_preferences, ADW_TYPE_WINDOW)

/* The model folder */

static void
choose_clicked_cb (FacetPreferences *self)
{
  facet_choose_model_folder (GTK_WINDOW (self), self->settings);
}

static void
folder_changed_cb (FacetPreferences *self)
{
  g_autofree char *folder = g_settings_get_string (self->settings, "model-folder");
  g_autofree char *escaped = g_markup_escape_text (folder, -1);

  adw_action_row_set_subtitle (self->folder_row,
                               folder[0] != '\0' ? escaped : _ ("Demonstration model"));
  gtk_widget_set_visible (self->demo_button, folder[0] != '\0');
}

/* The part of a GPU's memory, in per cent */

static gboolean
per_cent_output_cb (GtkSpinButton *spin)
{
  int              n = gtk_spin_button_get_value_as_int (spin);
  g_autofree char *text = g_strdup_printf (_ ("%d %%"), n);

  if (g_strcmp0 (text, gtk_editable_get_text (GTK_EDITABLE (spin))) != 0)
    gtk_editable_set_text (GTK_EDITABLE (spin), text);
  return TRUE;
}

static gboolean
share_to_per_cent (GValue *value, GVariant *variant, gpointer data)
{
  g_value_set_double (value, round (g_variant_get_double (variant) * 100));
  return TRUE;
}

static GVariant *
per_cent_to_share (const GValue *value, const GVariantType *type, gpointer data)
{
  return g_variant_new_double (round (g_value_get_double (value)) / 100);
}

/* Threads: 0 reads "Automatic" */

static int
threads_input_cb (GtkSpinButton *spin, double *value)
{
  const char *text = gtk_editable_get_text (GTK_EDITABLE (spin));
  char       *end;

  *value = g_strtod (text, &end);
  if (end == text)
    *value = 0;
  return TRUE;
}

static gboolean
threads_output_cb (GtkSpinButton *spin)
{
  int              n = gtk_spin_button_get_value_as_int (spin);
  g_autofree char *text = n > 0 ? g_strdup_printf ("%d", n) : g_strdup (_ ("Automatic"));

  if (g_strcmp0 (text, gtk_editable_get_text (GTK_EDITABLE (spin))) != 0)
    gtk_editable_set_text (GTK_EDITABLE (spin), text);
  return TRUE;
}

/* Weights and context length: rows of a list */

static gboolean
weights_to_row (GValue *value, GVariant *variant, gpointer data)
{
  const char *nick = g_variant_get_string (variant, NULL);

  g_value_set_uint (value, g_str_equal (nick, "q8") ? 1 : g_str_equal (nick, "q4") ? 2 : 0);
  return TRUE;
}

static GVariant *
row_to_weights (const GValue *value, const GVariantType *type, gpointer data)
{
  static const char *const nicks[] = {"bf16", "q8", "q4"};
  guint                    row = g_value_get_uint (value);

  return row < G_N_ELEMENTS (nicks) ? g_variant_new_string (nicks[row]) : NULL;
}

static gboolean
context_to_row (GValue *value, GVariant *variant, gpointer data)
{
  FacetPreferences *self = data;
  guint             size = g_variant_get_uint32 (variant);

  for (guint i = 0; i < self->context_sizes->len; i++)
    if (g_array_index (self->context_sizes, guint, i) == size)
      g_value_set_uint (value, i);
  return TRUE;
}

static GVariant *
row_to_context (const GValue *value, const GVariantType *type, gpointer data)
{
  FacetPreferences *self = data;
  guint             row = g_value_get_uint (value);

  if (row >= self->context_sizes->len)
    return NULL;
  return g_variant_new_uint32 (g_array_index (self->context_sizes, guint, row));
}

/* The usual lengths, and the present one if it is another. */
static void
fill_context_row (FacetPreferences *self)
{
  static const guint usual[] = {0, 2048, 4096, 8192, 16384, 32768, 65536, 131072};
  guint              present = g_settings_get_uint (self->settings, "context-size");
  g_autoptr (GtkStringList) list = gtk_string_list_new (NULL);
  gboolean listed = FALSE;

  g_array_append_vals (self->context_sizes, usual, G_N_ELEMENTS (usual));
  for (guint i = 0; i < G_N_ELEMENTS (usual); i++)
    listed |= usual[i] == present;
  if (!listed)
    g_array_append_val (self->context_sizes, present);

  for (guint i = 0; i < self->context_sizes->len; i++) {
    guint            size = g_array_index (self->context_sizes, guint, i);
    g_autofree char *text = size > 0 ? g_strdup_printf ("%'u", size) : g_strdup (_ ("Automatic"));

    gtk_string_list_append (list, text);
  }
  adw_combo_row_set_model (self->context_row, G_LIST_MODEL (list));
}

/* The object */

static void
bind_settings (FacetPreferences *self)
{
  const struct {
    const char *key;
    gpointer    widget;
    const char *property;
  } bindings[] = {
      {"threads", self->threads, "value"},
      {"think-by-default", self->think_switch, "active"},
      {"name-conversations", self->naming_switch, "active"},
      {"own-sampling", self->sampling_row, "enable-expansion"},
      {"temperature", self->temperature, "value"},
      {"top-k", self->top_k, "value"},
      {"top-p", self->top_p, "value"},
      {"min-p", self->min_p, "value"},
      {"repetition-penalty", self->repetition_penalty, "value"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (bindings); i++)
    g_settings_bind (self->settings, bindings[i].key, bindings[i].widget, bindings[i].property,
                     G_SETTINGS_BIND_DEFAULT);
  g_settings_bind_with_mapping (self->settings, "gpu-memory-share", self->gpu_memory, "value",
                                G_SETTINGS_BIND_DEFAULT, share_to_per_cent, per_cent_to_share, NULL,
                                NULL);
  g_settings_bind_with_mapping (self->settings, "weights", self->weights_row, "selected",
                                G_SETTINGS_BIND_DEFAULT, weights_to_row, row_to_weights, NULL,
                                NULL);
  g_settings_bind_with_mapping (self->settings, "context-size", self->context_row, "selected",
                                G_SETTINGS_BIND_DEFAULT, context_to_row, row_to_context, self,
                                NULL);
}

static void
facet_preferences_dispose (GObject *object)
{
  FacetPreferences *self = FACET_PREFERENCES (object);

  /* Its mapping needs this object, and the row may live a little longer. */
  if (self->context_row != NULL)
    g_settings_unbind (self->context_row, "selected");
  gtk_widget_dispose_template (GTK_WIDGET (self), FACET_TYPE_PREFERENCES);
  G_OBJECT_CLASS (facet_preferences_parent_class)->dispose (object);
}

static void
facet_preferences_finalize (GObject *object)
{
  FacetPreferences *self = FACET_PREFERENCES (object);

  g_clear_object (&self->settings);
  g_array_unref (self->context_sizes);
  G_OBJECT_CLASS (facet_preferences_parent_class)->finalize (object);
}

static void
facet_preferences_class_init (FacetPreferencesClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = facet_preferences_dispose;
  object_class->finalize = facet_preferences_finalize;

  g_type_ensure (FACET_TYPE_DEVICE_ROW);
  g_type_ensure (FACET_TYPE_MICROPHONE_GROUP);
  g_type_ensure (FACET_TYPE_STATES_ROW);
  g_type_ensure (FACET_TYPE_STORAGE_GROUP);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/facet/Facet/facet-preferences.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetPreferences, folder_row);
  gtk_widget_class_bind_template_child (widget_class, FacetPreferences, demo_button);
  gtk_widget_class_bind_template_child (widget_class, FacetPreferences, device_row);
  gtk_widget_class_bind_template_child (widget_class, FacetPreferences, gpu_memory);
  gtk_widget_class_bind_template_child (widget_class, FacetPreferences, weights_row);
  gtk_widget_class_bind_template_child (widget_class, FacetPreferences, threads);
  gtk_widget_class_bind_template_child (widget_class, FacetPreferences, threads_adjustment);
  gtk_widget_class_bind_template_child (widget_class, FacetPreferences, context_row);
  gtk_widget_class_bind_template_child (widget_class, FacetPreferences, states_row);
  gtk_widget_class_bind_template_child (widget_class, FacetPreferences, think_switch);
  gtk_widget_class_bind_template_child (widget_class, FacetPreferences, naming_switch);
  gtk_widget_class_bind_template_child (widget_class, FacetPreferences, sampling_row);
  gtk_widget_class_bind_template_child (widget_class, FacetPreferences, temperature);
  gtk_widget_class_bind_template_child (widget_class, FacetPreferences, top_k);
  gtk_widget_class_bind_template_child (widget_class, FacetPreferences, top_p);
  gtk_widget_class_bind_template_child (widget_class, FacetPreferences, min_p);
  gtk_widget_class_bind_template_child (widget_class, FacetPreferences, repetition_penalty);
  gtk_widget_class_bind_template_child (widget_class, FacetPreferences, microphone);
  gtk_widget_class_bind_template_child (widget_class, FacetPreferences, storage);
  gtk_widget_class_bind_template_callback (widget_class, choose_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, per_cent_output_cb);
  gtk_widget_class_bind_template_callback (widget_class, threads_input_cb);
  gtk_widget_class_bind_template_callback (widget_class, threads_output_cb);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
facet_preferences_init (FacetPreferences *self)
{
  self->context_sizes = g_array_new (FALSE, FALSE, sizeof (guint));
  gtk_widget_init_template (GTK_WIDGET (self));
}

FacetPreferences *
facet_preferences_new (GSettings *settings, FacetRecorder *recorder, FacetLibrary *library)
{
  FacetPreferences *self = g_object_new (FACET_TYPE_PREFERENCES, NULL);

  g_return_val_if_fail (G_IS_SETTINGS (settings), self);

  self->settings = g_object_ref (settings);
  gtk_adjustment_set_upper (self->threads_adjustment, g_get_num_processors ());
  fill_context_row (self);
  bind_settings (self);
  facet_device_row_set_up (self->device_row, settings);
  facet_states_row_set_up (self->states_row, settings);
  facet_microphone_group_set_up (self->microphone, recorder, settings);
  facet_storage_group_set_up (self->storage, library);
  g_signal_connect_object (settings, "changed::model-folder", G_CALLBACK (folder_changed_cb), self,
                           G_CONNECT_SWAPPED);
  folder_changed_cb (self);
  return self;
}
