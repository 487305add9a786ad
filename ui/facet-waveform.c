/* facet-waveform.c: how loud a sound is along its way, and how far it has been played.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Bars of 2 pixels with 1 or more between them, as many as there is room for, each as
 * high as the loudest of the peaks that it stands for.  Time runs from left to right in every
 * language. */
#define G_LOG_DOMAIN "facet-waveform"

#include "config.h"

#include <string.h>

#include "facet-sound-file.h"
#include "facet-waveform.h"

#define BAR          2
#define STEP         4
#define SMALLEST_BAR 2
#define UNPLAYED     0.45 /* of the text's opacity */

struct _FacetWaveform {
  GtkWidget parent_instance;

  guint8 peaks[FACET_SOUND_N_PEAKS];
  double played;
};

G_DEFINE_FINAL_TYPE (FacetWaveform, facet_waveform, GTK_TYPE_WIDGET)

void
facet_waveform_set_peaks (FacetWaveform *self, const guint8 *peaks)
{
  g_return_if_fail (FACET_IS_WAVEFORM (self));

  if (peaks != NULL)
    memcpy (self->peaks, peaks, sizeof self->peaks);
  else
    memset (self->peaks, 0, sizeof self->peaks);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
facet_waveform_set_played (FacetWaveform *self, double played)
{
  g_return_if_fail (FACET_IS_WAVEFORM (self));

  if (self->played == played)
    return;
  self->played = played;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

double
facet_waveform_get_played (FacetWaveform *self)
{
  g_return_val_if_fail (FACET_IS_WAVEFORM (self), 0);

  return self->played;
}

static void
facet_waveform_measure (GtkWidget     *widget,
                        GtkOrientation orientation,
                        int            for_size,
                        int           *minimum,
                        int           *natural,
                        int           *minimum_baseline,
                        int           *natural_baseline)
{
  if (orientation == GTK_ORIENTATION_HORIZONTAL) {
    *minimum = 4 * STEP;
    *natural = FACET_SOUND_N_PEAKS;
  } else {
    *minimum = *natural = 24;
  }
}

static guint8
get_loudest (FacetWaveform *self, int bar, int n_bars)
{
  guint  from = (guint)(bar * FACET_SOUND_N_PEAKS / n_bars);
  guint  to = MAX ((guint)((bar + 1) * FACET_SOUND_N_PEAKS / n_bars), from + 1);
  guint8 loudest = 0;

  for (guint i = from; i < to; i++)
    loudest = MAX (loudest, self->peaks[i]);
  return loudest;
}

static void
facet_waveform_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  FacetWaveform   *self = FACET_WAVEFORM (widget);
  GtkStyleContext *style = gtk_widget_get_style_context (widget);
  int              width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget);
  int              n_bars = CLAMP (width / STEP, 1, FACET_SOUND_N_PEAKS);
  double           step = (double)width / n_bars;
  GdkRGBA          quiet, accent;

  gtk_style_context_get_color (style, &quiet);
  if (!gtk_style_context_lookup_color (style, "accent_color", &accent))
    accent = quiet;
  quiet.alpha *= (float)UNPLAYED;
  for (int i = 0; i < n_bars; i++) {
    float bar = MAX ((float)get_loudest (self, i, n_bars) / 255 * (float)height, SMALLEST_BAR);

    gtk_snapshot_append_color (snapshot, (i + 0.5) / n_bars <= self->played ? &accent : &quiet,
                               &GRAPHENE_RECT_INIT ((float)(i * step), ((float)height - bar) / 2,
                                                    BAR, bar));
  }
}

static void
facet_waveform_class_init (FacetWaveformClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  widget_class->measure = facet_waveform_measure;
  widget_class->snapshot = facet_waveform_snapshot;
  gtk_widget_class_set_css_name (widget_class, "waveform");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
facet_waveform_init (FacetWaveform *self)
{
}

GtkWidget *
facet_waveform_new (void)
{
  return g_object_new (FACET_TYPE_WAVEFORM, NULL);
}
