/* facet-generation-page.c: thinking, naming, and how tokens are drawn.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  The application hears of the settings and tells the library. */
#define G_LOG_DOMAIN "facet-generation-page"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-generation-page.h"
#include "facet-zero-word.h"

struct _FacetGenerationPage {
  AdwPreferencesPage parent_instance;

  GtkSpinButton *longest_answer;
  GtkSpinButton *seed;

  GtkWidget *think_switch;
  GtkWidget *naming_switch;
  GtkWidget *reset_button;
  GtkWidget *defaults_switch;
  GtkWidget *temperature;
  GtkWidget *top_k;
  GtkWidget *top_p;
  GtkWidget *min_p;
  GtkWidget *repetition_penalty;

  GSettings *settings;
};

G_DEFINE_FINAL_TYPE (FacetGenerationPage, facet_generation_page, ADW_TYPE_PREFERENCES_PAGE)

/* The values that the schema has are those of Gemma's generation_config.json. */
static void
reset_clicked_cb (FacetGenerationPage *self)
{
  static const char *const keys[] = {"temperature", "top-k", "top-p", "min-p",
                                     "repetition-penalty"};

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    g_settings_reset (self->settings, keys[i]);
}

/* The fields of the own values are there to be read while the model's are used. */
static void
bind_sampling (FacetGenerationPage *self)
{
  const struct {
    const char *key;
    GtkWidget  *widget;
  } values[] = {
      {"temperature", self->temperature},
      {"top-k", self->top_k},
      {"top-p", self->top_p},
      {"min-p", self->min_p},
      {"repetition-penalty", self->repetition_penalty},
  };

  g_settings_bind (self->settings, "own-sampling", self->defaults_switch, "active",
                   G_SETTINGS_BIND_INVERT_BOOLEAN);
  g_settings_bind (self->settings, "own-sampling", self->reset_button, "sensitive",
                   G_SETTINGS_BIND_GET);
  for (gsize i = 0; i < G_N_ELEMENTS (values); i++) {
    GtkWidget *row = gtk_widget_get_ancestor (values[i].widget, ADW_TYPE_ACTION_ROW);

    g_settings_bind (self->settings, values[i].key, values[i].widget, "value",
                     G_SETTINGS_BIND_DEFAULT | G_SETTINGS_BIND_NO_SENSITIVITY);
    g_settings_bind (self->settings, "own-sampling", row, "sensitive", G_SETTINGS_BIND_GET);
  }
}

static void
facet_generation_page_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), FACET_TYPE_GENERATION_PAGE);
  g_clear_object (&FACET_GENERATION_PAGE (object)->settings);
  G_OBJECT_CLASS (facet_generation_page_parent_class)->dispose (object);
}

static void
facet_generation_page_class_init (FacetGenerationPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = facet_generation_page_dispose;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/facet/Facet/facet-generation-page.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetGenerationPage, think_switch);
  gtk_widget_class_bind_template_child (widget_class, FacetGenerationPage, naming_switch);
  gtk_widget_class_bind_template_child (widget_class, FacetGenerationPage, longest_answer);
  gtk_widget_class_bind_template_child (widget_class, FacetGenerationPage, seed);
  gtk_widget_class_bind_template_child (widget_class, FacetGenerationPage, reset_button);
  gtk_widget_class_bind_template_child (widget_class, FacetGenerationPage, defaults_switch);
  gtk_widget_class_bind_template_child (widget_class, FacetGenerationPage, temperature);
  gtk_widget_class_bind_template_child (widget_class, FacetGenerationPage, top_k);
  gtk_widget_class_bind_template_child (widget_class, FacetGenerationPage, top_p);
  gtk_widget_class_bind_template_child (widget_class, FacetGenerationPage, min_p);
  gtk_widget_class_bind_template_child (widget_class, FacetGenerationPage, repetition_penalty);
  gtk_widget_class_bind_template_callback (widget_class, reset_clicked_cb);
}

static void
facet_generation_page_init (FacetGenerationPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
facet_generation_page_new (const FacetPreferencesParts *parts)
{
  FacetGenerationPage *self = g_object_new (FACET_TYPE_GENERATION_PAGE, NULL);

  self->settings = g_object_ref (parts->settings);
  g_settings_bind (parts->settings, "think-by-default", self->think_switch, "active",
                   G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (parts->settings, "name-conversations", self->naming_switch, "active",
                   G_SETTINGS_BIND_DEFAULT);
  /* Translators: an answer may become as long as it likes. */
  facet_spin_button_set_zero_word (self->longest_answer, _ ("No limit"));
  /* Translators: the seed is another one for every answer. */
  facet_spin_button_set_zero_word (self->seed, _ ("Random"));
  g_settings_bind (parts->settings, "longest-answer", self->longest_answer, "value",
                   G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (parts->settings, "seed", self->seed, "value", G_SETTINGS_BIND_DEFAULT);
  bind_sampling (self);
  return GTK_WIDGET (self);
}
