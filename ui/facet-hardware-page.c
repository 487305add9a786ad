/* facet-hardware-page.c: the device, and how much of the machine the model may use.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  The application hears of the settings and loads the model again.  What a context
 * costs is asked for in a task, when the page comes into sight and when a setting that it depends
 * on changes. */
#define G_LOG_DOMAIN "facet-hardware-page"

#include "config.h"

#include <math.h>

#include <glib/gi18n.h>

#include "facet-benchmark-group.h"
#include "facet-checks-group.h"
#include "facet-device-row.h"
#include "facet-hardware-plan.h"
#include "facet-local-assistant.h"
#include "facet-hardware-page.h"
#include "facet-zero-word.h"

struct _FacetHardwarePage {
  AdwPreferencesPage parent_instance;

  FacetDeviceRow *device_row;
  GtkWidget      *gpu_memory;
  AdwComboRow    *weights_row;
  AdwComboRow    *cache_row;
  AdwComboRow    *context_row;
  AdwActionRow   *longest_row;
  GtkWidget      *longest_button;
  GtkSpinButton  *threads;
  GtkAdjustment  *threads_adjustment;

  FacetChecksGroup    *checks;
  FacetBenchmarkGroup *benchmark;

  GSettings         *settings;
  GCancellable      *cancellable; /* while it looks */
  FacetHardwarePlan *plan;        /* NULL: not looked yet */
  gboolean           filling;     /* the program selects, not the person */
  GArray *context_sizes;          /* guint: what the rows of context_row stand for; 0: automatic */
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

/* Weights and cache: rows of a list */

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
cache_to_row (GValue *value, GVariant *variant, gpointer data)
{
  g_value_set_uint (value, g_str_equal (g_variant_get_string (variant, NULL), "bf16") ? 1 : 0);
  return TRUE;
}

static GVariant *
row_to_cache (const GValue *value, const GVariantType *type, gpointer data)
{
  return g_variant_new_string (g_value_get_uint (value) == 1 ? "bf16" : "f32");
}

/* Context length */

static gboolean
has_size (GArray *sizes, guint size)
{
  for (guint i = 0; i < sizes->len; i++)
    if (g_array_index (sizes, guint, i) == size)
      return TRUE;
  return FALSE;
}

static int
compare_sizes (gconstpointer a, gconstpointer b)
{
  guint x = *(const guint *)a, y = *(const guint *)b;

  return (x > y) - (x < y);
}

/* The usual lengths as far as the model knows them, and the present one if it is another. */
static void
list_sizes (FacetHardwarePage *self)
{
  static const guint usual[] = {0, 2048, 4096, 8192, 16384, 32768, 65536, 131072};
  guint              present = g_settings_get_uint (self->settings, "context-size");
  guint most = self->plan != NULL ? facet_hardware_plan_get_most (self->plan) : G_MAXUINT;

  g_array_set_size (self->context_sizes, 0);
  for (guint i = 0; i < G_N_ELEMENTS (usual); i++)
    if (usual[i] <= MAX (most, 2048))
      g_array_append_val (self->context_sizes, usual[i]);
  if (!has_size (self->context_sizes, present))
    g_array_append_val (self->context_sizes, present);
  g_array_sort (self->context_sizes, compare_sizes);
}

/* What the assistant takes where nothing is said. */
static char *
dup_automatic (FacetHardwarePage *self)
{
  guint            most = self->plan != NULL ? facet_hardware_plan_get_most (self->plan) : 0;
  guint            size = MIN (most, FACET_DEFAULT_CONTEXT);
  g_autofree char *cost = NULL;

  if (size == 0)
    return g_strdup (_ ("Automatic"));
  cost = g_format_size (facet_hardware_plan_get_context_bytes (self->plan, size));
  return g_strdup_printf (_ ("Automatic: %'u tokens, %s"), size, cost);
}

/* "8,192 tokens, 310 MB" */
static char *
describe_size (FacetHardwarePage *self, guint size)
{
  guint64 bytes =
      self->plan != NULL && size > 0 ? facet_hardware_plan_get_context_bytes (self->plan, size) : 0;
  g_autofree char *cost = g_format_size (bytes);

  if (size == 0)
    return dup_automatic (self);
  if (bytes == 0)
    return g_strdup_printf (_ ("%'u tokens"), size);
  if (size > facet_hardware_plan_get_longest (self->plan))
    /* Translators: a length of context that has no room, and the memory that it would take. */
    return g_strdup_printf (_ ("%'u tokens, %s: too much"), size, cost);
  /* Translators: a length of context, and the memory that it takes. */
  return g_strdup_printf (_ ("%'u tokens, %s"), size, cost);
}

static void
fill_context_row (FacetHardwarePage *self)
{
  guint present = g_settings_get_uint (self->settings, "context-size");
  g_autoptr (GtkStringList) list = gtk_string_list_new (NULL);

  list_sizes (self);
  self->filling = TRUE;
  for (guint i = 0; i < self->context_sizes->len; i++) {
    g_autofree char *text = describe_size (self, g_array_index (self->context_sizes, guint, i));

    gtk_string_list_append (list, text);
  }
  adw_combo_row_set_model (self->context_row, G_LIST_MODEL (list));
  for (guint i = 0; i < self->context_sizes->len; i++)
    if (g_array_index (self->context_sizes, guint, i) == present)
      adw_combo_row_set_selected (self->context_row, i);
  self->filling = FALSE;
}

/* The row is in the middle of selecting: its list must stay. */
static void
context_selected_cb (FacetHardwarePage *self)
{
  guint row = adw_combo_row_get_selected (self->context_row);

  if (self->filling || self->settings == NULL || row >= self->context_sizes->len)
    return;
  self->filling = TRUE;
  g_settings_set_uint (self->settings, "context-size",
                       g_array_index (self->context_sizes, guint, row));
  self->filling = FALSE;
}

static void
context_changed_cb (FacetHardwarePage *self)
{
  if (!self->filling)
    fill_context_row (self);
}

static void
longest_clicked_cb (FacetHardwarePage *self)
{
  if (self->plan != NULL)
    g_settings_set_uint (self->settings, "context-size",
                         facet_hardware_plan_get_longest (self->plan));
}

/* The plan */

static void
show_plan (FacetHardwarePage *self)
{
  g_autofree char *text = facet_hardware_plan_dup_text (self->plan);

  facet_checks_group_set_hardware (self->checks, facet_hardware_plan_get_checks (self->plan));
  adw_action_row_set_subtitle (self->longest_row,
                               text != NULL ? text : _ ("Not known: the model cannot be read"));
  gtk_widget_set_sensitive (self->longest_button, facet_hardware_plan_get_longest (self->plan) > 0);
  fill_context_row (self);
}

/* The page may be gone: then it was cancelled. */
static void
planned_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  FacetHardwarePlan *plan = facet_hardware_plan_finish (result, NULL);
  FacetHardwarePage *self = data;

  if (plan == NULL)
    return;
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->plan, facet_hardware_plan_free);
  self->plan = plan;
  show_plan (self);
}

static void
stop_looking (FacetHardwarePage *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
}

static void
look (FacetHardwarePage *self)
{
  stop_looking (self);
  self->cancellable = g_cancellable_new ();
  facet_checks_group_set_hardware (self->checks, NULL);
  facet_hardware_plan_async (self->settings, self->cancellable, planned_cb, self);
}

static void
setting_changed_cb (FacetHardwarePage *self, const char *key)
{
  static const char *const keys[] =
      {"model-folder", "device", "gpu-memory-share", "weights", "cache-type", "context-size", NULL};

  if (g_strv_contains (keys, key) && gtk_widget_get_mapped (GTK_WIDGET (self)))
    look (self);
}

gboolean
facet_hardware_page_is_looking (FacetHardwarePage *self)
{
  g_return_val_if_fail (FACET_IS_HARDWARE_PAGE (self), FALSE);

  return self->cancellable != NULL;
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
  g_settings_bind_with_mapping (self->settings, "cache-type", self->cache_row, "selected",
                                G_SETTINGS_BIND_DEFAULT, cache_to_row, row_to_cache, NULL, NULL);
  g_signal_connect_object (self->settings, "changed::context-size", G_CALLBACK (context_changed_cb),
                           self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->settings, "changed", G_CALLBACK (setting_changed_cb), self,
                           G_CONNECT_SWAPPED);
}

static void
facet_hardware_page_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (facet_hardware_page_parent_class)->map (widget);
  look (FACET_HARDWARE_PAGE (widget));
}

static void
facet_hardware_page_dispose (GObject *object)
{
  FacetHardwarePage *self = FACET_HARDWARE_PAGE (object);

  stop_looking (self);
  self->filling = TRUE;
  gtk_widget_dispose_template (GTK_WIDGET (self), FACET_TYPE_HARDWARE_PAGE);
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (facet_hardware_page_parent_class)->dispose (object);
}

static void
facet_hardware_page_finalize (GObject *object)
{
  FacetHardwarePage *self = FACET_HARDWARE_PAGE (object);

  g_clear_pointer (&self->plan, facet_hardware_plan_free);
  g_array_unref (self->context_sizes);
  G_OBJECT_CLASS (facet_hardware_page_parent_class)->finalize (object);
}

static void
facet_hardware_page_class_init (FacetHardwarePageClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = facet_hardware_page_dispose;
  object_class->finalize = facet_hardware_page_finalize;

  widget_class->map = facet_hardware_page_map;

  g_type_ensure (FACET_TYPE_BENCHMARK_GROUP);
  g_type_ensure (FACET_TYPE_CHECKS_GROUP);
  g_type_ensure (FACET_TYPE_DEVICE_ROW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/facet/Facet/facet-hardware-page.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetHardwarePage, device_row);
  gtk_widget_class_bind_template_child (widget_class, FacetHardwarePage, gpu_memory);
  gtk_widget_class_bind_template_child (widget_class, FacetHardwarePage, weights_row);
  gtk_widget_class_bind_template_child (widget_class, FacetHardwarePage, cache_row);
  gtk_widget_class_bind_template_child (widget_class, FacetHardwarePage, context_row);
  gtk_widget_class_bind_template_child (widget_class, FacetHardwarePage, longest_row);
  gtk_widget_class_bind_template_child (widget_class, FacetHardwarePage, longest_button);
  gtk_widget_class_bind_template_child (widget_class, FacetHardwarePage, checks);
  gtk_widget_class_bind_template_child (widget_class, FacetHardwarePage, benchmark);
  gtk_widget_class_bind_template_child (widget_class, FacetHardwarePage, threads);
  gtk_widget_class_bind_template_child (widget_class, FacetHardwarePage, threads_adjustment);
  gtk_widget_class_bind_template_callback (widget_class, context_selected_cb);
  gtk_widget_class_bind_template_callback (widget_class, longest_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, look);
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
  facet_benchmark_group_set_up (self->benchmark, parts->settings);
  return GTK_WIDGET (self);
}
