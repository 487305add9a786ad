/* facet-hardware-page.c: the device, and how much of the machine the model may use.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  The application hears of the settings and loads the model again. */
#define G_LOG_DOMAIN "facet-hardware-page"

#include "config.h"

#include <math.h>

#include <glib/gi18n.h>

#include "facet-device-row.h"
#include "facet-hardware-page.h"
#include "facet-zero-word.h"

struct _FacetHardwarePage {
  AdwPreferencesPage parent_instance;

  FacetDeviceRow *device_row;
  GtkWidget      *gpu_memory;
  AdwComboRow    *weights_row;
  AdwComboRow    *context_row;
  GtkSpinButton  *threads;
  GtkAdjustment  *threads_adjustment;

  GSettings *settings;
  GArray    *context_sizes; /* guint: what the rows of context_row stand for; 0: automatic */
};

G_DEFINE_FINAL_TYPE (FacetHardwarePage, facet_hardware_page, ADW_TYPE_PREFERENCES_PAGE)

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
  FacetHardwarePage *self = data;
  guint              size = g_variant_get_uint32 (variant);

  for (guint i = 0; i < self->context_sizes->len; i++)
    if (g_array_index (self->context_sizes, guint, i) == size)
      g_value_set_uint (value, i);
  return TRUE;
}

static GVariant *
row_to_context (const GValue *value, const GVariantType *type, gpointer data)
{
  FacetHardwarePage *self = data;
  guint              row = g_value_get_uint (value);

  if (row >= self->context_sizes->len)
    return NULL;
  return g_variant_new_uint32 (g_array_index (self->context_sizes, guint, row));
}

/* The usual lengths, and the present one if it is another. */
static void
fill_context_row (FacetHardwarePage *self)
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
bind_settings (FacetHardwarePage *self)
{
  g_settings_bind (self->settings, "threads", self->threads, "value", G_SETTINGS_BIND_DEFAULT);
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
facet_hardware_page_dispose (GObject *object)
{
  FacetHardwarePage *self = FACET_HARDWARE_PAGE (object);

  /* Its mapping needs this object, and the row may live a little longer. */
  if (self->context_row != NULL)
    g_settings_unbind (self->context_row, "selected");
  gtk_widget_dispose_template (GTK_WIDGET (self), FACET_TYPE_HARDWARE_PAGE);
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (facet_hardware_page_parent_class)->dispose (object);
}

static void
facet_hardware_page_finalize (GObject *object)
{
  g_array_unref (FACET_HARDWARE_PAGE (object)->context_sizes);
  G_OBJECT_CLASS (facet_hardware_page_parent_class)->finalize (object);
}

static void
facet_hardware_page_class_init (FacetHardwarePageClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = facet_hardware_page_dispose;
  object_class->finalize = facet_hardware_page_finalize;

  g_type_ensure (FACET_TYPE_DEVICE_ROW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/facet/Facet/facet-hardware-page.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetHardwarePage, device_row);
  gtk_widget_class_bind_template_child (widget_class, FacetHardwarePage, gpu_memory);
  gtk_widget_class_bind_template_child (widget_class, FacetHardwarePage, weights_row);
  gtk_widget_class_bind_template_child (widget_class, FacetHardwarePage, context_row);
  gtk_widget_class_bind_template_child (widget_class, FacetHardwarePage, threads);
  gtk_widget_class_bind_template_child (widget_class, FacetHardwarePage, threads_adjustment);
  gtk_widget_class_bind_template_callback (widget_class, per_cent_output_cb);
}

static void
facet_hardware_page_init (FacetHardwarePage *self)
{
  self->context_sizes = g_array_new (FALSE, FALSE, sizeof (guint));
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
facet_hardware_page_new (const FacetPreferencesParts *parts)
{
  FacetHardwarePage *self = g_object_new (FACET_TYPE_HARDWARE_PAGE, NULL);

  self->settings = g_object_ref (parts->settings);
  /* Translators: as many threads as the processor has cores. */
  facet_spin_button_set_zero_word (self->threads, _ ("Automatic"));
  gtk_adjustment_set_upper (self->threads_adjustment, g_get_num_processors ());
  fill_context_row (self);
  bind_settings (self);
  facet_device_row_set_up (self->device_row, parts->settings);
  return GTK_WIDGET (self);
}
