/* facet-server-steps.c: a row for each step: its name, a sign, and words.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  What the sign says is in the words, too: for who does not see it. */
#define G_LOG_DOMAIN "facet-server-steps"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-server-steps.h"

struct _FacetServerSteps {
  AdwPreferencesGroup parent_instance;

  GtkWidget *rows[FACET_N_SERVER_STEPS]; /* NULL: not made yet */
  GtkWidget *icons[FACET_N_SERVER_STEPS];
};

G_DEFINE_FINAL_TYPE (FacetServerSteps, facet_server_steps, ADW_TYPE_PREFERENCES_GROUP)

static const struct {
  const char *icon, *class;
} signs[] = {
    [FACET_STEP_RUNNING] = {"content-loading-symbolic", "dim-label"},
    [FACET_STEP_PASSED] = {"emblem-ok-symbolic", "success"},
    [FACET_STEP_LIMITED] = {"dialog-information-symbolic", "warning"},
    [FACET_STEP_FAILED] = {"dialog-warning-symbolic", "error"},
    [FACET_STEP_SKIPPED] = {"list-remove-symbolic", "dim-label"},
};

static const char *
name_state (FacetStepState state)
{
  switch (state) {
  case FACET_STEP_RUNNING:
    return _ ("Being tested…");
  case FACET_STEP_PASSED:
    return _ ("Works");
  case FACET_STEP_LIMITED:
    return _ ("Limited");
  case FACET_STEP_FAILED:
    return _ ("Failed");
  case FACET_STEP_SKIPPED:
    return _ ("Not tested");
  }
  return "";
}

static void
make_row (FacetServerSteps *self, FacetServerStep step)
{
  GtkWidget *row = adw_action_row_new ();
  GtkWidget *icon = gtk_image_new ();

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), facet_server_step_get_title (step));
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 0);
  adw_action_row_add_prefix (ADW_ACTION_ROW (row), icon);
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (self), row);
  self->rows[step] = row;
  self->icons[step] = icon;
}

void
facet_server_steps_set (FacetServerSteps *self,
                        FacetServerStep   step,
                        FacetStepState    state,
                        const char       *words)
{
  const char *const classes[] = {signs[state].class, NULL};
  g_autofree char  *text = NULL;

  g_return_if_fail (FACET_IS_SERVER_STEPS (self));
  g_return_if_fail (self->rows[step] != NULL);
  text = *words != '\0'
             /* Translators: "Works", "Limited" or "Failed", and what was found. */
             ? g_strdup_printf (_ ("%s: %s"), name_state (state), words)
             : g_strdup (name_state (state));
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self->rows[step]), text);
  gtk_image_set_from_icon_name (GTK_IMAGE (self->icons[step]), signs[state].icon);
  gtk_widget_set_css_classes (self->icons[step], (const char **)classes);
}

void
facet_server_steps_begin (FacetServerSteps *self)
{
  g_return_if_fail (FACET_IS_SERVER_STEPS (self));
  for (guint i = 0; i < FACET_N_SERVER_STEPS; i++) {
    if (self->rows[i] == NULL)
      make_row (self, i);
    facet_server_steps_set (self, i, FACET_STEP_SKIPPED, "");
  }
  gtk_widget_set_visible (GTK_WIDGET (self), TRUE);
}

static void
facet_server_steps_class_init (FacetServerStepsClass *klass)
{
}

static void
facet_server_steps_init (FacetServerSteps *self)
{
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
}
