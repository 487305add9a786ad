/* facet-welcome.c: the page of a conversation that has not begun: what Facet is, how far the model
 * is, examples.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  The examples are such as the demonstration model can answer, one for each of the
 * things that it does; to it they go out in English, which is all that it knows, whatever the
 * language of the window.  What another model cannot see or hear is not offered with it. */
#define G_LOG_DOMAIN "facet-welcome"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-model-badge.h"
#include "facet-welcome.h"

#define PICTURE_WIDTH  56
#define PICTURE_HEIGHT 42
#define PICTURE_MARGIN 6

typedef struct {
  FacetExample kind;
  const char  *text;  /* what is sent, or is to be said */
  const char  *about; /* what it shows */
} Example;

static const Example examples[] = {
    {FACET_EXAMPLE_PICTURE, N_ ("What do you see?"), N_ ("Shows the model a drawn picture")},
    {FACET_EXAMPLE_SPEECH, N_ ("We had water with cheese for dinner."),
     N_ ("Say this sentence, and read it")},
    {FACET_EXAMPLE_SUM, N_ ("What is 47 + 38?"), N_ ("A sum, thought through step by step")},
};

struct _FacetWelcome {
  GtkWidget parent_instance;

  GtkWidget      *root;
  GtkWidget      *demo;
  GtkWidget      *loading;
  GtkLabel       *loading_label;
  GtkProgressBar *progress;
  GtkWidget      *failed;
  GtkLabel       *failed_label;
  GtkListBox     *examples;
  GtkWidget      *rows[G_N_ELEMENTS (examples)];
  GtkWidget      *get_model;

  FacetAssistant *assistant;
  GSignalGroup   *signals;
};

enum {
  PROP_ASSISTANT = 1,
  N_PROPS,
};
static GParamSpec *props[N_PROPS];

enum {
  EXAMPLE,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (FacetWelcome, facet_welcome, GTK_TYPE_WIDGET)

/* Only what the demonstration model is asked stays as it is. */
static const char *
get_text (FacetWelcome *self, const Example *example)
{
  return facet_assistant_is_demo (self->assistant) ? example->text : _ (example->text);
}

static gboolean
suits (FacetWelcome *self, const Example *example)
{
  switch (example->kind) {
  case FACET_EXAMPLE_PICTURE:
    return facet_assistant_sees (self->assistant);
  case FACET_EXAMPLE_SPEECH:
    return facet_assistant_hears (self->assistant);
  case FACET_EXAMPLE_SUM:
    break;
  }
  return TRUE;
}

static void
update_examples (FacetWelcome *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (examples); i++) {
    const char      *text = get_text (self, &examples[i]);
    g_autofree char *said = examples[i].kind == FACET_EXAMPLE_SPEECH
                                /* Translators: a sentence that is to be said */
                                ? g_strdup_printf (_ ("“%s”"), text)
                                : NULL;

    adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->rows[i]), said != NULL ? said : text);
    gtk_widget_set_visible (self->rows[i], suits (self, &examples[i]));
  }
  gtk_widget_set_visible (self->get_model, facet_assistant_is_demo (self->assistant));
}

static void
update (FacetWelcome *self)
{
  gboolean         loading = FALSE, failed = FALSE;
  g_autofree char *text = NULL;

  if (self->assistant != NULL) {
    loading = facet_assistant_get_state (self->assistant) == FACET_ASSISTANT_LOADING;
    failed = facet_assistant_get_state (self->assistant) == FACET_ASSISTANT_FAILED;
    update_examples (self);
  }
  if (loading) {
    text = facet_model_badge_dup_loading_text (self->assistant);
    gtk_label_set_label (self->loading_label, text);
    gtk_progress_bar_set_fraction (self->progress, facet_assistant_get_progress (self->assistant));
  } else if (failed) {
    text = facet_assistant_dup_error (self->assistant);
    gtk_label_set_label (self->failed_label,
                         text != NULL ? text : _ ("The model could not be loaded."));
  }
  gtk_widget_set_visible (self->loading, loading);
  gtk_widget_set_visible (self->failed, failed);
  gtk_widget_set_visible (GTK_WIDGET (self->examples), self->assistant != NULL && !failed);
  gtk_widget_set_visible (self->demo, self->assistant != NULL && !loading && !failed &&
                                          facet_assistant_is_demo (self->assistant));
}

static void
example_activated_cb (AdwActionRow *row, FacetWelcome *self)
{
  const Example *example = g_object_get_data (G_OBJECT (row), "example");

  g_signal_emit (self, signals[EXAMPLE], 0, example->kind, get_text (self, example));
}

static GtkWidget *
make_icon (const char *name)
{
  GtkWidget *icon = g_object_new (GTK_TYPE_IMAGE, "icon-name", name, "accessible-role",
                                  GTK_ACCESSIBLE_ROLE_PRESENTATION, NULL);

  gtk_widget_set_size_request (icon, PICTURE_WIDTH, -1);
  gtk_widget_add_css_class (icon, "dim-label");
  return icon;
}

static GtkWidget *
make_prefix (FacetExample kind)
{
  GtkWidget *picture;

  switch (kind) {
  case FACET_EXAMPLE_PICTURE:
    picture = gtk_picture_new_for_resource (FACET_EXAMPLE_PICTURE_RESOURCE);
    gtk_picture_set_alternative_text (GTK_PICTURE (picture), _ ("The picture"));
    gtk_widget_set_size_request (picture, PICTURE_WIDTH, PICTURE_HEIGHT);
    gtk_widget_set_halign (picture, GTK_ALIGN_CENTER);
    gtk_widget_set_valign (picture, GTK_ALIGN_CENTER);
    gtk_widget_set_margin_top (picture, PICTURE_MARGIN);
    gtk_widget_set_margin_bottom (picture, PICTURE_MARGIN);
    gtk_widget_set_overflow (picture, GTK_OVERFLOW_HIDDEN);
    gtk_widget_add_css_class (picture, "example-picture");
    return picture;
  case FACET_EXAMPLE_SPEECH:
    return make_icon ("audio-input-microphone-symbolic");
  case FACET_EXAMPLE_SUM:
    break;
  }
  return make_icon ("facet-think-symbolic");
}

static GtkWidget *
make_row (const char *about, GtkWidget *prefix)
{
  GtkWidget *row = g_object_new (ADW_TYPE_ACTION_ROW, "use-markup", FALSE, NULL);

  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), about);
  adw_action_row_add_prefix (ADW_ACTION_ROW (row), prefix);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), TRUE);
  return row;
}

static void
add_examples (FacetWelcome *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (examples); i++) {
    self->rows[i] = make_row (_ (examples[i].about), make_prefix (examples[i].kind));
    g_object_set_data (G_OBJECT (self->rows[i]), "example", (gpointer)&examples[i]);
    g_signal_connect_object (self->rows[i], "activated", G_CALLBACK (example_activated_cb), self,
                             0);
    gtk_list_box_append (self->examples, self->rows[i]);
  }
  self->get_model = make_row (_ ("The real model: about 10 GB to download"),
                              make_icon ("folder-download-symbolic"));
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->get_model), _ ("Get Gemma 4 E2B"));
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self->get_model), "app.models");
  adw_action_row_add_suffix (ADW_ACTION_ROW (self->get_model),
                             g_object_new (GTK_TYPE_IMAGE, "icon-name", "go-next-symbolic",
                                           "accessible-role", GTK_ACCESSIBLE_ROLE_PRESENTATION,
                                           NULL));
  gtk_list_box_append (self->examples, self->get_model);
}

void
facet_welcome_set_assistant (FacetWelcome *self, FacetAssistant *assistant)
{
  g_return_if_fail (FACET_IS_WELCOME (self));
  g_return_if_fail (assistant == NULL || FACET_IS_ASSISTANT (assistant));

  if (!g_set_object (&self->assistant, assistant))
    return;
  g_signal_group_set_target (self->signals, assistant);
  update (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ASSISTANT]);
}

static void
facet_welcome_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_ASSISTANT)
    g_value_set_object (value, FACET_WELCOME (object)->assistant);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
facet_welcome_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (id == PROP_ASSISTANT)
    facet_welcome_set_assistant (FACET_WELCOME (object), g_value_get_object (value));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
facet_welcome_dispose (GObject *object)
{
  FacetWelcome *self = FACET_WELCOME (object);

  g_clear_object (&self->signals);
  g_clear_object (&self->assistant);
  gtk_widget_dispose_template (GTK_WIDGET (self), FACET_TYPE_WELCOME);
  G_OBJECT_CLASS (facet_welcome_parent_class)->dispose (object);
}

static void
facet_welcome_class_init (FacetWelcomeClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = facet_welcome_dispose;
  object_class->get_property = facet_welcome_get_property;
  object_class->set_property = facet_welcome_set_property;

  props[PROP_ASSISTANT] =
      g_param_spec_object ("assistant", NULL, NULL, FACET_TYPE_ASSISTANT,
                           G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);

  signals[EXAMPLE] = g_signal_new ("example", FACET_TYPE_WELCOME, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                   NULL, G_TYPE_NONE, 2, G_TYPE_INT, G_TYPE_STRING);

  gtk_widget_class_set_template_from_resource (widget_class, "/org/facet/Facet/facet-welcome.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetWelcome, root);
  gtk_widget_class_bind_template_child (widget_class, FacetWelcome, demo);
  gtk_widget_class_bind_template_child (widget_class, FacetWelcome, loading);
  gtk_widget_class_bind_template_child (widget_class, FacetWelcome, loading_label);
  gtk_widget_class_bind_template_child (widget_class, FacetWelcome, progress);
  gtk_widget_class_bind_template_child (widget_class, FacetWelcome, failed);
  gtk_widget_class_bind_template_child (widget_class, FacetWelcome, failed_label);
  gtk_widget_class_bind_template_child (widget_class, FacetWelcome, examples);
}

static void
facet_welcome_init (FacetWelcome *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));

  self->signals = g_signal_group_new (G_TYPE_OBJECT);
  g_signal_group_connect_swapped (self->signals, "notify", G_CALLBACK (update), self);
  add_examples (self);
  update (self);
}

FacetWelcome *
facet_welcome_new (void)
{
  return g_object_new (FACET_TYPE_WELCOME, NULL);
}
