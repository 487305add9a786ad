/* facet-checks-group.c: rows for checks, with a mark for each state and its word for who hears it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#define G_LOG_DOMAIN "facet-checks-group"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-checks-group.h"

struct _FacetChecksGroup {
  AdwPreferencesGroup parent_instance;

  GtkWidget *copy;
  GtkWidget *again;
  GtkWidget *spinner;
  GPtrArray *rows; /* borrowed; of the group */
  char      *text; /* all of it, to be copied */
};

enum {
  CHECK_AGAIN,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (FacetChecksGroup, facet_checks_group, ADW_TYPE_PREFERENCES_GROUP)

static void
copy_clicked_cb (FacetChecksGroup *self)
{
  if (self->text != NULL)
    gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), self->text);
}

static void
again_clicked_cb (FacetChecksGroup *self)
{
  g_signal_emit (self, signals[CHECK_AGAIN], 0);
}

/* Marks */

static GtkWidget *
make_mark (FacetCheckState state)
{
  static const struct {
    const char *icon, *style, *label;
  } marks[] = {
      [FACET_CHECK_GOOD] = {"object-select-symbolic", "success", N_ ("In order")},
      [FACET_CHECK_ABSENT] = {"list-remove-symbolic", "dim-label", N_ ("Not there")},
      [FACET_CHECK_POOR] = {"dialog-warning-symbolic", "warning", N_ ("Works, but not well")},
      [FACET_CHECK_FAILED] = {"dialog-error-symbolic", "error", N_ ("Does not work")},
  };
  GtkWidget *mark = gtk_image_new_from_icon_name (marks[state].icon);

  gtk_widget_add_css_class (mark, marks[state].style);
  gtk_widget_set_tooltip_text (mark, _ (marks[state].label));
  gtk_accessible_update_property (GTK_ACCESSIBLE (mark), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ (marks[state].label), -1);
  return mark;
}

/* Rows */

static GtkWidget *
make_check_row (const FacetCheck *check)
{
  GtkWidget       *row = adw_action_row_new ();
  g_autofree char *words = check->cure != NULL
                               ? g_strdup_printf ("%s\n%s", check->result, check->cure)
                               : g_strdup (check->result);

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), check->title);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), words);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 0);
  adw_action_row_add_prefix (ADW_ACTION_ROW (row), make_mark (check->state));
  return row;
}

/* The sentence of the worst one. */
static const char *
summarise (const FacetHardware *hardware, FacetCheckState state)
{
  if (state == FACET_CHECK_GOOD)
    return _ ("Everything is in order");
  for (guint i = 0; i < hardware->checks->len; i++) {
    const FacetCheck *check = g_ptr_array_index (hardware->checks, i);

    if (check->state == state)
      return check->result;
  }
  return "";
}

static GtkWidget *
make_row (const FacetHardware *hardware)
{
  GtkWidget      *row = adw_expander_row_new ();
  FacetCheckState state = facet_hardware_get_state (hardware);

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), hardware->name);
  adw_expander_row_set_subtitle (ADW_EXPANDER_ROW (row), summarise (hardware, state));
  adw_expander_row_add_prefix (ADW_EXPANDER_ROW (row), make_mark (state));
  for (guint i = 0; i < hardware->checks->len; i++)
    adw_expander_row_add_row (ADW_EXPANDER_ROW (row),
                              make_check_row (g_ptr_array_index (hardware->checks, i)));
  adw_expander_row_set_expanded (ADW_EXPANDER_ROW (row), state == FACET_CHECK_FAILED);
  return row;
}

void
facet_checks_group_set_hardware (FacetChecksGroup *self, const GPtrArray *hardware)
{
  g_return_if_fail (FACET_IS_CHECKS_GROUP (self));

  gtk_widget_set_sensitive (self->again, hardware != NULL);
  gtk_spinner_set_spinning (GTK_SPINNER (self->spinner), hardware == NULL);
  if (hardware == NULL)
    return;
  for (guint i = 0; i < self->rows->len; i++)
    adw_preferences_group_remove (ADW_PREFERENCES_GROUP (self), self->rows->pdata[i]);
  g_ptr_array_set_size (self->rows, 0);
  for (guint i = 0; i < hardware->len; i++) {
    GtkWidget *row = make_row (g_ptr_array_index (hardware, i));

    adw_preferences_group_add (ADW_PREFERENCES_GROUP (self), row);
    g_ptr_array_add (self->rows, row);
  }
  g_free (self->text);
  self->text = facet_hardware_dup_text (hardware);
  gtk_widget_set_sensitive (self->copy, TRUE);
}

/* The object */

static void
facet_checks_group_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), FACET_TYPE_CHECKS_GROUP);
  G_OBJECT_CLASS (facet_checks_group_parent_class)->dispose (object);
}

static void
facet_checks_group_finalize (GObject *object)
{
  FacetChecksGroup *self = FACET_CHECKS_GROUP (object);

  g_ptr_array_unref (self->rows);
  g_free (self->text);
  G_OBJECT_CLASS (facet_checks_group_parent_class)->finalize (object);
}

static void
facet_checks_group_class_init (FacetChecksGroupClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = facet_checks_group_dispose;
  object_class->finalize = facet_checks_group_finalize;
  signals[CHECK_AGAIN] = g_signal_new ("check-again", FACET_TYPE_CHECKS_GROUP, G_SIGNAL_RUN_LAST, 0,
                                       NULL, NULL, NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/facet/Facet/facet-checks-group.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetChecksGroup, copy);
  gtk_widget_class_bind_template_child (widget_class, FacetChecksGroup, again);
  gtk_widget_class_bind_template_child (widget_class, FacetChecksGroup, spinner);
  gtk_widget_class_bind_template_callback (widget_class, copy_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, again_clicked_cb);
}

static void
facet_checks_group_init (FacetChecksGroup *self)
{
  self->rows = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}
