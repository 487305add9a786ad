/* facet-search-row.c: a hit: the conversation, who said it and when, and the words around it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  What was found is bold on a tint, so that it can be told without colours. */
#define G_LOG_DOMAIN "facet-search-row"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-search-row.h"

#define TINT 0.4 /* of what was found */

struct _FacetSearchRow {
  GtkWidget parent_instance;

  GtkWidget *root;
  GtkWidget *heading;
  GtkLabel  *title;
  GtkWidget *archived;
  GtkImage  *icon;
  GtkLabel  *caption;
  GtkLabel  *snippet;

  FacetSearchHit *hit; /* NULL: none */
};

G_DEFINE_FINAL_TYPE (FacetSearchRow, facet_search_row, GTK_TYPE_WIDGET)

/* Words */

static char *
dup_date (gint64 when)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (when / G_USEC_PER_SEC);
  g_autoptr (GDateTime) then = utc != NULL ? g_date_time_to_local (utc) : NULL;
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();

  if (then == NULL)
    return g_strdup ("");
  if (g_date_time_get_year (then) != g_date_time_get_year (now))
    return g_date_time_format (then, "%x");
  if (g_date_time_get_day_of_year (then) == g_date_time_get_day_of_year (now))
    return g_date_time_format (then, "%H:%M");
  /* Translators: a day of this year, as in strftime: "24 November". */
  return g_date_time_format (then, _ ("%-e %B"));
}

static const char *
get_place (const FacetSearchFinding *finding)
{
  switch (finding->place) {
  case FACET_SEARCH_TITLE:
    return _ ("Conversation");
  case FACET_SEARCH_THINKING:
    return _ ("Thought");
  case FACET_SEARCH_ATTACHMENT:
    return _ ("Attachment");
  default:
    return finding->role == FACET_ROLE_USER ? _ ("You") : _ ("Facet");
  }
}

static const char *
get_icon (const FacetSearchFinding *finding)
{
  switch (finding->place) {
  case FACET_SEARCH_THINKING:
    return "facet-think-symbolic";
  case FACET_SEARCH_ATTACHMENT:
    return "mail-attachment-symbolic";
  default:
    return NULL;
  }
}

/* Marks */

static void
insert (PangoAttrList *list, PangoAttribute *attribute, const FacetTextRange *range)
{
  attribute->start_index = (guint)range->start;
  attribute->end_index = (guint)range->end;
  pango_attr_list_insert (list, attribute);
}

static void
set_marks (FacetSearchRow *self, GtkLabel *label, GArray *ranges)
{
  g_autoptr (PangoAttrList) list = pango_attr_list_new ();
  GdkRGBA tint;

  if (!gtk_style_context_lookup_color (gtk_widget_get_style_context (GTK_WIDGET (self)), "yellow_3",
                                       &tint))
    tint = (GdkRGBA){0};
  for (guint i = 0; i < ranges->len; i++) {
    const FacetTextRange *range = &g_array_index (ranges, FacetTextRange, i);

    insert (list, pango_attr_weight_new (PANGO_WEIGHT_BOLD), range);
    insert (list,
            pango_attr_background_new ((guint16)(tint.red * G_MAXUINT16),
                                       (guint16)(tint.green * G_MAXUINT16),
                                       (guint16)(tint.blue * G_MAXUINT16)),
            range);
    insert (list, pango_attr_background_alpha_new ((guint16)(TINT * G_MAXUINT16)), range);
  }
  gtk_label_set_attributes (label, list);
}

void
facet_search_row_set_hit (FacetSearchRow *self, FacetSearchHit *hit)
{
  const FacetSearchFinding *finding;
  g_autofree char          *date = NULL;
  g_autofree char          *caption = NULL;
  g_autofree char          *spoken = NULL;

  g_return_if_fail (FACET_IS_SEARCH_ROW (self));
  if (!g_set_object (&self->hit, hit) || hit == NULL)
    return;
  finding = facet_search_hit_get (hit);
  date = dup_date (finding->when);
  /* Translators: where something was found, and when: "You · 24 November". */
  caption = g_strdup_printf (_ ("%s · %s"), get_place (finding), date);
  gtk_widget_set_visible (self->heading, finding->first);
  gtk_label_set_label (self->title,
                       *finding->title != '\0' ? finding->title : _ ("Untitled conversation"));
  set_marks (self, self->title, finding->title_ranges);
  gtk_widget_set_visible (self->archived, finding->archived);
  gtk_label_set_label (self->caption, caption);
  gtk_image_set_from_icon_name (self->icon, get_icon (finding));
  gtk_widget_set_visible (GTK_WIDGET (self->icon), get_icon (finding) != NULL);
  gtk_label_set_label (self->snippet, finding->snippet != NULL ? finding->snippet : "");
  set_marks (self, self->snippet, finding->ranges);
  gtk_widget_set_visible (GTK_WIDGET (self->snippet), finding->snippet != NULL);

  /* Every row says which conversation it is of, to those who go from one to the next. */
  spoken = g_strjoin (". ", gtk_label_get_label (self->title), caption, finding->snippet, NULL);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
}

/* Widget */

static void
facet_search_row_dispose (GObject *object)
{
  FacetSearchRow *self = FACET_SEARCH_ROW (object);

  g_clear_object (&self->hit);
  g_clear_pointer (&self->root, gtk_widget_unparent);
  G_OBJECT_CLASS (facet_search_row_parent_class)->dispose (object);
}

static void
facet_search_row_class_init (FacetSearchRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = facet_search_row_dispose;
  gtk_widget_class_set_css_name (widget_class, "search-row");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/facet/Facet/facet-search-row.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetSearchRow, root);
  gtk_widget_class_bind_template_child (widget_class, FacetSearchRow, heading);
  gtk_widget_class_bind_template_child (widget_class, FacetSearchRow, title);
  gtk_widget_class_bind_template_child (widget_class, FacetSearchRow, archived);
  gtk_widget_class_bind_template_child (widget_class, FacetSearchRow, icon);
  gtk_widget_class_bind_template_child (widget_class, FacetSearchRow, caption);
  gtk_widget_class_bind_template_child (widget_class, FacetSearchRow, snippet);
}

static void
facet_search_row_init (FacetSearchRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
facet_search_row_new (void)
{
  return g_object_new (FACET_TYPE_SEARCH_ROW, NULL);
}
