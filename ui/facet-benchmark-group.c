/* facet-benchmark-group.c: the button, how far it is, and three rows of figures.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#define G_LOG_DOMAIN "facet-benchmark-group"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-benchmark-group.h"
#include "facet-benchmark.h"

struct _FacetBenchmarkGroup {
  AdwPreferencesGroup parent_instance;

  AdwActionRow   *run_row;
  GtkProgressBar *progress;
  GtkButton      *run;
  AdwActionRow   *device_row, *reading_row, *writing_row, *loading_row;
  GtkWidget      *copy;

  GSettings    *settings;
  GCancellable *cancellable; /* while it measures */
  char         *text;        /* of the last figures */
};

G_DEFINE_FINAL_TYPE (FacetBenchmarkGroup, facet_benchmark_group, ADW_TYPE_PREFERENCES_GROUP)

static void
say (FacetBenchmarkGroup *self, const char *sentence)
{
  adw_action_row_set_subtitle (self->run_row, sentence);
}

static void
show_running (FacetBenchmarkGroup *self, gboolean running)
{
  gtk_button_set_label (self->run, running ? _ ("Stop") : _ ("Measure"));
  gtk_progress_bar_set_fraction (self->progress, 0);
  gtk_widget_set_visible (GTK_WIDGET (self->progress), running);
}

static void
progress_cb (double fraction, const char *what, gpointer user_data)
{
  FacetBenchmarkGroup *self = user_data;

  gtk_progress_bar_set_fraction (self->progress, fraction);
}

static void
show_figures (FacetBenchmarkGroup *self, const FacetBenchmark *figures)
{
  g_autofree char *reading = facet_benchmark_dup_reading (figures);
  g_autofree char *writing = facet_benchmark_dup_writing (figures);
  g_autofree char *loading = facet_benchmark_dup_loading (figures);

  adw_action_row_set_subtitle (self->device_row, figures->device);
  adw_action_row_set_subtitle (self->reading_row, reading);
  adw_action_row_set_subtitle (self->writing_row, writing);
  adw_action_row_set_subtitle (self->loading_row, loading);
  gtk_widget_set_visible (GTK_WIDGET (self->device_row), TRUE);
  gtk_widget_set_visible (GTK_WIDGET (self->reading_row), TRUE);
  gtk_widget_set_visible (GTK_WIDGET (self->writing_row), TRUE);
  gtk_widget_set_visible (GTK_WIDGET (self->loading_row), TRUE);
  g_free (self->text);
  self->text = facet_benchmark_dup_text (figures);
  gtk_widget_set_sensitive (self->copy, TRUE);
}

static void
finished_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (FacetBenchmarkGroup) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (FacetBenchmark) figures = facet_benchmark_run_finish (result, &error);

  g_clear_object (&self->cancellable);
  if (self->settings == NULL) /* taken down */
    return;
  show_running (self, FALSE);
  if (figures != NULL) {
    show_figures (self, figures);
    say (self, _ ("Measured with the settings as they are"));
  } else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    say (self, _ ("Stopped"));
  else
    say (self, error->message);
}

static void
run_clicked_cb (FacetBenchmarkGroup *self)
{
  if (self->cancellable != NULL) {
    g_cancellable_cancel (self->cancellable);
    return;
  }
  self->cancellable = g_cancellable_new ();
  show_running (self, TRUE);
  say (self, _ ("Measuring, which takes up to some minutes; the model is loaded once more for it"));
  facet_benchmark_run_async (self->settings, self->cancellable, progress_cb, self, finished_cb,
                             g_object_ref (self));
}

static void
copy_clicked_cb (FacetBenchmarkGroup *self)
{
  if (self->text != NULL)
    gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), self->text);
}

static void
stop (FacetBenchmarkGroup *self)
{
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
}

/* The object */

static void
facet_benchmark_group_unmap (GtkWidget *widget)
{
  stop (FACET_BENCHMARK_GROUP (widget));
  GTK_WIDGET_CLASS (facet_benchmark_group_parent_class)->unmap (widget);
}

static void
facet_benchmark_group_dispose (GObject *object)
{
  FacetBenchmarkGroup *self = FACET_BENCHMARK_GROUP (object);

  stop (self);
  gtk_widget_dispose_template (GTK_WIDGET (self), FACET_TYPE_BENCHMARK_GROUP);
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (facet_benchmark_group_parent_class)->dispose (object);
}

static void
facet_benchmark_group_finalize (GObject *object)
{
  g_free (FACET_BENCHMARK_GROUP (object)->text);
  G_OBJECT_CLASS (facet_benchmark_group_parent_class)->finalize (object);
}

static void
facet_benchmark_group_class_init (FacetBenchmarkGroupClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = facet_benchmark_group_dispose;
  object_class->finalize = facet_benchmark_group_finalize;
  widget_class->unmap = facet_benchmark_group_unmap;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/facet/Facet/facet-benchmark-group.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetBenchmarkGroup, run_row);
  gtk_widget_class_bind_template_child (widget_class, FacetBenchmarkGroup, progress);
  gtk_widget_class_bind_template_child (widget_class, FacetBenchmarkGroup, run);
  gtk_widget_class_bind_template_child (widget_class, FacetBenchmarkGroup, device_row);
  gtk_widget_class_bind_template_child (widget_class, FacetBenchmarkGroup, reading_row);
  gtk_widget_class_bind_template_child (widget_class, FacetBenchmarkGroup, writing_row);
  gtk_widget_class_bind_template_child (widget_class, FacetBenchmarkGroup, loading_row);
  gtk_widget_class_bind_template_child (widget_class, FacetBenchmarkGroup, copy);
  gtk_widget_class_bind_template_callback (widget_class, run_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, copy_clicked_cb);
}

static void
facet_benchmark_group_init (FacetBenchmarkGroup *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
facet_benchmark_group_set_up (FacetBenchmarkGroup *self, GSettings *settings)
{
  g_return_if_fail (FACET_IS_BENCHMARK_GROUP (self));

  g_set_object (&self->settings, settings);
}
