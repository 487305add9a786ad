/* facet-detail-popover.c: how closely a picture is looked at, in five levels.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  One radio button a level, with the tokens that it takes of this picture. */
#define G_LOG_DOMAIN "facet-detail-popover"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-attachment-words.h"
#include "facet-detail-popover.h"

static const struct {
  guint       detail;
  const char *name;
  const char *use; /* NULL: the name says it */
} levels[] = {
    {70, N_ ("Glance"), NULL},
    {140, N_ ("Quick look"), NULL},
    {280, N_ ("Normal"), NULL},
    {560, N_ ("Close look"), NULL},
    {1120, N_ ("Small print"), N_ ("For receipts, pages, tables and screenshots")},
};

struct _FacetDetailPopover {
  GtkPopover parent_instance;

  GtkWidget *buttons[G_N_ELEMENTS (levels)];
  GtkLabel  *costs[G_N_ELEMENTS (levels)];
  gboolean   filling;
};

enum {
  CHOSEN,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (FacetDetailPopover, facet_detail_popover, GTK_TYPE_POPOVER)

void
facet_detail_popover_set_media (FacetDetailPopover *self, FacetMedia *media)
{
  g_return_if_fail (FACET_IS_DETAIL_POPOVER (self));
  g_return_if_fail (FACET_IS_MEDIA (media));

  self->filling = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (levels); i++) {
    g_autoptr (FacetMedia) other = facet_media_with_detail (media, levels[i].detail);
    g_autofree char *cost = facet_attachment_dup_cost (other);
    g_autofree char *words = g_strdup_printf ("%s, %s", _ (levels[i].name), cost);

    gtk_label_set_label (self->costs[i], cost);
    gtk_accessible_update_property (GTK_ACCESSIBLE (self->buttons[i]),
                                    GTK_ACCESSIBLE_PROPERTY_LABEL, words, -1);
    if (levels[i].use != NULL)
      gtk_accessible_update_property (GTK_ACCESSIBLE (self->buttons[i]),
                                      GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, _ (levels[i].use), -1);
    if (facet_media_get_detail (media) == levels[i].detail)
      gtk_check_button_set_active (GTK_CHECK_BUTTON (self->buttons[i]), TRUE);
  }
  self->filling = FALSE;
}

static void
toggled_cb (GtkCheckButton *button, FacetDetailPopover *self)
{
  if (self->filling || !gtk_check_button_get_active (button))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (levels); i++)
    if (self->buttons[i] == GTK_WIDGET (button))
      g_signal_emit (self, signals[CHOSEN], 0, levels[i].detail);
}

static GtkWidget *
make_label (const char *text, const char *style)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  if (style != NULL)
    gtk_widget_add_css_class (label, style);
  return label;
}

/* The name with the tokens at the end of the line, and below what the level is good for. */
static GtkWidget *
make_button (FacetDetailPopover *self, guint i)
{
  GtkWidget *button = gtk_check_button_new ();
  GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 18);
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *name = make_label (_ (levels[i].name), NULL);
  GtkWidget *cost = make_label ("", "dim-label");

  gtk_widget_set_hexpand (name, TRUE);
  gtk_widget_add_css_class (cost, "numeric");
  gtk_box_append (GTK_BOX (line), name);
  gtk_box_append (GTK_BOX (line), cost);
  gtk_box_append (GTK_BOX (box), line);
  if (levels[i].use != NULL) {
    GtkWidget *use = make_label (_ (levels[i].use), "caption");

    gtk_label_set_wrap (GTK_LABEL (use), TRUE);
    gtk_label_set_max_width_chars (GTK_LABEL (use), 28);
    gtk_widget_add_css_class (use, "dim-label");
    gtk_box_append (GTK_BOX (box), use);
  }
  gtk_widget_set_margin_start (box, 6);
  gtk_widget_set_valign (box, GTK_ALIGN_CENTER);
  gtk_check_button_set_child (GTK_CHECK_BUTTON (button), box);
  self->costs[i] = GTK_LABEL (cost);
  return button;
}

static void
facet_detail_popover_class_init (FacetDetailPopoverClass *klass)
{
  signals[CHOSEN] = g_signal_new ("chosen", FACET_TYPE_DETAIL_POPOVER, G_SIGNAL_RUN_LAST, 0, NULL,
                                  NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
}

static void
facet_detail_popover_init (FacetDetailPopover *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);

  gtk_widget_add_css_class (box, "detail-levels");
  gtk_box_append (GTK_BOX (box), make_label (_ ("Detail"), "heading"));
  for (guint i = 0; i < G_N_ELEMENTS (levels); i++) {
    self->buttons[i] = make_button (self, i);
    if (i > 0)
      gtk_check_button_set_group (GTK_CHECK_BUTTON (self->buttons[i]),
                                  GTK_CHECK_BUTTON (self->buttons[0]));
    g_signal_connect (self->buttons[i], "toggled", G_CALLBACK (toggled_cb), self);
    gtk_box_append (GTK_BOX (box), self->buttons[i]);
  }
  gtk_popover_set_child (GTK_POPOVER (self), box);
}
