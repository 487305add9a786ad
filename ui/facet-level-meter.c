/* facet-level-meter.c: how loud the microphone was in the last seconds, drawn from its level.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  A ring of levels, one for every 60 ms, the newest at the end of the line.  It moves
 * because the sound does, also under reduced motion. */
#define G_LOG_DOMAIN "facet-level-meter"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-level-meter.h"

#define N_LEVELS   128
#define STEP_US    (60 * G_TIME_SPAN_MILLISECOND)
#define SPOKEN_US  (500 * G_TIME_SPAN_MILLISECOND) /* between two values for screen readers */
#define LINE_WIDTH 3
#define LINE_STEP  5
#define MIN_LINES  8
#define MANY_LINES 80
#define HEIGHT     24

struct _FacetLevelMeter {
  GtkWidget parent_instance;

  FacetRecorder *recorder;
  float          levels[N_LEVELS];
  guint          newest;          /* in levels */
  float          loudest;         /* since the newest */
  gint64         stepped, spoken; /* frame times */
  guint          tick;
};

G_DEFINE_FINAL_TYPE (FacetLevelMeter, facet_level_meter, GTK_TYPE_WIDGET)

static gboolean
tick_cb (GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
  FacetLevelMeter *self = FACET_LEVEL_METER (widget);
  gint64           now = gdk_frame_clock_get_frame_time (clock);

  self->loudest = MAX (self->loudest, (float)facet_recorder_get_level (self->recorder));
  if (now - self->stepped < STEP_US)
    return G_SOURCE_CONTINUE;
  self->stepped = now;
  self->newest = (self->newest + 1) % N_LEVELS;
  self->levels[self->newest] = self->loudest;
  gtk_widget_queue_draw (widget);
  if (now - self->spoken >= SPOKEN_US) {
    self->spoken = now;
    gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_VALUE_NOW,
                                    (double)self->loudest, -1);
  }
  self->loudest = 0;
  return G_SOURCE_CONTINUE;
}

static void
update_tick (FacetLevelMeter *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  gboolean   runs = self->recorder != NULL && gtk_widget_get_mapped (widget);

  if (runs && self->tick == 0)
    self->tick = gtk_widget_add_tick_callback (widget, tick_cb, NULL, NULL);
  else if (!runs && self->tick != 0) {
    gtk_widget_remove_tick_callback (widget, self->tick);
    self->tick = 0;
  }
}

void
facet_level_meter_set_recorder (FacetLevelMeter *self, FacetRecorder *recorder)
{
  g_return_if_fail (FACET_IS_LEVEL_METER (self));
  g_return_if_fail (recorder == NULL || FACET_IS_RECORDER (recorder));

  if (!g_set_object (&self->recorder, recorder))
    return;
  memset (self->levels, 0, sizeof self->levels);
  self->loudest = 0;
  update_tick (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
facet_level_meter_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  FacetLevelMeter *self = FACET_LEVEL_METER (widget);
  gboolean         rtl = gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL;
  int              width = gtk_widget_get_width (widget);
  int              height = gtk_widget_get_height (widget);
  int              n = MIN (width / LINE_STEP, N_LEVELS);
  GdkRGBA          color;

  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &color);
  for (int i = 0; i < n; i++) {
    float level = self->levels[(self->newest + N_LEVELS - (guint)i) % N_LEVELS];
    float tall = MAX ((float)LINE_WIDTH, level * (float)height);
    int   x = rtl ? i * LINE_STEP : width - (i + 1) * LINE_STEP;

    gtk_snapshot_append_color (snapshot, &color,
                               &GRAPHENE_RECT_INIT ((float)x, ((float)height - tall) / 2,
                                                    LINE_WIDTH, tall));
  }
}

static void
facet_level_meter_measure (GtkWidget     *widget,
                           GtkOrientation orientation,
                           int            for_size,
                           int           *minimum,
                           int           *natural,
                           int           *minimum_baseline,
                           int           *natural_baseline)
{
  *minimum = *natural = HEIGHT;
  if (orientation == GTK_ORIENTATION_HORIZONTAL) {
    *minimum = MIN_LINES * LINE_STEP;
    *natural = MANY_LINES * LINE_STEP;
  }
}

static void
facet_level_meter_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (facet_level_meter_parent_class)->map (widget);
  update_tick (FACET_LEVEL_METER (widget));
}

static void
facet_level_meter_unmap (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (facet_level_meter_parent_class)->unmap (widget);
  update_tick (FACET_LEVEL_METER (widget));
}

static void
facet_level_meter_dispose (GObject *object)
{
  g_clear_object (&FACET_LEVEL_METER (object)->recorder);
  G_OBJECT_CLASS (facet_level_meter_parent_class)->dispose (object);
}

static void
facet_level_meter_class_init (FacetLevelMeterClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = facet_level_meter_dispose;
  widget_class->map = facet_level_meter_map;
  widget_class->measure = facet_level_meter_measure;
  widget_class->snapshot = facet_level_meter_snapshot;
  widget_class->unmap = facet_level_meter_unmap;
  gtk_widget_class_set_css_name (widget_class, "level-meter");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_METER);
}

static void
facet_level_meter_init (FacetLevelMeter *self)
{
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Level of the microphone"), GTK_ACCESSIBLE_PROPERTY_VALUE_MIN,
                                  0.0, GTK_ACCESSIBLE_PROPERTY_VALUE_MAX, 1.0,
                                  GTK_ACCESSIBLE_PROPERTY_VALUE_NOW, 0.0, -1);
}
