/* facet-first-run.c: five ways to begin, one of them chosen.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Decides nothing: the window does what was chosen. */
#define G_LOG_DOMAIN "facet-first-run"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-first-run.h"

static const struct {
  FacetFirstRunChoice choice;
  const char         *model; /* in the catalogue; NULL: none */
  const char         *title, *subtitle;
} ways[] = {
    {FACET_FIRST_RUN_DEMO, NULL, N_ ("Demonstration model"), N_ ("Ready now, small and limited")},
    {FACET_FIRST_RUN_DOWNLOAD, "gemma-4-e2b", N_ ("Gemma 4 E2B"), NULL},
    {FACET_FIRST_RUN_DOWNLOAD, "gemma-4-e2b-q4", N_ ("Gemma 4 E2B, 4 bits"), NULL},
    {FACET_FIRST_RUN_FOLDER, NULL, N_ ("A model folder I already have"),
     N_ ("As Hugging Face lays it out; it is used where it is")},
    {FACET_FIRST_RUN_SERVER, NULL, N_ ("A server"), N_ ("vLLM, llama.cpp, …: then words go there")},
};

#define N_WAYS G_N_ELEMENTS (ways)

struct _FacetFirstRun {
  GtkWidget parent_instance;

  GtkWidget  *root;
  GtkListBox *list;
  GtkWidget  *start;

  AdwActionRow   *rows[N_WAYS];
  GtkCheckButton *buttons[N_WAYS];
  FacetModels    *models;
  GSignalGroup   *signals;
};

enum {
  PROP_MODELS = 1,
  N_PROPS,
};
static GParamSpec *props[N_PROPS];
static guint       chosen_signal;

G_DEFINE_FINAL_TYPE (FacetFirstRun, facet_first_run, GTK_TYPE_WIDGET)

static FacetModel *
model_of (FacetFirstRun *self, guint way)
{
  return self->models != NULL && ways[way].model != NULL
             ? facet_models_find (self->models, ways[way].model)
             : NULL;
}

/* "10.3 GB to download. Fits your GPU (…)." */
static char *
dup_offer (FacetModel *model)
{
  g_autofree char *size = g_format_size (facet_model_get_size (model));
  const char      *fit = facet_model_get_fit (model);

  if (facet_model_get_state (model) == FACET_MODEL_HERE)
    return g_strdup (_ ("Already on this computer"));
  if (fit[0] == '\0')
    return g_strdup_printf (_ ("%s to download"), size);
  /* Translators: a size, and whether it fits. */
  return g_strdup_printf (_ ("%s to download. %s"), size, fit);
}

static void
update (FacetFirstRun *self)
{
  for (guint i = 0; i < N_WAYS; i++) {
    FacetModel      *model = model_of (self, i);
    g_autofree char *offer = model != NULL ? dup_offer (model) : NULL;
    const char      *subtitle = offer != NULL              ? offer
                                : ways[i].subtitle != NULL ? _ (ways[i].subtitle)
                                                           : "";

    adw_action_row_set_subtitle (self->rows[i], subtitle);
    gtk_accessible_update_property (GTK_ACCESSIBLE (self->rows[i]),
                                    GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, subtitle, -1);
  }
}

void
facet_first_run_set_models (FacetFirstRun *self, FacetModels *models)
{
  g_return_if_fail (FACET_IS_FIRST_RUN (self));

  if (!g_set_object (&self->models, models))
    return;
  g_signal_group_set_target (self->signals, models);
  update (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_MODELS]);
}

static void
start_clicked_cb (FacetFirstRun *self)
{
  for (guint i = 0; i < N_WAYS; i++)
    if (gtk_check_button_get_active (self->buttons[i])) {
      g_signal_emit (self, chosen_signal, 0, (int)ways[i].choice, model_of (self, i));
      return;
    }
}

/* Which one it is, for those who hear the rows. */
static void
toggled_cb (FacetFirstRun *self)
{
  for (guint i = 0; i < N_WAYS; i++)
    if (self->rows[i] != NULL)
      gtk_accessible_update_state (GTK_ACCESSIBLE (self->rows[i]), GTK_ACCESSIBLE_STATE_SELECTED,
                                   gtk_check_button_get_active (self->buttons[i]), -1);
}

/* The keyboard goes from row to row, and from there to Start; the circles only show. */
static void
make_row (FacetFirstRun *self, guint i)
{
  GtkWidget *row = adw_action_row_new (), *button = gtk_check_button_new ();

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), _ (ways[i].title));
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 0);
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_set_focusable (button, FALSE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ (ways[i].title), -1);
  g_signal_connect_object (button, "toggled", G_CALLBACK (toggled_cb), self, G_CONNECT_SWAPPED);
  adw_action_row_add_prefix (ADW_ACTION_ROW (row), button);
  adw_action_row_set_activatable_widget (ADW_ACTION_ROW (row), button);
  gtk_list_box_append (self->list, row);
  self->rows[i] = ADW_ACTION_ROW (row);
  self->buttons[i] = GTK_CHECK_BUTTON (button);
  if (i > 0)
    gtk_check_button_set_group (self->buttons[i], self->buttons[0]);
}

static gboolean
facet_first_run_grab_focus (GtkWidget *widget)
{
  return gtk_widget_grab_focus (FACET_FIRST_RUN (widget)->start);
}

static void
facet_first_run_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_MODELS)
    g_value_set_object (value, FACET_FIRST_RUN (object)->models);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
facet_first_run_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (id == PROP_MODELS)
    facet_first_run_set_models (FACET_FIRST_RUN (object), g_value_get_object (value));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
facet_first_run_dispose (GObject *object)
{
  FacetFirstRun *self = FACET_FIRST_RUN (object);

  g_clear_object (&self->signals);
  g_clear_object (&self->models);
  gtk_widget_dispose_template (GTK_WIDGET (self), FACET_TYPE_FIRST_RUN);
  G_OBJECT_CLASS (facet_first_run_parent_class)->dispose (object);
}

static void
facet_first_run_class_init (FacetFirstRunClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = facet_first_run_dispose;
  object_class->get_property = facet_first_run_get_property;
  object_class->set_property = facet_first_run_set_property;
  widget_class->grab_focus = facet_first_run_grab_focus;

  props[PROP_MODELS] =
      g_param_spec_object ("models", NULL, NULL, FACET_TYPE_MODELS,
                           G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);
  chosen_signal = g_signal_new ("chosen", FACET_TYPE_FIRST_RUN, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                NULL, G_TYPE_NONE, 2, G_TYPE_INT, FACET_TYPE_MODEL);

  gtk_widget_class_set_template_from_resource (widget_class, "/org/facet/Facet/facet-first-run.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetFirstRun, root);
  gtk_widget_class_bind_template_child (widget_class, FacetFirstRun, list);
  gtk_widget_class_bind_template_child (widget_class, FacetFirstRun, start);
  gtk_widget_class_bind_template_callback (widget_class, start_clicked_cb);
}

static void
facet_first_run_init (FacetFirstRun *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));

  self->signals = g_signal_group_new (FACET_TYPE_MODELS);
  g_signal_group_connect_swapped (self->signals, "changed", G_CALLBACK (update), self);
  for (guint i = 0; i < N_WAYS; i++)
    make_row (self, i);
  gtk_check_button_set_active (self->buttons[0], TRUE);
  update (self);
}
